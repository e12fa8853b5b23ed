// The distribution of exp(y) for a normal y.
export module modus.distributions:log_normal;

import modus.standard;
import modus.autodiff;
import modus.support;
import :elementwise;

export namespace modus {

struct LogNormalFamily {
    static constexpr std::string_view name = "LogNormal";
    static constexpr std::array parameters{Parameter{"loc", Constraint::real},
                                           Parameter{"scale", Constraint::positive}};

    static auto support(const auto&...) { return support::positive; }
    static constexpr bool keeps_normalizers = true;
    static constexpr std::size_t logged = 1; ///< the scale
    static auto log_normalizer_by(const auto& log_scale) { return -log_scale - half_log_2pi; }
    static auto log_normalizer(const auto&, const auto& scale) { return log_normalizer_by(log(scale)); }
    static auto log_density(const auto& x, const auto& loc, const auto& scale, const auto& normalizer) {
        return log_density_by_log(log(x), loc, scale, normalizer);
    }
    static auto log_density_by_log(const auto& log_x, const auto& loc, const auto& scale, const auto& normalizer) {
        return normalizer - 0.5 * square((log_x - loc) / scale) - log_x;
    }
    static double draw(Random& random, double loc, double scale) {
        return support::positive.constrain(loc + scale * random.normal()); // exp, kept finite and above 0
    }
    static double mean(double loc, double scale) { return exp(loc + 0.5 * scale * scale); }
    static double variance(double loc, double scale) {
        // The growing exponential stands alone: a product of two could be infinity times 0.
        return exp(2 * (loc + scale * scale)) * -expm1(-scale * scale);
    }
    static double quantile(double q, double loc, double scale) { return exp(loc + scale * normal_quantile(q)); }

    static constexpr double half_log_2pi = 0.91893853320467274178;
};

/// LogNormal(loc, scale) on the positive numbers; loc is the mean of log x, scale > 0 its standard deviation. The mean
/// is exp(loc + scale^2 / 2).
/// pytorch.org/docs/stable/distributions.html#lognormal; Stan: lognormal(mu, sigma).
template <class Loc, class Scale> struct LogNormal : Univariate<LogNormalFamily, Loc, Scale> {
    LogNormal(const auto& loc, const auto& scale)
        : Univariate<LogNormalFamily, Loc, Scale>(as_parameter(loc), as_parameter(scale)) {}
};
template <class L, class S> LogNormal(const L&, const S&) -> LogNormal<parameter_t<L>, parameter_t<S>>;

} // namespace modus
