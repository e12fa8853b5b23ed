// One of several categories, by logits.
export module modus.distributions:categorical_logits;

import modus.standard;
import modus.autodiff;
import modus.support;
import :categorical;
import :joint;
import :plain;

namespace modus {
/// The largest number in each row, as a matrix of one column.
Matrix largest_in_rows(const Matrix& x);
/// exp(x) divided by its sum, in each row.
Matrix softmax_of_rows(const Matrix& x);
} // namespace modus

export namespace modus {

struct ByLogits {
    static constexpr std::string_view name = "CategoricalLogits";

    static void check(const Matrix& logits, bool) { check_parameter(name, {"logits", Constraint::real}, Data(logits)); }
    static Matrix probabilities(const Matrix& logits) { return softmax_of_rows(logits); }
    template <class P> static auto log_mass(const Vector& counts, const P& logits) {
        const double top = largest_in_rows(value_of(logits).reshape(Extents<2>{1, logits.size()}))(0, 0);
        const auto weighted = [top](const auto& n, const auto& l) { return n * (l - top); };
        return sum_map(logits.extents(), weighted, counts, logits) - sum(counts) * log_sum_exp(logits - top);
    }
    template <class P> static auto log_mass(const IntVector& elements, const P& logits) {
        const auto top = largest_in_rows(value_of(logits));
        const auto shifted = map([](const auto& l, const auto& t) { return l - t; }, logits, top);
        const auto totals = map([](const auto& l) { return exp(l); }, shifted) * ones(logits.cols());
        return sum(shifted.reshape(Extents<1>{shifted.size()})[elements]) -
               sum_map(totals.extents(), [](const auto& t) { return log(t); }, totals);
    }
};

/// CategoricalLogits(logits) on the integers 0, 1, ..., K - 1, with probabilities exp(logits) / sum(exp(logits)); the
/// logits are a vector of K real numbers, or a matrix with such a vector in each row, such as X * W in a regression.
/// One vector serves data of any shape. Mean, variance and quantile are those of the integer.
/// num.pyro.ai/en/stable/distributions.html#categoricallogits; Stan: categorical_logit(beta), from 1.
template <class Logits> struct CategoricalLogits : CategoricalBy<ByLogits, Logits, rank_of<Logits> - 1> {
    explicit CategoricalLogits(const auto& logits)
        : CategoricalBy<ByLogits, Logits, rank_of<Logits> - 1>(as_real_array(logits),
                                                               without_last_axis(as_real_array(logits).extents())) {}
};
template <class L> CategoricalLogits(const L&) -> CategoricalLogits<real_array_t<L>>;

} // namespace modus
