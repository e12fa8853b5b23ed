#include <boost/test/unit_test.hpp>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <string>

#include "autodiff/accuracy.hpp"

import modus.autodiff;
import modus.support;

using namespace modus;
using accuracy::close;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
const double undefined = std::numeric_limits<double>::quiet_NaN();

/// constrain and unconstrain undo one another, and the Jacobian is the derivative that duals give.
template <class D> void check_bijection(const D& domain, double tolerance = 1e-13) {
    for (const double u : {-20.0, -3.7, -1.0, -1e-3, 0.0, 1e-8, 0.5, 2.2, 5.0, 12.0}) {
        const double x = domain.constrain(u);
        BOOST_TEST(domain.contains(x), domain.name() << " at " << u);
        // x holds 53 bits of u; near the upper end of an interval its spacing is that of 1.
        const double slope = value_of(modus::exp(domain.log_abs_det_jacobian(u)));
        const double spacing = std::numeric_limits<double>::epsilon() * std::fabs(x) / slope;
        BOOST_TEST(std::fabs(domain.unconstrain(x) - u) <= tolerance * (1 + std::fabs(u)) + 4 * spacing,
                   domain.name() << " at " << u << ": " << domain.unconstrain(x) - u);

        using Real = Dual<double, 1>;
        const double seed = -0.7;
        const Real live = domain.constrain(Real(u, {seed}));
        BOOST_TEST(close(live.value, x, 4e-16)); // the compiler may fuse low + width * s in one of them
        const double volume = value_of(domain.log_abs_det_jacobian(Real(u, {seed})));
        BOOST_TEST(std::fabs(volume - std::log(std::fabs(live.tangent[0] / seed))) < 1e-13 * (1 + std::fabs(volume)),
                   domain.name() << " at " << u);
        // The derivative of the Jacobian: against finite differences.
        const double numeric =
            accuracy::derivative([&](double t) { return value_of(domain.log_abs_det_jacobian(t)); }, u);
        BOOST_TEST(std::fabs(domain.log_abs_det_jacobian(Real(u, {seed})).tangent[0] - seed * numeric) < 1e-8);
    }
    BOOST_TEST(domain.contains(domain.feasible()), domain.name());
    BOOST_TEST(std::fabs(domain.constrain(0.0) - domain.feasible()) < 1e-15 * (1 + std::fabs(domain.feasible())));
}

template <class D> void check_extremes(const D& domain) {
    for (const double u : {-1e308, -1e4, -800.0, -745.0, -40.0, 37.0, 40.0, 710.0, 800.0, 1e4, 1e308})
        BOOST_TEST(domain.contains(domain.constrain(u)), domain.name() << " at " << u << ": " << domain.constrain(u));
}

} // namespace

BOOST_AUTO_TEST_CASE(domains_are_domains) {
    using namespace modus::support;
    static_assert(Domain<support::Real> && Domain<Positive> && Domain<NonNegative> && Domain<UnitInterval>);
    static_assert(Domain<Interval<double, double>> && Domain<Interval<Dual<double, 2>, double>>);
    static_assert(Domain<Point<double>> && Domain<Boolean> && Domain<NonNegativeInteger> && Domain<IntegerInterval>);
    static_assert(!support::Real::is_discrete && !UnitInterval::is_discrete && !Point<double>::is_discrete);
    static_assert(Boolean::is_discrete && NonNegativeInteger::is_discrete && IntegerInterval::is_discrete);
    static_assert(support::Real::free_coordinates == 1 && Positive::free_coordinates == 1);
    static_assert(Point<double>::free_coordinates == 0 && Boolean::free_coordinates == 0);
    BOOST_TEST(support::real.contains(support::real.feasible()));
}

BOOST_AUTO_TEST_CASE(bijections) {
    check_bijection(support::real);
    check_bijection(support::positive);
    check_bijection(support::nonnegative);
    check_bijection(support::unit_interval);
    check_bijection(support::interval(-1, 1));
    check_bijection(support::interval(0, 2.5));
    check_bijection(support::interval(-300, -100));
}

BOOST_AUTO_TEST_CASE(extreme_coordinates_stay_inside) {
    check_extremes(support::real);
    check_extremes(support::positive);
    check_extremes(support::nonnegative);
    check_extremes(support::unit_interval);
    check_extremes(support::interval(-1, 1));
    check_extremes(support::interval(1e-300, 1e300));
    // Learnable points stay where a density is finite: never exactly 0 or 1, never infinite.
    BOOST_TEST(support::positive.constrain(-1e4) > 0);
    BOOST_TEST(std::isfinite(support::positive.constrain(1e4)));
    BOOST_TEST(support::unit_interval.constrain(-1e4) > 0);
    BOOST_TEST(support::unit_interval.constrain(1e4) < 1);
    for (const double u : {-1e4, -800.0, 800.0, 1e4})
        BOOST_TEST(std::isfinite(support::unit_interval.log_abs_det_jacobian(u)));
}

BOOST_AUTO_TEST_CASE(real_numbers) {
    const support::Real domain;
    BOOST_TEST(domain.contains(-1e308));
    for (const double x : {inf, -inf, undefined}) BOOST_TEST(!domain.contains(x));
    BOOST_TEST(domain.constrain(-2.5) == -2.5);
    BOOST_TEST(domain.log_abs_det_jacobian(7.0) == 0);
    BOOST_TEST(domain.name() == "a real number");
}

BOOST_AUTO_TEST_CASE(positive_numbers) {
    const support::Positive domain;
    BOOST_TEST(domain.contains(std::numeric_limits<double>::denorm_min()));
    for (const double x : {0.0, -0.0, -1.0, inf, undefined}) BOOST_TEST(!domain.contains(x), x);
    BOOST_TEST(close(domain.constrain(2.0), std::exp(2.0), 1e-15));
    BOOST_TEST(domain.feasible() == 1);
    BOOST_TEST(domain.name() == "a positive number");
    // At the bounds the slope does not vanish all the same, so that an optimizer finds its way back.
    using Real = Dual<double, 1>;
    BOOST_TEST(domain.constrain(Real(-700.0, {2.0})).tangent[0] > 0);
}

BOOST_AUTO_TEST_CASE(non_negative_numbers) {
    const support::NonNegative domain;
    BOOST_TEST(domain.contains(0.0));
    for (const double x : {-1e-300, inf, undefined}) BOOST_TEST(!domain.contains(x), x);
    BOOST_TEST(domain.constrain(-1e4) > 0);
    BOOST_TEST(domain.name() == "a number that is 0 or more");
}

BOOST_AUTO_TEST_CASE(unit_interval) {
    const support::UnitInterval domain;
    for (const double x : {0.0, 0.5, 1.0}) BOOST_TEST(domain.contains(x), x);
    for (const double x : {-1e-300, 1 + 1e-15, inf, -inf, undefined}) BOOST_TEST(!domain.contains(x), x);
    BOOST_TEST(domain.feasible() == 0.5);
    BOOST_TEST(domain.name() == "a number from 0 to 1");
    BOOST_TEST(close(domain.log_abs_det_jacobian(-50.0), -50.0, 1e-15)); // log(x (1 - x)) without its cancellation
    BOOST_TEST(close(domain.log_abs_det_jacobian(50.0), -50.0, 1e-15));
}

BOOST_AUTO_TEST_CASE(intervals) {
    const auto domain = support::interval(-1, 3);
    for (const double x : {-1.0, 0.0, 3.0}) BOOST_TEST(domain.contains(x), x);
    for (const double x : {-1.0000001, 3.0000001, inf, -inf, undefined}) BOOST_TEST(!domain.contains(x), x);
    BOOST_TEST(domain.feasible() == 1);
    BOOST_TEST(domain.name() == "a number from -1 to 3");
    BOOST_TEST(close(domain.unconstrain(2.0), std::log(3.0), 1e-15));
    BOOST_TEST(close(domain.log_abs_det_jacobian(0.0), 0.0, 1e-15));
}

BOOST_AUTO_TEST_CASE(intervals_with_live_bounds) {
    // low + (high - low) s, where low moves with 2.3 and high with -0.7.
    using Real = Dual<double, 1>;
    const support::Interval<Real, Real> domain(Real(-1.0, {2.3}), Real(3.0, {-0.7}));
    BOOST_TEST(domain.contains(0.5));
    BOOST_TEST(!domain.contains(3.5));
    BOOST_TEST(domain.feasible() == 1);
    const double u = 0.4, s = 1 / (1 + std::exp(-u));
    const Real x = domain.constrain(u);
    BOOST_TEST(close(x.value, -1 + 4 * s, 1e-15));
    BOOST_TEST(close(x.tangent[0], 2.3 * (1 - s) - 0.7 * s, 1e-14));
    BOOST_TEST(close(domain.unconstrain(x).value, u, 1e-14));
    BOOST_TEST(std::fabs(domain.unconstrain(x).tangent[0]) < 1e-14); // u does not move with the bounds
    const Real volume = domain.log_abs_det_jacobian(u);
    BOOST_TEST(close(volume.value, std::log(4 * s * (1 - s)), 1e-13));
    BOOST_TEST(close(volume.tangent[0], -3.0 / 4, 1e-14));
    // One bound a constant.
    const support::Interval<double, Real> half(0.0, Real(2.0, {1.9}));
    BOOST_TEST(close(half.constrain(0.0).tangent[0], 0.95, 1e-15));
}

BOOST_AUTO_TEST_CASE(domains_apply_to_every_element) {
    const Vector u{-1, 0, 2};
    const Vector x = support::unit_interval.constrain(u);
    for (std::size_t k = 0; k < 3; ++k) BOOST_TEST(x[k] == support::unit_interval.constrain(u[k]));
    BOOST_TEST((support::real.constrain(u) == u));
    BOOST_TEST((support::real.log_abs_det_jacobian(u) == Vector(3)));
    const auto domain = support::interval(-1, 3);
    BOOST_TEST(domain.constrain(u)[2] == domain.constrain(2.0));
    const auto live = support::positive.constrain(seed_directions<2>(u, 1));
    BOOST_TEST(close(live[2].tangent[1], std::exp(2.0), 1e-15));
    BOOST_TEST(live[2].tangent[0] == 0);
}

BOOST_AUTO_TEST_CASE(points) {
    const support::Point domain(2.5);
    BOOST_TEST(domain.contains(2.5));
    for (const double x : {2.5000001, undefined, inf}) BOOST_TEST(!domain.contains(x), x);
    BOOST_TEST(domain.feasible() == 2.5);
    BOOST_TEST(domain.name() == "the point 2.5");
    BOOST_TEST(support::Point(Dual<double, 1>(2.5, {2.3})).contains(2.5));
}

BOOST_AUTO_TEST_CASE(discrete_domains) {
    for (const double x : {0.0, 1.0}) BOOST_TEST(support::boolean.contains(x), x);
    for (const double x : {0.5, -1.0, 2.0, inf, undefined}) BOOST_TEST(!support::boolean.contains(x), x);
    BOOST_TEST(support::boolean.name() == "0 or 1");
    BOOST_TEST(support::boolean.contains(support::boolean.feasible()));

    for (const double x : {0.0, 1.0, 1e15}) BOOST_TEST(support::nonnegative_integer.contains(x), x);
    for (const double x : {-1.0, 0.5, inf, -inf, undefined}) BOOST_TEST(!support::nonnegative_integer.contains(x), x);
    BOOST_TEST(support::nonnegative_integer.name() == "an integer that is 0 or more");
    BOOST_TEST(support::nonnegative_integer.contains(support::nonnegative_integer.feasible()));

    const auto dice = support::integer_interval(1, 6);
    for (const double x : {1.0, 3.0, 6.0}) BOOST_TEST(dice.contains(x), x);
    for (const double x : {0.0, 7.0, 2.5, inf, undefined}) BOOST_TEST(!dice.contains(x), x);
    BOOST_TEST(dice.feasible() == 1);
    BOOST_TEST(dice.name() == "an integer from 1 to 6");
}
