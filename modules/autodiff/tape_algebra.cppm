// Linear operations on a tape: predictors, matrix products, stacking.
export module modus.autodiff:tape_algebra;

import modus.standard;
import :array;
import :block;
import :dual;
import :predictor;
import :tape;
import :tape_array;

namespace modus {

/// Terms beyond which a sum is made into numbers, so that a loop which adds up many does not copy them each time.
inline constexpr std::size_t most_terms = 16;

/// The terms of factor * x, which has `size` elements or is repeated to them, in front of `rest`. A scalar x on the
/// tape takes a constant factor only.
template <class T, class A> const Term<T>* terms_of(Tape<T>& tape, const A& x, std::size_t size, const Var<T>& factor,
                                                    std::type_identity_t<const Term<T>*> rest) {
    if constexpr (AnyArray<A> && on_tape<A>)
        if (const auto* predictor = x.predictor()) {
            if (!rest && !factor.slot && value_of(factor) == 1) return predictor->terms;
            std::size_t count = 0;
            for (const Term<T>* t = predictor->terms; t; t = t->next) ++count;
            if (count < most_terms) return scaled_terms(tape, predictor->terms, 1, factor, rest);
        }
    auto& term = *tape.template make<Term<T>>();
    term.next = rest;
    if (factor.slot) {
        term.factor = tape.cell(factor);
        term.factor_slot = factor.slot;
    } else {
        term.coefficient = value_of(factor);
    }
    if constexpr (std::is_arithmetic_v<A>) {
        term.coefficient *= static_cast<double>(x);
    } else if constexpr (is_var<A>) {
        term.factor = tape.cell(x);
        term.factor_slot = x.slot;
    } else {
        term.base = Term<T>::Base::vector;
        term.size = size;
        if constexpr (on_tape<A>) {
            const auto& numbers = x.numbers();
            term.memory = tape.keep(numbers.buffer());
            term.values = numbers.data();
            term.stride = x.is_constant() ? 0 : numbers.plane_stride();
            term.slot = x.slot();
            if (x.is_constant() && !term.memory) tape.can_replay = false;
        } else {
            term.memory = tape.keep(x.buffer());
            term.values = x.data();
            if (!term.memory) tape.can_replay = false;
        }
    }
    return &term;
}

/// Whether an operand can be a term, or some.
template <class A> inline constexpr bool is_linear_operand = !std::same_as<element_t<A>, Integer> && rank_of<A> <= 1;
/// Whether it has `size` elements, or is a scalar.
template <class A> bool fits(const A& x, std::size_t size) {
    if constexpr (AnyArray<A>) return x.size() == size;
    else return true;
}

/// The product of a matrix and a vector or matrix, some of them on the tape, in memory for it.
template <class T> struct MatrixFactor {
    const double* values;
    std::size_t stride; ///< 0 where it is data
    Slot<T> slot;
    std::size_t rows, columns;
};
template <class T>
void product_on_tape(Tape<T>& tape, const MatrixFactor<T>& x, const MatrixFactor<T>& y, const MatrixFactor<T>& out);
template <class T, class A> MatrixFactor<T> factor_of(Tape<T>& tape, const A& x) {
    MatrixFactor<T> factor{};
    factor.rows = x.extents()[0];
    factor.columns = rank_of<A> == 2 ? x.extents()[rank_of<A> - 1] : 1;
    if constexpr (on_tape<A>) {
        const auto& numbers = x.numbers();
        if (!tape.keep(numbers.buffer()) && x.is_constant()) tape.can_replay = false;
        factor.values = numbers.data();
        factor.stride = x.is_constant() ? 0 : numbers.plane_stride();
        factor.slot = x.slot();
    } else {
        if (!tape.keep(x.buffer())) tape.can_replay = false;
        factor.values = x.data();
    }
    return factor;
}

/// X y on a tape, shapes already checked.
template <class A, class B> auto multiply_on_tape(const A& x, const B& y) {
    using T = tape_scalar_t<A, B>;
    constexpr std::size_t rank = rank_of<B>;
    if constexpr (on_tape<A>)
        if (x.is_constant()) {
            const auto data = x.values();
            if constexpr (on_tape<B>) return multiply_on_tape(data, y);
            else return Array<Var<T>, rank>(data * y);
        }
    if constexpr (on_tape<B>)
        if (y.is_constant()) {
            const auto data = y.values();
            if constexpr (on_tape<A>) return multiply_on_tape(x, data);
            else return Array<Var<T>, rank>(x * data);
        }
    Tape<T>* tape = tape_of<T>(x) ? tape_of<T>(x) : tape_of<T>(y);
    if constexpr (!on_tape<A> && rank == 1) {
        const Buffer* memory = tape->keep(x.buffer());
        if (!memory) tape->can_replay = false;
        const auto& numbers = y.numbers();
        auto* term = tape->template make<Term<T>>();
        *term = Term<T>{.base = Term<T>::Base::product,
                        .values = numbers.data(),
                        .stride = numbers.plane_stride(),
                        .size = y.size(),
                        .slot = y.slot(),
                        .memory = memory,
                        .matrix = x.data()};
        return Array<Var<T>, 1>::predicted(tape, x.rows(), term);
    } else {
        Extents<rank> extents;
        extents[0] = x.rows();
        if constexpr (rank == 2) extents[1] = y.cols();
        auto result = Array<Var<T>, rank>::make(tape, extents);
        product_on_tape<T>(*tape, factor_of<T>(*tape, x), factor_of<T>(*tape, y), factor_of<T>(*tape, result));
        return result;
    }
}

/// The largest of some numbers, whose derivatives by them nobody needs.
template <class T> Var<T> largest_on_tape(Tape<T>& tape, const double* values, std::size_t size);
/// Numbers side by side that become one vector.
template <class T> Array<Var<T>, 1> stack_on_tape(std::span<const Var<T>> x);
/// Vectors end to end.
template <class T> Array<Var<T>, 1> concatenate_on_tape(const Array<Var<T>, 1>& x, const Array<Var<T>, 1>& y);

} // namespace modus
