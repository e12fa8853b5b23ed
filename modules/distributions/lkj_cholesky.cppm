// Correlation matrices, by their Cholesky factors.
export module modus.distributions:lkj_cholesky;

import modus.standard;
import modus.autodiff;
import modus.support;
import :elementwise;
import :joint;
import :plain;

namespace modus {
Matrix draw_lkj_cholesky(Random& random, std::size_t size, double concentration);
Matrix lkj_cholesky_mean(std::size_t size, double concentration);
Matrix lkj_cholesky_variance(std::size_t size, double concentration);
} // namespace modus

export namespace modus {

/// LKJCholesky(dim, concentration) on the Cholesky factors L of dim x dim correlation matrices
/// (support::corr_cholesky): the density of L L' is proportional to its determinant to the power concentration - 1,
/// concentration > 0; 1 is uniform, larger prefers small correlations. The density of L is that of its elements below
/// the diagonal. With row i (from 0) the square of its diagonal element is Beta(concentration + (dim - 1 - i) / 2, i /
/// 2). quantile is NaN, so that a latent site starts at the identity. Lewandowski, Kurowicka & Joe, "Generating random
/// correlation matrices based on vines and extended onion method", 2009.
/// pytorch.org/docs/stable/distributions.html#lkjcholesky; Stan: lkj_corr_cholesky(eta).
template <class Concentration> class LKJCholesky : public Joint<LKJCholesky<Concentration>, 2, 2> {
    using Base = Joint<LKJCholesky, 2, 2>;
    static_assert(!AnyArray<Concentration>, "concentration of LKJCholesky must be one number");

  public:
    static constexpr bool is_discrete = false;

    LKJCholesky(std::size_t dim, const auto& concentration)
        : Base({dim, dim}), concentration_(as_parameter(concentration)) {}
    LKJCholesky with_extents(const Extents<2>&) const { return *this; }

    static std::string_view name() { return "LKJCholesky"; }
    auto support() const { return support::CorrCholesky(dim()); }
    void check_parameters() const {
        if (dim() == 0)
            fail({"dim of LKJCholesky to be positive"}, {"0"}, "A correlation matrix has at least one row.");
        check_parameter(name(), {"concentration", Constraint::positive}, Data(value_of(concentration_)));
    }

    auto log_density_of(const auto& x) const {
        Vector rows(dim() - 1);
        for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<double>(i + 1);
        const double last = static_cast<double>(dim() - 1);
        // The row is a point in a ball, where lbeta spares us differences of lgamma(concentration + ...).
        const auto of_row = [last](const auto& diagonal, const auto& i, const auto& concentration) {
            const auto b = concentration + 0.5 * (last - i);
            return xlogy(2.0 * (b - 1.0), diagonal) - lbeta(b, 0.5 * i) + lgamma(0.5 * i) -
                   0.5 * i * std::log(std::numbers::pi);
        };
        return sum_map(rows.extents(), of_row, diagonal(x).slice(1, rows.size()), rows, concentration_);
    }

    Data draw(Random& random) const { return draw_lkj_cholesky(random, dim(), value_of(concentration_)); }
    Data mean() const { return lkj_cholesky_mean(dim(), value_of(concentration_)); }
    Data variance() const { return lkj_cholesky_variance(dim(), value_of(concentration_)); }
    Data quantile(double) const { return this->undefined(); }

  private:
    std::size_t dim() const { return this->extents()[0]; }

    Concentration concentration_;
};
template <class C> LKJCholesky(std::size_t, const C&) -> LKJCholesky<parameter_t<C>>;

} // namespace modus
