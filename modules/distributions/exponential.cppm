// The exponential distribution.
export module modus.distributions:exponential;

import modus.standard;
import modus.autodiff;
import modus.support;
import :elementwise;

export namespace modus {

struct ExponentialFamily {
    static constexpr std::string_view name = "Exponential";
    static constexpr std::array parameters{Parameter{"rate", Constraint::positive}};

    static auto support(const auto&...) { return support::nonnegative; }
    static auto log_normalizer(const auto& rate) { return log(rate); }
    static auto log_density(const auto& x, const auto& rate, const auto& normalizer) { return normalizer - rate * x; }
    static double draw(Random& random, double rate) { return -log(random.uniform()) / rate; }
    static double mean(double rate) { return 1 / rate; }
    static double variance(double rate) { return 1 / (rate * rate); }
    static double quantile(double q, double rate) { return -log1p(-q) / rate; }
};

/// Exponential(rate) on the numbers from 0 on; rate > 0. The mean is 1 / rate.
/// pytorch.org/docs/stable/distributions.html#exponential; Stan: exponential(beta).
template <class Rate> struct Exponential : Univariate<ExponentialFamily, Rate> {
    explicit Exponential(const auto& rate) : Univariate<ExponentialFamily, Rate>(as_parameter(rate)) {}
};
template <class R> Exponential(const R&) -> Exponential<parameter_t<R>>;

} // namespace modus
