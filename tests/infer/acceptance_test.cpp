// MAP estimates with closed forms, in constrained space.
#include <boost/test/unit_test.hpp>
#include <cmath>

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
const IntVector tosses{1, 1, 1, 1, 1, 1, 0, 0, 0, 0};

constexpr auto beta_bernoulli = []<Scalar Real>(const IntVector& y) -> Model<Real> {
    auto f = co_yield sample("f", Beta(10, 10));
    auto rows = co_yield plate("rows", y.size());
    co_yield sample("y", Bernoulli(f), obs = y);
};

} // namespace

BOOST_AUTO_TEST_CASE(P1_beta_bernoulli) {
    const Fitted map = fit(beta_bernoulli, tosses);
    BOOST_TEST(map.values.get<double>("f") == 15.0 / 28, nine_digits);
    BOOST_TEST(map.loss == 5.60040239, nine_digits);
    AutoDelta guide(beta_bernoulli, init_to_value({{"f", 0.5}}));
    SVI svi(beta_bernoulli, guide, Adam{}, TraceELBO{});
    BOOST_TEST(svi.evaluate_loss(tosses) == 5.67189183, nine_digits);
}

BOOST_AUTO_TEST_CASE(P4_maximum_likelihood_by_masking_the_prior) {
    const auto model = []<Scalar Real>(const IntVector& y) -> Model<Real> {
        auto f = co_yield sample("f", Beta(10, 10).mask(false));
        auto rows = co_yield plate("rows", y.size());
        co_yield sample("y", Bernoulli(f), obs = y);
    };
    const Fitted mle = fit(model, tosses);
    BOOST_TEST(mle.values.get<double>("f") == 0.6, nine_digits);
    BOOST_TEST(mle.loss == 6.73011667, nine_digits);
}

BOOST_AUTO_TEST_CASE(P5_a_uniform_prior_is_maximum_likelihood) {
    const auto model = []<Scalar Real>(const IntVector& y) -> Model<Real> {
        auto f = co_yield sample("f", Uniform(0, 1));
        auto rows = co_yield plate("rows", y.size());
        co_yield sample("y", Bernoulli(f), obs = y);
    };
    BOOST_TEST(fit(model, tosses).values.get<double>("f") == 0.6, nine_digits);
}

BOOST_AUTO_TEST_CASE(P6_log_normal_has_its_mode_at_exp_minus_one) {
    const auto model = []<Scalar Real>() -> Model<Real> { co_yield sample("y", LogNormal(0, 1)); };
    BOOST_TEST(fit(model).values.get<double>("y") == std::exp(-1), nine_digits);
}

BOOST_AUTO_TEST_CASE(P7_normal_normal) {
    const auto model = []<Scalar Real>(const Vector& y) -> Model<Real> {
        auto loc = co_yield sample("loc", Normal(0, 1));
        auto rows = co_yield plate("rows", y.size());
        co_yield sample("y", Normal(loc, 1), obs = y);
    };
    const Vector y{0.7, -1.3, 2.9, 4.1, 0.2};
    BOOST_TEST(fit(model, y).values.get<double>("loc") == sum(y) / 6, nine_digits);
}

BOOST_AUTO_TEST_CASE(P8_ridge) {
    const auto model = []<Scalar Real>(const Vector& x, const Vector& y) -> Model<Real> {
        auto a = co_yield sample("a", Normal(0, 2));
        auto b = co_yield sample("b", Normal(0, 2));
        auto rows = co_yield plate("rows", y.size());
        co_yield sample("y", Normal(a + b * x, 1), obs = y);
    };
    const Fitted map = fit(model, Vector{0, 1, 2, 3}, Vector{1, 3, 2, 5});
    // (X'X + I/4)^-1 X'y
    BOOST_TEST(map.values.get<double>("a") == 24.75 / 24.5625, nine_digits);
    BOOST_TEST(map.values.get<double>("b") == 27.5 / 24.5625, nine_digits);
}

BOOST_AUTO_TEST_CASE(P9_mean_and_sigma_with_flat_priors) {
    const auto model = []<Scalar Real>(const Vector& y) -> Model<Real> {
        auto mu = co_yield sample("mu", Uniform(-10, 10));
        auto sigma = co_yield sample("sigma", Uniform(0, 10));
        auto rows = co_yield plate("rows", y.size());
        co_yield sample("y", Normal(mu, sigma), obs = y);
    };
    const Fitted map = fit(model, Vector{1, 2, 3, 4});
    BOOST_TEST(map.values.get<double>("mu") == 2.5, nine_digits);
    BOOST_TEST(map.values.get<double>("sigma") == 1.1180339887498949, nine_digits); // sqrt(5/4), no Jacobian
}

BOOST_AUTO_TEST_CASE(P11_gamma_poisson) {
    const auto model = []<Scalar Real>(const IntVector& y) -> Model<Real> {
        auto rate = co_yield sample("rate", Gamma(2, 1));
        auto rows = co_yield plate("rows", y.size());
        co_yield sample("y", Poisson(rate), obs = y);
    };
    BOOST_TEST(fit(model, IntVector{3, 5, 4}).values.get<double>("rate") == 3.25, nine_digits);
}

BOOST_AUTO_TEST_CASE(P34_control_flow_on_values) {
    // A square root by Newton's iteration inside the model: the mode of x is where its root is 1.5.
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto x = co_yield sample("x", LogNormal(0, 1).mask(false));
        Real root = x;
        while (abs(root * root - x) > 1e-14 * x) root = 0.5 * (root + x / root);
        co_yield sample("y", Normal(root, 0.1), obs = 1.5);
    };
    BOOST_TEST(fit(model).values.get<double>("x") == 2.25, nine_digits);
}

BOOST_AUTO_TEST_CASE(the_regression_of_the_design) {
    // The independent optimum is from tests/reference/linear_regression.py; the example fits the same data from a file.
    constexpr auto model = []<Scalar Real>(const Matrix& X, Observed<Vector> y) -> Model<Real> {
        auto weight = co_yield sample("weight", Normal(0, 10).expand(X.cols()).to_event(1));
        auto bias = co_yield sample("bias", Normal(0, 10));
        auto sigma = co_yield sample("sigma", LogNormal(0, 1));
        auto rows = co_yield plate("data", X.rows());
        co_yield sample("obs", Normal(X * weight + bias, sigma), obs = y);
    };
    const Vector mpg{21,   21,   22.8, 21.4, 18.7, 18.1, 14.3, 24.4, 22.8, 19.2, 17.8, 16.4, 17.3, 15.2, 10.4, 10.4,
                     14.7, 32.4, 30.4, 33.9, 21.5, 15.5, 15.2, 13.3, 19.2, 27.3, 26,   30.4, 15.8, 19.7, 15,   21.4};
    const Vector wt{2.62,  2.875, 2.32,  3.215, 3.44,  3.46,  3.57, 3.19,  3.15,  3.44,  3.44,
                    4.07,  3.73,  3.78,  5.25,  5.424, 5.345, 2.2,  1.615, 1.835, 2.465, 3.52,
                    3.435, 3.84,  3.845, 1.935, 2.14,  1.513, 3.17, 2.77,  3.57,  2.78};
    const Vector hp{110, 110, 93, 110, 175, 105, 245, 62,  95,  123, 123, 180, 180, 180, 205, 215,
                    230, 66,  52, 65,  97,  150, 150, 245, 175, 66,  91,  113, 264, 175, 335, 109};
    const Vector qsec{16.46, 17.02, 18.61, 19.44, 17.02, 20.22, 15.84, 20,    22.9, 18.3,  18.9,
                      17.4,  17.6,  18,    17.98, 17.82, 17.42, 19.47, 18.52, 19.9, 20.01, 16.87,
                      17.3,  15.41, 17.05, 18.9,  16.7,  16.9,  14.5,  15.5,  14.6, 18.6};
    const auto standardized = [](const Vector& x) {
        const Vector centred = x - mean(x);
        return Vector(centred / std::sqrt(dot(centred, centred) / static_cast<double>(x.size() - 1)));
    };
    const Matrix X =
        concatenate(concatenate(standardized(wt), standardized(hp)), standardized(qsec)).reshape(Extents<2>{32, 3});
    const Fitted map = fit(model, X, standardized(mpg));
    const Vector weight = map.values.get<Vector>("weight");
    const auto close = boost::test_tools::tolerance(1e-8);
    BOOST_TEST(weight[0] == -0.70756262326664245, close);
    BOOST_TEST(weight[1] == -0.20281812188381681, close);
    BOOST_TEST(weight[2] == 0.15141327275133842, close);
    BOOST_TEST(std::fabs(map.values.get<double>("bias")) < 1e-10);
    BOOST_TEST(map.values.get<double>("sigma") == 0.39957032889012235, close);
    BOOST_TEST(map.loss == 29.402925534880514, boost::test_tools::tolerance(1e-13));
}
