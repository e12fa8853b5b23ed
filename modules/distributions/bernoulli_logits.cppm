// One trial, by the log odds of success: the outcome of a logistic regression.
export module modus.distributions:bernoulli_logits;

import modus.standard;
import modus.autodiff;
import modus.support;
import :elementwise;

export namespace modus {

struct BernoulliLogitsFamily {
    static constexpr std::string_view name = "BernoulliLogits";
    static constexpr std::array parameters{Parameter{"logits", Constraint::real}};

    static auto support(const auto&...) { return support::boolean; }
    static auto log_density(const auto& x, const auto& logits) {
        return log_sigmoid_summand(logits, x - 0.5); // log_sigmoid(logits) at x = 1, of -logits at x = 0
    }
    static const RowLoops* row_loops(const IntVector*, const Array<Var<double>, 1>*);
    static double draw(Random& random, double logits) { return random.uniform() < sigmoid(logits); }
    static double mean(double logits) { return sigmoid(logits); }
    static double variance(double logits) { return sigmoid(logits) * sigmoid(-logits); }
    static double quantile(double q, double logits) { return q > sigmoid(-logits) || sigmoid(logits) > 1 - q; }
};

/// BernoulliLogits(logits) on 0 and 1; logits, any real number, are the log odds log(p / (1 - p)) of 1. The mean is
/// sigmoid(logits). Accurate where p rounds to 0 or 1.
/// num.pyro.ai/en/stable/distributions.html#bernoullilogits; Stan: bernoulli_logit(alpha).
template <class Logits> struct BernoulliLogits : Univariate<BernoulliLogitsFamily, Logits> {
    explicit BernoulliLogits(const auto& logits) : Univariate<BernoulliLogitsFamily, Logits>(as_parameter(logits)) {}
};
template <class L> BernoulliLogits(const L&) -> BernoulliLogits<parameter_t<L>>;

} // namespace modus
