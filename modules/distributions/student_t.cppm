// Student's t distribution, shifted and scaled.
export module modus.distributions:student_t;

import modus.standard;
import modus.autodiff;
import modus.support;
import :elementwise;

export namespace modus {

struct StudentTFamily {
    static constexpr std::string_view name = "StudentT";
    static constexpr std::array parameters{Parameter{"df", Constraint::positive}, Parameter{"loc", Constraint::real},
                                           Parameter{"scale", Constraint::positive}};

    static auto support(const auto&...) { return support::real; }
    static auto log_normalizer(const auto& df, const auto&, const auto& scale) {
        // lbeta, because the difference of two lgammas would cancel where df is large.
        return -lbeta(0.5 * df, 0.5) - 0.5 * log(df) - log(scale);
    }
    static auto log_density(const auto& x, const auto& df, const auto& loc, const auto& scale, const auto& normalizer) {
        const auto z = (x - loc) / scale;
        return normalizer - 0.5 * (df + 1.0) * log1p(z * z / df);
    }
    static double draw(Random& random, double df, double loc, double scale);
    static double mean(double df, double loc, double) { return df > 1 ? loc : nan; }
    static double variance(double df, double, double scale) {
        if (df > 2) return scale * scale * (df / (df - 2));
        return df > 1 ? std::numeric_limits<double>::infinity() : nan;
    }
    static double quantile(double q, double df, double loc, double scale);

    static constexpr double nan = std::numeric_limits<double>::quiet_NaN();
};

/// StudentT(df, loc, scale) on the real numbers; df > 0 degrees of freedom (small ones give heavy tails), scale > 0.
/// The mean is loc where df > 1; the variance is scale^2 df / (df - 2) where df > 2.
/// pytorch.org/docs/stable/distributions.html#studentt; Stan: student_t(nu, mu, sigma).
template <class Df, class Loc, class Scale> struct StudentT : Univariate<StudentTFamily, Df, Loc, Scale> {
    StudentT(const auto& df, const auto& loc, const auto& scale)
        : Univariate<StudentTFamily, Df, Loc, Scale>(as_parameter(df), as_parameter(loc), as_parameter(scale)) {}
};
template <class D, class L, class S> StudentT(const D&, const L&, const S&)
    -> StudentT<parameter_t<D>, parameter_t<L>, parameter_t<S>>;

} // namespace modus
