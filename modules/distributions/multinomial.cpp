module;
#include <algorithm>
#include <cstddef>

module modus.distributions;

import modus.autodiff;
import modus.support;

namespace modus {

// One category after the other, each binomial among the trials that are left.
IntMatrix draw_multinomial(Random& random, double total_count, const Vector& probs, std::size_t rows) {
    const std::size_t size = probs.size();
    Vector after(size); // the probability of later categories, without cancellation
    for (std::size_t j = size - 1; j-- > 0;) after[j] = after[j + 1] + probs[j + 1];
    IntMatrix x(rows, size);
    for (std::size_t i = 0; i < rows; ++i) {
        double left = total_count;
        for (std::size_t j = 0; j < size && left > 0; ++j) {
            const double mass = probs[j] + after[j];
            const double count = after[j] == 0 ? (probs[j] > 0 ? left : 0)
                                               : draw_binomial(random, left, probs[j] / mass, after[j] / mass);
            x(i, j) = static_cast<Integer>(count);
            left -= count;
        }
    }
    return x;
}

} // namespace modus
