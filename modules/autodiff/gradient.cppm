// Derivatives of a callable of one vector: run it on dual numbers, or on a tape.
export module modus.autodiff:gradient;

import modus.standard;
import :array;
import :compact;
import :dual;
import :tape;
import :tape_array;

namespace modus {

/// f called with x, and with `is_first` where it takes a second argument.
template <class F, class X> auto call(F& f, const X& x, bool is_first) {
    if constexpr (requires { f(x, is_first); }) return f(x, is_first);
    else return f(x);
}

/// x as variables on a tape.
template <class T> Array<Var<T>, 1> variables_on(Tape<T>& tape, const Array<T, 1>& x) {
    const auto variables = Array<Var<T>, 1>::make(&tape, x.extents());
    auto numbers = variables.numbers();
    for (std::size_t k = 0; k < x.size(); ++k) numbers.store(k, x.load(k));
    return variables;
}
/// Whether x can stay where it is while its gradient is summed up: in memory of an array's own, which can be read in
/// whole batches, and elsewhere.
inline bool can_stay(const Vector& x, std::span<double> gradient) {
    return x.buffer().data() && x.data() != gradient.data();
}
/// The same where they are, with their adjoints in `gradient`.
inline Array<Var<double>, 1> variables_in_place(Tape<double>& tape, const Vector& x, double* gradient) {
    std::fill_n(gradient, x.size(), 0.0);
    return {&tape, Vector::borrow(x.data(), x.extents(), x.size()), Slot<double>(gradient, x.size())};
}
/// A copy that has memory of its own.
inline Vector copied(const Vector& x) {
    auto copy = Vector::uninitialized(x.extents());
    std::copy_n(x.data(), x.size(), copy.fresh());
    return copy;
}

} // namespace modus

export namespace modus {

/// Directions per pass of forward mode. More lanes mean fewer passes and larger scalars.
inline constexpr std::size_t default_lanes = 4;

/// x as an array of duals whose directions are the coordinates from `first` on.
template <std::size_t Lanes, Scalar T>
Array<Dual<T, Lanes>, 1> seed_directions(const Array<T, 1>& x, std::size_t first) {
    using Real = Dual<T, Lanes>;
    auto result = Array<Real, 1>::uninitialized(x.extents());
    for (std::size_t i = 0; i < x.size(); ++i) {
        Real element(x.load(i), {});
        if (i >= first && i < first + Lanes) element.tangent[i - first] = T(1.0);
        result.store(i, element);
    }
    return result;
}

/// How a gradient is computed.
enum class Mode {
    automatic, ///< as `chosen_mode` says
    forward,   ///< dual numbers: f is called for every `default_lanes` coordinates
    reverse    ///< a tape: f is called once
};
/// With so few parameters one pass of duals is enough, and with so few numbers scored it is over before a tape pays.
/// Where neither holds, the tape was faster in all measurements (docs/performance.md).
inline constexpr std::size_t forward_parameters = default_lanes, forward_numbers = 6;
/// Forward for up to `forward_parameters` parameters and `forward_numbers` numbers at all sites together, else reverse.
inline Mode chosen_mode(std::size_t parameters, std::size_t numbers) {
    return parameters <= forward_parameters && numbers <= forward_numbers ? Mode::forward : Mode::reverse;
}

/// f(x), with its gradient written to `gradient` (as long as x), by duals. f maps Array<Real, 1> to Real for any Scalar
/// Real; it is called ceil(n / Lanes) times. `f(x, is_first)` is called instead where f takes a second argument, so
/// that work which no derivative depends on can be done once.
template <std::size_t Lanes = default_lanes, class F>
double forward_gradient(F&& f, const Vector& x, std::span<double> gradient) {
    if (x.size() > 0 && x.data() == gradient.data()) return forward_gradient<Lanes>(f, copied(x), gradient);
    double value = 0;
    std::size_t first = 0;
    do {
        const Dual<double, Lanes> y = call(f, seed_directions<Lanes>(x, first), first == 0);
        value = y.value;
        for (std::size_t k = 0; k < Lanes && first + k < x.size(); ++k) gradient[first + k] = y.tangent[k];
        first += Lanes;
    } while (first < x.size());
    return value;
}

/// f(x), and its gradient as an array of the same scalar, by a tape over T.
template <Scalar T, class F> T reverse_gradient(F&& f, const Array<T, 1>& x, Array<T, 1>& gradient) {
    Tape<T> tape;
    const auto variables = variables_on(tape, x);
    const Var<T> y = call(f, variables, true);
    tape.backward(y.slot);
    gradient = Array<T, 1>::uninitialized(x.extents());
    for (std::size_t k = 0; k < x.size(); ++k) gradient.store(k, variables.slot().at(k).get());
    return y.value;
}
template <class F>
double reverse_gradient(F&& f, const Vector& x, std::span<double> gradient, CompactData* compact_data = nullptr) {
    Tape<double> tape(false, compact_data);
    const bool is_in_place = can_stay(x, gradient);
    const Vector copy = is_in_place ? Vector() : copied(x);
    const Var<double> y = call(f, variables_in_place(tape, is_in_place ? x : copy, gradient.data()), true);
    tape.backward(y.slot);
    return y.value;
}

/// A gradient on a tape that is kept, to be computed again at other points without calling f.
class Recording {
  public:
    /// Where the points and the gradients of replays are: anywhere, or where those of the recording were, which saves
    /// copies.
    enum class Place { anywhere, same };

    /// f(x), with its gradient written to `gradient`, as long as x. Where there is `compact_data`, the tape uses it
    /// while it is recorded; see CompactData.
    template <class F> Recording(F&& f, const Vector& x, std::span<double> gradient, Place place = Place::anywhere,
                                 CompactData* compact_data = nullptr)
        : tape_(true, compact_data),
          is_in_place_(place == Place::same && can_stay(x, gradient)),
          own_x_(is_in_place_ ? Vector() : copied(x)),
          own_gradient_(is_in_place_ ? 0 : x.size()),
          x_(is_in_place_ ? x.data() : std::as_const(own_x_).data()),
          gradient_(is_in_place_ ? gradient.data() : own_gradient_.data()),
          y_(call(f, variables_in_place(tape_, is_in_place_ ? x : own_x_, gradient_), true)) {
        tape_.backward(y_.slot);
        write(gradient);
    }

    /// Whether a point and a gradient are where a replay has to have them.
    inline bool is_for(const Vector& x, std::span<double> gradient) const {
        return !is_in_place_ || (x.data() == x_ && gradient.data() == gradient_);
    }

    /// Whether the tape has all that f did: no branches on its values, no formulas that hold something (a lambda that
    /// captures), no memory that is borrowed, and nothing but operations that know how to be repeated.
    inline bool can_replay() const { return tape_.can_replay; }
    /// f(x), with its gradient, if f does the same there as where it was called, and `is_for` holds. Throws Error where
    /// a parameter of a distribution that was checked is not what it must be at x.
    inline double replay(const Vector& x, std::span<double> gradient) {
        if (!is_in_place_) std::copy_n(x.data(), x.size(), own_x_.data());
        std::fill_n(gradient_, x.size(), 0.0);
        tape_.replay();
        tape_.backward(y_.slot);
        write(gradient);
        return value();
    }
    inline double value() const { return y_.slot ? *y_.cell : y_.value; }

  private:
    inline void write(std::span<double> gradient) const {
        if (!is_in_place_) std::copy_n(gradient_, gradient.size(), gradient.begin());
    }

    Tape<double> tape_;
    const bool is_in_place_;
    Vector own_x_, own_gradient_;
    const double* const x_;
    double* const gradient_;
    const Var<double> y_;
};

/// f(x), with its gradient written to `gradient`. f maps Array<Real, 1> to Real for any Scalar Real. Where there is
/// `compact_data`, a tape uses it; see CompactData.
template <class F> double value_and_gradient(F&& f, const Vector& x, std::span<double> gradient, Mode mode = {},
                                             CompactData* compact_data = nullptr) {
    if (mode == Mode::automatic) mode = compact_data ? Mode::reverse : chosen_mode(x.size(), x.size());
    return mode == Mode::forward ? forward_gradient(f, x, gradient) : reverse_gradient(f, x, gradient, compact_data);
}

/// f(x) and its gradient.
template <class F> std::pair<double, Vector> value_and_gradient(F&& f, const Vector& x, Mode mode = {}) {
    Vector gradient(x.size());
    const double value = value_and_gradient(f, x, {gradient.data(), gradient.size()}, mode);
    return {value, gradient};
}

/// The gradient of f at x.
template <class F> Vector gradient(F&& f, const Vector& x, Mode mode = {}) {
    return value_and_gradient(f, x, mode).second;
}

/// The derivative of the gradient of f at x along v: the Hessian times v, by one evaluation over a tape of duals.
template <class F> Vector hessian_vector_product(F&& f, const Vector& x, const Vector& v) {
    using T = Directional;
    auto seeded = Array<T, 1>::uninitialized(x.extents());
    for (std::size_t k = 0; k < x.size(); ++k) seeded.store(k, T(x.load(k), {v[k]}));
    Array<T, 1> gradient;
    reverse_gradient(f, seeded, gradient);
    Vector product(x.size());
    for (std::size_t k = 0; k < x.size(); ++k) product[k] = gradient.load(k).tangent[0];
    return product;
}

/// The matrix of second derivatives of f at x, `hessian_lanes` columns at a time by a tape of duals; symmetric to the
/// last bit. f is called once, where the tape can be replayed in other directions, else for each of these.
template <class F> Matrix hessian(F&& f, const Vector& x) {
    const std::size_t n = x.size();
    Matrix result(n, n);
    double* entries = result.data();
    bool can_replay = true;
    std::size_t column = 0;
    while (column < n) {
        Tape<Directions> tape(can_replay && column + hessian_lanes < n);
        const auto variables = Array<Var<Directions>, 1>::make(&tape, x.extents());
        double* const values = const_cast<double*>(variables.numbers().data());
        double* const adjoints = variables.slot().word;
        std::copy_n(x.data(), n, values);
        const auto seed = [&](bool is_another) {
            tape.pass = {adjoints, adjoints + column, adjoints + n, is_another};
            std::fill_n(values + n, hessian_lanes * n, 0.0);
            const std::size_t count = std::min(hessian_lanes, n - column);
            for (std::size_t p = 0; p < count; ++p) values[(1 + p) * n + column + p] = 1;
        };
        const auto take_columns = [&](const Slot<Directions>& y) {
            tape.backward(y);
            for (const std::size_t end = std::min(column + hessian_lanes, n), first = column; column < end; ++column)
                std::copy_n(adjoints + (1 + column - first) * n + first, n - first, entries + column * n + first);
        };
        seed(false);
        const Var<Directions> y = call(f, variables, true);
        can_replay = tape.for_replay && tape.can_replay;
        take_columns(y.slot);
        while (can_replay && column < n) {
            seed(true);
            std::fill_n(adjoints, n * words_in<Directions>, 0.0);
            tape.replay();
            take_columns(y.slot);
        }
    }
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < i; ++j) {
            double &lower = entries[i + j * n], &upper = entries[j + i * n];
            if (i / hessian_lanes == j / hessian_lanes) lower = upper; // see Tape::pass
            else upper = lower;
        }
    return result;
}

} // namespace modus
