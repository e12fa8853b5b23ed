// The Cauchy distribution.
export module modus.distributions:cauchy;

import modus.standard;
import modus.autodiff;
import modus.support;
import :elementwise;

export namespace modus {

struct CauchyFamily {
    static constexpr std::string_view name = "Cauchy";
    static constexpr std::array parameters{Parameter{"loc", Constraint::real},
                                           Parameter{"scale", Constraint::positive}};

    static auto support(const auto&...) { return support::real; }
    static constexpr bool keeps_normalizers = true;
    static constexpr std::size_t logged = 1; ///< the scale
    static auto log_normalizer_by(const auto& log_scale) { return -log_scale - log_pi; }
    static auto log_normalizer(const auto&, const auto& scale) { return log_normalizer_by(log(scale)); }
    static auto log_density(const auto& x, const auto& loc, const auto& scale, const auto& normalizer) {
        return normalizer - log1p(square((x - loc) / scale));
    }
    static double draw(Random& random, double loc, double scale) { return quantile(random.uniform(), loc, scale); }
    static double mean(double, double) { return std::numeric_limits<double>::quiet_NaN(); }
    static double variance(double, double) { return std::numeric_limits<double>::quiet_NaN(); }
    static double quantile(double q, double loc, double scale) {
        // tan(pi (q - 1/2)), in the tails by the distance of q from 0 or 1, which is exact.
        if (q < 0.25) return loc - scale / tan(std::numbers::pi * q);
        if (q > 0.75) return loc + scale / tan(std::numbers::pi * (1 - q));
        return loc + scale * tan(std::numbers::pi * (q - 0.5));
    }

    static constexpr double log_pi = 1.14472988584940017414;
};

/// Cauchy(loc, scale) on the real numbers; loc is the median, scale > 0 half the distance between the quartiles. There
/// is no mean.
/// pytorch.org/docs/stable/distributions.html#cauchy; Stan: cauchy(mu, sigma).
template <class Loc, class Scale> struct Cauchy : Univariate<CauchyFamily, Loc, Scale> {
    Cauchy(const auto& loc, const auto& scale)
        : Univariate<CauchyFamily, Loc, Scale>(as_parameter(loc), as_parameter(scale)) {}
};
template <class L, class S> Cauchy(const L&, const S&) -> Cauchy<parameter_t<L>, parameter_t<S>>;

} // namespace modus
