// The number of successes in independent trials.
export module modus.distributions:binomial;

import modus.standard;
import modus.autodiff;
import modus.support;
import :elementwise;

namespace modus {
// By the probabilities of success and of failure, each accurate where it is small.
double draw_binomial(Random& random, double total_count, double success, double failure);
double binomial_quantile(double q, double total_count, double success, double failure);
} // namespace modus

export namespace modus {

struct BinomialFamily {
    static constexpr std::string_view name = "Binomial";
    static constexpr std::array parameters{Parameter{"total_count", Constraint::count},
                                           Parameter{"probs", Constraint::unit_interval}};

    static auto support(const auto& total_count, const auto&) {
        return support::integer_interval(0, static_cast<Integer>(value_of(total_count)));
    }
    static auto log_density(const auto& x, const auto& total_count, const auto& probs) {
        return lchoose(total_count, x) + xlogy(x, probs) + xlog1py(total_count - x, -probs);
    }
    static double draw(Random& random, double total_count, double probs) {
        return draw_binomial(random, total_count, probs, 1 - probs);
    }
    static double mean(double total_count, double probs) { return total_count * probs; }
    static double variance(double total_count, double probs) { return total_count * probs * (1 - probs); }
    static double quantile(double q, double total_count, double probs) {
        return binomial_quantile(q, total_count, probs, 1 - probs);
    }
};

/// Binomial(total_count, probs) on the integers from 0 to total_count, a whole number; probs from 0 to 1 is the
/// probability of success in each trial. The mean is total_count * probs.
/// pytorch.org/docs/stable/distributions.html#binomial; Stan: binomial(N, theta).
template <class TotalCount, class Probs> struct Binomial : Univariate<BinomialFamily, TotalCount, Probs> {
    Binomial(const auto& total_count, const auto& probs)
        : Univariate<BinomialFamily, TotalCount, Probs>(as_parameter(total_count), as_parameter(probs)) {}
};
template <class N, class P> Binomial(const N&, const P&) -> Binomial<parameter_t<N>, parameter_t<P>>;

} // namespace modus
