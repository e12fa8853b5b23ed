#include <boost/test/unit_test.hpp>
#include <cmath>
#include <error_parts.hpp>
#include <thread>
#include <vector>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.infer;
import modus.support;
using namespace modus;

namespace {

constexpr auto location = []<Scalar Real>(const Vector& y) -> Model<Real> {
    auto mu = co_yield sample("mu", Normal(0, 1));
    auto rows = co_yield plate("rows", y.size());
    co_yield sample("y", Normal(mu, 1), obs = y);
};

const Vector data{1, 2, 4};

} // namespace

BOOST_AUTO_TEST_CASE(a_step_returns_the_loss_before_it_and_moves_the_point) {
    AutoDelta guide(location);
    SVI svi(location, guide, SGD{.lr = 0.1}, TraceELBO{});
    const double before = svi.evaluate_loss(data);
    BOOST_TEST(svi.step(data) == before, boost::test_tools::tolerance(1e-15));
    // d loss / d mu at 0 is -sum(y) = -7
    BOOST_TEST(guide.median(data).get<double>("mu") == 0.7, boost::test_tools::tolerance(1e-14));
    BOOST_TEST(svi.evaluate_loss(data) < before);
}

BOOST_AUTO_TEST_CASE(run_returns_the_losses) {
    AutoDelta guide(location);
    SVI svi(location, guide, SGD{.lr = 0.1}, TraceELBO{});
    const SVIResult result = svi.run(100, data);
    BOOST_REQUIRE(result.losses.size() == 100u);
    BOOST_TEST(result.losses[0] > result.losses[99]);
    BOOST_TEST(guide.median(data).get<double>("mu") == 1.75, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(twice_the_same_fit_gives_the_same_bits_also_in_two_threads) {
    const auto fit = [] {
        AutoDelta guide(location, init_to_sample(3));
        SVI svi(location, guide, Adam{.lr = 0.1}, TraceELBO{});
        svi.run(200, data);
        return guide.median(data).get<double>("mu");
    };
    const double alone = fit();
    double first = 0, second = 0;
    std::thread one([&] { first = fit(); });
    std::thread two([&] { second = fit(); });
    one.join();
    two.join();
    BOOST_TEST(first == alone);
    BOOST_TEST(second == alone);
}

BOOST_AUTO_TEST_CASE(a_model_over_more_parameters_than_lanes) {
    const auto model = []<Scalar Real>(const Vector& y) -> Model<Real> {
        auto rows = co_yield plate("rows", y.size());
        auto z = co_yield sample("z", Normal(0, 1).expand(y.size()));
        co_yield sample("y", Normal(z, 1), obs = y);
    };
    Vector y(19);
    for (std::size_t k = 0; k < y.size(); ++k) y[k] = static_cast<double>(k);
    AutoDelta guide(model);
    SVI svi(model, guide, SGD{.lr = 0.25}, TraceELBO{});
    svi.run(100, y);
    const Vector z = guide.median(y).get<Vector>("z");
    for (std::size_t k = 0; k < y.size(); ++k) BOOST_TEST(z[k] == 0.5 * y[k], boost::test_tools::tolerance(1e-13));
}

BOOST_AUTO_TEST_CASE(a_loss_that_is_not_finite_names_the_site_and_changes_nothing) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto x = co_yield sample("x", Normal(0, 1));
        co_yield factor("good", -x * x);
        co_yield factor("bad", log(x - 2.0));
    };
    AutoDelta guide(model, init_to_value({{"x", 1.0}}));
    SVI svi(model, guide, Adam{.lr = 0.1}, TraceELBO{});
    BOOST_CHECK_EXCEPTION(svi.step(), Error,
                          (Says{"bad", "a finite log density", "nan", "parameters were not changed"}));
    BOOST_TEST(guide.median().get<double>("x") == 1);
    const auto steep = []<Scalar Real>() -> Model<Real> {
        auto x = co_yield sample("x", Normal(0, 1));
        co_yield factor("root", sqrt(x)); // finite at 0, its slope is not
    };
    AutoDelta other(steep);
    SVI fit(steep, other, Adam{.lr = 0.1}, TraceELBO{});
    BOOST_CHECK_EXCEPTION(fit.step(), Error,
                          (Says{"root", "a finite gradient", "a derivative that is not", "off the edge"}));
    BOOST_TEST(other.median().get<double>("x") == 0);
}

BOOST_AUTO_TEST_CASE(wrong_data_stop_a_fit_before_it_moves) {
    AutoDelta guide(location);
    SVI svi(location, guide, Adam{.lr = 0.1}, TraceELBO{});
    svi.step(data);
    const double before = guide.median(data).get<double>("mu");
    BOOST_CHECK_EXCEPTION(svi.step(Vector{1, std::nan(""), 3}), Error,
                          (Says{"y", "a real number", "nan at index [1]", "missing"}));
    BOOST_TEST(guide.median(data).get<double>("mu") == before);
    svi.step(data);
    BOOST_TEST(guide.median(data).get<double>("mu") != before);
}

BOOST_AUTO_TEST_CASE(handlers_around_the_model_take_part) {
    const auto model = []<Scalar Real>(const Vector& y) -> Model<Real> {
        auto mu = co_yield sample("mu", Normal(0, 1));
        auto nu = co_yield sample("nu", Normal(0, 1));
        auto rows = co_yield plate("rows", y.size());
        co_yield sample("y", Normal(mu + nu, 1), obs = y);
    };
    const auto conditioned = model | condition({{"nu", 1.0}});
    AutoDelta guide(conditioned);
    SVI svi(conditioned, guide, SGD{.lr = 0.1}, TraceELBO{});
    svi.run(200, data);
    const NamedValues median = guide.median(data);
    BOOST_TEST(median.size() == 1u);
    BOOST_TEST(median.get<double>("mu") == (7 - 3) / 4.0, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(params_are_learned_too) {
    // Maximum likelihood: mean and standard deviation of the data, without a prior.
    const auto model = []<Scalar Real>(const Vector& y) -> Model<Real> {
        auto mu = co_yield param("mu", 0.0);
        auto sigma = co_yield param("sigma", 1.0, support::positive);
        auto rows = co_yield plate("rows", y.size());
        co_yield sample("y", Normal(mu, sigma), obs = y);
    };
    AutoDelta guide(model);
    SVI svi(model, guide, Adam{.lr = 0.05, .lr_decay = 0.997}, TraceELBO{});
    svi.run(5000, Vector{1, 2, 3, 4});
    const NamedValues median = guide.median(Vector{1, 2, 3, 4});
    BOOST_TEST(median.get<double>("mu") == 2.5, boost::test_tools::tolerance(1e-8));
    BOOST_TEST(median.get<double>("sigma") == std::sqrt(1.25), boost::test_tools::tolerance(1e-8));
}

BOOST_AUTO_TEST_CASE(steps_are_counted_and_no_step_is_no_run) {
    AutoDelta guide(location);
    SVI svi(location, guide, SGD{.lr = 0.1}, TraceELBO{}, SVIOptions{.seed = 5});
    BOOST_TEST(svi.seed() == 5u);
    BOOST_CHECK_EXCEPTION(svi.run(0, data), Error, (Says{"", "at least 1 step", "0", "number of steps"}));
    svi.run(3, data);
    svi.step(data);
    BOOST_TEST(svi.steps() == 4u);
    BOOST_CHECK_THROW(svi.step(Vector{1, std::nan("")}), Error);
    BOOST_TEST(svi.steps() == 4u); // this one was not done
}

BOOST_AUTO_TEST_CASE(a_rejected_step_leaves_the_moments_as_they_were) {
    // Acceptance case N23: a slope that is not finite at a finite density. Two fits, one of them with steps that are
    // rejected in between, go on with the same bits.
    const auto model = []<Scalar Real>(bool is_bad) -> Model<Real> {
        auto x = co_yield sample("x", Normal(1, 1));
        if (is_bad) co_yield factor("edge", sqrt(x - value_of(x))); // 0, where the slope of sqrt is infinite
        co_yield factor("pull", -x * x);
    };
    const auto losses = [&](bool is_disturbed) {
        AutoDelta guide(model);
        SVI svi(model, guide, Adam{.lr = 0.1}, TraceELBO{});
        std::vector<double> result;
        for (int k = 0; k < 20; ++k) {
            if (is_disturbed && k % 5 == 3)
                BOOST_CHECK_EXCEPTION(
                    svi.step(true), Error,
                    (Says{"edge", "a finite gradient", "a derivative that is not, at 0", "not changed"}));
            result.push_back(svi.step(false));
        }
        return result;
    };
    BOOST_TEST(losses(true) == losses(false), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(validation_is_off_by_one_switch_on_the_call) {
    const auto model = []<Scalar Real>(const Vector& y) -> Model<Real> {
        auto rate = co_yield sample("rate", Exponential(1));
        auto rows = co_yield plate("rows", y.size());
        co_yield sample("y", Poisson(rate), obs = y);
    };
    AutoDelta guide(model);
    SVI svi(model, guide, Adam{.lr = 0.1}, TraceELBO{});
    svi.step(Vector{1, 2});
    BOOST_CHECK_EXCEPTION(svi.step(Vector{1, 2.5}), Error,
                          (Says{"y", "an integer that is 0 or more", "2.5 at index [1]", "Check the data"}));
    BOOST_TEST(std::isfinite(svi.step(RunOptions{.validate = false}, Vector{1, 2.5})));
}

BOOST_AUTO_TEST_CASE(an_svi_forgets_with_its_guide) {
    // Mini-batches first, so that the optimizer counts by coordinate; then a fit of other data, and of more of them.
    const auto model = []<Scalar Real>(const Vector& y, const PlateOptions& options) -> Model<Real> {
        auto rows = co_yield plate("rows", y.size(), options);
        auto z = co_yield sample("z", Normal(0, 1).expand(rows));
        co_yield sample("y", Normal(z, 1), obs = rows.subsample(y));
    };
    const Vector three{1, 2, -3}, five{5, -4, 3, 2, 1};
    AutoDelta guide(model);
    SVI svi(model, guide, Adam{.lr = 0.1}, TraceELBO{});
    for (int k = 0; k < 5; ++k) svi.step(three, PlateOptions{.subsample = IntVector{0, 2}});
    for (const Vector& y : {five, three}) {
        guide.clear();
        svi.step(y, PlateOptions{});
        for (std::size_t k = 0; k < y.size(); ++k)
            BOOST_TEST(std::as_const(guide).parameters()[k] == std::copysign(0.1, y[k]),
                       boost::test_tools::tolerance(1e-6)); // what a first step is
    }
}

BOOST_AUTO_TEST_CASE(options_of_the_optimizer_are_checked_before_a_fit) {
    // Acceptance case N27.
    const auto model = []<Scalar Real>() -> Model<Real> { co_yield sample("x", Normal(0, 1)); };
    AutoDelta guide(model);
    BOOST_CHECK_EXCEPTION(SVI(model, guide, Adam{.lr = -1}, TraceELBO{}), Error,
                          (Says{"", "lr of the optimizer above 0", "-1", "Correct"}));
    BOOST_CHECK_EXCEPTION(SVI(model, guide, SGD{.momentum = 2}, TraceELBO{}), Error,
                          (Says{"", "momentum of the optimizer", "2", "Correct"}));
}
