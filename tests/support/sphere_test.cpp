#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <error_parts.hpp>
#include <string>

import modus.autodiff;
import modus.support;

using namespace modus;

#include "autodiff/modes.hpp"

static_assert(support::Region<support::Sphere<1>> && support::Region<support::Sphere<2>>);

BOOST_AUTO_TEST_CASE(coordinates_are_divided_by_their_length) {
    const auto region = support::sphere(2);
    BOOST_TEST(region.unconstrained_size() == 2u);
    BOOST_TEST((region.constrain(Vector{3, 4}) == Vector{0.6, 0.8}));
    BOOST_TEST((region.constrain(Vector{-30, 40}) == Vector{-0.6, 0.8}));
    BOOST_TEST((region.unconstrain(Data(Vector{0.6, 0.8})) == Vector{0.6, 0.8}));
    BOOST_TEST((region.feasible() == Vector{1 / std::sqrt(2.0), 1 / std::sqrt(2.0)}));
    BOOST_TEST(region.violation(Data(region.feasible())) == "");
    // Rows of a matrix; coordinates lie as elements do, column by column.
    const support::Sphere<2> rows({2, 3});
    const Vector u{3, 1, 0, -2, 4, 2};
    BOOST_TEST((rows.constrain(u) == Matrix{{0.6, 0, 0.8}, {1.0 / 3, -2.0 / 3, 2.0 / 3}}));
    BOOST_TEST((rows.unconstrain(Data(rows.constrain(u))) == Vector{0.6, 1.0 / 3, 0, -2.0 / 3, 0.8, 2.0 / 3}));
    BOOST_TEST(rows.violation(Data(rows.feasible())) == "");
}

BOOST_AUTO_TEST_CASE(derivatives) {
    CHECK_MODES(([](const auto& v) { return sum(sin(3.0 * support::sphere(4).constrain(v))); }),
                (Vector{0.3, -0.7, 1.2, 0.1}));
    CHECK_MODES(([](const auto& v) { return sum(sin(3.0 * support::Sphere<2>({2, 3}).constrain(v))); }),
                (Vector{0.3, -0.7, 1.2, 0.1, -2.0, 0.4}));
}

BOOST_AUTO_TEST_CASE(what_keeps_a_vector_out) {
    BOOST_TEST(support::sphere(2).violation(Data(Vector{0.6, 0.75})) == "the length 0.9604686356149273");
    BOOST_TEST(support::sphere(2).violation(Data(Vector{0.6, std::nan("")})) == "the length nan");
    BOOST_TEST(support::Sphere<2>({2, 2}).violation(Data(Matrix{{0.6, 0.8}, {0, 2}})) == "the length 2 in row 1");
    BOOST_CHECK_EXCEPTION(support::sphere(1), Error, (Says{"", "at least two elements", "shape [1]", ""}));
}

BOOST_AUTO_TEST_CASE(N4_there_is_no_bijection_to_a_sphere) {
    BOOST_CHECK_EXCEPTION(
        support::sphere(3).log_abs_det_jacobian(Vector{1, 2, 3}), Error,
        (Says{"", "a bijection from the real numbers", "vectors of length 1", "AutoDelta needs none and can be used"}));
}
