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

BOOST_AUTO_TEST_CASE(observed_sites_become_latent) {
    const Trace t = run(small_model | uncondition() | seed(7) | trace, 2.0);
    BOOST_TEST(static_cast<int>(t["y"].provenance) == static_cast<int>(Provenance::sampled));
    BOOST_TEST(t.get<double>("y") != 2.0);
    BOOST_TEST(t.get<double>("a") == run(small_model | seed(7) | trace, 2.0).get<double>("a"));
}

BOOST_AUTO_TEST_CASE(a_value_from_a_handler_outside_replaces_the_data) {
    const Trace t = run(small_model | uncondition() | condition({{"y", 5.0}}) | seed(7) | trace, 2.0);
    BOOST_TEST(t.get<double>("y") == 5);
    BOOST_TEST(static_cast<int>(t["y"].provenance) == static_cast<int>(Provenance::observed));
}

BOOST_AUTO_TEST_CASE(whole_numbers_are_drawn_again_too) {
    const auto model = []<Scalar Real>(const IntVector& k) -> Model<Real> {
        auto rows = co_yield plate("rows", k.size());
        co_yield sample("k", Poisson(100), obs = k);
    };
    const IntVector k = run(model | uncondition() | seed(1) | trace, IntVector{0, 0, 0}).get<IntVector>("k");
    BOOST_REQUIRE(k.size() == 3u);
    for (const Integer x : k) BOOST_TEST(std::abs(static_cast<double>(x) - 100) < 60);
}
