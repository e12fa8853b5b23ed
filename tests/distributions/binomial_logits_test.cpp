#include "laws.hpp"

#include <limits>
import modus.autodiff;
import modus.distributions;
import modus.support;

using namespace modus;

MODUS_SUBJECT(BinomialLogits, 2, 1);

BOOST_AUTO_TEST_CASE(log_density_is_that_of_the_table) { laws::log_density<Subject>(); }
BOOST_AUTO_TEST_CASE(derivatives_are_those_of_the_table) { laws::derivatives<Subject>(); }
BOOST_AUTO_TEST_CASE(quantiles_are_those_of_the_table) { laws::quantiles<Subject>(); }
BOOST_AUTO_TEST_CASE(moments_are_those_of_the_table) { laws::moments<Subject>(); }
BOOST_AUTO_TEST_CASE(draws_follow_the_distribution) { laws::draws<Subject>(); }

BOOST_AUTO_TEST_CASE(parameters_out_of_their_domain_are_refused) {
    laws::refuses_parameter<Subject>({10, 0.25}, 0, "total_count", "a whole number, 0 or more", 2.5, "2.5");
    laws::refuses_parameter<Subject>({10, 0.25}, 1, "logits", "a real number", std::numeric_limits<double>::infinity(),
                                     "inf");
}

BOOST_AUTO_TEST_CASE(values_outside_the_support_are_refused) {
    laws::support<Subject>({10, 0.25}, "an integer from 0 to 10", {0, 3, 10}, {{11, "11"}, {0.5, "0.5"}, {-1, "-1"}});
}
