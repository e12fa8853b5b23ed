#include <boost/test/unit_test.hpp>
#include <cmath>
#include <error_parts.hpp>
#include <limits>
#include <string>
#include <utility>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.support;
using namespace modus;

namespace {

struct Log : Handler {
    std::string& text;
    std::string id;
    bool stops;
    Log(std::string& text_, std::string id_, bool stops_ = false) : text(text_), id(std::move(id_)), stops(stops_) {}
    template <Scalar Real> void process(Message<Real>& message) {
        text += id + "( ";
        if (stops) message.stop = true;
    }
    template <Scalar Real> void postprocess(Message<Real>& message) {
        text += id + (has_value(message.value) ? "+" : "-") + ") ";
    }
};

struct Answer : Handler {
    double value = 1;
    template <Scalar Real> void process(Message<Real>& message) {
        if (message.kind == Kind::sample && !has_value(message.value)) message.answer(Real(value), Provenance::sampled);
    }
};

struct Count : Handler {
    int sites = 0;
    template <Scalar Real> void process(Message<Real>&) { ++sites; }
    int result() { return sites; }
};

struct Constant : Handler {
    int value;
    explicit Constant(int value_) : value(value_) {}
    int result() { return value; }
};

struct Wrong : Handler {
    template <Scalar Real> void process(Message<Real>& message) {
        message.answer(Array<Real, 1>(Vector{1, 2}), Provenance::substituted);
    }
};

constexpr auto one_site = []<Scalar Real>() -> Model<Real> { co_yield sample("x", Normal(0, 1)); };

} // namespace

BOOST_AUTO_TEST_CASE(handlers_process_outwards_and_postprocess_back_inwards) {
    std::string text;
    run(one_site | Log(text, "a") | Log(text, "b") | Answer{} | Log(text, "c"));
    BOOST_TEST(text == "a( b( c( c+) b+) a+) ");
}

BOOST_AUTO_TEST_CASE(stop_hides_a_site_from_the_handlers_further_out) {
    std::string text;
    run(one_site | Answer{} | Log(text, "a") | Log(text, "b", true) | Log(text, "c"));
    BOOST_TEST(text == "a( b( b+) a+) ");
}

BOOST_AUTO_TEST_CASE(a_latent_site_that_nobody_answers_is_an_error_with_the_way_out) {
    BOOST_CHECK_EXCEPTION(run(one_site), Error,
                          (Says{"x", "a value for the latent site", "no handler that gives one", "seed(n)"}));
}

BOOST_AUTO_TEST_CASE(lvalue_handlers_are_used_in_place_others_afresh_in_each_run) {
    Count count;
    run(one_site | Answer{} | count);
    run(one_site | Answer{} | count);
    BOOST_TEST(count.sites == 2);
    const auto fresh = one_site | Answer{} | Count{};
    run(fresh);
    BOOST_TEST(run(fresh) == 1);
}

BOOST_AUTO_TEST_CASE(the_outermost_result_is_returned) {
    BOOST_TEST(run(one_site | Constant(1) | Answer{} | Constant(2)) == 2);
    BOOST_TEST(run(one_site | Constant(1) | Answer{}) == 1);
}

BOOST_AUTO_TEST_CASE(two_sites_of_one_name_are_an_error_that_shows_both_places) {
    // Acceptance cases N1 and N2.
    const auto places = [](int line) { // the two sites stand on the lines after it
        return "two, at stack_test.cpp:" + std::to_string(line + 2) + " and stack_test.cpp:" + std::to_string(line + 3);
    };
    const int first = __LINE__;
    const auto twice = []<Scalar Real>() -> Model<Real> {
        co_yield sample("x", Normal(0, 1));
        co_yield sample("x", Normal(0, 1));
    };
    BOOST_CHECK_EXCEPTION(run(twice | Answer{}), Error,
                          (Says{"x", "one site of this name", places(first), "dynamic(name)"}));
    const int second = __LINE__;
    const auto param_then_sample = []<Scalar Real>() -> Model<Real> {
        co_yield param("x", 1.0);
        co_yield sample("x", Normal(0, 1));
    };
    BOOST_CHECK_EXCEPTION(run(param_then_sample | Answer{}), Error,
                          (Says{"x", "one site of this name", places(second), "Rename"}));
    const auto many = []<Scalar Real>(std::size_t n) -> Model<Real> { // more than the table starts with
        for (std::size_t i = 0; i < n; ++i) co_yield sample(dynamic("x_" + std::to_string(i % 999)), Normal(0, 1));
    };
    run(many | Answer{}, 999);
    BOOST_CHECK_THROW(run(many | Answer{}, 1000), Error);
    run(one_site | Answer{}); // later runs are unaffected
}

BOOST_AUTO_TEST_CASE(data_outside_the_support_are_named_with_their_index) {
    // Acceptance cases N12 and N13.
    const auto gamma = []<Scalar Real>(const Vector& y) -> Model<Real> {
        auto rows = co_yield plate("rows", y.size());
        co_yield sample("y", Gamma(2, 1), obs = y);
    };
    BOOST_CHECK_EXCEPTION(run(gamma, Vector{1, 2, -3, 4}), Error,
                          (Says{"y", "a positive number, the support of Gamma", "-3 at index [2]", "Check the data"}));
    BOOST_CHECK_EXCEPTION(run(gamma, Vector{1, std::nan(""), 3}), Error,
                          (Says{"y", "a positive number", "nan at index [1]", "missing value"}));
    const auto counts = []<Scalar Real>(const Vector& y) -> Model<Real> {
        auto rows = co_yield plate("rows", y.size());
        co_yield sample("y", Poisson(2), obs = y);
    };
    BOOST_CHECK_EXCEPTION(run(counts, Vector{1, 1.5}), Error,
                          (Says{"y", "an integer that is 0 or more", "1.5 at index [1]", "Check the data"}));
}

BOOST_AUTO_TEST_CASE(parameters_out_of_their_domain_are_named) {
    const auto model = []<Scalar Real>(const Vector& scale) -> Model<Real> {
        auto rows = co_yield plate("rows", 3);
        co_yield sample("y", Normal(0, scale), obs = Vector{1, 2, 3});
    };
    BOOST_CHECK_EXCEPTION(run(model, Vector{1, 0, 1}), Error,
                          (Says{"y", "scale of Normal to be positive", "0 at element 1", "Check the parameter"}));
    // The check is on by default, and off by one switch.
    run(RunOptions{.validate = false}, model, Vector{1, 0, 1});
}

BOOST_AUTO_TEST_CASE(values_of_the_wrong_shape_are_refused) {
    BOOST_CHECK_EXCEPTION(run(one_site | Wrong{}), Error,
                          (Says{"x", "shape []", "shape [2]", "batch shape followed by"}));
}
