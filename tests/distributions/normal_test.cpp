#include "laws.hpp"

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>
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

BOOST_AUTO_TEST_CASE(deviations_whose_squares_over_or_underflow) {
    for (const double scale : {1e-200, 1e-150, 1e150, 1e200}) {
        constexpr std::size_t n = 40;
        Vector y(n), u(n);
        for (std::size_t i = 0; i < n; ++i) {
            y[i] = 2 * scale * std::sin(1.7 * static_cast<double>(i));
            u[i] = std::cos(1.3 * static_cast<double>(i));
        }
        std::vector<double> gradient(n);
        const auto f = [&](const auto& v) { return Normal(scale * v, scale).log_density(y); };
        const double value = reverse_gradient(f, u, gradient);
        double expected = 0;
        for (std::size_t i = 0; i < n; ++i) {
            const double z = y[i] / scale - u[i]; // the quotients are no larger than others
            expected += -0.5 * z * z - std::log(scale) - 0.91893853320467274178;
            BOOST_TEST(std::fabs(gradient[i] - z) <= 1e-14);
        }
        BOOST_TEST(std::fabs(value - expected) <= 1e-13 * std::fabs(expected));
    }
}
