// Acceptance case P35: how handlers combine.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <error_parts.hpp>
#include <numbers>
#include <string>
#include <variant>
#include <vector>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.support;
using namespace modus;

#include "models.hpp"

namespace {

void same(const Trace& s, const Trace& t) {
    BOOST_REQUIRE(s.size() == t.size());
    for (auto a = s.begin(), b = t.begin(); a != s.end(); ++a, ++b) {
        BOOST_TEST(a->name == b->name);
        BOOST_TEST((a->value == b->value));
        BOOST_TEST(a->log_density == b->log_density);
        BOOST_TEST((a->provenance == b->provenance));
    }
}

} // namespace

BOOST_AUTO_TEST_CASE(trace_is_idempotent) {
    TraceHandler inner;
    const auto outer = run(small_model | seed(1) | inner | trace, 2.0);
    same(inner.recorded, outer);
}

BOOST_AUTO_TEST_CASE(seed_block_and_condition_are_idempotent) {
    same(run(small_model | seed(1) | seed(1) | trace, 2.0), run(small_model | seed(1) | trace, 2.0));
    same(run(small_model | seed(1) | seed(2) | trace, 2.0), run(small_model | seed(1) | trace, 2.0));
    const auto hidden = block({.hide = {"a"}});
    same(run(small_model | seed(1) | hidden | hidden | trace, 2.0), run(small_model | seed(1) | hidden | trace, 2.0));
    const auto data = condition({{"a", 1.0}});
    same(run(small_model | data | data | seed(1) | trace, 2.0), run(small_model | data | seed(1) | trace, 2.0));
}

BOOST_AUTO_TEST_CASE(handlers_of_different_sites_commute) {
    const auto a = condition({{"a", 1.0}}), b = condition({{"b", 2.0}});
    same(run(small_model | a | b | trace, 2.0), run(small_model | b | a | trace, 2.0));
    same(run(small_model | a | seed(1) | trace, 2.0), run(small_model | a | seed(1) | trace, 2.0));
}

BOOST_AUTO_TEST_CASE(blocks_union_what_they_hide) {
    same(run(small_model | seed(1) | block({.hide = {"a"}}) | block({.hide = {"b"}}) | trace, 2.0),
         run(small_model | seed(1) | block({.hide = {"a", "b"}}) | trace, 2.0));
}

BOOST_AUTO_TEST_CASE(replaying_a_trace_reproduces_its_joint_density) {
    const auto t = run(small_model | seed(1) | trace, 2.0);
    const auto again = run(small_model | replay(t) | trace, 2.0);
    BOOST_TEST(again.log_prob_sum() == t.log_prob_sum());
    // trace(condition(block(...))): what is blocked cannot be conditioned from outside
    const auto blocked =
        run(small_model | replay(t) | block({.hide = {"a"}}) | condition({{"b", t.get<double>("b")}}) | trace, 2.0);
    BOOST_TEST(blocked.size() == 2u);
}

BOOST_AUTO_TEST_CASE(the_innermost_value_giver_answers) {
    const auto t = run(small_model | condition({{"a", 1.0}}) | seed(1) | trace, 2.0);
    const auto u = run(small_model | seed(1) | trace, 2.0);
    BOOST_TEST(t.get<double>("a") == 1);
    BOOST_TEST(u.get<double>("a") != 1);
    BOOST_CHECK_THROW(run(small_model | seed(1) | condition({{"a", 1.0}}) | trace, 2.0), Error);
}

// Found by a reader: handlers inside of a plate, or of a named submodel, saw the names that their model does not have.

BOOST_AUTO_TEST_CASE(handlers_of_copies_and_submodels_see_the_names_of_their_model) {
    const Trace copies = run(small_model | condition({{"a", 0.5}}) | seed(3) | plate("copies", 2) | trace, 2.0);
    for (const char* name : {"a[0]", "a[1]"}) {
        BOOST_TEST(copies.get<double>(name) == 0.5);
        BOOST_TEST(static_cast<int>(copies[name].provenance) == static_cast<int>(Provenance::observed));
    }
    BOOST_TEST(copies.get<double>("b[0]") != copies.get<double>("b[1]")); // each has its own stream of random numbers
    BOOST_TEST(
        copies.get<double>("b[0]") ==
        run(small_model | condition({{"a", 0.5}}) | plate("copies", 2) | seed(3) | trace, 2.0).get<double>("b[0]"));

    const Trace substituted = run(small_model | substitute({{"a", 0.5}}) | plate("copies", 2) | seed(1) | trace, 2.0);
    BOOST_TEST(substituted.get<double>("a[1]") == 0.5);
    const Trace hidden = run(small_model | seed(1) | block({.hide = {"b"}}) | plate("copies", 2) | trace, 2.0);
    BOOST_TEST(hidden.find(hash_name("b[0]")) == nullptr);
    BOOST_TEST(hidden.find(hash_name("a[0]")) != nullptr);
    const Trace changed = run(small_model | do_({{"a", 4.0}}) | plate("copies", 2) | seed(1) | trace, 2.0);
    BOOST_TEST(changed.get<double>("a__CF[1]") == 4);
    std::vector<std::string> asked;
    run(small_model | infer_config([&](const std::string& site) {
            asked.push_back(site);
            return InferOptions{};
        }) | plate("copies", 2) |
            seed(1),
        2.0);
    BOOST_TEST(asked[0] == "a");
    const Trace again =
        run(small_model | replay(run(small_model | seed(5) | trace, 2.0)) | plate("copies", 2) | trace, 2.0);
    BOOST_TEST(again.get<double>("a[0]") == again.get<double>("a[1]"));

    // A submodel with a name is its model | scope(name).
    const auto part = []<Scalar Real>() -> Model<Real> {
        co_yield submodel("part", small_model | condition({{"a", 1.0}}), 2.0);
    };
    const Trace inner = run(part | seed(2) | trace),
                outer = run(small_model | condition({{"a", 1.0}}) | scope("part") | seed(2) | trace, 2.0);
    for (const char* name : {"part/a", "part/b"}) BOOST_TEST(inner.get<double>(name) == outer.get<double>(name));
    // The name that is wrong is refused by the name that was given, sites by those of the whole model.
    BOOST_CHECK_EXCEPTION(run(small_model | condition({{"a[0]", 0.5}}) | plate("copies", 2) | seed(3), 2.0), Error,
                          (Says{"a[0]", "one of the sites that reach condition", "another name here", ""}));
    BOOST_CHECK_EXCEPTION(
        run(small_model | condition({{"b", -1.0}, {"a", std::nan("")}}) | plate("copies", 2) | seed(3), 2.0), Error,
        (Says{"a[0]", "", "nan", ""}));
}

BOOST_AUTO_TEST_CASE(a_site_that_cannot_be_conditioned_is_no_unknown_site) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto x = co_yield param("x", 1.0);
        co_yield deterministic("twice", 2.0 * x);
    };
    for (const std::string name : {"x", "twice"})
        BOOST_CHECK_EXCEPTION(run(model | condition({{name, 0.5}})), Error,
                              (Says{name, "one of the sites that reach condition: x, twice",
                                    "this name at a site that cannot be given a value", "order of the handlers"}));
}
