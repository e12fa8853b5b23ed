module;
#include <array>
#include <cstddef>
#include <memory>

module modus.autodiff;

#include "sum_node.hpp"

namespace modus {
namespace {

template <class Rows> struct PredictedSum : LoopNode<double> {
    RowLoops::Loop<Rows> loop;
    const Term<double>* terms;
    TermAdjoint<double>* adjoints;

    void push_forward() {
        refresh(terms);
        if constexpr (!Rows::sets_adjoints) clear(terms, adjoints);
        Rows rows(terms, adjoints, size);
        evaluate(rows);
        adjoint = 0;
    }
    void evaluate(Rows& rows) {
        add_up([&](Batch* sums) { loop(formula, arguments, 0, size, sums, rows); });
        rows.finish();
        finish(terms, adjoints);
    }
};

template <class Rows> Var<double> record(Tape<double>& tape, std::size_t size, const RowLoops& loops,
                                         const void* formula, const Input<double>* inputs, std::size_t count) {
    auto* node = tape.make<PredictedSum<Rows>>();
    node->terms = inputs[loops.predictor].terms;
    node->adjoints = term_adjoints(tape, node->terms);
    Rows rows(node->terms, node->adjoints, size);
    node->loop = loops.loop_of(rows);
    node->share(tape, node->terms, node->adjoints);
    node->begin(formula, count, size);
    std::array<BlockArgument, max_inputs> arguments;
    for (std::size_t j = 0; j < count; ++j) {
        arguments[j] = row_argument(inputs[j]);
        if (!inputs[j].is_array && inputs[j].is_active) node->share_scalar(tape, j, inputs[j].slot);
    }
    node->take(tape, arguments);
    node->evaluate(rows);
    return result_of(tape, *node);
}

} // namespace

Var<double> predicted_sum_on_tape(Tape<double>& tape, std::size_t size, const RowLoops& loops, Maker maker,
                                  const void* formula, const Input<double>* inputs, std::size_t count) {
    const auto by = [&]<class Rows>() { return record<Rows>(tape, size, loops, formula, inputs, count); };
    if (maker == Maker::columns) return by.template operator()<ProductSums<double>>();
    if (maker == Maker::groups) return by.template operator()<GroupSums>();
    return by.template operator()<VectorSums>();
}

} // namespace modus
