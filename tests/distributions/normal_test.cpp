#include "laws.hpp"

#include <algorithm>
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

// A density of data that are `unit` times others is the same but for a constant, whatever way its sum takes.
BOOST_AUTO_TEST_CASE(units_of_data_do_not_matter) {
    constexpr std::size_t n = 700, columns = 3, parameters = 5;
    Matrix X(n, columns);
    Vector y(n), x(n), u(parameters);
    IntVector sorted(n), scattered(n);
    for (std::size_t i = 0; i < n; ++i) {
        const auto number = static_cast<double>(i);
        y[i] = 2 * std::sin(1.7 * number);
        x[i] = std::cos(0.9 * number);
        for (std::size_t j = 0; j < columns; ++j) X(i, j) = std::cos(1.3 * number + 2 * static_cast<double>(j));
        sorted[i] = static_cast<Integer>(i * columns / n);
        scattered[i] = static_cast<Integer>(i % columns);
    }
    for (std::size_t k = 0; k < parameters; ++k) u[k] = 0.3 * std::cos(1.1 * static_cast<double>(k));
    const auto check = [&](const char* name, const auto& loc) {
        const auto density_in = [&](double unit) {
            return [&, unit](const auto& v) {
                return Normal(loc(v) * unit, exp(v[4]) * unit).log_density(y * unit) +
                       static_cast<double>(n) * std::log(unit);
            };
        };
        const auto once = density_in(1);
        std::vector<double> slopes(parameters), gradient(parameters);
        const double expected = reverse_gradient(once, u, slopes);
        const Matrix curvature = hessian(once, u);
        for (const double unit : {1e-100, 1e-40, 1e-29, 1e29, 1e40, 1e100}) { // scale^-3 is a derivative
            const auto f = density_in(unit);
            const double value = reverse_gradient(f, u, gradient);
            const Matrix found = hessian(f, u);
            BOOST_TEST(std::fabs(value - expected) <= 1e-12 * std::fabs(expected), name << " in " << unit);
            double worst = 0, worst_curvature = 0;
            for (std::size_t i = 0; i < parameters; ++i) {
                worst = std::max(worst, std::fabs(gradient[i] - slopes[i]));
                for (std::size_t j = 0; j < parameters; ++j)
                    worst_curvature = std::max(worst_curvature, std::fabs(found(i, j) - curvature(i, j)));
            }
            BOOST_TEST(worst <= 1e-12 * n, name << " in " << unit);
            BOOST_TEST(worst_curvature <= 1e-12 * n, name << " in " << unit);
        }
    };
    check("columns", [&](const auto& v) { return X * v.slice(0, columns) + v[3]; });
    check("groups", [&](const auto& v) { return v.slice(0, columns)[sorted] + v[3] * x; });
    check("scattered groups", [&](const auto& v) { return v.slice(0, columns)[scattered] + v[3] * x; });
    check("a vector", [&](const auto& v) { return v[0] + v[3] * x; });
    check("numbers", [&](const auto& v) { return exp(v[0] + v[3] * x); });
}
