#include <array>
#include <boost/test/unit_test.hpp>
#include <limits>
#include <string>
#include <type_traits>
#include <variant>

import modus.autodiff;
import modus.distributions;
import modus.support;

using namespace modus;

using Real = Dual<double, 4>;
static_assert(Distribution<decltype(Delta(1.0))>);

BOOST_AUTO_TEST_CASE(all_mass_is_at_the_point) {
    const double infinity = std::numeric_limits<double>::infinity();
    const Delta d(2.5);
    BOOST_TEST(d.log_density(2.5) == 0.0);
    BOOST_TEST(d.log_density(2.5000000001) == -infinity);
    BOOST_TEST(d.log_density(-infinity) == -infinity);
    BOOST_TEST(Delta(0.0).log_density(-0.0) == 0.0);
    BOOST_TEST(!d.is_discrete);
    const Real x(2.5, {2.3, -0.7, 0.0, 0.0});
    BOOST_TEST(double(Delta(x).log_density(x)) == 0.0);
    BOOST_TEST(double(Delta(x).log_density(3.0)) == -infinity);
    BOOST_TEST(double(d.log_density(x)) == 0.0);
}

BOOST_AUTO_TEST_CASE(everything_else_is_the_point) {
    const Delta d(-2.5);
    Random random(1);
    BOOST_TEST(std::get<double>(d.draw(random)) == -2.5);
    BOOST_TEST(std::get<double>(d.mean()) == -2.5);
    BOOST_TEST(std::get<double>(d.variance()) == 0.0);
    for (const double q : {0.0, 0.1, 1.0}) BOOST_TEST(std::get<double>(d.quantile(q)) == -2.5);
    BOOST_TEST(std::get<double>(d.feasible()) == -2.5);
}

BOOST_AUTO_TEST_CASE(nothing_is_free) {
    const Vector points{1, -2, 4};
    const Delta d(points);
    BOOST_TEST(d.unconstrained_size() == 0u);
    BOOST_TEST(d.unconstrain(Data(points)).size() == 0u);
    BOOST_TEST((d.constrain(Vector()) == points));
    BOOST_TEST(Delta(7.0).constrain(Vector()) == 7.0);
    BOOST_TEST(d.log_abs_det_jacobian(Vector()) == 0.0);
    // Through the erased interface, in a model over duals.
    const Erased<Real, std::remove_const_t<decltype(d)>> erased(d);
    const auto value = erased.constrain(Array<Real, 1>(Vector()));
    BOOST_TEST((value_of(std::get<Array<Real, 1>>(value)) == points));
    BOOST_TEST(value_of(erased.log_density(value)) == 0.0);
    BOOST_TEST(value_of(erased.log_abs_det_jacobian(Array<Real, 1>(Vector()))) == 0.0);
}

BOOST_AUTO_TEST_CASE(a_point_that_depends_on_the_model_is_kept_with_its_derivatives) {
    const Real point(0.5, {0.0, 0.0, 1.9, 0.0});
    const Real x = Delta(point).constrain(Array<Real, 1>(Vector()));
    BOOST_TEST(x.value == 0.5);
    BOOST_TEST(x.tangent[2] == 1.9);
}

BOOST_AUTO_TEST_CASE(other_values_are_refused) {
    const Delta d(Vector{1, -2, 4});
    BOOST_CHECK_NO_THROW(d.check_value(Data(Vector{1, -2, 4})));
    try {
        d.check_value(Data(Vector{1, -2.5, 4}));
        BOOST_ERROR("no error");
    } catch (const Error& error) {
        BOOST_TEST(error.expected.starts_with("the point -2"));
        BOOST_TEST(error.expected.ends_with(", the support of Delta"));
        BOOST_TEST(error.found == "-2.5 at index [1]");
    }
    try {
        Delta(Vector{1, std::numeric_limits<double>::quiet_NaN()}).check_parameters();
        BOOST_ERROR("no error");
    } catch (const Error& error) {
        BOOST_TEST(error.expected == "value of Delta to be a real number");
        BOOST_TEST(error.found == "nan at element 1");
        BOOST_TEST(error.advice == "Look for the computation that gave NaN.");
    }
}
