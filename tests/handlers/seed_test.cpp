#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.support;
using namespace modus;

#include "models.hpp"

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_bits_another_one_others) {
    const double first = run(small_model | seed(7), 2.0);
    BOOST_TEST(run(small_model | seed(7), 2.0) == first);
    BOOST_TEST(run(small_model | seed(8), 2.0) != first);
}

BOOST_AUTO_TEST_CASE(a_site_draws_the_same_whatever_the_other_sites) {
    const auto more = []<Scalar Real>() -> Model<Real> {
        co_yield sample("extra", Normal(0, 1));
        co_yield sample("a", Normal(0, 1));
    };
    BOOST_TEST(run(more | seed(7) | trace).get<double>("a") ==
               run(small_model | seed(7) | trace, 2.0).get<double>("a"));
}

BOOST_AUTO_TEST_CASE(sites_of_a_sequential_plate_draw_apart) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        for ([[maybe_unused]] auto i : co_yield plate("rows", 2)) co_yield sample("x", Normal(0, 1));
    };
    const auto t = run(model | seed(7) | trace);
    BOOST_TEST(t.get<double>("x[0]") != t.get<double>("x[1]"));
}

BOOST_AUTO_TEST_CASE(discrete_sites_draw_integers) {
    const auto model = []<Scalar Real>() -> Model<Real, Integer> { co_return co_yield sample("k", Poisson(1000)); };
    const Integer k = run(model | seed(7));
    BOOST_TEST(k > 700);
    BOOST_TEST(k < 1300);
}
