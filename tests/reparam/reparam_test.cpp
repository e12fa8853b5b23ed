#include <boost/test/unit_test.hpp>
#include <cmath>
#include <error_parts.hpp>
#include <string>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.infer;
import modus.reparam;
import modus.support;
using namespace modus;

namespace {

const Vector y{28, 8, -3, 7, -1, 1, 18, 12}, error{15, 10, 16, 11, 9, 11, 10, 18};

constexpr auto centred = []<Scalar Real>() -> Model<Real> {
    auto mu = co_yield sample("mu", Normal(0, 5));
    auto tau = co_yield sample("tau", HalfCauchy(5));
    auto school = co_yield plate("school", error.size());
    auto theta = co_yield sample("theta", Normal(mu, tau).expand(school));
    co_yield sample("y", Normal(theta, error), obs = y);
};
constexpr auto non_centred = []<Scalar Real>() -> Model<Real> {
    auto mu = co_yield sample("mu", Normal(0, 5));
    auto tau = co_yield sample("tau", HalfCauchy(5));
    auto school = co_yield plate("school", error.size());
    auto z = co_yield sample("theta_decentered", Normal(0, 1).expand(school));
    auto theta = co_yield deterministic("theta", mu + tau * z);
    co_yield sample("y", Normal(theta, error), obs = y);
};

} // namespace

BOOST_AUTO_TEST_CASE(a_centred_model_becomes_the_non_centred_one) {
    const auto model = centred | reparam({{"theta", LocScaleReparam{}}});
    const NamedValues at{{"mu", 4.0}, {"tau", 3.0}, {"theta_decentered", Vector{1, 0, -1, 2, 0.5, 0.1, 0.2, 0.3}}};
    const Trace ours = run(model | substitute(at) | trace), by_hand = run(non_centred | substitute(at) | trace);
    BOOST_TEST(ours.log_prob_sum() == by_hand.log_prob_sum(), boost::test_tools::tolerance(1e-15));
    BOOST_TEST((ours.get<Vector>("theta") == by_hand.get<Vector>("theta")));
    BOOST_TEST(static_cast<int>(ours["theta"].kind) == static_cast<int>(Kind::deterministic));
    BOOST_TEST(ours["theta_decentered"].batch_shape.str() == "[8]");
}

BOOST_AUTO_TEST_CASE(both_fit_to_the_same_point) {
    const auto fit = [](const auto& model) {
        AutoDelta guide(model);
        SVI svi(model, guide, Adam{.lr = 0.05, .lr_decay = 0.998}, TraceELBO{});
        svi.run(4000);
        return guide.median();
    };
    const NamedValues ours = fit(centred | reparam({{"theta", LocScaleReparam{}}})), by_hand = fit(non_centred);
    BOOST_TEST(ours.get<double>("mu") == by_hand.get<double>("mu"), boost::test_tools::tolerance(1e-10));
    BOOST_TEST(ours.get<double>("tau") == by_hand.get<double>("tau"), boost::test_tools::tolerance(1e-10));
    for (std::size_t k = 0; k < 8; ++k)
        BOOST_TEST(ours.get<Vector>("theta")[k] == by_hand.get<Vector>("theta")[k],
                   boost::test_tools::tolerance(1e-10));
}

BOOST_AUTO_TEST_CASE(partly_centred_sites_have_the_density_of_the_change_of_variables) {
    // p(theta) d theta = p(z) d z with theta = loc + scale^(1-c) (z - c loc), in scalars, for three families.
    const auto check = [](const auto& distribution, double c, double loc, double scale) {
        const auto model = [&]<Scalar Real>() -> Model<Real> { co_yield sample("x", distribution); };
        const double z = 0.7, x = loc + std::pow(scale, 1 - c) * (z - c * loc);
        const Trace plain = run(model | substitute({{"x", x}}) | trace);
        const Trace ours =
            run(model | reparam({{"x", LocScaleReparam{c}}}) | substitute({{"x_decentered", z}}) | trace);
        BOOST_TEST(ours.get<double>("x") == x, boost::test_tools::tolerance(1e-14));
        BOOST_TEST(ours.log_prob_sum() == plain.log_prob_sum() + (1 - c) * std::log(scale),
                   boost::test_tools::tolerance(1e-13));
    };
    for (const double c : {0.0, 0.3, 1.0}) {
        check(Normal(1.5, 0.4), c, 1.5, 0.4);
        check(Cauchy(1.5, 0.4), c, 1.5, 0.4);
        check(StudentT(3, 1.5, 0.4), c, 1.5, 0.4);
    }
}

BOOST_AUTO_TEST_CASE(a_log_normal_site_becomes_a_normal_one) {
    const auto model = []<Scalar Real>() -> Model<Real> { co_yield sample("s", LogNormal(0.5, 2)); };
    const Trace t = run(model | reparam({{"s", TransformReparam{}}}) | substitute({{"s_base", 0.3}}) | trace);
    BOOST_TEST(t.get<double>("s") == std::exp(0.3));
    BOOST_TEST(t["s_base"].distribution == "Normal");
    // The mode of the base is the median of s: exp(0.5), not exp(0.5 - 4).
    AutoDelta guide(model | reparam({{"s", TransformReparam{}}}));
    SVI svi(guide.model(), guide, Adam{.lr = 0.1, .lr_decay = 0.99}, TraceELBO{});
    svi.run(2000);
    BOOST_TEST(guide.median().get<double>("s") == std::exp(0.5), boost::test_tools::tolerance(1e-8));
}

BOOST_AUTO_TEST_CASE(the_sites_of_a_loop_are_reparameterized_together) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        for (auto i : co_yield plate("school", 2)) co_yield sample("theta", Normal(static_cast<double>(i), 2));
    };
    const Trace t = run(model | reparam({{"theta", LocScaleReparam{}}}) |
                        substitute({{"theta_decentered[0]", 1.0}, {"theta_decentered[1]", 2.0}}) | trace);
    BOOST_TEST(t.get<double>("theta[0]") == 2);
    BOOST_TEST(t.get<double>("theta[1]") == 5);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_reparameterized_is_refused) {
    const auto gamma = []<Scalar Real>() -> Model<Real> { co_yield sample("g", Gamma(2, 1)); };
    BOOST_CHECK_EXCEPTION(run(gamma | reparam({{"g", LocScaleReparam{}}}) | seed(1)), Error,
                          (Says{"g", "Normal, Cauchy or StudentT", "Gamma", "LocScaleReparam knows"}));
    BOOST_CHECK_EXCEPTION(run(gamma | reparam({{"g", TransformReparam{}}}) | seed(1)), Error,
                          (Says{"g", "LogNormal", "Gamma", "TransformReparam knows"}));
    BOOST_CHECK_EXCEPTION(run(gamma | reparam({{"h", LocScaleReparam{}}}) | seed(1)), Error,
                          (Says{"h", "one of the sites that reach reparam: g", "no site of this name", "spelling"}));
    BOOST_CHECK_EXCEPTION(reparam({{"g", LocScaleReparam{1.5}}}), Error,
                          (Says{"g", "centered from 0 to 1", "1.5", ""}));
    BOOST_CHECK_EXCEPTION(run(centred | condition({{"theta", y}}) | reparam({{"theta", LocScaleReparam{}}}) | seed(1)),
                          Error, (Says{"theta", "a latent site to reparameterize", "a value already", ""}));
}

BOOST_AUTO_TEST_CASE(handlers_inside_see_the_site_as_it_was) {
    const auto model = []<Scalar Real>() -> Model<Real, Real> {
        auto theta = co_yield sample("theta", Normal(1, 2));
        co_yield sample("y", Normal(theta, 1), obs = 0.5);
        co_return theta;
    };
    // An intervention further in wins over what reparam makes of the site.
    const auto intervened = model | do_({{"theta", 9.0}}) | reparam({{"theta", LocScaleReparam{}}});
    BOOST_TEST(run(intervened | seed(3)) == 9);
    const Trace t = run(model | trace | reparam({{"theta", LocScaleReparam{}}}) | seed(3));
    BOOST_TEST(static_cast<int>(t["theta"].kind) == static_cast<int>(Kind::sample));
    BOOST_TEST(static_cast<int>(t["theta"].provenance) == static_cast<int>(Provenance::sampled));
}

BOOST_AUTO_TEST_CASE(the_mask_of_a_distribution_stays) {
    const NamedValues at{{"x_decentered", Vector{0.5, -1, 2}}};
    const auto model = []<Scalar Real>(const IntVector& mask) -> Model<Real> {
        auto rows = co_yield plate("rows", 3);
        co_yield sample("x", Normal(1, 2).expand(rows).mask(mask));
    };
    const auto density = [&](const IntVector& mask) {
        return run(model | reparam({{"x", LocScaleReparam{}}}) | substitute(at) | trace, mask).log_prob_sum();
    };
    const double half_log_2pi = 0.91893853320467274178;
    BOOST_TEST(density({1, 1, 1}) == -0.5 * (0.25 + 1 + 4) - 3 * half_log_2pi, boost::test_tools::tolerance(1e-15));
    BOOST_TEST(density({1, 0, 1}) == -0.5 * (0.25 + 4) - 2 * half_log_2pi, boost::test_tools::tolerance(1e-15));
    BOOST_TEST(density({0, 0, 0}) == 0);
    const auto one = []<Scalar Real>() -> Model<Real> { co_yield sample("x", LogNormal(1, 2).mask(false)); };
    BOOST_TEST(run(one | reparam({{"x", TransformReparam{}}}) | seed(1) | trace).log_prob_sum() == 0);
}
