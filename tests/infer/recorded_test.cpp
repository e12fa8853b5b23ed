#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <error_parts.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.infer;
import modus.support;
using namespace modus;

namespace {

std::size_t runs = 0; // of the models below: what a replay does not do

constexpr auto regression = []<Scalar Real>(const Matrix& X, const Vector& y) -> Model<Real> {
    ++runs;
    auto weight = co_yield sample("weight", Normal(0, 10).expand(X.cols()).to_event(1));
    auto bias = co_yield sample("bias", Normal(0, 10));
    auto sigma = co_yield sample("sigma", LogNormal(0, 1));
    auto data = co_yield plate("data", X.rows());
    co_yield sample("y", Normal(X * weight + bias, sigma), obs = y);
};
constexpr auto schools = []<Scalar Real>(const Vector& error, Observed<Vector> y) -> Model<Real> {
    ++runs;
    auto mu = co_yield sample("mu", Normal(0, 5));
    auto tau = co_yield sample("tau", HalfCauchy(5));
    auto school = co_yield plate("school", error.size());
    auto z = co_yield sample("z", Normal(0, 1).expand(school));
    auto theta = co_yield deterministic("theta", mu + tau * z);
    co_yield sample("y", Normal(theta, error), obs = y);
};
constexpr auto counts = []<Scalar Real>(const IntVector& group, const IntVector& y, double scale) -> Model<Real> {
    ++runs;
    auto shape = co_yield sample("shape", Gamma(2, 1));
    auto rate = co_yield param("rate", 0.5, support::positive);
    auto a = co_yield sample("a", Gamma(shape, rate).expand(3).to_event(1));
    co_yield factor("push", -scale * shape);
    auto half = co_yield modus::scale(0.5);
    auto rows = co_yield plate("rows", y.size());
    co_yield sample("y", Poisson(a[group]), obs = y);
};

/// Parameters that are arrays of data, in families with and without products in what depends on them alone.
constexpr auto known_parameters = []<Scalar Real>(const Vector& scale, const Vector& y) -> Model<Real> {
    ++runs;
    auto loc = co_yield sample("loc", Normal(0, 5).expand(y.size()).to_event(1));
    auto z = co_yield sample("z", LogNormal(0.5, scale).to_event(1));
    auto w = co_yield sample("w", Gamma(scale, 0.3 * scale).to_event(1));
    auto rows = co_yield plate("rows", y.size());
    co_yield sample("y", StudentT(0.5 * scale, loc * z, scale).mask(IntVector{1, 1, 0, 1, 1, 1, 0, 1}), obs = y);
    co_yield sample("v", Normal(z + w, scale), obs = y);
};

const Vector error{15, 10, 16, 11, 9, 11, 10, 18}, effect{28, 8, -3, 7, -1, 1, 18, 12};

Matrix predictors() {
    Matrix X(50, 3);
    for (std::size_t k = 0; k < X.size(); ++k) X.data()[k] = std::sin(static_cast<double>(k * k));
    return X;
}
Vector responses(const Matrix& X) {
    Vector y(X.rows());
    for (std::size_t i = 0; i < y.size(); ++i)
        y[i] = 1 + X(i, 0) - 0.5 * X(i, 2) + 0.3 * std::cos(7.0 * static_cast<double>(i));
    return y;
}

/// The losses of some steps.
template <class M, class... A> std::vector<double> losses(bool replay, const M& model, const A&... arguments) {
    AutoDelta guide(model);
    SVI svi(model, guide, Adam{.lr = 0.05}, TraceELBO{.mode = Mode::reverse, .replay = replay});
    runs = 0;
    return svi.run(60, arguments...).losses;
}
/// How many steps of at most 100 are taken from this value of a site before one is an error, which has to say this.
template <class M, class... A>
int steps_until(const Says& says, bool replay, const M& model, const NamedValues& start, const A&... arguments) {
    AutoDelta guide(model, init_to_value(start));
    SVI svi(model, guide, SGD{.lr = 0.01}, TraceELBO{.mode = Mode::reverse, .replay = replay});
    runs = 0;
    int k = 0;
    try {
        for (; k < 100; ++k) svi.step(arguments...);
    } catch (const Error& e) {
        BOOST_TEST(says(e));
    }
    return k;
}
template <class M, class... A> void check(const M& model, const A&... arguments) {
    const auto expected = losses(false, model, arguments...);
    BOOST_TEST(runs >= 60u);
    const auto found = losses(true, model, arguments...);
    // To find the sites, the first step, to record the second one, and compared with replays 1, 3, 7, 15 and 31.
    BOOST_TEST(runs == 8u);
    BOOST_TEST(found == expected, boost::test_tools::per_element());
}

} // namespace

BOOST_AUTO_TEST_CASE(a_replayed_fit_has_the_same_bits) {
    const Matrix X = predictors();
    check(regression, X, responses(X));
    check(schools, error, Observed<Vector>(effect));
    check(counts, IntVector{0, 0, 1, 1, 2, 2, 2}, IntVector{3, 4, 0, 1, 7, 5, 6}, 0.25);
    check(known_parameters, error, effect);
    check(schools | condition({{"tau", 2.5}}), error, Observed<Vector>(effect));
}

BOOST_AUTO_TEST_CASE(compacted_data_are_replayed) {
    const Matrix X = predictors();
    const Vector y = responses(X);
    const auto fit = [&](TraceELBO loss) {
        AutoDelta guide(regression);
        SVI svi(regression, guide, Adam{.lr = 0.05}, loss);
        runs = 0;
        return svi.run(60, X, y).losses;
    };
    const auto expected = fit({.compact = true, .replay = false}), full = fit({});
    BOOST_TEST(fit({.compact = true}) == expected, boost::test_tools::per_element());
    BOOST_TEST(runs == 8u);
    BOOST_TEST(expected.back() == full.back(), boost::test_tools::tolerance(1e-10));
    BOOST_TEST(expected.back() != full.back()); // rounded in another way: they have been compacted
}

BOOST_AUTO_TEST_CASE(other_arguments_are_another_recording) {
    const Matrix X = predictors();
    const Vector first = responses(X);
    Vector second = first;
    second[3] = 5; // copied: the two do not share their memory any more
    const auto fit = [&](bool replay) {
        AutoDelta guide(regression);
        SVI svi(regression, guide, Adam{.lr = 0.05}, TraceELBO{.replay = replay});
        std::vector<double> result;
        for (int k = 0; k < 12; ++k) result.push_back(svi.step(X, k / 4 == 1 ? second : first));
        Vector changing = first;
        for (int k = 0; k < 6; ++k) {
            result.push_back(svi.step(X, changing));
            if (k == 3) changing[0] += 1;
        }
        return result;
    };
    BOOST_TEST(fit(true) == fit(false), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(parameters_may_move) {
    const auto fit = [](bool replay) {
        AutoDelta guide(schools);
        SVI svi(schools, guide, Adam{.lr = 0.05}, TraceELBO{.mode = Mode::reverse, .replay = replay});
        runs = 0;
        std::vector<double> result;
        std::vector<Vector> kept; // shares the parameters' memory, so that the next step copies them
        for (int k = 0; k < 20; ++k) {
            result.push_back(svi.step(error, Observed<Vector>(effect)));
            if (k > 5) kept.push_back(guide.parameters());
        }
        for (const double x : kept.front()) result.push_back(x);
        return result;
    };
    const auto expected = fit(false);
    BOOST_TEST(fit(true) == expected, boost::test_tools::per_element());
    // To find the sites, the first step, recorded twice, the second time with a copy, and compared four times.
    BOOST_TEST(runs == 8u);
}

BOOST_AUTO_TEST_CASE(a_gradient_that_is_not_finite_is_the_model_s_to_explain) {
    // Each slope alone may be infinite, the loss not: the square root of 0.
    const auto model = []<Scalar Real>() -> Model<Real> {
        ++runs;
        auto x = co_yield sample("x", Normal(0, 1).expand(19).to_event(1));
        co_yield factor("push", sum(sqrt(square(x))));
    };
    const auto message = [&](bool replay, std::size_t k) -> std::string {
        AutoDelta guide(model);
        SVI svi(model, guide, Adam{.lr = 0.05}, TraceELBO{.mode = Mode::reverse, .replay = replay});
        guide.setup();
        for (std::size_t j = 0; j < 19; ++j) guide.parameters()[j] = 0.5;
        for (int step = 0; step < 3; ++step) svi.step();
        runs = 0;
        guide.parameters()[k] = 0;
        try {
            svi.step();
        } catch (const Error& e) {
            return e.what();
        }
        return "no error";
    };
    for (const std::size_t k : {0, 7, 8, 15, 16, 18}) {
        const std::string expected = message(false, k);
        BOOST_TEST(expected.find("finite") != std::string::npos, expected);
        BOOST_TEST(message(true, k) == expected);
    }
}

// A replay does not check that the value of a positive site is positive.
BOOST_AUTO_TEST_CASE(a_coordinate_that_is_not_a_number_is_the_model_s_to_explain) {
    const Matrix X = predictors();
    const Vector y = responses(X);
    const auto message = [&](bool replay, std::size_t k) -> std::string {
        AutoDelta guide(regression);
        SVI svi(regression, guide, Adam{.lr = 0.05}, TraceELBO{.mode = Mode::reverse, .replay = replay});
        for (int step = 0; step < 5; ++step) svi.step(X, y);
        guide.parameters()[k] = std::nan("");
        try {
            svi.step(X, y);
        } catch (const Error& e) {
            return e.what();
        }
        return "no error";
    };
    for (std::size_t k = 0; k < X.cols() + 2; ++k) {
        const std::string expected = message(false, k);
        BOOST_TEST(expected.find("nan") != std::string::npos, expected);
        BOOST_TEST(message(true, k) == expected);
    }
}

BOOST_AUTO_TEST_CASE(another_model_is_another_recording) {
    const auto narrow = []<Scalar Real>(const Vector& y) -> Model<Real> {
        auto mu = co_yield sample("mu", Normal(0, 1));
        auto rows = co_yield plate("rows", y.size());
        co_yield sample("y", Normal(mu, 1), obs = y);
    };
    const auto wide = []<Scalar Real>(const Vector& y) -> Model<Real> {
        auto mu = co_yield sample("mu", Normal(0, 1));
        auto rows = co_yield plate("rows", y.size());
        co_yield sample("y", Normal(mu, 5), obs = y);
    };
    AutoDelta first(narrow);
    AutoDelta second(wide);
    first.setup(effect);
    second.setup(effect);
    const Vector u{0.3};
    Vector slope(1);
    Recorded recorded;
    const auto of = [&](const auto& model, const auto& guide) {
        return TraceELBO{}.value_and_gradient(RunOptions{}, model, guide, u, {slope.data(), 1}, recorded, effect);
    };
    const double expected = of(wide, second);
    for (int k = 0; k < 5; ++k) of(narrow, first);
    BOOST_TEST(of(wide, second) == expected, boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(a_model_that_branches_is_run_each_time) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        ++runs;
        auto x = co_yield sample("x", Normal(1, 1));
        if (x > 0.5) co_yield factor("far", -2.0 * x);
    };
    const auto expected = losses(false, model);
    BOOST_TEST(losses(true, model) == expected, boost::test_tools::per_element());
    BOOST_TEST(runs >= 60u);
}

BOOST_AUTO_TEST_CASE(plates_that_draw_are_run_each_time) {
    const auto model = []<Scalar Real>(const Vector& y) -> Model<Real> {
        ++runs;
        auto mu = co_yield sample("mu", Normal(0, 1));
        auto rows = co_yield plate("rows", y.size(), {.subsample_size = 3});
        co_yield sample("y", Normal(mu, 1), obs = rows.subsample(y));
    };
    const auto expected = losses(false, model, effect);
    BOOST_TEST(losses(true, model, effect) == expected, boost::test_tools::per_element());
    BOOST_TEST(runs >= 60u);
}

BOOST_AUTO_TEST_CASE(errors_are_those_of_the_model) {
    // The shape of the second site leaves its domain while the first one is learned: lgamma would take it.
    const auto model = []<Scalar Real>() -> Model<Real> {
        ++runs;
        auto x = co_yield sample("x", Normal(-40, 1));
        co_yield sample("y", Gamma(x + 0.25, 1), obs = 2.0);
    };
    const auto steps = [&](bool replay) {
        return steps_until({"y", "concentration of Gamma to be positive", "-", "Check the parameter"}, replay, model,
                           {{"x", 1.0}});
    };
    const int expected = steps(false);
    BOOST_TEST(expected > 2);
    BOOST_TEST(expected < 100);
    BOOST_TEST(steps(true) == expected);
    BOOST_TEST(runs < static_cast<std::size_t>(expected) + 2);
}

BOOST_AUTO_TEST_CASE(data_with_learned_bounds_are_checked_at_each_step) {
    // The bound falls towards the data, and below one of them: its density there is 0.
    const auto model = []<Scalar Real>(const Vector& y) -> Model<Real> {
        ++runs;
        auto high = co_yield sample("high", LogNormal(0, 1));
        auto rows = co_yield plate("rows", y.size());
        co_yield sample("y", Uniform(0, high).expand(y.size()), obs = y);
    };
    const Vector y{1, 2, 2.5}; // the same in each step: it is for its bounds that the model cannot be replayed
    const auto steps = [&](bool replay) {
        return steps_until({"y", "the support of Uniform", "2.5 at", "Check the data"}, replay, model, {{"high", 3.0}},
                           y);
    };
    const int expected = steps(false);
    BOOST_TEST(expected > 2);
    BOOST_TEST(expected < 100);
    BOOST_TEST(steps(true) == expected);
    BOOST_TEST(runs > static_cast<std::size_t>(expected));
}

BOOST_AUTO_TEST_CASE(discrete_data_and_fixed_bounds_are_replayed) {
    const auto model = []<Scalar Real>(const Vector& y) -> Model<Real> {
        ++runs;
        auto p = co_yield sample("p", Beta(2, 2));
        auto rows = co_yield plate("rows", y.size());
        co_yield sample("k", Binomial(5, p).expand(y.size()), obs = IntVector{1, 2, 5});
        co_yield sample("y", Uniform(0, 3).expand(y.size()), obs = y);
    };
    const auto expected = losses(false, model, Vector{1, 2, 2.5});
    runs = 0;
    BOOST_TEST(losses(true, model, Vector{1, 2, 2.5}) == expected, boost::test_tools::per_element());
    BOOST_TEST(runs < 10u);
}

BOOST_AUTO_TEST_CASE(copies_of_a_loss_record_for_themselves) {
    const TraceELBO loss{.mode = Mode::reverse, .replay = true};
    const auto fit = [&] {
        AutoDelta guide(schools);
        SVI svi(schools, guide, Adam{.lr = 0.05}, loss);
        return svi.run(20, error, Observed<Vector>(effect)).losses;
    };
    const auto first = fit();
    BOOST_TEST(fit() == first, boost::test_tools::per_element());
}

// Found by a reader: what may have changed between two steps without a trace in the arguments.

namespace {

struct Weaken : Handler {
    double factor = 1;
    template <Scalar Real> void process(Message<Real>& message) { message.scale *= factor; }
};

} // namespace

BOOST_AUTO_TEST_CASE(what_a_model_holds_may_change) {
    const auto fit = [](bool replay) {
        Weaken weaken;
        const auto model = schools | weaken;
        AutoDelta guide(model);
        SVI svi(model, guide, Adam{.lr = 0.05}, TraceELBO{.mode = Mode::reverse, .replay = replay});
        std::vector<double> result;
        for (int k = 0; k < 12; ++k) {
            weaken.factor = 1.0 / (1 + k / 4);
            result.push_back(svi.step(error, Observed<Vector>(effect)));
        }
        return result;
    };
    BOOST_TEST(fit(true) == fit(false), boost::test_tools::per_element());

    const auto captured = [](bool replay) {
        double scale = 1;
        const auto model = [&scale]<Scalar Real>() -> Model<Real> {
            auto x = co_yield sample("x", Normal(0, 1));
            co_yield sample("y", Normal(x, scale), obs = 3.0);
        };
        AutoDelta guide(model);
        SVI svi(model, guide, Adam{.lr = 0.05}, TraceELBO{.mode = Mode::reverse, .replay = replay});
        std::vector<double> result;
        for (int k = 0; k < 12; ++k) {
            scale = 1 + k / 4;
            result.push_back(svi.step());
        }
        return result;
    };
    BOOST_TEST(captured(true) == captured(false), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(options_of_a_step_are_arguments) {
    const auto model = []<Scalar Real>(const Vector& y) -> Model<Real> {
        auto mu = co_yield sample("mu", Normal(0, 1));
        auto rows = co_yield plate("rows", y.size(), {.subsample_size = 3});
        co_yield sample("y", Normal(mu, 1), obs = rows.subsample(y));
    };
    const auto fit = [&](bool replay) {
        AutoDelta guide(model);
        SVI svi(model, guide, Adam{.lr = 0.05}, TraceELBO{.mode = Mode::reverse, .replay = replay});
        std::vector<double> result;
        for (int k = 0; k < 4; ++k)
            result.push_back(svi.step(RunOptions{.whole_plates = RunOptions::Whole::all}, effect));
        for (int k = 0; k < 4; ++k) result.push_back(svi.step(effect));
        return result;
    };
    BOOST_TEST(fit(true) == fit(false), boost::test_tools::per_element());
}

// What cannot be seen from outside, but in the numbers.

namespace {

double temperature = 1;
constexpr auto reads_a_global = []<Scalar Real>() -> Model<Real> {
    ++runs;
    auto x = co_yield sample("x", Normal(0, 1));
    co_yield sample("y", Normal(x, temperature), obs = 3.0);
};

struct Gentle : Weaken {
    static constexpr bool is_repeatable = true;
};

/// Data of one's own.
struct Rows {
    Vector y;
    double scale;
    friend bool is_same_argument(const Rows& a, const Rows& b) {
        return modus::is_same_argument(a.y, b.y) && a.scale == b.scale;
    }
};
struct UnknownRows {
    Vector y;
    double scale;
};

} // namespace

BOOST_AUTO_TEST_CASE(fits_replay_unless_they_are_told_not_to) {
    AutoDelta guide(schools);
    SVI svi(schools, guide, Adam{.lr = 0.05}, TraceELBO{});
    runs = 0;
    svi.run(100, error, Observed<Vector>(effect));
    BOOST_TEST(runs < 10u);
}

BOOST_AUTO_TEST_CASE(a_model_that_does_something_else_each_time_is_run_each_time) {
    const auto fit = [](bool replay) {
        AutoDelta guide(reads_a_global);
        SVI svi(reads_a_global, guide, Adam{.lr = 0.05}, TraceELBO{.mode = Mode::reverse, .replay = replay});
        std::vector<double> result;
        for (int k = 0; k < 20; ++k) {
            temperature = 1 + k;
            result.push_back(svi.step());
        }
        return result;
    };
    const auto expected = fit(false);
    runs = 0;
    BOOST_TEST(fit(true) == expected, boost::test_tools::per_element());
    BOOST_TEST(runs == 21u);
}

BOOST_AUTO_TEST_CASE(a_model_that_does_something_else_later_is_an_error) {
    for (const int later : {5, 100, 5000}) {
        temperature = 1;
        AutoDelta guide(reads_a_global);
        SVI svi(reads_a_global, guide, Adam{.lr = 0.01}, TraceELBO{});
        svi.run(static_cast<std::size_t>(later));
        temperature = 2;
        int more = 0;
        double before = 0;
        try {
            for (; more < 3 * later; ++more) {
                before = std::as_const(guide).parameters()[0];
                svi.step();
            }
        } catch (const Error& e) {
            BOOST_TEST(Says(
                {"", "same at each step with the same arguments", "which was right at most", "as an argument"})(e));
        }
        BOOST_TEST(more <= std::min(later + 1, 1024));
        BOOST_TEST(std::as_const(guide).parameters()[0] == before);                        // what was wrong is not used
        BOOST_TEST(svi.step() == svi.evaluate_loss(), boost::test_tools::tolerance(0.01)); // and it can go on
    }
}

BOOST_AUTO_TEST_CASE(data_that_change_in_place_are_not_copied_each_time) {
    AutoDelta guide(schools);
    SVI svi(schools, guide, Adam{.lr = 0.05}, TraceELBO{});
    Vector batch = error;
    std::size_t copies = 0;
    for (int k = 0; k < 1000; ++k) {
        const double* const before = std::as_const(batch).data();
        batch[0] = 10 + k;
        copies += std::as_const(batch).data() != before;
        svi.step(batch, Observed<Vector>(effect));
    }
    BOOST_TEST(copies <= 11u); // the first one is of `error`
}

BOOST_AUTO_TEST_CASE(handlers_of_ones_own_say_whether_they_may_be_replayed) {
    const auto runs_with = [](const auto& handler) {
        const auto model = schools | handler;
        AutoDelta guide(model);
        SVI svi(model, guide, Adam{.lr = 0.05}, TraceELBO{});
        runs = 0;
        svi.run(100, error, Observed<Vector>(effect));
        return runs;
    };
    BOOST_TEST(runs_with(Weaken{}) == 101u);
    BOOST_TEST(runs_with(Gentle{}) < 10u);
}

BOOST_AUTO_TEST_CASE(arguments_of_ones_own_types_say_whether_they_are_the_same) {
    const auto losses_of = [](bool replay, auto rows) {
        const auto model = []<Scalar Real>(const decltype(rows)& data) -> Model<Real> {
            ++runs;
            auto mu = co_yield sample("mu", Normal(0, 10));
            auto all = co_yield plate("rows", data.y.size());
            co_yield sample("y", Normal(mu, data.scale).expand(data.y.size()), obs = data.y);
        };
        AutoDelta guide(model);
        SVI svi(model, guide, Adam{.lr = 0.05}, TraceELBO{.mode = Mode::reverse, .replay = replay});
        runs = 0;
        std::vector<double> result;
        for (int k = 0; k < 100; ++k) {
            if (k == 50) rows.scale = 2;
            result.push_back(svi.step(rows));
        }
        return result;
    };
    const auto expected = losses_of(false, Rows{effect, 1});
    BOOST_TEST(losses_of(true, Rows{effect, 1}) == expected, boost::test_tools::per_element());
    BOOST_TEST(runs < 20u);
    BOOST_TEST(losses_of(true, UnknownRows{effect, 1}) == expected, boost::test_tools::per_element());
    BOOST_TEST(runs == 101u);
}

BOOST_AUTO_TEST_CASE(arguments_that_cannot_be_compared) {
    const auto model = []<Scalar Real>(const std::optional<std::string>& label, const Vector& y) -> Model<Real> {
        ++runs;
        auto mu = co_yield sample("mu", Normal(label ? 1 : 0, 10));
        auto rows = co_yield plate("rows", y.size());
        co_yield sample("y", Normal(mu, 1), obs = y);
    };
    AutoDelta guide(model);
    SVI svi(model, guide, Adam{.lr = 0.05}, TraceELBO{});
    runs = 0;
    for (int k = 0; k < 20; ++k) svi.step(std::optional<std::string>("a"), effect);
    BOOST_TEST(runs == 21u);
}

BOOST_AUTO_TEST_CASE(data_that_are_written_to_through_a_pointer) {
    // The model makes a number of them, which a record has as a constant.
    const auto model = []<Scalar Real>(const Vector& y) -> Model<Real> {
        auto mu = co_yield sample("mu", Normal(0, 10));
        co_yield sample("mean", Normal(mu, 1), obs = sum(y) / 3);
    };
    Vector y{1, 2, 3};
    double* const behind_its_back = y.data();
    AutoDelta guide(model);
    SVI svi(model, guide, Adam{.lr = 0.01}, TraceELBO{});
    svi.run(600, y);
    behind_its_back[0] = 31;
    BOOST_CHECK_EXCEPTION(svi.run(400, y), Error, (Says{"", "same at each step", "was right", "through a pointer"}));
    BOOST_TEST(svi.run(400, y).losses.back() < 60.0); // and goes on with the new ones
}

BOOST_AUTO_TEST_CASE(a_failed_step_leaves_the_selected_coordinates_selected) {
    const auto model = []<Scalar Real>(const Vector& y, const IntVector& rows) -> Model<Real> {
        auto s = co_yield sample("s", Normal(0, 10));
        auto all = co_yield plate("rows", 6, {.subsample = rows});
        auto t = co_yield sample("t", Normal(0, s).expand(all));
        co_yield sample("y", Normal(t, 1), obs = all.subsample(y));
    };
    const auto fit = [&](bool replay) {
        const Vector y{1, 2, 3, 4, 5, 6};
        const IntVector first{0, 1, 2}, second{3, 4, 5};
        AutoDelta guide(model, init_to_value({{"s", 2.0}}));
        SVI svi(model, guide, Adam{.lr = 0.1}, TraceELBO{.mode = Mode::reverse, .replay = replay});
        for (int k = 0; k < 5; ++k) svi.step(y, first);
        for (int k = 0; k < 9; ++k) svi.step(y, second);
        const double s = guide.parameters()[0];
        guide.parameters()[0] = -1;
        BOOST_CHECK_THROW(svi.step(y, second), Error);
        guide.parameters()[0] = s;
        for (int k = 0; k < 3; ++k) svi.step(y, second);
        return std::vector<double>(guide.parameters().begin(), guide.parameters().end());
    };
    BOOST_TEST(fit(true) == fit(false), boost::test_tools::per_element());
}
