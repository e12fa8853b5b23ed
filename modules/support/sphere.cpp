module;
#include <cmath>
#include <cstddef>
#include <string>

module modus.support;

import modus.autodiff;

namespace modus::support {

void no_bijection_to_the_sphere() {
    throw Error("", "a support with a bijection from the real numbers", "vectors of length 1",
                "AutoDelta needs none and can be used. Elsewhere sample a vector, as in z ~ Normal(0, 1) for each "
                "element, and use z divided by its length.");
}

template <std::size_t Rank> std::string Sphere<Rank>::violation(const Data& data) const {
    const std::size_t rows = Rank == 2 ? extents_[0] : 1;
    const Matrix x = real_of<Rank>(data).reshape(Extents<2>{rows, extents_[Rank - 1]});
    for (std::size_t i = 0; i < rows; ++i) {
        double square = 0;
        for (std::size_t j = 0; j < x.cols(); ++j) square += x(i, j) * x(i, j);
        const double length = std::sqrt(square);
        if (!(std::fabs(length - 1) <= unit_tolerance))
            return "the length " + format_exactly(length) + (Rank == 2 ? " in row " + std::to_string(i) : "");
    }
    return {};
}

template <std::size_t Rank> array_t<double, Rank> Sphere<Rank>::feasible() const {
    array_t<double, Rank> x(extents_);
    for (std::size_t k = 0; k < x.size(); ++k) x.store(k, 1 / std::sqrt(static_cast<double>(extents_[Rank - 1])));
    return x;
}

template class Sphere<1>;
template class Sphere<2>;

} // namespace modus::support
