module;
#include <array>
#include <bit>
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

module modus.autodiff;

// All numbers take the same way through a function, without branches: only what is rare is repaired afterwards. What is
// rounded before the last sum of a result is small against it; where that is not enough, the parts of a result are sums
// of two doubles (Dekker, "A floating-point technique for extending the available precision", 1971).
//
// Polynomials are minimax (Remez exchange at 60 digits), their coefficients rounded to double one after another, each
// time with a new fit of the later ones. Behind them stands the largest error, relative to the function. Compilers must
// not reorder sums here (-ffast-math).

namespace modus {
namespace {

// Formulas are evaluated on one register of the machine at a time: a whole Batch would spill where registers are small.
constexpr std::size_t width = sizeof(Register);
using Bits [[gnu::vector_size(width)]] = std::uint64_t;
using Mask [[gnu::vector_size(width)]] = std::int64_t;

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

#define MODUS_INLINE [[gnu::always_inline]] inline

MODUS_INLINE Register splat(double x) { return x - Register{}; }
MODUS_INLINE Register choose(Mask condition, Register x, Register y) { return condition ? x : y; }
MODUS_INLINE Register choose(Mask condition, Register x, double y) { return condition ? x : splat(y); }
MODUS_INLINE Register choose(Mask condition, double x, Register y) { return condition ? splat(x) : y; }
// Comparisons with a NaN are false, so that it stays.
MODUS_INLINE Register at_most(Register x, double bound) { return choose(x > bound, bound, x); }
MODUS_INLINE Register at_least(Register x, double bound) { return choose(x < bound, bound, x); }

constexpr std::uint64_t sign_bit = std::uint64_t(1) << 63;
MODUS_INLINE Register magnitude(Register x) { return std::bit_cast<Register>(std::bit_cast<Bits>(x) & ~sign_bit); }
/// x with the sign of y, for x that is not negative or has that sign already.
MODUS_INLINE Register with_sign(Register x, Register y) {
    return std::bit_cast<Register>(std::bit_cast<Bits>(x) | (std::bit_cast<Bits>(y) & sign_bit));
}

/// The lanes of a result where the condition holds, by a function of doubles: for what is rare.
template <class F, class... X> Batch repair(Batch result, Flags condition, const F& f, const X&... x) {
    for (std::size_t k = 0; k < Batch::size; ++k)
        if (condition[k]) result.lanes[k] = f(x[k]...);
    return result;
}
MODUS_INLINE bool any(const Flags& flags) { return __builtin_reduce_or(flags.lanes) != 0; }

// ---------------------------------------------------------------------------------------------- more than a double

/// x y + z, rounded once where the machine can.
MODUS_INLINE Register madd(Register x, Register y, Register z) { return x * y + z; }

/// high + low. Where nothing else is said low is about as small as the last bit of high.
struct Parts {
    Register high, low;
};

/// x + y for |x| >= |y| or x = 0, exactly.
MODUS_INLINE Parts exact_sum(Register x, Register y) {
    const Register high = x + y;
    return {high, (x - high) + y};
}
/// x + y in any order (Knuth).
MODUS_INLINE Parts exact_sum_unordered(Register x, Register y) {
    const Register high = x + y, part = high - x;
    return {high, (x - (high - part)) + (y - part)};
}
/// x y - product, where product is x y rounded.
MODUS_INLINE Register product_error(Register x, Register y, Register product) {
#if defined(__FMA__) || defined(__AVX512F__) || defined(__ARM_FEATURE_FMA)
    return __builtin_elementwise_fma(x, y, -product);
#else // by halves of 26 and 27 bits
    const auto upper = [](Register v) {
        return std::bit_cast<Register>(std::bit_cast<Bits>(v) & ~std::uint64_t(0x7ffffff));
    };
    const Register xh = upper(x), xl = x - xh, yh = upper(y), yl = y - yh;
    return ((xh * yh - product) + xh * yl + xl * yh) + xl * yl;
#endif
}
MODUS_INLINE Parts exact_product(Register x, Register y) {
    const Register high = x * y;
    return {high, product_error(x, y, high)};
}
MODUS_INLINE Parts exact_product(const Parts& x, const Parts& y) {
    const Parts p = exact_product(x.high, y.high);
    return {p.high, madd(x.high, y.low, madd(x.low, y.high, p.low))};
}
/// x / y, rounded.
MODUS_INLINE Register quotient(const Parts& x, const Parts& y) {
    const Register inverse = 1.0 / y.high, q = x.high * inverse, there = q * y.high;
    const Register rest = ((x.high - there) - product_error(q, y.high, there)) + (x.low - q * y.low);
    return madd(rest, inverse, q);
}
MODUS_INLINE Register rounded(const Parts& x) { return x.high + x.low; }

/// The polynomial with N coefficients by Estrin's scheme: adjacent terms in pairs, the pairs in pairs, and so on.
template <std::size_t N> MODUS_INLINE Register estrin(const double* c, const Register* powers) {
    if constexpr (N == 1) {
        return splat(c[0]);
    } else {
        constexpr std::size_t half = std::bit_ceil(N) / 2;
        return madd(estrin<N - half>(c + half, powers), powers[std::countr_zero(half)], estrin<half>(c, powers));
    }
}
template <std::size_t N> MODUS_INLINE Register polynomial(Register x, const double (&c)[N]) {
    Register powers[std::bit_width(N)] = {x}; // x, x^2, x^4, ...
    for (std::size_t k = 1; k < std::size(powers); ++k) powers[k] = powers[k - 1] * powers[k - 1];
    return estrin<N>(c, powers);
}

// --------------------------------------------------------------------------------------------------- exp and log

// ln 2, the first part with zeros at the end: small integers times it are exact.
constexpr double ln2_high = 0x1.62e42fefa3800p-1, ln2_low = 0x1.ef35793c76730p-45;

/// 2^n, for n from -2044 to 2046, as what is added to exponents.
struct PowerOfTwo {
    static constexpr double zero = 0x1.8p52 + 2046;
    Register shifted; // n + zero: the last bits of this number hold n + 2046

    MODUS_INLINE Register n() const { return shifted - zero; }
    /// 2^n x, rounded once also where it is subnormal: by two factors, because not every 2^n is a double.
    MODUS_INLINE Register times(Register x) const {
#if defined(__AVX512F__)
        return _mm512_scalef_pd(x, n());
#else
        const Bits bits = std::bit_cast<Bits>(shifted), half = bits >> 1;
        return x * std::bit_cast<Register>(half << 52) * std::bit_cast<Register>((bits - half) << 52);
#endif
    }
    /// 2^n, for n from -1022 to 1023.
    MODUS_INLINE Register value() const { return std::bit_cast<Register>((std::bit_cast<Bits>(shifted) - 1023) << 52); }
    /// 2^-n, for n from -1023 to 1022, and 0 for n = 1023.
    MODUS_INLINE Register inverse() const {
        return std::bit_cast<Register>((1023 + 2046 - std::bit_cast<Bits>(shifted)) << 52);
    }
};

/// 2^n (1 + rest), with rest from sqrt(1/2) - 1 to sqrt(2) - 1. Its low part is less than 0.07.
struct Exponential {
    PowerOfTwo two;
    Parts rest;

    /// 1 + rest.
    MODUS_INLINE Parts mantissa() const {
        const Parts s = exact_sum(splat(1), rest.high);
        return {s.high, s.low + rest.low};
    }
};

// exp(x + low), for -746 <= x <= 710 and low about as small as the last bit of x: x = n ln 2 + r and
// exp(r) = 1 + r + r^2 q(r), of which the last term, less than 0.07, is rounded before the sum.
MODUS_INLINE Exponential exponential(Register x, Register low = Register{}) {
    static constexpr double q[] = {0x1.000000000000bp-1,  0x1.555555555555cp-3,  0x1.5555555550230p-5,
                                   0x1.111111110e9eep-7,  0x1.6c16c1854e0f7p-10, 0x1.a01a01b44bb2bp-13,
                                   0x1.a019975f1eb9ap-16, 0x1.71ddee5f22b42p-19, 0x1.28afa5e3cdd91p-22,
                                   0x1.af6ea400fd05cp-26}; // 2^-58.0
    const PowerOfTwo two{madd(x, splat(0x1.71547652b82fep+0), splat(PowerOfTwo::zero))};
    const Register n = two.n();
    const Register near = madd(n, splat(-ln2_high), x), fine = madd(n, splat(-ln2_low), low);
    const Parts r = exact_sum(near, fine);
    return {two, {r.high, madd(r.high * r.high, polynomial(r.high, q), madd(r.low, r.high, r.low))}};
}

/// x = 2^e (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)), for x > 0 and finite.
struct Split {
    Register f, e;
    Bits exponent; // e + 1023, at the place of the exponent of a double

    MODUS_INLINE explicit Split(Register x) {
        const Mask subnormal = x < std::numeric_limits<double>::min();
        x = choose(subnormal, x * 0x1p54, x);
        static constexpr std::uint64_t one = 0x3ff0000000000000, root = 0x3fe6a09e667f3bcd; // 1, sqrt(1/2)
        const Bits moved = std::bit_cast<Bits>(x) + (one - root);
        exponent = moved & (std::uint64_t(0xfff) << 52);
        f = std::bit_cast<Register>((moved - exponent) + root) - 1.0;
        // An integer below 2^52 in the last bits of 2^52 is added to it.
        e = std::bit_cast<Register>((moved >> 52) | std::bit_cast<std::uint64_t>(0x1p52)) - (0x1p52 + 1023);
        e = choose(subnormal, e - 54.0, e);
    }
    /// y 2^-e, for e from -1022 to 1022.
    MODUS_INLINE Register unscaled(Register y) const {
        return y * std::bit_cast<Register>((std::uint64_t(2046) << 52) - exponent);
    }
};

// log(2^e (1 + f)) + correction, with log(1 + f) = 2 atanh(s) = 2 s + s z r(z), s = f / (2 + f), z = s^2, DLMF 4.6.4.
// As 2 s is f - s f, what is rounded before the sum is s (z r - f), a sixth of f at most. It is the low part.
MODUS_INLINE Parts logarithm(Register f, Register e, Register correction = Register{}) {
    static constexpr double r[] = {0x1.5555555555592p-1, 0x1.999999997ff6ep-2, 0x1.24924941da538p-2,
                                   0x1.c71c521b0cb70p-3, 0x1.74663b6bd39dfp-3, 0x1.39a21193c69f2p-3,
                                   0x1.2f0213b01d1cap-3}; // 2^-59.5
    const Register s = f / (2.0 + f), z = s * s;
    const Parts large = exact_sum(e * ln2_high, f);
    const Register small = madd(s, madd(z, polynomial(z, r), -f), madd(e, splat(ln2_low), correction));
    return {large.high, large.low + small};
}
MODUS_INLINE Parts logarithm(const Split& x) { return logarithm(x.f, x.e); }

/// c / (1 + f), to a few bits: log(1 + f + c) - log(1 + f) for c about as small as the last bit of 1 + f.
MODUS_INLINE Register divided(Register c, Register f) { return madd(c, f * f - f, c); }

MODUS_INLINE Register log_register(Register x) {
    const Register y = choose(x < infinity, rounded(logarithm(Split(x))), x);
    return choose(x > 0.0, y, choose(x == 0.0, -infinity, splat(not_a_number)));
}
// Of u = 1 + x, rounded, with the rounding as a correction. Around u = 1 f is x itself.
MODUS_INLINE Register log1p_register(Register x) {
    const Parts u = exact_sum_unordered(splat(1), x);
    const Split split(u.high);
    const Mask near = split.e == 0.0;
    const Register f = choose(near, x, split.f);
    const Register c = choose(near | (x > 0x1p60), 0, split.unscaled(u.low));
    const Register y = choose(x < infinity, rounded(logarithm(f, split.e, divided(c, f))), x);
    return with_sign(choose(x > -1.0, y, choose(x == -1.0, -infinity, splat(not_a_number))), x);
}
// exp(x) - 1 = 2^n ((1 - 2^-n) + rest), without the factor 2^n, for x >= -40.
MODUS_INLINE Parts exponential_less_one(const Exponential& e, Register x) {
    const Parts shift = exact_sum(-choose(x > 60.0, 0.0, e.two.inverse()), splat(1));
    const Parts s = exact_sum(shift.high, e.rest.high);
    return {s.high, s.low + (shift.low + e.rest.low)};
}
MODUS_INLINE Register expm1_register(Register x) {
    const Register bounded = at_least(at_most(x, 710), -40);
    const Exponential e = exponential(bounded);
    return with_sign(e.two.times(rounded(exponential_less_one(e, bounded))), x);
}

// tanh |x| = -d / (2 + d) with d = exp(-2 |x|) - 1, which does not cancel near 0.
MODUS_INLINE Register tanh_register(Register x) {
    const Register y = -2.0 * at_most(magnitude(x), 20);
    const Exponential e = exponential(y);
    const Parts d = exponential_less_one(e, y);
    const Parts normal = exact_sum(d.high, d.low);
    const Register scale = e.two.value(), high = scale * normal.high, low = scale * normal.low;
    const Parts below = exact_sum(splat(2), high);
    return with_sign(quotient({-high, -low}, {below.high, below.low + low}), x);
}

/// exp(-|x|).
MODUS_INLINE Parts decay(Register x) {
    const Exponential e = exponential(-at_most(magnitude(x), 746));
    const Parts m = e.mantissa(), normal = exact_sum(m.high, m.low);
    return {e.two.times(normal.high), e.two.times(normal.low)};
}
// 1 / (1 + z) above 0 and z / (1 + z) below, with z = exp(-|x|) and u = 1 + z.
MODUS_INLINE Register sigmoid_from(Register x, Parts z, Parts u) {
    const Mask upper = x > 0.0;
    return quotient({choose(upper, 1.0, z.high), choose(upper, 0.0, z.low)}, {u.high, u.low + z.low});
}
// max(x, 0) + log(1 + z), as log1p for 1 + z in [1, 2].
MODUS_INLINE Register softplus_from(Register x, Parts z, Parts u) {
    const Mask near = u.high < std::numbers::sqrt2;
    const Register f = choose(near, z.high, 0.5 * u.high - 1.0);
    const Register c = choose(near, z.low, 0.5 * (u.low + z.low));
    const Parts y = logarithm(f, choose(near, 0, splat(1)), divided(c, f));
    return choose(x < 0.0, 0.0, x) + rounded(y);
}
MODUS_INLINE Register sigmoid_register(Register x) {
    const Parts z = decay(x);
    return sigmoid_from(x, z, exact_sum(splat(1), z.high));
}
MODUS_INLINE Register softplus_register(Register x) {
    const Parts z = decay(x);
    return softplus_from(x, z, exact_sum(splat(1), z.high));
}

// log x with an error of about 2^-65 log x: the series of 2 atanh(s), with its first two terms as sums of two doubles.
MODUS_INLINE Parts precise_logarithm(const Split& x) {
    static constexpr double third = 0x1.5555555555555p-2, third_low = 0x1.5555555555555p-56;
    static constexpr double c[] = {0x1.9999999999996p-3, 0x1.2492492492f48p-3, 0x1.c71c71c5981dcp-4,
                                   0x1.745d18287c600p-4, 0x1.3b13650669d8dp-4, 0x1.112065e137ddep-4,
                                   0x1.de3ee76fcfb65p-5, 0x1.eab9c407f833ep-5}; // 2^-73.5
    const Parts d = exact_sum(splat(2), x.f);
    const Register inverse = 1.0 / d.high, half = x.f * inverse, there = half * d.high;
    const Register rest = ((x.f - there) - product_error(half, d.high, there)) - half * d.low;
    const Parts s{half, rest * inverse}, z = exact_product(s, s);
    // log(1 + f) = 2 s (1 + z (1/3 + z c(z)))
    const Parts last = exact_product(z.high, polynomial(z.high, c));
    Parts b = exact_sum(splat(third), last.high);
    b.low += last.low + third_low;
    const Parts v = exact_product(s, exact_product(z, b));
    const Parts near = exact_sum(s.high, v.high), whole = exact_sum(x.e * ln2_high, 2.0 * near.high);
    return exact_sum(whole.high, whole.low + madd(x.e, splat(ln2_low), 2.0 * (near.low + (v.low + s.low))));
}
// exp(y log |x|) with its sign, for finite x other than 0 and |y| < 2^52.
MODUS_INLINE Register pow_register(Register x, Register y) {
    const Parts l = precise_logarithm(Split(magnitude(x)));
    const Parts p = exact_product(y, l.high);
    const Register bounded = at_least(at_most(p.high, 710), -746);
    const Exponential e = exponential(bounded, choose(bounded == p.high, madd(y, l.low, p.low), 0));
    const Register power = e.two.times(rounded(e.mantissa()));
    const Register integer = magnitude(y) + 0x1p52; // its last bit is that of y
    const Bits odd = (std::bit_cast<Bits>(integer) << 63) & std::bit_cast<Bits>(x);
    const Register signed_power = std::bit_cast<Register>(std::bit_cast<Bits>(power) | odd);
    return choose((x > 0.0) | (integer - 0x1p52 == magnitude(y)), signed_power, not_a_number);
}

// ------------------------------------------------------------------------------------------------- error functions

constexpr double erf_bound = 0.5; // erf and erfc are about 1/2 there

// erf(x) = x + x p(x^2) for |x| <= erf_bound, DLMF 7.6.1.
MODUS_INLINE Register erf_series_factor(Register x) {
    static constexpr double p[] = {0x1.06eba8214db68p-3,  -0x1.812746b03798dp-2,  0x1.ce2f21a03b4f5p-4,
                                   -0x1.b82ce30e4c3ccp-6, 0x1.565bcbca1a9b3p-8,   -0x1.c02d44500decdp-11,
                                   0x1.f98c324dc6380p-14, -0x1.f2094184ec1c6p-17, 0x1.8a7a9e2044b06p-20}; // 2^-56.0
    return polynomial(x * x, p);
}

// erfc(x) = exp(-x^2) g(t) / (1 + 2 x) with t = (x - 3.5) / (x + 3.5), after Shepherd and Laframboise, "Chebyshev
// approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < infinity", Math. Comp. 36 (1981): g stays between 1.1 and 1.3,
// so that its rounding and that of t hardly matter. x^2 and the factors are sums of two doubles.
MODUS_INLINE Exponential erfc_tail(Register x) {
    static constexpr double c0 = 0x1.3e0a99a0ee914p+0;
    static constexpr double c[] = {-0x1.1ebd220ea593cp-3,  -0x1.59e2c284b11dep-7,  0x1.8f702ec6b33d5p-4,
                                   -0x1.d76830c35328ep-4,  0x1.686106046d59fp-4,   -0x1.8ff5ef76cfa63p-5,
                                   0x1.38ec66718270ep-6,   -0x1.143c4ca7ea5e8p-8,  -0x1.3cf36a7556dd2p-12,
                                   0x1.27e664fceb167p-11,  -0x1.fda8f5153bfffp-14, -0x1.66e22d2c6f3ecp-15,
                                   0x1.9707aeae8d7a9p-16,  0x1.38825e3a65c3ep-19,  -0x1.fff0305dff8acp-19,
                                   -0x1.7d2d4fc840da9p-25, 0x1.421573c58dae3p-21,  -0x1.0ba75afc07a98p-27,
                                   -0x1.8eb6070a31260p-24, 0x1.1bad5de8d48c3p-31,  0x1.632376b62655fp-27}; // 2^-59.8
    const Parts square = exact_product(x, x);
    Exponential e = exponential(-square.high, -square.low);
    const Parts d = exact_sum(x + x, splat(1));
    const Register high = 1.0 / d.high, there = high * d.high;
    const Parts inverse{high, high * (((1.0 - there) - product_error(high, d.high, there)) - high * d.low)};
    const Register t = (x - 3.5) / (x + 3.5);
    const Parts g = exact_sum(splat(c0), t * polynomial(t, c));
    e.rest = exact_product(exact_product(g, inverse), e.mantissa());
    return e;
}
MODUS_INLINE Register erf_register(Register x) {
    const Register size = magnitude(x), tail_size = at_least(at_most(size, 6), erf_bound);
    const Exponential e = erfc_tail(tail_size);
    const Register tail = 1.0 - e.two.value() * rounded(e.rest);
    return choose(size < erf_bound, madd(x, erf_series_factor(x), x), with_sign(tail, x));
}
MODUS_INLINE Register erfc_register(Register x) {
    const Register size = magnitude(x), tail_size = at_least(at_most(size, 28), erf_bound);
    const Exponential e = erfc_tail(tail_size);
    const Register tail = e.two.times(rounded(e.rest));
    return choose(size < erf_bound, 1.0 - madd(x, erf_series_factor(x), x), choose(x < 0.0, 2.0 - tail, tail));
}

// ------------------------------------------------------------------------------------------------- gamma functions

// For x > 0: below 3 from a polynomial in u - 1/2, where u = x - floor(x), and above from one in 1 / x^2.
MODUS_INLINE Register fraction_below_3(Register x) { return x - choose(x < 1.0, 0.0, choose(x < 2.0, 1.0, splat(2))); }

// lgamma(1 + u) = u (u - 1) p(u - 1/2), accurate next to its zeros. One recurrence, DLMF 5.5.1, leads from there down
// to (0, 1) or up to [2, 3). From 3 on (x - 1/2) (log x - 1) + (log(2 pi) - 1) / 2 + s(1 / x^2) / x: Stirling's
// formula, DLMF 5.11.1, with a polynomial instead of the asymptotic series. Its first product, an exact one, takes the
// rounding.
MODUS_INLINE Register lgamma_register(Register x) {
    static constexpr double c0 = 0x1.eeb95b094c191p-2, c0_low = 0x1.3fc8ac03529e8p-56;
    static constexpr double c[] = {
        -0x1.2aed059bd6085p-3,  0x1.01af62a2929d3p-4,  -0x1.007aa83cef945p-5,  0x1.133423527c23ep-6,
        -0x1.34dbda12941cfp-7,  0x1.64f0664ee525fp-8,  -0x1.a503537397f47p-9,  0x1.f814b99c11768p-10,
        -0x1.313e535ff278ap-10, 0x1.750a9aa13a9c0p-11, -0x1.cb5022a299f66p-12, 0x1.1c7bcb3982fecp-12,
        -0x1.6185a7b6c329fp-13, 0x1.ba1bba16ccb6cp-14, -0x1.1cf0c0077e1a5p-14, 0x1.6773a65c3d33ep-15,
        -0x1.6892a62ca5e20p-16, 0x1.c5c4aa065d317p-17, -0x1.36ca7e24b5e9dp-16, 0x1.8e3ba7ed4f0f2p-17}; // 2^-56.7
    static constexpr double s[] = {0x1.5555555555547p-4,   -0x1.6c16c16bb457dp-9, 0x1.a01a001d6e797p-11,
                                   -0x1.3812d20d3a7bdp-11, 0x1.b925456c7db33p-11, -0x1.f31d065c4379ap-10,
                                   0x1.8bd4e42e241bcp-8,   -0x1.6f440c1f39becp-6, 0x1.3b772c256cec9p-4,
                                   -0x1.850036e2407b8p-3,  0x1.dc491c1219231p-3}; // 2^-58.1
    const Mask large = x >= 3.0, tiny = x < 1.0;
    Parts l = logarithm(Split(choose(large | tiny, x, choose(x < 2.0, 1.0, x - 1.0))));
    l = exact_sum(l.high, l.low); // so that no product overflows below the last finite result

    const Register u = fraction_below_3(x), v = u - 0.5;
    const Parts p = exact_sum(splat(c0), v * polynomial(v, c));
    const Register sign = choose(tiny, -1, splat(1)), zeros = u * (u - 1.0);
    const Register small = madd(zeros, p.high, sign * l.high) + madd(zeros, p.low + c0_low, sign * l.low);

    const Register w = 1.0 / x, a = x - 0.5;
    const Parts main = exact_product(a, l.high - 1.0);
    const Register rest = madd(a, l.low, madd(w, polynomial(w * w, s), main.low + 0.4189385332046727));
    return choose(large, choose(main.high < infinity, main.high + rest, main.high), small);
}

// digamma(1 + u) = (u - u0) p(u - 1/2) with the zero 1 + u0; recurrence DLMF 5.5.2; from 3 on
// log x - 1 / (2 x) - s(1 / x^2) / x^2 after DLMF 5.11.2.
MODUS_INLINE Register digamma_register(Register x) {
    static constexpr double u0 = 0x1.d8b618d5af8fep-2, u0_low = -0x1.1e563779a1f5bp-56;
    static constexpr double c0 = 0x1.e6f0cbb873616p-1, c0_low = 0x1.8d0befc7293bap-55;
    static constexpr double c[] = {
        -0x1.b1cb63005ee98p-2,  0x1.eca189b8e6f6dp-3,  -0x1.2feeeb98a7972p-3,  0x1.8512e590392f4p-4,
        -0x1.fb44202a19bf4p-5,  0x1.4de9aa175cc2ap-5,  -0x1.b9f8b11e7b4dcp-6,  0x1.25647180f9ec9p-6,
        -0x1.863563923c409p-7,  0x1.03c0ac5b37457p-7,  -0x1.5a06af20b79e4p-8,  0x1.cd2052b2a1d59p-9,
        -0x1.336d2ed1bee41p-9,  0x1.99cffc3a60841p-10, -0x1.0fb916c78ba77p-10, 0x1.6a65c939f8248p-11,
        -0x1.fd4ab19da30bbp-12, 0x1.52c22adfd5048p-12, -0x1.3096ed8ea7ddep-13, 0x1.9b57b8665fedap-14,
        -0x1.751443acff92ap-13, 0x1.ed939a7036b19p-14}; // 2^-58.3
    static constexpr double s[] = {0x1.55555555551c5p-4,  -0x1.1111110d1dec1p-7, 0x1.04103b00385a2p-8,
                                   -0x1.110ec5bf2077ap-8, 0x1.eff7f9feedb52p-8,  -0x1.54c755509a1a6p-6,
                                   0x1.3696794e16c84p-4,  -0x1.379e19be906f1p-2, 0x1.1383463e1433dp+0,
                                   -0x1.53bd147df4f97p+1, 0x1.9a4788a45881ep+1}; // 2^-56.8
    const Mask large = x >= 3.0, tiny = x < 1.0;
    const Register w = 1.0 / choose(large | tiny, x, x - 1.0);

    const Register u = fraction_below_3(x), v = u - 0.5;
    const Parts p = exact_sum(splat(c0), v * polynomial(v, c)), d = exact_sum(splat(-u0), u);
    const Register step = choose(tiny, -w, choose(x < 2.0, 0.0, w));
    const Register fine = madd(d.high, p.low + c0_low, (d.low - u0_low) * p.high);
    const Register small = madd(d.high, p.high, step) + fine;

    const Parts l = logarithm(Split(x));
    const Register big = l.high + (l.low - w * madd(w, polynomial(w * w, s), splat(0.5)));
    return choose(large, choose(x < infinity, big, x), small);
}

namespace policies = boost::math::policies;
using Quiet =
    policies::policy<policies::domain_error<policies::ignore_error>, policies::pole_error<policies::ignore_error>,
                     policies::overflow_error<policies::ignore_error>, policies::rounding_error<policies::ignore_error>,
                     policies::evaluation_error<policies::ignore_error>>;

// For x <= 0, by reflection, DLMF 5.5.3 and 5.5.4: in long double, because large terms cancel next to the zeros.
// Boost's own reflection takes the distance to the next pole from 1 - x, rounded, or converts x to int.
constexpr long double pi = std::numbers::pi_v<long double>;
double lgamma_below_0(double x) {
    if (x == std::floor(x)) return infinity;
    if (x > -1e-20) return -std::log(-x); // beyond the range of Boost
    const long double size = -x, r = x - std::round(x);
    return static_cast<double>(std::log(pi / (size * std::fabs(std::sin(pi * r)))) -
                               boost::math::lgamma(size, Quiet()));
}
double digamma_below_0(double x) {
    if (x == std::floor(x)) return x == 0 ? -1 / x : not_a_number;
    const long double size = -x, r = x - std::round(x);
    return static_cast<double>(boost::math::digamma(1 + size, Quiet()) - pi / std::tan(pi * r));
}

} // namespace
} // namespace modus

// Qualified, because they are members of an inline namespace, which is not reopened here.
modus::Register modus::expm1_in_register(Register x) noexcept { return expm1_register(x); }
modus::Register modus::log_in_register(Register x) noexcept { return log_register(x); }
modus::Register modus::log1p_in_register(Register x) noexcept { return log1p_register(x); }
modus::Register modus::sqrt_in_register(Register x) noexcept { return __builtin_elementwise_sqrt(x); }
modus::Register modus::tanh_in_register(Register x) noexcept { return tanh_register(x); }
modus::Register modus::sigmoid_in_register(Register x) noexcept { return sigmoid_register(x); }
modus::Register modus::softplus_in_register(Register x) noexcept { return softplus_register(x); }
modus::Batch modus::softplus_and_slope(const Batch& x, Batch& slope) noexcept {
    using Registers = std::array<Register, sizeof(Batch) / width>;
    const auto numbers = std::bit_cast<Registers>(x);
    Registers values, slopes;
    for (std::size_t k = 0; k < values.size(); ++k) { // one exponential serves both
        const Parts z = decay(numbers[k]), u = exact_sum(splat(1), z.high);
        values[k] = softplus_from(numbers[k], z, u);
        slopes[k] = sigmoid_from(numbers[k], z, u);
    }
    slope = std::bit_cast<Batch>(slopes);
    return std::bit_cast<Batch>(values);
}
modus::Register modus::erf_in_register(Register x) noexcept { return erf_register(x); }
modus::Register modus::erfc_in_register(Register x) noexcept { return erfc_register(x); }
modus::Batch modus::pow(Batch x, Batch y) noexcept {
    using Registers = std::array<Register, sizeof(Batch) / width>;
    const auto bases = std::bit_cast<Registers>(x), exponents = std::bit_cast<Registers>(y);
    Registers powers;
    for (std::size_t k = 0; k < powers.size(); ++k) powers[k] = pow_register(bases[k], exponents[k]);
    const Batch result = std::bit_cast<Batch>(powers);
    const Batch a = magnitude(x), b = magnitude(y);
    const Flags strange = !(a > 0.0 && a < infinity && b < 0x1p52);
    if (any(strange)) return repair(result, strange, [](double a, double b) { return std::pow(a, b); }, x, y);
    return result;
}
modus::Batch modus::lgamma(Batch x) noexcept {
    const Batch result = by_register(lgamma_register, x);
    if (any(x <= 0.0)) return repair(result, x <= 0.0, lgamma_below_0, x);
    return result;
}
modus::Batch modus::digamma(Batch x) noexcept {
    const Batch result = by_register(digamma_register, x);
    if (any(x <= 0.0)) return repair(result, x <= 0.0, digamma_below_0, x);
    return result;
}
