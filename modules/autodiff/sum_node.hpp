#pragma once

// What the nodes of sums have in common, for implementation units of this module. Included after the module
// declaration.

namespace modus {

/// n rounded up.
inline std::size_t whole_batches(std::size_t n) { return (n + Batch::size - 1) / Batch::size * Batch::size; }

template <class T> T reduced(const batch_t<T>& x) {
    T result;
    auto* words = reinterpret_cast<double*>(&result);
    const auto* batches = reinterpret_cast<const Batch*>(&x);
    for (std::size_t p = 0; p < words_in<T>; ++p) words[p] = sum(batches[p]);
    return result;
}
template <class T> T first_lane(const batch_t<T>& x) {
    T result;
    auto* words = reinterpret_cast<double*>(&result);
    const auto* batches = reinterpret_cast<const Batch*>(&x);
    for (std::size_t p = 0; p < words_in<T>; ++p) words[p] = batches[p][0];
    return result;
}

/// The inputs of a node, or its arguments, in the tape's memory.
template <class T, class X> X* lasting(Tape<T>& tape, const X* from, std::size_t count) {
    auto* copies = static_cast<X*>(static_cast<void*>(tape.words(count * sizeof(X) / sizeof(double))));
    std::uninitialized_copy_n(from, count, copies);
    return copies;
}

/// As SumPlaces says.
template <class T> using LoopSums = std::array<batch_t<T>, 2 + max_inputs>;

/// A node whose derivatives by all it was made from are known as soon as it is.
template <class T> struct SharingNode : Tape<T>::NumberNode {
    /// The derivative by one input, or one term of an input.
    struct Share {
        Share* next;
        Slot<T> target;
        const double* partials; ///< none for a single number
        std::size_t stride, size;
        const T* number;
        bool is_unscaled; ///< still to be multiplied by the factor
    };

    Share* shares = nullptr;
    const T* factor; ///< of the sums, as SumPlaces says

    void share(Tape<T>& tape, const Slot<T>& target, const T* number, bool is_unscaled) {
        shares = const_cast<Share*>(tape.copy(Share{shares, target, nullptr, 0, 0, number, is_unscaled}));
    }
    void share(Tape<T>& tape, const Slot<T>& target, const double* partials, std::size_t stride, std::size_t size) {
        shares = const_cast<Share*>(tape.copy(Share{shares, target, partials, stride, size, nullptr, true}));
    }
    void pull_back() {
        const T scaled = this->adjoint * *factor;
        for (const Share* share = shares; share; share = share->next)
            if (share->partials) give(share->target, scaled, share->partials, share->stride, share->size);
            else share->target.add((share->is_unscaled ? scaled : this->adjoint) * *share->number);
    }
};

/// The sum of a formula over at most `longest_sum` numbers all of which are in memory, in whole batches: no predictors,
/// no broadcasting, no mask.
template <class T> Var<T> direct_sum_on_tape(Tape<T>& tape, std::size_t size, SumLoop<T> loop, const void* formula,
                                             const Input<T>* inputs, std::size_t count);

} // namespace modus
