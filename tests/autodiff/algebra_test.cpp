#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <vector>

#include "accuracy.hpp"
#include "errors.hpp"

import modus.autodiff;

using namespace modus;
using accuracy::close;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

using Real = Dual<double, 2>;
using Nested = Dual<Dual<double, 2>, 1>;

// Deterministic numbers of mixed sign without a pattern that a wrong index could reproduce.
double number(std::size_t k) { return std::sin(1.0 + 2.7 * static_cast<double>(k)); }

template <class T> T scalar(std::size_t k) {
    if constexpr (std::same_as<T, double>) {
        return number(k);
    } else {
        T x;
        x.value = scalar<decltype(x.value)>(k);
        for (std::size_t d = 0; d < x.tangent.size(); ++d)
            x.tangent[d] = scalar<decltype(x.value)>(7 * k + 100 * d + 13);
        return x;
    }
}
template <class T, std::size_t R> Array<T, R> sample(const Extents<R>& extents, std::size_t offset = 0) {
    auto x = Array<T, R>::uninitialized(extents);
    for (std::size_t k = 0; k < x.size(); ++k) x.store(k, scalar<T>(k + offset));
    return x;
}

bool near(double x, double y) { return std::fabs(x - y) <= 1e-13 * (1 + std::fabs(y)); }
template <class T, std::size_t N> bool near(const Dual<T, N>& x, const Dual<T, N>& y) {
    bool result = near(x.value, y.value);
    for (std::size_t k = 0; k < N; ++k) result = result && near(x.tangent[k], y.tangent[k]);
    return result;
}

/// X w and X Y against loops over the definition, for the scalars A of X and B of the right-hand side.
template <class A, class B, class Result>
void check_products(std::size_t rows, std::size_t inner, std::size_t columns) {
    const auto x = sample<A, 2>({rows, inner});
    const auto w = sample<B, 1>({inner}, 50);
    const auto xw = x * w;
    static_assert(std::same_as<decltype(xw), const Array<Result, 1>>);
    BOOST_REQUIRE((xw.extents() == Extents<1>{rows}));
    for (std::size_t i = 0; i < rows; ++i) {
        Result expected(0.0);
        for (std::size_t k = 0; k < inner; ++k) expected += x(i, k) * w[k];
        BOOST_TEST(near(xw[i], expected), rows << " x " << inner << ", row " << i);
    }
    const auto y = sample<B, 2>({inner, columns}, 90);
    const auto xy = x * y;
    static_assert(std::same_as<decltype(xy), const Array<Result, 2>>);
    BOOST_REQUIRE((xy.extents() == Extents<2>{rows, columns}));
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j) {
            Result expected(0.0);
            for (std::size_t k = 0; k < inner; ++k) expected += x(i, k) * y(k, j);
            BOOST_TEST(near(xy(i, j), expected), rows << " x " << inner << " x " << columns);
        }
}

} // namespace

BOOST_AUTO_TEST_CASE(elementwise_arithmetic) {
    const Vector x{1, 2, 4}, y{2, 4, 8};
    BOOST_TEST((-x == Vector{-1, -2, -4}));
    BOOST_TEST((x + y == Vector{3, 6, 12}));
    BOOST_TEST((x - y == Vector{-1, -2, -4}));
    BOOST_TEST((x * y == Vector{2, 8, 32}));
    BOOST_TEST((x / y == Vector{0.5, 0.5, 0.5}));
    BOOST_TEST((x + 1 == Vector{2, 3, 5}));
    BOOST_TEST((1.0 - x == Vector{0, -1, -3}));
    BOOST_TEST((2 * x == y));
    BOOST_TEST((4.0 / x == Vector{4, 2, 1}));
    BOOST_TEST((x * IntVector{1, 2, 3} == Vector{1, 4, 12}));
    BOOST_TEST((-IntVector{1, 2} == Vector{-1, -2}));
    const Matrix m{{1, 2, 3}, {4, 5, 6}};
    BOOST_TEST((m + x == Matrix{{2, 4, 7}, {5, 7, 10}}));
    BOOST_TEST((x * m == Matrix{{1, 4, 12}, {4, 10, 24}})); // only a matrix on the left multiplies as one
    BOOST_TEST((m * 2.0 == m + m));
    BOOST_TEST((m / 2 == 0.5 * m));
    BOOST_TEST((elementwise_product(m, m) == square(m)));
    BOOST_TEST((elementwise_product(m, x) == x * m));
    BOOST_CHECK_THROW(x + Vector(2), Error);
}

BOOST_AUTO_TEST_CASE(elementwise_arithmetic_of_duals) {
    const auto x = sample<Real, 1>({5}), y = sample<Real, 1>({5}, 20);
    const Vector c = sample<double, 1>({5}, 40);
    const Real s = scalar<Real>(77);
    for (std::size_t i = 0; i < 5; ++i) {
        BOOST_TEST(near((x + y)[i], x[i] + y[i]));
        BOOST_TEST(near((x - c)[i], x[i] - c[i]));
        BOOST_TEST(near((c * x)[i], c[i] * x[i]));
        BOOST_TEST(near((x / y)[i], x[i] / y[i]));
        BOOST_TEST(near((s * c)[i], s * c[i]));
        BOOST_TEST(near((c - s)[i], c[i] - s));
        BOOST_TEST(near((-x)[i], -x[i]));
    }
}

BOOST_AUTO_TEST_CASE(products_against_loops) {
    for (const auto& [rows, inner, columns] :
         {std::array<std::size_t, 3>{1, 1, 1}, {3, 2, 4}, {2, 5, 1}, {1, 7, 3}, {17, 9, 8}, {40, 33, 5}}) {
        check_products<double, double, double>(rows, inner, columns);
        check_products<double, Real, Real>(rows, inner, columns);
        check_products<double, Nested, Nested>(rows, inner, columns);
        check_products<Real, double, Real>(rows, inner, columns);
        check_products<Real, Real, Real>(rows, inner, columns);
        check_products<Nested, Nested, Nested>(rows, inner, columns);
    }
}

BOOST_AUTO_TEST_CASE(large_products_against_loops) {
    // In chunks of rows, of columns, and of what is summed up; of duals, in planes.
    check_products<double, double, double>(1301, 37, 29);
    check_products<double, double, double>(29, 41, 1301);
    check_products<double, double, double>(3, 50'001, 7);
    check_products<double, double, double>(9, 30'011, 1);
    check_products<double, double, double>(700, 600, 1);
    check_products<double, Real, Real>(2100, 170, 3);
    check_products<double, Real, Real>(3, 120'001, 3);
}

BOOST_AUTO_TEST_CASE(products_of_slices) {
    // The planes of a slice are further apart than it is long.
    const Matrix x = sample<double, 2>({4, 3});
    const auto whole = sample<Real, 1>({9}, 30);
    const auto product = x * whole.slice(4, 3);
    for (std::size_t i = 0; i < 4; ++i)
        BOOST_TEST(near(product[i], x(i, 0) * whole[4] + x(i, 1) * whole[5] + x(i, 2) * whole[6]));
    const auto square = sample<Real, 1>({9}, 30).slice(2, 6).reshape<2>({3, 2});
    const auto y = x * square;
    for (std::size_t i = 0; i < 4; ++i)
        BOOST_TEST(near(y(i, 1), x(i, 0) * whole[5] + x(i, 1) * whole[6] + x(i, 2) * whole[7]));
}

BOOST_AUTO_TEST_CASE(products_with_constants_stay_constant) {
    const Matrix x = sample<double, 2>({3, 2});
    const Vector w = sample<double, 1>({2}, 9);
    const Array<Real, 2> constant_x = x;
    const Array<Real, 1> constant_w = w;
    for (const auto& product : {x * constant_w, constant_x * w, constant_x * constant_w}) {
        BOOST_TEST(product.is_constant());
        BOOST_TEST((product.values() == x * w));
        BOOST_TEST(product[2].tangent[1] == 0);
    }
    const auto live = sample<Real, 1>({2}, 5);
    BOOST_TEST(near((constant_x * live)[1], (x * live)[1]));
    BOOST_TEST(!(constant_x * live).is_constant());
    BOOST_TEST(near((sample<Real, 2>({3, 2}) * constant_w)[1], (sample<Real, 2>({3, 2}) * w)[1]));
}

BOOST_AUTO_TEST_CASE(empty_products) {
    BOOST_TEST((Matrix(3, 0) * Vector{} == Vector(3))); // an empty sum in each row
    BOOST_TEST((Matrix(0, 2) * Vector(2)).size() == 0u);
    const auto zero = Matrix(2, 0) * Array<Real, 1>(Extents<1>{0});
    BOOST_TEST(zero[1].value == 0);
    BOOST_TEST(zero[1].tangent[0] == 0);
}

BOOST_AUTO_TEST_CASE(products_of_the_wrong_shapes) {
    const Matrix x(3, 2);
    BOOST_TEST(throws_with<Error>([&] { x* Vector(3); }, "a right-hand side with 2 rows for a matrix of shape [3, 2]",
                                  "shape [3]"));
    BOOST_TEST(throws_with<Error>([&] { x* Matrix(3, 2); },
                                  "a right-hand side with 2 rows for a matrix of shape [3, 2]", "shape [3, 2]"));
    BOOST_CHECK_THROW((x * sample<Real, 1>({4})), Error);
    BOOST_CHECK_THROW((sample<Real, 2>({3, 2}) * sample<Real, 1>({4})), Error);
}

BOOST_AUTO_TEST_CASE(sums_and_means) {
    BOOST_TEST(sum(Vector{1, 2, 3.5}) == 6.5);
    BOOST_TEST(sum(Matrix{{1, 2}, {3, 4}}) == 10);
    BOOST_TEST(sum(Vector{}) == 0);
    BOOST_TEST(mean(Vector{1, 2, 6}) == 3);
    BOOST_TEST(mean(Matrix{{1, 2}, {3, 4}}) == 2.5);
    BOOST_TEST(std::isnan(mean(Vector{})));
    const auto x = sample<Nested, 1>({300});
    Nested total(0.0);
    for (std::size_t k = 0; k < 300; ++k) total += x[k];
    BOOST_TEST(near(sum(x), total));
    BOOST_TEST(near(mean(x), total / 300.0));
    BOOST_TEST(sum(Array<Real, 1>(Vector{1, 2})).value == 3);
}

BOOST_AUTO_TEST_CASE(dot_products) {
    BOOST_TEST(dot(Vector{1, 2, 3}, Vector{4, 5, 6}) == 32);
    BOOST_TEST(dot(Vector{}, Vector{}) == 0);
    const auto x = sample<Real, 1>({20}), y = sample<Real, 1>({20}, 31);
    const Vector c = sample<double, 1>({20}, 64);
    Real live(0.0), mixed(0.0);
    for (std::size_t k = 0; k < 20; ++k) {
        live += x[k] * y[k];
        mixed += c[k] * y[k];
    }
    BOOST_TEST(near(dot(x, y), live));
    BOOST_TEST(near(dot(c, y), mixed));
    BOOST_TEST(near(dot(y, c), mixed));
    BOOST_CHECK_THROW(dot(Vector(3), Vector(2)), Error);
}

BOOST_AUTO_TEST_CASE(dot_products_do_not_broadcast) {
    BOOST_TEST(throws_with<Error>([] { dot(Vector(3), Vector(1)); }, "a vector of shape [3]", "shape [1]"));
    BOOST_CHECK_THROW(dot(Vector(1), Vector(3)), Error);
}

BOOST_AUTO_TEST_CASE(log_sum_exp_of_large_values) {
    BOOST_TEST(
        close(log_sum_exp(Vector{0.1, 0.2, 0.3}), std::log(std::exp(0.1) + std::exp(0.2) + std::exp(0.3)), 4e-16));
    BOOST_TEST(close(log_sum_exp(Vector{1000, 1000}), 1000 + std::log(2.0), 1e-15));
    BOOST_TEST(close(log_sum_exp(Vector{-1000, -1001}), -1000 + std::log1p(std::exp(-1.0)), 1e-15));
    BOOST_TEST(log_sum_exp(Vector{1e308, -1e308}) == 1e308);
    BOOST_TEST(close(log_sum_exp(Matrix{{0, 0}, {0, 0}}), std::log(4.0), 1e-15));
    BOOST_TEST(log_sum_exp(Vector{3.5}) == 3.5);
}

BOOST_AUTO_TEST_CASE(log_sum_exp_of_infinities) {
    BOOST_TEST(log_sum_exp(Vector{-inf, 2.0}) == 2);
    BOOST_TEST(log_sum_exp(Vector{-inf, -inf}) == -inf); // no component explains the point
    BOOST_TEST(log_sum_exp(Vector{inf, 1.0}) == inf);
    BOOST_TEST(log_sum_exp(Vector{}) == -inf); // an empty sum
    BOOST_TEST(std::isnan(log_sum_exp(Vector{1.0, std::numeric_limits<double>::quiet_NaN()})));
    BOOST_TEST(log_sum_exp(Array<Real, 1>(Vector{-inf, -inf})).value == -inf);
}

BOOST_AUTO_TEST_CASE(log_sum_exp_of_duals) {
    const Vector at{1000.0, 1000.5, 998.0};
    const double top = log_sum_exp(at);
    const Vector slope = gradient([](const auto& x) { return log_sum_exp(x); }, at);
    for (std::size_t i = 0; i < 3; ++i) BOOST_TEST(close(slope[i], std::exp(at[i] - top), 1e-12));
    // With seeds other than 1: 2.3 p_0 - 0.7 p_1 and 1.9 p_0 + 0.4 p_1.
    auto x = Array<Real, 1>::uninitialized({2});
    x.store(0, Real(-3.0, {2.3, 1.9}));
    x.store(1, Real(-2.0, {-0.7, 0.4}));
    const Real y = log_sum_exp(x);
    const double p = 1 / (1 + std::exp(1.0));
    BOOST_TEST(close(y.tangent[0], 2.3 * p - 0.7 * (1 - p), 1e-14));
    BOOST_TEST(close(y.tangent[1], 1.9 * p + 0.4 * (1 - p), 1e-14));
}

BOOST_AUTO_TEST_CASE(stacks) {
    const Vector plain = stack(1.5, 2, Integer{3});
    BOOST_TEST((plain == Vector{1.5, 2, 3}));
    const Real a = scalar<Real>(1), b = scalar<Real>(2);
    const auto mixed = stack(a, 2.5, 7, b);
    static_assert(std::same_as<decltype(mixed), const Array<Real, 1>>);
    BOOST_TEST(near(mixed[0], a));
    BOOST_TEST(near(mixed[1], Real(2.5)));
    BOOST_TEST(near(mixed[2], Real(7.0)));
    BOOST_TEST(near(mixed[3], b));
    const auto collected = stack(std::vector<Real>{b, a});
    BOOST_TEST(near(collected[0], b));
    BOOST_TEST(near(collected[1], a));
    BOOST_TEST(stack(std::vector<double>{}).size() == 0u);
}

BOOST_AUTO_TEST_CASE(vectors_end_to_end) {
    BOOST_TEST((concatenate(Vector{1, 2}, Vector{3}) == Vector{1, 2, 3}));
    BOOST_TEST((concatenate(Vector{}, Vector{3}) == Vector{3}));
    const auto x = sample<Real, 1>({2});
    const auto joined = concatenate(Vector{1, 2}, x);
    static_assert(std::same_as<decltype(joined), const Array<Real, 1>>);
    BOOST_TEST(near(joined[1], Real(2.0)));
    BOOST_TEST(near(joined[3], x[1]));
    BOOST_TEST(near(concatenate(x, Vector{5})[2], Real(5.0)));
    BOOST_TEST(concatenate(x, x).size() == 4u);
}
