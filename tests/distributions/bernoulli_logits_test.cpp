#include "laws.hpp"

#include <cmath>
#include <cstddef>
#include <limits>

#include "reference/logistic_sums.hpp"

import modus.autodiff;
import modus.distributions;
import modus.support;

using namespace modus;

MODUS_SUBJECT(BernoulliLogits, 1, 0);

BOOST_AUTO_TEST_CASE(log_density_is_that_of_the_table) { laws::log_density<Subject>(); }
BOOST_AUTO_TEST_CASE(derivatives_are_those_of_the_table) { laws::derivatives<Subject>(); }
BOOST_AUTO_TEST_CASE(quantiles_are_those_of_the_table) { laws::quantiles<Subject>(); }
BOOST_AUTO_TEST_CASE(moments_are_those_of_the_table) { laws::moments<Subject>(); }
BOOST_AUTO_TEST_CASE(draws_follow_the_distribution) { laws::draws<Subject>(); }

BOOST_AUTO_TEST_CASE(parameters_out_of_their_domain_are_refused) {
    laws::refuses_parameter<Subject>({0.25}, 0, "logits", "a real number", std::numeric_limits<double>::infinity(),
                                     "inf");
}

BOOST_AUTO_TEST_CASE(values_outside_the_support_are_refused) {
    laws::support<Subject>({0.25}, "0 or 1", {0, 1}, {{2, "2"}, {0.5, "0.5"}, {-1, "-1"}});
}

BOOST_AUTO_TEST_CASE(sums_are_accurate_wherever_the_logits_are) {
    for (const reference::LogisticSum& row : reference::logistic_sums) {
        Vector x(static_cast<std::size_t>(row.count));
        IntVector y(x.size());
        for (std::size_t k = 0; k < x.size(); ++k) {
            const int place = static_cast<int>(k);
            x[k] = row.first + row.step * (place % row.period);
            y[k] = row.flip == 0 || place % row.flip != 0;
        }
        const auto sum = [&](const auto& t) { return BernoulliLogits(x * t[0]).log_density(y); };
        const auto [value, slope] = value_and_gradient(sum, Vector{1}, Mode::reverse);
        const auto error = [](double actual, double expected, double size) {
            return actual == expected ? 0 : std::fabs(actual - expected) / size;
        };
        BOOST_TEST_CONTEXT("first " << row.first << ", step " << row.step << ", " << row.count << " rows") {
            constexpr double tolerance = 2e-15; // as for a sum of so many numbers of one sign
            BOOST_TEST(error(value, row.value, -row.value) <= tolerance);
            BOOST_TEST(error(slope[0], row.slope, row.slope_size) <= tolerance);
            BOOST_TEST(error(hessian(sum, Vector{1})(0, 0), row.second, -row.second) <= tolerance);
        }
    }
}
