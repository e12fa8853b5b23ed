// Loops that make the rows of a linear predictor, evaluate a formula and send its derivatives back through the
// predictor with all of it in registers. Each is compiled for one formula and one kind of predictor, which takes a
// while: a formula has them only where its author says so, in an implementation unit. Others go from pass to pass over
// a block in cache.
export module modus.autodiff:row_loops;

import modus.standard;
import :array;
import :batch;
import :order;
import :predictor;

namespace modus {

/// As many columns of a product as are worth a pass over all of them: more do not stay in the first-level cache.
inline constexpr std::size_t most_columns = 64;
/// The product, where these terms are one of few columns, and constants; else none.
template <class T> const Term<T>* product_among(const Term<T>* terms) {
    const Term<T>* found = nullptr;
    for (const Term<T>* term = terms; term; term = term->next) {
        if (term->base == Term<T>::Base::one) continue;
        if (found || term->base != Term<T>::Base::product || term->size > most_columns) return nullptr;
        found = term;
    }
    return found;
}

inline double sum_of_constants(const Term<double>* terms) {
    double sum = 0;
    for (const Term<double>* term = terms; term; term = term->next)
        if (term->base == Term<double>::Base::one) sum += term->scale();
    return sum;
}

/// A predictor that is one product of as many columns as stay in registers, and constants, and what a loop sums up.
struct ColumnSums {
    static constexpr bool sets_adjoints = true; ///< of the terms, instead of adding to them

    ColumnSums() = default;
    inline ColumnSums(const Term<double>* terms_, TermAdjoint<double>* adjoints_, std::size_t rows)
        : terms(terms_), adjoints(adjoints_), leading(rows) {
        TermAdjoint<double>* adjoint = adjoints;
        for (const Term<double>* term = terms; term; term = term->next, ++adjoint) {
            if (term->base == Term<double>::Base::one) continue;
            product = term;
            by_product = adjoint;
        }
        by_column = by_product->base;
        has_scaled_product = is_scaled(*product);
    }
    /// Before the first row.
    inline void begin() {
        start = sum_of_constants(terms);
        total = 0;
        is_begun = false;
    }
    /// Makes the sums adjoints of the terms, as `pull_rows` does; of all rows, as `modus::finish` does.
    template <bool is_all> void finish(double factor = 1) const {
        if (!is_begun) std::fill_n(by_column, product->size, 0.0);
        TermAdjoint<double>* adjoint = adjoints;
        for (const Term<double>* term = terms; term; term = term->next, ++adjoint)
            adjoint->factor = is_all ? total * factor * term->coefficient : total;
        by_product->factor = 0;
        if constexpr (is_all)
            if (has_scaled_product) finish_term(*product, *by_product, factor);
    }

    const Term<double>* terms = nullptr;
    TermAdjoint<double>* adjoints = nullptr;
    const Term<double>* product = nullptr; ///< the one among the terms
    TermAdjoint<double>* by_product = nullptr;
    std::size_t leading = 0;
    double start = 0;            ///< the constants
    double* by_column = nullptr; ///< X' r, r being the derivatives by the rows, once it `is_begun`
    double total = 0;            ///< of r
    bool is_begun = false;
    bool has_scaled_product = false;
};

/// A predictor of groups: a[group], perhaps a slope times data, and constants.
struct GroupSums {
    static constexpr bool sets_adjoints = false;

    /// Whether these terms are such a predictor.
    static inline bool serves(const Term<double>* terms) {
        std::size_t gathers = 0, slopes = 0;
        for (const Term<double>* term = terms; term; term = term->next) {
            if (term->base == Term<double>::Base::product) return false;
            if (term->base == Term<double>::Base::vector && term->slot) return false;
            gathers += term->base == Term<double>::Base::gather;
            slopes += term->base == Term<double>::Base::vector;
        }
        return gathers == 1 && slopes <= 1;
    }
    GroupSums() = default;
    inline GroupSums(const Term<double>* terms_, TermAdjoint<double>* adjoints_, std::size_t)
        : terms(terms_), adjoints(adjoints_) {
        const TermAdjoint<double>* adjoint = adjoints;
        for (const Term<double>* term = terms; term; term = term->next, ++adjoint) {
            if (term->base == Term<double>::Base::vector) slope = term;
            if (term->base != Term<double>::Base::gather) continue;
            groups = term;
            by_group = adjoint->base;
        }
    }
    inline void begin() {
        start = sum_of_constants(terms);
        by_slope = total = 0;
    }
    template <bool is_all> void finish(double factor = 1) const {
        TermAdjoint<double>* adjoint = adjoints;
        for (const Term<double>* term = terms; term; term = term->next, ++adjoint) {
            if (term->factor_slot && term != groups) adjoint->factor += term == slope ? by_slope : total;
            if constexpr (is_all) finish_term(*term, *adjoint, factor);
        }
    }

    const Term<double>* terms = nullptr;
    TermAdjoint<double>* adjoints = nullptr;
    const Term<double>* groups = nullptr; ///< the one among the terms
    const Term<double>* slope = nullptr;  ///< or none
    double* by_group = nullptr;           ///< where r is summed up, by group
    double start = 0;                     ///< the constants
    double by_slope = 0;                  ///< r times the data
    double total = 0;                     ///< of r
};

/// A predictor of one vector times a factor, and constants.
struct VectorSums {
    static constexpr bool sets_adjoints = true;

    /// Whether these terms are such a predictor.
    static inline bool serves(const Term<double>* terms) {
        std::size_t vectors = 0;
        for (const Term<double>* term = terms; term; term = term->next) {
            if (term->base == Term<double>::Base::one) continue;
            if (term->base != Term<double>::Base::vector) return false;
            ++vectors;
        }
        return vectors == 1;
    }
    VectorSums() = default;
    inline VectorSums(const Term<double>* terms_, TermAdjoint<double>* adjoints_, std::size_t)
        : terms(terms_), adjoints(adjoints_) {
        const TermAdjoint<double>* adjoint = adjoints;
        for (const Term<double>* term = terms; term; term = term->next, ++adjoint) {
            if (term->base == Term<double>::Base::one) continue;
            vector = term;
            by_element = adjoint->base;
        }
    }
    inline void begin() {
        start = sum_of_constants(terms);
        by_factor = total = 0;
    }
    template <bool is_all> void finish(double factor = 1) const {
        TermAdjoint<double>* adjoint = adjoints;
        for (const Term<double>* term = terms; term; term = term->next, ++adjoint) {
            if (term->factor_slot) adjoint->factor = term == vector ? by_factor : total;
            if constexpr (is_all) finish_term(*term, *adjoint, factor);
        }
    }

    const Term<double>* terms = nullptr;
    TermAdjoint<double>* adjoints = nullptr;
    const Term<double>* vector = nullptr; ///< the one among the terms
    double* by_element = nullptr;         ///< where derivatives by its elements go, if it is on the tape
    double start = 0;                     ///< the constants
    double by_factor = 0;                 ///< r times the vector
    double total = 0;                     ///< of r
};

/// As many columns as stay in registers.
inline constexpr std::size_t most_columns_in_registers = is_wide ? 12 : 3;
/// At the end of the rows, loops look back at some that have been added: so many there have to be.
inline constexpr std::size_t fewest_rows = Batch::size, fewest_rows_in_groups = 3 * Batch::size;

} // namespace modus

export namespace modus {

/// The loops of one formula, of whose arguments the predictor is the only array on the tape. They sum up `count` rows
/// from row `first` on, at most `longest_sum`, as a SumLoop does.
struct RowLoops {
    template <class Rows> using Loop = double (*)(const void* formula, const BlockArgument* arguments,
                                                  std::size_t first, std::size_t count, double* sums, Rows& rows);
    std::size_t predictor; ///< which argument it is

    std::array<Loop<ColumnSums>, most_columns_in_registers> products; ///< of 1, 2, ... columns
    std::array<Loop<GroupSums>, 2> groups, scattered;                 ///< sorted or not; without and with a slope
    std::array<Loop<VectorSums>, 2> vector;                           ///< of data, and of one on the tape

    inline Loop<ColumnSums> loop_of(const ColumnSums& rows) const { return products[rows.product->size - 1]; }
    inline Loop<GroupSums> loop_of(const GroupSums& rows) const {
        return (rows.groups->runs ? groups : scattered)[rows.slope != nullptr];
    }
    inline Loop<VectorSums> loop_of(const VectorSums& rows) const { return vector[rows.by_element != nullptr]; }
};

} // namespace modus

namespace modus {

/// Where a formula F has loops for arguments A: of its `row_loops`, if it has such a function of pointers to them.
template <class F, class... A> const RowLoops* row_loops_of() {
    if constexpr (requires { F::row_loops(static_cast<const A*>(nullptr)...); })
        return F::row_loops(static_cast<const A*>(nullptr)...);
    else return nullptr;
}

} // namespace modus
