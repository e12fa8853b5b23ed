module;
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

module modus.distributions;

import modus.autodiff;
import modus.support;

namespace modus {

void check_scale_tril(std::string_view distribution, const Matrix& scale_tril, std::size_t size) {
    if (scale_tril.extents() != Extents<2>{size, size})
        fail({"scale_tril of MultivariateNormal to have shape ", Extents<2>{size, size}, ", as loc has that size"},
             {"shape ", scale_tril.extents()}, "Pass a square matrix with a row for each element of loc.");
    if (const std::string found = support::not_a_cholesky_factor(scale_tril); !found.empty())
        bad_parameter("scale_tril", distribution, "lower triangular with a positive diagonal", found,
                      "Pass cholesky(covariance), or the lower triangle with zeros above it.");
}

Matrix draw_correlated(Random& random, const Matrix& scale_tril, std::size_t rows) {
    const std::size_t size = scale_tril.rows();
    Matrix x(rows, size);
    Vector e(size);
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t j = 0; j < size; ++j) e[j] = random.normal();
        for (std::size_t j = 0; j < size; ++j)
            for (std::size_t k = 0; k <= j; ++k) x(i, j) += scale_tril(j, k) * e[k];
    }
    return x;
}

Vector variances_of(const Matrix& scale_tril) {
    Vector variances(scale_tril.rows());
    for (std::size_t j = 0; j < scale_tril.cols(); ++j)
        for (std::size_t i = j; i < scale_tril.rows(); ++i) variances[i] += scale_tril(i, j) * scale_tril(i, j);
    return variances;
}

} // namespace modus
