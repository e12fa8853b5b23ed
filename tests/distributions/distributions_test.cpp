// Log densities and constraints of every distribution on a tape, against forward mode.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>

import modus.autodiff;
import modus.distributions;
import modus.support;

using namespace modus;

#include "../autodiff/modes.hpp"

namespace {

const Vector point{0.3, -0.2, 0.5, 0.7, -1.1, 0.4, 0.25, 0.6, -0.35, 0.1};
const Vector reals{1.5, -0.3, 0.2, 2.5, -1.7, 0.1, 0.9, -2.2, 0.05, 1.1};
const IntVector counts{0, 1, 2, 3, 4, 5, 1, 0, 2, 3};
const IntVector bits{0, 1, 1, 0, 1, 0, 0, 1, 1, 1};

} // namespace

BOOST_AUTO_TEST_CASE(arrays_of_parameters) {
    CHECK_MODES(([](const auto& p) { return Normal(p, exp(p)).log_density(reals); }), point);
    CHECK_MODES(([](const auto& p) { return Normal(p, exp(p)).log_density(sin(p)); }), point);
    CHECK_MODES(([](const auto& p) { return LogNormal(p, exp(p[1])).log_density(exp(p * p)); }), point);
    CHECK_MODES(([](const auto& p) { return HalfNormal(exp(p)).log_density(exp(p + 1.0)); }), point);
    CHECK_MODES(([](const auto& p) { return HalfCauchy(exp(p)).log_density(exp(p * p)); }), point);
    CHECK_MODES(([](const auto& p) { return Cauchy(p, exp(p)).log_density(reals); }), point);
    CHECK_MODES(([](const auto& p) { return StudentT(exp(p) + 1.0, p, exp(p)).log_density(reals); }), point);
    CHECK_MODES(([](const auto& p) { return Exponential(exp(p)).log_density(exp(p * p)); }), point);
    CHECK_MODES(([](const auto& p) { return Gamma(exp(p), exp(p[2])).log_density(exp(p) + 0.1); }), point);
    CHECK_MODES(([](const auto& p) { return Beta(exp(p), exp(p[3])).log_density(sigmoid(p)); }), point);
    CHECK_MODES(([](const auto& p) { return Uniform(p, p + 10.0).log_density(reals); }), point);
    CHECK_MODES(([](const auto& p) { return Bernoulli(sigmoid(p)).log_density(bits); }), point);
    CHECK_MODES(([](const auto& p) { return BernoulliLogits(p).log_density(bits); }), point);
    CHECK_MODES(([](const auto& p) { return Binomial(6, sigmoid(p)).log_density(counts); }), point);
    CHECK_MODES(([](const auto& p) { return BinomialLogits(6, p).log_density(counts); }), point);
    CHECK_MODES(([](const auto& p) { return Poisson(exp(p)).log_density(counts); }), point);
    CHECK_MODES(([](const auto& p) { return Delta(reals).log_density(reals) + sum(p); }), point);
}

BOOST_AUTO_TEST_CASE(scalar_parameters) {
    CHECK_MODES(([](const auto& p) {
                    return Normal(p[0], exp(p[1])).log_density(p[2]) +
                           LogNormal(p[0], exp(p[3])).log_density(exp(p[4])) +
                           HalfCauchy(exp(p[1])).log_density(exp(p[2])) + Gamma(2.0, exp(p[5])).log_density(exp(p[6])) +
                           StudentT(exp(p[7]), p[8], 2.0).log_density(1.5) + Poisson(exp(p[9])).log_density(3.0) +
                           BernoulliLogits(p[0]).log_density(1.0) + Normal(0, 1).log_density(p[1]);
                }),
                point);
}

BOOST_AUTO_TEST_CASE(shapes) {
    const Matrix table{{1, 2, 3, 4, 5}, {-1, -2, -3, -4, -5}};
    CHECK_MODES(([&](const auto& p) { return Normal(p.slice(0, 5), exp(p[9])).expand(2, 5).log_density(table); }),
                point);
    CHECK_MODES(
        ([&](const auto& p) { return Normal(p.reshape(Extents<2>{2, 5}), exp(p[9])).to_event(1).log_density(table); }),
        point);
    CHECK_MODES(([&](const auto& p) {
                    return Normal(0, exp(p[9])).expand(2, 5).mask(IntVector{1, 0, 1, 1, 0}).log_density(table);
                }),
                point);
}

BOOST_AUTO_TEST_CASE(constrained_points) {
    const auto through = [](const auto& distribution, const auto& u) {
        const auto x = distribution.constrain(u);
        return sum(x * x) + distribution.log_abs_det_jacobian(u) + distribution.log_density(x);
    };
    CHECK_MODES(([&](const auto& p) { return through(Normal(p[0], 1.0).expand(10), p); }), point);
    CHECK_MODES(([&](const auto& p) { return through(LogNormal(0, exp(p[0])).expand(10), p); }), point);
    CHECK_MODES(([&](const auto& p) { return through(Beta(2, exp(p[0])).expand(10), p); }), point);
    CHECK_MODES(([&](const auto& p) { return through(Uniform(p[0], p[0] + exp(p[1])).expand(10), p); }), point);
}

BOOST_AUTO_TEST_CASE(a_mask_on_a_regression) {
    const Matrix X{{1, 2}, {3, 4}, {5, 6}, {-1, 0.5}};
    const Vector y{1, std::nan(""), 3, 0.5};
    CHECK_MODES(([&](const auto& p) {
                    return Normal(X * p.slice(0, 2) + p[2], exp(p[3])).mask(IntVector{1, 0, 1, 1}).log_density(y);
                }),
                point);
}
