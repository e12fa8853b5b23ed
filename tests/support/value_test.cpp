#include <boost/test/unit_test.hpp>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <variant>

#include "autodiff/errors.hpp"

import modus.autodiff;
import modus.support;

using namespace modus;

namespace {

using Real = Dual<double, 2>;

const Real live(1.5, {2.3, -0.7});

Array<Real, 1> live_vector() {
    auto result = Array<Real, 1>::uninitialized({2});
    result.store(0, live);
    result.store(1, -live);
    return result;
}

} // namespace

BOOST_AUTO_TEST_CASE(shapes) {
    BOOST_TEST((shape_of(Data(2.5)) == Shape{}));
    BOOST_TEST((shape_of(Data(Integer{2})) == Shape{}));
    BOOST_TEST((shape_of(Data(Vector(3))) == Shape{{3, 0}, 1}));
    BOOST_TEST((shape_of(Data(IntMatrix(3, 2))) == Shape{{3, 2}, 2}));
    BOOST_TEST((shape_of(Value<Real>(live_vector())) == make_shape(Extents<1>{2})));
    BOOST_TEST((Shape{{3, 0}, 1} != Shape{{3, 0}, 2}));
    BOOST_TEST(Shape{}.str() == "[]");
    BOOST_TEST(make_shape(Extents<1>{3}).str() == "[3]");
    BOOST_TEST(make_shape(Extents<2>{3, 2}).str() == "[3, 2]");
    BOOST_TEST(Shape{}.size() == 1u);
    BOOST_TEST(make_shape(Extents<1>{3}).size() == 3u);
    BOOST_TEST(make_shape(Extents<2>{3, 2}).size() == 6u);
    BOOST_TEST(make_shape(Extents<2>{3, 0}).size() == 0u);
    const Shape shape = make_shape(Extents<2>{3, 2});
    BOOST_TEST((shape.part(0, 1) == make_shape(Extents<1>{3})));
    BOOST_TEST((shape.part(1, 2) == make_shape(Extents<1>{2})));
    BOOST_TEST((shape.part(1, 1) == Shape{}));
    BOOST_TEST((shape.part(0, 2) == shape));
    BOOST_TEST(shape.axes().size() == 2u);
}

BOOST_AUTO_TEST_CASE(nothing_yet) {
    BOOST_TEST(!has_value(Data{}));
    BOOST_TEST(has_value(Data(0.0)));
    BOOST_TEST(!has_value(data_of(Value<Real>{})));
    BOOST_TEST(!has_value(to_value<Real>(Data{})));
}

BOOST_AUTO_TEST_CASE(data_enters_a_model_without_a_copy) {
    const Vector x{1, 2, 3};
    const Value<Real> value = to_value<Real>(x);
    const auto& constant = std::get<Array<Real, 1>>(value);
    BOOST_TEST(constant.data() == x.begin());
    BOOST_TEST(constant.is_constant());
    const IntVector k{1, 2};
    const Value<Real> counts = to_value<Real>(k);
    BOOST_TEST(std::get<IntVector>(counts).begin() == k.begin());
    BOOST_TEST(std::get<Real>(to_value<Real>(Data(2.5))).value == 2.5);
    BOOST_TEST(std::get<Real>(to_value<Real>(Data(2.5))).tangent[1] == 0);
    BOOST_TEST(std::get<Integer>(to_value<Real>(Data(Integer{4}))) == 4);
    const Matrix m{{1, 2}, {3, 4}};
    const Value<Real> matrix = to_value<Real>(m);
    BOOST_TEST((std::get<Array<Real, 2>>(matrix).data() == m.begin()));
    BOOST_TEST((std::get<Vector>(to_value<double>(x)).begin() == x.begin()));
}

BOOST_AUTO_TEST_CASE(data_leaves_a_model_without_a_copy) {
    const auto x = live_vector();
    const Data values = data_of(Value<Real>(x));
    BOOST_TEST(std::get<Vector>(values).begin() == x.data());
    BOOST_TEST((std::get<Vector>(values) == Vector{1.5, -1.5}));
    BOOST_TEST(std::get<double>(data_of(Value<Real>(live))) == 1.5);
    const IntVector k{1, 2};
    const Data counts = data_of(Value<Real>(k));
    BOOST_TEST(std::get<IntVector>(counts).begin() == k.begin());
}

BOOST_AUTO_TEST_CASE(values_as_what_they_are) {
    const Value<Real> scalar = live, vector = live_vector();
    BOOST_TEST(value_as<Real>(scalar).tangent[1] == -0.7);
    const auto x = value_as<Array<Real, 1>>(vector);
    BOOST_TEST(x[1].tangent[0] == -2.3);
    BOOST_TEST(x.data() == (std::get<Array<Real, 1>>(vector).data()));
    BOOST_TEST(value_as<Integer>(Data(Integer{4})) == 4);
}

BOOST_AUTO_TEST_CASE(values_without_their_tangents) {
    const Value<Real> scalar = live, vector = live_vector();
    BOOST_TEST(value_as<double>(scalar) == 1.5);
    BOOST_TEST((value_as<Vector>(vector) == Vector{1.5, -1.5}));
}

BOOST_AUTO_TEST_CASE(constants_as_duals) {
    BOOST_TEST(value_as<Real>(Data(2.5)).value == 2.5);
    const Vector x{1, 2};
    const auto constant = value_as<Array<Real, 1>>(Data(x));
    BOOST_TEST(constant.is_constant());
    BOOST_TEST(constant.data() == x.begin());
}

BOOST_AUTO_TEST_CASE(integers_become_real_numbers) {
    BOOST_TEST(value_as<double>(Data(Integer{3})) == 3.0);
    BOOST_TEST(value_as<Real>(Data(Integer{3})).value == 3.0);
    BOOST_TEST((value_as<Vector>(Data(IntVector{1, 2})) == Vector{1, 2}));
    BOOST_TEST((value_as<Matrix>(Data(IntMatrix{{1, 2}, {3, 4}})) == Matrix{{1, 2}, {3, 4}}));
    BOOST_TEST((value_as<Array<Real, 1>>(Value<Real>(IntVector{1, 2})).is_constant()));
}

BOOST_AUTO_TEST_CASE(whole_numbers_become_integers) {
    BOOST_TEST(value_as<Integer>(Data(3.0)) == 3);
    BOOST_TEST(value_as<Integer>(Data(-2.0)) == -2);
    BOOST_TEST(value_as<Integer>(Value<Real>(Real(3.0))) == 3);
    BOOST_TEST(throws_with<Error>([] { value_as<Integer>(Data(2.5)); }, "whole numbers", "2.50"));
    BOOST_CHECK_THROW(value_as<Integer>(Data(std::numeric_limits<double>::quiet_NaN())), Error);
}

BOOST_AUTO_TEST_CASE(values_of_another_rank) {
    BOOST_TEST(throws_with<Error>([] { value_as<double>(Data(Vector(3))); }, "a number", "shape [3]"));
    BOOST_TEST(throws_with<Error>([] { value_as<Vector>(Data(2.5)); }, "a vector", "the number 2.50"));
    BOOST_TEST(
        throws_with<Error>([] { value_as<Matrix>(Data(IntVector{1, 2})); }, "a matrix", "integers of shape [2]"));
    BOOST_TEST(throws_with<Error>([] { value_as<Array<Real, 1>>(Value<Real>(Array<Real, 2>(Extents<2>{3, 2}))); },
                                  "a vector", "shape [3, 2]"));
    BOOST_TEST(throws_with<Error>([] { value_as<double>(Data{}); }, "a number", "no value"));
    BOOST_TEST(throws_with<Error>([] { value_as<Integer>(Data(IntVector{1})); }, "a number", "integers of shape [1]"));
}

BOOST_AUTO_TEST_CASE(descriptions) {
    BOOST_TEST(describe(Data{}) == "no value");
    BOOST_TEST(describe(Data(2.5)) == "the number 2.50");
    BOOST_TEST(describe(Data(Integer{-3})) == "the integer -3");
    BOOST_TEST(describe(Data(Vector(3))) == "shape [3]");
    BOOST_TEST(describe(Data(Matrix(3, 2))) == "shape [3, 2]");
    BOOST_TEST(describe(Data(IntVector(3))) == "integers of shape [3]");
    BOOST_TEST(describe(Data(IntMatrix(1, 2))) == "integers of shape [1, 2]");
}

BOOST_AUTO_TEST_CASE(formats) {
    BOOST_TEST(format(Data{}) == "-");
    BOOST_TEST(format(Data(1.2)) == "1.20");
    BOOST_TEST(format(Data(0.0)) == "0.00");
    BOOST_TEST(format(Data(-0.314)) == "-0.31");
    BOOST_TEST(format(Data(0.01)) == "0.01");
    BOOST_TEST(format(Data(0.00123)) == "0.00123"); // two digits after the point would leave nothing
    BOOST_TEST(format(Data(1.5e-7)) == "1.5e-07");
    BOOST_TEST(format(Data(12345.678)) == "12345.68");
    BOOST_TEST(format(Data(1234567.0)) == "1.23e+06");
    BOOST_TEST(format(Data(std::numeric_limits<double>::infinity())) == "inf");
    BOOST_TEST(format(Data(std::numeric_limits<double>::quiet_NaN())) == "nan");
    BOOST_TEST(format(Data(Integer{1234567})) == "1234567");
    BOOST_TEST(format(Data(Vector{0.52, -0.31})) == "[0.52, -0.31]");
    BOOST_TEST(format(Data(Vector{})) == "[]");
    BOOST_TEST(format(Data(IntVector{1, -2})) == "[1, -2]");
    BOOST_TEST(format(Data(Matrix{{1, 2.5}, {-3, 0.001}})) == "[[1.00, 2.50], [-3.00, 0.001]]");
    BOOST_TEST(format(Data(IntMatrix{{1, 2}, {3, 4}})) == "[[1, 2], [3, 4]]");
    BOOST_TEST(format_exactly(0.1) == "0.1");
    BOOST_TEST(format_exactly(0.1 + 0.2) == "0.30000000000000004");
    BOOST_TEST(format_exactly(-1e300) == "-1e+300");
}

BOOST_AUTO_TEST_CASE(whole_real_arrays_become_integers_others_are_refused) {
    BOOST_TEST((value_as<IntVector>(Data(Vector{1, 0, -2})) == IntVector{1, 0, -2}));
    BOOST_TEST((value_as<IntMatrix>(Data(Matrix{{1, 2}})) == IntMatrix{{1, 2}}));
    BOOST_CHECK_THROW(value_as<IntVector>(Data(Vector{1, 2.5})), Error);
    BOOST_CHECK_THROW(value_as<Integer>(Data(1e300)), Error);
    BOOST_CHECK_THROW(value_as<Integer>(Data(std::numeric_limits<double>::infinity())), Error);
}
