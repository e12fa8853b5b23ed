module;
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>

module modus.autodiff;

#include "pass.hpp"

namespace modus {
namespace {

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

/// x *= y, where x has room for whole batches.
template <class T> void multiply(const Slot<T>& x, const Slot<T>& y, std::size_t n) {
    if constexpr (std::same_as<T, double>)
        for (std::size_t k = 0; k < n; k += Batch::size)
            (Batch::load(x.word + k) * Batch::load(y.word + k)).store(x.word + k);
    else
        for (std::size_t k = 0; k < n; ++k) x.at(k).set(x.at(k).get() * y.at(k).get());
}

/// f of many numbers, elementwise.
template <class T> struct MapNode : Tape<T>::Node {
    static constexpr std::size_t words = words_in<T>;
    using Totals = std::array<T, max_inputs>; ///< derivatives by the scalars

    MapLoop<T> loop;
    const void* formula;
    Input<T>* inputs;
    std::size_t count;
    Region region;
    std::size_t block;
    double* out;
    std::size_t out_stride;
    Slot<T> slot;
    Chunks chunks;
    Totals* totals;                                    ///< of each chunk
    std::array<TermAdjoint<T>**, max_inputs> adjoints; ///< of each chunk

    void prepare(Tape<T>& tape) {
        region = flattened(region, inputs, count);
        bool is_divisible = region.columns == 1;
        RowWork work{.numbers = 1}; // the result
        for (std::size_t j = 0; j < count; ++j) {
            Input<T>& input = inputs[j];
            work.numbers += input.is_array;
            if (!input.slot && !input.terms) continue;
            input.way = Way::stored;
            input.partial_stride = padded(size());
            input.partials = tape.words(input.partial_stride * words);
            work.add(input.terms);
            ++work.numbers;
            is_divisible = is_divisible && (input.terms || !input.is_array || input.size == size());
        }
        chunks = is_divisible ? work.chunks(size()) : Chunks(size());
        totals = tape.template make<Totals>((chunks.size() - 1) * sizeof(Totals));
        for (std::size_t j = 0; j < count; ++j)
            if (inputs[j].terms) adjoints[j] = chunk_adjoints(tape, inputs[j].terms, chunks.size());
        block = block_rows(region, inputs, count);
    }
    void evaluate() {
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
        const auto run_chunk = [&](std::size_t, std::size_t first, std::size_t end) {
            Pass<T> pass(region, inputs, count, block);
            for (std::size_t column = 0; column < region.columns; ++column)
                pass.rows(column, first, std::min(end, region.rows), nullptr, run);
        };
        chunks.for_each(std::ref(run_chunk));
    }

    void push_forward() {
        for (std::size_t j = 0; j < count; ++j)
            for (std::size_t c = 0; c < chunks.size() && inputs[j].terms; ++c) clear(inputs[j].terms, adjoints[j][c]);
        std::fill_n(slot.word, size() * words, 0.0);
        evaluate();
    }
    void pull_back() {
        chunks.for_each([this](std::size_t c, std::size_t first, std::size_t end) {
            totals[c].fill(T(0.0));
            constexpr std::size_t at_once = 512;
            for (; first < end; first += at_once) pull_block(c, first, std::min(at_once, end - first));
        });
        for (std::size_t j = 0; j < count; ++j) {
            const Input<T>& input = inputs[j];
            if (input.way != Way::stored) continue;
            if (input.terms) {
                give_adjoints(input.terms, adjoints[j], chunks.size());
            } else if (!input.is_array) {
                for (std::size_t c = 0; c < chunks.size(); ++c) input.slot.add(totals[c][j]);
            } else if (input.size == size()) { // inputs one after the other: they may be slices that overlap
                chunks.for_each([&](std::size_t, std::size_t first, std::size_t end) {
                    const Slot<T> partial = partials_of(input).at(first);
                    give(input.slot.at(first), T(1.0), partial.word, partial.stride, end - first);
                });
            } else {
                for (std::size_t column = 0; column < region.columns; ++column)
                    for (std::size_t row = 0; row < region.rows; ++row)
                        input.slot.at(row * input.row_step + column * input.column_step)
                            .add(partials_of(input).at(row + column * region.rows).get());
            }
        }
    }

  private:
    std::size_t size() const { return region.rows * region.columns; }
    static Slot<T> partials_of(const Input<T>& input) { return {input.partials, input.partial_stride}; }
    void pull_block(std::size_t c, std::size_t first, std::size_t n) {
        for (std::size_t j = 0; j < count; ++j) {
            const Input<T>& input = inputs[j];
            if (input.way != Way::stored) continue;
            const Slot<T> partial = partials_of(input).at(first);
            multiply(partial, slot.at(first), n);
            if (input.terms) {
                pull_rows(input.terms, size(), first, n, partial.word, partial.stride, adjoints[j][c]);
            } else if (!input.is_array) {
                for (std::size_t k = 0; k < n; ++k) totals[c][j] += partial.at(k).get();
            }
        }
    }
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
    template void map_on_tape(Tape<T>&, const Region&, MapLoop<T>, const void*, Input<T>*, std::size_t, double*,       \
                              std::size_t, const Slot<T>&);
MODUS_INSTANTIATE(double)
MODUS_INSTANTIATE(Directional)
MODUS_INSTANTIATE(Directions)

} // namespace modus
