// Sums of numbers that come one by one: plain, constants, and on a tape.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <type_traits>

import modus.autodiff;

using namespace modus;

#include "modes.hpp"

BOOST_AUTO_TEST_CASE(plain_numbers) {
    Total<double> total;
    BOOST_TEST(-total == 0.0);
    total.add(1.5);
    total.add(-4);
    BOOST_TEST(-total == 2.5);
}

BOOST_AUTO_TEST_CASE(constants_need_no_tape) {
    Total<Var<double>> total;
    total.add(Var<double>(2.0));
    BOOST_TEST((-total).value == -2.0);
    BOOST_TEST(!(-total).slot);
}

BOOST_AUTO_TEST_CASE(derivatives) {
    const auto f = [](const auto& p) {
        using Real = std::remove_cvref_t<decltype(p[0])>;
        Total<Real> total;
        total.add(p[0] * p[1]);
        total.add(Real(3.0));
        total.add(p[0]); // a variable as it is,
        total.add(p[0]); // and again
        total.add(exp(p[1]));
        const Real negative = -total;
        return negative * negative;
    };
    const Vector point{0.3, -0.2};
    BOOST_TEST(gradient_difference(f, point) < 1e-14);
    BOOST_TEST(hessian_difference(f, point) < 1e-14);
}
