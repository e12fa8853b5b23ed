// The distribution of |y| for a normal y around 0.
export module modus.distributions:half_normal;

import modus.standard;
import modus.autodiff;
import modus.support;
import :elementwise;

export namespace modus {

struct HalfNormalFamily {
    static constexpr std::string_view name = "HalfNormal";
    static constexpr std::array parameters{Parameter{"scale", Constraint::positive}};

    static auto support(const auto&...) { return support::nonnegative; }
    static auto log_normalizer(const auto& scale) { return half_log_2_over_pi - log(scale); }
    static auto log_density(const auto& x, const auto& scale, const auto& normalizer) {
        return normalizer - 0.5 * square(x / scale);
    }
    static constexpr std::size_t shared = 0; ///< the scale
    static auto summand(const auto& x, const auto& scale, const auto& normalizer) {
        return half_square_summand(x, 1.0 / scale, normalizer);
    }
    static double draw(Random& random, double scale) { return scale * abs(random.normal()); }
    static double mean(double scale) { return 0.79788456080286535588 * scale; }             // sqrt(2 / pi)
    static double variance(double scale) { return 0.36338022763241865692 * scale * scale; } // 1 - 2 / pi
    static double quantile(double q, double scale);

    static constexpr double half_log_2_over_pi = -0.22579135264472743236;
};

/// HalfNormal(scale) on the numbers from 0 on; scale > 0 is the standard deviation of the normal distribution that is
/// folded at 0. The mean is scale * sqrt(2 / pi).
/// pytorch.org/docs/stable/distributions.html#halfnormal; Stan: normal(0, sigma) for a variable with lower=0.
template <class Scale> struct HalfNormal : Univariate<HalfNormalFamily, Scale> {
    explicit HalfNormal(const auto& scale) : Univariate<HalfNormalFamily, Scale>(as_parameter(scale)) {}
};
template <class S> HalfNormal(const S&) -> HalfNormal<parameter_t<S>>;

} // namespace modus
