module;
#include <algorithm>
#include <cstddef>
#include <vector>

module modus.infer;

import modus.autodiff;
import modus.support;

namespace modus {

std::vector<IntVector> epoch(std::size_t size, std::size_t batch_size, EpochOptions options) {
    if (batch_size == 0) fail({"a batch of 1 row or more"}, {"batch_size 0"}, "Choose a larger one.");
    if (size == 0) fail({"1 row or more to visit"}, {"size 0"}, "There is nothing to learn from.");
    if (batch_size > size)
        fail({"a batch of ", size, " rows at most"}, {"batch_size ", batch_size}, "There are not more rows to visit.");
    Random random(options.seed, options.number);
    const IntVector order = permutation(size, random);
    std::vector<IntVector> batches;
    for (std::size_t first = 0; first < size; first += batch_size)
        batches.push_back(order.slice(first, std::min(batch_size, size - first)));
    return batches;
}

} // namespace modus
