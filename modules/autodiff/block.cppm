// Formulas on a tape. A formula is compiled once, as a loop over batches of local duals, which gives its value and all
// its partial derivatives in one pass (`SumLoop`, `MapLoop`); everything else about the pass - blocks, predictors,
// masks, threads, the way back - is the same for all formulas and is compiled once.
export module modus.autodiff:block;

import modus.standard;
import :adder;
import :array;
import :batch;
import :dual;
import :local;
import :order;
import :predictor;
import :product_rows;
import :row_loops;
import :summand;
import :tape;
import :tape_array;
import :tape_number;

namespace modus {

/// The most numbers that one call of a loop adds up.
inline constexpr std::size_t longest_sum = most_factors * Batch::size;
/// The sum of f over `count` numbers, at least 1 and at most `longest_sum`; sets `sums`, which are as SumPlaces says.
/// Whole batches are read, and partials of whole batches stored, but only those of the numbers mean something. Where
/// there is a source, it has made the first `step` of the numbers and makes the others on the way.
template <class T> using SumLoop = T (*)(const void* formula, const BlockArgument* arguments, std::size_t count,
                                         T* sums, RowSource* source);
template <class T, bool has_unit, class F, class... A>
T sum_loop(const void* formula, const BlockArgument* arguments, std::size_t count, T* sums, RowSource* source) {
    using Order = OrderOf<T, F, A...>::type;
    Order f(*static_cast<const F*>(formula), arguments);
    std::array<BlockArgument, sizeof...(A)> to; // of our own: what is stored may be anywhere else, for the compiler
    std::copy_n(arguments, sizeof...(A), to.begin());
    const auto run = [&] {
        Adder<T, Order, has_unit, A...> adder(f);
        if constexpr (adder.may_need_unit)
            if (adder.needs_unit()) [[unlikely]]
                return sum_loop<T, true, F, A...>(formula, arguments, count, sums, source);
        const auto add_at = [&](std::size_t k, const auto& counts) {
            adder.add(
                f, f.at(k),
                [&]<std::size_t I>(const batch_t<T>& partial) {
                    store_batch<T>(partial, to[I].partials + k, to[I].partial_stride);
                },
                counts);
        };
        // What f computes from scalars alone is moved out of both loops, as nothing unknown is called before it.
        const std::size_t whole = count / Batch::size * Batch::size;
        for (std::size_t k = 0; k < whole;) {
            for (const std::size_t end = source ? k + source->step : whole; k < end; k += Batch::size) add_at(k, All{});
            if (source && k < count) source->advance(*source, k);
        }
        if (whole < count) add_at(whole, first_lanes(static_cast<long>(count - whole)));
        return adder.finish(f, count, sums);
    };
    // Or else f is somewhere in memory, for the compiler, and what it computes from scalars is computed for each batch.
    [[clang::always_inline]] return run();
}

/// Stores f at `count` numbers, a multiple of the batch size, in `out`, and all partials.
template <class T> using MapLoop = void (*)(const void* formula, const BlockArgument* arguments, std::size_t count,
                                            double* out, std::size_t out_stride);
template <class T, class F, class... A> void map_loop(const void* formula, const BlockArgument* arguments,
                                                      std::size_t count, double* out, std::size_t out_stride) {
    typename OrderOf<T, F, A...>::type f(*static_cast<const F*>(formula), arguments);
    std::array<BlockArgument, sizeof...(A)> to; // of our own: what is stored may be anywhere else, for the compiler
    std::copy_n(arguments, sizeof...(A), to.begin());
    const auto run = [&]<std::size_t... I>(std::index_sequence<I...>) {
        for (std::size_t k = 0; k < count; k += Batch::size) {
            const auto result = f.at(k);
            store_batch<T>(f.value(result), out + k, out_stride);
            const auto take = [&]<std::size_t J, class Argument>() {
                if constexpr (on_tape<Argument>)
                    store_batch<T>(f.template partial<J>(result), to[J].partials + k, to[J].partial_stride);
            };
            (take.template operator()<I, A>(), ...);
        }
    };
    [[clang::always_inline]] run(std::index_sequence_for<A...>()); // as above
}

/// Where partials by the elements of an input go: nowhere, into memory as long as the region, back through the terms of
/// a predictor, or, for elements that are repeated, into sums.
enum class Way { none, stored, terms, summed };

/// The arguments that a formula on a tape can have.
inline constexpr std::size_t max_inputs = 8;

/// One argument of a whole pass, its type erased.
template <class T> struct Input {
    bool is_array;
    bool is_active;       ///< of a type that is on the tape
    bool is_padded;       ///< whole batches can be read: an array in memory of ours
    const double* values; ///< of a scalar on the tape: its words; of an array of integers: these
    std::size_t stride;   ///< between planes; 0 where there is one
    const Term<T>* terms; ///< of a predictor, in place of `values`
    std::size_t row_step, column_step, size;
    Slot<T> slot;
    // Set by the pass:
    Way way;
    double* partials; ///< planes, of the region where `stored`, of the input where `summed`
    std::size_t partial_stride;
};

/// Where a formula is evaluated: rows and columns of the broadcast shape; and where it is not.
struct Region {
    std::size_t rows = 1, columns = 1;
    const Integer* mask = nullptr;
    std::size_t mask_row = 0, mask_column = 0;
};

/// The sum of a formula as one node. The formula may have loops of its own for predictors.
template <class T> Var<T> sum_on_tape(Tape<T>& tape, const Region& region, SumLoop<T> loop, const void* formula,
                                      Input<T>* inputs, std::size_t count, const RowLoops* row_loops);
/// The values of a formula, column by column, in `out`, whose adjoints are `slot`.
template <class T> void map_on_tape(Tape<T>& tape, const Region& region, MapLoop<T> loop, const void* formula,
                                    Input<T>* inputs, std::size_t count, double* out, std::size_t out_stride,
                                    const Slot<T>& slot);

/// The tape of an argument, or none.
template <class T, class A> Tape<T>* tape_of(const A& argument) {
    if constexpr (!on_tape<A>) return nullptr;
    else if constexpr (AnyArray<A>) return argument.tape();
    else return argument.tape;
}
template <class... A> struct TapeScalar;
template <class A, class... Rest> struct TapeScalar<A, Rest...> : TapeScalar<Rest...> {};
template <class A, class... Rest> requires on_tape<A>
struct TapeScalar<A, Rest...> {
    using type = underlying_t<element_t<A>>;
};
template <class... A> using tape_scalar_t = typename TapeScalar<A...>::type;

/// An argument at the elements of a region of rank `Rank`.
template <class T, std::size_t Rank, class A> Input<T> make_input(Tape<T>& tape, const A& argument) {
    Input<T> input{};
    input.size = 1;
    if constexpr (AnyArray<A>) {
        const Steps steps = broadcast_steps<Rank>(argument.extents());
        input.is_array = true;
        input.size = argument.size();
        input.row_step = steps.row;
        input.column_step = steps.column;
        if constexpr (on_tape<A>) {
            input.is_active = true;
            // In more than one column its elements are needed more than once.
            const auto* predictor = argument.predictor();
            if (predictor && Rank == 1 && input.row_step != 0) {
                input.terms = predictor->terms;
            } else {
                const auto numbers = argument.numbers();
                input.values = numbers.data();
                input.stride = numbers.is_constant() && words_in<T> > 1 ? 0 : numbers.plane_stride();
                input.slot = argument.slot();
                input.is_padded = argument.tape() || numbers.buffer().data();
                if (argument.is_constant()) tape.hold(numbers.buffer());
            }
        } else {
            if constexpr (std::same_as<element_t<A>, Integer>)
                input.values = reinterpret_cast<const double*>(argument.data());
            else input.values = argument.data();
            input.is_padded = argument.buffer().data();
            tape.hold(argument.buffer());
        }
    } else if constexpr (on_tape<A>) {
        input.is_active = true;
        const T* value = &argument.value;
        if (tape.for_replay) value = tape.cell(argument);
        input.values = reinterpret_cast<const double*>(value);
        input.slot = argument.slot;
    } else {
        input.values = tape.for_replay ? tape.copy(argument) : &argument;
    }
    return input;
}

/// The formula, as long as a pass of the tape needs it.
template <class T, class F> const void* kept_formula(Tape<T>& tape, const F& f) {
    if constexpr (is_stateless<F>) {
        if (tape.for_replay) return tape.copy(f);
    } else {
        tape.can_replay = false;
    }
    return &f;
}

/// Integers that stand alone become real numbers.
template <class A> decltype(auto) real_argument(const A& argument) {
    if constexpr (std::is_arithmetic_v<A>) return static_cast<double>(argument);
    else return (argument);
}

/// map_to, with arguments on a tape.
template <std::size_t Rank, class F, class... A>
auto map_over_tape(const Extents<Rank>& extents, const F& f, const A&... arguments) {
    static_assert(sizeof...(A) <= max_inputs, "a formula on a tape has at most eight arguments: combine some of them");
    using T = tape_scalar_t<A...>;
    if constexpr (Rank == 0) {
        return number_on_tape<T>(f, arguments...);
    } else {
        Tape<T>* tape = nullptr;
        ((tape = tape ? tape : tape_of<T>(arguments)), ...);
        Tape<T> scratch; // of constants that look like variables
        Tape<T>& used = tape ? *tape : scratch;
        const auto result = Array<Var<T>, Rank>::make(&used, extents);
        const auto numbers = result.numbers();
        [&](const auto&... real) {
            std::array inputs{make_input<T, Rank>(used, real)...};
            const Region region{extents[0], Rank == 2 ? extents[Rank - 1] : 1};
            map_on_tape<T>(used, region, map_loop<T, F, std::remove_cvref_t<decltype(real)>...>, kept_formula(used, f),
                           inputs.data(), inputs.size(), const_cast<double*>(numbers.data()), numbers.plane_stride(),
                           result.slot());
        }(real_argument(arguments)...);
        if (!tape) return Array<Var<T>, Rank>(result.values());
        return result;
    }
}

/// sum_map_where, with arguments on a tape.
template <std::size_t Rank, class F, class... A> auto
sum_over_tape(const array_t<Integer, Rank>* mask, const Extents<Rank>& extents, const F& f, const A&... arguments) {
    static_assert(sizeof...(A) <= max_inputs, "a formula on a tape has at most eight arguments: combine some of them");
    using T = tape_scalar_t<A...>;
    if constexpr (Rank == 0) {
        if (mask && *mask == 0) return Var<T>(0.0);
        return number_on_tape<T>(f, arguments...);
    } else {
        Tape<T>* tape = nullptr;
        ((tape = tape ? tape : tape_of<T>(arguments)), ...);
        Tape<T> scratch;
        Tape<T>& used = tape ? *tape : scratch;
        Region region{extents[0], Rank == 2 ? extents[Rank - 1] : 1};
        if (mask) {
            region.mask = mask->data();
            const Steps steps = broadcast_steps<Rank>(mask->extents());
            region.mask_row = steps.row;
            region.mask_column = steps.column;
            used.hold(mask->buffer());
        }
        const auto total = [&](const auto&... real) {
            std::array inputs{make_input<T, Rank>(used, real)...};
            return sum_on_tape<T>(used, region, sum_loop<T, false, F, std::remove_cvref_t<decltype(real)>...>,
                                  kept_formula(used, f), inputs.data(), inputs.size(), row_loops_of<F, A...>());
        }(real_argument(arguments)...);
        if (!tape) return Var<T>(total.value);
        return total;
    }
}

} // namespace modus
