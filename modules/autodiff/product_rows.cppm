// X * w for a formula and X' r from its derivatives, in one pass over X. Rows of X are read for the way back while the
// next ones, which come from further away, are read for the way out: neither waits for the other.
export module modus.autodiff:product_rows;

import modus.standard;
import :batch;
import :row_loops;

namespace modus {

/// What makes numbers for a formula's loop while it runs, `step` of them at a time.
struct RowSource {
    std::size_t step;
    void (*advance)(RowSource& source, std::size_t k); ///< numbers k to k + step - 1 are needed, the ones before done
};

/// Makes rows of a product on the way, a multiple of `step` of them.
class ProductRows : public RowSource {
  public:
    static const std::size_t rows_at_once; ///< the step

    explicit ProductRows(ProductSums& sums);
    /// Makes the first rows of those from `first` on. They are stored from `out` on, and their derivatives will be from
    /// `r` on.
    void begin(std::size_t first, double* out, const double* r);
    /// Takes back the rows that were made last.
    void end();

  private:
    struct Made { ///< rows that have not been taken back yet
        const double* x;
        const double* r;
    };
    template <bool is_first, bool is_last> void pass(const Made& made, const double* x, double* out);
    void make(std::size_t k);

    ProductSums& sums_;
    const double *x_ = nullptr, *r_ = nullptr;
    double* out_ = nullptr;
    Made made_{};
};

} // namespace modus
