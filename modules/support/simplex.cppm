// Vectors of shares: 0 or more, and 1 together.
export module modus.support:simplex;

import modus.standard;
import modus.autodiff;
import :sticks;
import :value;

export namespace modus::support {

/// How far from 1 a sum, or from unit length a row, may be in data. Stan: CONSTRAINT_TOLERANCE.
inline constexpr double unit_tolerance = 1e-8;

/// Vectors on the simplex, or several as the rows of a matrix. A learnable point is kept above 0 and has one coordinate
/// less than elements, by stick breaking: no direction is flat, and all zeros is the centre. Coordinates
/// are stored as elements are, column by column. Stan Reference Manual, "Unit simplex"; the Jacobian is that of all
/// elements but the last.
template <std::size_t Rank> class Simplex {
  public:
    static constexpr std::size_t rank = Rank;
    static constexpr bool is_discrete = false;

    /// Throws Error where there is no element to be 1.
    explicit Simplex(const Extents<Rank>& extents) : extents_(extents) {
        if (extents_[Rank - 1] == 0)
            fail({"a simplex with at least one element"}, {"shape ", extents_}, "Nothing cannot sum to 1.");
    }

    Extents<Rank> extents() const { return extents_; }
    static std::string name() { return "numbers from 0 to 1 that sum to 1"; }
    std::string violation(const Data& x) const;
    array_t<double, Rank> feasible() const;
    std::size_t unconstrained_size() const { return sticks().total_cuts(); }
    Vector unconstrain(const Data& x) const {
        return cuts_of<Lengths>(sticks(), real_of<Rank>(x).reshape(Extents<2>{sticks().rows, sticks().columns}));
    }
    template <Scalar R> auto constrain(const Array<R, 1>& u) const {
        return break_sticks<Lengths>(sticks(), u).reshape(extents_);
    }
    template <Scalar R> R log_abs_det_jacobian(const Array<R, 1>& u) const { return log_volume<Lengths>(sticks(), u); }

  private:
    Sticks sticks() const { return {Rank == 2 ? extents_[0] : 1, extents_[Rank - 1], false}; }

    Extents<Rank> extents_;
};

/// What keeps a row of a matrix off the simplex, in words, or nothing; `rows` says whether to name the row.
std::string off_simplex(const Matrix& x, bool has_rows);

inline Simplex<1> simplex(std::size_t size) { return Simplex<1>({size}); }

} // namespace modus::support
