#include <boost/test/unit_test.hpp>
#include <cmath>
#include <error_parts.hpp>
#include <numbers>
#include <string>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.support;
using namespace modus;

#include "models.hpp"

namespace {

std::string names(const Trace& t) {
    std::string text;
    for (const auto& site : t) text += site.name + " ";
    return text;
}

} // namespace

BOOST_AUTO_TEST_CASE(hidden_sites_do_not_reach_the_handlers_further_out) {
    BOOST_TEST(names(run(small_model | seed(1) | block({.hide = {"a"}}) | trace, 2.0)) == "b y ");
    BOOST_TEST(names(run(small_model | seed(1) | block({.expose = {"a"}}) | trace, 2.0)) == "a ");
    BOOST_TEST(names(run(small_model | seed(1) | block() | trace, 2.0)) == "");
    BOOST_TEST(names(run(small_model | seed(1) | trace | block(), 2.0)) == "a b y ");
}

BOOST_AUTO_TEST_CASE(a_hidden_site_that_nobody_answers_is_an_error) {
    BOOST_CHECK_EXCEPTION(run(small_model | block({.hide = {"a"}}) | seed(1), 2.0), Error,
                          (Says{"a", "a value for the latent site", "no handler", ""}));
}

BOOST_AUTO_TEST_CASE(hide_and_expose_together_are_refused) {
    BOOST_CHECK_EXCEPTION(block({.hide = {"a"}, .expose = {"b"}}), Error, (Says{"", "either", "both", "one list"}));
}

BOOST_AUTO_TEST_CASE(names_that_no_site_has_are_refused) {
    BOOST_CHECK_EXCEPTION(run(small_model | seed(1) | block({.hide = {"aa"}}), 2.0), Error,
                          (Says{"aa", "one of the sites of the model: a, b, y", "no site of this name", "spelling"}));
    BOOST_CHECK_EXCEPTION(run(small_model | seed(1) | block({.expose = {"c"}}), 2.0), Error,
                          (Says{"c", "one of the sites", "no site of this name", "spelling"}));
    run(small_model | seed(1) | block({.hide = {"a"}}) | block({.hide = {"a"}}), 2.0); // hidden already
    run(small_model | seed(1) | block({.expose = {"a"}}) | scope("s"), 2.0);
}
