// The models of models.hpp by hand: the log joint density in constrained space with its gradient in the unconstrained
// parameters, in the model's order of sites, everything in one pass over the data. No derivative is computed by
// anything but a formula on paper, nothing is allocated after the first call, and nothing about the data is known
// beforehand except, where it says so, that the rows are sorted.
#pragma once
#include <cstddef>
#include <cstdint>

namespace hand {

struct Linear {
    std::size_t rows, columns;
    const double* X; ///< column-major
    const double* y;
};

struct Logistic {
    std::size_t rows, columns;
    const double* X; ///< column-major
    const std::int64_t* y;
};

struct Schools { // eight
    const double* error;
    const double* y;
};

struct Grouped {
    std::size_t rows, groups;
    const std::int64_t* group;
    const double* x;
    const double* y;
};

/// u: weight (columns), bias, log sigma.
double linear_regression(const Linear& data, const double* u, double* gradient);

/// u: weight (columns), bias.
double logistic_regression(const Logistic& data, const double* u, double* gradient);
/// With a logarithm for every row, as the formula log1p(exp(-|x|)) says.
double logistic_regression_by_rows(const Logistic& data, const double* u, double* gradient);

/// u: mu, log tau, z (8).
double eight_schools(const Schools& data, const double* u, double* gradient);

/// u: mu_a, beta, log sigma_a, log sigma_y, a or a_raw (groups). `sorted`: the rows of a group follow each other.
double centred(const Grouped& data, const double* u, double* gradient, bool sorted);
double non_centred(const Grouped& data, const double* u, double* gradient, bool sorted);

} // namespace hand
