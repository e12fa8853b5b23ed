#include <array>
#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <type_traits>

#include "accuracy.hpp"

import modus.autodiff;

using namespace modus;
using accuracy::close;

namespace {

using Dual1 = Dual<double, 1>;
using Dual2 = Dual<double, 2>;
using Nested = Dual<Dual1, 1>;

// Seeds are never 1, so that a forgotten factor shows.
const Dual2 x(1.7, {2.3, -0.7}), y(-0.4, {1.9, 0.6});

void check(const Dual2& actual, double value, double first, double second) {
    BOOST_TEST(close(actual.value, value, 4e-16));
    BOOST_TEST(close(actual.tangent[0], first, 1e-15));
    BOOST_TEST(close(actual.tangent[1], second, 1e-15));
}

/// f and its derivative along (2.3, 1.9) and (-0.7, 0.6) against finite differences.
template <class F> void check_differences(const F& f) {
    const Dual2 z = f(x, y);
    BOOST_TEST(close(z.value, f(x.value, y.value), 1e-15));
    for (std::size_t k = 0; k < 2; ++k) {
        const double slope = accuracy::derivative(
            [&](double t) { return f(x.value + t * x.tangent[k], y.value + t * y.tangent[k]); }, 0.0);
        BOOST_TEST(close(z.tangent[k], slope, 1e-7), "direction " << k); // y is near 0, compared to the steps
    }
}

} // namespace

BOOST_AUTO_TEST_CASE(layout_is_the_value_and_then_the_tangents) {
    static_assert(sizeof(Dual<double, 8>) == 9 * 8);
    static_assert(sizeof(Dual<double, 1>) == 2 * 8);
    static_assert(sizeof(Dual<Dual<double, 4>, 4>) == 25 * 8);
    static_assert(alignof(Dual<double, 8>) == alignof(double));
    static_assert(std::is_trivially_copyable_v<Dual<Dual<double, 4>, 4>>);
    const auto words = std::bit_cast<std::array<double, 3>>(x);
    BOOST_TEST(words[0] == 1.7);
    BOOST_TEST(words[1] == 2.3);
    BOOST_TEST(words[2] == -0.7);
    const auto nested = std::bit_cast<std::array<double, 4>>(Nested(Dual1(1.0, {2.0}), {Dual1(3.0, {4.0})}));
    for (std::size_t k = 0; k < 4; ++k) BOOST_TEST(nested[k] == static_cast<double>(k + 1));
}

BOOST_AUTO_TEST_CASE(constants_have_no_tangents) {
    const Dual2 zero;
    BOOST_TEST(zero.value == 0);
    BOOST_TEST(zero.tangent[0] == 0);
    const Dual2 c = 4.25; // implicit, so that models can write `Real total = 0.0`
    BOOST_TEST(c.value == 4.25);
    BOOST_TEST(c.tangent[0] == 0);
    BOOST_TEST(c.tangent[1] == 0);
    static_assert(std::convertible_to<double, Nested>);
    static_assert(!std::convertible_to<Dual2, double>); // tangents are never dropped in silence
}

BOOST_AUTO_TEST_CASE(arithmetic_of_two_duals) {
    check(+x, 1.7, 2.3, -0.7);
    check(-x, -1.7, -2.3, 0.7);
    check(x + y, 1.7 - 0.4, 2.3 + 1.9, -0.7 + 0.6);
    check(x - y, 1.7 + 0.4, 2.3 - 1.9, -0.7 - 0.6);
    check(x * y, 1.7 * -0.4, 2.3 * -0.4 + 1.7 * 1.9, -0.7 * -0.4 + 1.7 * 0.6);
    check(x / y, 1.7 / -0.4, (2.3 * -0.4 - 1.7 * 1.9) / 0.16, (-0.7 * -0.4 - 1.7 * 0.6) / 0.16);
}

BOOST_AUTO_TEST_CASE(arithmetic_with_a_double_on_the_right) {
    check(x + 0.3, 2.0, 2.3, -0.7);
    check(x - 0.3, 1.4, 2.3, -0.7);
    check(x * -3.0, -5.1, -6.9, 2.1);
    check(x / -4.0, -0.425, -0.575, 0.175);
}

BOOST_AUTO_TEST_CASE(arithmetic_with_a_double_on_the_left) {
    check(0.3 + x, 2.0, 2.3, -0.7);
    check(0.3 - x, -1.4, -2.3, 0.7);
    check(-3.0 * x, -5.1, -6.9, 2.1);
    check(-4.0 / x, -4.0 / 1.7, 4.0 / (1.7 * 1.7) * 2.3, 4.0 / (1.7 * 1.7) * -0.7);
}

BOOST_AUTO_TEST_CASE(arithmetic_with_an_integer) {
    check(x + 2, 3.7, 2.3, -0.7);
    check(3 - x, 1.3, -2.3, 0.7);
    check(2 * x, 3.4, 4.6, -1.4);
    check(x / 2, 0.85, 1.15, -0.35);
}

BOOST_AUTO_TEST_CASE(compound_assignment) {
    Dual2 z = x;
    z += y;
    check(z, (x + y).value, (x + y).tangent[0], (x + y).tangent[1]);
    z -= y;
    check(z, 1.7, 2.3, -0.7);
    z *= y;
    check(z, (x * y).value, (x * y).tangent[0], (x * y).tangent[1]);
    z /= y;
    check(z, 1.7, 2.3, -0.7);
    z += 1.5;
    z -= 0.5;
    z *= 4.0;
    z /= 2.0;
    check(z, 5.4, 4.6, -1.4);
    z = x;
    z *= z; // both sides are the same object
    check(z, 1.7 * 1.7, 2 * 1.7 * 2.3, 2 * 1.7 * -0.7);
    static_assert(std::same_as<decltype(z += 1.0), Dual2&>);
}

BOOST_AUTO_TEST_CASE(formulas_against_finite_differences) {
    check_differences([](const auto& a, const auto& b) { return a * b - a / b + 3.0 * b; });
    check_differences([](const auto& a, const auto& b) { return (a + 2.0) / (1.0 + b * b) - 1.0 / a; });
    check_differences([](const auto& a, const auto& b) { return a * a * a * b - (a - b) * (a + b) / (2.0 - b); });
    check_differences([](auto a, const auto& b) {
        for (int k = 0; k < 5; ++k) a = a * 0.5 + b / (a + 3.0);
        return a;
    });
}

BOOST_AUTO_TEST_CASE(comparisons_follow_the_value_alone) {
    const Dual2 a(1.0, {5.0, 0.0}), same(1.0, {-5.0, 2.0}), b(2.0, {0.0, 0.0});
    BOOST_TEST((a == same));
    BOOST_TEST((a != b));
    BOOST_TEST((a < b));
    BOOST_TEST((a <= same));
    BOOST_TEST((b > a));
    BOOST_TEST((b >= a));
    BOOST_TEST(!(a < same));
    // Against a double or an integer, on either side.
    BOOST_TEST((a == 1.0));
    BOOST_TEST((1.0 == a));
    BOOST_TEST((a == 1));
    BOOST_TEST((a != 2.0));
    BOOST_TEST((a < 1.5));
    BOOST_TEST((1.5 > a));
    BOOST_TEST((0 < a));
    BOOST_TEST((a >= 1));
    const Dual2 undefined(std::numeric_limits<double>::quiet_NaN());
    BOOST_TEST(!(undefined == undefined));
    BOOST_TEST(!(undefined < a));
    BOOST_TEST(!(undefined >= 0.0));
    BOOST_TEST((undefined != a));
    BOOST_TEST((Nested(1.0) < Nested(2.0)));
    BOOST_TEST((Nested(1.0) == 1.0));
}

BOOST_AUTO_TEST_CASE(nested_duals_hold_second_derivatives) {
    // f = x^3 / (x + 2): f' and f'' in closed form.
    const double v = 1.3, a = 2.3, b = -0.7;
    const Nested t(Dual1(v, {b}), {Dual1(a, {0.0})});
    const Nested f = t * t * t / (t + 2.0);
    const double w = v + 2;
    const double first = (3 * v * v * w - v * v * v) / (w * w);
    const double second = 2 * v * (v * v + 6 * v + 12) / (w * w * w);
    BOOST_TEST(close(f.value.value, v * v * v / w, 1e-15));
    BOOST_TEST(close(f.tangent[0].value, a * first, 1e-15));
    BOOST_TEST(close(f.value.tangent[0], b * first, 1e-15));
    BOOST_TEST(close(f.tangent[0].tangent[0], a * b * second, 2e-15));
    // Constants mix with the outer level.
    const Nested g = 2.0 / t - t * 3.0 + 1.0;
    BOOST_TEST(close(g.tangent[0].tangent[0], a * b * 4 / (v * v * v), 2e-15));
    BOOST_TEST(close(g.tangent[0].value, a * (-2 / (v * v) - 3), 2e-15));
}

BOOST_AUTO_TEST_CASE(the_curvature_of_a_seed_is_carried) {
    // t(s) = v + a s + c s^2 / 2 in both levels: f(t)'' = f'' a^2 + f' c.
    const double v = 0.8, a = 2.3, c = 1.1;
    const Nested t(Dual1(v, {a}), {Dual1(a, {c})});
    BOOST_TEST(close((t * t * t).tangent[0].tangent[0], 6 * v * a * a + 3 * v * v * c, 2e-15));
    BOOST_TEST(close((1.0 / t).tangent[0].tangent[0], 2 / (v * v * v) * a * a - c / (v * v), 2e-15));
}

// Control flow on the value: the loop runs until the value has converged, and the derivative has converged with it.
BOOST_AUTO_TEST_CASE(newton_iteration_for_a_square_root) {
    const Dual2 a(2.0, {2.3, -0.7});
    Dual2 root = a;
    int steps = 0;
    while (std::fabs(value_of(root * root - a)) >= 1e-12) {
        root -= (root * root - a) / (2.0 * root);
        BOOST_REQUIRE(++steps < 50);
    }
    BOOST_TEST(steps > 3);
    BOOST_TEST(close(root.value, std::sqrt(2.0), 1e-12));
    BOOST_TEST(close(root.tangent[0], 2.3 / (2 * std::sqrt(2.0)), 1e-10));
    BOOST_TEST(close(root.tangent[1], -0.7 / (2 * std::sqrt(2.0)), 1e-10));

    // The same as a function of a vector, through `gradient`, with the comparison on the dual itself.
    const Vector slope = gradient(
        [](const auto& parameters) {
            const auto target = parameters[0];
            auto r = target;
            while (abs(r * r - target) >= 1e-12) r = 0.5 * (r + target / r);
            return r;
        },
        Vector{7.0});
    BOOST_TEST(close(slope[0], 0.5 / std::sqrt(7.0), 1e-10));
}

BOOST_AUTO_TEST_CASE(scalars) {
    static_assert(Scalar<double> && Scalar<Dual2> && Scalar<Nested>);
    static_assert(!Scalar<int> && !Scalar<float> && !Scalar<Integer>);
    BOOST_TEST(value_of(2.5) == 2.5);
    BOOST_TEST(value_of(x) == 1.7);
    BOOST_TEST(value_of(Nested(Dual1(3.5, {1.0}), {})) == 3.5);
    static_assert(std::same_as<common_scalar_t<>, double>);
    static_assert(std::same_as<common_scalar_t<double, int>, double>);
    static_assert(std::same_as<common_scalar_t<double, Dual2, Integer>, Dual2>);
    static_assert(std::same_as<common_scalar_t<Nested, double>, Nested>);
}

BOOST_AUTO_TEST_CASE(duals_are_literal_types) {
    constexpr Dual1 a(3.0, {2.0});
    constexpr Dual1 b = (a * a + 1.0) / 2.0;
    static_assert(b.value == 5.0 && b.tangent[0] == 6.0);
    BOOST_TEST(b.value == 5.0);
}
