module;
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
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
    template void map_on_tape(Tape<T>&, const Region&, MapLoop<T>, const void*, Input<T>*, std::size_t, double*,       \
                              std::size_t, const Slot<T>&);
MODUS_INSTANTIATE(double)
MODUS_INSTANTIATE(Directional)
MODUS_INSTANTIATE(Directions)

} // namespace modus
