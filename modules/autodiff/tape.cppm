module;
#include <array>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>

// Reverse-mode automatic differentiation: a tape of what was computed, read backwards once. A node is a scalar
// operation or a whole array; never an element of one. Griewank & Walther, Evaluating Derivatives, ch. 3.
export module modus.autodiff:tape;

import :array;
import :dual;
import :pool;

export namespace modus {

/// The scalars that a tape may compute with are double, Dual<double, 1> (Hessian-vector products) and this many
/// directions (Hessians): the parts of a tape that do not depend on formulas are compiled for these.
inline constexpr std::size_t hessian_lanes = 4;
using Directional = Dual<double, 1>;
using Directions = Dual<double, hessian_lanes>;

/// Words in a T: a double is one, a Dual over N directions N + 1.
template <class T> inline constexpr std::size_t words_in = sizeof(T) / sizeof(double);

/// Where the adjoint of a number is summed up; that of element k of an array is k words on. The words of a Dual are
/// `stride` apart, as in an Array. Constants have none.
template <class T> struct Slot {
    double* word = nullptr;
    std::size_t stride = 0;

    explicit operator bool() const { return word != nullptr; }
    Slot at(std::size_t k) const { return {word ? word + k : nullptr, stride}; }
    T get() const {
        T x;
        auto* words = reinterpret_cast<double*>(&x);
        for (std::size_t p = 0; p < words_in<T>; ++p) words[p] = word[p * stride];
        return x;
    }
    void set(const T& x) const {
        const auto* words = reinterpret_cast<const double*>(&x);
        for (std::size_t p = 0; p < words_in<T>; ++p) word[p * stride] = words[p];
    }
    void add(const T& x) const {
        const auto* words = reinterpret_cast<const double*>(&x);
        for (std::size_t p = 0; p < words_in<T>; ++p) word[p * stride] += words[p];
    }
};
/// A double is one word: there is no stride to carry along.
template <> struct Slot<double> {
    double* word = nullptr;
    static constexpr std::size_t stride = 1;

    Slot() = default;
    inline Slot(double* word_, std::size_t) : word(word_) {}
    inline explicit operator bool() const { return word != nullptr; }
    inline Slot at(std::size_t k) const { return {word ? word + k : nullptr, stride}; }
    inline double get() const { return *word; }
    inline void set(double x) const { *word = x; }
    inline void add(double x) const { *word += x; }
};

/// Memory that is given out in order and taken back all at once. Blocks come from the pool.
class Arena {
  public:
    Arena() = default;
    Arena(const Arena&) = delete;
    ~Arena();

    /// Uninitialized memory, aligned for doubles, and for a cache line where it is that long.
    inline void* allocate(std::size_t bytes) {
        auto at = reinterpret_cast<std::size_t>(next_);
        if (bytes >= 64) at = (at + 63) & ~std::size_t{63};
        if (at + bytes > reinterpret_cast<std::size_t>(end_)) return allocate_in_new_block(bytes);
        next_ = reinterpret_cast<std::byte*>(at) + ((bytes + 7) & ~std::size_t{7});
        return reinterpret_cast<void*>(at);
    }

  private:
    struct Block {
        Block* previous;
        std::size_t bytes;
    };
    void* allocate_in_new_block(std::size_t bytes);

    std::byte* next_ = nullptr;
    std::byte* end_ = nullptr;
    Block* block_ = nullptr;
};

class CompactData;

/// The tape of one evaluation over the scalar Var<T>. Whatever is recorded lives as long as it.
template <class T> class Tape {
  public:
    /// A step of the way back: adds what its own adjoint, which is complete by then, means for the adjoints of the
    /// arguments.
    struct Node {
        Node* previous;
        void (*pull)(Node& self);
    };

    /// One whose result is a number.
    struct NumberNode : Node {
        T adjoint{};
        Slot<T> slot() { return {reinterpret_cast<double*>(&adjoint), 1}; }
    };

    Tape() = default;
    Tape(const Tape&) = delete;
    ~Tape() {
        for (Kept* k = kept_; k; k = k->previous) k->buffer.~Buffer();
    }

    /// n doubles, uninitialized.
    double* words(std::size_t n) { return static_cast<double*>(arena_.allocate(n * sizeof(double))); }
    /// Adjoints of n numbers, zero.
    Slot<T> adjoints(std::size_t n) {
        double* word = words(n * words_in<T>);
        std::memset(word, 0, n * words_in<T> * sizeof(double));
        return {word, n};
    }
    /// Memory for one N, with `extra` bytes behind it; never destroyed.
    template <class N> N* make(std::size_t extra = 0) {
        static_assert(std::is_trivially_destructible_v<N>);
        return ::new (arena_.allocate(sizeof(N) + extra)) N;
    }
    /// A node, to be filled in; its `pull` is N::pull.
    template <class N> N* record(std::size_t extra = 0) {
        N* node = make<N>(extra);
        node->previous = last_;
        node->pull = pull<N>;
        last_ = node;
        return node;
    }
    /// Keeps the memory of data alive; none where it is borrowed.
    const Buffer* keep(const Buffer& buffer) {
        if (!buffer.data()) return nullptr;
        kept_ = ::new (arena_.allocate(sizeof(Kept))) Kept{kept_, buffer};
        return &kept_->buffer;
    }

    /// From the adjoint of a result back to those of everything it was made from.
    void backward(const Slot<T>& result) {
        if (result) result.add(T(1.0));
        for (Node* node = last_; node; node = node->previous) node->pull(*node);
    }

    /// Where sums of squares over many rows may be looked up, if the caller wants that; see `:compact`.
    CompactData* compact_data = nullptr;

  private:
    struct Kept {
        Kept* previous;
        Buffer buffer;
    };
    template <class N> static void pull(Node& self) { static_cast<N&>(self).pull_back(); }

    Arena arena_;
    Node* last_ = nullptr;
    Kept* kept_ = nullptr;
};

/// A scalar on a tape: a value, and where its adjoint will be. Without a tape it is a constant. T is double, or a Dual
/// for derivatives of gradients.
template <class T> struct Var {
    static_assert(is_scalar<T>);

    T value{};
    Slot<T> slot{};
    Tape<T>* tape = nullptr;

    Var() = default;
    Var(double constant) : value(constant) {}
    Var(const T& constant) requires(!std::same_as<T, double>)
        : value(constant) {}
    Var(const T& value_, const Slot<T>& slot_, Tape<T>* tape_) : value(value_), slot(slot_), tape(tape_) {}

    /// f(x...) = y, with one partial derivative for each of the arguments, of which some may be constants: one node.
    template <std::size_t N> struct Operation : Tape<T>::NumberNode {
        struct Share {
            T partial;
            Slot<T> argument;
        };
        std::array<Share, N> shares;

        void pull_back() {
            for (const Share& share : shares)
                if (share.argument) share.argument.add(this->adjoint * share.partial);
        }
    };

    /// The chain rule in one variable: f(x) = y, f'(x) = slope.
    friend Var chain(const T& y, const T& slope, const Var& x) {
        if (!x.slot) return Var(y);
        auto* node = x.tape->template record<Operation<1>>();
        node->shares[0] = {slope, x.slot};
        return Var(y, node->slot(), x.tape);
    }
    /// The chain rule in two variables.
    friend Var chain(const T& z, const T& slope_x, const Var& x, const T& slope_y, const Var& y) {
        if (!x.slot) return chain(z, slope_y, y);
        if (!y.slot) return chain(z, slope_x, x);
        auto* node = x.tape->template record<Operation<2>>();
        node->shares[0] = {slope_x, x.slot};
        node->shares[1] = {slope_y, y.slot};
        return Var(z, node->slot(), x.tape);
    }

    friend Var operator+(const Var& x) { return x; }
    friend Var operator-(const Var& x) { return chain(-x.value, T(-1.0), x); }
    // Adding a constant keeps the slot: the derivative is 1.
    friend Var operator+(const Var& x, const Var& y) {
        if (!x.slot) return Var(x.value + y.value, y.slot, y.tape);
        if (!y.slot) return Var(x.value + y.value, x.slot, x.tape);
        return chain(T(x.value + y.value), T(1.0), x, T(1.0), y);
    }
    friend Var operator-(const Var& x, const Var& y) {
        if (!y.slot) return Var(x.value - y.value, x.slot, x.tape);
        return chain(T(x.value - y.value), T(1.0), x, T(-1.0), y);
    }
    friend Var operator*(const Var& x, const Var& y) { return chain(T(x.value * y.value), y.value, x, x.value, y); }
    friend Var operator/(const Var& x, const Var& y) {
        const T quotient = x.value / y.value;
        const T inverse = 1.0 / y.value;
        return chain(quotient, inverse, x, T(-quotient * inverse), y);
    }
    friend Var operator+(const Var& x, double c) { return Var(x.value + c, x.slot, x.tape); }
    friend Var operator+(double c, const Var& x) { return Var(c + x.value, x.slot, x.tape); }
    friend Var operator-(const Var& x, double c) { return Var(x.value - c, x.slot, x.tape); }
    friend Var operator-(double c, const Var& x) { return c + -x; }
    friend Var operator*(const Var& x, double c) { return chain(T(x.value * c), T(c), x); }
    friend Var operator*(double c, const Var& x) { return x * c; }
    friend Var operator/(const Var& x, double c) { return chain(T(x.value / c), T(1.0 / c), x); }
    friend Var operator/(double c, const Var& x) {
        const T quotient = c / x.value;
        return chain(quotient, T(-quotient / x.value), x);
    }

    template <class U> Var& operator+=(const U& y) { return *this = *this + y; }
    template <class U> Var& operator-=(const U& y) { return *this = *this - y; }
    template <class U> Var& operator*=(const U& y) { return *this = *this * y; }
    template <class U> Var& operator/=(const U& y) { return *this = *this / y; }

    // Control flow follows the value alone.
    friend bool operator==(const Var& x, const Var& y) { return x.value == y.value; }
    friend bool operator!=(const Var& x, const Var& y) { return x.value != y.value; }
    friend bool operator<(const Var& x, const Var& y) { return x.value < y.value; }
    friend bool operator<=(const Var& x, const Var& y) { return x.value <= y.value; }
    friend bool operator>(const Var& x, const Var& y) { return x.value > y.value; }
    friend bool operator>=(const Var& x, const Var& y) { return x.value >= y.value; }
};

template <class T> inline constexpr bool is_scalar<Var<T>> = is_scalar<T>;
template <class T> double value_of(const Var<T>& x) { return value_of(x.value); }

/// The scalar under a Var.
template <class X> inline constexpr bool is_var = false;
template <class T> inline constexpr bool is_var<Var<T>> = true;
template <class X> struct Underlying;
template <class T> struct Underlying<Var<T>> {
    using type = T;
};
template <class X> using underlying_t = typename Underlying<X>::type;

} // namespace modus
