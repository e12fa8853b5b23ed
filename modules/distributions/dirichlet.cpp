module;
#include <cmath>
#include <cstddef>

module modus.distributions;

import modus.autodiff;
import modus.support;

namespace modus {

// Shares of gammas, from their logarithms, because all of them may be too small for a double.
Matrix draw_dirichlet(Random& random, const Matrix& concentration, std::size_t rows) {
    const std::size_t size = concentration.cols();
    Matrix x(rows, size);
    Vector logs(size);
    for (std::size_t i = 0; i < rows; ++i) {
        const std::size_t row = concentration.rows() > 1 ? i : 0;
        for (std::size_t j = 0; j < size; ++j) logs[j] = draw_log_gamma(random, concentration(row, j));
        const double total = log_sum_exp(logs);
        for (std::size_t j = 0; j < size; ++j) x(i, j) = support::above_zero(std::exp(logs[j] - total));
    }
    return x;
}

Matrix dirichlet_mean(const Matrix& concentration) {
    Matrix mean(concentration.rows(), concentration.cols());
    for (std::size_t i = 0; i < mean.rows(); ++i) {
        double total = 0;
        for (std::size_t j = 0; j < mean.cols(); ++j) total += concentration(i, j);
        for (std::size_t j = 0; j < mean.cols(); ++j) mean(i, j) = concentration(i, j) / total;
    }
    return mean;
}

Matrix dirichlet_variance(const Matrix& concentration) {
    Matrix variance(concentration.rows(), concentration.cols());
    for (std::size_t i = 0; i < variance.rows(); ++i) {
        double total = 0;
        for (std::size_t j = 0; j < variance.cols(); ++j) total += concentration(i, j);
        for (std::size_t j = 0; j < variance.cols(); ++j) {
            const double a = concentration(i, j);
            variance(i, j) = a / total * ((total - a) / total) / (total + 1);
        }
    }
    return variance;
}

} // namespace modus
