// Directions: vectors of length 1.
export module modus.support:sphere;

import modus.standard;
import modus.autodiff;
import :value;

namespace modus::support {
/// Throws Error: the map to the sphere is no bijection.
[[noreturn]] void no_bijection_to_the_sphere();
} // namespace modus::support

export namespace modus::support {

/// Vectors of unit length, or several as the rows of a matrix. A learnable point has as many coordinates as elements
/// and is these divided by their length, so that a step can cross the sphere anywhere; the length itself is free, and
/// there is no Jacobian. The feasible point has equal elements. torch.distributions.constraints.sphere of Pyro.
template <std::size_t Rank> class Sphere {
  public:
    static constexpr std::size_t rank = Rank;
    static constexpr bool is_discrete = false;

    /// Throws Error where there are fewer than two elements: such a point could not move.
    explicit Sphere(const Extents<Rank>& extents) : extents_(extents) {
        if (extents_[Rank - 1] < 2)
            fail({"a sphere with at least two elements"}, {"shape ", extents_}, "One number has no direction to turn.");
    }

    Extents<Rank> extents() const { return extents_; }
    static std::string name() { return "vectors of length 1"; }
    std::string violation(const Data& x) const;
    array_t<double, Rank> feasible() const;
    std::size_t unconstrained_size() const { return make_shape(extents_).size(); }
    Vector unconstrain(const Data& x) const { return real_of<Rank>(x).reshape(Extents<1>{unconstrained_size()}); }
    template <Scalar R> auto constrain(const Array<R, 1>& u) const {
        const auto over = [](const auto& v, const auto& s) { return v / sqrt(s); };
        const auto squares = [](const auto& v) { return v * v; };
        const auto rows = u.reshape(extents_);
        if constexpr (Rank == 1) {
            return map_to(extents_, over, rows, sum_map(extents_, squares, rows));
        } else {
            const auto sums = map_to(extents_, squares, rows) * ones(extents_[1]);
            return map_to(extents_, over, rows, sums.reshape(Extents<2>{extents_[0], 1}));
        }
    }
    /// Throws Error: see above.
    template <Scalar R> R log_abs_det_jacobian(const Array<R, 1>&) const { no_bijection_to_the_sphere(); }

  private:
    Extents<Rank> extents_;
};

inline Sphere<1> sphere(std::size_t size) { return Sphere<1>({size}); }

} // namespace modus::support
