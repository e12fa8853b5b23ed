#include <boost/test/unit_test.hpp>
#include <error_parts.hpp>
#include <sstream>

import modus.autodiff;
import modus.handlers;
import modus.support;
using namespace modus;

BOOST_AUTO_TEST_CASE(values_keep_their_order_and_print_as_in_the_readme) {
    const NamedValues values{{"weight", Vector{0.52, -0.31, 1.2}}, {"bias", 0.08}, {"sigma", 0.95}};
    std::ostringstream out;
    out << values;
    BOOST_TEST(out.str() == "{weight: [0.52, -0.31, 1.20], bias: 0.08, sigma: 0.95}");
}

BOOST_AUTO_TEST_CASE(small_and_large_numbers_keep_their_digits) {
    const NamedValues values{
        {"small", 1.234e-7}, {"large", 1.234e9}, {"zero", 0.0}, {"k", 3}, {"X", Matrix{{1, 2}, {3, 4}}}};
    BOOST_TEST(values.str() == "{small: 1.23e-07, large: 1.23e+09, zero: 0.00, k: 3, X: [[1.00, 2.00], [3.00, 4.00]]}");
}

BOOST_AUTO_TEST_CASE(typed_access) {
    const NamedValues values{{"x", 1.5}, {"k", 3}};
    BOOST_TEST(values.get<double>("x") == 1.5);
    BOOST_TEST(values.get<double>("k") == 3);
    BOOST_TEST(values.get<Integer>("k") == 3);
    BOOST_CHECK_EXCEPTION(values.get<Vector>("x"), Error, (Says{"", "a vector", "the number 1.50", ""}));
    BOOST_CHECK_EXCEPTION(values["y"], Error, (Says{"y", "one of: x, k", "no value of this name", "spelling"}));
}

BOOST_AUTO_TEST_CASE(a_name_twice_is_refused) {
    BOOST_CHECK_EXCEPTION((NamedValues{{"x", 1.0}, {"x", 2.0}}), Error, (Says{"x", "one value", "two", "Remove"}));
}
