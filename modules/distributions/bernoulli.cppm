// One trial: 1 for success, 0 for failure.
export module modus.distributions:bernoulli;

import modus.standard;
import modus.autodiff;
import modus.support;
import :elementwise;

export namespace modus {

struct BernoulliFamily {
    static constexpr std::string_view name = "Bernoulli";
    static constexpr std::array parameters{Parameter{"probs", Constraint::unit_interval}};

    static auto support(const auto&...) { return support::boolean; }
    static auto log_density(const auto& x, const auto& probs) { return xlogy(x, probs) + xlog1py(1.0 - x, -probs); }
    static double draw(Random& random, double probs) { return random.uniform() < probs; }
    static double mean(double probs) { return probs; }
    static double variance(double probs) { return probs * (1 - probs); }
    static double quantile(double q, double probs) {
        return q > 1 - probs || probs > 1 - q; // q + probs > 1: where that can be, one of the differences is exact
    }
};

/// Bernoulli(probs) on 0 and 1; probs from 0 to 1 is the probability of 1, and the mean.
/// pytorch.org/docs/stable/distributions.html#bernoulli; Stan: bernoulli(theta).
template <class Probs> struct Bernoulli : Univariate<BernoulliFamily, Probs> {
    explicit Bernoulli(const auto& probs) : Univariate<BernoulliFamily, Probs>(as_parameter(probs)) {}
};
template <class P> Bernoulli(const P&) -> Bernoulli<parameter_t<P>>;

} // namespace modus
