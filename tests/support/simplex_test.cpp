#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <string>
#include <type_traits>

import modus.autodiff;
import modus.support;

using namespace modus;

#include "autodiff/modes.hpp"
#include "support/regions.hpp"

static_assert(support::Region<support::Simplex<1>> && support::Region<support::Simplex<2>>);

BOOST_AUTO_TEST_CASE(shares_and_coordinates) {
    check_region(support::simplex(3), Vector{0.4, -1.3}, IntVector{0, 1});
    check_region(support::simplex(5), Vector{2.0, -3.7, 0.0, 1e-8}, IntVector{0, 1, 2, 3});
    check_region(support::simplex(2), Vector{-6.5}, IntVector{0});
    // Two rows: elements are stored column by column, coordinates row by row.
    check_region(support::Simplex<2>({2, 3}), Vector{0.4, -1.3, 2.2, 0.1}, IntVector{0, 2, 1, 3});
}

BOOST_AUTO_TEST_CASE(the_shares_sum_to_one) {
    for (const Vector& u : {Vector{0.4, -1.3}, Vector{30, 2}, Vector{-30, 0.001}, Vector{1, 2, 3, -4, 5, -6, 0.7}})
        BOOST_TEST(std::fabs(sum(support::simplex(u.size() + 1).constrain(u)) - 1) <= 1e-15);
    Vector many(9999);
    for (std::size_t k = 0; k < many.size(); ++k) many[k] = std::sin(static_cast<double>(k));
    BOOST_TEST(std::fabs(sum(support::simplex(10000).constrain(many)) - 1) <= 1e-14);
}

BOOST_AUTO_TEST_CASE(the_centre) {
    const auto region = support::simplex(3);
    BOOST_TEST((region.feasible() == Vector{1.0 / 3, 1.0 / 3, 1.0 / 3}));
    for (const double u : region.unconstrain(Data(region.feasible()))) BOOST_TEST(std::fabs(u) < 1e-15);
    for (const double x : region.constrain(Vector{0, 0})) BOOST_TEST(std::fabs(x - 1.0 / 3) < 1e-15);
    BOOST_TEST((support::Simplex<2>({2, 4}).feasible() == Matrix{{0.25, 0.25, 0.25, 0.25}, {0.25, 0.25, 0.25, 0.25}}));
    BOOST_TEST((support::simplex(1).constrain(Vector()) == Vector{1}));
}

BOOST_AUTO_TEST_CASE(tiny_shares_keep_their_digits) {
    const Vector x{1e-300, 0.25, 1e-20, 0.75};
    const auto region = support::simplex(4);
    const Vector back = region.constrain(region.unconstrain(Data(x)));
    for (std::size_t k = 0; k < 4; ++k) BOOST_TEST(std::fabs(back[k] - x[k]) <= 2e-13 * x[k]);
    check_far_out(region);
}

BOOST_AUTO_TEST_CASE(what_keeps_a_vector_out) {
    const auto region = support::simplex(3);
    BOOST_TEST(region.violation(Data(Vector{0.25, 0.75, 0})) == "");
    BOOST_TEST(region.violation(Data(Vector{0.5, 0.75, 0.25})) == "the sum 1.5");
    BOOST_TEST(region.violation(Data(Vector{0.5, -0.25, 0.75})) == "-0.25 at index [1]");
    BOOST_TEST(region.violation(Data(Vector{0.5, std::nan(""), 0.75})) == "nan at index [1]");
    BOOST_TEST(support::Simplex<2>({2, 2}).violation(Data(Matrix{{0.5, 0.5}, {0.5, 0.75}})) == "the sum 1.25 in row 1");
}
