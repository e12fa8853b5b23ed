#include "sleep.hpp"
#include <algorithm>
#include <limits> // which csv.h uses without including it

#include <csv.h>

SleepStudy read_sleep_study(const std::string& path) {
    io::CSVReader<3> csv(path);
    csv.read_header(io::ignore_extra_column, "subject", "day", "reaction");
    SleepStudy study;
    std::vector<std::string> names;
    std::string name;
    for (double day, reaction; csv.read_row(name, day, reaction);) {
        const auto known = std::ranges::find(names, name);
        study.subject.push_back(static_cast<int>(known - names.begin()));
        if (known == names.end()) names.push_back(name);
        study.day.push_back(day);
        study.reaction.push_back(reaction);
    }
    return study;
}
