// The distribution of |y| for a Cauchy y around 0.
export module modus.distributions:half_cauchy;

import modus.standard;
import modus.autodiff;
import modus.support;
import :elementwise;

export namespace modus {

struct HalfCauchyFamily {
    static constexpr std::string_view name = "HalfCauchy";
    static constexpr std::array parameters{Parameter{"scale", Constraint::positive}};

    static auto support(const auto&...) { return support::nonnegative; }
    static auto log_normalizer(const auto& scale) { return log_2_over_pi - log(scale); }
    static auto log_density(const auto& x, const auto& scale, const auto& normalizer) {
        return normalizer - log1p(square(x / scale));
    }
    static double draw(Random& random, double scale) { return quantile(random.uniform(), scale); }
    static double mean(double) { return std::numeric_limits<double>::infinity(); }
    static double variance(double) { return std::numeric_limits<double>::quiet_NaN(); }
    static double quantile(double q, double scale) {
        // tan(pi q / 2), in the tail by the distance of q from 1, which is exact.
        if (q > 0.5) return scale / tan(0.5 * std::numbers::pi * (1 - q));
        return scale * tan(0.5 * std::numbers::pi * q);
    }

    static constexpr double log_2_over_pi = -0.45158270528945486473;
};

/// HalfCauchy(scale) on the numbers from 0 on; scale > 0 is the median. The mean is infinite.
/// pytorch.org/docs/stable/distributions.html#halfcauchy; Stan: cauchy(0, sigma) for a variable with lower=0.
template <class Scale> struct HalfCauchy : Univariate<HalfCauchyFamily, Scale> {
    explicit HalfCauchy(const auto& scale) : Univariate<HalfCauchyFamily, Scale>(as_parameter(scale)) {}
};
template <class S> HalfCauchy(const S&) -> HalfCauchy<parameter_t<S>>;

} // namespace modus
