// The loops of `:row_loops`, for an implementation unit that wants to compile them for a formula.
export module modus.autodiff:register_rows;

import modus.standard;
import :adder;
import :array;
import :batch;
import :order;
import :predictor;
import :row_loops;
import :summand;
import :tape_array;

export namespace modus {

/// Of formula F with arguments A over double, of which number P is the predictor.
template <std::size_t P, class F, class... A> class RegisterRows {
    static_assert((std::size_t{on_tape<A> && AnyArray<A>} + ...) == 1, "the predictor is the only array on the tape");
    using Order = FirstOrder<F, A...>;
    template <bool has_unit> using Sums = Adder<double, Order, has_unit, A...>;
    static constexpr bool leaves_logarithms = Sums<false>::leaves_logarithms;

    /// Adds f of eight rows from k on whose predictor this is, or of those that count. Returns the derivative by it.
    template <class S, class Counts = All> [[clang::always_inline]] static inline Batch
    add(const Order& f, S& sums, std::size_t k, const Batch& predictor, const Counts& counts = {}) {
        Batch result;
        sums.add(
            f, f.template at<P>(k, predictor), [&]<std::size_t I>(const Batch& partial) { result = partial; }, counts);
        return result;
    }

    /// Calls add_at(k, counts) for each eight rows from k on. Where the last ones are fewer, it looks back at some that
    /// do not count again.
    template <class AddAt> [[clang::always_inline]] static inline void
    for_each_batch(std::size_t first, std::size_t count, const AddAt& add_at) {
        const std::size_t end = first + count, rest = count % Batch::size;
        for (std::size_t k = first; k < end - rest; k += Batch::size) add_at(k, All{});
        if (rest > 0) add_at(end - Batch::size, last_lanes(static_cast<long>(rest)));
    }

    template <std::size_t columns, bool has_unit = false>
    static double products(const void* formula, const BlockArgument* arguments, std::size_t first, std::size_t count,
                           double* sums, ColumnSums& rows) {
        Order f(*static_cast<const F*>(formula), arguments);
        const auto run = [&] {
            Sums<has_unit> adder(f);
            if constexpr (adder.may_need_unit)
                if (adder.needs_unit()) [[unlikely]]
                    return products<columns, true>(formula, arguments, first, count, sums, rows);
            const Term<double>& term = *rows.product;
            const double scale = term.scale();
            std::array<double, columns> weights; // of our own: what is stored may be anywhere else, for the compiler
            for (std::size_t d = 0; d < columns; ++d) weights[d] = scale * term.values[d];
            std::array<Batch, columns> by_column;
            by_column.fill(Batch(0.0));
            Batch total(0.0);
            const Batch start(rows.start);
            const double* const matrix = term.matrix;
            const std::size_t leading = rows.leading;
            const auto add_at = [&](std::size_t k, const auto& counts) {
                // As if they had changed: else all are in registers before the loop starts, of which there are too few,
                // and the compiler shuffles the sums about.
                if constexpr (columns > few_columns) asm("" : "+m"(weights));
                Batch even = start, odd; // neither waits for all products
#pragma clang loop unroll(full)
                for (std::size_t d = 0; d < columns; ++d) {
                    const Batch part = Batch::load(matrix + d * leading + k) * Batch(weights[d]);
                    if (d == 1) odd = part; // not 0 and a product, which takes a register more
                    else (d % 2 ? odd : even) += part;
                }
                const Batch r = add(f, adder, k, columns > 1 ? even + odd : even, counts);
                total += r;
                // An exponential needs registers: X is loaded once more, as the loop does not wait for it.
                const double* again = matrix;
                if constexpr (leaves_logarithms && columns > few_columns) asm("" : "+r"(again));
#pragma clang loop unroll(full)
                for (std::size_t d = 0; d < columns; ++d) by_column[d] += Batch::load(again + d * leading + k) * r;
            };
            for_each_batch(first, count, add_at);
            const double result = adder.finish(f, count, sums);
            double* const to = rows.by_column;
            if (rows.is_begun)
                for (std::size_t d = 0; d < columns; ++d) to[d] += sum(by_column[d]);
            else
                for (std::size_t d = 0; d < columns; ++d) to[d] = sum(by_column[d]);
            rows.is_begun = true;
            rows.total += sum(total);
            return result;
        };
        [[clang::always_inline]] return run(); // see sum_loop
    }

    /// Runs of sixteen rows or fewer, as most are, take the same way, whatever their length: two batches, of which the
    /// second may be empty. There is no branch to be predicted.
    template <bool has_slope, bool has_unit = false>
    static double groups(const void* formula, const BlockArgument* arguments, std::size_t first, std::size_t count,
                         double* sums, GroupSums& rows) {
        Order f(*static_cast<const F*>(formula), arguments);
        const auto run_all = [&] {
            Sums<has_unit> adder(f);
            if constexpr (adder.may_need_unit)
                if (adder.needs_unit()) [[unlikely]]
                    return groups<has_slope, true>(formula, arguments, first, count, sums, rows);
            Batch by_slope(0.0), total(0.0);
            const Term<double>& term = *rows.groups;
            const double scale = term.scale(), start = rows.start;
            const double* const x = has_slope ? rows.slope->values : nullptr;
            const Batch slope(has_slope ? rows.slope->scale() : 0.0);
            const std::size_t end_of_rows = first + count;
            [[maybe_unused]] std::size_t factors = 0; // of which logarithms are left
            const std::uint32_t* run = std::upper_bound(term.runs, term.runs + term.run_count, first) - 1;
            for (std::size_t k = first; k < end_of_rows; ++run) {
                const std::size_t end = std::min<std::size_t>(run[1], end_of_rows);
                const auto group = static_cast<std::size_t>(term.index[*run]);
                const Batch value(start + scale * term.values[group]);
                if constexpr (leaves_logarithms) {
                    const std::size_t batches = (end - k) / Batch::size + 2; // or one less
                    if (factors + batches > most_factors) {
                        adder.take_logarithms();
                        factors = 0;
                    }
                    factors += batches;
                }
                Batch by_group(0.0);
                const auto add_at = [&](std::size_t at, const auto& counts) {
                    Batch predictor = value, row(0.0);
                    if constexpr (has_slope) {
                        row = Batch::load(x + at);
                        predictor += slope * row;
                    }
                    const Batch r = add(f, adder, at, predictor, counts);
                    by_group += r;
                    if constexpr (has_slope) by_slope += r * row;
                };
                for (; k + 2 * Batch::size < end; k += Batch::size) add_at(k, All{});
                const auto left = static_cast<long>(end - k);
                if (k + 2 * Batch::size <= end_of_rows) {
                    add_at(k, first_lanes(left));
                    add_at(k + Batch::size, first_lanes(left - long{Batch::size}));
                } else { // no further than the end
                    if (left > long{Batch::size}) {
                        add_at(k, All{});
                        k += Batch::size;
                    }
                    add_at(end - Batch::size, last_lanes(static_cast<long>(end - k)));
                }
                k = end;
                total += by_group;
                rows.by_group[group] += sum(by_group);
            }
            const double result = adder.finish(f, count, sums);
            rows.by_slope += sum(by_slope);
            rows.total += sum(total);
            return result;
        };
        [[clang::always_inline]] return run_all();
    }

    /// The same of groups in any order: what is gathered row by row goes back row by row.
    template <bool has_slope, bool has_unit = false>
    static double scattered(const void* formula, const BlockArgument* arguments, std::size_t first, std::size_t count,
                            double* sums, GroupSums& rows) {
        Order f(*static_cast<const F*>(formula), arguments);
        const auto run = [&] {
            Sums<has_unit> adder(f);
            if constexpr (adder.may_need_unit)
                if (adder.needs_unit()) [[unlikely]]
                    return scattered<has_slope, true>(formula, arguments, first, count, sums, rows);
            Batch by_slope(0.0), total(0.0);
            const Term<double>& term = *rows.groups;
            const Batch scale(term.scale()), start(rows.start);
            const double *const values = term.values, *const x = has_slope ? rows.slope->values : nullptr;
            const Batch slope(has_slope ? rows.slope->scale() : 0.0);
            double* const by_group = rows.by_group;
            const auto add_at = [&](std::size_t k, const auto& counts) {
                const Integer* const index = term.index + k;
                Batch predictor = start + scale * Batch::gather(values, index), row(0.0);
                if constexpr (has_slope) {
                    row = Batch::load(x + k);
                    predictor += slope * row;
                }
                const Batch r = add(f, adder, k, predictor, counts);
                total += r;
                if constexpr (has_slope) by_slope += r * row;
                std::array<double, Batch::size> parts;
                r.store(parts.data());
                for (std::size_t j = 0; j < Batch::size; ++j) by_group[index[j]] += parts[j];
            };
            for_each_batch(first, count, add_at);
            const double result = adder.finish(f, count, sums);
            rows.by_slope += sum(by_slope);
            rows.total += sum(total);
            return result;
        };
        [[clang::always_inline]] return run();
    }

    /// `is_active`: the vector is on the tape.
    template <bool is_active, bool has_unit = false>
    static double vector(const void* formula, const BlockArgument* arguments, std::size_t first, std::size_t count,
                         double* sums, VectorSums& rows) {
        Order f(*static_cast<const F*>(formula), arguments);
        const auto run = [&] {
            Sums<has_unit> adder(f);
            if constexpr (adder.may_need_unit)
                if (adder.needs_unit()) [[unlikely]]
                    return vector<is_active, true>(formula, arguments, first, count, sums, rows);
            Batch by_factor(0.0), total(0.0);
            const double* const values = rows.vector->values;
            double* const by_element = rows.by_element;
            const Batch start(rows.start), scale(rows.vector->scale());
            const auto add_at = [&]<class Counts>(std::size_t k, const Counts& counts) {
                const Batch x = Batch::load(values + k), r = add(f, adder, k, start + scale * x, counts);
                total += r;
                by_factor += x * r;
                if constexpr (is_active) {
                    Batch partial = scale * r;
                    if constexpr (!std::same_as<Counts, All>)
                        partial = select(counts, partial, Batch::load(by_element + k));
                    partial.store(by_element + k);
                }
            };
            for_each_batch(first, count, add_at);
            const double result = adder.finish(f, count, sums);
            rows.by_factor += sum(by_factor);
            rows.total += sum(total);
            return result;
        };
        [[clang::always_inline]] return run();
    }

    static constexpr std::size_t few_columns = 6; // whose weights, numbers and sums stay in registers

  public:
    static constexpr RowLoops loops = []<std::size_t... D>(std::index_sequence<D...>) {
        return RowLoops{P,
                        {products<D + 1>...},
                        {groups<false>, groups<true>},
                        {scattered<false>, scattered<true>},
                        {vector<false>, vector<true>}};
    }(std::make_index_sequence<most_columns_in_registers>());
};

} // namespace modus
