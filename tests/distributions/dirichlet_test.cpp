#include "reference/distributions.hpp"
#include "reference/joint_distributions.hpp"
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <error_parts.hpp>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

import modus.autodiff;
import modus.distributions;
import modus.support;

using namespace modus;

#include "autodiff/modes.hpp"
#include "distributions/joint_laws.hpp"

static_assert(Distribution<decltype(Dirichlet(Vector{1, 2}))>);
static_assert(Distribution<decltype(Dirichlet(Vector{1, 2}).expand(3))>);

BOOST_AUTO_TEST_CASE(log_density_is_that_of_the_table) {
    check_table("Dirichlet", [](const Vector& x, const Vector& p) { return Dirichlet(p).log_density(x); });
    BOOST_TEST(Dirichlet(std::vector{1, 1, 1}).log_density(Vector{0.25, 0.75, 0}) == std::log(2.0));
}

BOOST_AUTO_TEST_CASE(rows) {
    const Matrix x{{0.2, 0.3, 0.5}, {0.25, 0.7, 0.05}};
    const Vector a{2, 0.5, 3}, b{1.5, 4, 0.25};
    const double first = Dirichlet(a).log_density(Vector{0.2, 0.3, 0.5});
    const double same = Dirichlet(a).log_density(Vector{0.25, 0.7, 0.05});
    const double other = Dirichlet(b).log_density(Vector{0.25, 0.7, 0.05});
    BOOST_TEST(std::fabs(Dirichlet(a).expand(2).log_density(x) - (first + same)) < 1e-14);
    BOOST_TEST(std::fabs(Dirichlet(Matrix{{2, 0.5, 3}, {1.5, 4, 0.25}}).log_density(x) - (first + other)) < 1e-14);
    check_error([&] { Dirichlet(a).log_density(Vector{0.5, 0.5}); }, "a value of shape [3]", "shape [2]");
}

BOOST_AUTO_TEST_CASE(derivatives) {
    const Vector p{0.3, -0.2, 0.5, 0.7, -0.1, 0.4};
    const Matrix x{{0.2, 0.3, 0.5}, {0.25, 0.7, 0.05}};
    CHECK_MODES(([](const auto& v) {
                    const Dirichlet d(exp(v.slice(0, 3)));
                    const auto y = d.constrain(v.slice(4, 2));
                    return d.log_density(y) + d.log_abs_det_jacobian(v.slice(4, 2));
                }),
                p);
    CHECK_MODES(([&](const auto& v) { return Dirichlet(exp(v.slice(0, 3))).expand(2).log_density(x); }), p);
    CHECK_MODES(([&](const auto& v) { return Dirichlet(exp(v.reshape(Extents<2>{2, 3}))).log_density(x); }), p);
    CHECK_MODES(([&](const auto& v) {
                    const auto d = Dirichlet(Vector{2, 0.5, 3}).expand(2);
                    return d.log_density(d.constrain(v.slice(0, 4)));
                }),
                p);
    // d/dx = (a - 1) / x, d/da = digamma(sum) - digamma(a) + log x
    const Vector slopes = gradient([](const auto& v) { return Dirichlet(v.slice(0, 2)).log_density(v.slice(2, 2)); },
                                   Vector{2, 0.01, 0.25, 0.75});
    BOOST_TEST(std::fabs(slopes[0] - (digamma(2.01) - digamma(2.0) + std::log(0.25))) < 1e-13);
    BOOST_TEST(std::fabs(slopes[1] - (digamma(2.01) - digamma(0.01) + std::log(0.75))) < 1e-11);
    BOOST_TEST(std::fabs(slopes[2] - 4) < 1e-13);
    BOOST_TEST(std::fabs(slopes[3] + 0.99 / 0.75) < 1e-13);
}

BOOST_AUTO_TEST_CASE(draws_and_summaries) {
    check_draws(Dirichlet(Vector{2, 3, 4}));
    check_draws(Dirichlet(Vector{0.01, 0.02}));
    check_draws(Dirichlet(Vector{1e4, 2, 0.5}).expand(2));
    check_draws(Dirichlet(Matrix{{1, 2}, {3, 0.5}}));
    const Dirichlet d(Vector{2, 3, 5});
    BOOST_TEST((std::get<Vector>(d.mean()) == Vector{0.2, 0.3, 0.5}));
    BOOST_TEST((d.feasible() == Data(Vector{1.0 / 3, 1.0 / 3, 1.0 / 3})));
    BOOST_TEST(std::isnan(std::get<Vector>(d.quantile(0.5))[0]));
    BOOST_TEST(d.unconstrained_size() == 2u);
    BOOST_TEST(d.expand(4).unconstrained_size() == 8u);
}

BOOST_AUTO_TEST_CASE(errors) {
    check_error([] { Dirichlet(Vector{1, -2}).check_parameters(); }, "concentration of Dirichlet to be positive",
                "-2 at element 1", "Check the parameter");
    check_error([] { Dirichlet(Vector{1, 2}).check_value(Data(Vector{0.5, 0.75})); },
                "numbers from 0 to 1 that sum to 1, the support of Dirichlet", "the sum 1.25", "Check the data");
    check_error([] { Dirichlet(Vector{1, 2}).check_value(Data(Vector{0.5})); }, "a value of shape [2]", "shape [1]");
    check_error([] { Dirichlet(Vector()).support(); }, "a simplex with at least one element", "shape [0]");
}
