#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.infer;
import modus.support;
using namespace modus;

namespace {

constexpr auto model = []<Scalar Real>(const Vector& y) -> Model<Real> {
    auto mu = co_yield sample("mu", Normal(0, 2).expand(2).to_event(1));
    auto sigma = co_yield sample("sigma", Gamma(2, 3));
    auto rows = co_yield plate("rows", y.size());
    co_yield sample("y", Normal(mu[0] + mu[1] * 0.5, sigma), obs = y);
};

} // namespace

BOOST_AUTO_TEST_CASE(the_loss_is_minus_the_log_joint_of_a_trace_without_a_jacobian) {
    const Vector y{0.3, -1, 2};
    const NamedValues point{{"mu", Vector{0.4, -0.7}}, {"sigma", 1.3}};
    AutoDelta guide(model, init_to_value(point));
    SVI svi(model, guide, Adam{}, TraceELBO{});
    const double joint = run(model | substitute(point) | trace, y).log_prob_sum();
    BOOST_TEST(svi.evaluate_loss(y) == -joint, boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(the_gradient_is_that_of_the_log_joint_through_the_constraint) {
    const Vector y{0.3, -1, 2};
    AutoDelta guide(model);
    guide.setup(y);
    const Vector u{0.4, -0.7, 0.2};
    const TraceELBO elbo;
    const auto loss = [&]<Scalar Real>(const Array<Real, 1>& x) { return elbo.loss<Real>({}, model, guide, x, y); };
    const auto [value, slope] = value_and_gradient(loss, u);
    const auto at = [&](double a, double b, double c) { return loss(Vector{a, b, c}); };
    BOOST_TEST(value == loss(u), boost::test_tools::tolerance(1e-15));
    const double h = 1e-6;
    const double numeric[] = {(at(u[0] + h, u[1], u[2]) - at(u[0] - h, u[1], u[2])) / (2 * h),
                              (at(u[0], u[1] + h, u[2]) - at(u[0], u[1] - h, u[2])) / (2 * h),
                              (at(u[0], u[1], u[2] + h) - at(u[0], u[1], u[2] - h)) / (2 * h)};
    for (std::size_t k = 0; k < 3; ++k) BOOST_TEST(slope[k] == numeric[k], boost::test_tools::tolerance(1e-8));
}

BOOST_AUTO_TEST_CASE(the_scalars_agree) {
    const Vector y{0.3, -1, 2}, u{0.4, -0.7, 0.2};
    AutoDelta guide(model);
    guide.setup(y);
    const TraceELBO elbo;
    const double plain = elbo.loss<double>({}, model, guide, u, y);
    const auto nested = [&]<Scalar Real>(const Array<Real, 1>& x) { return elbo.loss<Real>({}, model, guide, x, y); };
    const Matrix curvature = hessian(nested, u);
    const auto slopes = [&](const Vector& x) { return gradient(nested, x); };
    for (std::size_t j = 0; j < 3; ++j) {
        Vector left = u, right = u;
        const double h = 1e-5;
        left[j] -= h;
        right[j] += h;
        const Vector numeric = (slopes(right) - slopes(left)) / (2 * h);
        for (std::size_t i = 0; i < 3; ++i)
            BOOST_TEST(curvature(i, j) == numeric[i], boost::test_tools::tolerance(1e-7));
    }
    // Not bit for bit: multiplications and additions fuse differently.
    BOOST_TEST(value_of(elbo.loss<Dual<double, 8>>({}, model, guide, Array<Dual<double, 8>, 1>(u), y)) == plain,
               boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(modes_and_compacted_data_give_the_same_gradient) {
    const auto regression = []<Scalar Real>(const Matrix& X, const Vector& y) -> Model<Real> {
        auto weight = co_yield sample("weight", Normal(0, 10).expand(X.cols()).to_event(1));
        auto bias = co_yield sample("bias", Normal(0, 10));
        auto sigma = co_yield sample("sigma", LogNormal(0, 1));
        auto rows = co_yield plate("rows", X.rows());
        co_yield sample("y", Normal(X * weight + bias, sigma), obs = y);
    };
    Matrix X(500, 5);
    Vector y(500);
    for (std::size_t i = 0; i < 500; ++i) {
        y[i] = std::sin(0.3 * static_cast<double>(i));
        for (std::size_t j = 0; j < 5; ++j) X(i, j) = std::cos(static_cast<double>(i * (j + 1)));
    }
    AutoDelta guide(regression);
    guide.setup(X, y);
    const Vector u{0.1, -0.2, 0.3, -0.4, 0.5, 0.6, 0.7};
    const auto gradient_by = [&](const TraceELBO& elbo) {
        Vector slope(7);
        Recorded recorded;
        const double loss =
            elbo.value_and_gradient(RunOptions{}, regression, guide, u, {slope.data(), 7}, recorded, X, y);
        return std::pair(loss, slope);
    };
    const auto [loss, slope] = gradient_by({.mode = Mode::forward});
    for (const TraceELBO& other : {TraceELBO{}, TraceELBO{.mode = Mode::reverse}, TraceELBO{.compact = true}}) {
        const auto [other_loss, other_slope] = gradient_by(other);
        BOOST_TEST(other_loss == loss, boost::test_tools::tolerance(1e-12));
        for (std::size_t k = 0; k < 7; ++k)
            BOOST_TEST(other_slope.load(k) == slope.load(k), boost::test_tools::tolerance(1e-12));
    }
}
