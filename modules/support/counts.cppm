// Vectors of counts with a given sum.
export module modus.support:counts;

import modus.standard;
import modus.autodiff;
import :value;

export namespace modus::support {

/// Vectors of whole numbers, 0 or more, that sum to `total`, or several as the rows of a matrix.
template <std::size_t Rank> class Counts {
  public:
    static constexpr std::size_t rank = Rank;
    static constexpr bool is_discrete = true;

    Counts(const Extents<Rank>& extents, double total) : extents_(extents), total_(total) {}

    Extents<Rank> extents() const { return extents_; }
    std::string name() const { return "whole numbers that sum to " + format_exactly(total_); }
    std::string violation(const Data& x) const;
    /// All in the first element.
    array_t<Integer, Rank> feasible() const;
    std::size_t unconstrained_size() const { return 0; }
    Vector unconstrain(const Data&) const { return {}; }

  private:
    std::size_t rows() const { return Rank == 2 ? extents_[0] : 1; }

    Extents<Rank> extents_;
    double total_;
};

} // namespace modus::support
