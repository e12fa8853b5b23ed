// All mass at one point.
export module modus.distributions:delta;

import modus.standard;
import modus.autodiff;
import modus.support;
import :elementwise;

export namespace modus {

struct DeltaFamily {
    static constexpr std::string_view name = "Delta";
    static constexpr std::array parameters{Parameter{"value", Constraint::real}};

    static auto support(const auto& value) { return support::Point(value); }
    static auto log_density(const auto& x, const auto& value) { return log(select(x == value, 1.0, 0.0)); }
    static double draw(Random&, double value) { return value; }
    static double mean(double value) { return value; }
    static double variance(double) { return 0; }
    static double quantile(double, double value) { return value; }
};

/// Delta(value): always value, which may be any real number, and is the mean. The log density is 0 there and -infinity
/// elsewhere; nothing about it is differentiable, so its derivatives are taken as 0.
/// docs.pyro.ai/en/stable/distributions.html#delta; num.pyro.ai/en/stable/distributions.html#delta.
template <class Point> struct Delta : Univariate<DeltaFamily, Point> {
    explicit Delta(const auto& value) : Univariate<DeltaFamily, Point>(as_parameter(value)) {}
};
template <class P> Delta(const P&) -> Delta<parameter_t<P>>;

} // namespace modus
