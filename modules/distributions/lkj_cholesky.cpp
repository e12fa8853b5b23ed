module;
#include <cmath>
#include <cstddef>

module modus.distributions;

import modus.autodiff;
import modus.support;

namespace modus {
namespace {

/// The squared diagonal element of row i is Beta(b, a), what is left to its left Beta(a, b).
struct RowOfFactor {
    double a, b;

    RowOfFactor(std::size_t i, std::size_t size, double concentration)
        : a(0.5 * static_cast<double>(i)), b(concentration + 0.5 * static_cast<double>(size - 1 - i)) {}
    double mean_of_diagonal() const { return a == 0 ? 1 : std::exp(lbeta(b + 0.5, a) - lbeta(b, a)); }
    double variance_of_diagonal() const {
        const double mean = mean_of_diagonal();
        return b / (a + b) - mean * mean;
    }
};

} // namespace

// The direction of a row is uniform.
Matrix draw_lkj_cholesky(Random& random, std::size_t size, double concentration) {
    Matrix x(size, size);
    x(0, 0) = 1;
    for (std::size_t i = 1; i < size; ++i) {
        const RowOfFactor row(i, size, concentration);
        const double left = draw_log_gamma(random, row.a), right = draw_log_gamma(random, row.b);
        double length = 0;
        for (std::size_t j = 0; j < i; ++j) {
            x(i, j) = random.normal();
            length = std::hypot(length, x(i, j));
        }
        const double scale = std::exp(-0.5 * softplus(right - left)) / length;
        for (std::size_t j = 0; j < i; ++j) x(i, j) *= scale;
        x(i, i) = support::above_zero(std::exp(-0.5 * softplus(left - right)));
    }
    return x;
}

Matrix lkj_cholesky_mean(std::size_t size, double concentration) {
    Matrix mean(size, size);
    for (std::size_t i = 0; i < size; ++i) mean(i, i) = RowOfFactor(i, size, concentration).mean_of_diagonal();
    return mean;
}

Matrix lkj_cholesky_variance(std::size_t size, double concentration) {
    Matrix variance(size, size);
    for (std::size_t i = 1; i < size; ++i) {
        const RowOfFactor row(i, size, concentration);
        for (std::size_t j = 0; j < i; ++j) variance(i, j) = 0.5 / (row.a + row.b);
        variance(i, i) = row.variance_of_diagonal();
    }
    return variance;
}

} // namespace modus
