#pragma once
#include <cmath>
#include <iostream>
#include <source_location>

/// How many expectations of an example have failed.
inline int failures = 0;

/// Says where an answer is wrong.
inline void expect(bool is_right, std::source_location where = std::source_location::current()) {
    if (is_right) return;
    std::cerr << where.file_name() << ":" << where.line() << ": not as expected\n";
    ++failures;
}

/// Equal up to rounding, or up to a tolerance.
inline bool is_close(double x, double y, double tolerance = 1e-12) {
    return std::fabs(x - y) <= tolerance * std::fmax(1, std::fabs(y));
}
