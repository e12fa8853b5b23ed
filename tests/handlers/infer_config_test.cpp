#include <boost/test/unit_test.hpp>
#include <cmath>
#include <error_parts.hpp>
#include <numbers>
#include <string>
#include <vector>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.support;
using namespace modus;

#include "models.hpp"

namespace {

struct Options : Handler {
    std::vector<std::string> with_initial;
    template <Scalar Real> void process(Message<Real>& message) {
        if (message.infer && message.infer->initial) with_initial.push_back(message.name());
    }
};

} // namespace

BOOST_AUTO_TEST_CASE(options_reach_the_handlers_further_out) {
    const auto start_a = infer_config(
        [](const std::string& site) { return site == "a" ? InferOptions{.initial = 0.3} : InferOptions{}; });
    Options inside, outside;
    run(small_model | inside | start_a | outside | seed(1), 2.0);
    BOOST_TEST(inside.with_initial.empty());
    BOOST_TEST(outside.with_initial == std::vector<std::string>{"a"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_empty_function_is_refused) {
    BOOST_CHECK_EXCEPTION(infer_config(nullptr), Error, (Says{"", "a function for infer_config", "an empty one", ""}));
}
