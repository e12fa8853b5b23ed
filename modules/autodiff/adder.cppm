// How a loop adds up what a formula returns, batch by batch: numbers with their derivatives, or one of the summands of
// which a part is done once, at the end.
export module modus.autodiff:adder;

import modus.standard;
import :array;
import :batch;
import :order;
import :summand;
import :tape_array;

namespace modus {

/// Of the sums of a loop over a formula with `arguments` arguments: where the derivative by each argument that is a
/// scalar is, and by what the derivatives by arrays, which the loop stores, are still to be multiplied, the same at
/// each call.
struct SumPlaces {
    static constexpr std::size_t of_argument(std::size_t i) { return i; }
    static constexpr std::size_t factor(std::size_t arguments) { return arguments; }
};

/// All numbers of a batch count.
struct All {};

/// `Order` is FirstOrder or SecondOrder of a formula with arguments A over T. `has_unit`: deviations are multiplied by
/// a unit before they are squared.
template <class T, class Order, bool has_unit, class... A> class Adder {
    using B = batch_t<T>;
    using Summand = decltype(std::declval<Order&>().at(0));
    static constexpr bool has_logarithm = is_less_log1p<Summand>, is_square = is_half_square<Summand>;

  public:
    /// Before the first number. The factor, which is a quotient as a rule, is found here: in the loops, and after them,
    /// it would be found anew, and somebody would wait for it.
    [[clang::always_inline]] inline explicit Adder(Order& f) {
        by_scalar_.fill(B(0.0));
        if constexpr (is_square) factor_ = first_of<T>(f.value(f.at(0).factor));
        if constexpr (has_unit) unit_ = std::max(1e-300, std::fabs(value_of(factor_))); // which has an inverse
    }

    /// Whether the loop has to be one with a unit. Deviations are as large as what divides them, as a rule; where that
    /// is far from 1, or no number, their squares might over- or underflow. Else they overflow beyond 1e154, whatever
    /// the factor, and what underflows is nothing beside the offset.
    static constexpr bool may_need_unit = is_square && !has_unit;
    [[clang::always_inline]] inline bool needs_unit() const {
        const double size = std::fabs(value_of(factor_));
        return !(size > 1e-30 && size < 1e30);
    }

    /// Adds one batch, or those of its numbers that count; `store.operator()<I>(partial)` gets the derivative by each
    /// array I on the tape.
    template <class Store, class Counts = All> [[clang::always_inline]] inline void
    add(const Order& f, const Summand& summand, const Store& store, const Counts& counts = {}) {
        if constexpr (is_square) {
            B deviation = only(counts, f.value(summand.deviation));
            if constexpr (has_unit) deviation = times(deviation, Batch(unit_));
            add_square(deviation);
            take(summand.deviation, store,
                 [&]<std::size_t I>() { return times(deviation, -f.template coefficient<I>(summand.deviation)); });
        } else {
            const auto& result = number_of(summand);
            total_ += only(counts, f.value(result));
            if constexpr (has_logarithm) logarithms_ = and_factor(logarithms_, only(counts, summand.e));
            take(result, store, [&]<std::size_t I>() { return only(counts, f.template partial<I>(result)); });
        }
    }

    /// Whether no more than `most_factors` batches may be added before the logarithms that are left are taken.
    static constexpr bool leaves_logarithms = has_logarithm;
    [[clang::always_inline]] inline void take_logarithms() {
        total_ -= B(log1p(logarithms_));
        logarithms_ = Batch(0.0);
    }

    /// After `count` numbers. Returns their sum, and sets `sums`, which are as SumPlaces says.
    [[clang::always_inline]] inline T finish(Order& f, [[maybe_unused]] std::size_t count, T* sums) {
        constexpr std::size_t arguments = sizeof...(A);
        if constexpr (is_square) {
            const auto anywhere = f.at(0); // for what is the same for all
            const T n(static_cast<double>(count));
            const T in_units = has_unit ? factor_ * (1 / unit_) : factor_, by_deviation = in_units * factor_;
            double_tangents();
            const T squares = sum_of<T>(total_);
            const T by_factor = squares * (has_unit ? in_units * (1 / unit_) : in_units); // but for its sign
            for_scalars([&]<std::size_t I>() {
                sums[SumPlaces::of_argument(I)] = sum_of<T>(by_scalar_[I]) * by_deviation +
                                                  n * first_of<T>(f.template partial<I>(anywhere.offset)) -
                                                  by_factor * first_of<T>(f.template partial<I>(anywhere.factor));
            });
            sums[SumPlaces::factor(arguments)] = by_deviation;
            return n * first_of<T>(f.value(anywhere.offset)) + squares * (T(-0.5) * in_units * in_units);
        } else {
            if constexpr (leaves_logarithms) take_logarithms();
            for_scalars([&]<std::size_t I>() { sums[SumPlaces::of_argument(I)] = sum_of<T>(by_scalar_[I]); });
            sums[SumPlaces::factor(arguments)] = T(1.0);
            return sum_of<T>(total_);
        }
    }

  private:
    static inline const auto& only(All, const auto& x) { return x; }
    static inline Batch only(const Flags& counts, const Batch& x) { return select(counts, x, Batch(0.0)); }
    template <std::size_t N> static Dual<Batch, N> only(const Flags& counts, Dual<Batch, N> x) {
        x.value = only(counts, x.value);
        for (Batch& t : x.tangent) t = only(counts, t);
        return x;
    }
    static inline Batch times(const Batch& x, const Batch& constant) { return x * constant; }
    template <std::size_t N> static Dual<Batch, N> times(Dual<Batch, N> x, const Batch& constant) {
        x.value *= constant;
        for (Batch& t : x.tangent) t *= constant;
        return x;
    }
    /// Tangents of squares are 2 z dz: doubled once, at the end.
    [[clang::always_inline]] inline void add_square(const Batch& z) { total_ += z * z; }
    template <std::size_t N> [[clang::always_inline]] inline void add_square(const Dual<Batch, N>& z) {
        total_.value += z.value * z.value;
        for (std::size_t p = 0; p < N; ++p) total_.tangent[p] += z.value * z.tangent[p];
    }
    [[clang::always_inline]] inline void double_tangents() {
        if constexpr (!std::same_as<T, double>)
            for (Batch& t : total_.tangent) t += t;
    }
    static const auto& number_of(const Summand& summand) {
        if constexpr (has_logarithm) return summand.rest;
        else return summand;
    }
    /// A scalar that the result does not depend on would cost a register, and a product with zero for each batch.
    template <class R, std::size_t I> static constexpr bool depends_on() {
        if constexpr (is_local<R>) return (R::mask >> I) & 1U;
        else return false;
    }
    template <class R, class Store, class Partial>
    [[clang::always_inline]] inline void take(const R&, const Store& store, const Partial& partial) {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            const auto one = [&]<std::size_t J, class Argument>() {
                if constexpr (on_tape<Argument> && AnyArray<Argument>)
                    store.template operator()<J>(partial.template operator()<J>());
                else if constexpr (on_tape<Argument> && depends_on<R, J>())
                    by_scalar_[J] += partial.template operator()<J>();
            };
            (one.template operator()<I, A>(), ...);
        }(std::index_sequence_for<A...>());
    }
    template <class Use> [[clang::always_inline]] static inline void for_scalars(const Use& use) {
        const auto all = [&]<std::size_t... I>(std::index_sequence<I...>) {
            const auto one = [&]<std::size_t J, class Argument>() {
                if constexpr (on_tape<Argument> && !AnyArray<Argument>) [[clang::always_inline]]
                    use.template operator()<J>();
            };
            [[clang::always_inline]] (one.template operator()<I, A>(), ...);
        };
        [[clang::always_inline]] all(std::index_sequence_for<A...>()); // a call would see the sums in memory
    }

    B total_{0.0};          ///< of squares, or of numbers
    T factor_{1.0};         ///< of deviations, before they are squared
    double unit_ = 1;       ///< of those that are
    Batch logarithms_{0.0}; ///< exp - 1 of those that are left
    std::array<B, sizeof...(A)> by_scalar_;
};

} // namespace modus
