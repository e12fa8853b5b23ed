module;
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <memory>
#include <tbb/parallel_for.h>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

module modus.autodiff;

#include "batch_memory.hpp"
#include "sum_node.hpp"

namespace modus {
namespace {

constexpr std::size_t chunk_rows = 1024;          // summed up apart from each other, whatever the number of threads
constexpr std::size_t parallel_numbers = 1 << 18; // fewer are done before another thread has woken up

/// n words, uninitialized: few of them on the stack, else of the pool.
class Scratch {
  public:
    explicit Scratch(std::size_t words)
        : bytes_(words * sizeof(double)),
          words_(words <= few ? few_words_ : static_cast<double*>(pool_allocate(bytes_))) {}
    Scratch(const Scratch&) = delete;
    ~Scratch() {
        if (words_ != few_words_) pool_release(words_, bytes_);
    }
    double* data() const { return words_; }

  private:
    static constexpr std::size_t few = 512;
    std::size_t bytes_;
    double* words_;
    alignas(64) double few_words_[few];
};

/// A column where the region is flat in memory, so that rows alone are left.
template <class T> Region flattened(Region region, Input<T>* inputs, std::size_t count) {
    if (region.columns == 1) return region;
    bool is_flat = !region.mask || (region.mask_row == 1 && region.mask_column == region.rows);
    for (std::size_t j = 0; j < count; ++j) {
        const Input<T>& input = inputs[j];
        is_flat = is_flat && (!input.is_array || (input.row_step == 1 && input.column_step == region.rows));
    }
    if (is_flat) {
        region.rows *= region.columns;
        region.columns = 1;
    } else if (region.rows == 1) {
        region.rows = region.columns;
        region.columns = 1;
        region.mask_row = region.mask_column;
        for (std::size_t j = 0; j < count; ++j) inputs[j].row_step = inputs[j].column_step;
    }
    return region;
}

/// Every `step`-th of these numbers, which may be integers.
void copy_words(const double* from, std::size_t step, std::size_t n, double* out) {
    for (std::size_t k = 0; k < n; ++k) std::memcpy(out + k, from + k * step, sizeof(double));
}

/// Feeds a formula's loop with pieces of a region, in scratch memory where they are not contiguous, not readable in
/// whole batches, masked, or not yet evaluated.
template <class T> class Pass {
  public:
    static constexpr std::size_t words = words_in<T>;

    Pass(const Region& region, const Input<T>* inputs, std::size_t count, std::size_t block)
        : region_(region),
          inputs_(inputs),
          count_(count),
          block_(block),
          scratch_(2 * words * count * block + (region.mask ? block : 0)) {}

    /// Rows [first, last) of a column. `run(arguments, n, place)` calls the loop for n numbers; `place` is where the
    /// first of them is in the region, unless there is a mask.
    template <class Run> void rows(std::size_t column, std::size_t first, std::size_t last,
                                   TermAdjoint<T>* const* adjoints, const Run& run) {
        for (; first < last; first += block_) {
            const std::size_t n = std::min(block_, last - first);
            std::array<BlockArgument, max_inputs> arguments;
            for (std::size_t j = 0; j < count_; ++j) arguments[j] = argument(j, column, first, n);
            if (region_.mask) {
                const std::size_t kept = compress(column, first, n);
                if (kept > 0) run(arguments.data(), kept, 0);
                expand(kept, n);
            } else {
                run(arguments.data(), n, first + column * region_.rows);
            }
            for (std::size_t j = 0; j < count_; ++j) take(j, column, first, n, arguments[j], adjoints);
        }
    }

  private:
    double* values_of(std::size_t j) const { return scratch_.data() + 2 * words * block_ * j; }
    double* partials_of(std::size_t j) const { return values_of(j) + words * block_; }
    double* kept_rows() const { return scratch_.data() + 2 * words * block_ * count_; }
    std::size_t planes_of(std::size_t j) const { return inputs_[j].is_active ? words : 1; }

    BlockArgument argument(std::size_t j, std::size_t column, std::size_t first, std::size_t n) const {
        const Input<T>& input = inputs_[j];
        BlockArgument result{input.values, input.stride, partials_of(j), block_};
        if (input.way == Way::stored && !region_.mask) {
            result.partials = input.partials + first + column * region_.rows;
            result.partial_stride = input.partial_stride;
        }
        if (!input.is_array) return result;
        const std::size_t start = first * input.row_step + column * input.column_step;
        const bool has_planes = planes_of(j) == 1 || input.stride > 0;
        if (input.is_padded && input.row_step == 1 && has_planes && !region_.mask) {
            result.values = input.values + start;
            return result;
        }
        double* out = values_of(j);
        result.values = out;
        result.stride = block_;
        if (input.terms) {
            evaluate_rows(input.terms, region_.rows, first, n, out, block_);
        } else {
            for (std::size_t p = 0; p < planes_of(j); ++p)
                if (p == 0 || input.stride > 0)
                    copy_words(input.values + p * input.stride + start, input.row_step, n, out + p * block_);
                else std::fill_n(out + p * block_, n, 0.0); // data have no tangents
        }
        return result;
    }

    /// Moves the numbers that the mask keeps together; says how many.
    std::size_t compress(std::size_t column, std::size_t first, std::size_t n) const {
        std::size_t kept = 0;
        for (std::size_t k = 0; k < n; ++k) {
            if (region_.mask[(first + k) * region_.mask_row + column * region_.mask_column] == 0) continue;
            for (std::size_t j = 0; j < count_; ++j)
                if (inputs_[j].is_array)
                    for (std::size_t p = 0; p < planes_of(j); ++p)
                        copy_words(values_of(j) + p * block_ + k, 1, 1, values_of(j) + p * block_ + kept);
            kept_rows()[kept++] = static_cast<double>(k);
        }
        return kept;
    }
    /// Moves partials back to their rows; those of masked rows are 0.
    void expand(std::size_t kept, std::size_t n) const {
        for (std::size_t j = 0; j < count_; ++j)
            for (std::size_t p = 0; inputs_[j].way != Way::none && p < words; ++p) {
                double* partials = partials_of(j) + p * block_;
                std::size_t next = kept;
                for (std::size_t k = n; k-- > 0;) {
                    const bool is_kept = next > 0 && kept_rows()[next - 1] == static_cast<double>(k);
                    partials[k] = is_kept ? partials[--next] : 0.0;
                }
            }
    }

    /// Sends the partials of a piece on their way.
    void take(std::size_t j, std::size_t column, std::size_t first, std::size_t n, const BlockArgument& argument,
              TermAdjoint<T>* const* adjoints) const {
        const Input<T>& input = inputs_[j];
        if (input.way == Way::none) return;
        if (input.way == Way::terms)
            return pull_rows(input.terms, region_.rows, first, n, argument.partials, argument.partial_stride,
                             adjoints[j]);
        if (argument.partials != partials_of(j)) return;
        for (std::size_t p = 0; p < words; ++p) {
            const double* partials = argument.partials + p * block_;
            double* to = input.partials + p * input.partial_stride;
            if (input.way == Way::stored) std::copy_n(partials, n, to + first + column * region_.rows);
            else
                for (std::size_t k = 0; k < n; ++k)
                    to[(first + k) * input.row_step + column * input.column_step] += partials[k];
        }
    }

    const Region& region_;
    const Input<T>* inputs_;
    std::size_t count_, block_;
    Scratch scratch_;
};

/// Calls loop(arguments, size) for the whole batches among n numbers, and rest(arguments, count) for the last batch, of
/// which fewer are meant.
template <class T, class Loop, class Rest> void in_batches(const Input<T>* inputs, std::size_t count,
                                                           const BlockArgument* arguments, std::size_t n,
                                                           const Loop& loop, const Rest& rest) {
    const std::size_t whole = n / Batch::size * Batch::size;
    if (whole > 0) loop(arguments, whole);
    if (whole == n) return;
    std::array<BlockArgument, max_inputs> last;
    for (std::size_t j = 0; j < count; ++j) {
        last[j] = arguments[j];
        if (inputs[j].is_array) last[j].values += whole;
        if (last[j].partials) last[j].partials += whole; // none where they are summed up
    }
    rest(last.data(), n - whole);
}

/// Rows that are worked on while they are in the first-level cache.
template <class T> std::size_t block_rows(const Region& region, const Input<T>* inputs, std::size_t count) {
    const std::size_t needed = std::max(whole_batches(region.rows), Batch::size);
    if (needed <= 128) return needed; // whatever the columns
    std::size_t columns = 0;
    for (std::size_t j = 0; j < count; ++j)
        for (const Term<T>* term = inputs[j].terms; term; term = term->next)
            if (term->base == Term<T>::Base::product) columns += term->size;
    // X is in the second-level cache when it comes back, and with few columns in the first; with very many, long runs
    // down a column are what matters.
    constexpr std::size_t longest = 512;
    static_assert(longest <= longest_sum);
    const std::size_t rows = columns == 0 ? longest : columns <= 32 ? 256 : columns <= 1024 ? 128 : longest;
    return std::min(rows, needed);
}

/// Room for whole batches at the end of each column.
std::size_t padded(std::size_t size) { return (size / Batch::size + 2) * Batch::size; }

template <class T> LoopSums<T> no_sums(std::size_t count) {
    LoopSums<T> sums; // the rest is not looked at
    std::fill_n(sums.begin(), 1 + count, batch_t<T>(0.0));
    sums[SumPlaces::factor(count)] = batch_t<T>(1.0);
    return sums;
}

/// Whether there is one chunk to sum up, all of which can be read as it is, or as terms: no broadcasting, no mask.
template <class T> bool is_simple(const Region& region, const Input<T>* inputs, std::size_t count) {
    if (region.rows > chunk_rows || region.columns > 1 || region.mask) return false;
    for (std::size_t j = 0; j < count; ++j) {
        const Input<T>& input = inputs[j];
        if (!input.is_array || input.terms) continue;
        if (!input.is_padded || (input.row_step != 1 && region.rows != 1)) return false;
        if (words_in<T> > 1 && input.is_active && input.stride == 0) return false;
    }
    return true;
}
template <class T> bool has_terms(const Input<T>* inputs, std::size_t count) {
    return std::any_of(inputs, inputs + count, [](const Input<T>& input) { return input.terms != nullptr; });
}

/// The argument that is a predictor with terms; none where there is no such argument, or something else that has to be
/// evaluated or summed up on the way.
const Input<double>* lone_predictor(const Region& region, const Input<double>* inputs, std::size_t count) {
    if (region.columns > 1 || region.mask) return nullptr;
    const Input<double>* found = nullptr;
    for (std::size_t j = 0; j < count; ++j) {
        const Input<double>& input = inputs[j];
        if (input.is_array && input.row_step != 1) return nullptr;
        if (!input.terms) continue;
        if (found) return nullptr;
        found = &input;
    }
    return found;
}

/// What one chunk of the rows adds up.
template <class T> struct Chunk {
    std::array<T, 2 + max_inputs> sums; ///< as SumPlaces says
    std::array<TermAdjoint<T>*, max_inputs> adjoints;
};

/// The sum of a formula, and its derivatives by all inputs, which are known as soon as it is.
template <class T> struct SumNode : SharingNode<T> {
    static constexpr std::size_t words = words_in<T>;
    SumLoop<T> loop;
    const void* formula;
    Input<T>* inputs;
    std::size_t count;
    Region region;
    std::size_t block, chunks, per_chunk, evaluated; ///< `evaluated`: so many arguments are in scratch memory
    bool is_simple;
    const RowLoops* row_loops;
    /// Who makes the rows of predictors: passes over a block, ProductRows, or loops of the formula's own.
    enum class Maker { passes, product_rows, columns, groups, vector } maker;
    const Input<T>* predictor;      ///< the only one, where passes do not make it
    const BlockArgument* arguments; ///< of row 0, there
    bool sets_adjoints;             ///< of its terms, instead of adding to them
    Chunk<T>* results;              ///< of each chunk; the first one has the total in the end

    /// Finds out how to go about it, and where derivatives go.
    void prepare(Tape<T>& tape) {
        chunks = 1;
        if (is_simple) prepare_simple(tape);
        else prepare_chunks(tape);
        choose_maker(tape);
        this->factor = &results->sums[SumPlaces::factor(count)];
        for (std::size_t j = 0; j < count; ++j) {
            const Input<T>& input = inputs[j];
            if (input.way == Way::terms) {
                const TermAdjoint<T>* adjoint = results->adjoints[j];
                for (const Term<T>* term = input.terms; term; term = term->next, ++adjoint) {
                    if (term->slot) this->share(tape, term->slot, adjoint->base, adjoint->stride, term->size);
                    if (term->factor_slot) this->share(tape, term->factor_slot, &adjoint->factor, true);
                }
            } else if (input.way != Way::none) {
                this->share(tape, input.slot, input.partials, input.partial_stride, input.size);
            } else if (input.slot) {
                this->share(tape, input.slot, &results->sums[SumPlaces::of_argument(j)], false);
            }
        }
    }
    void evaluate() {
        if (is_simple) sum_simply();
        else sum_chunks();
        for (std::size_t j = 0; j < count; ++j)
            if (inputs[j].way == Way::terms) finish(inputs[j].terms, results->adjoints[j]);
        this->value = results->sums[0];
    }

    void push_forward() {
        for (std::size_t j = 0; j < count; ++j) {
            const Input<T>& input = inputs[j];
            if (input.way == Way::terms) {
                refresh(input.terms);
                for (std::size_t c = 0; c < chunks && !sets_adjoints; ++c) clear(input.terms, results[c].adjoints[j]);
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
        if constexpr (std::same_as<T, double>) {
            predictor = lone_predictor(region, inputs, count);
            if (!predictor) return;
            const Term<T>* const terms = predictor->terms;
            const Term<T>* const product = ProductSums::product_among(terms);
            const bool has_loops =
                row_loops && predictor == inputs + row_loops->predictor && region.rows >= fewest_rows;
            if (product && has_loops && product->size > 0 && product->size <= most_columns_in_registers)
                maker = Maker::columns;
            // Registers of half the size would hold the sums of too few rows: the passes apart from each other are
            // faster then.
            else if (product && sizeof(Register) == sizeof(Batch)) maker = Maker::product_rows;
            else if (has_loops && region.rows >= fewest_rows_in_groups && GroupSums::serves(terms))
                maker = Maker::groups;
            else if (has_loops && VectorSums::serves(terms)) maker = Maker::vector;
            if (maker != Maker::passes) arguments = lasting(tape, arguments_at(0).data(), count);
            sets_adjoints = maker == Maker::columns || (maker == Maker::vector && chunks == 1);
        }
    }
    /// Adds the formula over rows from `begin` to `end`, unless passes have to make them. Returns where the rest
    /// begins.
    std::size_t sum_predicted(std::size_t begin, std::size_t end, Chunk<T>& chunk, batch_t<T>* sums) const {
        if constexpr (std::same_as<T, double>) {
            if (maker == Maker::passes) return begin;
            TermAdjoint<T>* const adjoints = chunk.adjoints[static_cast<std::size_t>(predictor - inputs)];
            const auto run = [&](auto loop, auto& rows) {
                for (std::size_t first = begin; first < end; first += longest_sum)
                    loop(formula, arguments, first, std::min(longest_sum, end - first), sums, rows);
            };
            switch (maker) {
            case Maker::passes: break;
            case Maker::product_rows: return sum_product_rows(begin, end, adjoints, sums);
            case Maker::columns: {
                ProductSums rows(predictor->terms, region.rows);
                run(row_loops->products[rows.product->size - 1], rows);
                rows.finish(adjoints);
                break;
            }
            case Maker::groups: {
                GroupSums rows(predictor->terms, adjoints);
                run(rows.slope ? row_loops->groups_with_slope : row_loops->groups, rows);
                rows.finish();
                break;
            }
            case Maker::vector: {
                // The loop writes the eight elements at the end: they have to be this chunk's own.
                if (end - begin < fewest_rows) return begin;
                VectorSums rows(predictor->terms, adjoints);
                run(rows.by_element ? row_loops->vector : row_loops->data, rows);
                rows.finish();
                break;
            }
            }
            return end;
        } else {
            return begin;
        }
    }
    /// Most of the rows, by ProductRows.
    std::size_t sum_product_rows(std::size_t begin, std::size_t end, TermAdjoint<T>* adjoints, Batch* sums) const {
        const std::size_t whole = (end - begin) / ProductRows::rows_at_once * ProductRows::rows_at_once;
        if (whole < 2 * ProductRows::rows_at_once) return begin; // not worth it
        ProductSums made(predictor->terms, region.rows);
        ProductRows source(made);
        constexpr std::size_t most = 512; // at once
        const Scratch scratch(2 * count * most);
        for (std::size_t first = begin; first < begin + whole; first += most) {
            const std::size_t n = std::min(most, begin + whole - first);
            auto arguments = arguments_at(first);
            double* room = scratch.data();
            for (std::size_t j = 0; j < count; ++j, room += 2 * most) {
                if (!arguments[j].partials) arguments[j].partials = room + most;
                if (&inputs[j] != predictor) continue;
                arguments[j].values = room;
                source.begin(first, room, arguments[j].partials);
            }
            loop(formula, arguments.data(), n, sums, &source);
        }
        source.end();
        made.finish(adjoints);
        return begin + whole;
    }
    /// The arguments from this row on. Those of a predictor are to be made; what a loop takes from scalars alone it
    /// takes at number 0, where something has to be.
    std::array<BlockArgument, max_inputs> arguments_at(std::size_t first) const {
        std::array<BlockArgument, max_inputs> arguments;
        for (std::size_t j = 0; j < count; ++j) {
            const Input<T>& input = inputs[j];
            arguments[j] = {input.values, 0, nullptr, 0};
            static constexpr std::array<double, Batch::size> zeros{};
            if (input.terms) arguments[j].values = zeros.data();
            if (!input.is_array || input.terms) continue;
            arguments[j].values += first;
            if (input.way == Way::stored) arguments[j].partials = input.partials + first;
        }
        return arguments;
    }

    /// One chunk without what the others need: most models have many small ones.
    void prepare_simple(Tape<T>& tape) {
        results = tape.template make<Chunk<T>>();
        block = block_rows(region, inputs, count);
        evaluated = 0;
        for (std::size_t j = 0; j < count; ++j) {
            Input<T>& input = inputs[j];
            if (!input.is_array || !input.is_active) continue;
            if (input.slot) {
                input.way = Way::stored;
                input.partial_stride = whole_batches(region.rows);
                input.partials = tape.words(input.partial_stride * words);
                continue;
            }
            ++evaluated;
            if (input.terms) {
                input.way = Way::terms;
                results->adjoints[j] = term_adjoints(tape, input.terms);
            }
        }
    }
    void sum_simply() {
        auto sums = no_sums<T>(count);
        const std::size_t first = sum_predicted(0, region.rows, *results, sums.data());
        if (first < region.rows) sum_blocks(first, sums.data());
        results->sums[0] = reduced<T>(sums[0]);
        for (std::size_t j = 0; j < count; ++j)
            if (!inputs[j].is_array && inputs[j].slot) results->sums[1 + j] = reduced<T>(sums[1 + j]);
        results->sums[SumPlaces::factor(count)] = first_lane<T>(sums[SumPlaces::factor(count)]);
    }
    /// The rows from `first` on, a block at a time.
    void sum_blocks(std::size_t first, batch_t<T>* sums) {
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
        for (; first < rows; first += block) {
            const std::size_t n = std::min(block, rows - first);
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
            loop(formula, arguments.data(), n, sums, nullptr);
            for (std::size_t j = 0; j < count; ++j)
                if (inputs[j].way == Way::terms)
                    pull_rows(inputs[j].terms, rows, first, n, arguments[j].partials, block, results->adjoints[j]);
        }
    }

    void prepare_chunks(Tape<T>& tape) {
        region = flattened(region, inputs, count);
        const std::size_t size = region.rows * region.columns;
        bool is_divisible = region.columns == 1;
        std::size_t columns = 0, summed = 0;
        for (std::size_t j = 0; j < count; ++j) {
            Input<T>& input = inputs[j];
            columns += input.is_array;
            if (input.terms) {
                input.way = Way::terms;
                for (const Term<T>* term = input.terms; term; term = term->next) {
                    if (term->base == Term<T>::Base::product) columns += term->size;
                    if (term->base == Term<T>::Base::gather) summed += term->size;
                }
            } else if (input.is_array && input.slot) {
                const bool is_full = input.size == size;
                input.way = is_full ? Way::stored : Way::summed;
                input.partial_stride = is_full ? padded(size) : input.size;
                input.partials = is_full ? tape.words(input.partial_stride * words) : tape.adjoints(input.size).word;
                is_divisible = is_divisible && is_full;
            }
        }

        // Chunks depend on the shapes alone. Where each would have sums of many groups, there are fewer.
        const bool is_parallel = is_divisible && size * columns >= parallel_numbers;
        if (is_parallel) chunks = (region.rows + chunk_rows - 1) / chunk_rows;
        if (summed > 0) chunks = std::clamp<std::size_t>(size / (4 * summed), 1, chunks);
        per_chunk = whole_batches((region.rows + chunks - 1) / chunks);
        block = block_rows(region, inputs, count);
        results = tape.template make<Chunk<T>>((chunks - 1) * sizeof(Chunk<T>));
        for (std::size_t c = 0; c < chunks; ++c)
            for (std::size_t j = 0; j < count; ++j)
                if (inputs[j].way == Way::terms)
                    results[c].adjoints[j] = term_adjoints(tape, inputs[j].terms, c ? results[0].adjoints[j] : nullptr);
    }
    void sum_chunks() {
        const auto do_chunk = [this](std::size_t c) {
            Chunk<T>& chunk = results[c];
            auto sums = no_sums<T>(count);
            const auto run = [&](const BlockArgument* arguments, std::size_t n, std::size_t) {
                loop(formula, arguments, n, sums.data(), nullptr);
            };
            Pass<T> pass(region, inputs, count, block);
            const std::size_t end = std::min(region.rows, (c + 1) * per_chunk);
            const std::size_t begin = sum_predicted(c * per_chunk, end, chunk, sums.data());
            for (std::size_t column = 0; column < region.columns; ++column)
                pass.rows(column, begin, end, chunk.adjoints.data(), run);
            for (std::size_t j = 0; j <= count; ++j) chunk.sums[j] = reduced<T>(sums[j]);
            chunk.sums[SumPlaces::factor(count)] = first_lane<T>(sums[SumPlaces::factor(count)]);
        };
        if (chunks > 1) tbb::parallel_for(std::size_t{0}, chunks, do_chunk);
        else do_chunk(0);

        Chunk<T>& total = results[0];
        for (std::size_t c = 1; c < chunks; ++c) {
            for (std::size_t j = 0; j <= count; ++j) total.sums[j] += results[c].sums[j];
            for (std::size_t j = 0; j < count; ++j)
                if (inputs[j].way == Way::terms)
                    add_adjoints(inputs[j].terms, total.adjoints[j], results[c].adjoints[j]);
        }
    }
};

} // namespace

template <class T> Var<T> sum_on_tape(Tape<T>& tape, const Region& region, SumLoop<T> loop, const void* formula,
                                      Input<T>* inputs, std::size_t count, const RowLoops* row_loops) {
    const bool is_one_pass = is_simple(region, inputs, count);
    if (is_one_pass && !has_terms(inputs, count))
        return direct_sum_on_tape(tape, region.rows, loop, formula, inputs, count);
    auto* node = tape.template make<SumNode<T>>();
    node->loop = loop;
    node->formula = formula;
    node->inputs = tape.for_replay ? lasting(tape, inputs, count) : inputs;
    node->count = count;
    node->region = region;
    node->row_loops = row_loops;
    node->is_simple = is_one_pass;
    node->prepare(tape);
    node->evaluate();
    if (!node->shares) return Var<T>(node->value);
    tape.link(*node);
    return Var<T>(*node, &tape);
}

namespace {

/// f of many numbers, elementwise.
template <class T> struct MapNode : Tape<T>::Node {
    static constexpr std::size_t words = words_in<T>;

    MapLoop<T> loop;
    const void* formula;
    Input<T>* inputs;
    std::size_t count;
    Region region;
    std::size_t block;
    double* out;
    std::size_t out_stride;
    Slot<T> slot;
    std::array<TermAdjoint<T>*, max_inputs> adjoints;

    void prepare(Tape<T>& tape) {
        region = flattened(region, inputs, count);
        for (std::size_t j = 0; j < count; ++j) {
            Input<T>& input = inputs[j];
            if (!input.slot && !input.terms) continue;
            input.way = Way::stored;
            input.partial_stride = padded(size());
            input.partials = tape.words(input.partial_stride * words);
            if (input.terms) adjoints[j] = term_adjoints(tape, input.terms);
        }
        block = block_rows(region, inputs, count);
    }
    void evaluate() {
        Pass<T> pass(region, inputs, count, block);
        const auto run = [&](const BlockArgument* arguments, std::size_t n, std::size_t place) {
            double* to = out + place;
            in_batches(
                inputs, count, arguments, n,
                [&](const BlockArgument* all, std::size_t whole) { loop(formula, all, whole, to, out_stride); },
                [&](const BlockArgument* last, std::size_t kept) {
                    std::array<double, words * Batch::size> rest;
                    loop(formula, last, Batch::size, rest.data(), Batch::size);
                    for (std::size_t p = 0; p < words; ++p)
                        std::copy_n(rest.data() + p * Batch::size, kept, to + p * out_stride + n - kept);
                });
        };
        for (std::size_t column = 0; column < region.columns; ++column) pass.rows(column, 0, region.rows, nullptr, run);
    }

    void push_forward() {
        for (std::size_t j = 0; j < count; ++j)
            if (inputs[j].terms) {
                refresh(inputs[j].terms);
                clear(inputs[j].terms, adjoints[j]);
            }
        std::fill_n(slot.word, size() * words, 0.0);
        evaluate();
    }
    void pull_back() {
        for (std::size_t j = 0; j < count; ++j) {
            const Input<T>& input = inputs[j];
            if (input.way != Way::stored) continue;
            const Slot<T> partial{input.partials, input.partial_stride};
            for (std::size_t k = 0; k < size(); ++k) partial.at(k).set(partial.at(k).get() * slot.at(k).get());
            if (input.terms) {
                pull_all(input.terms, size(), partial.word, partial.stride, adjoints[j]);
            } else if (!input.is_array) {
                T total(0.0);
                for (std::size_t k = 0; k < size(); ++k) total += partial.at(k).get();
                input.slot.add(total);
            } else if (input.size == size()) {
                give(input.slot, T(1.0), partial.word, partial.stride, size());
            } else {
                for (std::size_t column = 0; column < region.columns; ++column)
                    for (std::size_t row = 0; row < region.rows; ++row)
                        input.slot.at(row * input.row_step + column * input.column_step)
                            .add(partial.at(row + column * region.rows).get());
            }
        }
    }

  private:
    std::size_t size() const { return region.rows * region.columns; }
};

} // namespace

template <class T> void map_on_tape(Tape<T>& tape, const Region& region, MapLoop<T> loop, const void* formula,
                                    Input<T>* inputs, std::size_t count, double* out, std::size_t out_stride,
                                    const Slot<T>& slot) {
    auto* node = tape.template record<MapNode<T>>();
    node->loop = loop;
    node->formula = formula;
    node->inputs = lasting(tape, inputs, count);
    node->count = count;
    node->region = region;
    node->out = out;
    node->out_stride = out_stride;
    node->slot = slot;
    node->prepare(tape);
    node->evaluate();
}

#define MODUS_INSTANTIATE(T)                                                                                           \
    template Var<T> sum_on_tape(Tape<T>&, const Region&, SumLoop<T>, const void*, Input<T>*, std::size_t,              \
                                const RowLoops*);                                                                      \
    template void map_on_tape(Tape<T>&, const Region&, MapLoop<T>, const void*, Input<T>*, std::size_t, double*,       \
                              std::size_t, const Slot<T>&);
MODUS_INSTANTIATE(double)
MODUS_INSTANTIATE(Directional)
MODUS_INSTANTIATE(Directions)

} // namespace modus
