module;
#include <cmath>
#include <cstddef>
#include <string>

module modus.support;

import modus.autodiff;

namespace modus::support {

template <std::size_t Rank> std::string Counts<Rank>::violation(const Data& data) const {
    const auto x = real_of<Rank>(data);
    for (std::size_t i = 0; i < rows(); ++i) {
        double sum = 0;
        for (std::size_t k = i; k < x.size(); k += rows()) {
            const double count = x.load(k);
            if (!(count >= 0 && count == std::floor(count) && std::isfinite(count))) return format_element(data, k);
            sum += count;
        }
        if (sum != total_) return "the sum " + format_exactly(sum) + (Rank == 2 ? " in row " + std::to_string(i) : "");
    }
    return {};
}

template <std::size_t Rank> array_t<Integer, Rank> Counts<Rank>::feasible() const {
    array_t<Integer, Rank> x(extents_);
    for (std::size_t i = 0; i < rows() && i < x.size(); ++i) x.store(i, static_cast<Integer>(total_));
    return x;
}

template class Counts<1>;
template class Counts<2>;

} // namespace modus::support
