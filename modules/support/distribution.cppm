// What the effects ask of a distribution, once as a concept (what an author writes) and once type-erased (what handlers
// and guides see). The catalogue of distributions stays out of sight of both.
export module modus.support:distribution;

import modus.standard;
import modus.autodiff;
import :random;
import :value;

export namespace modus {

/// A distribution over arrays of rank `rank`, batch axes first, then event axes. Functions that take or return plain
/// numbers ignore tangents. Errors are thrown without a site; whoever runs the model adds its name.
template <class D>
concept Distribution = requires(const D& d, Random& random, const Data& data) {
    { D::rank } -> std::convertible_to<std::size_t>;
    { D::is_discrete } -> std::convertible_to<bool>;
    { d.name() } -> std::convertible_to<std::string_view>;
    { d.batch_shape() } -> std::same_as<Shape>;
    { d.event_shape() } -> std::same_as<Shape>;
    { d.support_name() } -> std::convertible_to<std::string>;
    d.check_parameters();
    d.check_value(data);
    { d.draw(random) } -> std::same_as<Data>;
    { d.mean() } -> std::same_as<Data>;
    { d.variance() } -> std::same_as<Data>;
    { d.quantile(0.5) } -> std::same_as<Data>;
    { d.feasible() } -> std::same_as<Data>;
    { d.unconstrained_size() } -> std::same_as<std::size_t>;
    { d.unconstrain(data) } -> std::same_as<Vector>;
};

/// The part of a type-erased distribution that has no tangents.
struct AnyDistribution {
    virtual std::string_view name() const = 0;
    virtual Shape batch_shape() const = 0;
    virtual Shape event_shape() const = 0;
    virtual bool is_discrete() const = 0;
    /// In words, for messages: "a positive number".
    virtual std::string support_name() const = 0;
    /// Throws Error naming the parameter, the first bad element and its index.
    virtual void check_parameters() const = 0;
    /// Throws Error where the value has another shape or lies outside the support, with the first bad index. Elements
    /// where the mask, if there is one, is 0 may be any number.
    virtual void check_value(const Data& value, const Data* mask) const = 0;
    void check_value(const Data& value) const { check_value(value, nullptr); }
    virtual Data draw(Random& random) const = 0;
    /// Elementwise; infinite or NaN where the distribution has none.
    virtual Data mean() const = 0;
    virtual Data variance() const = 0;
    virtual Data quantile(double p) const = 0;
    /// A point of the support that needs no parameters: 0, 1, the middle of an interval.
    virtual Data feasible() const = 0;
    /// Its own mask: whole numbers, 0 where an element does not count, or nothing.
    virtual Data own_mask() const = 0;
    virtual std::size_t unconstrained_size() const = 0;
    virtual Vector unconstrain(const Data& value) const = 0;

    /// The batch axes followed by the event axes.
    virtual Shape shape() const = 0;

  protected:
    ~AnyDistribution() = default; // always borrowed, never owned through this type
};

/// A distribution as seen by the handlers of a model over Real.
template <Scalar Real> struct Density : AnyDistribution {
    /// Summed over batch and event axes, without the elements where the mask, if there is one, is 0.
    virtual Real log_density(const Value<Real>& value, const Data* mask) const = 0;
    Real log_density(const Value<Real>& value) const { return log_density(value, nullptr); }
    /// Parameter number `k` of the distribution, in its own shape; nothing beyond the last one.
    virtual Value<Real> parameter(std::size_t k) const = 0;
    /// The point of the support with these unconstrained coordinates; the second form makes it in place.
    Value<Real> constrain(const Array<Real, 1>& u) const {
        Value<Real> point;
        constrain(u, point);
        return point;
    }
    virtual void constrain(const Array<Real, 1>& u, Value<Real>& point) const = 0;
    /// log |d constrain / du|, summed.
    virtual Real log_abs_det_jacobian(const Array<Real, 1>& u) const = 0;

  protected:
    ~Density() = default;
};

/// Any Distribution as a Density: forwards, and owns it, or borrows it where `Held` is a reference.
template <Scalar Real, class Held> requires Distribution<std::remove_cvref_t<Held>>
struct Erased final : Density<Real> {
    using D = std::remove_cvref_t<Held>;
    Held distribution;

    explicit Erased(const D& d) : distribution(d) {}

    std::string_view name() const override { return distribution.name(); }
    Shape batch_shape() const override { return distribution.batch_shape(); }
    Shape event_shape() const override { return distribution.event_shape(); }
    Shape shape() const override { return joined(distribution.batch_shape(), distribution.event_shape()); }
    bool is_discrete() const override { return D::is_discrete; }
    std::string support_name() const override { return distribution.support_name(); }
    void check_parameters() const override { distribution.check_parameters(); }
    using AnyDistribution::check_value;
    void check_value(const Data& value, const Data* mask) const override {
        if (mask) masked(*mask).check_value(value);
        else distribution.check_value(value);
    }
    Data draw(Random& random) const override { return distribution.draw(random); }
    Data mean() const override { return distribution.mean(); }
    Data variance() const override { return distribution.variance(); }
    Data quantile(double p) const override { return distribution.quantile(p); }
    Data feasible() const override { return distribution.feasible(); }
    Data own_mask() const override {
        if constexpr (requires { distribution.own_mask(); }) return distribution.own_mask();
        else return {};
    }
    std::size_t unconstrained_size() const override { return distribution.unconstrained_size(); }
    Vector unconstrain(const Data& value) const override { return distribution.unconstrain(value); }

    Value<Real> parameter(std::size_t k) const override {
        if constexpr (requires { distribution.template parameter<Real>(k); })
            return distribution.template parameter<Real>(k);
        else return {};
    }
    using Density<Real>::log_density;
    Real log_density(const Value<Real>& value, const Data* mask) const override {
        if (mask) return log_density_of(masked(*mask), value);
        return log_density_of(distribution, value);
    }
    using Density<Real>::constrain;
    void constrain(const Array<Real, 1>& u, Value<Real>& point) const override {
        if constexpr (D::is_discrete)
            throw Error("", "a continuous support", std::string(name()),
                        "A discrete site has no unconstrained coordinates.");
        else point = array_t<Real, D::rank>(distribution.constrain(u));
    }
    Real log_abs_det_jacobian(const Array<Real, 1>& u) const override {
        if constexpr (D::is_discrete) return Real(0.0);
        else return Real(distribution.log_abs_det_jacobian(u));
    }

  private:
    /// The distribution with a mask in addition to its own.
    auto masked([[maybe_unused]] const Data& mask) const {
        if constexpr (requires { distribution.masked(mask); }) {
            return distribution.masked(mask);
        } else {
            throw Error("", "a mask that is true or false for " + std::string(name()), describe(mask),
                        "Its elements are not independent, so that none can be left out.");
            return distribution; // for the type
        }
    }

    static Real log_density_of(const auto& distribution, const Value<Real>& value) {
        using Values = array_t<Real, D::rank>;
        if constexpr (D::is_discrete) {
            if (const auto* whole = std::get_if<array_t<Integer, D::rank>>(&value))
                return Real(distribution.log_density(*whole));
            return Real(distribution.log_density(value_as<array_t<double, D::rank>>(value)));
        } else {
            const auto* values = std::get_if<Values>(&value);
            if (!values) return Real(distribution.log_density(value_as<Values>(value)));
            if constexpr (D::rank > 0 && std::same_as<Real, Var<double>>) {
                if (values->is_constant()) return Real(distribution.log_density(values->numbers())); // without a copy
            } else if constexpr (D::rank > 0 && !std::same_as<Real, double>) {
                if (values->is_constant()) return Real(distribution.log_density(values->values()));
            }
            return Real(distribution.log_density(*values));
        }
    }
};

} // namespace modus
