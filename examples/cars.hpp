#pragma once
#include <string>
#include <vector>

/// Columns of mtcars.csv. Read in a file of its own, so that a change of the model does not compile the reader again.
struct Cars {
    std::vector<double> mpg, wt, hp, qsec;
};
/// Throws std::exception where the file cannot be read or lacks a column.
Cars read_cars(const std::string& path);
