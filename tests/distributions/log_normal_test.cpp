#include "laws.hpp"

#include <cmath>
#include <limits>
import modus.autodiff;
import modus.distributions;
import modus.support;

using namespace modus;

MODUS_SUBJECT(LogNormal, 2, 0);

BOOST_AUTO_TEST_CASE(log_density_is_that_of_the_table) { laws::log_density<Subject>(); }

BOOST_AUTO_TEST_CASE(derivatives_are_those_of_the_table) {
    // log(x) is rounded before loc is subtracted, which the table takes as exact: an error of that size divided by
    // scale, in z.
    laws::derivatives<Subject>([](const reference::LogDensity& row, std::size_t k) {
        const double log_x = std::fabs(std::log(row.x)), scale = row.p[1], z = (std::log(row.x) - row.p[0]) / scale;
        return log_x / (scale * scale) * (k == 0 ? 1 / row.x : k == 1 ? 1 : 2 * std::fabs(z));
    });
}

BOOST_AUTO_TEST_CASE(quantiles_are_those_of_the_table) { laws::quantiles<Subject>(); }
BOOST_AUTO_TEST_CASE(moments_are_those_of_the_table) { laws::moments<Subject>(); }
BOOST_AUTO_TEST_CASE(draws_follow_the_distribution) { laws::draws<Subject>(); }

BOOST_AUTO_TEST_CASE(parameters_out_of_their_domain_are_refused) {
    laws::refuses_parameter<Subject>({1, 2}, 0, "loc", "a real number", -std::numeric_limits<double>::infinity(),
                                     "-inf");
    laws::refuses_parameter<Subject>({1, 2}, 1, "scale", "positive", 0, "0");
}

BOOST_AUTO_TEST_CASE(values_outside_the_support_are_refused) {
    laws::support<Subject>({1, 2}, "a positive number", {1e-300, 0.5, 1e300},
                           {{0, "0"}, {-0.25, "-0.25"}, {std::numeric_limits<double>::infinity(), "inf"}});
}

BOOST_AUTO_TEST_CASE(coordinates_cover_the_support) { laws::coordinates<Subject>({1, 2}, {1e-300, 0.3, 7, 1e300}); }
