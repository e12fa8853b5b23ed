#pragma once

// Batches at the ends of arrays, and their sums, for implementation units of this module. Included where Batch is
// known; what it includes itself, <immintrin.h> where there is AVX-512, belongs before the module declaration.

namespace modus {

/// The first `count` <= 8 numbers at `from`, and zeros.
inline Batch load_some(const double* from, std::size_t count) {
#if defined(__AVX512F__)
    return Batch(Batch::Lanes(_mm512_maskz_loadu_pd(static_cast<__mmask8>((1U << count) - 1), from)));
#else
    alignas(64) double numbers[8]{};
    for (std::size_t k = 0; k < count; ++k) numbers[k] = from[k];
    return Batch::load(numbers);
#endif
}
/// The first `count` <= 16 numbers at `from`, and zeros, whatever their number: as a rule without a branch. So many may
/// be read as `readable` says.
struct TwoBatches {
    Batch low, high;
};
inline TwoBatches load_two(const double* from, std::size_t count, [[maybe_unused]] std::size_t readable) {
#if defined(__AVX512F__)
    const unsigned mask = (1U << count) - 1;
    return {Batch(Batch::Lanes(_mm512_maskz_loadu_pd(static_cast<__mmask8>(mask), from))),
            Batch(Batch::Lanes(_mm512_maskz_loadu_pd(static_cast<__mmask8>(mask >> 8), from + Batch::size)))};
#else
    if (readable >= 2 * Batch::size) {
        const auto left = static_cast<long>(count);
        return {select(first_lanes(left), Batch::load(from), Batch(0.0)),
                select(first_lanes(left - long{Batch::size}), Batch::load(from + Batch::size), Batch(0.0))};
    }
    const std::size_t low = count < Batch::size ? count : Batch::size;
    return {load_some(from, low), load_some(from + low, count - low)};
#endif
}
inline void store_some(const Batch& x, double* to, std::size_t count) {
#if defined(__AVX512F__)
    _mm512_mask_storeu_pd(to, static_cast<__mmask8>((1U << count) - 1), __m512d(x.lanes));
#else
    for (std::size_t k = 0; k < count; ++k) to[k] = x.lanes[k];
#endif
}
/// Numbers k to k + 7 of n, zeros beyond the end.
inline Batch load_at(const double* from, std::size_t k, std::size_t n) {
    return k + Batch::size <= n ? Batch::load(from + k) : load_some(from + k, n - k);
}
inline void store_at(const Batch& x, double* to, std::size_t k, std::size_t n) {
    if (k + Batch::size <= n) x.store(to + k);
    else store_some(x, to + k, n - k);
}

/// The sums of eight batches, as one.
inline Batch sum_each(const Batch* x) {
    const auto pairs = [](const Batch& a, const Batch& b) {
        return Batch(__builtin_shufflevector(a.lanes, b.lanes, 0, 8, 2, 10, 4, 12, 6, 14) +
                     __builtin_shufflevector(a.lanes, b.lanes, 1, 9, 3, 11, 5, 13, 7, 15));
    };
    const auto fours = [](const Batch& a, const Batch& b) {
        return Batch(__builtin_shufflevector(a.lanes, b.lanes, 0, 1, 8, 9, 4, 5, 12, 13) +
                     __builtin_shufflevector(a.lanes, b.lanes, 2, 3, 10, 11, 6, 7, 14, 15));
    };
    const Batch low = fours(pairs(x[0], x[1]), pairs(x[2], x[3]));
    const Batch high = fours(pairs(x[4], x[5]), pairs(x[6], x[7]));
    return Batch(__builtin_shufflevector(low.lanes, high.lanes, 0, 1, 2, 3, 8, 9, 10, 11) +
                 __builtin_shufflevector(low.lanes, high.lanes, 4, 5, 6, 7, 12, 13, 14, 15));
}

} // namespace modus
