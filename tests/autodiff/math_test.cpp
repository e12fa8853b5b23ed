#include <boost/test/unit_test.hpp>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <iomanip>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>

#include "accuracy.hpp"
#include "reference/special_functions.hpp"

import modus.autodiff;

using namespace modus;
using accuracy::relative_error;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

using Dual2 = Dual<double, 2>;
using Nested = Dual<Dual<double, 1>, 1>;

// Seeds are never 1, so that a forgotten factor shows.
constexpr double seed_a = 2.3, seed_b = -0.7, seed_c = 1.9, seed_d = 0.4;

/// Largest relative errors of values, first and second derivatives. Errors are measured against `floor` where the
/// exact number is smaller: the absolute accuracy that is left next to a zero.
struct Bounds {
    double value = 1e-14, first = 1e-13, second = 1e-13;
    double value_floor = 0, first_floor = 0, second_floor = 0;
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
    UNARY(erf),
    UNARY(erfc),
    UNARY(normal_cdf),
    UNARY(log_normal_cdf),
    UNARY(normal_quantile),
    UNARY(lgamma),
    UNARY(digamma),
    UNARY(trigamma),
};

const BinaryFunction binary_functions[] = {
    BINARY(pow),   BINARY(atan2),   BINARY(hypot),       BINARY(lbeta),
    BINARY(xlogy), BINARY(xlog1py), BINARY(log_add_exp), BINARY(lchoose),
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
                  bounds.second_floor, bounds.second);
            twice(where + " d2/dy2", second(f.nested_right(x, seeded_twice(y, seed_c, seed_d))), dyy, seed_c * seed_d,
                  bounds.second_floor, bounds.second);

            // Both live: the two contributions may cancel, so their sum is held against the larger.
            if (std::isnan(dx) || std::isnan(dy)) continue;
            const Dual2 both = f.dual(seeded(x, seed_a, seed_b), seeded(y, seed_c, seed_d));
            BOOST_TEST(both.value == f.plain(x, y), where);
            for (const auto& [tangent, a, b] : {std::tuple(both.tangent[0], seed_a, seed_c),
                                                std::tuple(both.tangent[1], seed_b, seed_d)})
                first(where + " along a line", tangent, dx * a + dy * b, 1,
                      std::max({std::fabs(dx * a), std::fabs(dy * b), bounds.first_floor}), bounds.first);
            if (std::isnan(dxy)) continue;
            const Nested mixed = f.nested(seeded_twice(x, seed_c, 0), seeded_twice(y, 0, seed_d));
            twice(where + " d2/dxdy", second(mixed), dxy, seed_c * seed_d, bounds.second_floor, bounds.second);
        }
        report(f.name, value, first, twice);
    }
}
