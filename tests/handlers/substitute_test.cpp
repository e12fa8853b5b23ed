#include <boost/test/unit_test.hpp>
#include <cmath>
#include <error_parts.hpp>
#include <numbers>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.support;
using namespace modus;

#include "models.hpp"

BOOST_AUTO_TEST_CASE(substituted_sites_stay_latent) {
    const auto t = run(small_model | substitute({{"a", 1.0}, {"b", 2.0}}) | trace, 2.0);
    BOOST_TEST((t["a"].provenance == Provenance::substituted));
    BOOST_TEST(run(small_model | substitute({{"a", 1.0}, {"b", 2.0}}), 2.0) == 3);
}

BOOST_AUTO_TEST_CASE(params_take_values_inside_their_domain) {
    const auto model = []<Scalar Real>() -> Model<Real, Real> {
        co_return co_yield param("p", 1.0, support::positive);
    };
    BOOST_TEST(run(model | substitute({{"p", 2.5}})) == 2.5);
    BOOST_CHECK_EXCEPTION(run(model | substitute({{"p", -1.0}})), Error, (Says{"p", "a positive number", "-1", ""}));
    BOOST_CHECK_EXCEPTION(run(model | substitute({{"p", Vector{1, 2}}})), Error,
                          (Says{"p", "shape []", "shape [2]", ""}));
}

BOOST_AUTO_TEST_CASE(unknown_names_are_errors) {
    BOOST_CHECK_EXCEPTION(run(small_model | substitute({{"c", 1.0}}) | seed(1), 2.0), Error,
                          (Says{"c", "one of the sites that reach substitute: a, b, y", "no site", "spelling"}));
}
