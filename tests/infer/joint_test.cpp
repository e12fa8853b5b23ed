// Latent vectors and matrices whose elements depend on one another: where they start, and what they are fitted to.
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <error_parts.hpp>
#include <string>
#include <variant>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.infer;
import modus.support;
using namespace modus;

#include "fit.hpp"

namespace {

const auto nine_digits = boost::test_tools::tolerance(1e-9);
const Matrix scale_tril{{2, 0}, {-1, 0.5}};

/// Every multivariate prior at once, with data that need all of them.
constexpr auto everything = []<Scalar Real>(Observed<Vector> y) -> Model<Real> {
    auto z = co_yield sample("z", MultivariateNormal(Vector{1, -2}, scale_tril));
    auto shares = co_yield sample("shares", Dirichlet(Vector{2, 3, 4}));
    auto factor = co_yield sample("factor", LKJCholesky(2, 1.5));
    auto direction = co_yield sample("direction", ProjectedNormal(Vector{0, 3, -4}));
    co_yield sample("category", Categorical(shares), obs = 1);
    co_yield sample("y", MultivariateNormal(z, factor), obs = y);
    co_yield sample("x", Normal(direction, 1).to_event(1), obs = Vector{1, 2, 3});
};
const Vector y{0.5, -1};

const std::array<Initializer, 5> initializers{init_to_median, init_to_mean, init_to_feasible, init_to_sample(3),
                                              init_to_uniform({.seed = 3})};

} // namespace

BOOST_AUTO_TEST_CASE(P10_dirichlet_categorical) {
    const auto model = []<Scalar Real>(const IntVector& data) -> Model<Real> {
        auto shares = co_yield sample("shares", Dirichlet(Vector{2, 3, 4}));
        auto rows = co_yield plate("rows", data.size());
        co_yield sample("y", Categorical(shares), obs = data);
    };
    const Fitted map = fit(model, IntVector{0, 2, 2, 0, 2, 2, 0, 2, 2, 0, 2, 0});
    const auto shares = map.values.get<Vector>("shares");
    BOOST_TEST(shares[0] == 6.0 / 18, nine_digits);
    BOOST_TEST(shares[1] == 2.0 / 18, nine_digits);
    BOOST_TEST(shares[2] == 10.0 / 18, nine_digits);
    BOOST_TEST(std::fabs(sum(shares) - 1) <= 1e-15);
}

BOOST_AUTO_TEST_CASE(counts_say_the_same_as_categories) {
    const auto model = []<Scalar Real>(const IntVector& counts) -> Model<Real> {
        auto shares = co_yield sample("shares", Dirichlet(Vector{2, 3, 4}));
        co_yield sample("y", Multinomial(12, shares), obs = counts);
    };
    const auto shares = fit(model, IntVector{5, 0, 7}).values.get<Vector>("shares");
    for (std::size_t k = 0; k < 3; ++k) BOOST_TEST(shares[k] == (Vector{6, 2, 10}[k] / 18), nine_digits);
}

BOOST_AUTO_TEST_CASE(a_dirichlet_in_each_row_of_a_plate) {
    const auto model = []<Scalar Real>(const IntVector& data) -> Model<Real> {
        auto rows = co_yield plate("rows", data.size());
        auto shares = co_yield sample("shares", Dirichlet(Vector{2, 3, 4}).expand(rows));
        co_yield sample("y", Categorical(shares), obs = data);
    };
    const auto shares = fit(model, IntVector{2, 1}).values.get<Matrix>("shares");
    const Matrix expected{{1.0 / 7, 2.0 / 7, 4.0 / 7}, {1.0 / 7, 3.0 / 7, 3.0 / 7}};
    for (std::size_t k = 0; k < 6; ++k) BOOST_TEST(shares.load(k) == expected.load(k), nine_digits);
}

BOOST_AUTO_TEST_CASE(P13_shapes_are_kept_and_the_loss_is_finite) {
    for (const Initializer& init : initializers) {
        AutoDelta guide(everything, init);
        SVI svi(everything, guide, Adam{.lr = 0.01}, TraceELBO{});
        for (int step = 0; step < 5; ++step) BOOST_TEST(std::isfinite(svi.step(y)));
        const auto values = guide.median(y);
        BOOST_TEST(values.get<Vector>("z").size() == 2u);
        BOOST_TEST(values.get<Vector>("shares").size() == 3u);
        BOOST_TEST((values.get<Matrix>("factor").extents() == Extents<2>{2, 2}));
        BOOST_TEST(values.get<Vector>("direction").size() == 3u);
        BOOST_CHECK_NO_THROW(run(everything | condition(values), y)); // inside the supports
    }
}

BOOST_AUTO_TEST_CASE(P16_P17_multivariate_priors_start_at_a_point_that_needs_no_drawing) {
    const auto start = [](const Initializer& init) {
        AutoDelta guide(everything, init);
        return guide.median(y);
    };
    for (const Initializer& init : {Initializer(init_to_feasible), Initializer(init_to_median)}) {
        const auto values = start(init);
        for (const double share : values.get<Vector>("shares")) BOOST_TEST(share == 1.0 / 3, nine_digits);
        BOOST_TEST((values.get<Matrix>("factor") == Matrix{{1, 0}, {0, 1}}));
    }
    BOOST_TEST((start(init_to_feasible).get<Vector>("z") == Vector{0, 0}));
    BOOST_TEST((start(init_to_median).get<Vector>("z") == Vector{1, -2}));
    for (const double x : start(init_to_feasible).get<Vector>("direction"))
        BOOST_TEST(x == 1 / std::sqrt(3.0), nine_digits);
    BOOST_TEST((start(init_to_median).get<Vector>("direction") == Vector{0, 0.6, -0.8})); // as it is for the mean
    const auto mean = start(init_to_mean);
    for (std::size_t k = 0; k < 3; ++k)
        BOOST_TEST((mean.get<Vector>("shares")[k]) == (Vector{2, 3, 4}[k] / 9), nine_digits);
    // The mean of a factor has rows shorter than 1.
    BOOST_TEST((mean.get<Matrix>("factor") == Matrix{{1, 0}, {0, 1}}));
    BOOST_TEST((mean.get<Vector>("direction") == Vector{0, 0.6, -0.8}));
}

BOOST_AUTO_TEST_CASE(all_modes_have_the_same_gradient) {
    Matrix fitted(2, 8);
    for (const Mode mode : {Mode::forward, Mode::reverse}) {
        AutoDelta guide(everything, init_to_uniform({.seed = 3}));
        SVI svi(everything, guide, SGD{.lr = 0.1}, TraceELBO{.mode = mode});
        svi.step(y);
        for (std::size_t k = 0; k < guide.parameters().size(); ++k)
            fitted(mode == Mode::forward, k) = guide.parameters()[k];
    }
    for (std::size_t k = 0; k < 8; ++k) BOOST_TEST(std::fabs(fitted(0, k) - fitted(1, k)) < 1e-12);
}

BOOST_AUTO_TEST_CASE(a_normal_prior_for_a_normal_vector) {
    const auto model = []<Scalar Real>(const Matrix& rows) -> Model<Real> {
        auto loc = co_yield sample("loc", MultivariateNormal(Vector{1, -2}, scale_tril));
        auto data = co_yield plate("data", rows.rows());
        co_yield sample("y", MultivariateNormal(loc, scale_tril), obs = rows);
    };
    // With the same covariance, the prior counts as one more row.
    const auto loc = fit(model, Matrix{{1, 2}, {3, -4}, {0.5, 1}}).values.get<Vector>("loc");
    BOOST_TEST(loc[0] == 5.5 / 4, nine_digits);
    BOOST_TEST(loc[1] == -3.0 / 4, nine_digits);
}

BOOST_AUTO_TEST_CASE(the_mode_of_a_correlation) {
    // n rows with unit variances and the sums s = sum (x^2 + y^2) / 2, c = sum x y: the log density as a function of
    // the correlation r is (eta - 1 - n / 2) log(1 - r^2) - (s - r c) / (1 - r^2), stationary where r (n + 2 - 2 eta)
    // (1 - r^2) + c (1 + r^2) - 2 r s = 0. With eta = 1 + n / 2 the cubic loses its first term.
    const auto model = []<Scalar Real>(const Matrix& rows) -> Model<Real> {
        auto factor = co_yield sample("factor", LKJCholesky(2, 2.5));
        auto data = co_yield plate("data", rows.rows());
        co_yield sample("y", MultivariateNormal(0, factor), obs = rows);
    };
    const double s = (1 + 4 + 9 + 16 + 0.25 + 1) / 2, c = 2 - 12 + 0.5;
    const auto factor = fit(model, Matrix{{1, 2}, {3, -4}, {0.5, 1}}).values.get<Matrix>("factor");
    const double r = factor(1, 0);
    BOOST_TEST(std::fabs(c * (1 + r * r) - 2 * r * s) < 1e-8);
    BOOST_TEST(factor(1, 1) == std::sqrt(1 - r * r), nine_digits);
}

BOOST_AUTO_TEST_CASE(N4_a_direction_is_fitted_by_a_point) {
    // With a uniform prior, exp(3 d . sum of the rows) has its mode in the direction of that sum.
    const auto model = []<Scalar Real>(const Matrix& rows) -> Model<Real> {
        auto direction = co_yield sample("direction", ProjectedNormal(Vector{0, 0, 0}));
        auto data = co_yield plate("data", rows.rows());
        co_yield sample("y", Normal(3.0 * direction, 1).expand(rows.rows(), 3).to_event(1), obs = rows);
    };
    for (const Initializer& init : initializers) {
        const Matrix rows{{1, 2, -1}, {3, -4, 0.5}, {0.5, 1, -1.5}};
        const auto direction = fit_from(model, init, 3000, 0.05, rows).values.get<Vector>("direction");
        const Vector sums{4.5, -1, -2};
        for (std::size_t k = 0; k < 3; ++k) BOOST_TEST(direction[k] == sums[k] / std::sqrt(20.25 + 1 + 4), nine_digits);
    }
    const auto param_model = []<Scalar Real>() -> Model<Real> {
        auto axis = co_yield param("axis", Vector{0.6, -0.8}, support::sphere(2));
        co_yield sample("y", Normal(axis, 1).to_event(1), obs = Vector{5, 12});
    };
    const auto axis = fit(param_model).values.get<Vector>("axis");
    BOOST_TEST(axis[0] == 5.0 / 13, nine_digits);
    BOOST_TEST(axis[1] == 12.0 / 13, nine_digits);
    BOOST_CHECK_EXCEPTION(run(param_model | substitute({{"axis", Vector{0.6, 0.6}}})), Error,
                          (Says{"axis", "vectors of length 1", "the length 0.848528137423857", ""}));
}

BOOST_AUTO_TEST_CASE(errors_name_the_site) {
    const auto model = []<Scalar Real>(const Vector& a, const Vector& x) -> Model<Real> {
        auto shares = co_yield sample("shares", Dirichlet(a), obs = x);
    };
    BOOST_CHECK_EXCEPTION(run(model, Vector{1, -1}, Vector{0.5, 0.5}), Error,
                          (Says{"shares", "concentration of Dirichlet to be positive", "-1 at element 1", ""}));
    BOOST_CHECK_EXCEPTION(run(model, Vector{1, 1}, Vector{0.5, 0.75}), Error,
                          (Says{"shares", "sum to 1, the support of Dirichlet", "the sum 1.25", "Check the data"}));
    const auto latent = []<Scalar Real>() -> Model<Real> { co_yield sample("shares", Dirichlet(Vector{1, 1})); };
    AutoDelta guide(latent, init_to_value({{"shares", Vector{0, 1}}}));
    BOOST_CHECK_EXCEPTION(guide.setup(), Error, (Says{"shares", "a point inside", "[0.00, 1.00]", "init_loc_fn"}));
}
