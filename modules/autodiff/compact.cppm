// Sums of squares of residuals from sufficient statistics. With [1 X y] = Q R, |y - X w - b|^2 is the same sum over the
// rows of R, which has as many rows as columns, however many rows the data have. By Householder reflections, so that it
// is as accurate as the pass over all rows (Golub & Van Loan, Matrix Computations, 5.3); the normal equations are not.
export module modus.autodiff:compact;

import modus.standard;
import :array;
import :dual;
import :predictor;
import :tape;
import :tape_array;

export namespace modus {

/// Data that were compacted before, with what they came from: arrays are copied before they are changed, so that an
/// array which is kept here stays what it was.
class CompactData {
  public:
    /// Columns side by side: vectors, matrices, and a column of ones where `values` is none.
    struct Columns {
        const double* values;
        std::size_t count;
        Buffer memory;
    };

    /// R of the columns, each with so many rows; found here, or computed and kept.
    Matrix compact(const std::vector<Columns>& columns, std::size_t rows);

  private:
    struct Entry {
        std::vector<Columns> columns;
        std::size_t rows;
        Matrix compacted;
    };
    std::vector<Entry> entries_;
};

} // namespace modus

export namespace modus {

/// sum_i (y_i - mean_i)^2 from compacted data, where the tape has some, the mean is a linear predictor of data alone
/// (products with matrices, slopes times vectors, intercepts), and there are many rows; else nothing.
template <class T> std::optional<Var<T>> compact_squares(const Vector& y, const Array<Var<T>, 1>& mean);

} // namespace modus
