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

static_assert(Distribution<decltype(LKJCholesky(2, 1.0))>);

BOOST_AUTO_TEST_CASE(log_density_is_that_of_the_table) {
    check_table("LKJCholesky", [](const Vector& x, const Vector& p) {
        const Matrix l = lower_triangle(x);
        return LKJCholesky(l.rows(), p[0]).log_density(l);
    });
    BOOST_TEST(LKJCholesky(1, 2).log_density(Matrix{{1}}) == 0.0);
}

BOOST_AUTO_TEST_CASE(derivatives) {
    const Vector p{0.3, -0.2, 0.5, 0.7, -0.1, 0.4, 0.25};
    CHECK_MODES(([](const auto& v) {
                    const LKJCholesky d(4, exp(v[6]));
                    const auto u = v.slice(0, 6);
                    return d.log_density(d.constrain(u)) + d.log_abs_det_jacobian(u);
                }),
                p);
    CHECK_MODES(([](const auto& v) {
                    const LKJCholesky d(3, 2.5);
                    return d.log_density(d.constrain(v.slice(0, 3)));
                }),
                p);
    CHECK_MODES(([](const auto& v) { return LKJCholesky(2, exp(v[0])).log_density(Matrix{{1, 0}, {0.6, 0.8}}); }), p);
}

BOOST_AUTO_TEST_CASE(draws_and_summaries) {
    check_draws(LKJCholesky(2, 0.3));
    check_draws(LKJCholesky(3, 1));
    check_draws(LKJCholesky(4, 20));
    const LKJCholesky d(3, 1.5);
    BOOST_TEST((d.feasible() == Data(Matrix{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}})));
    BOOST_TEST(std::isnan(std::get<Matrix>(d.quantile(0.5))(0, 0)));
    BOOST_TEST(d.unconstrained_size() == 3u);
    // Every correlation has the distribution of 2 Beta(a, a) - 1 with a = concentration - 1 + dim / 2.
    Random random(7);
    double square = 0;
    for (int n = 0; n < 20000; ++n) {
        const auto l = std::get<Matrix>(d.draw(random));
        const double correlation = l(1, 0) * l(2, 0) + l(1, 1) * l(2, 1);
        square += correlation * correlation / 20000;
    }
    BOOST_TEST(std::fabs(square - 1 / (2 * 2.0 + 1)) < 0.01);
}

BOOST_AUTO_TEST_CASE(errors) {
    check_error([] { LKJCholesky(2, -1).check_parameters(); }, "concentration of LKJCholesky to be positive", "-1");
    check_error([] { LKJCholesky(0, 1).check_parameters(); }, "dim of LKJCholesky to be positive", "0");
    check_error([] { LKJCholesky(2, 1).check_value(Data(Matrix{{1, 0}, {3, 4}})); }, "rows of length 1",
                "row 1 of length 5", "Check the data");
    check_error([] { LKJCholesky(2, 1).check_value(Data(Vector{1})); }, "a value of shape [2, 2]", "shape [1]");
}
