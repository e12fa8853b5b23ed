// Where values live, and how each set is reached from the real line. Each domain is one number's worth; vectors and
// matrices apply it to every element.
export module modus.support:domain;

import modus.standard;
import modus.autodiff;
import :value;

export namespace modus::support {

/// What a domain offers: `contains`, `feasible` (the image of 0), `name`, and for continuous ones the bijection from
/// the reals: `constrain(u)`, its inverse `unconstrain(x)`, and `log_abs_det_jacobian(u)` = log |d constrain / du|.
template <class D>
concept Domain = requires(const D& domain, double x) {
    { domain.contains(x) } -> std::same_as<bool>;
    { domain.feasible() } -> std::convertible_to<double>;
    { domain.name() } -> std::convertible_to<std::string>;
    { D::is_discrete } -> std::convertible_to<bool>;
    { D::free_coordinates } -> std::convertible_to<std::size_t>;
};

struct Continuous {
    static constexpr bool is_discrete = false;
    static constexpr std::size_t free_coordinates = 1;
};

/// Finite real numbers.
struct Real : Continuous {
    static std::string name() { return "a real number"; }
    static inline bool contains(double x) { return std::isfinite(x); }
    static double feasible() { return 0; }
    template <class U> static auto constrain(const U& u) { return u; }
    template <class X> static auto unconstrain(const X& x) { return x; }
    template <class U> static auto log_abs_det_jacobian(const U& u) { return 0.0 * u; }
};

/// Numbers above 0, by exp. Rounding never leaves the domain.
struct Positive : Continuous {
    static std::string name() { return "a positive number"; }
    static inline bool contains(double x) { return x > 0 && std::isfinite(x); }
    static double feasible() { return 1; }
    template <class U> static auto constrain(const U& u) {
        return clamp(exp(u), std::numeric_limits<double>::min(), std::numeric_limits<double>::max());
    }
    template <class X> static auto unconstrain(const X& x) { return log(x); }
    template <class U> static auto log_abs_det_jacobian(const U& u) { return u; }
};

/// Numbers from 0 on; a learnable point is kept above 0.
struct NonNegative : Positive {
    static std::string name() { return "a number that is 0 or more"; }
    static inline bool contains(double x) { return x >= 0 && std::isfinite(x); }
};

/// Numbers from 0 to 1, by the logistic function; a learnable point is kept between them.
struct UnitInterval : Continuous {
    static std::string name() { return "a number from 0 to 1"; }
    static inline bool contains(double x) { return x >= 0 && x <= 1; }
    static double feasible() { return 0.5; }
    template <class U> static auto constrain(const U& u) {
        return clamp(sigmoid(u), std::numeric_limits<double>::min(), 1 - std::numeric_limits<double>::epsilon() / 2);
    }
    template <class X> static auto unconstrain(const X& x) { return logit(x); }
    template <class U> static auto log_abs_det_jacobian(const U& u) { return -softplus(u) - softplus(-u); }
};

/// Numbers from `low` to `high`; the bounds may themselves be values of a model.
template <class Low, class High> struct Interval : Continuous {
    Low low;
    High high;

    Interval(const Low& low_, const High& high_) : low(low_), high(high_) {}
    std::string name() const {
        return "a number from " + format_exactly(value_of(low)) + " to " + format_exactly(value_of(high));
    }
    bool contains(double x) const { return x >= value_of(low) && x <= value_of(high); }
    double feasible() const { return value_of(low) + 0.5 * (value_of(high) - value_of(low)); }
    template <class U> auto constrain(const U& u) const { return low + (high - low) * UnitInterval::constrain(u); }
    template <class X> auto unconstrain(const X& x) const { return log(x - low) - log(high - x); }
    template <class U> auto log_abs_det_jacobian(const U& u) const {
        return log(high - low) + UnitInterval::log_abs_det_jacobian(u);
    }
};

/// A single point: nothing is free.
template <class T> struct Point {
    static constexpr bool is_discrete = false;
    static constexpr std::size_t free_coordinates = 0;

    T point;

    explicit Point(const T& point_) : point(point_) {}
    std::string name() const { return "the point " + format_exactly(value_of(point)); }
    bool contains(double x) const { return x == value_of(point); }
    double feasible() const { return value_of(point); }
};

struct Discrete {
    static constexpr bool is_discrete = true;
    static constexpr std::size_t free_coordinates = 0;
    static double feasible() { return 0; }
};

struct Boolean : Discrete {
    static std::string name() { return "0 or 1"; }
    static inline bool contains(double x) { return x == 0 || x == 1; }
};

struct NonNegativeInteger : Discrete {
    static std::string name() { return "an integer that is 0 or more"; }
    static inline bool contains(double x) { return x >= 0 && std::isfinite(x) && x == std::floor(x); }
};

/// The integers from `low` to `high`.
struct IntegerInterval : Discrete {
    double low, high;

    IntegerInterval(double low_, double high_) : low(low_), high(high_) {}
    std::string name() const { return "an integer from " + format_exactly(low) + " to " + format_exactly(high); }
    inline bool contains(double x) const { return x >= low && x <= high && x == std::floor(x); }
    double feasible() const { return low; }
};

inline constexpr Real real{};
inline constexpr Positive positive{};
inline constexpr NonNegative nonnegative{};
inline constexpr UnitInterval unit_interval{};
inline constexpr Boolean boolean{};
inline constexpr NonNegativeInteger nonnegative_integer{};
inline Interval<double, double> interval(double low, double high) { return {low, high}; }
inline IntegerInterval integer_interval(Integer low, Integer high) {
    return {static_cast<double>(low), static_cast<double>(high)};
}

} // namespace modus::support
