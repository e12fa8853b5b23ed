// The normal distribution.
export module modus.distributions:normal;

import modus.standard;
import modus.autodiff;
import modus.support;
import :elementwise;

export namespace modus {

struct NormalFamily {
    static constexpr std::string_view name = "Normal";
    static constexpr std::array parameters{Parameter{"loc", Constraint::real},
                                           Parameter{"scale", Constraint::positive}};

    static auto support(const auto&...) { return support::real; }
    static constexpr bool keeps_normalizers = true;
    static constexpr std::size_t logged = 1; ///< the scale
    static auto log_normalizer_by(const auto& log_scale) { return -log_scale - half_log_2pi; }
    static auto log_normalizer(const auto&, const auto& scale) { return log_normalizer_by(log(scale)); }
    static auto log_density(const auto& x, const auto& loc, const auto& scale, const auto& normalizer) {
        return normalizer - 0.5 * square((x - loc) / scale);
    }
    static constexpr std::size_t shared = 1; ///< the scale
    static auto summand(const auto& x, const auto& loc, const auto& scale, const auto& normalizer) {
        return half_square_summand(x - loc, 1.0 / scale, normalizer);
    }
    static const RowLoops* row_loops(const Var<double>*, const Vector*, const Array<Var<double>, 1>*,
                                     const Var<double>*);
    static const RowLoops* row_loops(const Vector*, const Array<Var<double>, 1>*, const double*, const double*);
    static const RowLoops* row_loops(const Vector*, const Array<Var<double>, 1>*, const Vector*);
    static const RowLoops* row_loops(const Vector*, const Array<Var<double>, 1>*, const Vector*, const Vector*);
    /// Of data around a linear predictor, where the data have been compacted.
    template <class T, class Scale> requires(!AnyArray<Scale>)
    static std::optional<Var<T>> log_density_of_all(const Vector& x, const Array<Var<T>, 1>& loc, const Scale& scale) {
        const auto squares = compact_squares(x, loc);
        if (!squares) return {};
        return -0.5 * *squares * square(1.0 / scale) - static_cast<double>(x.size()) * (log(scale) + half_log_2pi);
    }
    static double draw(Random& random, double loc, double scale) { return loc + scale * random.normal(); }
    static double mean(double loc, double) { return loc; }
    static double variance(double, double scale) { return scale * scale; }
    static double quantile(double q, double loc, double scale) { return loc + scale * normal_quantile(q); }

    static constexpr double half_log_2pi = 0.91893853320467274178;
};

/// Normal(loc, scale) on the real numbers; loc is the mean, scale > 0 the standard deviation.
/// pytorch.org/docs/stable/distributions.html#normal; Stan: normal(mu, sigma).
template <class Loc, class Scale> struct Normal : Univariate<NormalFamily, Loc, Scale> {
    Normal(const auto& loc, const auto& scale)
        : Univariate<NormalFamily, Loc, Scale>(as_parameter(loc), as_parameter(scale)) {}
};
template <class L, class S> Normal(const L&, const S&) -> Normal<parameter_t<L>, parameter_t<S>>;

} // namespace modus
