module;
#include <cmath>
#include <cstddef>
#include <string>

module modus.support;

import modus.autodiff;

namespace modus::support {

std::string not_a_cholesky_factor(const Matrix& x) {
    if (x.rows() != x.cols()) return describe(Data(x));
    for (std::size_t j = 0; j < x.cols(); ++j)
        for (std::size_t i = 0; i < x.rows(); ++i) {
            const bool is_allowed = i < j ? x(i, j) == 0 : i == j ? x(i, j) > 0 : true;
            if (!is_allowed || !std::isfinite(x(i, j))) return format_element(Data(x), i + x.rows() * j);
        }
    return {};
}

std::string CorrCholesky::violation(const Data& data) const {
    const Matrix x = real_of<2>(data);
    if (std::string found = not_a_cholesky_factor(x); !found.empty()) return found;
    for (std::size_t i = 0; i < size_; ++i) {
        double length = 0;
        for (std::size_t j = 0; j <= i; ++j) length = std::hypot(length, x(i, j));
        if (!(std::fabs(length - 1) <= unit_tolerance))
            return "row " + std::to_string(i) + " of length " + format_exactly(length);
    }
    return {};
}

Matrix CorrCholesky::feasible() const {
    Matrix identity(size_, size_);
    for (std::size_t i = 0; i < size_; ++i) identity(i, i) = 1;
    return identity;
}

} // namespace modus::support
