#include "laws.hpp"

#include <limits>
import modus.autodiff;
import modus.distributions;
import modus.support;

using namespace modus;

MODUS_SUBJECT(HalfCauchy, 1, 0);

BOOST_AUTO_TEST_CASE(log_density_is_that_of_the_table) { laws::log_density<Subject>(); }
BOOST_AUTO_TEST_CASE(derivatives_are_those_of_the_table) { laws::derivatives<Subject>(); }
BOOST_AUTO_TEST_CASE(quantiles_are_those_of_the_table) { laws::quantiles<Subject>(); }
BOOST_AUTO_TEST_CASE(moments_are_those_of_the_table) { laws::moments<Subject>(); }
BOOST_AUTO_TEST_CASE(draws_follow_the_distribution) { laws::draws<Subject>(); }

BOOST_AUTO_TEST_CASE(parameters_out_of_their_domain_are_refused) {
    laws::refuses_parameter<Subject>({2}, 0, "scale", "positive", 0, "0");
}

BOOST_AUTO_TEST_CASE(values_outside_the_support_are_refused) {
    laws::support<Subject>({2}, "a number that is 0 or more", {0, 0.5, 1e300},
                           {{-0.25, "-0.25"}, {std::numeric_limits<double>::infinity(), "inf"}});
}

BOOST_AUTO_TEST_CASE(coordinates_cover_the_support) { laws::coordinates<Subject>({2}, {1e-300, 0.3, 7}); }
