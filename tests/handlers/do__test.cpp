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

namespace {

const auto exactly = boost::test_tools::tolerance(1e-15);

} // namespace

BOOST_AUTO_TEST_CASE(an_intervention_reaches_what_follows_and_tells_nothing_about_the_site) {
    // Acceptance case P36.
    const auto model = small_model | substitute({{"b", 1.5}}) | do_({{"a", 3.0}}) | seed(7);
    const Trace t = run(model | trace, 2.0);
    const double a = run(small_model | seed(7) | trace, 2.0).get<double>("a");
    BOOST_TEST(t.get<double>("a") == a); // as without the intervention
    BOOST_TEST(t["a"].log_density == normal(a, 0, 1), exactly);
    BOOST_TEST(t.get<double>("a__CF") == 3);
    BOOST_TEST(static_cast<int>(t["a__CF"].kind) == static_cast<int>(Kind::deterministic));
    BOOST_TEST(t["b"].log_density == normal(1.5, 3, 2), exactly); // downstream sees the intervention
    BOOST_TEST(t["y"].log_density == normal(2, 4.5, 1), exactly);
    BOOST_TEST(run(model, 2.0) == 4.5);
}

BOOST_AUTO_TEST_CASE(condition_tells_about_the_site_and_do_does_not) {
    const auto b = substitute({{"b", 1.5}});
    const Trace conditioned = run(small_model | b | condition({{"a", 3.0}}) | trace, 2.0);
    const Trace intervened = run(small_model | b | do_({{"a", 3.0}}) | seed(1) | trace, 2.0);
    BOOST_TEST(conditioned["a"].log_density == normal(3, 0, 1), exactly);
    BOOST_TEST(intervened["a"].log_density == normal(intervened.get<double>("a"), 0, 1), exactly);
    BOOST_TEST(conditioned["b"].log_density == intervened["b"].log_density);
}

BOOST_AUTO_TEST_CASE(interventions_on_sites_that_are_not_there_or_have_another_shape_are_refused) {
    BOOST_CHECK_EXCEPTION(run(small_model | do_({{"c", 1.0}}) | seed(1), 2.0), Error,
                          (Says{"c", "one of the sites that reach do_: a", "no site of this name", "spelling"}));
    BOOST_CHECK_EXCEPTION(run(small_model | do_({{"a", Vector{1, 2}}}) | seed(1), 2.0), Error,
                          (Says{"a", "an intervention of shape []", "[2]", "the shape of the site"}));
}
