#include <boost/test/unit_test.hpp>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>

#include "errors.hpp"

import modus.autodiff;

using namespace modus;

namespace {

using Real = Dual<double, 2>;

const Vector row{10, 20, 30};
const Matrix grid{{1, 2, 3}, {4, 5, 6}};
const Matrix column{{100}, {200}};
const auto add = [](const auto& a, const auto& b) { return a + b; };

} // namespace

BOOST_AUTO_TEST_CASE(shapes_that_broadcast) {
    BOOST_TEST((broadcast_extents(1.0, 2) == Extents<0>{}));
    BOOST_TEST((broadcast_extents(1.0, Vector(3)) == Extents<1>{3}));
    BOOST_TEST((broadcast_extents(Vector(3), 1.0) == Extents<1>{3}));
    BOOST_TEST((broadcast_extents(Vector(3), Vector(3)) == Extents<1>{3}));
    BOOST_TEST((broadcast_extents(Vector(1), Vector(3)) == Extents<1>{3}));
    BOOST_TEST((broadcast_extents(Vector(3), IntVector(1)) == Extents<1>{3}));
    BOOST_TEST((broadcast_extents(Vector(0), Vector(1)) == Extents<1>{0}));
    BOOST_TEST((broadcast_extents(Vector(0), 1.0) == Extents<1>{0}));
    BOOST_TEST((broadcast_extents(Matrix(2, 3), 1.0) == Extents<2>{2, 3}));
    BOOST_TEST((broadcast_extents(Matrix(2, 3), Vector(3)) == Extents<2>{2, 3}));
    BOOST_TEST((broadcast_extents(Vector(3), Matrix(2, 3)) == Extents<2>{2, 3}));
    BOOST_TEST((broadcast_extents(Matrix(2, 3), Vector(1)) == Extents<2>{2, 3}));
    BOOST_TEST((broadcast_extents(Matrix(2, 1), Matrix(1, 3)) == Extents<2>{2, 3}));
    BOOST_TEST((broadcast_extents(Matrix(2, 1), Vector(3)) == Extents<2>{2, 3}));
    BOOST_TEST((broadcast_extents(Matrix(1, 1), Matrix(2, 3)) == Extents<2>{2, 3}));
    BOOST_TEST((broadcast_extents(Vector(1), 2.0, Matrix(2, 1), Vector(3)) == Extents<2>{2, 3}));
}

BOOST_AUTO_TEST_CASE(shapes_that_do_not_fit) {
    BOOST_TEST(
        throws_with<Error>([] { broadcast_extents(Vector(3), Vector(2)); }, "shapes that broadcast to [3]", "[2]"));
    BOOST_TEST(throws_with<Error>([] { broadcast_extents(Matrix(3, 2), Vector(3)); }, "shapes that broadcast to [3, 2]",
                                  "[3]"));
    BOOST_TEST(throws_with<Error>([] { broadcast_extents(Matrix(3, 2), Matrix(2, 3)); },
                                  "shapes that broadcast to [3, 2]", "[2, 3]"));
    BOOST_TEST(
        throws_with<Error>([] { broadcast_extents(Vector(0), Vector(3)); }, "shapes that broadcast to [0]", "[3]"));
    // Named as they are, not half merged.
    BOOST_TEST(throws_with<Error>([] { broadcast_extents(Matrix(1, 2), Matrix(4, 3)); },
                                  "shapes that broadcast to [1, 2]", "[4, 3]"));
    BOOST_CHECK_THROW(map(add, Vector(3), Vector(2)), Error);
}

BOOST_AUTO_TEST_CASE(map_over_broadcast_arguments) {
    BOOST_TEST(map(add, 1.5, 2) == 3.5);
    BOOST_TEST((map(add, row, 1.0) == Vector{11, 21, 31}));
    BOOST_TEST((map(add, 1, row) == Vector{11, 21, 31}));
    BOOST_TEST((map(add, row, Vector{1}) == Vector{11, 21, 31}));
    BOOST_TEST((map(add, grid, row) == Matrix{{11, 22, 33}, {14, 25, 36}}));
    BOOST_TEST((map(add, row, grid) == Matrix{{11, 22, 33}, {14, 25, 36}}));
    BOOST_TEST((map(add, grid, column) == Matrix{{101, 102, 103}, {204, 205, 206}}));
    BOOST_TEST((map(add, column, row) == Matrix{{110, 120, 130}, {210, 220, 230}}));
    BOOST_TEST((map(add, column, Matrix{{1, 2}}) == Matrix{{101, 102}, {201, 202}}));
    BOOST_TEST((map(add, grid, Vector{7}) == Matrix{{8, 9, 10}, {11, 12, 13}}));
    BOOST_TEST(map(add, Vector(0), 1.0).size() == 0u);
    const auto three = [](double a, double b, double c) { return a * b + c; };
    BOOST_TEST((map(three, grid, 2.0, row) == Matrix{{12, 24, 36}, {18, 30, 42}}));
}

BOOST_AUTO_TEST_CASE(integers_are_read_as_real_numbers) {
    BOOST_TEST((map([](auto k) { return k / 2; }, IntVector{1, 2, 3}) == Vector{0.5, 1.0, 1.5}));
    BOOST_TEST(map([](auto k) { return k / 2; }, Integer{3}) == 1.5);
    BOOST_TEST(map([](auto k) { return k / 2; }, 3) == 1.5);
    // The result is what the formula returns.
    const IntVector whole = map([](double x) { return static_cast<Integer>(x); }, Vector{1.9, -1.9});
    BOOST_TEST((whole == IntVector{1, -1}));
}

BOOST_AUTO_TEST_CASE(map_over_duals) {
    const auto live = seed_directions<2>(Vector{1, 2, 3}, 1);
    const auto product = map([](const auto& a, const auto& b) { return a * b; }, live, grid);
    static_assert(std::same_as<decltype(product), const Array<Real, 2>>);
    BOOST_TEST(product(1, 2).value == 18);
    BOOST_TEST(product(1, 2).tangent[1] == 6);
    BOOST_TEST(product(1, 2).tangent[0] == 0);
    BOOST_TEST(product(0, 1).tangent[0] == 2);
    const Array<Real, 1> constant = Vector{5, 6, 7};
    BOOST_TEST(map(add, constant, live)[1].value == 8);
    BOOST_TEST(map(add, constant, live)[1].tangent[0] == 1);
}

BOOST_AUTO_TEST_CASE(map_to_a_larger_shape) {
    BOOST_TEST(
        (map_to(Extents<2>{2, 3}, [](double x) { return -x; }, row) == Matrix{{-10, -20, -30}, {-10, -20, -30}}));
    BOOST_TEST((map_to(Extents<1>{2}, [](double x) { return -x; }, 4.0) == Vector{-4, -4}));
}

BOOST_AUTO_TEST_CASE(find_first_in_storage_order) {
    const auto negative = [](double x) { return x < 0; };
    BOOST_TEST(find_first(Extents<1>{4}, negative, Vector{1, -2, 3, -4}) == 1u);
    BOOST_TEST(find_first(Extents<1>{3}, negative, Vector{1, 2, 3}) == 3u); // none: the size
    BOOST_TEST(find_first(Extents<0>{}, negative, -1.0) == 0u);
    BOOST_TEST(find_first(Extents<0>{}, negative, 1.0) == 1u);
    BOOST_TEST(find_first(Extents<2>{2, 2}, negative, Matrix{{1, -2}, {-3, 4}}) == 1u); // column by column
    BOOST_TEST(find_first(Extents<1>{0}, negative, Vector{}) == 0u);
    BOOST_TEST(find_first(Extents<2>{2, 3}, [](double a, double b) { return a + b > 205; }, grid, column) == 5u);
}

BOOST_AUTO_TEST_CASE(sum_map_over_broadcast_arguments) {
    const auto same = [](const auto& x) { return x; };
    BOOST_TEST(sum_map(Extents<0>{}, same, 2.5) == 2.5);
    BOOST_TEST(sum_map(Extents<1>{3}, same, row) == 60);
    BOOST_TEST(sum_map(Extents<2>{2, 3}, same, grid) == 21);
    BOOST_TEST(sum_map(Extents<1>{4}, same, 2.5) == 10); // a scalar counts once for each element
    BOOST_TEST(sum_map(Extents<2>{2, 3}, same, row) == 120);
    BOOST_TEST(sum_map(Extents<2>{2, 3}, same, column) == 900);
    BOOST_TEST(sum_map(Extents<2>{2, 3}, add, grid, row) == 141);
    BOOST_TEST(sum_map(Extents<1>{0}, same, Vector{}) == 0);
    BOOST_TEST(sum_map(Extents<2>{0, 3}, same, Matrix(0, 3)) == 0);
    const auto live = seed_directions<2>(Vector{1, 2, 3}, 1);
    const Real total = sum_map(Extents<1>{3}, [](const auto& x, const auto& w) { return w * x * x; }, live, row);
    BOOST_TEST(total.value == 10 + 80 + 270);
    BOOST_TEST(total.tangent[0] == 80);
    BOOST_TEST(total.tangent[1] == 180);
}

BOOST_AUTO_TEST_CASE(sums_of_every_size_around_a_block) {
    for (const std::size_t n : {1u, 2u, 255u, 256u, 257u, 511u, 512u, 513u, 1000u}) {
        double exact = 0;
        Vector x(n);
        for (std::size_t k = 0; k < n; ++k) exact += x[k] = static_cast<double>(k * k % 31); // whole: no rounding
        const auto same = [](double v) { return v; };
        BOOST_TEST(sum_map(x.extents(), same, x) == exact, n);
        BOOST_TEST(sum_map(Extents<2>{1, n}, same, x) == exact, n);
        BOOST_TEST(sum_map(Extents<2>{n, 1}, same, x.reshape<2>({n, 1})) == exact, n);
        BOOST_TEST(sum_map(Extents<2>{3, n}, same, x) == 3 * exact, n);
    }
}

BOOST_AUTO_TEST_CASE(sums_are_accurate_in_every_shape) {
    // 1e5 times 0.1, whose plain sum is off by 1.9e-12 relative.
    const std::size_t n = 100000;
    const auto same = [](double v) { return v; };
    const double exact = 10000.000000000000555; // n times the double next to 0.1
    Vector x(n);
    for (std::size_t k = 0; k < n; ++k) x[k] = 0.1;
    for (const Extents<2>& shape : {Extents<2>{n, 1}, Extents<2>{1, n}, Extents<2>{4, n / 4}, Extents<2>{n / 8, 8}}) {
        const Matrix m = x.reshape<2>(shape);
        BOOST_TEST(std::fabs(sum_map(shape, same, m) / exact - 1) < 2e-14, format_shape(shape));
    }
    BOOST_TEST(std::fabs(sum_map(x.extents(), same, x) / exact - 1) < 2e-14);
}
