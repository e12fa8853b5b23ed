#pragma once

#include <boost/test/unit_test.hpp>
#include <string>

/// Whether `statement` throws an Error whose parts `expected` and `found` read as given. A template on the Error, so
/// that this header needs no import.
template <class Error, class F>
bool throws_with(const F& statement, const std::string& expected, const std::string& found) {
    try {
        statement();
    } catch (const Error& error) {
        BOOST_TEST(error.expected == expected);
        BOOST_TEST(error.found == found);
        BOOST_TEST(!error.advice.empty());
        return true;
    }
    return false;
}
