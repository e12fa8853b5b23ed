module;
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>

module modus.autodiff;

#include "maker.hpp"
#include "pass.hpp"

namespace modus {
namespace {

/// What one chunk of the rows adds up.
template <class T> struct Chunk {
    T total;
    std::array<T, 1 + max_inputs> sums; ///< as SumPlaces says
    std::array<TermAdjoint<T>*, max_inputs> adjoints;

    void clear() {
        total = T(0.0);
        sums.fill(T(0.0)); // the factor, too, where no loop runs
    }
    void add(std::size_t arguments, const T& more, const T* more_sums) {
        total += more;
        for (std::size_t j = 0; j < arguments; ++j)
            sums[SumPlaces::of_argument(j)] += more_sums[SumPlaces::of_argument(j)];
        const T& factor = more_sums[SumPlaces::factor(arguments)];
        if (word(factor, 0) != 0) sums[SumPlaces::factor(arguments)] = factor; // else all of it was masked
    }
    /// Adds what run(sums) sums up, which calls a loop.
    template <class Run> void add_loop(std::size_t arguments, const Run& run) {
        std::array<T, 1 + max_inputs> more{};
        const T more_total = run(more.data());
        add(arguments, more_total, more.data());
    }
};

/// The sum of a formula, and its derivatives by all inputs, which are known as soon as it is.
template <class T> struct SumNode : SharingNode<T> {
    static constexpr std::size_t words = words_in<T>;
    const Tape<T>* tape;
    SumLoop<T> loop;
    const void* formula;
    Input<T>* inputs;
    std::size_t count;
    Region region;
    std::size_t block, evaluated; ///< `evaluated`: so many arguments are in scratch memory
    Chunks chunks;
    bool is_simple, is_one_chunk;
    const RowLoops* row_loops;
    Maker maker;
    const Input<T>* predictor;      ///< the only one, where passes do not make it
    const BlockArgument* arguments; ///< of row 0, for loops of the formula's own
    bool sets_adjoints;             ///< of its terms, instead of adding to them
    // Of ProductRows, for other passes of a Hessian: values of the rows, and of the sums over them.
    double *row_values, *column_values;
    Chunk<T>* results; ///< of each chunk; the first one has the total in the end

    /// Finds out how to go about it, and where derivatives go.
    void prepare(Tape<T>& tape) {
        evaluated = 0;
        for (std::size_t j = 0; j < count; ++j)
            evaluated += inputs[j].is_array && inputs[j].is_active && !inputs[j].slot;
        if (is_one_chunk) prepare_one(tape);
        else prepare_chunks(tape);
        choose_maker(tape);
        this->factor = &results->sums[SumPlaces::factor(count)];
        for (std::size_t j = 0; j < count; ++j) {
            const Input<T>& input = inputs[j];
            if (input.way == Way::terms) {
                this->share(tape, input.terms, results->adjoints[j]);
            } else if (input.way != Way::none) {
                this->share(tape, input.slot, input.partials, input.partial_stride, input.size);
            } else if (input.slot) {
                this->share(tape, input.slot, &results->sums[SumPlaces::of_argument(j)]);
            }
        }
    }
    void evaluate() {
        if constexpr (words > 1)
            for (std::size_t j = 0; j < count; ++j)
                for (std::size_t c = 0; c < chunks.size() && inputs[j].way == Way::terms; ++c)
                    find_needless(*tape, inputs[j].terms, results[c].adjoints[j]);
        if (is_one_chunk) sum_chunk(0, 0, region.rows);
        else sum_chunks();
        if (row_values) keep_or_take_column_values();
        for (std::size_t j = 0; j < count; ++j)
            if (inputs[j].way == Way::terms) finish(inputs[j].terms, results->adjoints[j], *this->factor);
        this->value = results->total;
    }

    void push_forward() {
        for (std::size_t j = 0; j < count; ++j) {
            const Input<T>& input = inputs[j];
            if (input.way == Way::terms) {
                for (std::size_t c = 0; c < chunks.size() && !sets_adjoints; ++c)
                    clear(input.terms, results[c].adjoints[j]);
            } else if (input.way == Way::summed) {
                std::fill_n(input.partials, input.size * words, 0.0);
            }
        }
        evaluate();
        this->adjoint = T(0.0);
    }

  private:
    void choose_maker(Tape<T>& tape) {
        maker = Maker::passes;
        sets_adjoints = false;
        row_values = nullptr;
        predictor = lone_predictor(region, inputs, count);
        if (!predictor) return;
        maker = maker_of(region, inputs, *predictor, row_loops);
        if (words > 1 && maker == Maker::product_rows && tape.for_replay) {
            row_values = tape.words(whole_batches(region.rows));
            column_values = tape.words(product_among(predictor->terms)->size);
        }
        if (is_loop_of_formula(maker)) arguments = lasting(tape, arguments_at(0).data(), count);
        sets_adjoints = maker == Maker::columns || (maker == Maker::vector && chunks.size() == 1);
    }
    void keep_or_take_column_values() const {
        const TermAdjoint<T>* adjoint = results->adjoints[static_cast<std::size_t>(predictor - inputs)];
        const Term<T>* term = predictor->terms;
        for (; term->base != Term<T>::Base::product; term = term->next) ++adjoint;
        if (tape->pass.is_another) std::copy_n(column_values, term->size, adjoint->base);
        else std::copy_n(adjoint->base, term->size, column_values);
    }
    /// Adds the formula over rows from `begin` to `end`, unless passes have to make them. Returns where the rest
    /// begins.
    std::size_t sum_predicted(std::size_t begin, std::size_t end, Chunk<T>& chunk) const {
        if (maker == Maker::passes) return begin;
        TermAdjoint<T>* const adjoints = chunk.adjoints[static_cast<std::size_t>(predictor - inputs)];
        if (maker == Maker::product_rows) return sum_product_rows(begin, end, adjoints, chunk);
        if constexpr (std::same_as<T, double>) {
            const auto run = [&]<class Rows>() {
                Rows rows(predictor->terms, adjoints, region.rows);
                rows.begin();
                const auto loop = row_loops->loop_of(rows);
                for (std::size_t first = begin; first < end; first += longest_sum)
                    chunk.add_loop(count, [&](double* sums) {
                        return loop(formula, arguments, first, std::min(longest_sum, end - first), sums, rows);
                    });
                rows.template finish<false>();
            };
            if (maker == Maker::columns) run.template operator()<ColumnSums>();
            if (maker == Maker::groups) run.template operator()<GroupSums>();
            if (maker == Maker::vector) {
                // The loop writes the eight elements at the end: they have to be this chunk's own.
                if (end - begin < fewest_rows) return begin;
                run.template operator()<VectorSums>();
            }
        }
        return end;
    }
    /// Most of the rows or all of them, by ProductRows.
    std::size_t sum_product_rows(std::size_t begin, std::size_t end, TermAdjoint<T>* adjoints, Chunk<T>& chunk) const {
        if (end - begin < ProductRows<T>::fewest_rows) return begin;
        if (!is_simple) end -= (end - begin) % Batch::size; // what is after the last row may not be read
        const bool are_kept = tape->pass.is_another && row_values;
        ProductSums<T> made(predictor->terms, adjoints, region.rows, !are_kept);
        ProductRows<T> source(made, row_values);
        constexpr std::size_t most = words > 2 ? 256 : is_wide ? 512 : 1024; // at once
        const Scratch scratch(2 * words * count * most);
        for (std::size_t first = begin; first < end; first += most) {
            const std::size_t n = std::min(most, end - first);
            auto arguments = arguments_at(first);
            double* room = scratch.data();
            for (std::size_t j = 0; j < count; ++j, room += 2 * words * most) {
                if (!arguments[j].partials) {
                    arguments[j].partials = room + words * most;
                    arguments[j].partial_stride = most;
                }
                if (&inputs[j] != predictor) continue;
                arguments[j].values = are_kept ? row_values + first : room;
                arguments[j].stride = most;
                arguments[j].tangents = room + most;
                source.begin(first, n, room, arguments[j].partials, most);
            }
            chunk.add_loop(count, [&](T* sums) { return loop(formula, arguments.data(), n, sums, &source); });
        }
        source.end();
        made.finish();
        return end;
    }
    /// The arguments from this row on.
    std::array<BlockArgument, max_inputs> arguments_at(std::size_t first) const {
        std::array<BlockArgument, max_inputs> arguments;
        for (std::size_t j = 0; j < count; ++j) {
            const Input<T>& input = inputs[j];
            arguments[j] = row_argument(input);
            if (!input.is_array || input.terms) continue;
            arguments[j].values += first;
            if (input.way != Way::stored) continue;
            arguments[j].partials = input.partials + first;
            arguments[j].partial_stride = input.partial_stride;
        }
        return arguments;
    }

    /// One chunk, with a predictor, without what others need.
    void prepare_one(Tape<T>& tape) {
        results = tape.template make<Chunk<T>>();
        block = block_rows(region, inputs, count);
        for (std::size_t j = 0; j < count; ++j) {
            Input<T>& input = inputs[j];
            if (!input.is_array || !input.is_active) continue;
            if (input.slot) {
                input.way = Way::stored;
                input.partial_stride = whole_batches(region.rows);
                input.partials = tape.words(input.partial_stride * words);
            } else if (input.terms) {
                input.way = Way::terms;
                results->adjoints[j] = term_adjoints(tape, input.terms);
            }
        }
    }
    /// The rows from `first` to `end`, a block at a time, where all is simple.
    void sum_blocks(std::size_t first, std::size_t end, Chunk<T>& chunk) const {
        const std::size_t rows = region.rows;
        const Scratch scratch(2 * words * block * evaluated);
        double* room = scratch.data();
        std::array<BlockArgument, max_inputs> arguments;
        for (std::size_t j = 0; j < count; ++j) {
            const Input<T>& input = inputs[j];
            BlockArgument& argument = arguments[j];
            argument = {input.values, input.stride, nullptr, 0};
            if (!input.is_array || !input.is_active) continue;
            if (input.slot) {
                argument.partials = input.partials;
                argument.partial_stride = input.partial_stride;
                continue;
            }
            argument.partials = room;
            argument.partial_stride = block;
            if (input.terms) {
                argument.values = room + words * block;
                argument.stride = block;
            }
            room += 2 * words * block;
        }
        for (; first < end; first += block) {
            const std::size_t n = std::min(block, end - first);
            for (std::size_t j = 0; j < count; ++j) {
                const Input<T>& input = inputs[j];
                BlockArgument& argument = arguments[j];
                if (input.way == Way::terms) {
                    evaluate_rows(input.terms, rows, first, n, argument.partials + words * block, block);
                } else if (input.is_array) {
                    argument.values = input.values + first;
                    if (input.way == Way::stored) argument.partials = input.partials + first;
                }
            }
            chunk.add_loop(count, [&](T* sums) { return loop(formula, arguments.data(), n, sums, nullptr); });
            for (std::size_t j = 0; j < count; ++j)
                if (inputs[j].way == Way::terms)
                    pull_rows(inputs[j].terms, rows, first, n, arguments[j].partials, block, chunk.adjoints[j]);
        }
    }

    void prepare_chunks(Tape<T>& tape) {
        region = flattened(region, inputs, count);
        const std::size_t size = region.rows * region.columns;
        bool is_divisible = region.columns == 1;
        RowWork work;
        for (std::size_t j = 0; j < count; ++j) {
            Input<T>& input = inputs[j];
            work.numbers += input.is_array;
            if (input.terms) {
                input.way = Way::terms;
                work.add(input.terms);
            } else if (input.is_array && input.slot) {
                const bool is_full = input.size == size;
                input.way = is_full ? Way::stored : Way::summed;
                input.partial_stride = is_full ? padded(size) : input.size;
                input.partials = is_full ? tape.words(input.partial_stride * words) : tape.adjoints(input.size).word;
                is_divisible = is_divisible && is_full;
                ++work.numbers;
            }
        }

        chunks = is_divisible ? work.chunks(region.rows) : Chunks(region.rows);
        block = block_rows(region, inputs, count);
        results = tape.template make<Chunk<T>>((chunks.size() - 1) * sizeof(Chunk<T>));
        for (std::size_t c = 0; c < chunks.size(); ++c)
            for (std::size_t j = 0; j < count; ++j)
                if (inputs[j].way == Way::terms)
                    results[c].adjoints[j] = term_adjoints(tape, inputs[j].terms, c ? results[0].adjoints[j] : nullptr);
    }
    void sum_chunk(std::size_t c, std::size_t begin, std::size_t end) const {
        Chunk<T>& chunk = results[c];
        chunk.clear();
        begin = sum_predicted(begin, end, chunk);
        if (is_simple) {
            if (begin < end) sum_blocks(begin, end, chunk);
        } else {
            const auto run = [&](const BlockArgument* arguments, std::size_t n, std::size_t) {
                chunk.add_loop(count, [&](T* sums) { return loop(formula, arguments, n, sums, nullptr); });
            };
            Pass<T> pass(region, inputs, count, block);
            for (std::size_t column = 0; column < region.columns; ++column)
                pass.rows(column, begin, end, chunk.adjoints.data(), run);
        }
    }
    void sum_chunks() {
        chunks.for_each([this](std::size_t c, std::size_t begin, std::size_t end) { sum_chunk(c, begin, end); });

        Chunk<T>& total = results[0];
        for (std::size_t c = 1; c < chunks.size(); ++c) {
            total.add(count, results[c].total, results[c].sums.data());
            for (std::size_t j = 0; j < count; ++j)
                if (inputs[j].way == Way::terms)
                    add_adjoints(inputs[j].terms, total.adjoints[j], results[c].adjoints[j]);
        }
    }
};

} // namespace

template <class T> Var<T> sum_on_tape(Tape<T>& tape, const Region& region, SumLoop<T> loop, const void* formula,
                                      Input<T>* inputs, std::size_t count, const RowLoops* row_loops) {
    const bool is_plain = is_simple(region, inputs, count), is_one_chunk = is_plain && region.rows <= chunk_rows;
    if (is_one_chunk && !has_terms(inputs, count))
        return direct_sum_on_tape(tape, region.rows, loop, formula, inputs, count);
    if constexpr (std::same_as<T, double>)
        if (const auto* predictor = is_one_chunk ? lone_predictor(region, inputs, count) : nullptr)
            if (const Maker maker = maker_of(region, inputs, *predictor, row_loops); is_loop_of_formula(maker))
                return predicted_sum_on_tape(tape, region.rows, *row_loops, maker, formula, inputs, count);
    auto* node = tape.template make<SumNode<T>>();
    node->tape = &tape;
    node->loop = loop;
    node->formula = formula;
    node->inputs = tape.for_replay ? lasting(tape, inputs, count) : inputs;
    node->count = count;
    node->region = region;
    node->row_loops = row_loops;
    node->is_simple = is_plain;
    node->is_one_chunk = is_one_chunk;
    node->prepare(tape);
    node->evaluate();
    return result_of(tape, *node);
}

#define MODUS_INSTANTIATE(T)                                                                                           \
    template Var<T> sum_on_tape(Tape<T>&, const Region&, SumLoop<T>, const void*, Input<T>*, std::size_t,              \
                                const RowLoops*);
MODUS_INSTANTIATE(double)
MODUS_INSTANTIATE(Directional)
MODUS_INSTANTIATE(Directions)

} // namespace modus
