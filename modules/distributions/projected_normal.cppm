// Random directions.
export module modus.distributions:projected_normal;

import modus.standard;
import modus.autodiff;
import modus.support;
import :joint;
import :plain;

namespace modus {
/// log of the integral of r^(n - 1) exp(-(r - t)^2 / 2) over r > 0, for n >= 2, and its n-th derivative by t, up to the
/// third.
double log_radial_mass_value(int derivative, int n, double t);

template <Argument X> auto log_radial_mass(int n, const X& t, int derivative = 0) {
    return chain_rule(
        t, [=](double v) { return log_radial_mass_value(derivative, n, v); },
        [=](const auto& v, const auto&) { return log_radial_mass(n, v, derivative + 1); });
}

/// A draw in each row; `concentration` has as many rows, or one for all.
Matrix draw_projected_normal(Random& random, const Matrix& concentration, std::size_t rows);
/// The rows divided by their lengths.
Matrix directions_of(const Matrix& rows);
} // namespace modus

export namespace modus {

/// ProjectedNormal(concentration) on the vectors of unit length (support::sphere): z / |z| for z ~
/// Normal(concentration, 1), with two or more elements; a matrix has one distribution in each row. The direction of
/// `concentration` is the mode, and what `mean` and the median give; its length says how narrow the distribution is.
/// Variance and other quantiles are NaN. The density is with respect to the area of the sphere, to 1e-12 relative for
/// up to 20 elements. docs.pyro.ai, ProjectedNormal; Hernandez-Stumpfhauser, Breidt & van der Woerd (2017), "The
/// General Projected Normal Distribution of Arbitrary Dimension", Bayesian Analysis 12.
template <class Concentration, std::size_t Rank = rank_of<Concentration>> class ProjectedNormal
    : public Joint<ProjectedNormal<Concentration, Rank>, 1, Rank> {
    using Base = Joint<ProjectedNormal, 1, Rank>;

  public:
    static constexpr bool is_discrete = false;

    explicit ProjectedNormal(const auto& concentration) requires(Rank == rank_of<Concentration>)
        : Base(as_real_array(concentration).extents()), concentration_(as_real_array(concentration)) {}
    ProjectedNormal(const Concentration& concentration, const Extents<Rank>& extents)
        : Base(extents), concentration_(concentration) {}
    template <std::size_t R> auto with_extents(const Extents<R>& extents) const {
        return ProjectedNormal<Concentration, R>(concentration_, extents);
    }

    static std::string_view name() { return "ProjectedNormal"; }
    auto support() const { return support::Sphere<Rank>(this->extents()); }
    void check_parameters() const {
        check_parameter(name(), {"concentration", Constraint::real}, Data(value_of(concentration_)));
    }

    auto log_density_of(const auto& x) const {
        const auto& extents = this->extents();
        const std::size_t size = extents[Rank - 1];
        const double constant = -0.5 * static_cast<double>(make_shape(extents).size()) * std::log(2 * std::numbers::pi);
        // |concentration - t x|^2, with t = x . concentration, has no cancellation where both are long.
        const auto off = [](const auto& v, const auto& c, const auto& t) { return square(c - t * v); };
        const auto mass = [n = static_cast<int>(size)](const auto& t) { return log_radial_mass(n, t); };
        const auto products = [](const auto& v, const auto& c) { return v * c; };
        if constexpr (Rank == 1) {
            const auto t = sum_map(extents, products, x, concentration_);
            return mass(t) - 0.5 * sum_map(extents, off, x, concentration_, t) + constant;
        } else {
            const auto t = map_to(extents, products, x, concentration_) * ones(size);
            return sum_map(t.extents(), mass, t) -
                   0.5 * sum_map(extents, off, x, concentration_, t.reshape(Extents<2>{extents[0], 1})) + constant;
        }
    }

    Data draw(Random& random) const {
        return draw_projected_normal(random, rows_of(concentration_), this->events()).reshape(this->extents());
    }
    Data mean() const {
        return this->repeated(directions_of(rows_of(concentration_)).reshape(concentration_.extents()));
    }
    Data variance() const { return this->undefined(); }
    /// The middle, for 1/2: the distribution is the same on all sides of its mean.
    Data quantile(double q) const { return q == 0.5 ? mean() : this->undefined(); }

  private:
    Concentration concentration_;
};
template <class C> ProjectedNormal(const C&) -> ProjectedNormal<real_array_t<C>>;

} // namespace modus
