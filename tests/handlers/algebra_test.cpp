// Acceptance case P35: how handlers combine.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>
#include <string>
#include <variant>

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
