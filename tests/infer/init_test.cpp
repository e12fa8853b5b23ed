#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <error_parts.hpp>
#include <limits>
#include <string>
#include <variant>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.infer;
import modus.support;
using namespace modus;

namespace {

/// What an initialization gives a site with this distribution.
template <class D> Data initial(const Initializer& initializer, const D& distribution, const std::string& name = "x") {
    const Erased<double, D> erased(distribution);
    return initializer.begin()(LatentSite{name, hash_name(name), erased});
}
template <class D> double number(const Initializer& initializer, const D& distribution) {
    return std::get<double>(initial(initializer, distribution));
}

const auto tolerance = boost::test_tools::tolerance(1e-13);

} // namespace

BOOST_AUTO_TEST_CASE(feasible_points_do_not_depend_on_the_prior) {
    // Acceptance case P16.
    BOOST_TEST(number(init_to_feasible, Normal(1.9, 1.9)) == 0);
    BOOST_TEST(number(init_to_feasible, LogNormal(1.9, 1.9)) == 1);
    BOOST_TEST(number(init_to_feasible, HalfNormal(1.9)) == 1);
    BOOST_TEST(number(init_to_feasible, Beta(1.9, 1.9)) == 0.5);
    BOOST_TEST(number(init_to_feasible, Uniform(-1.9, 3.9)) == 1.0, tolerance);
    const Data three = initial(init_to_feasible, Normal(1.9, 1.9).expand(3));
    BOOST_TEST((std::get<Vector>(three) == Vector{0, 0, 0}));
}

BOOST_AUTO_TEST_CASE(medians_are_exact_and_the_same_every_time) {
    // Acceptance case P17. The Gamma's is the solution of P(2.5, 3 x) = 1/2.
    BOOST_TEST(number(init_to_median, Normal(1.5, 2)) == 1.5, tolerance);
    BOOST_TEST(number(init_to_median, Cauchy(-1.5, 2)) == -1.5, tolerance);
    BOOST_TEST(number(init_to_median, LogNormal(1.5, 2)) == std::exp(1.5), tolerance);
    BOOST_TEST(number(init_to_median, HalfCauchy(2)) == 2, tolerance);
    BOOST_TEST(number(init_to_median, Exponential(2)) == std::log(2) / 2, tolerance);
    BOOST_TEST(number(init_to_median, Gamma(2.5, 3)) == 0.72524336518258759, tolerance);
    BOOST_TEST(number(init_to_median, Gamma(2.5, 3)) == number(init_to_median, Gamma(2.5, 3)));
}

BOOST_AUTO_TEST_CASE(means_fall_back_on_the_median_where_they_are_undefined_or_infinite) {
    BOOST_TEST(number(init_to_mean, Gamma(2.5, 3)) == 2.5 / 3, tolerance);
    BOOST_TEST(number(init_to_mean, Beta(2, 3)) == 0.4, tolerance);
    BOOST_TEST(number(init_to_mean, Cauchy(1.5, 2)) == 1.5, tolerance); // P18
    BOOST_TEST(number(init_to_mean, HalfCauchy(2)) == 2, tolerance);    // P19
    BOOST_TEST(number(init_to_mean, StudentT(0.5, 3, 1)) == 3, tolerance);
}

BOOST_AUTO_TEST_CASE(draws_are_reproducible_and_inside_the_support) {
    const auto first = initial(init_to_sample(1), Gamma(2, 1).expand(50));
    BOOST_TEST((first == initial(init_to_sample(1), Gamma(2, 1).expand(50))));
    BOOST_TEST((first != initial(init_to_sample(2), Gamma(2, 1).expand(50))));
    BOOST_TEST((first != initial(init_to_sample(1), Gamma(2, 1).expand(50), "y")));
    for (const double x : std::get<Vector>(first)) BOOST_TEST(x > 0);
}

BOOST_AUTO_TEST_CASE(uniform_starts_within_the_radius_of_unconstrained_space) {
    const auto values =
        std::get<Vector>(initial(init_to_uniform({.radius = 0.5, .seed = 3}), LogNormal(50, 1).expand(200)));
    double low = 10, high = -10;
    for (const double x : values) {
        low = std::min(low, std::log(x));
        high = std::max(high, std::log(x));
    }
    BOOST_TEST(low > -0.5);
    BOOST_TEST(high < 0.5);
    BOOST_TEST(low < -0.4); // 200 draws leave no wide gap at the ends
    BOOST_TEST(high > 0.4);
    BOOST_CHECK_EXCEPTION(init_to_uniform({.radius = -1}), Error, (Says{"", "a positive radius", "-1", "2"}));
}

BOOST_AUTO_TEST_CASE(given_values_then_the_fallback) {
    // Acceptance case P20.
    const auto init = init_to_value({{"x", 0.7}});
    BOOST_TEST(std::get<double>(initial(init, Normal(5, 1), "x")) == 0.7);
    const double other = std::get<double>(initial(init, Normal(5, 1), "y"));
    BOOST_TEST(std::fabs(other) < 2); // uniform
    BOOST_TEST(std::get<double>(initial(init_to_value({{"x", 0.7}}, init_to_median), Normal(5, 1), "y")) == 5);
    BOOST_CHECK_EXCEPTION(initial(init_to_value({{"x", 0.7}}, Initializer()), Normal(5, 1), "y"), Error,
                          (Says{"y", "an initial value", "none in init_to_value", "fallback"}));
    // A name without a site is not passed over.
    const auto model = []<Scalar Real>() -> Model<Real> {
        co_yield sample("x", Normal(0, 1));
        co_yield sample("y", Normal(0, 1), obs = 1.0);
    };
    for (const std::string name : {"xx", "y"}) {
        AutoDelta guide(model, init_to_value({{name, 0.7}}, init_to_value({{"x", 0.5}})));
        BOOST_CHECK_EXCEPTION(
            guide.setup(), Error,
            (Says{name, "one of the latent sites: x", "no site of this name in init_to_value", "Check the spelling"}));
    }
    AutoDelta guide(model, init_to_value({}, init_to_value({{"x", 0.5}})));
    BOOST_TEST(value_as<double>(guide.get("x")) == 0.5);
}

BOOST_AUTO_TEST_CASE(generated_once_for_each_initialization) {
    // Acceptance case P21.
    int calls = 0;
    const auto init = init_to_generated([&calls] {
        ++calls;
        return init_to_value({{"x", static_cast<double>(calls)}});
    });
    for (int k = 1; k <= 5; ++k) {
        const auto choose = init.begin();
        const Erased<double, Normal<double, double>> erased(Normal(0, 1));
        BOOST_TEST(std::get<double>(choose(LatentSite{"x", hash_name("x"), erased})) == k);
        BOOST_TEST(std::get<double>(choose(LatentSite{"x", hash_name("x"), erased})) == k);
    }
    BOOST_TEST(calls == 5);
    // The same in fits.
    const auto model = []<Scalar Real>() -> Model<Real> { co_yield sample("x", Normal(0, 1)); };
    for (int k = 6; k <= 10; ++k) {
        AutoDelta guide(model, init);
        BOOST_TEST(guide.median().get<double>("x") == k);
        BOOST_TEST(guide.median().get<double>("x") == k);
    }
    BOOST_TEST(calls == 10);
}

BOOST_AUTO_TEST_CASE(params_and_sites_of_loops_start_where_their_names_say) {
    const auto model = []<Scalar Real>(const IntVector& rows) -> Model<Real> {
        co_yield param("w", 0.0);
        co_yield param("v", 0.5);
        for ([[maybe_unused]] auto i : co_yield plate("rows", 4, {.subsample = rows}))
            co_yield sample("z", Normal(0, 1));
    };
    AutoDelta guide(model, init_to_value({{"w", 3.0}, {"z[2]", 5.0}, {"z[0]", 1.0}}, init_to_median));
    guide.setup(IntVector{0, 1});
    BOOST_TEST(guide.unconstrained("w")[0] == 3);
    BOOST_TEST(guide.unconstrained("v")[0] == 0.5);
    BOOST_TEST(guide.unconstrained("z[0]")[0] == 1);
    BOOST_TEST(guide.unconstrained("z[1]")[0] == 0);
    BOOST_TEST(guide.unconstrained("z[2]")[0] == 5); // not visited yet
    BOOST_TEST(guide.unconstrained("z[3]")[0] == 0);
}
