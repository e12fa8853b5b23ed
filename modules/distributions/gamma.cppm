// The gamma distribution.
export module modus.distributions:gamma;

import modus.standard;
import modus.autodiff;
import modus.support;
import :elementwise;

namespace modus {
/// The logarithm of a draw from Gamma(concentration, 1), which itself may be too small for a double.
double draw_log_gamma(Random& random, double concentration);
} // namespace modus

export namespace modus {

struct GammaFamily {
    static constexpr std::string_view name = "Gamma";
    static constexpr std::array parameters{Parameter{"concentration", Constraint::positive},
                                           Parameter{"rate", Constraint::positive}};

    static auto support(const auto&...) { return support::positive; }
    static auto log_normalizer(const auto& concentration, const auto& rate) {
        return concentration * log(rate) - lgamma(concentration);
    }
    static auto log_density(const auto& x, const auto& concentration, const auto& rate, const auto& normalizer) {
        return normalizer + xlogy(concentration - 1.0, x) - rate * x;
    }
    static double draw(Random& random, double concentration, double rate) {
        return support::positive.constrain(draw_log_gamma(random, concentration) - log(rate));
    }
    static double mean(double concentration, double rate) { return concentration / rate; }
    static double variance(double concentration, double rate) { return concentration / rate / rate; }
    static double quantile(double q, double concentration, double rate);
};

/// Gamma(concentration, rate) on the positive numbers; concentration > 0 is the shape, rate > 0 the inverse scale. The
/// mean is concentration / rate.
/// pytorch.org/docs/stable/distributions.html#gamma; Stan: gamma(alpha, beta).
template <class Concentration, class Rate> struct Gamma : Univariate<GammaFamily, Concentration, Rate> {
    Gamma(const auto& concentration, const auto& rate)
        : Univariate<GammaFamily, Concentration, Rate>(as_parameter(concentration), as_parameter(rate)) {}
};
template <class C, class R> Gamma(const C&, const R&) -> Gamma<parameter_t<C>, parameter_t<R>>;

} // namespace modus
