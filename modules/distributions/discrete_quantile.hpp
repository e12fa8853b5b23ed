// The search behind quantiles of counts. Not part of the interface.
#pragma once

#include <algorithm>
#include <cmath>

namespace modus {

// Integers are counted in double, which does so exactly up to here.
inline constexpr double largest_count = 0x1p53;

// The smallest integer k from 0 to `top` with P(X <= k) >= q, taking `top` for granted. `below(k)` is P(X <= k) and
// `above(k)` is P(X > k): of the two, the comparison takes the one that is not near 1. `guess` need only be near.
template <class Below, class Above>
double discrete_quantile(double q, double guess, double top, const Below& below, const Above& above) {
    const auto enough = [&](double k) { return q <= 0.5 ? below(k) >= q : above(k) <= 1 - q; };
    double low = -1, high = top; // too small, enough
    double k = guess > 0 ? std::min(std::floor(guess), top) : 0;
    for (double step = 1; high - low > 1; step *= 2) {
        if (!(k > low && k < high)) k = low + std::floor((high - low) / 2); // between two bounds: halve
        if (enough(k)) {
            high = k;
            k -= step;
        } else {
            low = k;
            k += step;
        }
    }
    return high;
}

// Cornish-Fisher: the normal quantile z, corrected for skewness.
inline double count_guess(double z, double mean, double deviation, double skewness) {
    return mean + deviation * (z + skewness * (z * z - 1) / 6);
}

} // namespace modus
