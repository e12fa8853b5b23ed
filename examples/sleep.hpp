#pragma once
#include <string>
#include <vector>

/// Columns of sleepstudy.csv; subjects are numbered from 0, in the order of the file. Read in a file of its own, as
/// cars.
struct SleepStudy {
    std::vector<int> subject;
    std::vector<double> day, reaction;
};
/// Throws std::exception where the file cannot be read or lacks a column.
SleepStudy read_sleep_study(const std::string& path);
