// How often each of several categories was seen.
export module modus.distributions:multinomial;

import modus.standard;
import modus.autodiff;
import modus.support;
import :categorical;
import :joint;
import :plain;

namespace modus {
IntMatrix draw_multinomial(Random& random, double total_count, const Vector& probs, std::size_t rows);
} // namespace modus

export namespace modus {

/// Multinomial(total_count, probs) on the vectors of counts that sum to total_count, a whole number; `probs` is a
/// vector of probabilities that sum to 1. The mean is total_count * probs; quantile is NaN.
/// pytorch.org/docs/stable/distributions.html#multinomial (which divides by the sum); Stan: multinomial(theta).
template <class Probs, std::size_t Rank = 1> class Multinomial : public Joint<Multinomial<Probs, Rank>, 1, Rank> {
    using Base = Joint<Multinomial, 1, Rank>;
    static_assert(rank_of<Probs> == 1, "probs of Multinomial must be a vector");

  public:
    static constexpr bool is_discrete = true;

    Multinomial(double total_count, const auto& probs) requires(Rank == 1)
        : Base(as_real_array(probs).extents()), total_count_(total_count), probs_(as_real_array(probs)) {}
    Multinomial(double total_count, const Probs& probs, const Extents<Rank>& extents)
        : Base(extents), total_count_(total_count), probs_(probs) {}
    template <std::size_t R> auto with_extents(const Extents<R>& extents) const {
        return Multinomial<Probs, R>(total_count_, probs_, extents);
    }

    static std::string_view name() { return "Multinomial"; }
    auto support() const { return support::Counts<Rank>(this->extents(), total_count_); }
    void check_parameters() const {
        check_parameter(name(), {"total_count", Constraint::count}, Data(total_count_));
        check_probabilities(name(), value_of(probs_).reshape(Extents<2>{1, probs_.size()}), false);
    }

    auto log_density_of(const auto& x) const {
        const auto of_category = [](const auto& n, const auto& p) { return xlogy(n, p) - lgamma(n + 1.0); };
        return sum_map(this->extents(), of_category, x, probs_) +
               static_cast<double>(this->events()) * lgamma(total_count_ + 1);
    }

    Data draw(Random& random) const {
        return draw_multinomial(random, total_count_, value_of(probs_), this->events()).reshape(this->extents());
    }
    Data mean() const {
        return this->repeated(map([n = total_count_](double p) { return n * p; }, value_of(probs_)));
    }
    Data variance() const {
        return this->repeated(map([n = total_count_](double p) { return n * p * (1 - p); }, value_of(probs_)));
    }
    Data quantile(double) const { return this->undefined(); }

  private:
    double total_count_;
    Probs probs_;
};
template <class N, class P> Multinomial(const N&, const P&) -> Multinomial<real_array_t<P>>;

} // namespace modus
