#include <boost/test/unit_test.hpp>
#include <cmath>
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

struct Nameless : Handler {};

} // namespace

BOOST_AUTO_TEST_CASE(the_stack_is_printed_in_its_order) {
    const std::string text = explain(small_model | condition({{"a", 1.0}}) | Nameless() | seed(7) | trace);
    BOOST_TEST(text == "A site of the model goes outwards:\n"
                       "  model\n"
                       "  -> condition({a: 1.00})\n"
                       "  -> Nameless\n"
                       "  -> seed(7)\n"
                       "  -> trace\n"
                       "  -> default: a value is checked; a latent site without one is an error\n"
                       "and back inwards, with its final value:\n"
                       "  <- trace\n"
                       "  <- seed(7)\n"
                       "  <- Nameless\n"
                       "  <- condition({a: 1.00})\n"
                       "  <- model\n");
    BOOST_TEST(explain(small_model).find("  model\n  -> default") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(plates_around_a_model_are_shown_with_the_handlers_inside) {
    const auto copies = small_model | seed(7) | plate("copies", 3);
    BOOST_TEST(explain(copies | scale(0.5) | plate("more", 2) | trace) ==
               "A site of the model goes outwards:\n"
               "  model\n"
               "  -> seed(7)\n"
               "  in plate(copies, 3)\n"
               "  -> scale(0.50)\n"
               "  in plate(more, 2)\n"
               "  -> trace\n"
               "  -> default: a value is checked; a latent site without one is an error\n"
               "and back inwards, with its final value:\n"
               "  <- trace\n"
               "  <- scale(0.50)\n"
               "  <- seed(7)\n"
               "  <- model\n");
    BOOST_TEST(explain(copies).find("  in plate(copies, 3)\n  -> default") != std::string::npos);
}
