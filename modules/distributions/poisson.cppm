// The Poisson distribution.
export module modus.distributions:poisson;

import modus.standard;
import modus.autodiff;
import modus.support;
import :elementwise;

export namespace modus {

struct PoissonFamily {
    static constexpr std::string_view name = "Poisson";
    static constexpr std::array parameters{Parameter{"rate", Constraint::nonnegative}};

    static auto support(const auto&...) { return support::nonnegative_integer; }
    static auto log_density(const auto& x, const auto& rate) { return xlogy(x, rate) - rate - lgamma(x + 1.0); }
    static double draw(Random& random, double rate);
    static double mean(double rate) { return rate; }
    static double variance(double rate) { return rate; }
    static double quantile(double q, double rate);
};

/// Poisson(rate) on the integers from 0 on; rate, 0 or more, is the mean.
/// pytorch.org/docs/stable/distributions.html#poisson; Stan: poisson(lambda).
template <class Rate> struct Poisson : Univariate<PoissonFamily, Rate> {
    explicit Poisson(const auto& rate) : Univariate<PoissonFamily, Rate>(as_parameter(rate)) {}
};
template <class R> Poisson(const R&) -> Poisson<parameter_t<R>>;

} // namespace modus
