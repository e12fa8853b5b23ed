// Eight doubles that are computed with at once: what a formula is evaluated on, inside kernels. Always eight, whatever
// the machine's registers hold, so that sums come out the same everywhere. Arithmetic is the compiler's own vector
// extension; functions are defined in batch.cpp and called. (In a module, a member function defined in its class is not
// inline by itself.)
export module modus.autodiff:batch;

import modus.standard;
import :dual;

// How a Batch is passed depends on the instruction set: a program and a library that were compiled for different ones
// must not link.
#if defined(__AVX512F__)
#define MODUS_REGISTERS registers512
#define MODUS_REGISTER_BYTES 64
#elif defined(__AVX__)
#define MODUS_REGISTERS registers256
#define MODUS_REGISTER_BYTES 32
#else
#define MODUS_REGISTERS registers128
#define MODUS_REGISTER_BYTES 16
#endif

// What depends on nothing but its arguments: calls on the same arguments are made once, outside of loops.
#define MODUS_PURE [[gnu::const]]

// A product may be added without being rounded first, in one instruction. By itself the compiler does so within one
// expression of built-in types.
#define MODUS_MAY_FUSE _Pragma("clang fp contract(fast)")

// A function that takes the numbers of a Batch in as many registers as they fill: arguments in memory would keep the
// compiler from moving a call out of a loop.
#define MODUS_FUNCTION(name)                                                                                           \
    MODUS_PURE Register name##_in_register(Register x) noexcept;                                                       \
    inline Batch name(const Batch& x) { return by_register(name##_in_register, x); }

export namespace modus {
inline namespace MODUS_REGISTERS {

/// Eight truths, one for each number of a Batch.
struct Flags {
    using Lanes [[gnu::vector_size(64)]] = std::int64_t; // 0 or -1
    Lanes lanes;

    inline bool operator[](std::size_t k) const { return lanes[k] != 0; }
    friend inline Flags operator&&(const Flags& x, const Flags& y) { return {x.lanes & y.lanes}; }
    friend inline Flags operator&&(const Flags& x, bool y) { return y ? x : Flags{}; }
    friend inline Flags operator||(const Flags& x, const Flags& y) { return {x.lanes | y.lanes}; }
    friend inline Flags operator!(const Flags& x) { return {~x.lanes}; }
};

/// Eight doubles.
struct Batch {
    using Lanes [[gnu::vector_size(64)]] = double;
    using Unaligned [[gnu::vector_size(64), gnu::aligned(8), gnu::may_alias]] = double;
    static constexpr std::size_t size = 8;
    Lanes lanes;

    Batch() = default; // uninitialized
    inline Batch(double x) : lanes(x - Lanes{}) {}
    inline explicit Batch(const Lanes& lanes_) : lanes(lanes_) {}

    inline double operator[](std::size_t k) const { return lanes[k]; }
    /// Eight consecutive numbers, aligned or not.
    static inline Batch load(const double* from) {
        Batch result;
        result.lanes = *reinterpret_cast<const Unaligned*>(from);
        return result;
    }
    static inline Batch of_integers(const std::int64_t* from) {
#if defined(__AVX512DQ__)
        using Whole [[gnu::vector_size(64), gnu::aligned(8), gnu::may_alias]] = std::int64_t;
        return Batch(__builtin_convertvector(*reinterpret_cast<const Whole*>(from), Lanes));
#else // no instruction for it: both halves as the last bits of numbers that have room for them
        using Whole [[gnu::vector_size(64), gnu::aligned(8), gnu::may_alias]] = std::uint64_t;
        const auto& whole = *reinterpret_cast<const Whole*>(from);
        const auto low = (whole & 0xffffffff) | std::bit_cast<std::uint64_t>(0x1p52);
        const auto high = (whole >> 32) ^ std::bit_cast<std::uint64_t>(0x1p84 + 0x1p63);
        return Batch((Lanes(high) - (0x1p84 + 0x1p63 + 0x1p52)) + Lanes(low));
#endif
    }
    /// x[index] for eight indices.
    static inline Batch gather(const double* x, const std::int64_t* index) {
        Batch result;
        for (std::size_t k = 0; k < size; ++k) {
            double number = x[index[k]];
#if defined(__x86_64__)
            asm("" : "+x"(number)); // else the compiler takes one instruction for all, which is slower than eight loads
#endif
            result.lanes[k] = number;
        }
        return result;
    }
    inline void store(double* to) const { *reinterpret_cast<Unaligned*>(to) = lanes; }

    friend inline Batch operator+(const Batch& x) { return x; }
    friend inline Batch operator-(const Batch& x) { return Batch(-x.lanes); }
    friend inline Batch operator+(const Batch& x, const Batch& y) {
        MODUS_MAY_FUSE
        return Batch(x.lanes + y.lanes);
    }
    friend inline Batch operator-(const Batch& x, const Batch& y) {
        MODUS_MAY_FUSE
        return Batch(x.lanes - y.lanes);
    }
    friend inline Batch operator*(const Batch& x, const Batch& y) {
        MODUS_MAY_FUSE
        return Batch(x.lanes * y.lanes);
    }
    friend inline Batch operator/(const Batch& x, const Batch& y) { return Batch(x.lanes / y.lanes); }
    inline Batch& operator+=(const Batch& y) { return *this = *this + y; }
    inline Batch& operator-=(const Batch& y) { return *this = *this - y; }
    inline Batch& operator*=(const Batch& y) { return *this = *this * y; }
    inline Batch& operator/=(const Batch& y) { return *this = *this / y; }

    friend inline Flags operator==(const Batch& x, const Batch& y) { return {x.lanes == y.lanes}; }
    friend inline Flags operator!=(const Batch& x, const Batch& y) { return {x.lanes != y.lanes}; }
    friend inline Flags operator<(const Batch& x, const Batch& y) { return {x.lanes < y.lanes}; }
    friend inline Flags operator<=(const Batch& x, const Batch& y) { return {x.lanes <= y.lanes}; }
    friend inline Flags operator>(const Batch& x, const Batch& y) { return {x.lanes > y.lanes}; }
    friend inline Flags operator>=(const Batch& x, const Batch& y) { return {x.lanes >= y.lanes}; }
};

/// The numbers of x where the flag holds, else those of y.
inline Batch select(const Flags& condition, const Batch& x, const Batch& y) {
    return Batch(condition.lanes ? x.lanes : y.lanes);
}

/// Whether the sign bit is set.
inline Flags is_negative(const Batch& x) { return {__builtin_bit_cast(Flags::Lanes, x.lanes) < 0}; }
inline Batch magnitude(const Batch& x) {
    return std::bit_cast<Batch>(__builtin_bit_cast(Flags::Lanes, x.lanes) & std::numeric_limits<std::int64_t>::max());
}

/// x, or -x where the sign bit of `sign` is set.
inline Batch signed_by(const Batch& x, const Batch& sign) {
    const auto bit = __builtin_bit_cast(Flags::Lanes, sign.lanes) & std::numeric_limits<std::int64_t>::min();
    return std::bit_cast<Batch>(__builtin_bit_cast(Flags::Lanes, x.lanes) ^ bit);
}

/// The first `count` of eight, and the last: none below 1, all above 7.
inline Flags first_lanes(long count) { return {Flags::Lanes{0, 1, 2, 3, 4, 5, 6, 7} < count}; }
inline Flags last_lanes(long count) { return {Flags::Lanes{8, 7, 6, 5, 4, 3, 2, 1} <= count}; }

/// As many numbers as the machine computes with at once.
using Register [[gnu::vector_size(MODUS_REGISTER_BYTES)]] = double;
/// A register holds a Batch: then there are 32 of them, else 16 narrower ones.
inline constexpr bool is_wide = sizeof(Register) == sizeof(Batch);

/// f of a batch, register by register.
template <class F> inline Batch by_register(const F& f, const Batch& x) {
    auto parts = std::bit_cast<std::array<Register, sizeof(Batch) / sizeof(Register)>>(x);
    for (Register& part : parts) part = f(part);
    return std::bit_cast<Batch>(parts);
}

// Each is within 2 units in the last place of the true value, lgamma and digamma within 4 away from their zeros; see
// tests/autodiff/batch_test.cpp for the ranges. Out of the domain the answer is NaN or infinite, as in <cmath>.
// exp is part of the loops that call it, which then need not give up their registers.
#if defined(__AVX512F__)
// exp(x) = 2^(n / 16) exp(r) = p + p (r + r^2 q(r)), with p = 2^(n / 16) up to a power of two from a table in two
// registers: what is added to p is less than 0.022 p, so that nothing but p itself and the sum are rounded. q is
// minimax, found as the polynomials of batch.cpp are, with an error of 2^-56.2.
inline Register exp_in_register(Register x) noexcept {
    MODUS_MAY_FUSE
    using Bits [[gnu::vector_size(64)]] = long long;
    constexpr Register lower = {0x1.0000000000000p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0, 0x1.2387a6e756238p+0,
                                0x1.306fe0a31b715p+0, 0x1.3dea64c123422p+0, 0x1.4bfdad5362a27p+0, 0x1.5ab07dd485429p+0};
    constexpr Register upper = {0x1.6a09e667f3bcdp+0, 0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0, 0x1.9c49182a3f090p+0,
                                0x1.ae89f995ad3adp+0, 0x1.c199bdd85529cp+0, 0x1.d5818dcfba487p+0, 0x1.ea4afa2a490dap+0};
    constexpr Register sixteen_over_ln2 = 0x1.71547652b82fep+4 - Register{};
    constexpr Register ln2_16_high = -0x1.62e42feep-5 - Register{}, ln2_16_low = -0x1.a39ef35793c76p-37 - Register{};
    x = x > 710.0 ? 710.0 - Register{} : x; // comparisons with a NaN are false, so that it stays
    x = x < -746.0 ? -746.0 - Register{} : x;
    const Register shifted = x * sixteen_over_ln2 + 0x1.8p52; // n in its last bits
    const Register n = shifted - 0x1.8p52;
    const Register r = n * ln2_16_low + (n * ln2_16_high + x), r2 = r * r;
    const Register q = (r2 * r2) * 0x1.6c184e20417c3p-10 + ((r * 0x1.11123d0140752p-7 + 0x1.555555546d2c3p-5) * r2 +
                                                            (r * 0x1.555555548b8b3p-3 + 0x1.0000000000005p-1));
    const Register p = __builtin_ia32_vpermi2varpd512(lower, std::bit_cast<Bits>(shifted), upper);
    return __builtin_ia32_scalefpd512_mask(p * (r2 * q + r) + p, n * 0.0625, Register{}, -1, 4);
}
#else
// exp(x) = 2^n exp(r), exp(r) = 1 + r + r^2 q(r). q is minimax, as in batch.cpp, with an error of 2^-58. 2^n is two
// factors, because not every one is a double, and so that a subnormal result is rounded once.
inline Register exp_in_register(Register x) noexcept {
    MODUS_MAY_FUSE
    using Bits [[gnu::vector_size(MODUS_REGISTER_BYTES)]] = std::uint64_t;
    x = x > 710.0 ? 710.0 - Register{} : x; // comparisons with a NaN are false, so that it stays
    x = x < -746.0 ? -746.0 - Register{} : x;
    const Register shifted = x * 0x1.71547652b82fep+0 + (0x1.8p52 + 2046); // n + 2046 in its last bits
    const Register n = shifted - (0x1.8p52 + 2046);
    const Register r = n * -0x1.ef35793c76730p-45 + (n * -0x1.62e42fefa3800p-1 + x), r2 = r * r, r4 = r2 * r2;
    const Register q01 = r * 0x1.555555555555cp-3 + 0x1.000000000000bp-1;
    const Register q23 = r * 0x1.111111110e9eep-7 + 0x1.5555555550230p-5;
    const Register q45 = r * 0x1.a01a01b44bb2bp-13 + 0x1.6c16c1854e0f7p-10;
    const Register q67 = r * 0x1.71ddee5f22b42p-19 + 0x1.a019975f1eb9ap-16;
    const Register q89 = r * 0x1.af6ea400fd05cp-26 + 0x1.28afa5e3cdd91p-22;
    const Register q = ((q89 * r2 + q67) * r2 + q45) * r4 + (q23 * r2 + q01);
    const Bits bits = std::bit_cast<Bits>(shifted), half = bits >> 1;
    const auto factor = std::bit_cast<Register>(half << 52), other = std::bit_cast<Register>((bits - half) << 52);
    return ((r2 * q + r) * factor + factor) * other;
}
#endif
inline Batch exp(const Batch& x) { return by_register(exp_in_register, x); }
MODUS_FUNCTION(expm1)
MODUS_FUNCTION(log)
MODUS_FUNCTION(log1p)
MODUS_FUNCTION(sqrt)
MODUS_FUNCTION(tanh)
MODUS_FUNCTION(sigmoid)
MODUS_FUNCTION(softplus)
MODUS_FUNCTION(erf)
MODUS_FUNCTION(erfc)
/// softplus(x), and its slope sigmoid(x).
Batch softplus_and_slope(const Batch& x, Batch& slope) noexcept;
// These look at single numbers now and then.
MODUS_PURE Batch pow(Batch x, Batch y) noexcept;
MODUS_PURE Batch lgamma(Batch x) noexcept;
MODUS_PURE Batch digamma(Batch x) noexcept;

} // namespace MODUS_REGISTERS

template <> inline constexpr bool is_scalar<Batch> = true; // though only kernels compute with it
inline Batch value_of(const Batch& x) { return x; }

/// The sum of the eight numbers.
inline double sum(const Batch& x) {
    const auto four =
        __builtin_shufflevector(x.lanes, x.lanes, 0, 1, 2, 3) + __builtin_shufflevector(x.lanes, x.lanes, 4, 5, 6, 7);
    const auto two = __builtin_shufflevector(four, four, 0, 1) + __builtin_shufflevector(four, four, 2, 3);
    return two[0] + two[1];
}

} // namespace modus
