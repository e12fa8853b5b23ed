// The number of successes in independent trials, by the log odds of success.
export module modus.distributions:binomial_logits;

import modus.standard;
import modus.autodiff;
import modus.support;
import :binomial;
import :elementwise;

export namespace modus {

struct BinomialLogitsFamily {
    static constexpr std::string_view name = "BinomialLogits";
    static constexpr std::array parameters{Parameter{"total_count", Constraint::count},
                                           Parameter{"logits", Constraint::real}};

    static auto support(const auto& total_count, const auto&) {
        return support::integer_interval(0, static_cast<Integer>(value_of(total_count)));
    }
    static auto log_density(const auto& x, const auto& total_count, const auto& logits) {
        // Two terms: x * logits - total_count * softplus(logits) would cancel where success is almost certain.
        return lchoose(total_count, x) - x * softplus(-logits) - (total_count - x) * softplus(logits);
    }
    static double draw(Random& random, double total_count, double logits) {
        return draw_binomial(random, total_count, sigmoid(logits), sigmoid(-logits));
    }
    static double mean(double total_count, double logits) { return total_count * sigmoid(logits); }
    static double variance(double total_count, double logits) {
        return total_count * sigmoid(logits) * sigmoid(-logits);
    }
    static double quantile(double q, double total_count, double logits) {
        return binomial_quantile(q, total_count, sigmoid(logits), sigmoid(-logits));
    }
};

/// BinomialLogits(total_count, logits) on the integers from 0 to total_count, a whole number; logits, any real number,
/// are the log odds of success in each trial. The mean is total_count * sigmoid(logits).
/// num.pyro.ai/en/stable/distributions.html#binomiallogits; Stan: binomial_logit(N, alpha).
template <class TotalCount, class Logits> struct BinomialLogits : Univariate<BinomialLogitsFamily, TotalCount, Logits> {
    BinomialLogits(const auto& total_count, const auto& logits)
        : Univariate<BinomialLogitsFamily, TotalCount, Logits>(as_parameter(total_count), as_parameter(logits)) {}
};
template <class N, class L> BinomialLogits(const N&, const L&) -> BinomialLogits<parameter_t<N>, parameter_t<L>>;

} // namespace modus
