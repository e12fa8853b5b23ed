// The beta distribution.
export module modus.distributions:beta;

import modus.standard;
import modus.autodiff;
import modus.support;
import :elementwise;

export namespace modus {

struct BetaFamily {
    static constexpr std::string_view name = "Beta";
    static constexpr std::array parameters{Parameter{"concentration1", Constraint::positive},
                                           Parameter{"concentration0", Constraint::positive}};

    static auto support(const auto&...) { return support::unit_interval; }
    static auto log_normalizer(const auto& concentration1, const auto& concentration0) {
        return -lbeta(concentration1, concentration0);
    }
    static auto log_density(const auto& x, const auto& concentration1, const auto& concentration0,
                            const auto& normalizer) {
        return normalizer + (xlogy(concentration1 - 1.0, x) + xlog1py(concentration0 - 1.0, -x));
    }
    static double draw(Random& random, double concentration1, double concentration0);
    static double mean(double a, double b) { return a / (a + b); }
    static double variance(double a, double b) { return a / (a + b) * (b / (a + b)) / (a + b + 1); }
    static double quantile(double q, double concentration1, double concentration0);
};

/// Beta(concentration1, concentration0) on the numbers from 0 to 1; concentration1 > 0 pulls towards 1, concentration0
/// > 0 towards 0. The mean is concentration1 / (concentration1 + concentration0).
/// pytorch.org/docs/stable/distributions.html#beta; Stan: beta(alpha, beta).
template <class One, class Zero> struct Beta : Univariate<BetaFamily, One, Zero> {
    Beta(const auto& concentration1, const auto& concentration0)
        : Univariate<BetaFamily, One, Zero>(as_parameter(concentration1), as_parameter(concentration0)) {}
};
template <class A, class B> Beta(const A&, const B&) -> Beta<parameter_t<A>, parameter_t<B>>;

} // namespace modus
