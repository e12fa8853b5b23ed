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

/// A predictor that is one product of few columns, and constants, and what a pass over its rows sums up.
template <class T> struct ProductSums {
    static constexpr std::size_t most_columns = 64; // more do not stay in the first-level cache
    static constexpr bool sets_adjoints = true;     ///< of the terms, instead of adding to them
    static constexpr std::size_t words = words_in<T>;

    /// The product, where these terms are such a predictor; else none.
    static const Term<T>* product_among(const Term<T>* terms);
    /// Of such terms with so many rows.
    ProductSums(const Term<T>* terms, TermAdjoint<T>* adjoints, std::size_t rows);
    /// Makes the sums adjoints of the terms, as `pull_rows` does.
    void finish() const;

    const Term<T>* terms;
    TermAdjoint<T>* adjoints;
    const Term<T>* product; ///< the one among the terms
    std::size_t leading;
    std::size_t needless = 0; ///< so many columns, the first ones, whose sums may be left out
    // Words of T, column by column.
    T start{};                                         ///< the constants
    std::array<double, words * most_columns> weights;  ///< with the factor of the product
    std::array<Batch, words * most_columns> by_column; ///< X' r, r being the derivatives by the rows
    std::array<Batch, words> total{};                  ///< of r
};

/// A predictor of groups: a[group], perhaps a slope times data, and constants.
struct GroupSums {
    static constexpr bool sets_adjoints = false;

    /// Whether these terms are such a predictor.
    static bool serves(const Term<double>* terms);
    GroupSums(const Term<double>* terms, TermAdjoint<double>* adjoints, std::size_t rows);
    void finish() const;

    const Term<double>* terms;
    TermAdjoint<double>* adjoints;
    const Term<double>* groups = nullptr; ///< the one among the terms
    const Term<double>* slope = nullptr;  ///< or none
    double* by_group = nullptr;           ///< where r is summed up, by group
    double start = 0;                     ///< the constants
    Batch by_slope{};                     ///< r times the data
    Batch total{};                        ///< of r
};

/// A predictor of one vector times a factor, and constants.
struct VectorSums {
    static constexpr bool sets_adjoints = true;

    /// Whether these terms are such a predictor.
    static bool serves(const Term<double>* terms);
    VectorSums(const Term<double>* terms, TermAdjoint<double>* adjoints, std::size_t rows);
    void finish() const;

    const Term<double>* terms;
    TermAdjoint<double>* adjoints;
    const Term<double>* vector = nullptr; ///< the one among the terms
    double* by_element = nullptr;         ///< where derivatives by its elements go, if it is on the tape
    double start = 0;                     ///< the constants
    Batch by_factor{};                    ///< r times the vector
    Batch total{};                        ///< of r
};

/// As many columns as stay in registers.
inline constexpr std::size_t most_columns_in_registers = is_wide ? 12 : 3;
/// At the end of the rows, loops look back at some that have been added: so many there have to be.
inline constexpr std::size_t fewest_rows = Batch::size, fewest_rows_in_groups = 3 * Batch::size;

} // namespace modus

export namespace modus {

/// The loops of one formula, of whose arguments the predictor is the only array on the tape. They add `count` rows from
/// row `first` on, at most `longest_sum`, as a SumLoop does.
struct RowLoops {
    template <class Rows> using Loop = void (*)(const void* formula, const BlockArgument* arguments, std::size_t first,
                                                std::size_t count, Batch* sums, Rows& rows);
    std::size_t predictor; ///< which argument it is

    std::array<Loop<ProductSums<double>>, most_columns_in_registers> products; ///< of 1, 2, ... columns
    std::array<Loop<GroupSums>, 2> groups, scattered; ///< sorted or not; without and with a slope
    std::array<Loop<VectorSums>, 2> vector;           ///< of data, and of one on the tape

    inline Loop<ProductSums<double>> loop_of(const ProductSums<double>& rows) const {
        return products[rows.product->size - 1];
    }
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
