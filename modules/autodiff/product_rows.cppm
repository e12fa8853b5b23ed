module;
#include <array>
#include <cstddef>

// X * w for a formula and X' r from its derivatives, in one pass over X. Rows of X are read for the way back while the
// next ones, which come from further away, are read for the way out: neither waits for the other.
export module modus.autodiff:product_rows;

import :batch;
import :predictor;

namespace modus {

/// What makes numbers for a formula's loop while it runs, `step` of them at a time.
struct RowSource {
    std::size_t step;
    void (*advance)(RowSource& source, std::size_t k); ///< numbers k to k + step - 1 are needed, the ones before done
};

/// Rows of a predictor that is one product and perhaps constants, a multiple of `step` of them.
class ProductRows : public RowSource {
  public:
    static const std::size_t rows_at_once; ///< the step

    /// Whether these terms are a product of few columns, and constants.
    static bool serves(const Term<double>* terms);
    /// For such terms of a predictor with so many rows.
    ProductRows(const Term<double>* terms, std::size_t rows);

    /// Makes the first rows of those from `first` on. They are stored from `out` on, and their derivatives will be from
    /// `r` on.
    void begin(std::size_t first, double* out, const double* r);
    /// Takes back the rows that were made last, and adds what the derivatives mean for the terms, as `pull_rows` does.
    void finish(TermAdjoint<double>* adjoints);

  private:
    static constexpr std::size_t most_columns = 64; // more do not stay in the first-level cache

    struct Made { ///< rows that have not been taken back yet
        const double* x;
        const double* r;
    };
    template <bool is_first, bool is_last> void pass(const Made& made, const double* x, double* out);
    void make(std::size_t k);

    const Term<double>* terms_;
    const Term<double>* product_ = nullptr;
    std::size_t leading_;
    double start_ = 0;                          ///< the constants
    std::array<double, most_columns> weights_;  ///< with the factor of the product
    std::array<Batch, most_columns> by_column_; ///< X' r
    Batch total_{};                             ///< of r
    const double *x_ = nullptr, *r_ = nullptr;
    double* out_ = nullptr;
    Made made_{};
};

} // namespace modus
