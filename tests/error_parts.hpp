#pragma once
#include <string>

// BOOST_CHECK_EXCEPTION wants a predicate: whether an Error says all of this, and prints it where it does not.
struct Says {
    std::string site, expected, found, advice;

    template <class Error> bool operator()(const Error& error) const {
        const auto contains = [](const std::string& text, const std::string& part) {
            return text.find(part) != std::string::npos;
        };
        const bool is_right = error.site == site && contains(error.expected, expected) &&
                              contains(error.found, found) && contains(error.advice, advice);
        if (!is_right) BOOST_TEST_MESSAGE("the error was: " << error.what());
        return is_right;
    }
};
