module;
#include <cmath>
#include <cstddef>
#include <string>

module modus.support;

import modus.autodiff;

namespace modus::support {

std::string off_simplex(const Matrix& x, bool has_rows) {
    for (std::size_t i = 0; i < x.rows(); ++i) {
        const auto where = [&] { return has_rows ? " in row " + std::to_string(i) : ""; };
        double sum = 0;
        for (std::size_t j = 0; j < x.cols(); ++j) {
            if (!(x(i, j) >= 0)) return format_exactly(x(i, j)) + " at index [" + std::to_string(j) + "]" + where();
            sum += x(i, j);
        }
        if (!(std::fabs(sum - 1) <= unit_tolerance)) return "the sum " + format_exactly(sum) + where();
    }
    return {};
}

template <std::size_t Rank> std::string Simplex<Rank>::violation(const Data& x) const {
    return off_simplex(real_of<Rank>(x).reshape(Extents<2>{sticks().rows, sticks().columns}), Rank == 2);
}
template <std::size_t Rank> array_t<double, Rank> Simplex<Rank>::feasible() const {
    array_t<double, Rank> x(extents_);
    for (std::size_t k = 0; k < x.size(); ++k) x.store(k, 1 / static_cast<double>(extents_[Rank - 1]));
    return x;
}

template class Simplex<1>;
template class Simplex<2>;

} // namespace modus::support
