// Normal vectors with correlated elements.
export module modus.distributions:multivariate_normal;

import modus.standard;
import modus.autodiff;
import modus.support;
import :elementwise;
import :joint;
import :plain;

namespace modus {
/// L times a vector of standard normals in each row.
Matrix draw_correlated(Random& random, const Matrix& scale_tril, std::size_t rows);
/// Of each element: the sums of squares along the rows of L.
Vector variances_of(const Matrix& scale_tril);
void check_scale_tril(std::string_view distribution, const Matrix& scale_tril, std::size_t size);
} // namespace modus

export namespace modus {

/// MultivariateNormal(loc, scale_tril) on the real vectors: loc + L e for independent standard normals e, where L =
/// `scale_tril` is lower triangular with a positive diagonal, so that the covariance is L L'. For a covariance matrix
/// write MultivariateNormal(loc, cholesky(covariance)). `loc` is a vector, one number for all elements, or a matrix
/// with one distribution in each row. Mean, variance and quantile are those of the elements, the median is loc.
/// pytorch.org/docs/stable/distributions.html#multivariatenormal; Stan: multi_normal_cholesky(mu, L).
template <class Loc, class ScaleTril, std::size_t Rank = std::max(std::size_t{1}, rank_of<Loc>)>
class MultivariateNormal : public Joint<MultivariateNormal<Loc, ScaleTril, Rank>, 1, Rank> {
    using Base = Joint<MultivariateNormal, 1, Rank>;
    static_assert(rank_of<ScaleTril> == 2, "scale_tril must be a matrix");

  public:
    static constexpr bool is_discrete = false;

    MultivariateNormal(const auto& loc, const auto& scale_tril) requires(Rank == std::max(std::size_t{1}, rank_of<Loc>))
        : MultivariateNormal(as_parameter(loc), as_real_array(scale_tril), nullptr) {}
    MultivariateNormal(const Loc& loc, const ScaleTril& scale_tril, const Extents<Rank>& extents)
        : Base(extents), loc_(loc), scale_tril_(scale_tril) {}
    template <std::size_t R> auto with_extents(const Extents<R>& extents) const {
        return MultivariateNormal<Loc, ScaleTril, R>(loc_, scale_tril_, extents);
    }

    static std::string_view name() { return "MultivariateNormal"; }
    auto support() const { return support::Each<support::Real, Rank>(this->extents()); }
    void check_parameters() const {
        check_parameter(name(), {"loc", Constraint::real}, Data(value_of(loc_)));
        check_scale_tril(name(), value_of(scale_tril_), this->extents()[Rank - 1]);
    }

    auto log_density_of(const auto& x) const {
        const auto residual = map_to(this->extents(), [](const auto& v, const auto& m) { return v - m; }, x, loc_);
        const auto white = solve_lower(scale_tril_, residual);
        const auto scales = diagonal(scale_tril_);
        const double count = static_cast<double>(this->events());
        return -0.5 * sum_map(
                          white.extents(), [](const auto& z) { return z * z; }, white) -
               count * sum_map(
                           scales.extents(), [](const auto& s) { return log(s); }, scales) -
               count * static_cast<double>(scales.size()) * 0.5 * std::log(2 * std::numbers::pi);
    }

    Data draw(Random& random) const {
        const Matrix noise = draw_correlated(random, value_of(scale_tril_), this->events());
        return map_to(
            this->extents(), [](double m, double e) { return m + e; }, value_of(loc_), noise.reshape(this->extents()));
    }
    Data mean() const { return this->repeated(value_of(loc_)); }
    Data variance() const { return this->repeated(variances_of(value_of(scale_tril_))); }
    Data quantile(double q) const {
        const double z = normal_quantile(q);
        return map_to(
            this->extents(), [z](double m, double v) { return m + z * std::sqrt(v); }, value_of(loc_),
            variances_of(value_of(scale_tril_)));
    }

  private:
    MultivariateNormal(const Loc& loc, const ScaleTril& scale_tril, std::nullptr_t)
        : MultivariateNormal(loc, scale_tril, shape_from(loc, scale_tril)) {}
    static Extents<Rank> shape_from(const Loc& loc, const ScaleTril& scale_tril) {
        if constexpr (AnyArray<Loc>) return loc.extents();
        else return {scale_tril.rows()};
    }

    Loc loc_;
    ScaleTril scale_tril_;
};
template <class L, class S> MultivariateNormal(const L&, const S&)
    -> MultivariateNormal<parameter_t<L>, real_array_t<S>>;

} // namespace modus
