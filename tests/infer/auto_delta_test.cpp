#include <boost/test/unit_test.hpp>
#include <cmath>
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

namespace {

constexpr auto shapes = []<Scalar Real>() -> Model<Real> {
    co_yield sample("z1", Normal(0, 1));
    co_yield sample("z2", LogNormal(0, 1).expand(2).to_event(1));
    auto three = co_yield plate("three", 3);
    co_yield sample("z3", Beta(2, 2).expand(three));
    co_yield sample("z4", Normal(0, 1).expand(three).mask(IntVector{1, 0, 1}));
};

} // namespace

BOOST_AUTO_TEST_CASE(values_are_the_initial_ones_before_any_step) {
    // Acceptance case P15: whatever init_loc_fn returns.
    const NamedValues given{
        {"z1", 0.3}, {"z2", Vector{1.5, 0.2}}, {"z3", Vector{0.1, 0.5, 0.9}}, {"z4", Vector{1, 2, 3}}};
    AutoDelta guide(shapes, [&](const LatentSite& site) { return given[site.name]; });
    const NamedValues median = guide.median();
    BOOST_REQUIRE(median.size() == 4u);
    for (const auto& [name, hash, value] : given) {
        const Data& found = median[name];
        BOOST_TEST(shape_of(found).str() == shape_of(value).str());
        if (shape_of(value).rank == 0) BOOST_TEST(std::get<double>(found) == std::get<double>(value));
        else
            for (std::size_t k = 0; k < shape_of(value).size(); ++k)
                BOOST_TEST(std::get<Vector>(found)[k] == std::get<Vector>(value)[k],
                           boost::test_tools::tolerance(1e-15));
    }
}

BOOST_AUTO_TEST_CASE(every_init_function_gives_a_finite_loss_and_keeps_the_shapes) {
    // Acceptance case P13, for the distributions there are.
    for (const Initializer& init : {Initializer(init_to_median), Initializer(init_to_mean),
                                    Initializer(init_to_feasible), init_to_sample(1), init_to_uniform({.seed = 2})}) {
        AutoDelta guide(shapes, init);
        SVI svi(shapes, guide, Adam{.lr = 0.01}, TraceELBO{});
        for (int k = 0; k < 3; ++k) BOOST_TEST(std::isfinite(svi.step()));
        const NamedValues median = guide.median();
        BOOST_TEST(shape_of(median["z1"]).str() == "[]");
        BOOST_TEST(shape_of(median["z2"]).str() == "[2]");
        BOOST_TEST(shape_of(median["z3"]).str() == "[3]");
        BOOST_TEST(shape_of(median["z4"]).str() == "[3]");
    }
}

BOOST_AUTO_TEST_CASE(deterministic_sites_follow_from_the_points) {
    // Acceptance case P33.
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto x = co_yield sample("x", Normal(0, 1));
        co_yield deterministic("x2", x * x);
    };
    AutoDelta guide(model, init_to_value({{"x", 3.0}}));
    const NamedValues median = guide.median();
    BOOST_TEST(median.get<double>("x") == 3);
    BOOST_TEST(median.get<double>("x2") == 9);
    BOOST_TEST(median.str() == "{x: 3.00, x2: 9.00}");
}

BOOST_AUTO_TEST_CASE(a_discrete_latent_site_is_refused_with_advice) {
    // Acceptance case N3, at run time; tests/compile_fail has the refusal at compile time.
    const auto model = []<Scalar Real>(Observed<Integer> k) -> Model<Real> {
        auto rate = co_yield sample("rate", Exponential(1));
        co_yield sample("k", Poisson(rate), obs = k);
    };
    AutoDelta guide(model);
    BOOST_CHECK_EXCEPTION(guide.median(absent), Error,
                          (Says{"k", "a continuous latent site", "Poisson, which is discrete", "Sum the site out"}));
    BOOST_TEST(guide.median(Integer(3)).size() == 1u);
}

BOOST_AUTO_TEST_CASE(initial_values_are_checked) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto scale = co_yield sample("scale", Exponential(1));
        co_yield sample("w", Normal(0, scale).expand(3).to_event(1));
    };
    const auto start = [&](NamedValues values) { AutoDelta(model, init_to_value(values, init_to_median)).median(); };
    // N14: outside the support, and on its boundary.
    BOOST_CHECK_EXCEPTION(start({{"scale", -1.0}}), Error,
                          (Says{"scale", "a number that is 0 or more", "-1", "init_loc_fn"}));
    BOOST_CHECK_EXCEPTION(start({{"scale", 0.0}}), Error,
                          (Says{"scale", "not on its boundary", "0.00", "init_loc_fn"}));
    BOOST_CHECK_EXCEPTION(start({{"scale", std::nan("")}}), Error, (Says{"scale", "0 or more", "nan", "init_loc_fn"}));
    // N15: the wrong shape.
    BOOST_CHECK_EXCEPTION(start({{"w", Vector{1, 2}}}), Error, (Says{"w", "shape [3]", "shape [2]", "init_loc_fn"}));
    BOOST_CHECK_EXCEPTION(start({{"w", 1.0}}), Error, (Says{"w", "shape [3]", "the number 1.00", "init_loc_fn"}));
}

BOOST_AUTO_TEST_CASE(a_model_without_latent_sites_is_an_error_or_a_choice) {
    // Acceptance case N26.
    const auto model = []<Scalar Real>() -> Model<Real> { co_yield sample("y", Normal(0, 1), obs = 1.0); };
    AutoDelta guide(model);
    BOOST_CHECK_EXCEPTION(guide.median(), Error, (Says{"", "a model with latent sites", "none", "allow_empty"}));
    AutoDelta empty(model, init_to_median, {.allow_empty = true});
    BOOST_TEST(empty.median().str() == "{}");
    SVI svi(model, empty, Adam{}, TraceELBO{});
    BOOST_TEST(svi.step() == 0.5 + 0.5 * std::log(2 * 3.14159265358979323846), boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(a_latent_set_that_changes_is_reported_by_name) {
    // Acceptance case N25, where Pyro says nothing.
    const auto model = []<Scalar Real>(bool with_b, std::size_t n) -> Model<Real> {
        co_yield sample("a", Normal(0, 1).expand(n).to_event(1));
        if (with_b) co_yield sample("b", Normal(0, 1));
    };
    AutoDelta one(model), two(model);
    one.median(false, 2);
    BOOST_CHECK_EXCEPTION(one.median(true, 2), Error,
                          (Says{"b", "latent sites of the first call: a", "a new latent site", "new guide"}));
    BOOST_CHECK_EXCEPTION(one.median(false, 3), Error,
                          (Says{"a", "shape [2], as in the first call", "shape [3]", "keeps its shape"}));
    two.median(true, 2);
    BOOST_CHECK_EXCEPTION(
        two.median(false, 2), Error,
        (Says{"b", "the latent sites of the first call: a, b", "a run without b; it visited a", "same latent sites"}));
    BOOST_TEST(two.median(true, 2).size() == 2u); // an error changes nothing
}

BOOST_AUTO_TEST_CASE(latent_sites_of_sequential_plates_are_learned) {
    // Acceptance case N11: Pyro refuses them.
    const auto model = []<Scalar Real>(const Vector& y) -> Model<Real> {
        for (auto i : co_yield plate("school", y.size())) {
            auto theta = co_yield sample("theta", Normal(0, 1));
            co_yield sample("y", Normal(theta, 1), obs = y[i]);
        }
    };
    const Vector y{1, 2, 3};
    AutoDelta guide(model);
    SVI svi(model, guide, SGD{.lr = 0.1}, TraceELBO{});
    svi.run(300, y);
    const NamedValues median = guide.median(y);
    BOOST_TEST(median.get<double>("theta[0]") == 0.5, boost::test_tools::tolerance(1e-10));
    BOOST_TEST(median.get<double>("theta[2]") == 1.5, boost::test_tools::tolerance(1e-10));
}

BOOST_AUTO_TEST_CASE(bounds_that_are_latent_are_derived_again_in_each_run) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto top = co_yield sample("top", LogNormal(0, 0.1));
        co_yield sample("x", Uniform(0, top));
        co_yield factor("pull", 5.0 * log(top));
    };
    AutoDelta guide(model);
    SVI svi(model, guide, Adam{.lr = 0.05}, TraceELBO{});
    const double before = guide.median().get<double>("top");
    for (int k = 0; k < 50; ++k) {
        svi.step();
        const NamedValues median = guide.median();
        BOOST_TEST(median.get<double>("x") > 0);
        BOOST_TEST(median.get<double>("x") < median.get<double>("top"));
    }
    BOOST_TEST(guide.median().get<double>("top") != before);
}

BOOST_AUTO_TEST_CASE(an_initializer_that_is_empty_is_refused) {
    AutoDelta guide(shapes, Initializer());
    BOOST_CHECK_EXCEPTION(guide.median(), Error,
                          (Says{"", "an init_loc_fn", "an empty Initializer", "init_to_median"}));
}

BOOST_AUTO_TEST_CASE(a_support_that_depends_on_another_site_moves_with_it) {
    // Acceptance case N24: the support is derived again at every run, so that the point never leaves it.
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto top = co_yield sample("top", LogNormal(0, 1));
        auto y = co_yield sample("y", Uniform(0, top));
        co_yield factor("pull", -10.0 * square(top - 0.2));
        co_yield factor("push", 3.0 * y);
    };
    AutoDelta guide(model, init_to_value({{"top", 5.0}, {"y", 4.9}}));
    SVI svi(model, guide, Adam{.lr = 0.05}, TraceELBO{});
    for (int k = 0; k < 500; ++k) {
        svi.step();
        const NamedValues now = guide.median();
        BOOST_REQUIRE(now.get<double>("y") > 0);
        BOOST_REQUIRE(now.get<double>("y") < now.get<double>("top"));
    }
    BOOST_TEST(guide.median().get<double>("top") < 0.5);
    // Data that leave such a support are an error that says so.
    const auto observed = []<Scalar Real>(const Vector& y) -> Model<Real> {
        auto top = co_yield sample("top", LogNormal(0, 1));
        auto rows = co_yield plate("rows", y.size());
        co_yield sample("y", Uniform(0, top), obs = y);
    };
    AutoDelta outside(observed);
    BOOST_CHECK_EXCEPTION(
        outside.median(Vector{0.5, 3}), Error,
        (Says{"y", "a number from 0 to 1, the support of Uniform", "3 at index [1]", "wider support"}));
}

BOOST_AUTO_TEST_CASE(a_latent_site_that_gets_data_later_is_reported_by_name) {
    // Acceptance case N25.
    const auto model = []<Scalar Real>(Observed<double> y) -> Model<Real> {
        auto x = co_yield sample("x", Normal(0, 1));
        co_yield sample("y", Normal(x, 1), obs = y);
    };
    AutoDelta guide(model);
    guide.median(absent);
    BOOST_CHECK_EXCEPTION(
        guide.median(1.0), Error,
        (Says{"y", "the latent sites of the first call: x, y", "y had a value already", "same latent sites"}));
}
