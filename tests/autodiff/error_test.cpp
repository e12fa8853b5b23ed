#include <boost/test/unit_test.hpp>
#include <stdexcept>
#include <string>

import modus.autodiff;

using modus::Error;

BOOST_AUTO_TEST_CASE(the_sentence_names_the_site) {
    const Error error("tau", "a positive number", "-1.5", "Use a positive scale.");
    BOOST_TEST(error.what() ==
               std::string("site 'tau': expected a positive number, found -1.5. Use a positive scale."));
}

BOOST_AUTO_TEST_CASE(the_sentence_without_a_site) {
    const Error error("", "a vector", "a matrix", "Flatten it.");
    BOOST_TEST(error.what() == std::string("expected a vector, found a matrix. Flatten it."));
}

BOOST_AUTO_TEST_CASE(the_parts_are_kept) {
    try {
        throw Error("tau", "a positive number", "-1.5", "Use a positive scale.");
    } catch (const std::runtime_error& caught) { // one handler for everything that goes wrong at run time
        const auto* error = dynamic_cast<const Error*>(&caught);
        BOOST_REQUIRE(error);
        BOOST_TEST(error->site == "tau");
        BOOST_TEST(error->expected == "a positive number");
        BOOST_TEST(error->found == "-1.5");
        BOOST_TEST(error->advice == "Use a positive scale.");
    }
}

BOOST_AUTO_TEST_CASE(a_copy_keeps_the_parts) { // whoever runs the model adds the site and throws again
    const Error error("", "a vector", "a matrix", "Flatten it.");
    const Error named("w", error.expected, error.found, error.advice);
    const Error copy = named;
    BOOST_TEST(copy.site == "w");
    BOOST_TEST(copy.what() == std::string("site 'w': expected a vector, found a matrix. Flatten it."));
}
