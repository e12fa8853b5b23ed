#include "cars.hpp"
#include <limits> // which csv.h uses without including it

#include <csv.h>

Cars read_cars(const std::string& path) {
    io::CSVReader<4> csv(path);
    csv.read_header(io::ignore_extra_column, "mpg", "wt", "hp", "qsec");
    Cars cars;
    for (double mpg, wt, hp, qsec; csv.read_row(mpg, wt, hp, qsec);) {
        cars.mpg.push_back(mpg);
        cars.wt.push_back(wt);
        cars.hp.push_back(hp);
        cars.qsec.push_back(qsec);
    }
    return cars;
}
