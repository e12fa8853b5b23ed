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

BOOST_AUTO_TEST_CASE(latent_sites_take_the_values_of_the_trace_observed_ones_keep_their_data) {
    const auto t = run(small_model | seed(3) | trace, 2.0);
    const auto again = run(small_model | replay(t) | trace, 5.0);
    BOOST_TEST(again.get<double>("a") == t.get<double>("a"));
    BOOST_TEST(again.get<double>("b") == t.get<double>("b"));
    BOOST_TEST(again.get<double>("y") == 5);
    BOOST_TEST((again["a"].provenance == Provenance::replayed));
}

BOOST_AUTO_TEST_CASE(missing_and_extra_sites_are_errors_unless_asked_for) {
    // Acceptance case N16.
    const auto t = run(small_model | seed(3) | trace, 2.0);
    const auto other = []<Scalar Real>() -> Model<Real> {
        co_yield sample("a", Normal(0, 1));
        co_yield sample("c", Normal(0, 1));
    };
    BOOST_CHECK_EXCEPTION(run(other | replay(t)), Error,
                          (Says{"c", "a value in the replayed trace", "no site of this name", "strict = false"}));
    const auto fewer = []<Scalar Real>() -> Model<Real> { co_yield sample("a", Normal(0, 1)); };
    BOOST_CHECK_EXCEPTION(run(fewer | replay(t)), Error,
                          (Says{"b", "a site of the model, one of: a", "only in the replayed trace", "same model"}));
    const auto loose = run(other | replay(t, {.strict = false}) | seed(4) | trace);
    BOOST_TEST(loose.get<double>("a") == t.get<double>("a"));
    BOOST_TEST((loose["c"].provenance == Provenance::sampled));
}

BOOST_AUTO_TEST_CASE(params_are_replayed_too) {
    const auto model = []<Scalar Real>() -> Model<Real, Real> {
        co_return co_yield param("p", 1.0, support::positive);
    };
    const auto t = run(model | substitute({{"p", 3.0}}) | trace);
    BOOST_TEST(run(model | replay(t)) == 3);
}

BOOST_AUTO_TEST_CASE(a_value_that_is_outside_the_support_in_the_new_model_is_refused) {
    const auto t = run(small_model | substitute({{"a", -1.0}, {"b", 1.0}}) | trace, 2.0);
    const auto positive = []<Scalar Real>() -> Model<Real> { co_yield sample("a", Exponential(1)); };
    BOOST_CHECK_EXCEPTION(run(positive | replay(t, {.strict = false})), Error, (Says{"a", "0 or more", "-1", ""}));
}

BOOST_AUTO_TEST_CASE(replay_around_another_value_giver_is_an_error_not_a_silent_loss) {
    const auto t = run(small_model | seed(3) | trace, 2.0);
    run(small_model | seed(3) | replay(t), 2.0); // the same values are no conflict
    BOOST_CHECK_EXCEPTION(run(small_model | seed(4) | replay(t), 2.0), Error,
                          (Says{"a", "one value", "two, from replay", "innermost handler answers first"}));
}
