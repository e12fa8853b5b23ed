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

static_assert(support::Region<support::CorrCholesky>);

BOOST_AUTO_TEST_CASE(factors_and_coordinates) {
    check_region(support::corr_cholesky(2), Vector{0.4}, IntVector{1});
    // Coordinates row by row: (1, 0), (2, 0), (2, 1).
    check_region(support::corr_cholesky(3), Vector{0.4, -1.3, 2.0}, IntVector{1, 2, 5});
    check_region(support::corr_cholesky(4), Vector{0.4, -1.3, 2.0, 1e-9, 0.0, -0.5}, IntVector{1, 2, 6, 3, 7, 11});
}

BOOST_AUTO_TEST_CASE(rows_have_length_one) {
    const Matrix x = support::corr_cholesky(4).constrain(Vector{0.4, -1.3, 2.0, 5.0, -7.0, 0.3});
    for (std::size_t i = 0; i < 4; ++i) {
        double length = 0;
        for (std::size_t j = 0; j < 4; ++j) length += x(i, j) * x(i, j);
        BOOST_TEST(std::fabs(length - 1) <= 1e-15);
    }
    BOOST_TEST(x(1, 0) == std::tanh(0.4)); // the correlation itself
    BOOST_TEST(x(0, 3) == 0.0);
}

BOOST_AUTO_TEST_CASE(the_identity) {
    const auto region = support::corr_cholesky(3);
    const Matrix identity{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    BOOST_TEST((region.feasible() == identity));
    BOOST_TEST((region.constrain(Vector{0, 0, 0}) == identity));
    BOOST_TEST((region.unconstrain(Data(identity)) == Vector{0, 0, 0}));
    BOOST_TEST((support::corr_cholesky(1).constrain(Vector()) == Matrix{{1}}));
    check_far_out(region);
}

BOOST_AUTO_TEST_CASE(correlations_near_one_keep_their_digits) {
    const auto region = support::corr_cholesky(2);
    for (const double u : {17.0, -30.0, 1e-200}) {
        const double back = region.unconstrain(Data(region.constrain(Vector{u})))[0];
        BOOST_TEST(std::fabs(back - u) <= 1e-14 * std::fabs(u));
    }
}

BOOST_AUTO_TEST_CASE(what_keeps_a_matrix_out) {
    const auto region = support::corr_cholesky(2);
    BOOST_TEST(region.violation(Data(Matrix{{1, 0}, {0.6, 0.8}})) == "");
    BOOST_TEST(region.violation(Data(Matrix{{1, 0.5}, {0.6, 0.8}})) == "0.5 at index [0, 1]");
    BOOST_TEST(region.violation(Data(Matrix{{1, 0}, {0.6, -0.8}})) == "-0.8 at index [1, 1]");
    BOOST_TEST(region.violation(Data(Matrix{{1, 0}, {std::nan(""), 0.8}})) == "nan at index [1, 0]");
    BOOST_TEST(region.violation(Data(Matrix{{1, 0}, {3, 4}})) == "row 1 of length 5");
}
