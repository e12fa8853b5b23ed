#pragma once

// What the nodes of sums have in common, for implementation units of this module. Included after the module
// declaration.

#include "words.hpp"

namespace modus {

/// n rounded up.
inline std::size_t whole_batches(std::size_t n) { return (n + Batch::size - 1) / Batch::size * Batch::size; }

/// The inputs of a node, or its arguments, in the tape's memory.
template <class T, class X> X* lasting(Tape<T>& tape, const X* from, std::size_t count) {
    auto* copies = static_cast<X*>(static_cast<void*>(tape.words(count * sizeof(X) / sizeof(double))));
    std::uninitialized_copy_n(from, count, copies);
    return copies;
}

/// A node whose derivatives by all it was made from are known as soon as it is.
template <class T> struct SharingNode : Tape<T>::NumberNode {
    /// The derivative by a number: an input, or the factor of a term of one.
    struct NumberShare {
        const NumberShare* next;
        Slot<T> target;
        const T* number;
    };
    /// Derivatives by an array, still to be multiplied by the factor.
    struct ArrayShare {
        const ArrayShare* next;
        Slot<T> target;
        const double* partials;
        std::size_t stride, size;
    };

    const NumberShare* numbers = nullptr;
    const ArrayShare* arrays = nullptr;
    const T* factor; ///< of the sums, as SumPlaces says

    void share(Tape<T>& tape, const Slot<T>& target, const T* number) {
        numbers = tape.copy(NumberShare{numbers, target, number});
    }
    void share(Tape<T>& tape, const Slot<T>& target, const double* partials, std::size_t stride, std::size_t size) {
        arrays = tape.copy(ArrayShare{arrays, target, partials, stride, size});
    }
    /// Those by the terms of a predictor.
    void share(Tape<T>& tape, const Term<T>* terms, const TermAdjoint<T>* adjoints) {
        for (const Term<T>* term = terms; term; term = term->next, ++adjoints) {
            if (term->slot) share(tape, term->slot, adjoints->base, adjoints->stride, term->size);
            if (term->factor_slot) share(tape, term->factor_slot, &adjoints->factor);
        }
    }
    [[clang::always_inline]] void pull_back() {
        for (const NumberShare* share = numbers; share; share = share->next)
            share->target.add(this->adjoint * *share->number);
        const T scaled = this->adjoint * *factor;
        const ArrayShare* share = arrays;
        if constexpr (std::same_as<T, double>)
            for (; share && share->size <= Batch::size; share = share->next)
                give_few(share->target.word, scaled, share->partials, share->size);
        if (share) give_rest(share, scaled);
    }

  private:
    /// Apart, so that nodes of few numbers, which are over soon, save no registers.
    [[gnu::noinline]] static void give_rest(const ArrayShare* share, T factor) {
        for (; share; share = share->next) give(share->target, factor, share->partials, share->stride, share->size);
    }
};

/// The result of a node that is filled in: on the tape, if it was made from anything there.
template <class T, class N> Var<T> result_of(Tape<T>& tape, N& node) {
    if (!node.numbers && !node.arrays) return Var<T>(node.value);
    tape.link(node);
    return Var<T>(node, &tape);
}

/// A sum that one call of a loop makes. Most nodes of a small model: what there is to find out is found out when it is
/// made.
template <class T> struct LoopNode : SharingNode<T> {
    const void* formula;
    std::size_t count, size;
    const BlockArgument* arguments;
    std::array<T, 1 + max_inputs> results; ///< as SumPlaces says

    void begin(const void* formula_, std::size_t count_, std::size_t size_) {
        formula = formula_;
        count = count_;
        size = size_;
        this->factor = &results[SumPlaces::factor(count)];
    }
    /// The arguments, as long as the node needs them: those that are given outlive its first evaluation.
    void take(Tape<T>& tape, const std::array<BlockArgument, max_inputs>& given) {
        arguments = tape.for_replay ? lasting(tape, given.data(), count) : given.data();
    }
    /// The derivative by argument j, a scalar.
    void share_scalar(Tape<T>& tape, std::size_t j, const Slot<T>& slot) {
        this->share(tape, slot, &results[SumPlaces::of_argument(j)]);
    }
};

/// The sum of a formula over at most `longest_sum` numbers all of which are in memory, in whole batches: no predictors,
/// no broadcasting, no mask.
template <class T> Var<T> direct_sum_on_tape(Tape<T>& tape, std::size_t size, SumLoop<T> loop, const void* formula,
                                             const Input<T>* inputs, std::size_t count);

/// Who makes the rows of predictors: passes over a block, ProductRows, or loops of the formula's own.
enum class Maker { passes, product_rows, columns, groups, vector };

/// The sum of a formula over at most `longest_sum` rows that loops of its own make: of one predictor, which is the only
/// array on the tape.
Var<double> predicted_sum_on_tape(Tape<double>& tape, std::size_t size, const RowLoops& loops, Maker maker,
                                  const void* formula, const Input<double>* inputs, std::size_t count);

/// An argument in memory, or what a loop that makes it takes in its place: from scalars alone it takes something at
/// number 0, where something has to be.
template <class T> BlockArgument row_argument(const Input<T>& input) {
    static constexpr std::array<double, words_in<T> * Batch::size> zeros{};
    if (input.terms) return {zeros.data(), Batch::size, nullptr, 0};
    return {input.values, input.stride, nullptr, 0};
}

} // namespace modus
