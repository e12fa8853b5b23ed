module;
#include <boost/random/normal_distribution.hpp>
#include <boost/random/uniform_int_distribution.hpp>
#include <cstddef>
#include <cstdint>
#include <Random123/philox.h>

module modus.support;

import modus.autodiff;

namespace modus {

void Random::refill() {
    const r123::Philox4x64::ctr_type counter{{counter_++, 0, 0, 0}};
    const auto bits = r123::Philox4x64()(counter, {{key_[0], key_[1]}});
    for (std::size_t k = 0; k < block_.size(); ++k) block_[k] = bits[k];
    used_ = 0;
}

double Random::normal() { return boost::random::normal_distribution<double>()(*this); }

std::uint64_t Random::below(std::uint64_t n) {
    return boost::random::uniform_int_distribution<std::uint64_t>(0, n - 1)(*this);
}

// Floyd's algorithm (Bentley & Floyd, "A sample of brilliance", CACM 1987), on a set of bits that is read in order.
IntVector choose(std::size_t n, std::size_t count, Random& random) {
    PoolVector<std::uint64_t> is_chosen((n + 63) / 64);
    const auto insert = [&](std::size_t k) {
        const std::uint64_t bit = std::uint64_t{1} << (k % 64);
        const bool is_new = !(is_chosen[k / 64] & bit);
        is_chosen[k / 64] |= bit;
        return is_new;
    };
    for (std::size_t last = n - count; last < n; ++last)
        if (!insert(random.below(last + 1))) insert(last);
    IntVector chosen(count);
    std::size_t found = 0;
    for (std::size_t k = 0; k < n; ++k)
        if (is_chosen[k / 64] >> (k % 64) & 1) chosen[found++] = static_cast<Integer>(k);
    return chosen;
}

IntVector permutation(std::size_t n, Random& random) {
    IntVector order(n);
    for (std::size_t k = 0; k < n; ++k) {
        const std::size_t other = random.below(k + 1);
        order[k] = order.load(other);
        order[other] = static_cast<Integer>(k);
    }
    return order;
}

// One step of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014) from the run's own point of the sequence.
std::uint64_t seed_of_run(std::uint64_t seed, std::uint64_t run) {
    std::uint64_t x = seed + (run + 1) * 0x9e3779b97f4a7c15;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
}

} // namespace modus
