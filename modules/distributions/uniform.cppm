// The uniform distribution.
export module modus.distributions:uniform;

import modus.standard;
import modus.autodiff;
import modus.support;
import :elementwise;

export namespace modus {

struct UniformFamily {
    static constexpr std::string_view name = "Uniform";
    static constexpr std::array parameters{Parameter{"low", Constraint::real}, Parameter{"high", Constraint::real}};

    static std::string_view check(double low, double high) { return low < high ? "" : "low < high"; }
    static auto support(const auto& low, const auto& high) { return support::Interval(low, high); }
    static auto log_density(const auto&, const auto& low, const auto& high) { return -log(high - low); }
    static double draw(Random& random, double low, double high) { return std::lerp(low, high, random.uniform()); }
    static double mean(double low, double high) { return std::lerp(low, high, 0.5); }
    static double variance(double low, double high) { return (high - low) * (high - low) / 12; }
    static double quantile(double q, double low, double high) { return std::lerp(low, high, q); }
};

/// Uniform(low, high) on the numbers from low to high; low < high, both finite. The mean is (low + high) / 2.
/// pytorch.org/docs/stable/distributions.html#uniform; Stan: uniform(alpha, beta).
template <class Low, class High> struct Uniform : Univariate<UniformFamily, Low, High> {
    Uniform(const auto& low, const auto& high)
        : Univariate<UniformFamily, Low, High>(as_parameter(low), as_parameter(high)) {}
};
template <class L, class H> Uniform(const L&, const H&) -> Uniform<parameter_t<L>, parameter_t<H>>;

} // namespace modus
