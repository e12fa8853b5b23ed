// A formula with its derivatives by its arguments, eight numbers at a time: of first order, and on tapes over duals of
// second.
export module modus.autodiff:order;

import modus.standard;
import :array;
import :batch;
import :dual;
import :local;
import :tape;
import :tape_array;

namespace modus {

/// T, eight at a time.
template <class T> struct BatchOf;
template <> struct BatchOf<double> {
    using type = Batch;
};
template <std::size_t N> struct BatchOf<Dual<double, N>> {
    using type = Dual<Batch, N>;
};
template <class T> using batch_t = typename BatchOf<T>::type;

template <class T> inline void store_batch(const batch_t<T>& x, double* to, std::size_t stride) {
    if constexpr (std::same_as<T, double>) {
        x.store(to);
    } else {
        const auto* parts = reinterpret_cast<const Batch*>(&x);
        for (std::size_t p = 0; p < words_in<T>; ++p) parts[p].store(to + p * stride);
    }
}

/// What `of` makes of each Batch in eight T. Without a call or a loop: what somebody else may look at, or what is
/// indexed by a variable, could not be kept in registers.
template <class T, class Of> [[clang::always_inline]] inline T each_part(const batch_t<T>& x, const Of& of) {
    if constexpr (std::same_as<T, double>) {
        return of(x);
    } else {
        const auto all = [&]<std::size_t... P>(std::index_sequence<P...>) {
            return T(of(x.value), {of(x.tangent[P])...});
        };
        [[clang::always_inline]] return all(std::make_index_sequence<words_in<T> - 1>());
    }
}
/// The sum of eight T, and the first of them.
template <class T> [[clang::always_inline]] inline T sum_of(const batch_t<T>& x) {
    return each_part<T>(x, [](const Batch& part) { return sum(part); });
}
template <class T> [[clang::always_inline]] inline T first_of(const batch_t<T>& x) {
    return each_part<T>(x, [](const Batch& part) { return part[0]; });
}

/// One argument within a block: where its numbers are (those of arrays of integers as such), and where the partials by
/// it go. Of a scalar, one number, with its words side by side.
struct BlockArgument {
    const double* values;
    std::size_t stride;
    double* partials;
    std::size_t partial_stride;
    const double* tangents = nullptr; ///< the planes behind that of the values, where they are elsewhere
};

/// Eight numbers of an array A.
template <class A> inline Batch load_argument(const double* values) {
    if constexpr (std::same_as<element_t<A>, Integer>)
        return Batch::of_integers(reinterpret_cast<const Integer*>(values));
    else return Batch::load(values);
}

/// The value of a result, and its partial by argument I, whatever it depends on.
template <class B, class R> inline B result_value(const R& result) {
    if constexpr (is_local<R>) return result.value;
    else return B(result);
}
template <class B, std::size_t I, class R> inline B result_partial(const R& result) {
    if constexpr (is_local<R>) {
        if constexpr ((R::mask >> I) & 1U) return result.partials[R::template place<I>];
        else return B(0.0);
    } else {
        return B(0.0);
    }
}

/// Argument I of a formula, as its loop reads it: a constant, or a Local that depends on itself alone. What does not
/// change from batch to batch is made once; the compiler could not know that the partials are stored elsewhere.
template <class A, std::size_t I> class BatchArgument {
  public:
    using Seen = std::conditional_t<on_tape<A>, Local<Batch, 1U << I>, Batch>;

    explicit BatchArgument(const BlockArgument& argument) : values_(argument.values) {
        if constexpr (!AnyArray<A>) scalar_ = seen(Batch(*values_));
    }
    /// From number k on.
    Seen at(std::size_t k) const {
        if constexpr (AnyArray<A>) return seen(load_argument<A>(values_ + k));
        else return scalar_;
    }
    static Seen seen(const Batch& value) {
        if constexpr (on_tape<A>) return {value, {Batch(1.0)}};
        else return value;
    }

  private:
    const double* values_;
    Seen scalar_; ///< of scalars
};

/// A formula with its derivatives by the arguments, eight numbers at a time.
template <class F, class... A> class FirstOrder {
  public:
    FirstOrder(const F& f, const BlockArgument* arguments)
        : FirstOrder(f, arguments, std::index_sequence_for<A...>()) {}

    /// f of the numbers from k on, with all that it depends on.
    auto at(std::size_t k) const {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return f_(std::get<I>(arguments_).at(k)...);
        }(std::index_sequence_for<A...>());
    }
    /// The same, with these numbers for argument P.
    template <std::size_t P> auto at(std::size_t k, const Batch& numbers) const {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            const auto read = [&]<std::size_t J>() {
                if constexpr (J == P) return std::get<J>(arguments_).seen(numbers);
                else return std::get<J>(arguments_).at(k);
            };
            return f_(read.template operator()<I>()...);
        }(std::index_sequence_for<A...>());
    }
    template <class R> Batch value(const R& result) const { return result_value<Batch>(result); }
    template <std::size_t I, class R> Batch partial(const R& result) const { return result_partial<Batch, I>(result); }
    /// The partial of a result that is linear in all of its arguments.
    template <std::size_t I, class R> static Batch coefficient(const R& result) {
        return result_partial<Batch, I>(result);
    }

  private:
    template <class Indices> struct Arguments;
    template <std::size_t... I> struct Arguments<std::index_sequence<I...>> {
        using type = std::tuple<BatchArgument<A, I>...>;
    };
    template <std::size_t... I> FirstOrder(const F& f, const BlockArgument* arguments, std::index_sequence<I...>)
        : f_(f), arguments_(BatchArgument<A, I>(arguments[I])...) {}

    const F& f_;
    typename Arguments<std::index_sequence_for<A...>>::type arguments_;
};

/// The same on tapes over duals: with second derivatives by the arguments, of which there are few, which are then
/// multiplied by the directions of the arguments, whatever their number.
template <class T, class F, class... A> class SecondOrder {
  public:
    SecondOrder(const F& f, const BlockArgument* arguments) : f_(f) {
        std::copy_n(arguments, sizeof...(A), arguments_.begin());
        for (BlockArgument& argument : arguments_)
            if (!argument.tangents) argument.tangents = argument.values + argument.stride;
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            ((AnyArray<A> ? void() : void(scalars_[I] = Batch(*arguments[I].values))), ...);
            (read_directions<I, A, false>(0), ...);
        }(std::index_sequence_for<A...>());
    }

    auto at(std::size_t k) {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            (read_directions<I, A, true>(k), ...);
            return f_(argument<I, A>(k)...);
        }(std::index_sequence_for<A...>());
    }
    template <class R> batch_t<T> value(const R& result) const {
        if constexpr (is_local<R>) return along<R::mask>(result.value);
        else return batch_t<T>(Batch(result));
    }
    template <std::size_t I, class R> batch_t<T> partial(const R& result) const {
        if constexpr (is_local<R>)
            if constexpr ((R::mask >> I) & 1U) return along<R::mask>(result.partials[R::template place<I>]);
        return batch_t<T>(0.0);
    }
    template <std::size_t I, class R> static Batch coefficient(const R& result) {
        return result_partial<D, I>(result).value;
    }

  private:
    static constexpr std::size_t directions = words_in<T> - 1, active = (std::size_t{on_tape<A>} + ...);
    using D = Dual<Batch, active>;

    /// The place of argument I among those on the tape.
    template <std::size_t I> static constexpr std::size_t place = [] {
        constexpr bool is_on_tape[] = {on_tape<A>...};
        std::size_t count = 0;
        for (std::size_t i = 0; i < I; ++i) count += is_on_tape[i];
        return count;
    }();

    /// Calls `use` with 0, 1, ... as constants: what is indexed by a variable could not be kept in registers.
    template <std::size_t N, class Use> static void for_each(const Use& use) {
        [&]<std::size_t... P>(std::index_sequence<P...>) {
            (use(std::integral_constant<std::size_t, P>()), ...);
        }(std::make_index_sequence<N>());
    }
    template <std::size_t I, class X, bool arrays> void read_directions(std::size_t k) {
        if constexpr (on_tape<X> && AnyArray<X> == arrays)
            for_each<directions>([&](auto p) {
                if constexpr (arrays)
                    along_[place<I>][p] = Batch::load(arguments_[I].tangents + p * arguments_[I].stride + k);
                else along_[place<I>][p] = Batch(arguments_[I].values[1 + p]);
            });
    }
    template <std::size_t I, class X> auto argument(std::size_t k) const {
        Batch value;
        if constexpr (AnyArray<X>) value = load_argument<X>(arguments_[I].values + k);
        else value = scalars_[I];
        if constexpr (on_tape<X>) {
            Local<D, 1U << I> x{D(value), {D(1.0)}};
            x.value.tangent[place<I>] = Batch(1.0);
            return x;
        } else {
            return value;
        }
    }
    /// A number with its derivatives by the arguments, of which it depends on those in the mask at most, as one with
    /// its derivatives along the directions.
    template <unsigned mask> batch_t<T> along(const D& x) const {
        batch_t<T> result(x.value);
        for_each<directions>([&](auto p) {
            Batch slope(0.0);
            for_each<sizeof...(A)>([&](auto i) {
                constexpr unsigned before = mask & ((1U << i) - 1);
                if constexpr ((mask >> i) & 1U) {
                    const Batch product = x.tangent[place<i>] * along_[place<i>][p];
                    slope = before ? slope + product : product;
                }
            });
            result.tangent[p] = slope;
        });
        return result;
    }

    const F& f_;
    std::array<BlockArgument, sizeof...(A)> arguments_;
    std::array<Batch, sizeof...(A)> scalars_;                 ///< made once, as in BatchArgument
    std::array<std::array<Batch, directions>, active> along_; ///< where each argument on the tape goes
};

template <class T, class F, class... A> struct OrderOf {
    using type = SecondOrder<T, F, A...>;
};
template <class F, class... A> struct OrderOf<double, F, A...> {
    using type = FirstOrder<F, A...>;
};

} // namespace modus
