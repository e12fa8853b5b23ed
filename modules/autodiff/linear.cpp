module;
#include <algorithm>
#include <cstddef>
#include <Eigen/Core>
#include <functional>

module modus.autodiff;

#include "products.hpp"

namespace modus {

void matrix_product(const double* a, std::size_t rows, std::size_t inner, const double* b, std::size_t b_stride,
                    std::size_t columns, double* out, std::size_t out_stride) {
    using Strided = Eigen::OuterStride<>;
    const auto index = [](std::size_t n) { return static_cast<Eigen::Index>(n); };
    const Eigen::Map<const Eigen::MatrixXd> left(a, index(rows), index(inner));
    const Eigen::Map<const Eigen::MatrixXd, 0, Strided> right(b, index(inner), index(columns),
                                                              Strided(index(b_stride)));
    Eigen::Map<Eigen::MatrixXd, 0, Strided> product(out, index(rows), index(columns), Strided(index(out_stride)));
    product.setZero();
    add_matrix_product(left, right, product);
}

} // namespace modus
