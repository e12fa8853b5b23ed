// Eight doubles at a time, for hand.cpp: the compiler's vectors, with intrinsics only for loads of the last few rows.
#pragma once
#include <cstddef>
#include <cstdint>
#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

namespace hand {

using Batch = double __attribute__((vector_size(64)));
using Bits = std::int64_t __attribute__((vector_size(64)));
inline constexpr std::size_t lanes = 8;

typedef double UnalignedBatch __attribute__((vector_size(64), aligned(8), may_alias));
typedef std::int64_t UnalignedBits __attribute__((vector_size(64), aligned(8), may_alias));
inline Batch load(const double* p) { return *reinterpret_cast<const UnalignedBatch*>(p); }
inline Bits load(const std::int64_t* p) { return *reinterpret_cast<const UnalignedBits*>(p); }
inline void store(double* p, Batch x) { *reinterpret_cast<UnalignedBatch*>(p) = x; }
inline Batch broadcast(double x) { return Batch{} + x; }

/// All bits set in the first n lanes.
inline Bits is_first(std::size_t n) { return Bits{0, 1, 2, 3, 4, 5, 6, 7} < static_cast<std::int64_t>(n); }

#if defined(__AVX512F__)
inline __mmask8 first_lanes(std::size_t n) { return static_cast<__mmask8>((1U << n) - 1); }
/// The first n < 8 numbers, then zeros.
inline Batch load(const double* p, std::size_t n) { return _mm512_maskz_loadu_pd(first_lanes(n), p); }
inline Bits load(const std::int64_t* p, std::size_t n) { return (Bits)_mm512_maskz_loadu_epi64(first_lanes(n), p); }
/// The first n numbers of x, then zeros.
inline Batch first(std::size_t n, Batch x) { return _mm512_maskz_mov_pd(first_lanes(n), x); }
#elif defined(__AVX2__)
inline Batch load(const double* p, std::size_t n) {
    const Bits mask = is_first(n);
    const __m256i low = __builtin_shufflevector((__m512i)mask, (__m512i)mask, 0, 1, 2, 3);
    const __m256i high = __builtin_shufflevector((__m512i)mask, (__m512i)mask, 4, 5, 6, 7);
    return __builtin_shufflevector(_mm256_maskload_pd(p, low), _mm256_maskload_pd(p + 4, high), 0, 1, 2, 3, 4, 5, 6, 7);
}
inline Bits load(const std::int64_t* p, std::size_t n) { return (Bits)load(reinterpret_cast<const double*>(p), n); }
#else
inline Batch load(const double* p, std::size_t n) {
    Batch x{};
    for (std::size_t k = 0; k < n; ++k) x[k] = p[k];
    return x;
}
inline Bits load(const std::int64_t* p, std::size_t n) {
    Bits x{};
    for (std::size_t k = 0; k < n; ++k) x[k] = p[k];
    return x;
}
#endif
#ifndef __AVX512F__
inline Batch first(std::size_t n, Batch x) { return is_first(n) ? x : Batch{}; }
#endif

inline double sum(Batch x) {
    x += __builtin_shufflevector(x, x, 4, 5, 6, 7, 0, 1, 2, 3);
    x += __builtin_shufflevector(x, x, 2, 3, 0, 1, 6, 7, 4, 5);
    return x[0] + x[1];
}

/// exp(x) for x from -708 to 0; below it stays at exp(-708). x = n log(2) / steps + r, n an integer, and
/// 1 + r + r^2 q(r), q through the Chebyshev nodes. With AVX-512 steps = 16, 2^(k/16) from two registers, and q of
/// degree 4: relative error 2.8e-17 before rounding. Without, steps = 1 and q of degree 9: 1.4e-17.
inline Batch exp_negative(Batch x) {
    x = x > -708.0 ? x : broadcast(-708.0);
#ifdef __AVX512F__
    const Batch shifted = x * 0x1.71547652b82fep+4 + 0x1.8p52; // to the nearest integer, in the last bits
    const Batch n = shifted - 0x1.8p52;
    const Batch r = (x - n * 0x1.62e42feep-5) - n * 0x1.a39ef35793c76p-37, r2 = r * r;
    const Batch q01 = r * 0x1.55555554dd44dp-3 + 0x1p-1;
    const Batch q23 = r * 0x1.11120af701debp-7 + 0x1.55555555194d2p-5;
    const Batch q = (r2 * 0x1.6c17bb51f236dp-10 + q23) * r2 + q01;
    const Batch low{0x1p+0,
                    0x1.0b5586cf9890fp+0,
                    0x1.172b83c7d517bp+0,
                    0x1.2387a6e756238p+0,
                    0x1.306fe0a31b715p+0,
                    0x1.3dea64c123422p+0,
                    0x1.4bfdad5362a27p+0,
                    0x1.5ab07dd485429p+0};
    const Batch high{0x1.6a09e667f3bcdp+0, 0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0, 0x1.9c49182a3f090p+0,
                     0x1.ae89f995ad3adp+0, 0x1.c199bdd85529cp+0, 0x1.d5818dcfba487p+0, 0x1.ea4afa2a490dap+0};
    const Batch fraction = _mm512_permutex2var_pd(low, (__m512i)shifted, high);
    const Batch power = (Batch)((Bits)fraction + (((Bits)shifted >> 4) << 52));
    return (q * r2 + r) * power + power;
#else
    const Batch shifted = x * 0x1.71547652b82fep+0 + 0x1.8p52;
    const Batch n = shifted - 0x1.8p52;
    const Batch r = (x - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33, r2 = r * r, r4 = r2 * r2;
    const Batch q01 = r * 0x1.5555555555556p-3 + 0x1p-1;
    const Batch q23 = r * 0x1.11111111109b5p-7 + 0x1.5555555553d68p-5;
    const Batch q45 = r * 0x1.a01a01a7c2efep-13 + 0x1.6c16c17889ef1p-10;
    const Batch q67 = r * 0x1.71de0db2f6b19p-19 + 0x1.a019b9149a41cp-16;
    const Batch q89 = r * 0x1.af389ecfc4b9cp-26 + 0x1.28917c89a43a7p-22;
    const Batch q = ((q89 * r2 + q67) * r2 + q45) * r4 + (q23 * r2 + q01);
    return (Batch)((Bits)((q * r2 + r) + 1.0) + ((Bits)shifted << 52)); // times 2^n
#endif
}

/// log1p(e) for e from -0.3 to 1, given 1 / (2 + e): 2 atanh(s) with s = e / (2 + e), |s| <= 1/3, as s times a
/// polynomial of degree 9 in s^2 through the Chebyshev nodes: relative error 4.8e-17 before rounding.
inline Batch log1p_unit(Batch e, Batch inverse_of_2_plus_e) {
    const Batch s = e * inverse_of_2_plus_e, t = s * s, t2 = t * t, t4 = t2 * t2;
    const Batch p01 = t * 0x1.5555555555aeep-1 + 2.0;
    const Batch p23 = t * 0x1.2492498161ca5p-2 + 0x1.99999998ca58bp-2;
    const Batch p45 = t * 0x1.74628d4f43596p-3 + 0x1.c71c47af989fdp-3;
    const Batch p67 = t * 0x1.1659956da410fp-3 + 0x1.3aa5e932d3628p-3;
    const Batch p89 = t * 0x1.6c26693a7c095p-3 + 0x1.94b79523b2fbbp-4;
    return s * (((p89 * t4 + (p67 * t2 + p45)) * t4) + (p23 * t2 + p01));
}

/// log(x) for positive normal x: the exponent apart, and the mantissa m from sqrt(1/2) to sqrt(2) as
/// 2 atanh((m - 1) / (m + 1)), with the polynomial of log1p_unit.
inline Batch log_positive(Batch x) {
    const Bits exponent = ((Bits)x - 0x3fe6a09e667f3bcd) >> 52;
    const Batch m = (Batch)((Bits)x - (exponent << 52));
    return __builtin_convertvector(exponent, Batch) * 0x1.62e42fefa39efp-1 + log1p_unit(m - 1.0, 1.0 / (m + 1.0));
}

} // namespace hand
