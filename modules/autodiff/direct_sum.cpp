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
    std::size_t count, size;
    const BlockArgument* arguments;
    std::size_t scalars;
    std::array<std::size_t, max_inputs> places; ///< where sums of derivatives by these are
    std::array<T, 2 + max_inputs> results;      ///< as SumPlaces says

    void push_forward() {
        evaluate();
        this->adjoint = T(0.0);
    }
    void evaluate() {
        LoopSums<T> sums; // the rest is not looked at
        sums[SumPlaces::total] = batch_t<T>(0.0);
        for (std::size_t k = 0; k < scalars; ++k) sums[places[k]] = batch_t<T>(0.0);
        loop(formula, arguments, size, sums.data(), nullptr);
        this->value = reduced<T>(sums[SumPlaces::total]);
        for (std::size_t k = 0; k < scalars; ++k) results[places[k]] = reduced<T>(sums[places[k]]);
        results[SumPlaces::factor(count)] = first_lane<T>(sums[SumPlaces::factor(count)]);
    }
};

} // namespace

template <class T> Var<T> direct_sum_on_tape(Tape<T>& tape, std::size_t size, SumLoop<T> loop, const void* formula,
                                             const Input<T>* inputs, std::size_t count) {
    if (size == 0) return Var<T>(0.0);
    auto* node = tape.template make<DirectSum<T>>();
    node->loop = loop;
    node->formula = formula;
    node->count = count;
    node->size = size;
    node->factor = &node->results[SumPlaces::factor(count)];
    node->scalars = 0;
    std::array<BlockArgument, max_inputs> arguments;
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
    }
    node->arguments = tape.for_replay ? lasting(tape, arguments.data(), count) : arguments.data();
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
