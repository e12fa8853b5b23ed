// What a model can yield: sample, deterministic, factor, param, submodel. (plate has a file of its own.)
export module modus.effects:effect;

import modus.standard;
import modus.autodiff;
import modus.support;
import :name;

export namespace modus {

/// No data: `run(model, X, absent)`.
inline constexpr std::nullopt_t absent = std::nullopt;

/// Data that may be absent, as a parameter of a model: where it is, the site is latent. Shares the memory of arrays.
template <class T> class Observed {
  public:
    Observed() = default;
    Observed(std::nullopt_t) {}
    Observed(const std::optional<T>& data) : data_(data) {}
    template <std::convertible_to<T> U> Observed(const U& data) : data_(T(data)) {}

    const std::optional<T>& data() const { return data_; }
    explicit operator bool() const { return data_.has_value(); }
    const T& operator*() const { return *data_; }

  private:
    std::optional<T> data_;
};

/// Data as a site keeps it; none where it was absent.
template <class T> struct Observation {
    using type = T;
    std::optional<T> data;
};

struct NotObserved {};
struct GivenLater {};

/// `obs = y`: the data of a site, a number, a vector or a matrix, or an optional or Observed one.
struct ObservationKeyword {
    template <class T> static auto canonical(const T& data) {
        if constexpr (std::integral<T>) return static_cast<Integer>(data);
        else if constexpr (std::floating_point<T>) return static_cast<double>(data);
        else if constexpr (Scalar<T> || AnyArray<T>) return data;
        else if constexpr (std::ranges::sized_range<T> && std::integral<std::ranges::range_value_t<T>>)
            return IntVector(data);
        else {
            static_assert(std::convertible_to<const T&, Vector>,
                          "obs = y needs a number, a Vector, Matrix, IntVector or IntMatrix, or an optional of one");
            return Vector(data);
        }
    }
    template <class T> auto operator=(const T& data) const {
        return Observation<decltype(canonical(data))>{canonical(data)};
    }
    template <class T> auto operator=(const std::optional<T>& data) const {
        using C = decltype(canonical(*data));
        return Observation<C>{data ? std::optional<C>(canonical(*data)) : std::nullopt};
    }
    template <class T> auto operator=(const Observed<T>& data) const { return *this = data.data(); }
    /// `obs = absent`: no data here, but a handler will give the value. A discrete site needs this in a model that is
    /// differentiated.
    auto operator=(std::nullopt_t) const { return GivenLater{}; }
};
inline constexpr ObservationKeyword obs{};

/// A random site: a name, a distribution, and possibly its data.
template <Distribution D, class O> struct Sample {
    Name name;
    D distribution;
    O observation;
};
template <Distribution D, class O = NotObserved> auto sample(Name name, D distribution, O observation = {}) {
    return Sample<D, O>{name, std::move(distribution), std::move(observation)};
}

/// A value to remember under a name; it has no density.
template <class V> struct Deterministic {
    Name name;
    V value;
};
template <Argument V> auto deterministic(Name name, const V& value) { return Deterministic<V>{name, value}; }

/// A term of the log joint density that is no site's: a number, or an array to be summed. Inside a vectorized plate a
/// number counts once for each of its elements.
template <class V> struct Factor {
    Name name;
    V log_factor;
};
template <Argument V> auto factor(Name name, const V& log_factor) { return Factor<V>{name, log_factor}; }

/// A learnable point without a prior, which starts at `initial` and stays inside the region.
template <support::Region S> struct Param {
    Name name;
    array_t<double, S::rank> initial;
    S region;
};
/// `param("scale", 1.0, support::positive)`; the domain is that of each element.
template <support::Domain S = support::Real> auto param(Name name, double initial, const S& domain = {}) {
    return Param<support::Each<S, 0>>{name, initial, support::Each<S, 0>({}, domain)};
}
template <support::Domain S = support::Real, std::size_t R>
auto param(Name name, const Array<double, R>& initial, const S& domain = {}) {
    return Param<support::Each<S, R>>{name, initial, support::Each<S, R>(initial.extents(), domain)};
}
/// `param("shares", Vector{0.5, 0.3, 0.2}, support::simplex(3))`.
template <support::Region S> auto param(Name name, const array_t<double, S::rank>& initial, const S& region) {
    return Param<S>{name, initial, region};
}

/// What a `param` site shows to handlers in place of a distribution: its region, flat, with the initial value for
/// every summary.
template <support::Region S> struct FreePoint {
    static constexpr std::size_t rank = S::rank;
    static constexpr bool is_discrete = false;
    array_t<double, rank> initial;
    S region;

    std::string_view name() const { return "param"; }
    Shape batch_shape() const { return {}; }
    Shape event_shape() const { return make_shape(region.extents()); }
    std::string support_name() const { return region.name(); }
    void check_parameters() const { check_value(Data(initial)); }
    void check_value(const Data& data) const {
        if (shape_of(data) != event_shape())
            fail({"shape ", region.extents()}, {describe(data).c_str()}, "A parameter keeps its shape.");
        const std::string violation = region.violation(data);
        if (!violation.empty()) throw Error("", region.name(), violation, "Start the parameter inside its domain.");
    }
    template <class X> double log_density(const X&) const { return 0; }
    Data draw(Random&) const { return initial; }
    Data mean() const { return initial; }
    Data variance() const {
        return map([](double) { return 0.0; }, initial);
    }
    Data quantile(double) const { return initial; }
    Data feasible() const { return initial; }
    std::size_t unconstrained_size() const { return region.unconstrained_size(); }
    Vector unconstrain(const Data& data) const { return region.unconstrain(data); }
    template <Scalar R> auto constrain(const Array<R, 1>& u) const { return region.constrain(u); }
    template <Scalar R> auto log_abs_det_jacobian(const Array<R, 1>& u) const { return region.log_abs_det_jacobian(u); }
};

/// A model run as a part of another; `scope` (where not empty) prefixes the names of its sites: "scope/name".
template <class Recipe, class... A> struct Submodel {
    std::string_view scope;
    const Recipe& recipe;
    std::tuple<A...> arguments;
};
template <class Recipe, class... A>
requires(!std::convertible_to<const Recipe&, std::string_view> && !std::convertible_to<const Recipe&, Name>)
auto submodel(const Recipe& recipe, A&&... arguments) {
    return Submodel<Recipe, A&&...>{{}, recipe, {std::forward<A>(arguments)...}};
}
template <class Recipe, class... A> auto submodel(Name scope, const Recipe& recipe, A&&... arguments) {
    return Submodel<Recipe, A&&...>{scope.text, recipe, {std::forward<A>(arguments)...}};
}

} // namespace modus
