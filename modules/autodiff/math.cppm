// The functions that models and densities use, for every scalar and elementwise for arrays.
//
// `chain_rule` owns the chain rule: a row of this file says only what f is for a double and what its slope is, in terms
// of x and y = f(x), with the same functions - so that slopes of slopes, for nested duals, need no further rows.
export module modus.autodiff:math;

import modus.standard;
import :array;
import :batch;
import :dual;
import :kernel;
import :local;
import :select;
import :summand;
import :tape;
import :tape_number;

namespace modus {
// Bodies that need Boost.Math, in special.cpp.
double lgamma_value(double x);
double polygamma_value(int n, double x);
double polygamma_drop_value(int n, double x, double gap);
double lbeta_value(double x, double y);
double normal_cdf_value(double x);
double log_normal_cdf_value(double x);
double normal_quantile_value(double p);
double inverse_mills_value(int n, double x);
} // namespace modus

// Functions of one number and of eight under one name.
namespace modus::functions {

inline double abs_(double x) { return std::fabs(x); }
inline Batch abs_(const Batch& x) { return magnitude(x); }
#define MODUS_BOTH(name, plain)                                                                                        \
    inline double name##_(double x) { return plain; }                                                                  \
    inline Batch name##_(const Batch& x) { return name(x); }
MODUS_BOTH(exp, std::exp(x))
MODUS_BOTH(expm1, std::expm1(x))
MODUS_BOTH(log, std::log(x))
MODUS_BOTH(log1p, std::log1p(x))
MODUS_BOTH(sqrt, std::sqrt(x))
MODUS_BOTH(tanh, std::tanh(x))
MODUS_BOTH(erf, std::erf(x))
MODUS_BOTH(erfc, std::erfc(x))
MODUS_BOTH(lgamma, lgamma_value(x))
MODUS_BOTH(digamma, polygamma_value(0, x))
MODUS_BOTH(softplus, x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)))
MODUS_BOTH(sigmoid, x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x))) // exp(-x) would overflow below 0
#undef MODUS_BOTH
inline double pow_(double x, double y) { return std::pow(x, y); }
inline Batch pow_(const Batch& x, const Batch& y) { return pow(x, y); }

} // namespace modus::functions

namespace modus {

/// A number without derivatives, or eight of them.
template <class X>
concept PlainNumber = std::is_arithmetic_v<X> || std::same_as<X, Batch>;

/// f at constants: at once where f can take eight, else one by one.
template <class F, PlainNumber... X> auto at_constants(const F& f, const X&... x) {
    if constexpr ((std::is_arithmetic_v<X> && ...)) {
        return f(static_cast<double>(x)...);
    } else if constexpr (std::is_invocable_r_v<Batch, F, decltype(Batch(x))...>) {
        return Batch(f(Batch(x)...));
    } else {
        Batch result;
        for (std::size_t k = 0; k < Batch::size; ++k) result.lanes[k] = f(Batch(x)[k]...);
        return result;
    }
}

template <class F, class DF> struct Rule;
template <class F, class DX, class DY> struct Rule2;

} // namespace modus

export namespace modus {

/// f(x) for any scalar or array, from f on double (and on Batch, where it is faster at once) and the slope
/// f'(x) = df(x, y), y = f(x).
template <Argument X, class F, class DF> auto chain_rule(const X& x, const F& f, const DF& df) {
    if constexpr (AnyArray<X>) {
        return map(Rule<F, DF>{f, df}, x);
    } else if constexpr (PlainNumber<X>) {
        return at_constants(f, x);
    } else if constexpr (is_var<X>) {
        return number_on_tape<underlying_t<X>>(Rule<F, DF>{f, df}, x);
    } else {
        const auto y = chain_rule(x.value, f, df);
        return chain(y, std::remove_cv_t<decltype(y)>(df(x.value, y)), x);
    }
}

/// f(x, y) for any mixture of scalars and arrays, from f on doubles and its two slopes dfx(x, y, z), dfy(x, y, z).
template <Argument X, Argument Y, class F, class DX, class DY>
auto chain_rule(const X& x, const Y& y, const F& f, const DX& dfx, const DY& dfy) {
    if constexpr (AnyArray<X> || AnyArray<Y>) {
        return map(Rule2<F, DX, DY>{f, dfx, dfy}, x, y);
    } else if constexpr (PlainNumber<X> && PlainNumber<Y>) {
        return at_constants(f, x, y);
    } else if constexpr (is_var<X>) {
        return number_on_tape<underlying_t<X>>(Rule2<F, DX, DY>{f, dfx, dfy}, x, y);
    } else if constexpr (is_var<Y>) {
        return number_on_tape<underlying_t<Y>>(Rule2<F, DX, DY>{f, dfx, dfy}, x, y);
    } else if constexpr (PlainNumber<X>) {
        const auto z = chain_rule(x, y.value, f, dfx, dfy);
        return chain(z, std::remove_cv_t<decltype(z)>(dfy(x, y.value, z)), y);
    } else if constexpr (PlainNumber<Y>) {
        const auto z = chain_rule(x.value, y, f, dfx, dfy);
        return chain(z, std::remove_cv_t<decltype(z)>(dfx(x.value, y, z)), x);
    } else {
        const auto z = chain_rule(x.value, y.value, f, dfx, dfy);
        using Z = std::remove_cv_t<decltype(z)>;
        return chain(z, Z(dfx(x.value, y.value, z)), x, Z(dfy(x.value, y.value, z)), y);
    }
}

} // namespace modus

namespace modus {

/// A function with its slopes, as a formula.
template <class F, class DF> struct Rule {
    [[no_unique_address]] F f;
    [[no_unique_address]] DF df;
    auto operator()(const auto& x) const { return chain_rule(x, f, df); }
};
template <class F, class DX, class DY> struct Rule2 {
    [[no_unique_address]] F f;
    [[no_unique_address]] DX dfx;
    [[no_unique_address]] DY dfy;
    auto operator()(const auto& x, const auto& y) const { return chain_rule(x, y, f, dfx, dfy); }
};
template <class F, class DF> inline constexpr bool is_stateless<Rule<F, DF>> = is_stateless<F> && is_stateless<DF>;
template <class F, class DX, class DY> inline constexpr bool is_stateless<Rule2<F, DX, DY>> =
    is_stateless<F> && is_stateless<DX> && is_stateless<DY>;

} // namespace modus

export namespace modus {

// Declared first, because slopes use one another.
template <Argument X> auto exp(const X& x);
template <Argument X> auto cos(const X& x);
template <Argument X> auto sin(const X& x);
template <Argument X> auto cosh(const X& x);
template <Argument X> auto sinh(const X& x);
template <Argument X> auto sigmoid(const X& x);
template <Argument X> auto log(const X& x);
template <Argument X> auto log1p(const X& x);
template <Argument X> auto sqrt(const X& x);
template <Argument X> auto digamma(const X& x);
template <Argument X> auto trigamma(const X& x);
template <Argument X> auto abs(const X& x);
template <Argument X> auto polygamma(int n, const X& x);
template <Argument X> auto tanh(const X& x);
template <Argument X> auto normal_cdf(const X& x);
template <Argument X, Argument Y> auto pow(const X& x, const Y& y);
template <Argument X, Argument Y> auto hypot(const X& x, const Y& y);

} // namespace modus

// Parts of slopes that are functions with slopes of their own, because the chain rule applied to their formulas would
// cancel or overflow in second derivatives.
namespace modus {

/// 1 - x^2.
template <Argument X> auto one_minus_square(const X& x) {
    return chain_rule(
        x, [](const auto& v) { return (1.0 - v) * (1.0 + v); }, [](const auto& v, const auto&) { return -2.0 * v; });
}
/// p (1 - p).
template <Argument X> auto bernoulli_variance(const X& p) {
    return chain_rule(
        p, [](const auto& v) { return v * (1.0 - v); }, [](const auto& v, const auto&) { return 1.0 - 2.0 * v; });
}
/// sigmoid(x) sigmoid(-x), the logistic density.
template <Argument X> auto logistic_density(const X& x) {
    return chain_rule(
        x,
        [](const auto& v) {
            const auto e = exp(-abs(v));
            return e / ((1.0 + e) * (1.0 + e));
        },
        [](const auto& v, const auto& y) { return -y * tanh(0.5 * v); });
}
/// x / sqrt(x^2 + y^2): the cosine of the angle of the point (x, y), and the sine of that of (y, x).
template <Argument X, Argument Y> auto direction(const X& x, const Y& y) {
    return chain_rule(
        x, y, [](double a, double b) { return a / std::hypot(a, b); },
        [](const auto& a, const auto& b, const auto&) {
            const auto other = direction(b, a);
            return other * other / hypot(a, b);
        },
        [](const auto& a, const auto& b, const auto& z) { return -z * direction(b, a) / hypot(a, b); });
}
/// The standard normal density.
template <Argument X> auto normal_density(const X& x) {
    return chain_rule(
        x, [](const auto& v) { return std::numbers::inv_sqrtpi / std::numbers::sqrt2 * exp(-0.5 * v * v); },
        [](const auto& v, const auto& y) { return -v * y; });
}
/// normal_density(x) / normal_cdf(x), the inverse of Mills' ratio, and its n-th derivative.
template <Argument X> auto inverse_mills(int n, const X& x) {
    return chain_rule(
        x, [n](double v) { return inverse_mills_value(n, v); },
        [n](const auto& v, const auto&) { return inverse_mills(n + 1, v); });
}
template <Argument X> auto inverse_mills(const X& x) { return inverse_mills(0, x); }
/// polygamma(n, x) - polygamma(n, x + gap), x and gap >= 0: subtracting two calls would cancel.
template <Argument X, Argument Y> auto polygamma_drop(int n, const X& x, const Y& gap) {
    return chain_rule(
        x, gap, [n](double a, double b) { return polygamma_drop_value(n, a, b); },
        [n](const auto& a, const auto& b, const auto&) { return polygamma_drop(n + 1, a, b); },
        [n](const auto& a, const auto& b, const auto&) { return -polygamma(n + 1, a + b); });
}

} // namespace modus

export namespace modus {

template <Argument X> auto square(const X& x) {
    return chain_rule(x, [](const auto& v) { return v * v; }, [](const auto& v, const auto&) { return 2.0 * v; });
}
template <Argument X> auto exp(const X& x) {
    return chain_rule(
        x, [](const auto& v) { return functions::exp_(v); }, [](const auto&, const auto& y) { return y; });
}
/// exp(x) - 1, exact near 0.
template <Argument X> auto expm1(const X& x) {
    return chain_rule(
        x, [](const auto& v) { return functions::expm1_(v); }, [](const auto& v, const auto&) { return exp(v); });
}
template <Argument X> auto log(const X& x) {
    const auto compute = [&] {
        return chain_rule(
            x, [](const auto& v) { return functions::log_(v); }, [](const auto& v, const auto&) { return 1.0 / v; });
    };
    if constexpr (is_var<X>) {
        const auto known = known_log(x);
        return known ? *known : compute();
    } else {
        return compute();
    }
}
/// log(1 + x), exact near 0.
template <Argument X> auto log1p(const X& x) {
    return chain_rule(
        x, [](const auto& v) { return functions::log1p_(v); },
        [](const auto& v, const auto&) { return 1.0 / (1.0 + v); });
}
template <Argument X> auto sqrt(const X& x) {
    return chain_rule(
        x, [](const auto& v) { return functions::sqrt_(v); }, [](const auto&, const auto& y) { return 0.5 / y; });
}
template <Argument X> auto cbrt(const X& x) {
    return chain_rule(
        x, [](double v) { return std::cbrt(v); }, [](const auto&, const auto& y) { return 1.0 / (3.0 * y * y); });
}
/// |x|; the slope at 0 is taken as 0.
template <Argument X> auto abs(const X& x) {
    return chain_rule(
        x, [](const auto& v) { return functions::abs_(v); },
        [](const auto& v, const auto&) { return select(v > 0.0, 1.0, select(v < 0.0, -1.0, 0.0)); });
}
template <Argument X> auto sin(const X& x) {
    return chain_rule(x, [](double v) { return std::sin(v); }, [](const auto& v, const auto&) { return cos(v); });
}
template <Argument X> auto cos(const X& x) {
    return chain_rule(x, [](double v) { return std::cos(v); }, [](const auto& v, const auto&) { return -sin(v); });
}
template <Argument X> auto tan(const X& x) {
    return chain_rule(x, [](double v) { return std::tan(v); }, [](const auto&, const auto& y) { return 1.0 + y * y; });
}
template <Argument X> auto asin(const X& x) {
    return chain_rule(
        x, [](double v) { return std::asin(v); },
        [](const auto& v, const auto&) { return 1.0 / sqrt(one_minus_square(v)); });
}
template <Argument X> auto acos(const X& x) {
    return chain_rule(
        x, [](double v) { return std::acos(v); },
        [](const auto& v, const auto&) { return -1.0 / sqrt(one_minus_square(v)); });
}
template <Argument X> auto atan(const X& x) {
    return chain_rule(
        x, [](double v) { return std::atan(v); },
        [](const auto& v, const auto&) {
            const auto cosine = 1.0 / hypot(1.0, v); // 1 + v^2 would overflow
            return cosine * cosine;
        });
}
template <Argument X> auto sinh(const X& x) {
    return chain_rule(x, [](double v) { return std::sinh(v); }, [](const auto& v, const auto&) { return cosh(v); });
}
template <Argument X> auto cosh(const X& x) {
    return chain_rule(x, [](double v) { return std::cosh(v); }, [](const auto& v, const auto&) { return sinh(v); });
}
template <Argument X> auto tanh(const X& x) {
    return chain_rule(
        x, [](const auto& v) { return functions::tanh_(v); },
        [](const auto& v, const auto&) { return 4.0 * logistic_density(2.0 * v); }); // 1 - tanh^2 would cancel
}
template <Argument X> auto asinh(const X& x) {
    return chain_rule(
        x, [](double v) { return std::asinh(v); }, [](const auto& v, const auto&) { return 1.0 / hypot(1.0, v); });
}
template <Argument X> auto acosh(const X& x) {
    return chain_rule(
        x, [](double v) { return std::acosh(v); },
        [](const auto& v, const auto&) { return 1.0 / (sqrt(v - 1.0) * sqrt(v + 1.0)); });
}
template <Argument X> auto atanh(const X& x) {
    return chain_rule(
        x, [](double v) { return std::atanh(v); },
        [](const auto& v, const auto&) { return 1.0 / one_minus_square(v); });
}

/// 1 / (1 + exp(-x)), the logistic function.
template <Argument X> auto sigmoid(const X& x) {
    return chain_rule(
        x, [](const auto& v) { return functions::sigmoid_(v); },
        [](const auto& v, const auto&) { return logistic_density(v); });
}
/// log(1 + exp(x)), without overflow.
template <Argument X> auto softplus(const X& x) {
    return chain_rule(
        x, [](const auto& v) { return functions::softplus_(v); },
        [](const auto& v, const auto&) { return sigmoid(v); });
}
template <unsigned Mask> auto softplus(const Local<Batch, Mask>& x) {
    Batch slope;
    const Batch y = softplus_and_slope(x.value, slope);
    return chain(y, slope, x);
}
/// log(sigmoid(x)).
template <Argument X> auto log_sigmoid(const X& x) { return -softplus(-x); }
/// log(sigmoid(x)), of -x where `sign` is negative, as all that a formula returns: on a tape, a sum takes one logarithm
/// for many elements.
template <Argument X> auto log_sigmoid_summand(const X& x, double sign) { return log_sigmoid(sign < 0 ? -x : x); }
inline Batch log_sigmoid_summand(const Batch& x, const Batch& sign) { return log_sigmoid(signed_by(x, sign)); }
template <class T, unsigned Mask> auto log_sigmoid_summand(const Local<T, Mask>& x, const Batch& sign) {
    // min(z, 0) - log1p(e), e = exp(-|z|): one exponential and one division serve the value and its derivatives.
    const Batch z = signed_by(value_of(x), sign), e = exp(-magnitude(z)), inverse = 1.0 / (1.0 + e);
    const Flags below = is_negative(z);
    const Batch slope = signed_by(select(below, Batch(1.0), e) * inverse, sign);
    const auto lifted = [&](const Batch& y, const Batch& dy) {
        if constexpr (std::same_as<T, Batch>) return y;
        else return chain(y, dy, x.value);
    };
    const auto rest = chain(lifted(select(below, z, Batch(0.0)), slope), lifted(slope, -e * inverse * inverse), x);
    return LessLog1p<std::remove_const_t<decltype(rest)>>{rest, e};
}
/// offset - square(factor * deviation) / 2, as all that a formula returns, where the deviation is linear in the
/// arguments, such as x - loc, or its second derivatives are lost, and factor and offset come from scalars: on a tape,
/// a sum takes these in once for all elements.
template <class W, class S, class C> auto half_square_summand(const W& deviation, const S& factor, const C& offset) {
    if constexpr (std::same_as<std::remove_cvref_t<decltype(value_of(deviation))>, Batch>)
        return HalfSquare<W, S, C>{deviation, factor, offset};
    else return -0.5 * square(factor * deviation) + offset;
}
/// log(p / (1 - p)), p in (0, 1).
template <Argument X> auto logit(const X& x) {
    return chain_rule(
        x,
        [](double p) {
            // Around 1/2 the quotient is near 1 and its logarithm would cancel.
            return p > 0.25 && p < 0.75 ? std::log1p((2 * p - 1) / (1 - p)) : std::log(p) - std::log1p(-p);
        },
        [](const auto& p, const auto&) { return 1.0 / bernoulli_variance(p); });
}
/// log(1 - exp(x)), x < 0. Maechler, "Accurately computing log(1 - exp(-|a|))", 2012.
template <Argument X> auto log1m_exp(const X& x) {
    return chain_rule(
        x, [](double v) { return v > -std::numbers::ln2 ? std::log(-std::expm1(v)) : std::log1p(-std::exp(v)); },
        [](const auto& v, const auto&) { return exp(v) / expm1(v); });
}

/// x kept within [low, high] against rounding, with the slope of x.
template <Argument X> auto clamp(const X& x, double low, double high) {
    return chain_rule(
        x, [=](const auto& v) { return select(v < low, low, select(v > high, high, v)); },
        [](const auto&, const auto&) { return 1.0; });
}

/// The error function and its complement.
template <Argument X> auto erf(const X& x) {
    return chain_rule(
        x, [](const auto& v) { return functions::erf_(v); },
        [](const auto& v, const auto&) { return 2.0 * std::numbers::inv_sqrtpi * exp(-v * v); });
}
template <Argument X> auto erfc(const X& x) {
    return chain_rule(
        x, [](const auto& v) { return functions::erfc_(v); },
        [](const auto& v, const auto&) { return -2.0 * std::numbers::inv_sqrtpi * exp(-v * v); });
}
/// The standard normal distribution function, its logarithm and its inverse, accurate in the tails.
template <Argument X> auto normal_cdf(const X& x) {
    return chain_rule(
        x, [](double v) { return normal_cdf_value(v); }, [](const auto& v, const auto&) { return normal_density(v); });
}
template <Argument X> auto log_normal_cdf(const X& x) {
    return chain_rule(
        x, [](double v) { return log_normal_cdf_value(v); },
        [](const auto& v, const auto&) { return inverse_mills(v); });
}
template <Argument X> auto normal_quantile(const X& p) {
    return chain_rule(
        p, [](double v) { return normal_quantile_value(v); },
        [](const auto& v, const auto& y) { // 1 / density(y); in the tails the rounding of y^2 would show
            const auto tail = select(y < -5.0, v * inverse_mills(y), (1.0 - v) * inverse_mills(-y));
            return 1.0 / select(y * y > 25.0, tail, normal_density(y));
        });
}

/// log |Gamma(x)|.
template <Argument X> auto lgamma(const X& x) {
    return chain_rule(
        x, [](const auto& v) { return functions::lgamma_(v); }, [](const auto& v, const auto&) { return digamma(v); });
}
/// The n-th derivative of digamma, n >= 0.
template <Argument X> auto polygamma(int n, const X& x) {
    return chain_rule(
        x, [n](double v) { return polygamma_value(n, v); },
        [n](const auto& v, const auto&) { return polygamma(n + 1, v); });
}
/// The derivatives of lgamma: first and second.
template <Argument X> auto digamma(const X& x) {
    return chain_rule(
        x, [](const auto& v) { return functions::digamma_(v); },
        [](const auto& v, const auto&) { return trigamma(v); });
}
template <Argument X> auto trigamma(const X& x) { return polygamma(1, x); }

/// x to the power y. Where x is negative, y must be a constant.
template <Argument X, Argument Y> auto pow(const X& x, const Y& y) {
    return chain_rule(
        x, y, [](const auto& a, const auto& b) { return functions::pow_(a, b); },
        [](const auto& a, const auto& b, const auto&) { // 0^0 is 1, with slope 0 rather than 0 * infinity
            return select(a == 0.0 && b == 0.0, 0.0 * (a * b), b * pow(a, b - 1.0));
        },
        [](const auto& a, const auto&, const auto& z) { return select(a == 0.0, 0.0 * z, z * log(a)); });
}
/// The angle of the point (x, y).
template <Argument Y, Argument X> auto atan2(const Y& y, const X& x) {
    return chain_rule(
        y, x, [](double b, double a) { return std::atan2(b, a); },
        [](const auto& b, const auto& a, const auto&) { return direction(a, b) / hypot(a, b); },
        [](const auto& b, const auto& a, const auto&) { return -direction(b, a) / hypot(a, b); });
}
/// sqrt(x^2 + y^2), without overflow.
template <Argument X, Argument Y> auto hypot(const X& x, const Y& y) {
    return chain_rule(
        x, y, [](double a, double b) { return std::hypot(a, b); },
        [](const auto& a, const auto& b, const auto&) { return direction(a, b); },
        [](const auto& a, const auto& b, const auto&) { return direction(b, a); });
}
/// log(exp(x) + exp(y)), without overflow.
template <Argument X, Argument Y> auto log_add_exp(const X& x, const Y& y) {
    return chain_rule(
        x, y,
        [](double a, double b) {
            if (a == b) return a + std::numbers::ln2; // also where both are infinite
            return std::max(a, b) + std::log1p(std::exp(-std::fabs(a - b)));
        },
        [](const auto& a, const auto& b, const auto&) { return sigmoid(a - b); },
        [](const auto& a, const auto& b, const auto&) { return sigmoid(b - a); });
}
/// x log(y), and 0 where x = 0, whatever y: the terms of a log mass.
template <Argument X, Argument Y> auto xlogy(const X& x, const Y& y) {
    return chain_rule(
        x, y, [](const auto& a, const auto& b) { return select(a == 0.0, 0.0, a * log(b)); },
        [](const auto&, const auto& b, const auto&) { return log(b); },
        [](const auto& a, const auto& b, const auto&) { return select(a == 0.0, 0.0 * a, a / b); });
}
/// x log(1 + y), and 0 where x = 0, whatever y.
template <Argument X, Argument Y> auto xlog1py(const X& x, const Y& y) {
    return chain_rule(
        x, y, [](const auto& a, const auto& b) { return select(a == 0.0, 0.0, a * log1p(b)); },
        [](const auto&, const auto& b, const auto&) { return log1p(b); },
        [](const auto& a, const auto& b, const auto&) { return select(a == 0.0, 0.0 * a, a / (1.0 + b)); });
}
/// log Beta(x, y) = lgamma(x) + lgamma(y) - lgamma(x + y), without its cancellation for large arguments.
template <Argument X, Argument Y> auto lbeta(const X& x, const Y& y) {
    return chain_rule(
        x, y, [](double a, double b) { return lbeta_value(a, b); },
        [](const auto& a, const auto& b, const auto&) { return polygamma_drop(0, a, b); },
        [](const auto& a, const auto& b, const auto&) { return polygamma_drop(0, b, a); });
}
/// The logarithm of the binomial coefficient, for real n >= k >= 0.
template <Argument N, Argument K> auto lchoose(const N& n, const K& k) {
    return chain_rule(
        n, k,
        [](double a, double b) { return b == 0 || b == a ? 0.0 : -lbeta_value(a - b + 1, b + 1) - std::log1p(a); },
        [](const auto& a, const auto& b, const auto&) { return -polygamma_drop(0, a - b + 1.0, b); },
        [](const auto& a, const auto& b, const auto&) {
            const auto gap = a - 2.0 * b;
            return select(gap > 0.0, -polygamma_drop(0, b + 1.0, gap), polygamma_drop(0, a - b + 1.0, -gap));
        });
}

} // namespace modus
