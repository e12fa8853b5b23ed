module;
#include <array>
#include <cstddef>
#include <memory>

module modus.autodiff;

#include "sum_node.hpp"

namespace modus {
namespace {

/// Most nodes of a small model: what there is to find out is found out when it is made.
template <class T> struct DirectSum : SharingNode<T> {
    SumLoop<T> loop;
    const void* formula;
    std::size_t count, whole, rest;
    const BlockArgument *arguments, *last; ///< of the whole batches; of the last one, of which `rest` numbers are meant
    std::size_t scalars;
    std::array<std::size_t, max_inputs> places; ///< where sums of derivatives by these are
    std::array<T, 2 + max_inputs> results;      ///< as SumPlaces says

    void push_forward() {
        evaluate();
        this->adjoint = T(0.0);
    }
    void evaluate() {
        LoopSums<T> sums; // what is not cleared is not looked at
        clear(sums);
        if (whole > 0) loop(formula, arguments, whole, sums.data(), nullptr);
        if (rest > 0) {
            LoopSums<T> parts;
            clear(parts);
            loop(formula, last, Batch::size, parts.data(), nullptr);
            add_lanes(sums[0], parts[0], rest);
            for (std::size_t k = 0; k < scalars; ++k) add_lanes(sums[places[k]], parts[places[k]], rest);
            sums[SumPlaces::factor(count)] = parts[SumPlaces::factor(count)];
        }
        this->value = reduced<T>(sums[SumPlaces::total]);
        for (std::size_t k = 0; k < scalars; ++k) results[places[k]] = reduced<T>(sums[places[k]]);
        results[SumPlaces::factor(count)] = first_lane<T>(sums[SumPlaces::factor(count)]);
    }

  private:
    void clear(LoopSums<T>& sums) const {
        sums[SumPlaces::total] = batch_t<T>(0.0);
        sums[SumPlaces::factor(count)] = batch_t<T>(1.0);
        for (std::size_t k = 0; k < scalars; ++k) sums[places[k]] = batch_t<T>(0.0);
    }
};

} // namespace

template <class T> Var<T> direct_sum_on_tape(Tape<T>& tape, std::size_t size, SumLoop<T> loop, const void* formula,
                                             const Input<T>* inputs, std::size_t count) {
    auto* node = tape.template make<DirectSum<T>>();
    node->loop = loop;
    node->formula = formula;
    node->count = count;
    node->whole = size / Batch::size * Batch::size;
    node->rest = size - node->whole;
    node->factor = &node->results[SumPlaces::factor(count)];
    node->scalars = 0;
    std::array<BlockArgument, max_inputs> arguments, last;
    for (std::size_t j = 0; j < count; ++j) {
        const Input<T>& input = inputs[j];
        arguments[j] = {input.values, input.stride, nullptr, 0};
        if (input.is_array && input.is_active) { // the loop stores partials by constants, too, if their type is that
            const std::size_t stride = whole_batches(size);
            double* const partials = tape.words(stride * words_in<T>);
            arguments[j] = {input.values, input.stride, partials, stride};
            if (input.slot) node->share(tape, input.slot, partials, stride, input.size);
        } else if (input.is_active) {
            node->places[node->scalars++] = SumPlaces::of_argument(j);
            if (input.slot) node->share(tape, input.slot, &node->results[SumPlaces::of_argument(j)], false);
        }
        last[j] = arguments[j];
        if (!input.is_array) continue;
        last[j].values += node->whole;
        if (last[j].partials) last[j].partials += node->whole;
    }
    node->arguments = tape.for_replay ? lasting(tape, arguments.data(), count) : arguments.data();
    node->last = tape.for_replay ? lasting(tape, last.data(), count) : last.data();
    node->evaluate();
    if (!node->shares) return Var<T>(node->value);
    tape.link(*node);
    return Var<T>(*node, &tape);
}

#define MODUS_INSTANTIATE(T)                                                                                           \
    template Var<T> direct_sum_on_tape(Tape<T>&, std::size_t, SumLoop<T>, const void*, const Input<T>*, std::size_t);
MODUS_INSTANTIATE(double)
MODUS_INSTANTIATE(Directional)
MODUS_INSTANTIATE(Directions)

} // namespace modus
