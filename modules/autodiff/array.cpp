module;
#include <algorithm>
#include <cstddef>
#include <cstdint>

module modus.autodiff;

namespace modus {

void check_indices(const IntVector& indices, std::size_t size) {
    const Integer* index = indices.data();
    std::uint64_t largest = 0; // negative ones are large, too
    for (std::size_t k = 0; k < indices.size(); ++k) largest = std::max(largest, static_cast<std::uint64_t>(index[k]));
    if (largest < size || indices.size() == 0) return;
    std::size_t k = 0;
    while (static_cast<std::uint64_t>(index[k]) < size) ++k;
    fail({"indices from 0 to ", size ? size - 1 : 0}, {index[k], " at position ", k},
         "Indices count from 0; check the index vector.");
}

} // namespace modus
