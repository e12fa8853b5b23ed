module;
#include <cstddef>

// X * w for a formula and X' r from its derivatives, in one pass over X. Rows of X are read for the way back while the
// next ones, which come from further away, are read for the way out: neither waits for the other.
export module modus.autodiff:product_rows;

import :batch;

namespace modus {

/// What makes numbers for a formula's loop while it runs, `step` of them at a time.
struct RowSource {
    std::size_t step;
    void (*advance)(RowSource& source, std::size_t k); ///< numbers k to k + step - 1 are needed, the ones before done
};

/// Rows of X * w + start, a multiple of `step`, and the sums X' r and of r.
class ProductRows : public RowSource {
  public:
    static constexpr std::size_t most_columns = 64; // more do not stay in the first-level cache
    static const std::size_t rows_at_once;          ///< the step

    /// X has `leading` numbers in a column. `sums` has a batch for each column, and one for r alone.
    ProductRows(std::size_t leading, std::size_t columns, const double* w, double start, Batch* sums);
    /// The next `size` rows begin at `x`: makes the first of them. They are stored from `out` on, and their derivatives
    /// will be from `r` on.
    void begin(const double* x, std::size_t size, double* out, const double* r);
    /// Takes back the rows that were made last.
    void finish();

  private:
    struct Made { ///< rows that have not been taken back yet
        const double* x;
        const double* r;
    };
    template <bool is_first, bool is_last> void pass(const Made& made, const double* x, double* out);
    void make(std::size_t k);

    std::size_t leading_, columns_;
    const double* w_;
    double start_;
    Batch* sums_;
    const double *x_ = nullptr, *r_ = nullptr;
    std::size_t size_ = 0;
    double* out_ = nullptr;
    Made made_{};
};

} // namespace modus
