// X * w for a formula and X' r from its derivatives, in one pass over X. Rows of X are read for the way back while the
// next ones, which come from further away, are read for the way out: neither waits for the other.
export module modus.autodiff:product_rows;

import modus.standard;
import :batch;
import :predictor;
import :row_loops;
import :tape;

namespace modus {

/// A predictor that is one product of few columns, and constants, and what a pass over its rows sums up.
template <class T> struct ProductSums {
    static constexpr std::size_t words = words_in<T>;

    /// Of such terms with so many rows; without the values, where only tangents are asked for.
    ProductSums(const Term<T>* terms, TermAdjoint<T>* adjoints, std::size_t rows, bool has_values);
    /// Makes the sums adjoints of the terms, as `pull_rows` does.
    void finish() const;

    const Term<T>* terms;
    TermAdjoint<T>* adjoints;
    const Term<T>* product = nullptr; ///< the one among the terms
    TermAdjoint<T>* by_product = nullptr;
    std::size_t leading;
    bool has_values;
    // Words of T, column by column.
    T start{};                                         ///< the constants
    std::array<double, words * most_columns> weights;  ///< with the factor of the product
    std::array<Batch, words * most_columns> by_column; ///< X' r, r being the derivatives by the rows
    std::array<Batch, words> total{};                  ///< of r
};

/// What makes numbers for a formula's loop while it runs: whole batches, and in the end those that are left.
struct RowSource {
    std::size_t step; ///< so many were made last
    /// Numbers from k on are needed, the ones before are done. It saves registers itself, so that a loop that has no
    /// source, as those of small models, saves none.
    void (*advance)(RowSource& source, std::size_t k) [[clang::preserve_most]];
};

/// Makes rows of a product on the way.
template <class T> class ProductRows : public RowSource {
  public:
    static const std::size_t fewest_rows; ///< for less it is not worth it

    /// The values of all rows are put into `kept`, if there is such memory; or are there, and are not made, where the
    /// sums have none.
    explicit ProductRows(ProductSums<T>& sums, double* kept);
    /// Makes the first rows of those from `first` on, of which there are `count`. They are stored from `out` on, and
    /// their derivatives will be from `r` on, both in planes `stride` apart and in whole batches.
    void begin(std::size_t first, std::size_t count, double* out, const double* r, std::size_t stride);
    /// Takes back the rows that were made last.
    void end();

  private:
    static constexpr std::size_t words = words_in<T>;
    struct Made { ///< rows that have not been taken back yet
        const double* x;
        const double* r;
        std::size_t count = 0;
    };
    struct Weight { ///< a tangent that is not 0: of a Hessian's directions, most are
        std::size_t column;
        double by;
    };
    // `some` rows of a batch that is not whole, of one.
    template <std::size_t count, bool takes, bool makes, bool is_whole = true, bool has_values = true> void
    pass(const double* taken, const double* derivatives, const double* x, double* out, std::size_t some = Batch::size);
    template <std::size_t count, bool is_whole = true>
    void make_tangents(const double* x, double* out, std::size_t some = Batch::size) const;
    template <bool has_values> void take(std::size_t i);
    void take_and_make(const double* x, double* out, std::size_t count);
    void take_and_make_tangents(const double* x, double* out, std::size_t count);
    void make(std::size_t k);
    double* kept_at(const double* x) const { return kept_ + (x - sums_.product->matrix); }

    ProductSums<T>& sums_;
    double* const kept_;
    std::array<Weight, (words - 1) * most_columns> tangents_; ///< plane by plane
    std::array<std::size_t, words> end_of_plane_{};
    const double *x_ = nullptr, *r_ = nullptr;
    double* out_ = nullptr;
    std::size_t count_ = 0, stride_ = 0;
    Made made_{};
};

} // namespace modus
