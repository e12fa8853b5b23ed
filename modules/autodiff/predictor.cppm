// Linear predictors: sums of terms such as X * w, a[group], beta * x and b, kept as they were written until somebody
// needs their elements. A likelihood evaluates them block by block, in cache, and sends its derivatives back through
// the same block; no vector as long as the data is ever made.
export module modus.autodiff:predictor;

import modus.standard;
import :array;
import :batch;
import :chunks;
import :dual;
import :tape;

namespace modus {

/// coefficient * factor * base_i, where the base is one of: 1, element i of a vector, element index[i] of a vector,
/// row i of a matrix of data times a vector.
template <class T> struct Term {
    enum class Base { one, vector, gather, product };

    const Term* next = nullptr;
    Base base = Base::one;
    double coefficient = 1;
    const T* factor = &one_factor;  ///< where a replay finds it, too: a variable, the result of a node, or a copy
    Slot<T> factor_slot{};          ///< none where the factor is constant
    const double* values = nullptr; ///< of the vector
    std::size_t stride = 0;         ///< between its planes; 0 where it is data, with a single one
    std::size_t size = 0;           ///< its length
    Slot<T> slot{};                 ///< its adjoints
    const Integer* index = nullptr;
    const std::uint32_t* runs = nullptr; ///< of sorted rows: where each run of one group begins, and the end
    std::size_t run_count = 0;
    const Buffer* memory = nullptr; ///< of the data
    const double* matrix = nullptr; ///< column by column

    T scale() const { return *factor * coefficient; }
    static constexpr T one_factor = T(1.0);
};

/// The sum of some terms, `size` elements.
template <class T> struct Predictor {
    std::size_t size = 0;
    const Term<T>* terms = nullptr;
    // Once somebody needed the elements:
    double* values = nullptr; ///< planes, `size` apart
    Slot<T> slot{};

    /// Makes the elements, and what sends their adjoints back to the terms.
    void force(Tape<T>& tape);
};

/// Makes these the indices of a `gather`. Notes their runs where there are long ones: rows that are sorted by group.
/// Throws Error where an index is out of range; where there are runs, one look at each of them tells.
template <class T> void gather_by(Tape<T>& tape, const IntVector& indices, Term<T>& term);

/// The terms of the elements at `indices` of a sum of constants and one vector on the tape, whose elements need not be
/// made for that; none of other sums.
template <class T> const Term<T>* gathered_terms(Tape<T>& tape, const IntVector& indices, const Term<T>* terms);

/// A copy of the terms, each multiplied by the coefficient and the factor, in front of `rest`.
template <class T> const Term<T>* scaled_terms(Tape<T>& tape, const Term<T>* terms, double coefficient,
                                               const Var<T>& factor, const Term<T>* rest);

/// What the way back of one term gathers over all rows: derivatives by the vector and by the factor.
template <class T> struct TermAdjoint {
    double* base = nullptr; ///< planes, `stride` apart, as long as the vector; none where it is data
    std::size_t stride = 0;
    T factor = T(0.0);
    /// Of a product of variables, in a pass of a Hessian: the number of the pass's direction that is the first column's
    /// own, the next one being the next column's. Columns before direction 0 may be left out, and of others the
    /// directions before their own. Else so many that all columns are behind them.
    std::ptrdiff_t own = words_in<T>;
    std::size_t needless(std::size_t columns) const {
        return own < 0 ? std::min(static_cast<std::size_t>(-own), columns) : 0;
    }
};

/// What a pass over rows has to do: how many numbers it reads or writes in each (of predictors, those of X), and to how
/// many sums of groups over all rows it adds.
struct RowWork {
    std::size_t numbers = 0, sums = 0;

    template <class T> void add(const Term<T>* terms) {
        for (const Term<T>* term = terms; term; term = term->next) {
            if (term->base == Term<T>::Base::product) numbers += term->size;
            if (term->base == Term<T>::Base::gather) sums += term->size;
        }
    }
    /// So many rows in chunks; in fewer where each would have sums of many groups.
    Chunks chunks(std::size_t rows) const;
};

/// Makes sums zero again, for a replay.
template <class T> void clear(const Term<T>* terms, TermAdjoint<T>* adjoints);

/// Adjoints of all the terms, in the tape's memory; `before` lends the memory that is as long as the rows.
template <class T>
TermAdjoint<T>* term_adjoints(Tape<T>& tape, const Term<T>* terms, const TermAdjoint<T>* before = nullptr);

/// Rows `first` to `first + count` of a predictor with so many rows. `out` has planes `out_stride` apart and room for
/// whole batches.
template <class T> void evaluate_rows(const Term<T>* terms, std::size_t rows, std::size_t first, std::size_t count,
                                      double* out, std::size_t out_stride);
/// Adds what derivatives `r` by these rows mean for the terms to `adjoints`: of a `vector`, the rows are set; of other
/// bases, r is summed up, to be multiplied by `finish`.
template <class T> void pull_rows(const Term<T>* terms, std::size_t rows, std::size_t first, std::size_t count,
                                  const double* r, std::size_t r_stride, TermAdjoint<T>* adjoints);
/// Finds out which of them nobody is going to read.
template <class T> void find_needless(const Tape<T>& tape, const Term<T>* terms, TermAdjoint<T>* adjoints);
/// Adds another part of the rows to the sums.
template <class T> void add_adjoints(const Term<T>* terms, TermAdjoint<T>* to, const TermAdjoint<T>* from);
/// Whether derivatives by the vector of a term are summed up over the rows.
template <class T> bool is_summed(const Term<T>& term) {
    return term.base == Term<T>::Base::gather || term.base == Term<T>::Base::product;
}
/// Makes sums of derivatives by rows those by the vector, and by the factor, of a term.
template <class T> void scale_sums(const Term<T>& term, TermAdjoint<T>& adjoint);
/// Whether a term is more than its base: never another answer in a replay, as factors without a slot are constant.
template <class T> bool is_scaled(const Term<T>& term) { return term.factor_slot || value_of(term.scale()) != 1; }
/// After all rows. `factor`: by this, all derivatives by rows are still to be multiplied; those by vectors are left so.
template <class T> void finish_term(const Term<T>& term, TermAdjoint<T>& adjoint, const T& factor) {
    if (is_summed(term) && is_scaled(term)) scale_sums(term, adjoint);
    adjoint.factor = adjoint.factor * factor * term.coefficient;
}
template <class T> void finish(const Term<T>* terms, TermAdjoint<T>* adjoints, const T& factor) {
    for (const Term<T>* term = terms; term; term = term->next, ++adjoints) finish_term(*term, *adjoints, factor);
}

/// to_k += factor * partial_k for at most eight numbers: without the preparations of a loop over many.
inline void give_few(double* to, double factor, const double* partials, std::size_t size) {
    if (size == Batch::size) return (Batch::load(to) + Batch(factor) * Batch::load(partials)).store(to);
#pragma clang loop vectorize(disable) unroll(disable)
    for (std::size_t k = 0; k < size; ++k) to[k] += factor * partials[k];
}
template <class T>
void give_many(const Slot<T>& slot, const T& factor, const double* partials, std::size_t stride, std::size_t size);
/// slot_k += factor * partial_k for `size` numbers.
template <class T>
void give(const Slot<T>& slot, const T& factor, const double* partials, std::size_t stride, std::size_t size) {
    if constexpr (std::same_as<T, double>)
        if (size <= Batch::size) return give_few(slot.word, factor, partials, size);
    give_many(slot, factor, partials, stride, size);
}

/// Adjoints of terms for each of some chunks, in the tape's memory, to be added up in the end.
template <class T> TermAdjoint<T>** chunk_adjoints(Tape<T>& tape, const Term<T>* terms, std::size_t chunks);
/// Adds them up, and the sums to the slots of the terms.
template <class T> void give_adjoints(const Term<T>* terms, TermAdjoint<T>** adjoints, std::size_t chunks);

} // namespace modus
