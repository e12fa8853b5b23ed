#include "laws.hpp"

#include <limits>
import modus.autodiff;
import modus.distributions;
import modus.support;

using namespace modus;

MODUS_SUBJECT(Normal, 2, 0);

BOOST_AUTO_TEST_CASE(log_density_is_that_of_the_table) { laws::log_density<Subject>(); }
BOOST_AUTO_TEST_CASE(derivatives_are_those_of_the_table) { laws::derivatives<Subject>(); }
BOOST_AUTO_TEST_CASE(quantiles_are_those_of_the_table) { laws::quantiles<Subject>(); }
BOOST_AUTO_TEST_CASE(moments_are_those_of_the_table) { laws::moments<Subject>(); }
BOOST_AUTO_TEST_CASE(draws_follow_the_distribution) { laws::draws<Subject>(); }

BOOST_AUTO_TEST_CASE(parameters_out_of_their_domain_are_refused) {
    laws::refuses_parameter<Subject>({1, 2}, 0, "loc", "a real number", std::numeric_limits<double>::infinity(), "inf");
    laws::refuses_parameter<Subject>({1, 2}, 1, "scale", "positive", 0, "0");
    laws::refuses_parameter<Subject>({1, 2}, 1, "scale", "positive", -0.5, "-0.5");
}

BOOST_AUTO_TEST_CASE(values_outside_the_support_are_refused) {
    laws::support<Subject>({1, 2}, "a real number", {0, -3.5, 1e300},
                           {{-std::numeric_limits<double>::infinity(), "-inf"}});
}

BOOST_AUTO_TEST_CASE(coordinates_cover_the_support) { laws::coordinates<Subject>({1, 2}, {-3.5, 1e-3, 1e5}); }
