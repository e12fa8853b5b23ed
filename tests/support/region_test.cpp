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

static_assert(support::Region<support::Each<support::Real, 1>> && support::Region<support::Each<support::Real, 2>>);
static_assert(support::Region<support::Each<support::IntegerInterval, 0>>);

BOOST_AUTO_TEST_CASE(vectors_of_real_numbers) {
    check_region(support::real_vector(3), Vector{0.4, -1.3, 10}, IntVector{0, 1, 2});
    check_region(support::real_vectors(1, 2), Vector{0.4, -1.3}, IntVector{0, 1});
    BOOST_TEST((support::real_vector(2).feasible() == Vector{0, 0}));
    BOOST_TEST(support::real_vector(2).violation(Data(Vector{0, std::nan("")})) == "nan at index [1]");
}

BOOST_AUTO_TEST_CASE(any_domain_for_each_element) {
    const support::Each<support::Positive, 1> region({2});
    check_region(region, Vector{0.4, -1.3}, IntVector{0, 1});
    BOOST_TEST(region.violation(Data(Vector{0, 1})) == "0 at index [0]");
    const support::Each<support::IntegerInterval, 0> category({}, support::integer_interval(0, 2));
    BOOST_TEST(category.feasible() == 0);
    BOOST_TEST(category.unconstrained_size() == 0u);
    BOOST_TEST(category.violation(Data(Integer{3})) == "3");
    BOOST_TEST(category.name() == "an integer from 0 to 2");
}
