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

static_assert(Distribution<decltype(MultivariateNormal(0, Matrix{{1}}))>);
static_assert(Distribution<decltype(MultivariateNormal(Vector{0}, Matrix{{1}}).expand(3))>);

namespace {
const Matrix lower{{2, 0, 0}, {-1, 0.5, 0}, {0.3, 4, 3}};
const Vector loc{0.1, -0.2, 0.4};
} // namespace

BOOST_AUTO_TEST_CASE(log_density_is_that_of_the_table) {
    check_table("MultivariateNormal", [](const Vector& x, const Vector& p) {
        return MultivariateNormal(p.slice(0, x.size()), lower_triangle(p, x.size())).log_density(x);
    });
}

BOOST_AUTO_TEST_CASE(rows_and_covariances) {
    const Matrix x{{0.7, -1, 2}, {1, 2, 3}};
    const double first = MultivariateNormal(loc, lower).log_density(Vector{0.7, -1, 2});
    const double same = MultivariateNormal(loc, lower).log_density(Vector{1, 2, 3});
    const double other = MultivariateNormal(7, lower).log_density(Vector{1, 2, 3});
    const auto close = boost::test_tools::tolerance(1e-14);
    BOOST_TEST(MultivariateNormal(loc, lower).expand(2).log_density(x) == first + same, close);
    BOOST_TEST(MultivariateNormal(Matrix{{0.1, -0.2, 0.4}, {7, 7, 7}}, lower).log_density(x) == first + other, close);
    const Matrix covariance{{4, -2, 0.6}, {-2, 1.25, 1.7}, {0.6, 1.7, 25.09}};
    BOOST_TEST(MultivariateNormal(loc, cholesky(covariance)).log_density(Vector{0.7, -1, 2}) == first,
               boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(derivatives) {
    const Vector p{0.3, -0.2, 0.5, 0.7, -0.1, 0.4, 0.25, 0.6, -0.35, 0.1, 2.1, -0.7};
    const Matrix x{{0.7, -1, 2}, {1, 2, 3}};
    CHECK_MODES(([](const auto& v) {
                    const auto l = v.slice(0, 9).reshape(Extents<2>{3, 3}) + lower;
                    return MultivariateNormal(v.slice(9, 3), l).log_density(sin(v.slice(1, 3)));
                }),
                p);
    CHECK_MODES(([&](const auto& v) {
                    const auto l = v.slice(0, 9).reshape(Extents<2>{3, 3}) + lower;
                    return MultivariateNormal(v.slice(9, 3), l).expand(2).log_density(x);
                }),
                p);
    CHECK_MODES(([&](const auto& v) {
                    const MultivariateNormal d(v[0], lower);
                    return d.log_density(d.constrain(v.slice(4, 3))) + d.log_abs_det_jacobian(v.slice(4, 3));
                }),
                p);
    CHECK_MODES(
        ([&](const auto& v) {
            return MultivariateNormal(v.slice(0, 6).reshape(Extents<2>{2, 3}), exp(v[6]) * lower).log_density(x);
        }),
        p);
    // d/dx = -C^-1 (x - loc)
    const Vector slopes =
        gradient([](const auto& v) { return MultivariateNormal(loc, lower).log_density(v); }, Vector{0.7, -1, 2});
    const Matrix covariance{{4, -2, 0.6}, {-2, 1.25, 1.7}, {0.6, 1.7, 25.09}};
    const Vector residual = covariance * slopes;
    for (std::size_t k = 0; k < 3; ++k) BOOST_TEST(std::fabs(residual[k] + Vector{0.7, -1, 2}[k] - loc[k]) < 1e-12);
}

BOOST_AUTO_TEST_CASE(draws_and_summaries) {
    check_draws(MultivariateNormal(loc, lower));
    check_draws(MultivariateNormal(1.5, lower).expand(2));
    const MultivariateNormal d(loc, lower);
    BOOST_TEST((d.quantile(0.5) == Data(loc)));
    BOOST_TEST((d.mean() == Data(loc)));
    BOOST_TEST((d.variance() == Data(Vector{4, 1.25, 0.09 + 16 + 9})));
    BOOST_TEST((d.feasible() == Data(Vector{0, 0, 0})));
    // The covariance between two elements.
    Random random(7);
    double covariance = 0;
    for (int n = 0; n < 20000; ++n) {
        const auto x = std::get<Vector>(d.draw(random));
        covariance += (x[1] - loc[1]) * (x[2] - loc[2]) / 20000;
    }
    BOOST_TEST(std::fabs(covariance - 1.7) < 0.2);
}

BOOST_AUTO_TEST_CASE(errors) {
    check_error([] { MultivariateNormal(Vector{1, std::nan("")}, Matrix{{1, 0}, {0, 1}}).check_parameters(); },
                "loc of MultivariateNormal to be a real number", "nan at element 1");
    check_error([] { MultivariateNormal(0, Matrix{{1, 0.5}, {0.5, 1}}).check_parameters(); },
                "scale_tril of MultivariateNormal to be lower triangular with a positive diagonal",
                "0.5 at index [0, 1]", "cholesky(covariance)");
    check_error([] { MultivariateNormal(0, Matrix{{1, 0}, {0.5, -1}}).check_parameters(); }, "positive diagonal",
                "-1 at index [1, 1]", "cholesky(covariance)");
    check_error([] { MultivariateNormal(loc, Matrix{{1, 0}, {0, 1}}).check_parameters(); },
                "scale_tril of MultivariateNormal to have shape [3, 3]", "shape [2, 2]");
    check_error([] { MultivariateNormal(loc, lower).check_value(Data(Vector{0, std::nan(""), 1})); },
                "a real number, the support of MultivariateNormal", "nan at index [1]", "missing");
    BOOST_CHECK_NO_THROW(MultivariateNormal(loc, lower).mask(false).check_value(Data(Vector{0, std::nan(""), 1})));
    check_error([] { MultivariateNormal(loc, lower).expand_to(Extents<2>{4, 2}); }, "a shape to which [3] repeats",
                "[4, 2]");
    check_error([] { MultivariateNormal(loc, lower).to_event(1); }, "at most 0 batch axes", "to_event(1)");
}

BOOST_AUTO_TEST_CASE(shapes_and_masks) {
    const auto rows = MultivariateNormal(loc, lower).expand(4);
    BOOST_TEST(rows.batch_shape().str() == "[4]");
    BOOST_TEST(rows.event_shape().str() == "[3]");
    BOOST_TEST(rows.to_event(1).batch_shape().str() == "[]");
    BOOST_TEST(rows.to_event(1).event_shape().str() == "[4, 3]");
    BOOST_TEST(MultivariateNormal(loc, lower).mask(false).log_density(loc) == 0.0);
    BOOST_TEST(MultivariateNormal(loc, lower).mask(false).expand(4).log_density(Matrix(4, 3)) == 0.0);
    BOOST_TEST(MultivariateNormal(loc, lower).mask(true).log_density(loc) != 0.0);
}
