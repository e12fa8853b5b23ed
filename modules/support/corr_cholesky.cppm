// Cholesky factors of correlation matrices.
export module modus.support:corr_cholesky;

import modus.standard;
import modus.autodiff;
import :sticks;
import :value;

export namespace modus::support {

/// Lower triangular matrices L with a positive diagonal and rows of length 1: L L' is a correlation matrix. The D (D -
/// 1) / 2 coordinates, row by row, are the inverse hyperbolic tangents of canonical partial correlations; all zeros is
/// the identity. Stan Reference Manual, "Cholesky factors of correlation matrices"; the Jacobian is that of the
/// elements below the diagonal.
class CorrCholesky {
  public:
    static constexpr std::size_t rank = 2;
    static constexpr bool is_discrete = false;

    inline explicit CorrCholesky(std::size_t size) : size_(size) {}

    inline Extents<2> extents() const { return {size_, size_}; }
    static std::string name() {
        return "a lower triangular matrix with a positive diagonal and rows of length 1 (a Cholesky factor of a "
               "correlation matrix)";
    }
    std::string violation(const Data& x) const;
    Matrix feasible() const;
    inline std::size_t unconstrained_size() const { return sticks().total_cuts(); }
    Vector unconstrain(const Data& x) const { return cuts_of<Squares>(sticks(), real_of<2>(x)); }
    template <Scalar R> auto constrain(const Array<R, 1>& u) const { return break_sticks<Squares>(sticks(), u); }
    template <Scalar R> R log_abs_det_jacobian(const Array<R, 1>& u) const { return log_volume<Squares>(sticks(), u); }

  private:
    inline Sticks sticks() const { return {size_, size_, true}; }

    std::size_t size_;
};

/// What keeps a matrix from being lower triangular with a positive diagonal, in words, or nothing.
std::string not_a_cholesky_factor(const Matrix& x);

inline CorrCholesky corr_cholesky(std::size_t size) { return CorrCholesky(size); }

} // namespace modus::support
