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
    Rows rows;

    void push_forward() {
        if constexpr (!Rows::sets_adjoints) clear(rows.terms, rows.adjoints);
        evaluate();
        adjoint = 0;
    }
    [[clang::always_inline]] void evaluate() {
        rows.begin();
        value = loop(formula, arguments, 0, size, results.data(), rows);
        rows.template finish<true>(*factor);
    }
};

template <class Rows> Var<double> record(Tape<double>& tape, std::size_t size, const RowLoops& loops,
                                         const void* formula, const Input<double>* inputs, std::size_t count) {
    auto* node = tape.make<PredictedSum<Rows>>();
    const Term<double>* const terms = inputs[loops.predictor].terms;
    TermAdjoint<double>* const adjoints = term_adjoints(tape, terms);
    node->rows = Rows(terms, adjoints, size);
    node->loop = loops.loop_of(node->rows);
    node->share(tape, terms, adjoints);
    node->begin(formula, count, size);
    std::array<BlockArgument, max_inputs> arguments;
    for (std::size_t j = 0; j < count; ++j) {
        arguments[j] = row_argument(inputs[j]);
        if (!inputs[j].is_array && inputs[j].slot) node->share_scalar(tape, j, inputs[j].slot);
    }
    node->take(tape, arguments);
    node->evaluate();
    return result_of(tape, *node);
}

} // namespace

Var<double> predicted_sum_on_tape(Tape<double>& tape, std::size_t size, const RowLoops& loops, Maker maker,
                                  const void* formula, const Input<double>* inputs, std::size_t count) {
    const auto by = [&]<class Rows>() { return record<Rows>(tape, size, loops, formula, inputs, count); };
    if (maker == Maker::columns) return by.template operator()<ColumnSums>();
    if (maker == Maker::groups) return by.template operator()<GroupSums>();
    return by.template operator()<VectorSums>();
}

} // namespace modus
