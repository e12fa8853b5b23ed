// Arrays on a tape: values and adjoints side by side, each contiguous, or a linear predictor whose elements nobody has
// asked for yet.
export module modus.autodiff:tape_array;

import modus.standard;
import :array;
import :dual;
import :error;
import :predictor;
import :tape;

namespace modus {

/// The words of an element, which are apart from each other in an array, in one place. Its adjoint is the array's.
template <class T> struct ElementNode : Tape<T>::Node {
    Slot<T> from;
    T value;

    static const T* record(Tape<T>& tape, const Slot<T>& from) {
        auto* node = tape.template record<ElementNode>();
        node->from = from;
        node->value = from.get();
        return &node->value;
    }
    void push_forward() { value = from.get(); }
};

} // namespace modus

export namespace modus {

/// An array of Var<T>. Its memory belongs to the tape, except for data, which are constants and share theirs.
template <class T, std::size_t Rank> class Array<Var<T>, Rank> {
  public:
    using Values = Array<T, Rank>;
    static constexpr bool is_plain = false;

    Array() = default;
    /// Constants: shares the memory of the data.
    template <std::same_as<Array<double, Rank>> Constants> Array(Constants constants) : values_(std::move(constants)) {}
    /// Numbers on the tape.
    Array(Tape<T>* tape, Values values, const Slot<T>& slot) : tape_(tape), values_(std::move(values)), slot_(slot) {}
    /// A sum of terms on the tape.
    static Array predicted(Tape<T>* tape, std::size_t size, const Term<T>* terms) requires(Rank == 1)
    {
        Array result;
        result.tape_ = tape;
        result.predictor_ = tape->template make<Predictor<T>>();
        *result.predictor_ = Predictor<T>{.size = size, .terms = terms};
        result.values_ = Values::borrow(nullptr, {size}, size);
        return result;
    }
    /// Numbers to be filled in, with their adjoints.
    static Array make(Tape<T>* tape, const Extents<Rank>& extents) {
        Array result;
        result.tape_ = tape;
        std::size_t n = 1;
        for (const std::size_t extent : extents) n *= extent;
        result.values_ = Values::borrow(tape->words(n * words_in<T>), extents, n);
        result.slot_ = tape->adjoints(n);
        return result;
    }

    std::size_t size() const { return values_.size(); }
    std::size_t rows() const requires(Rank == 2)
    {
        return values_.rows();
    }
    std::size_t cols() const requires(Rank == 2)
    {
        return values_.cols();
    }
    const Extents<Rank>& extents() const { return values_.extents(); }

    Tape<T>* tape() const { return tape_; }
    /// The predictor, where it has not been made into numbers.
    Predictor<T>* predictor() const { return predictor_ && !predictor_->values ? predictor_ : nullptr; }
    bool is_constant() const { return !tape_; }
    /// The values in the tape's own memory.
    const Values& numbers() const {
        if (predictor_) settle();
        return values_;
    }
    /// Their adjoints.
    const Slot<T>& slot() const {
        if (predictor_) settle();
        return slot_;
    }

    /// The plain values; they outlive the tape.
    Array<double, Rank> values() const {
        if (is_constant()) return values_.values();
        tape_->can_replay = false;
        const auto& own = numbers();
        auto result = Array<double, Rank>::uninitialized(extents());
        for (std::size_t k = 0; k < size(); ++k) result.fresh()[k] = own.data()[k];
        return result;
    }

    /// Element k in storage order.
    Var<T> load(std::size_t k) const {
        const auto& own = numbers();
        const T* cell = nullptr;
        if constexpr (std::same_as<T, double>) cell = own.data() + k;
        else if (tape_ && tape_->for_replay)
            cell = ElementNode<T>::record(*tape_, {const_cast<double*>(own.data()) + k, own.plane_stride()});
        return Var<T>(own.load(k), slot().at(k), tape_, cell);
    }
    Var<T> operator[](std::size_t i) const requires(Rank == 1)
    {
        if (i >= size()) fail({"an index within ", extents()}, {i}, "Indices count from 0.");
        return load(i);
    }
    Var<T> operator()(std::size_t i, std::size_t j) const requires(Rank == 2)
    {
        if (i >= rows() || j >= cols())
            fail({"an index within ", extents()}, {Extents<2>{i, j}}, "Indices count from 0.");
        return load(i + rows() * j);
    }

    /// The elements at `indices`, in their order: alpha[group]. Throws Error where an index is out of range.
    Array operator[](const IntVector& indices) const requires(Rank == 1)
    {
        if (is_constant()) return Array(values_.values()[indices]);
        if (!tape_->keep(indices.buffer())) tape_->can_replay = false;
        if (const auto* own = predictor())
            if (const Term<T>* terms = gathered_terms(*tape_, indices, own->terms))
                return predicted(tape_, indices.size(), terms);
        const auto& own = numbers();
        auto* term = tape_->template make<Term<T>>();
        *term = Term<T>{.base = Term<T>::Base::gather,
                        .values = own.data(),
                        .stride = own.plane_stride(),
                        .size = size(),
                        .slot = slot()};
        gather_by(*tape_, indices, *term);
        return predicted(tape_, indices.size(), term);
    }

    /// The elements from `first` on, `count` of them.
    Array slice(std::size_t first, std::size_t count) const requires(Rank == 1)
    {
        return Array(tape_, numbers().slice(first, count), slot().at(first));
    }
    /// The same elements, column by column, in another shape of the same size.
    template <std::size_t R> Array<Var<T>, R> reshape(const Extents<R>& extents) const {
        return Array<Var<T>, R>(tape_, numbers().reshape(extents), slot());
    }

  private:
    /// From a predictor to its numbers.
    void settle() const {
        if (!predictor_->values) predictor_->force(*tape_);
        values_ = Values::borrow(predictor_->values, values_.extents(), size());
        slot_ = predictor_->slot;
        predictor_ = nullptr;
    }

    Tape<T>* tape_ = nullptr;
    // Shared by the copies until one of them asks for its numbers.
    mutable Predictor<T>* predictor_ = nullptr;
    mutable Values values_;
    mutable Slot<T> slot_{};
};

/// Whether an argument of a formula is on a tape.
template <class A> inline constexpr bool on_tape = is_var<element_t<A>>;

/// Where the plain values begin.
template <class T, std::size_t R> const double* value_plane(const Array<Var<T>, R>& x) { return x.numbers().data(); }
template <class T> const double* value_plane(const Var<T>& x) { return value_plane(x.value); }

} // namespace modus
