// Reverse-mode automatic differentiation: a tape of what was computed, read backwards once. A node is a scalar
// operation or a whole array; never an element of one. Griewank & Walther, Evaluating Derivatives, ch. 3.
//
// A tape may be made for replay: its nodes then also know how to compute their results again, from where the results of
// others are in the tape's memory.
export module modus.autodiff:tape;

import modus.standard;
import :array;
import :dual;
import :local;
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

/// That a number on a tape is the exponential of another one.
template <class T> struct KnownLog {
    const KnownLog* next;
    const double* word; ///< of the slot of the number
    T number;
    T value; ///< of the logarithm, and as in its Var:
    Slot<T> slot;
    const T* cell;
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
    struct Node;
    /// What a node can do, if it has anything to do, and then the same for the nodes that follow: one jump leads from
    /// each to the next, where a loop takes three, which small nodes would not hide. `pull`, a step of the way back,
    /// adds what its own adjoint, which is complete by then, means for the adjoints of the arguments. `push` computes
    /// the result again and makes its adjoint 0; none where that is not possible.
    struct Steps {
        void (*pull)(Node& self);
        void (*push)(Node& self);
    };
    struct Node {
        Node *previous, *next; ///< to pull, and to push
        const Steps* steps;
    };

    /// One whose result is a number.
    struct NumberNode : Node {
        T adjoint{};
        T value;
        Slot<T> slot() { return {reinterpret_cast<double*>(&adjoint), 1}; }
    };

    Tape() = default;
    explicit Tape(bool for_replay_, CompactData* compact_data_ = nullptr)
        : compact_data(compact_data_), for_replay(for_replay_) {}
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
    /// A node, to be filled in: N has `pull_back()`, if its result has an adjoint, and `push_forward()` where it can be
    /// replayed.
    template <class N> N* record(std::size_t extra = 0) {
        N* node = make<N>(extra);
        link(*node);
        return node;
    }
    /// Makes one that is filled in already the last node.
    template <class N> void link(N& node) {
        static_assert(has_way_back<N> || !std::derived_from<N, NumberNode>, "a number has an adjoint to hand on");
        node.steps = &steps_of<N>;
        node.next = &ends_;
        last_->next = &node;
        last_ = &node;
        if constexpr (has_way_back<N>) {
            node.previous = ends_.previous;
            ends_.previous = &node;
        }
        if (!steps_of<N>.push) can_replay = false;
    }
    /// A copy in the tape's memory.
    template <class V> const V* copy(const V& value) {
        static_assert(std::is_trivially_destructible_v<V>);
        return ::new (arena_.allocate(sizeof(V))) V(value);
    }
    /// Keeps the memory of data alive; none where it is borrowed.
    const Buffer* keep(const Buffer& buffer) {
        if (!buffer.data()) return nullptr;
        kept_ = ::new (arena_.allocate(sizeof(Kept))) Kept{kept_, buffer};
        return &kept_->buffer;
    }
    /// Where a number is, in a replay, too: a Var, or a constant, whose memory may be gone by then.
    template <class A> const T* cell(const A& x) {
        if constexpr (std::is_arithmetic_v<A>) return copy(T(static_cast<double>(x)));
        else return x.slot && x.cell ? x.cell : copy(x.value);
    }
    /// What a replay is going to read; memory that is borrowed may not be what it was by then.
    void hold(const Buffer& buffer) {
        if (for_replay && !keep(buffer)) can_replay = false;
    }

    /// From the adjoint of a result back to those of everything it was made from.
    void backward(const Slot<T>& result) {
        if (result) result.add(T(1.0));
        ends_.previous->steps->pull(*ends_.previous);
    }
    /// All nodes again, in the order in which they were recorded.
    void replay() { ends_.next->steps->push(*ends_.next); }

    /// Where sums of squares over many rows may be looked up, if the caller wants that; see `:compact`.
    CompactData* const compact_data = nullptr;

    /// The pass of a Hessian that this is, if it is one. As a Hessian is symmetric, nobody reads the adjoints of the
    /// variables before the columns of the pass, nor of these columns' own the directions before each one's: what is
    /// added to these may be left out.
    struct {
        /// Adjoints of the variables: where they begin, where the columns of the pass do, and the end.
        const double *variables = nullptr, *columns = nullptr, *end = nullptr;
        bool is_another = false; ///< the values are what they were, and only tangents are not
    } pass;

    const KnownLog<T>* known_logs = nullptr;

    const bool for_replay = false;
    /// Not once something was done that a replay could not repeat: a branch on a value on the tape, for example.
    bool can_replay = true;

  private:
    struct Kept {
        Kept* previous;
        Buffer buffer;
    };
    template <class N> static constexpr bool has_way_back = requires(N& node) { node.pull_back(); };
    template <class N> static void pull(Node& self) {
        static_cast<N&>(self).pull_back();
        Node& next = *self.previous;
        [[clang::musttail]] return next.steps->pull(next);
    }
    template <class N> static void push(Node& self) {
        static_cast<N&>(self).push_forward();
        Node& next = *self.next;
        [[clang::musttail]] return next.steps->push(next);
    }
    template <class N> static constexpr Steps make_steps() {
        Steps steps{};
        if constexpr (has_way_back<N>) steps.pull = pull<N>;
        if constexpr (requires(N& node) { node.push_forward(); }) steps.push = push<N>;
        return steps;
    }
    template <class N> static constexpr Steps steps_of = make_steps<N>();
    static void stop(Node&) {}
    static constexpr Steps stops{stop, stop};

    Arena arena_;
    Node ends_{&ends_, &ends_, &stops}; ///< before the first node and after the last
    Node* last_ = &ends_;
    Kept* kept_ = nullptr;
};

template <class T> struct Var;

} // namespace modus

namespace modus {

/// f of scalars, some of them on a tape: one node.
template <class T, class F, class... A> Var<T> number_on_tape(const F& f, const A&... arguments);

/// Whether a formula is its type: it holds nothing, so that it means the same later on. (A lambda that captures by
/// reference does not.)
template <class F> inline constexpr bool is_stateless = std::is_empty_v<F>;

} // namespace modus

export namespace modus {

/// A scalar on a tape: a value, and where its adjoint will be. Without a tape it is a constant. T is double, or a Dual
/// for derivatives of gradients.
template <class T> struct Var {
    static_assert(is_scalar<T>);

    T value{};
    Slot<T> slot{};
    Tape<T>* tape = nullptr;
    const T* cell = nullptr; ///< where a replay finds the value; none for constants

    Var() = default;
    Var(double constant) : value(constant) {}
    Var(const T& constant) requires(!std::same_as<T, double>)
        : value(constant) {}
    Var(const T& value_, const Slot<T>& slot_, Tape<T>* tape_, const T* cell_ = nullptr)
        : value(value_), slot(slot_), tape(tape_), cell(cell_) {}
    /// The result of a node.
    Var(typename Tape<T>::NumberNode& node, Tape<T>* tape_)
        : value(node.value), slot(node.slot()), tape(tape_), cell(&node.value) {}

    friend Var operator+(const Var& x) { return x; }
    friend Var operator-(const Var& x) {
        return number_on_tape<T>([](const auto& a) { return -a; }, x);
    }
    friend Var operator+(const Var& x, const Var& y) {
        if (!x.slot) return y.shifted(x.value);
        if (!y.slot) return x.shifted(y.value);
        return number_on_tape<T>([](const auto& a, const auto& b) { return a + b; }, x, y);
    }
    friend Var operator-(const Var& x, const Var& y) {
        if (!y.slot) return x.shifted(T(-y.value));
        return number_on_tape<T>([](const auto& a, const auto& b) { return a - b; }, x, y);
    }
    friend Var operator*(const Var& x, const Var& y) {
        return number_on_tape<T>([](const auto& a, const auto& b) { return a * b; }, x, y);
    }
    friend Var operator/(const Var& x, const Var& y) {
        return number_on_tape<T>([](const auto& a, const auto& b) { return a / b; }, x, y);
    }
    friend Var operator+(const Var& x, double c) { return x.shifted(T(c)); }
    friend Var operator+(double c, const Var& x) { return x.shifted(T(c)); }
    friend Var operator-(const Var& x, double c) { return x.shifted(T(-c)); }
    friend Var operator-(double c, const Var& x) { return c + -x; }
    friend Var operator*(const Var& x, double c) {
        return number_on_tape<T>([](const auto& a, const auto& b) { return a * b; }, x, c);
    }
    friend Var operator*(double c, const Var& x) { return x * c; }
    friend Var operator/(const Var& x, double c) {
        return number_on_tape<T>([](const auto& a, const auto& b) { return a / b; }, x, c);
    }
    friend Var operator/(double c, const Var& x) {
        return number_on_tape<T>([](const auto& a, const auto& b) { return a / b; }, c, x);
    }

    template <class U> Var& operator+=(const U& y) { return *this = *this + y; }
    template <class U> Var& operator-=(const U& y) { return *this = *this - y; }
    template <class U> Var& operator*=(const U& y) { return *this = *this * y; }
    template <class U> Var& operator/=(const U& y) { return *this = *this / y; }

    // Control flow follows the value alone.
    friend bool operator==(const Var& x, const Var& y) { return x.seen() == y.seen(); }
    friend bool operator!=(const Var& x, const Var& y) { return x.seen() != y.seen(); }
    friend bool operator<(const Var& x, const Var& y) { return x.seen() < y.seen(); }
    friend bool operator<=(const Var& x, const Var& y) { return x.seen() <= y.seen(); }
    friend bool operator>(const Var& x, const Var& y) { return x.seen() > y.seen(); }
    friend bool operator>=(const Var& x, const Var& y) { return x.seen() >= y.seen(); }

    /// The value, for something that the tape does not know of: another value might lead elsewhere.
    const T& seen() const {
        if (slot) tape->can_replay = false;
        return value;
    }

  private:
    /// Adding a constant keeps the slot, because the derivative is 1; but the value is one that has to be replayed.
    Var shifted(const T& by) const {
        if (slot && tape->for_replay)
            return number_on_tape<T>([](const auto& a, const auto& b) { return a + b; }, *this, Var(by));
        return Var(T(value + by), slot, tape);
    }
};

/// Notes that the logarithm of x is `log_x`, so that `log` need not compute it.
template <class T> void know_log(const Var<T>& x, const Var<T>& log_x) {
    if (!x.slot || !log_x.slot) return;
    x.tape->known_logs =
        x.tape->copy(KnownLog<T>{x.tape->known_logs, x.slot.word, x.value, log_x.value, log_x.slot, log_x.cell});
}
/// Of one of the numbers that were noted last. A number plus a constant may have the same slot, but another value.
template <class T> std::optional<Var<T>> known_log(const Var<T>& x) {
    std::size_t left = 16;
    for (const KnownLog<T>* k = x.slot ? x.tape->known_logs : nullptr; k && left > 0; k = k->next, --left)
        if (k->word == x.slot.word && k->number == x.value) return Var<T>(k->value, k->slot, x.tape, k->cell);
    return {};
}

template <class T> inline constexpr bool is_scalar<Var<T>> = is_scalar<T>;
template <class T> double value_of(const Var<T>& x) { return value_of(x.seen()); }

/// The scalar under a Var.
template <class X> inline constexpr bool is_var = false;
template <class T> inline constexpr bool is_var<Var<T>> = true;
template <class X> struct Underlying;
template <class T> struct Underlying<Var<T>> {
    using type = T;
};
template <class X> using underlying_t = typename Underlying<X>::type;

} // namespace modus
