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

namespace {

void check_units(std::size_t n, std::size_t columns) {
    const std::size_t parameters = columns + 2;
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
                return Normal(loc(v) * unit, exp(v[columns + 1]) * unit).log_density(y * unit) +
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
            BOOST_TEST(worst <= 1e-12 * static_cast<double>(n), name << " in " << unit);
            BOOST_TEST(worst_curvature <= 1e-12 * static_cast<double>(n), name << " in " << unit);
        }
    };
    check("columns", [&](const auto& v) { return X * v.slice(0, columns) + v[columns]; });
    check("groups", [&](const auto& v) { return v.slice(0, columns)[sorted] + v[columns] * x; });
    check("scattered groups", [&](const auto& v) { return v.slice(0, columns)[scattered] + v[columns] * x; });
    check("a vector", [&](const auto& v) { return v[0] + v[columns] * x; });
    check("numbers", [&](const auto& v) { return exp(v[0] + v[columns] * x); });
}

} // namespace

// A density of data that are `unit` times others is the same but for a constant, whatever way its sum takes.
BOOST_AUTO_TEST_CASE(units_of_data_do_not_matter) {
    check_units(700, 3);
    check_units(5000, 15);   // more columns than stay in registers
    check_units(30'000, 10); // several chunks of rows
}

BOOST_AUTO_TEST_CASE(a_replay_goes_on_where_the_scale_is_far_from_1) {
    constexpr std::size_t n = 100;
    Vector y(n), x(n);
    for (std::size_t i = 0; i < n; ++i) {
        y[i] = std::sin(1.7 * static_cast<double>(i));
        x[i] = std::cos(0.9 * static_cast<double>(i));
    }
    const auto f = [&](const auto& v) { return Normal(v[0] * x, exp(v[1])).log_density(y); };
    std::vector<double> slopes(2), expected(2);
    Recording recording(f, Vector{0.5, 0.1}, slopes);
    BOOST_TEST(recording.can_replay());
    for (const double log_scale : {-60.0, -75.0, -60.0, 0.3, 75.0, 0.3}) { // 1e30 is exp(69)
        const Vector u{0.4, log_scale};
        const double value = recording.replay(u, slopes);
        BOOST_TEST(value == reverse_gradient(f, u, expected));
        BOOST_TEST(slopes == expected, boost::test_tools::per_element());
        BOOST_TEST(std::isfinite(value));
    }
}

BOOST_AUTO_TEST_CASE(scales_that_are_no_numbers) {
    const Vector y{0.1, -0.7, 0.4}, ones{1, 1, 1};
    const auto f = [&](const auto& v) { return Normal(v[0] * ones, v[1]).log_density(y); };
    std::vector<double> slopes(2);
    BOOST_TEST(std::isnan(reverse_gradient(f, Vector{0.5, std::numeric_limits<double>::quiet_NaN()}, slopes)));
    BOOST_TEST(std::isnan(slopes[0]));
    const double inf = std::numeric_limits<double>::infinity();
    BOOST_TEST(reverse_gradient(f, Vector{0.5, inf}, slopes) == -inf);
    BOOST_TEST(slopes[0] == 0);
    // The smallest and the largest one.
    BOOST_TEST(std::isfinite(reverse_gradient(f, Vector{0.5, std::numeric_limits<double>::max()}, slopes)));
    BOOST_TEST(slopes[0] == 0);
    const Vector tiny{1e-307, -2e-307}, units{1e-307, 1e-307};
    const auto g = [&](const auto& v) { return Normal(v[0] * units, 1e-307).log_density(tiny); };
    std::vector<double> slope(1);
    BOOST_TEST(std::fabs(reverse_gradient(g, Vector{1}, slope) - 2 * (307 * std::log(10.0) - 0.91893853320467274) +
                         4.5) <= 1e-12);
    BOOST_TEST(std::fabs(slope[0] + 3) <= 1e-14);
}
