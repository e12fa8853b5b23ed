#include <boost/test/unit_test.hpp>
#include <cmath>
#include <error_parts.hpp>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <vector>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.infer;
import modus.support;
using namespace modus;

namespace {

/// Acceptance case P32: five binomial counts of 1000 trials.
constexpr auto counts = []<Scalar Real>(Observed<IntVector> k) -> Model<Real> {
    auto p = co_yield sample("p", Beta(1, 1));
    co_yield deterministic("odds", p / (1.0 - p));
    auto rows = co_yield plate("rows", 5);
    co_yield sample("k", Binomial(1000, p), obs = k);
};
const IntVector seen{700, 690, 710, 702, 698};

} // namespace

BOOST_AUTO_TEST_CASE(data_to_come_at_the_points_of_a_fit) {
    AutoDelta guide(counts);
    SVI svi(counts, guide, Adam{.lr = 0.05, .lr_decay = 0.99}, TraceELBO{});
    svi.run(1000, seen);
    const Draws draws = Predictive(counts, guide, 200, {.seed = 1})(absent);
    BOOST_REQUIRE(draws.size() == 200u);
    const Vector mean = value_as<Vector>(draws.mean("k"));
    BOOST_REQUIRE(mean.size() == 5u);
    // The standard deviation of a mean of 200 is 14.5 / sqrt(200) = 1.02.
    for (const double m : mean) BOOST_TEST(std::fabs(m - 700) < 5);
    BOOST_TEST(draws.get<IntMatrix>("k").rows() == 200u);
    const Vector p = draws.get<Vector>("p");
    for (const double x : p) BOOST_TEST(x == p[0]); // a point
    BOOST_TEST(draws.get<Vector>("odds")[7] == p[0] / (1 - p[0]), boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(draws_of_the_prior) {
    const Draws draws = Predictive(counts, 4000, {.seed = 2})(absent);
    // p is uniform: mean 1/2, standard deviation of the mean 0.289 / sqrt(4000) = 0.0046.
    BOOST_TEST(std::fabs(value_as<double>(draws.mean("p")) - 0.5) < 0.023);
}

BOOST_AUTO_TEST_CASE(draws_at_given_samples) {
    const std::vector<NamedValues> samples{NamedValues{{"p", 0.1}}, NamedValues{{"p", 0.9}}};
    const Draws draws = Predictive(counts, samples, 4, {.seed = 2})(absent);
    BOOST_TEST((draws.get<Vector>("p") == Vector{0.1, 0.9, 0.1, 0.9}));
    BOOST_TEST(draws.get<IntMatrix>("k")(0, 0) < 200);
    BOOST_TEST(draws.get<IntMatrix>("k")(1, 0) > 800);
    BOOST_TEST(draws.get<IntMatrix>("k")(0, 0) != draws.get<IntMatrix>("k")(2, 0));
    const std::vector<NamedValues> wrong{NamedValues{{"q", 0.1}}};
    BOOST_CHECK_EXCEPTION(Predictive(counts, wrong, 4)(absent), Error,
                          (Says{"q", "one of the sites of the model", "no site of this name", "same model"}));
}

BOOST_AUTO_TEST_CASE(the_number_of_threads_does_not_change_the_draws) {
    const auto draw = [](std::size_t threads) {
        const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
        return Predictive(counts, 300, {.seed = 5})(absent).get<IntMatrix>("k");
    };
    const IntMatrix one = draw(1);
    for (const std::size_t threads : {2, 3, 8}) BOOST_TEST((draw(threads) == one));
    BOOST_TEST(!(Predictive(counts, 300, {.seed = 6})(absent).get<IntMatrix>("k") == one));
}

BOOST_AUTO_TEST_CASE(draws_are_made_where_a_loop_around_them_is_cancelled) {
    const IntMatrix expected = Predictive(counts, 30, {.seed = 5})(absent).get<IntMatrix>("k");
    tbb::task_group_context context;
    bool is_same = false;
    tbb::parallel_for(
        0, 1,
        [&](int) {
            context.cancel_group_execution(); // as where another of its iterations throws
            is_same = Predictive(counts, 30, {.seed = 5})(absent).get<IntMatrix>("k") == expected;
        },
        context);
    BOOST_TEST(is_same);
}

BOOST_AUTO_TEST_CASE(errors_name_the_site_whatever_the_thread) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto x = co_yield sample("x", Normal(0, 1));
        co_yield sample("y", Normal(0, x));
    };
    BOOST_CHECK_EXCEPTION(Predictive(model, 50)(), Error, (Says{"y", "positive", "", ""}));
    BOOST_CHECK_EXCEPTION(Predictive(model, 0), Error, (Says{"", "at least one draw", "n = 0", ""}));
    BOOST_CHECK_EXCEPTION(Predictive(counts, 3)(absent).stacked("q"), Error, (Says{"q", "one of: p, odds, k", "", ""}));
}

// Found by a reader: runs in several threads shared a handler that was an lvalue.
BOOST_AUTO_TEST_CASE(handlers_that_are_used_in_place_are_copied_for_each_thread) {
    condition fixed({{"p", 0.25}});
    substitute also({{"p", 0.25}});
    const auto model = counts | fixed;
    for (int repeat = 0; repeat < 5; ++repeat)
        for (const double p : Predictive(model, 2000, {.seed = 3})(absent).get<Vector>("p")) BOOST_REQUIRE(p == 0.25);
    const auto other = counts | also;
    for (const double p : Predictive(other, 2000, {.seed = 3})(absent).get<Vector>("p")) BOOST_REQUIRE(p == 0.25);
}

// Found by a reader: the points of a fit could not be given as samples where a plate is subsampled.
BOOST_AUTO_TEST_CASE(samples_as_large_as_a_plate_serve_a_part_of_it) {
    const auto model = []<Scalar Real>(Observed<Vector> y) -> Model<Real> {
        auto rows = co_yield plate("rows", 6, {.subsample = IntVector{4, 1}});
        auto z = co_yield sample("z", Normal(0, 1).expand(rows));
        auto w = co_yield sample("w", Normal(0, 1).expand(rows.size(), 2).to_event(1));
        co_yield sample("y", Normal(z, 1), obs = rows.subsample(y));
    };
    const std::vector<NamedValues> samples{
        {{"z", Vector{0, 10, 20, 30, 40, 50}}, {"w", Matrix{{0, 0}, {1, -1}, {2, -2}, {3, -3}, {4, -4}, {5, -5}}}}};
    const Draws draws = Predictive(model, samples, 3)(absent);
    BOOST_TEST((draws[2].get<Vector>("z") == Vector{40, 10}));
    BOOST_TEST((draws[2].get<Matrix>("w") == Matrix{{4, -4}, {1, -1}}));
    const std::vector<NamedValues> wrong{{{"z", Vector{1, 2, 3}}}};
    BOOST_CHECK_EXCEPTION(Predictive(model, wrong, 1)(absent), Error, (Says{"z", "shape [2]", "shape [3]", ""}));
}
