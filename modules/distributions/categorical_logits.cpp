module;
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

module modus.distributions;

import modus.autodiff;
import modus.support;

namespace modus {

Matrix largest_in_rows(const Matrix& x) {
    Matrix largest(x.rows(), 1);
    for (std::size_t i = 0; i < x.rows(); ++i) {
        double top = -std::numeric_limits<double>::infinity();
        for (std::size_t j = 0; j < x.cols(); ++j) top = std::max(top, x(i, j));
        largest(i, 0) = top;
    }
    return largest;
}

Matrix softmax_of_rows(const Matrix& x) {
    const Matrix largest = largest_in_rows(x);
    Matrix p(x.rows(), x.cols());
    for (std::size_t i = 0; i < x.rows(); ++i) {
        double total = 0;
        for (std::size_t j = 0; j < x.cols(); ++j) total += p(i, j) = std::exp(x(i, j) - largest(i, 0));
        for (std::size_t j = 0; j < x.cols(); ++j) p(i, j) /= total;
    }
    return p;
}

} // namespace modus
