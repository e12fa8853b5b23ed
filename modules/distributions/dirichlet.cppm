// Shares of a whole.
export module modus.distributions:dirichlet;

import modus.standard;
import modus.autodiff;
import modus.support;
import :joint;
import :plain;

namespace modus {
/// A draw in each row; `concentration` has as many rows, or one for all.
Matrix draw_dirichlet(Random& random, const Matrix& concentration, std::size_t rows);
/// Concentrations over their sum in each row, and what that means for the variances.
Matrix dirichlet_mean(const Matrix& concentration);
Matrix dirichlet_variance(const Matrix& concentration);
} // namespace modus

export namespace modus {

/// Dirichlet(concentration) on the vectors of numbers from 0 to 1 that sum to 1 (support::simplex), with one element
/// for each of the positive numbers in the vector `concentration`; a matrix has one distribution in each row. The
/// density is that of all elements but the last. The mean is concentration / sum(concentration); quantile is NaN,
/// because the quantiles of the elements do not sum to 1, so that a latent site starts at the centre.
/// pytorch.org/docs/stable/distributions.html#dirichlet; Stan: dirichlet(alpha).
template <class Concentration, std::size_t Rank = rank_of<Concentration>> class Dirichlet
    : public Joint<Dirichlet<Concentration, Rank>, 1, Rank> {
    using Base = Joint<Dirichlet, 1, Rank>;

  public:
    static constexpr bool is_discrete = false;

    explicit Dirichlet(const auto& concentration) requires(Rank == rank_of<Concentration>)
        : Base(as_real_array(concentration).extents()), concentration_(as_real_array(concentration)) {}
    Dirichlet(const Concentration& concentration, const Extents<Rank>& extents)
        : Base(extents), concentration_(concentration) {}
    template <std::size_t R> auto with_extents(const Extents<R>& extents) const {
        return Dirichlet<Concentration, R>(concentration_, extents);
    }

    static std::string_view name() { return "Dirichlet"; }
    auto support() const { return support::Simplex<Rank>(this->extents()); }
    void check_parameters() const {
        check_parameter(name(), {"concentration", Constraint::positive}, Data(value_of(concentration_)));
    }

    auto log_density_of(const auto& x) const {
        const auto kernel =
            sum_map(this->extents(), [](const auto& v, const auto& a) { return xlogy(a - 1.0, v); }, x, concentration_);
        const auto log_gamma = [](const auto& a) { return lgamma(a); };
        const auto parts = sum_map(concentration_.extents(), log_gamma, concentration_);
        const double repeats = static_cast<double>(this->events()) / static_cast<double>(rows());
        if constexpr (rank_of<Concentration> == 1) {
            return kernel + repeats * (lgamma(sum(concentration_)) - parts);
        } else {
            const auto totals = concentration_ * ones(concentration_.cols());
            return kernel + repeats * (sum_map(totals.extents(), log_gamma, totals) - parts);
        }
    }

    Data draw(Random& random) const {
        return draw_dirichlet(random, rows_of(concentration_), this->events()).reshape(this->extents());
    }
    Data mean() const { return this->repeated(own_shape(dirichlet_mean(rows_of(concentration_)))); }
    Data variance() const { return this->repeated(own_shape(dirichlet_variance(rows_of(concentration_)))); }
    Data quantile(double) const { return this->undefined(); }

  private:
    std::size_t rows() const { return rank_of<Concentration> == 2 ? concentration_.extents()[0] : 1; }
    auto own_shape(const Matrix& rows) const { return rows.reshape(concentration_.extents()); }

    Concentration concentration_;
};
template <class C> Dirichlet(const C&) -> Dirichlet<real_array_t<C>>;

} // namespace modus
