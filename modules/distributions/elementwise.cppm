module;
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

// What all distributions over single numbers share: broadcasting of parameters, shapes, masks, validation, sums. A
// family supplies the formulas for one number.
export module modus.distributions:elementwise;

import modus.autodiff;
import modus.support;

export namespace modus {

/// What a parameter must be, for the check and for the message.
enum class Constraint { real, positive, nonnegative, unit_interval, count };

struct Parameter {
    std::string_view name;
    Constraint constraint;
};

bool satisfies(Constraint constraint, double x);
std::string describe(Constraint constraint);

/// What may stand in a parameter's place: a number, a scalar of the model, an array of either, a range of numbers.
template <class T> requires Argument<T> || std::ranges::range<const T>
auto as_parameter(const T& x) {
    if constexpr (std::is_arithmetic_v<T>) return static_cast<double>(x);
    else if constexpr (Scalar<T> || AnyArray<T>) return x;
    else
        return Vector(std::ranges::subrange(x.begin(), x.end()) |
                      std::views::transform([](auto v) { return static_cast<double>(v); }));
}
template <class T> using parameter_t = decltype(as_parameter(std::declval<const T&>()));

/// A distribution of independent numbers. `Family` holds the formulas for one number, as static members: `name`;
/// `parameters` with their constraints; `support(p...)`, a support::Domain; `log_density(x, p...)` for any mixture of
/// scalars; and for plain numbers `draw(random, p...)`, `mean(p...)`, `variance(p...)`, `quantile(q, p...)`, and where
/// parameters depend on each other `check(p...)`, which says what they should be, or nothing.
template <class Family, std::size_t Rank, class... P> class Elementwise {
    using Support = decltype(Family::support(std::declval<const element_t<P>&>()...));

  public:
    static constexpr std::size_t rank = Rank;
    static constexpr bool is_discrete = Support::is_discrete;
    using Number = std::conditional_t<is_discrete, Integer, double>;

    explicit Elementwise(const P&... parameters) requires(Rank == std::max({std::size_t{0}, rank_of<P>...}))
        : parameters_(parameters...), extents_(broadcast_extents(parameters...)) {}
    Elementwise(const std::tuple<P...>& parameters, const Extents<Rank>& extents, std::size_t event_rank)
        : parameters_(parameters), extents_(extents), event_rank_(event_rank) {}

    /// The same distribution repeated to this batch shape, to which the present one must broadcast.
    template <std::convertible_to<std::size_t>... N> auto expand(const N&... sizes) const {
        return expand_to(Extents<sizeof...(N)>{static_cast<std::size_t>(sizes)...});
    }
    template <std::size_t R> auto expand_to(const Extents<R>& extents) const {
        static_assert(R >= Rank, "expand needs a size for every batch axis, the present ones included");
        if (event_rank_ > 0)
            throw Error("", "expand before to_event", "to_event(" + std::to_string(event_rank_) + ") first",
                        "Write .expand(n).to_event(k).");
        for (std::size_t d = 0; d < Rank; ++d)
            if (extents_[d] != 1 && extents_[d] != extents[R - Rank + d])
                throw Error("", "a batch shape to which " + format_shape(extents_) + " repeats", format_shape(extents),
                            "Sizes must agree along each axis, counted from the last, or be 1.");
        Elementwise<Family, R, P...> result(parameters_, extents, 0);
        if (mask_) result.mask_ = repeat_mask<R>(*mask_);
        return result;
    }

    /// The last `count` batch axes become event axes: one draw then fills all of them.
    Elementwise to_event(std::size_t count) const {
        if (event_rank_ + count > Rank)
            throw Error("", "at most " + std::to_string(Rank - event_rank_) + " batch axes to become event axes",
                        "to_event(" + std::to_string(count) + ")", "Expand the distribution first.");
        Elementwise result = *this;
        result.event_rank_ += count;
        return result;
    }

    /// Elements where the mask is false contribute nothing to the log density and may be any number, NaN included.
    /// A bool, or whole numbers of a shape that broadcasts to the distribution's.
    template <class M> Elementwise mask(const M& mask) const {
        Elementwise result = *this;
        if constexpr (std::is_arithmetic_v<M>) result.mask_ = repeat_mask<Rank>(static_cast<Integer>(mask));
        else result.mask_ = repeat_mask<Rank>(mask);
        if constexpr (Rank > 0) {
            const auto& shape = result.mask_->extents();
            for (std::size_t d = 0; d < Rank; ++d)
                if (shape[d] != 1 && shape[d] != extents_[d])
                    throw Error("", "a mask that repeats to " + format_shape(extents_), format_shape(shape),
                                "Sizes must agree along each axis, counted from the last, or be 1.");
        }
        return result;
    }

    std::string_view name() const { return Family::name; }
    Shape batch_shape() const { return make_shape(extents_).part(0, Rank - event_rank_); }
    Shape event_shape() const { return make_shape(extents_).part(Rank - event_rank_, Rank); }
    std::string support_name() const {
        return at_element(0, [](const auto&... p) { return Family::support(p...).name(); });
    }

    /// Throws Error naming the parameter and the first element that is out of its domain.
    void check_parameters() const { check_each(std::index_sequence_for<P...>()); }

    /// Throws Error where the shape differs or an element (that is not masked) is outside the support.
    void check_value(const Data& data) const {
        if (!has_value(data) || shape_of(data) != make_shape(extents_))
            throw Error("", "a value of shape " + format_shape(extents_), describe(data),
                        "The value of a site has its batch shape followed by its event shape.");
        std::visit(
            [&]<class X>(const X& x) {
                if constexpr (rank_of<X> == Rank && !std::same_as<X, std::monostate>) check_elements(x);
            },
            data);
    }

    /// The log density, summed over all elements.
    template <class X> auto log_density(const X& x) const {
        return std::apply(
            [&](const auto&... p) {
                const auto formula = [](const auto& v, const auto&... q) { return Family::log_density(v, q...); };
                using Result = std::remove_cvref_t<decltype(sum_map(extents_, formula, x, p...))>;
                require_shape(x);
                if (!mask_) return Result(sum_map(extents_, formula, x, p...));
                const auto masked = [&](double m, const auto& v, const auto&... q) {
                    return m != 0 ? Result(formula(v, q...)) : Result(0.0);
                };
                return Result(sum_map(extents_, masked, *mask_, x, p...));
            },
            parameters_);
    }

    Data draw(Random& random) const {
        return elementwise([&](auto... p) { return static_cast<Number>(Family::draw(random, p...)); });
    }
    Data mean() const {
        return elementwise([](auto... p) { return static_cast<double>(Family::mean(p...)); });
    }
    Data variance() const {
        return elementwise([](auto... p) { return static_cast<double>(Family::variance(p...)); });
    }
    /// The quantile function of each element; for discrete ones the smallest value that is enough.
    Data quantile(double q) const {
        if (!(q >= 0 && q <= 1))
            throw Error("", "a probability from 0 to 1", format_exactly(q), "Check the argument of quantile.");
        return elementwise([q](auto... p) { return static_cast<Number>(Family::quantile(q, p...)); });
    }
    Data feasible() const {
        return elementwise([](auto... p) { return static_cast<Number>(Family::support(p...).feasible()); });
    }

    std::size_t unconstrained_size() const { return make_shape(extents_).size() * Support::free_coordinates; }

    Vector unconstrain(const Data& data) const {
        if constexpr (Support::free_coordinates == 0) {
            return {};
        } else {
            const auto u = std::apply(
                [&](const auto&... p) {
                    return map_to(
                        extents_, [](double x, auto... q) { return Family::support(q...).unconstrain(x); },
                        value_as<array_t<double, Rank>>(data), value_of(p)...);
                },
                parameters_);
            if constexpr (Rank == 0) return Vector{u};
            else return u.reshape(Extents<1>{u.size()});
        }
    }

    template <Scalar R> auto constrain(const Array<R, 1>& u) const {
        return std::apply(
            [&](const auto&... p) {
                const auto formula = [](const auto&... q) {
                    if constexpr (Support::free_coordinates == 0) return Family::support(q...).point;
                    else return constrain_one(q...);
                };
                if constexpr (Support::free_coordinates == 0) return map_to(extents_, formula, p...);
                else if constexpr (Rank == 0) return formula(u.load(0), p...);
                else return map_to(extents_, formula, u.reshape(extents_), p...);
            },
            parameters_);
    }
    template <Scalar R> R log_abs_det_jacobian(const Array<R, 1>& u) const {
        if constexpr (Support::free_coordinates == 0) {
            return R(0.0);
        } else {
            return std::apply(
                [&](const auto&... p) {
                    const auto formula = [](const auto& v, const auto&... q) {
                        return R(Family::support(q...).log_abs_det_jacobian(v));
                    };
                    if constexpr (Rank == 0) return formula(u.load(0), p...);
                    else return R(sum_map(extents_, formula, u.reshape(extents_), p...));
                },
                parameters_);
        }
    }

  private:
    template <class, std::size_t, class...> friend class Elementwise;
    using Mask = array_t<Integer, Rank>;

    template <class U, class... Q> static auto constrain_one(const U& u, const Q&... q) {
        return Family::support(q...).constrain(u);
    }

    template <std::size_t R, class M> static array_t<Integer, R> repeat_mask(const M& mask) {
        if constexpr (rank_of<M> == R) {
            return mask;
        } else {
            Extents<R> ones; // repeats along every axis that the mask lacks
            ones.fill(1);
            if constexpr (rank_of<M> == 1) ones[R - 1] = mask.size();
            return map_to(ones, [](double m) { return static_cast<Integer>(m); }, mask);
        }
    }

    /// f of the parameters' plain values at every element.
    template <class F> auto elementwise(const F& f) const {
        return std::apply([&](const auto&... p) { return map_to(extents_, f, value_of(p)...); }, parameters_);
    }
    /// f of the parameters' plain values at element k in storage order.
    template <class F> auto at_element(std::size_t k, const F& f) const {
        const std::size_t rows = Rank > 0 ? std::max<std::size_t>(extents_[0], 1) : 1;
        return std::apply([&](const auto&... p) { return f(Reader<Rank, P>(p)(k % rows, k / rows)...); }, parameters_);
    }
    std::string index(std::size_t k) const {
        if constexpr (Rank == 0) return "";
        else if constexpr (Rank == 1) return " at index [" + std::to_string(k) + "]";
        else return " at index [" + std::to_string(k % extents_[0]) + ", " + std::to_string(k / extents_[0]) + "]";
    }

    template <class X> void require_shape(const X& x) const {
        if constexpr (AnyArray<X>)
            if (x.extents() != extents_)
                throw Error("", "a value of shape " + format_shape(extents_), "shape " + format_shape(x.extents()),
                            "The value of a site has its batch shape followed by its event shape.");
    }

    template <class X> void check_elements(const X& x) const {
        const std::size_t bad = std::apply(
            [&](const auto&... p) {
                const auto outside = [](double m, double v, auto... q) {
                    return m != 0 && !Family::support(q...).contains(v);
                };
                if (mask_) return find_first(extents_, outside, *mask_, value_of(x), value_of(p)...);
                return find_first(extents_, outside, 1.0, value_of(x), value_of(p)...);
            },
            parameters_);
        if (bad >= make_shape(extents_).size()) return;
        double found;
        if constexpr (AnyArray<X>) found = static_cast<double>(value_of(x.load(bad)));
        else found = static_cast<double>(value_of(x));
        const std::string support = at_element(bad, [](const auto&... p) { return Family::support(p...).name(); });
        throw Error("", support + ", the support of " + std::string(Family::name), format_exactly(found) + index(bad),
                    found != found ? "Remove the missing value, or leave it out with .mask(...)."
                                   : "Check the data, or choose a distribution with a wider support.");
    }

    template <std::size_t... K> void check_each(std::index_sequence<K...>) const {
        (check_parameter(Family::parameters[K], std::get<K>(parameters_)), ...);
        if constexpr (requires { Family::check(value_of(std::declval<element_t<P>>())...); }) {
            const std::size_t bad = std::apply(
                [&](const auto&... p) {
                    return find_first(extents_, [](auto... q) { return !Family::check(q...).empty(); }, value_of(p)...);
                },
                parameters_);
            if (bad < make_shape(extents_).size())
                throw Error(
                    "",
                    std::string(Family::name) + " with " +
                        at_element(bad, [](const auto&... p) { return std::string(Family::check(value_of(p)...)); }),
                    at_element(bad,
                               [](const auto&... p) {
                                   std::string text;
                                   ((text += (text.empty() ? "" : " and ") + format_exactly(value_of(p))), ...);
                                   return text;
                               }) +
                        index(bad),
                    "Check the parameters of the distribution.");
        }
    }
    template <class Q> static void check_parameter(const Parameter& parameter, const Q& q) {
        const auto values = value_of(q);
        std::size_t bad = 0;
        double found = 0;
        if constexpr (AnyArray<Q>) {
            bad = find_first(q.extents(), [&](double x) { return !satisfies(parameter.constraint, x); }, values);
            if (bad >= q.size()) return;
            found = static_cast<double>(values.load(bad));
        } else {
            if (satisfies(parameter.constraint, values)) return;
            found = static_cast<double>(values);
        }
        throw Error("",
                    std::string(parameter.name) + " of " + std::string(Family::name) + " to be " +
                        describe(parameter.constraint),
                    format_exactly(found) + (AnyArray<Q> ? " at element " + std::to_string(bad) : ""),
                    found != found ? "Look for the computation that gave NaN."
                                   : "Check the parameter, or the support of the site that it comes from.");
    }

    std::tuple<P...> parameters_;
    Extents<Rank> extents_{};
    std::size_t event_rank_ = 0;
    std::optional<Mask> mask_;
};

/// The base of a distribution whose batch shape is that of its parameters.
template <class Family, class... P> using Univariate =
    Elementwise<Family, std::max({std::size_t{0}, rank_of<P>...}), P...>;

} // namespace modus
