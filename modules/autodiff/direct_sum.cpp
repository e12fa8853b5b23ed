module;
#include <array>
#include <cstddef>
#include <memory>

module modus.autodiff;

#include "sum_node.hpp"

namespace modus {
namespace {

template <class T> struct DirectSum : LoopNode<T> {
    SumLoop<T> loop;

    void push_forward() {
        evaluate();
        this->adjoint = T(0.0);
    }
    void evaluate() { this->value = loop(this->formula, this->arguments, this->size, this->results.data(), nullptr); }
};

} // namespace

template <class T> Var<T> direct_sum_on_tape(Tape<T>& tape, std::size_t size, SumLoop<T> loop, const void* formula,
                                             const Input<T>* inputs, std::size_t count) {
    if (size == 0) return Var<T>(0.0);
    auto* node = tape.template make<DirectSum<T>>();
    node->loop = loop;
    node->begin(formula, count, size);
    std::array<BlockArgument, max_inputs> arguments;
    for (std::size_t j = 0; j < count; ++j) {
        const Input<T>& input = inputs[j];
        arguments[j] = {input.values, input.stride, nullptr, 0};
        if (input.is_array && input.is_active) { // the loop stores partials by constants, too, if their type is that
            const std::size_t stride = whole_batches(size);
            double* const partials = tape.words(stride * words_in<T>);
            arguments[j] = {input.values, input.stride, partials, stride};
            if (input.slot) node->share(tape, input.slot, partials, stride, input.size);
        } else if (input.slot) {
            node->share_scalar(tape, j, input.slot);
        }
    }
    node->take(tape, arguments);
    node->evaluate();
    return result_of(tape, *node);
}

#define MODUS_INSTANTIATE(T)                                                                                           \
    template Var<T> direct_sum_on_tape(Tape<T>&, std::size_t, SumLoop<T>, const void*, const Input<T>*, std::size_t);
MODUS_INSTANTIATE(double)
MODUS_INSTANTIATE(Directional)
MODUS_INSTANTIATE(Directions)

} // namespace modus
