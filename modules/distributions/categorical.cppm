// One of several categories.
export module modus.distributions:categorical;

import modus.standard;
import modus.autodiff;
import modus.support;
import :joint;
import :plain;

namespace modus {
/// How many of the values are 0, 1, ..., size - 1. Throws Error for others.
Vector count_categories(const Data& values, std::size_t size);
/// Where element (i, values[i]) of a matrix with that many rows is stored. Throws Error for values not below `size`.
IntVector category_elements(const Data& values, std::size_t size);
/// Throws Error where a row of probabilities is not on the simplex.
void check_probabilities(std::string_view distribution, const Matrix& probs, bool has_rows);

/// Of the category as a number, by its probabilities in each row.
Data draw_category(Random& random, const Matrix& probs, const Shape& shape);
Data category_mean(const Matrix& probs, const Shape& shape);
Data category_variance(const Matrix& probs, const Shape& shape);
Data category_quantile(double q, const Matrix& probs, const Shape& shape);
} // namespace modus

export namespace modus {

/// The base of the distributions over categories. `Kind` says what the parameter is: `name`; `check(p, has_rows)`;
/// `probabilities(p)`, row by row, for plain numbers; `log_mass(counts, p)` of categories that were seen so often, with
/// one vector p for all; and `log_mass(elements, p)`, of the categories seen in each row of a matrix.
template <class Kind, class P, std::size_t Rank> class CategoricalBy
    : public Joint<CategoricalBy<Kind, P, Rank>, 0, Rank> {
    using Base = Joint<CategoricalBy, 0, Rank>;
    static_assert(rank_of<P> == 1 || Rank == 1, "a matrix of parameters has one category in each row");

  public:
    static constexpr bool is_discrete = true;

    CategoricalBy(const P& parameter, const Extents<Rank>& extents) : Base(extents), parameter_(parameter) {}
    template <std::size_t R> auto with_extents(const Extents<R>& extents) const {
        return CategoricalBy<Kind, P, R>(parameter_, extents);
    }

    static std::string_view name() { return Kind::name; }
    auto support() const {
        return support::Each<support::IntegerInterval, Rank>(
            this->extents(), support::integer_interval(0, static_cast<Integer>(categories()) - 1));
    }
    void check_parameters() const {
        if (categories() == 0)
            fail({"at least one category"}, {"shape ", parameter_.extents()}, "Pass one number for each category.");
        Kind::check(plain_rows(), rank_of<P> == 2);
    }

    auto log_density_of(const auto& x) const {
        const auto mass_of_counts = [&](const auto& p) {
            return Kind::log_mass(count_categories(Data(x), categories()), p);
        };
        if constexpr (rank_of<P> == 1) {
            return mass_of_counts(parameter_);
        } else {
            if (parameter_.extents()[0] == 1) return mass_of_counts(parameter_.reshape(Extents<1>{categories()}));
            return Kind::log_mass(category_elements(Data(x), categories()), parameter_);
        }
    }

    Data draw(Random& random) const { return draw_category(random, probabilities(), shape()); }
    Data mean() const { return category_mean(probabilities(), shape()); }
    Data variance() const { return category_variance(probabilities(), shape()); }
    Data quantile(double q) const { return category_quantile(q, probabilities(), shape()); }

  private:
    std::size_t categories() const { return parameter_.extents()[rank_of<P> - 1]; }
    Shape shape() const { return make_shape(this->extents()); }
    Matrix plain_rows() const {
        return value_of(parameter_).reshape(Extents<2>{rank_of<P> == 2 ? parameter_.extents()[0] : 1, categories()});
    }
    Matrix probabilities() const { return Kind::probabilities(plain_rows()); }

    P parameter_;
};

/// The shape of the categories that a vector or the rows of a matrix belong to.
template <std::size_t R> Extents<R - 1> without_last_axis(const Extents<R>& extents) {
    if constexpr (R == 1) return {};
    else return {extents[0]};
}

struct ByProbs {
    static constexpr std::string_view name = "Categorical";

    static void check(const Matrix& probs, bool has_rows) { check_probabilities(name, probs, has_rows); }
    static Matrix probabilities(const Matrix& probs) { return probs; }
    template <class P> static auto log_mass(const Vector& counts, const P& probs) {
        return sum_map(probs.extents(), [](const auto& n, const auto& p) { return xlogy(n, p); }, counts, probs);
    }
    template <class P> static auto log_mass(const IntVector& elements, const P& probs) {
        const auto seen = probs.reshape(Extents<1>{probs.size()})[elements];
        return sum_map(elements.extents(), [](const auto& p) { return log(p); }, seen);
    }
};

/// Categorical(probs) on the integers 0, 1, ..., K - 1; `probs` is a vector of K probabilities that sum to 1, or a
/// matrix with such a vector in each row, for one category each. One vector serves data of any shape. Mean, variance
/// and quantile are those of the integer. pytorch.org/docs/stable/distributions.html#categorical (which divides by the
/// sum); Stan: categorical(theta), from 1.
template <class Probs> struct Categorical : CategoricalBy<ByProbs, Probs, rank_of<Probs> - 1> {
    explicit Categorical(const auto& probs)
        : CategoricalBy<ByProbs, Probs, rank_of<Probs> - 1>(as_real_array(probs),
                                                            without_last_axis(as_real_array(probs).extents())) {}
};
template <class P> Categorical(const P&) -> Categorical<real_array_t<P>>;

} // namespace modus
