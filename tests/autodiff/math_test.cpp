#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <iomanip>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "accuracy.hpp"
#include "reference/special_functions.hpp"

import modus.autodiff;

using namespace modus;
using accuracy::relative_error;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

using Dual2 = Dual<double, 2>;
using Nested = Dual<Dual<double, 1>, 1>;

// Seeds are never 1, so that a forgotten factor shows.
constexpr double seed_a = 2.3, seed_b = -0.7, seed_c = 1.9, seed_d = 0.4;

/// Largest relative errors of values, first and second derivatives. Errors are measured against `floor` where the
/// exact number is smaller: the absolute accuracy that is left next to a zero.
struct Bounds {
    double value = 2e-15, first = 2e-15, second = 4e-15;
    double value_floor = 0, first_floor = 0, second_floor = 0;
    bool second_against_row = false; ///< the floor is the largest second derivative at the same point
};

struct UnaryFunction {
    std::string_view name;
    double (*plain)(double);
    Dual2 (*dual)(const Dual2&);
    Nested (*nested)(const Nested&);
    Bounds bounds;
};

template <class F> constexpr UnaryFunction unary(std::string_view name, F, const Bounds& bounds = {}) {
    return {name, [](double x) -> double { return F{}(x); }, [](const Dual2& x) -> Dual2 { return F{}(x); },
            [](const Nested& x) -> Nested { return F{}(x); }, bounds};
}

struct BinaryFunction {
    std::string_view name;
    double (*plain)(double, double);
    Dual2 (*dual)(const Dual2&, const Dual2&);
    Dual2 (*dual_left)(const Dual2&, double);
    Dual2 (*dual_right)(double, const Dual2&);
    Nested (*nested)(const Nested&, const Nested&);
    Nested (*nested_left)(const Nested&, double);
    Nested (*nested_right)(double, const Nested&);
    Bounds bounds;
};

template <class F> constexpr BinaryFunction binary(std::string_view name, F, const Bounds& bounds = {}) {
    return {name,
            [](double x, double y) -> double { return F{}(x, y); },
            [](const Dual2& x, const Dual2& y) -> Dual2 { return F{}(x, y); },
            [](const Dual2& x, double y) -> Dual2 { return F{}(x, y); },
            [](double x, const Dual2& y) -> Dual2 { return F{}(x, y); },
            [](const Nested& x, const Nested& y) -> Nested { return F{}(x, y); },
            [](const Nested& x, double y) -> Nested { return F{}(x, y); },
            [](double x, const Nested& y) -> Nested { return F{}(x, y); },
            bounds};
}

// Qualified, because <cmath> declares functions of the same names for double.
#define UNARY(f, ...) unary(#f, [](const auto& x) { return modus::f(x); } __VA_OPT__(, ) __VA_ARGS__)
#define BINARY(f, ...)                                                                                                 \
    binary(#f, [](const auto& x, const auto& y) { return modus::f(x, y); } __VA_OPT__(, ) __VA_ARGS__)

const UnaryFunction unary_functions[] = {
    UNARY(abs),
    UNARY(exp),
    UNARY(expm1),
    UNARY(log),
    UNARY(log1p),
    UNARY(sqrt),
    UNARY(cbrt),
    UNARY(square),
    unary("inv", [](const auto& x) { return 1.0 / x; }),
    UNARY(sin),
    UNARY(cos),
    UNARY(tan),
    UNARY(asin),
    UNARY(acos),
    UNARY(atan),
    UNARY(sinh),
    UNARY(cosh),
    UNARY(tanh),
    UNARY(asinh),
    UNARY(acosh),
    UNARY(atanh),
    UNARY(sigmoid),
    UNARY(softplus),
    UNARY(log_sigmoid),
    UNARY(logit),
    UNARY(log1m_exp),
    // exp(-x^2) multiplies the rounding of x^2 by x^2, which is below 750 where the slope is not 0.
    UNARY(erf, {.first = 1e-13, .second = 1e-13}),
    UNARY(erfc, {.first = 1e-13, .second = 1e-13}),
    // The same by x^2 / 2 in the slope, and around x = -5 in the values.
    UNARY(normal_cdf, {.value = 1e-14, .first = 1e-13, .second = 1e-13}),
    // The second derivative is -h (x + h) with h near -x: around -5 that cancels to a thirtieth.
    UNARY(log_normal_cdf, {.value = 1e-14, .first = 1e-14, .second = 1e-13}),
    UNARY(normal_quantile, {.first = 1e-14, .second = 1e-14}),
    UNARY(lgamma, {.value = 4e-15}),
    UNARY(digamma),
    UNARY(trigamma),
};

const BinaryFunction binary_functions[] = {
    BINARY(pow),
    // d2/dxdy vanishes on the diagonals by cancellation.
    BINARY(atan2, {.second_against_row = true}),
    BINARY(hypot),
    BINARY(lbeta),
    BINARY(xlogy),
    BINARY(xlog1py),
    BINARY(log_add_exp),
    // Zero at y = 0 and y = x, by cancellation of -lbeta and log1p: an absolute accuracy next to them.
    BINARY(lchoose, {.value_floor = 1}),
};

/// Keeps the worst error of a function and complains about each one beyond the bound.
struct Check {
    double worst = 0;

    void operator()(const std::string& where, double actual, double expected, double scale, double floor,
                    double bound) {
        if (std::isnan(expected)) return; // undefined in the reference
        const double error = relative_error(actual, expected * scale, floor * std::fabs(scale));
        worst = std::max(worst, error);
        std::ostringstream text;
        text << std::setprecision(17) << where << " = " << actual / scale << ", expected " << expected
             << ", relative error " << error << " > " << bound;
        BOOST_CHECK_MESSAGE(error <= bound, text.str());
    }
};

std::string call(std::string_view name, double x) {
    std::ostringstream text;
    text << std::setprecision(17) << name << '(' << x << ')';
    return text.str();
}
std::string call(std::string_view name, double x, double y) {
    std::ostringstream text;
    text << std::setprecision(17) << name << '(' << x << ", " << y << ')';
    return text.str();
}

Dual2 seeded(double x, double a, double b) { return Dual2(x, {a, b}); }
/// x + outer eps + inner delta, so that tangent[0].tangent[0] is outer * inner times the second derivative.
Nested seeded_twice(double x, double outer, double inner) {
    return Nested(Dual<double, 1>(x, {inner}), {Dual<double, 1>(outer, {0.0})});
}
double second(const Nested& y) { return y.tangent[0].tangent[0]; }

void report(std::string_view name, const Check& value, const Check& first, const Check& second) {
    BOOST_TEST_MESSAGE(name << ": worst relative errors " << value.worst << " (value), " << first.worst << " (first), "
                            << second.worst << " (second derivative)");
}

} // namespace

BOOST_AUTO_TEST_CASE(every_reference_row_is_tested) {
    const auto has = [](const auto& functions, std::string_view name) {
        return std::ranges::any_of(functions, [&](const auto& f) { return f.name == name; });
    };
    for (const auto& row : reference::unary) {
        if (row.name == std::string_view("log10")) continue; // modus has no log10
        BOOST_TEST(has(unary_functions, row.name), row.name);
    }
    for (const auto& row : reference::binary) BOOST_TEST(has(binary_functions, row.name), row.name);
    for (const auto& f : unary_functions) BOOST_TEST(has(reference::unary, f.name), f.name);
    for (const auto& f : binary_functions) BOOST_TEST(has(reference::binary, f.name), f.name);
}

BOOST_AUTO_TEST_CASE(unary_functions_meet_their_bounds) {
    for (const auto& f : unary_functions) {
        const Bounds& bounds = f.bounds;
        Check value, first, twice;
        for (const auto& row : reference::unary) {
            if (row.name != f.name) continue;
            const std::string where = call(f.name, row.x);
            value(where, f.plain(row.x), row.value, 1, bounds.value_floor, bounds.value);

            const Dual2 y = f.dual(seeded(row.x, seed_a, seed_b));
            BOOST_TEST(y.value == f.plain(row.x), where << " differs between double and Dual");
            first(where + "'", y.tangent[0], row.derivative, seed_a, bounds.first_floor, bounds.first);
            first(where + "'", y.tangent[1], row.derivative, seed_b, bounds.first_floor, bounds.first);

            const Nested z = f.nested(seeded_twice(row.x, seed_c, seed_d));
            BOOST_TEST(z.value.value == f.plain(row.x), where << " differs between double and nested Dual");
            first(where + "'", z.value.tangent[0], row.derivative, seed_d, bounds.first_floor, bounds.first);
            first(where + "'", z.tangent[0].value, row.derivative, seed_c, bounds.first_floor, bounds.first);
            twice(where + "''", second(z), row.second, seed_c * seed_d, bounds.second_floor, bounds.second);
        }
        report(f.name, value, first, twice);
    }
}

BOOST_AUTO_TEST_CASE(binary_functions_meet_their_bounds) {
    for (const auto& f : binary_functions) {
        const Bounds& bounds = f.bounds;
        Check value, first, twice;
        for (const auto& row : reference::binary) {
            if (row.name != f.name) continue;
            const auto [name, x, y, exact, dx, dy, dxx, dxy, dyy] = row;
            const std::string where = call(f.name, x, y);
            const double second_floor = bounds.second_against_row
                                            ? std::max({std::fabs(dxx), std::fabs(dxy), std::fabs(dyy)})
                                            : bounds.second_floor;
            value(where, f.plain(x, y), exact, 1, bounds.value_floor, bounds.value);

            // One argument a constant.
            const Dual2 left = f.dual_left(seeded(x, seed_a, seed_b), y);
            BOOST_TEST(left.value == f.plain(x, y), where);
            first(where + " d/dx", left.tangent[0], dx, seed_a, bounds.first_floor, bounds.first);
            first(where + " d/dx", left.tangent[1], dx, seed_b, bounds.first_floor, bounds.first);
            const Dual2 right = f.dual_right(x, seeded(y, seed_a, seed_b));
            BOOST_TEST(right.value == f.plain(x, y), where);
            first(where + " d/dy", right.tangent[0], dy, seed_a, bounds.first_floor, bounds.first);
            first(where + " d/dy", right.tangent[1], dy, seed_b, bounds.first_floor, bounds.first);
            twice(where + " d2/dx2", second(f.nested_left(seeded_twice(x, seed_c, seed_d), y)), dxx, seed_c * seed_d,
                  second_floor, bounds.second);
            twice(where + " d2/dy2", second(f.nested_right(x, seeded_twice(y, seed_c, seed_d))), dyy, seed_c * seed_d,
                  second_floor, bounds.second);

            // Both live: the two contributions may cancel, so their sum is held against the larger.
            if (std::isnan(dx) || std::isnan(dy)) continue;
            const Dual2 both = f.dual(seeded(x, seed_a, seed_b), seeded(y, seed_c, seed_d));
            BOOST_TEST(both.value == f.plain(x, y), where);
            for (const auto& [tangent, a, b] :
                 {std::tuple(both.tangent[0], seed_a, seed_c), std::tuple(both.tangent[1], seed_b, seed_d)})
                first(where + " along a line", tangent, dx * a + dy * b, 1,
                      std::max({std::fabs(dx * a), std::fabs(dy * b), bounds.first_floor}), bounds.first);
            if (std::isnan(dxy) || std::isinf(dxx) || std::isinf(dyy)) continue; // 0 * infinity in another direction
            const Nested mixed = f.nested(seeded_twice(x, seed_c, 0), seeded_twice(y, 0, seed_d));
            twice(where + " d2/dxdy", second(mixed), dxy, seed_c * seed_d, second_floor, bounds.second);
        }
        report(f.name, value, first, twice);
    }
}

// The derivatives that live in Boost.Math's generic polygamma, through a third level of duals.
BOOST_AUTO_TEST_CASE(third_derivatives_of_nested_duals) {
    using Third = Dual<Nested, 1>;
    const auto third = [](auto f, double x) {
        const Third y = f(Third(seeded_twice(x, seed_a, seed_b), {Nested(seed_c)}));
        return y.tangent[0].tangent[0].tangent[0] / (seed_a * seed_b * seed_c);
    };
    BOOST_TEST(accuracy::close(third([](const auto& x) { return modus::exp(x); }, 0.3), std::exp(0.3), 4e-15));
    BOOST_TEST(accuracy::close(third([](const auto& x) { return modus::log(x); }, 0.3), 2 / 0.027, 4e-15));
    BOOST_TEST(accuracy::close(third([](const auto& x) { return modus::lgamma(x); }, 2.5), -0.2362040516417274, 4e-15));
    BOOST_TEST(accuracy::close(third([](const auto& x) { return modus::pow(x, 3.5); }, 2.0),
                               3.5 * 2.5 * 1.5 * std::sqrt(2.0), 4e-15));
    // The continued fraction in the tail, against 2 h^3 + 3 x h^2 + (x^2 - 1) h at 50 digits.
    BOOST_TEST(accuracy::close(third([](const auto& x) { return modus::log_normal_cdf(x); }, -20.0),
                               0.00024272657893584202, 1e-13));
}

BOOST_AUTO_TEST_CASE(normal_tails_between_the_reference_points) {
    // Arguments whose squares are rounded. mpmath, 40 digits.
    struct Row {
        double x, cdf, density, log_cdf;
    };
    for (const auto& [x, cdf, density, log_cdf] :
         {Row{-5.3, 5.790134039964594e-08, 3.171349216715978e-07, -16.664525302382472},
          Row{-7.7, 6.803311540773961e-15, 5.3241483722529524e-14, -32.62136690998011},
          Row{-20.1, 3.6896808637213897e-90, 7.434525389680312e-89, -205.92711840194823},
          Row{-33.3, 1.93050550592784e-243, 6.434370239339347e-242, -558.8703957087615},
          Row{-37.3, 8.205494844930773e-305, 3.062846290695667e-303, -700.1836493302922}}) {
        const Dual2 y = normal_cdf(seeded(x, seed_a, seed_b));
        BOOST_TEST(accuracy::close(y.value, cdf, 5e-15), call("normal_cdf", x));
        BOOST_TEST(accuracy::close(y.tangent[0], seed_a * density, 1e-13), call("normal_cdf'", x));
        const Dual2 z = log_normal_cdf(seeded(x, seed_a, seed_b));
        BOOST_TEST(accuracy::close(z.value, log_cdf, 2e-15), call("log_normal_cdf", x));
        BOOST_TEST(accuracy::close(z.tangent[1], seed_b * (density / cdf), 5e-15), call("log_normal_cdf'", x));
        BOOST_TEST(accuracy::close(normal_quantile(cdf), x, 2e-15), call("normal_quantile", cdf));
        BOOST_TEST(accuracy::close(normal_quantile(seeded(cdf, seed_a, seed_b)).tangent[0], seed_a / density, 1e-14),
                   call("normal_quantile'", cdf));
    }
}

BOOST_AUTO_TEST_CASE(polygamma_of_every_order) {
    // psi_n(1) = (-1)^(n+1) n! zeta(n+1)
    BOOST_TEST(accuracy::close(polygamma(0, 1.0), -0.57721566490153286, 2e-15));
    BOOST_TEST(accuracy::close(polygamma(1, 1.0), 1.6449340668482264, 2e-15));
    BOOST_TEST(accuracy::close(polygamma(2, 1.0), -2.4041138063191886, 2e-15));
    BOOST_TEST(accuracy::close(polygamma(3, 1.0), 6.4939394022668291, 2e-15));
    BOOST_TEST(accuracy::close(polygamma(4, 1.0), -24.886266123440879, 2e-15));
    BOOST_TEST(
        accuracy::close(polygamma(2, seeded(1.0, seed_a, seed_b)).tangent[1], seed_b * 6.4939394022668291, 2e-15));
}

BOOST_AUTO_TEST_CASE(clamp_keeps_the_slope) {
    for (const auto& [x, expected] : {std::pair(0.2, 0.2), std::pair(-3.0, -1.0), std::pair(7.0, 1.0)}) {
        const Dual2 y = clamp(seeded(x, seed_a, seed_b), -1.0, 1.0);
        BOOST_TEST(y.value == expected);
        BOOST_TEST(y.tangent[0] == seed_a); // outside too: rounding alone must not stop an optimizer
        BOOST_TEST(y.tangent[1] == seed_b);
    }
}

BOOST_AUTO_TEST_CASE(the_slope_of_abs_at_zero_is_zero) {
    const Dual2 y = modus::abs(seeded(0.0, seed_a, seed_b));
    BOOST_TEST(y.value == 0);
    BOOST_TEST(y.tangent[0] == 0);
}

BOOST_AUTO_TEST_CASE(edges_of_the_domain) {
    const auto slope = [](const Dual2& y) { return y.tangent[0]; };
    BOOST_TEST(modus::sqrt(0.0) == 0);
    BOOST_TEST(slope(modus::sqrt(seeded(0, seed_a, seed_b))) == inf);
    BOOST_TEST(std::isnan(modus::sqrt(-1.0)));
    BOOST_TEST(modus::log(0.0) == -inf);
    BOOST_TEST(slope(modus::log(seeded(0, seed_a, seed_b))) == inf);
    BOOST_TEST(std::isnan(modus::log(-1.0)));
    BOOST_TEST(modus::log1p(-1.0) == -inf);
    BOOST_TEST(std::isnan(modus::log1p(-1.5)));
    BOOST_TEST(std::isnan(modus::asin(1.5)));
    BOOST_TEST(std::isnan(modus::acosh(0.5)));
    BOOST_TEST(modus::atanh(1.0) == inf);
    BOOST_TEST(logit(0.0) == -inf);
    BOOST_TEST(logit(1.0) == inf);
    BOOST_TEST(std::isnan(logit(-0.1)));
    BOOST_TEST(std::isnan(logit(1.1)));
    BOOST_TEST(log1m_exp(0.0) == -inf);
    BOOST_TEST(std::isnan(log1m_exp(0.5)));
    BOOST_TEST(log1m_exp(-inf) == 0);
    BOOST_TEST(normal_quantile(0.0) == -inf);
    BOOST_TEST(normal_quantile(1.0) == inf);
    BOOST_TEST(std::isnan(normal_quantile(-0.1)));
    BOOST_TEST(std::isnan(normal_quantile(1.1)));
    BOOST_TEST(std::isnan(normal_quantile(not_a_number)));
    BOOST_TEST(normal_cdf(-inf) == 0);
    BOOST_TEST(normal_cdf(inf) == 1);
    BOOST_TEST(normal_cdf(-1e200) == 0);
    BOOST_TEST(std::isnan(normal_cdf(not_a_number)));
    BOOST_TEST(log_normal_cdf(-inf) == -inf);
    BOOST_TEST(log_normal_cdf(inf) == 0);
    BOOST_TEST(std::isnan(log_normal_cdf(not_a_number)));
    BOOST_TEST(accuracy::close(slope(log_normal_cdf(seeded(-1e100, seed_a, seed_b))), seed_a * 1e100, 2e-15));
    for (const double pole : {0.0, -1.0, -7.0}) BOOST_TEST(!std::isfinite(modus::lgamma(pole)));
    BOOST_TEST(modus::lgamma(inf) == inf);
    BOOST_TEST(std::isnan(modus::lgamma(not_a_number)));
    for (const double pole : {0.0, -1.0}) BOOST_TEST(!std::isfinite(digamma(pole)));
}

BOOST_AUTO_TEST_CASE(tails_neither_overflow_nor_turn_into_nan) {
    const auto check = [](const char* name, auto f, double x, double value, double first, double twice) {
        const Nested y = f(seeded_twice(x, seed_c, seed_d));
        const std::string where = call(name, x);
        BOOST_TEST(accuracy::close(y.value.value, value, 1e-14), where);
        BOOST_TEST(accuracy::close(y.tangent[0].value, seed_c * first, 1e-13), where);
        BOOST_TEST(accuracy::close(second(y), seed_c * seed_d * twice, 1e-13), where);
    };
    for (const double x : {-1000.0, -400.0, 400.0, 1000.0})
        check("tanh", [](const auto& t) { return modus::tanh(t); }, x, x < 0 ? -1 : 1, 0, 0);
    check("asinh", [](const auto& x) { return modus::asinh(x); }, 1e200, std::log(2.0) + std::log(1e200), 1e-200, 0);
    check("acosh", [](const auto& x) { return modus::acosh(x); }, 1e200, std::log(2.0) + std::log(1e200), 1e-200, 0);
    check("atan", [](const auto& x) { return modus::atan(x); }, 1e200, std::acos(0.0), 0, 0);
    check("sigmoid", [](const auto& x) { return sigmoid(x); }, 1000, 1, 0, 0);
    check("sigmoid", [](const auto& x) { return sigmoid(x); }, -1000, 0, 0, 0);
    check(
        "sigmoid", [](const auto& x) { return sigmoid(x); }, -720, std::exp(-720.0), std::exp(-720.0),
        std::exp(-720.0));
    check("softplus", [](const auto& x) { return softplus(x); }, 1e300, 1e300, 1, 0);
    check("softplus", [](const auto& x) { return softplus(x); }, -1e300, 0, 0, 0);
    check("log_sigmoid", [](const auto& x) { return log_sigmoid(x); }, -1e300, -1e300, 1, 0);
    check("log1m_exp", [](const auto& x) { return log1m_exp(x); }, -800, 0, 0, 0);
    check("hypot", [](const auto& x) { return modus::hypot(x, 3e200); }, 4e200, 5e200, 0.8, 0.36 / 5e200);
    check("atan2", [](const auto& y) { return modus::atan2(y, 1e-200); }, 1e-200, std::atan(1.0), 5e199, -inf);
}

BOOST_AUTO_TEST_CASE(pow_at_zero) {
    const auto power = [](double x, double y) { return modus::pow(seeded_twice(x, seed_c, seed_d), y); };
    // Polynomials have all their derivatives there.
    BOOST_TEST(power(0, 2).value.value == 0);
    BOOST_TEST(power(0, 2).tangent[0].value == 0);
    BOOST_TEST(accuracy::close(second(power(0, 2)), 2 * seed_c * seed_d, 1e-15));
    BOOST_TEST(power(0, 1).tangent[0].value == seed_c);
    BOOST_TEST(second(power(0, 1)) == 0);
    BOOST_TEST(power(0, 0).value.value == 1);
    BOOST_TEST(power(0, 0).tangent[0].value == 0);
    BOOST_TEST(power(0, 0.5).value.value == 0);
    BOOST_TEST(power(0, 0.5).tangent[0].value == inf);
    BOOST_TEST(modus::pow(0.0, -1.0) == inf);
    // 0^y is constant for y > 0.
    const Dual2 exponent = modus::pow(0.0, seeded(1.5, seed_a, seed_b));
    BOOST_TEST(exponent.value == 0);
    BOOST_TEST(exponent.tangent[0] == 0);
    BOOST_TEST(std::isnan(modus::pow(-2.0, 0.5)));
    // Integers on either side count as double.
    BOOST_TEST(modus::pow(seeded(3, seed_a, seed_b), 2).tangent[0] == 6 * seed_a);
    BOOST_TEST(accuracy::close(modus::pow(2, seeded(3, seed_a, seed_b)).tangent[0], 8 * std::log(2.0) * seed_a, 1e-15));
}

BOOST_AUTO_TEST_CASE(xlogy_at_zero) {
    BOOST_TEST(xlogy(0.0, 0.0) == 0);
    BOOST_TEST(xlogy(0.0, -1.0) == 0);
    BOOST_TEST(xlogy(2.0, 0.0) == -inf);
    BOOST_TEST(xlog1py(0.0, -1.0) == 0);
    BOOST_TEST(xlog1py(0.0, -2.0) == 0);
    // A count of 0 leaves no trace in the gradient with respect to a probability of 0.
    const Dual2 y = xlogy(0.0, seeded(0, seed_a, seed_b));
    BOOST_TEST(y.value == 0);
    BOOST_TEST(y.tangent[0] == 0);
    const Dual2 z = xlog1py(0.0, seeded(-1, seed_a, seed_b));
    BOOST_TEST(z.value == 0);
    BOOST_TEST(z.tangent[1] == 0);
    BOOST_TEST(xlogy(0, seeded(0, seed_a, seed_b)).tangent[0] == 0); // an integer count
}

BOOST_AUTO_TEST_CASE(log_add_exp_of_infinities) {
    BOOST_TEST(log_add_exp(-inf, -inf) == -inf);
    BOOST_TEST(log_add_exp(inf, inf) == inf);
    BOOST_TEST(log_add_exp(-inf, inf) == inf);
    BOOST_TEST(log_add_exp(-inf, 2.5) == 2.5);
    BOOST_TEST(log_add_exp(2.5, -inf) == 2.5);
    BOOST_TEST(std::isnan(log_add_exp(not_a_number, 1.0)));
    const Dual2 y = log_add_exp(seeded(2.5, seed_a, seed_b), -inf);
    BOOST_TEST(y.tangent[0] == seed_a);
    BOOST_TEST(log_add_exp(-inf, seeded(2.5, seed_a, seed_b)).tangent[1] == seed_b);
}

BOOST_AUTO_TEST_CASE(lbeta_and_lchoose_at_their_edges) {
    BOOST_TEST(lbeta(0.0, 1.0) == inf);
    BOOST_TEST(std::isnan(lbeta(-0.5, 1.0)));
    BOOST_TEST(std::isnan(lbeta(not_a_number, 1.0)));
    BOOST_TEST(lbeta(3.25, 0.5) == lbeta(0.5, 3.25));
    for (const double n : {0.0, 1.0, 7.0, 1e6}) {
        BOOST_TEST(lchoose(n, 0.0) == 0);
        BOOST_TEST(lchoose(n, n) == 0);
    }
    BOOST_TEST(lchoose(3.0, 4.0) == -inf); // no way to choose them
    BOOST_TEST(std::isnan(lchoose(3.0, -2.0)));
    BOOST_TEST(accuracy::close(lchoose(Integer{52}, Integer{5}), std::log(2598960.0), 2e-15));
}

BOOST_AUTO_TEST_CASE(functions_apply_elementwise) {
    const Vector x{0.25, 1.0, 4.0};
    const Vector roots = modus::sqrt(x);
    BOOST_TEST((roots == Vector{0.5, 1.0, 2.0}));
    const Matrix m{{1.0, 4.0}, {9.0, 16.0}};
    BOOST_TEST((modus::sqrt(m) == Matrix{{1.0, 2.0}, {3.0, 4.0}}));
    BOOST_TEST((square(IntVector{1, 2, 3}) == Vector{1.0, 4.0, 9.0}));
    // A scalar against an array, on either side, and two arrays that broadcast.
    BOOST_TEST((modus::pow(x, 2) == Vector{0.0625, 1.0, 16.0}));
    BOOST_TEST((modus::pow(2.0, Vector{1.0, 2.0, 3.0}) == Vector{2.0, 4.0, 8.0}));
    BOOST_TEST((modus::hypot(Matrix{{3.0}, {6.0}}, Vector{4.0, 8.0}) ==
                Matrix{{5.0, std::hypot(3.0, 8.0)}, {std::hypot(6.0, 4.0), 10.0}}));
    BOOST_TEST((log_sigmoid(x)[2] == log_sigmoid(4.0)));
    const auto live = modus::log(seed_directions<2>(x, 1));
    BOOST_TEST(live[1].tangent[0] == 1.0);
    BOOST_TEST(live[2].tangent[1] == 0.25);
    BOOST_TEST(live[2].tangent[0] == 0);
}
