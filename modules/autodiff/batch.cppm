module;
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

// Eight doubles that are computed with at once: what a formula is evaluated on, inside kernels. Always eight, whatever
// the machine's registers hold, so that sums come out the same everywhere. Arithmetic is the compiler's own vector
// extension; functions are defined in batch.cpp and called. (In a module, a member function defined in its class is not
// inline by itself.)
export module modus.autodiff:batch;

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

/// As many numbers as the machine computes with at once.
using Register [[gnu::vector_size(MODUS_REGISTER_BYTES)]] = double;

/// f of a batch, register by register.
template <class F> inline Batch by_register(const F& f, const Batch& x) {
    auto parts = std::bit_cast<std::array<Register, sizeof(Batch) / sizeof(Register)>>(x);
    for (Register& part : parts) part = f(part);
    return std::bit_cast<Batch>(parts);
}

// Each is within 2 units in the last place of the true value, lgamma and digamma within 4 away from their zeros; see
// tests/autodiff/batch_test.cpp for the ranges. Out of the domain the answer is NaN or infinite, as in <cmath>.
MODUS_FUNCTION(exp)
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

} // namespace modus
