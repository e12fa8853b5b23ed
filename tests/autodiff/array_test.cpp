#include <array>
#include <boost/test/unit_test.hpp>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "errors.hpp"

import modus.autodiff;

using namespace modus;

namespace {

using Real = Dual<double, 2>;
using RealVector = Array<Real, 1>;
using RealMatrix = Array<Real, 2>;

bool aligned(const void* data) { return reinterpret_cast<std::uintptr_t>(data) % 64 == 0; }

/// The words of an array, without a copy of shared memory.
template <class A> const auto* words(const A& x) { return x.data(); }

/// 1, 2, 3, ... with tangents 10 k and 100 k.
RealVector live(std::size_t n) {
    auto result = RealVector::uninitialized({n});
    for (std::size_t k = 0; k < n; ++k) {
        const double v = static_cast<double>(k + 1);
        result.store(k, Real(v, {10 * v, 100 * v}));
    }
    return result;
}

} // namespace

BOOST_AUTO_TEST_CASE(empty_arrays) {
    const Vector nothing;
    BOOST_TEST(nothing.size() == 0u);
    BOOST_TEST((nothing.begin() == nothing.end()));
    const Matrix none;
    BOOST_TEST(none.rows() == 0u);
    BOOST_TEST(none.cols() == 0u);
    BOOST_TEST(Vector(0).size() == 0u);
    BOOST_TEST((Vector{} == Vector(0)));
    BOOST_TEST(Matrix(3, 0).size() == 0u);
    BOOST_CHECK_THROW(nothing[0], Error);
}

BOOST_AUTO_TEST_CASE(zeros) {
    const Vector x(5);
    BOOST_TEST(x.size() == 5u);
    for (const double element : x) BOOST_TEST(element == 0);
    const Matrix m(2, 3);
    BOOST_TEST(m.rows() == 2u);
    BOOST_TEST(m.cols() == 3u);
    for (const double element : m) BOOST_TEST(element == 0);
    const IntVector k(4);
    for (const Integer element : k) BOOST_TEST(element == 0);
    const RealVector r(3);
    BOOST_TEST(r[2].value == 0);
    BOOST_TEST(r[2].tangent[1] == 0);
    BOOST_TEST((Matrix(Extents<2>{2, 3}) == m));
}

BOOST_AUTO_TEST_CASE(lists_and_ranges) {
    const Vector x{1.5, -2.0, 3.0};
    BOOST_TEST(x.size() == 3u);
    BOOST_TEST(x[1] == -2);
    const std::vector<double> numbers{1.5, -2.0, 3.0};
    const Vector implicit = numbers; // real numbers become a vector where one is wanted
    BOOST_TEST((implicit == x));
    BOOST_TEST((Vector(std::array<double, 3>{1.5, -2.0, 3.0}) == x));
    BOOST_TEST((Vector(std::vector<float>{1.5f, -2.0f, 3.0f}) == x));
    BOOST_TEST((Vector(std::vector<int>{3, 4}) == Vector{3.0, 4.0}));
    BOOST_TEST((Vector(IntVector{3, 4}) == Vector{3.0, 4.0}));
    BOOST_TEST((IntVector(std::vector<double>{3.0, 4.0}) == IntVector{3, 4}));
    const IntVector counts = std::vector<int>{3, 4};
    BOOST_TEST(counts[1] == 4);
    // Between integers and real numbers only when asked for.
    static_assert(!std::convertible_to<std::vector<int>, Vector>);
    static_assert(!std::convertible_to<std::vector<double>, IntVector>);
    static_assert(!std::convertible_to<IntVector, Vector>);
    static_assert(std::convertible_to<std::vector<int>, IntVector>);
    static_assert(std::convertible_to<std::vector<double>, Vector>);
}

BOOST_AUTO_TEST_CASE(a_copy_of_a_range_is_a_copy) {
    std::vector<double> numbers{1.0, 2.0};
    const Vector x = numbers;
    numbers[0] = 9;
    BOOST_TEST(x[0] == 1);
}

BOOST_AUTO_TEST_CASE(matrices_are_column_major) {
    const Matrix m{{1, 2, 3}, {4, 5, 6}};
    BOOST_TEST((m.extents() == Extents<2>{2, 3}));
    BOOST_TEST(m(0, 2) == 3);
    BOOST_TEST(m(1, 0) == 4);
    BOOST_TEST((std::vector<double>(m.begin(), m.end()) == std::vector<double>{1, 4, 2, 5, 3, 6}));
    const std::vector<double> columns{1, 4, 2, 5, 3, 6};
    BOOST_TEST((Matrix(2, 3, columns) == m));
    BOOST_TEST((IntMatrix{{1, 2}, {3, 4}}(1, 0) == 3));
    BOOST_TEST(!(m == Matrix{{1, 4}, {2, 5}, {3, 6}})); // the same words in another shape
}

BOOST_AUTO_TEST_CASE(ragged_matrices_are_refused) {
    BOOST_TEST(
        throws_with<Error>([] { Matrix{{1, 2, 3}, {4, 5}}; }, "3 numbers in each row of the matrix", "2 in row 1"));
    BOOST_TEST(
        throws_with<Error>([] { IntMatrix{{1}, {2}, {3, 4}}; }, "1 numbers in each row of the matrix", "2 in row 2"));
    const std::vector<double> five(5);
    BOOST_TEST(throws_with<Error>([&] { Matrix(2, 3, five); }, "6 numbers", "5"));
}

BOOST_AUTO_TEST_CASE(memory_is_aligned_to_a_cache_line) {
    for (const std::size_t n : {1u, 7u, 8u, 100u, 100000u}) {
        BOOST_TEST(aligned(words(Vector(n))), n);
        BOOST_TEST(aligned(words(IntVector(n))), n);
        BOOST_TEST(aligned(words(RealVector(n))), n);
        BOOST_TEST(aligned(words(Matrix(n, 3))), n);
    }
}

BOOST_AUTO_TEST_CASE(copies_share_memory_until_one_is_written_to) {
    Vector x{1, 2, 3};
    const Vector copy = x;
    BOOST_TEST(words(copy) == words(x));
    x[1] = 20;
    BOOST_TEST(words(copy) != words(x));
    BOOST_TEST((copy == Vector{1, 2, 3}));
    BOOST_TEST((x == Vector{1, 20, 3}));
    const double* alone = words(x);
    x[2] = 30; // nobody else sees this memory
    BOOST_TEST(words(x) == alone);

    Matrix m{{1, 2}, {3, 4}};
    const Matrix kept = m;
    m(1, 1) = 40;
    BOOST_TEST(kept(1, 1) == 4);
    BOOST_TEST(m(1, 1) == 40);
    Vector raw{1, 2};
    const Vector before = raw;
    raw.data()[0] = 10;
    BOOST_TEST(before[0] == 1);
    BOOST_TEST(raw[0] == 10);
}

BOOST_AUTO_TEST_CASE(reading_never_copies) {
    const Vector x{1, 2, 3};
    const Vector copy = x;
    double total = 0;
    for (const double element : copy) total += element;
    BOOST_TEST(total + copy[0] == 7);
    BOOST_TEST(words(copy) == words(x));
}

BOOST_AUTO_TEST_CASE(assignment_and_moves) {
    Vector x{1, 2, 3};
    const double* memory = words(x);
    Vector moved = std::move(x);
    BOOST_TEST(words(moved) == memory);
    Vector assigned{9};
    assigned = moved;
    BOOST_TEST(words(assigned) == memory);
    const Vector& alias = assigned;
    assigned = alias; // to itself
    BOOST_TEST((assigned == Vector{1, 2, 3}));
    moved = Vector{5};
    BOOST_TEST((assigned == Vector{1, 2, 3})); // still owns the memory
    moved[0] = 6;
    BOOST_TEST(moved[0] == 6);
}

BOOST_AUTO_TEST_CASE(slices_share_memory) {
    Vector x{0, 1, 2, 3, 4};
    const Vector middle = x.slice(1, 3);
    BOOST_TEST(words(middle) == words(x) + 1);
    BOOST_TEST((middle == Vector{1, 2, 3}));
    BOOST_TEST(x.slice(5, 0).size() == 0u);
    BOOST_TEST(x.slice(0, 5).size() == 5u);
    x[2] = 20; // copies, so the slice stays what it was
    BOOST_TEST(middle[1] == 2);
    Vector part = x.slice(2, 2);
    part[0] = -1;
    BOOST_TEST(x[2] == 20);
    BOOST_TEST((part == Vector{-1, 3}));
    // A slice keeps the memory alive.
    Vector tail;
    {
        const Vector whole{1, 2, 3};
        tail = whole.slice(1, 2);
    }
    BOOST_TEST((tail == Vector{2, 3}));
    tail[1] = 4; // the only owner of a part of a block
    BOOST_TEST((tail == Vector{2, 4}));
}

BOOST_AUTO_TEST_CASE(slices_of_slices) {
    const Vector x{0, 1, 2, 3, 4, 5};
    BOOST_TEST((x.slice(1, 4).slice(1, 2) == Vector{2, 3}));
    BOOST_CHECK_THROW(x.slice(1, 4).slice(3, 2), Error); // in x, but not in the slice
    const auto r = live(6).slice(2, 3).slice(1, 2);
    BOOST_TEST(r[0].value == 4);
    BOOST_TEST(r[0].tangent[0] == 40);
    BOOST_TEST(r[1].tangent[1] == 500);
}

BOOST_AUTO_TEST_CASE(slices_that_are_too_long) {
    const Vector x(5);
    BOOST_TEST(throws_with<Error>([&] { x.slice(3, 3); }, "a slice within [5]", "elements 3 to 6"));
    BOOST_CHECK_THROW(x.slice(6, 0), Error);
    BOOST_CHECK_THROW(x.slice(2, std::numeric_limits<std::size_t>::max()), Error); // the sum wraps around to 1
}

BOOST_AUTO_TEST_CASE(reshaping_shares_memory) {
    const Vector x{1, 2, 3, 4, 5, 6};
    const Matrix m = x.reshape<2>({2, 3});
    BOOST_TEST(words(m) == words(x));
    BOOST_TEST((m == Matrix{{1, 3, 5}, {2, 4, 6}}));
    BOOST_TEST((m.reshape<1>({6}) == x));
    BOOST_TEST((m.reshape<2>({6, 1}).extents() == Extents<2>{6, 1}));
    BOOST_TEST(throws_with<Error>([&] { x.reshape<2>({2, 2}); }, "a shape with 6 elements", "[2, 2]"));
    // Tangents move along, also those of a slice, whose planes are longer than it.
    const RealMatrix r = live(8).slice(2, 4).reshape<2>({2, 2});
    BOOST_TEST(r(0, 1).value == 5);
    BOOST_TEST(r(0, 1).tangent[0] == 50);
    BOOST_TEST(r(1, 1).tangent[1] == 600);
    const RealVector constant = x;
    BOOST_TEST(constant.reshape<2>({3, 2}).is_constant());
}

BOOST_AUTO_TEST_CASE(borrowed_memory_is_never_written_to) {
    const double numbers[] = {1, 2, 3, 4};
    Vector x = Vector::borrow(numbers, {4});
    BOOST_TEST(words(x) == numbers);
    BOOST_TEST(words(x.slice(1, 2)) == numbers + 1);
    const Matrix m = Matrix::borrow(numbers, {2, 2});
    BOOST_TEST(m(0, 1) == 3);
    x[0] = 10;
    BOOST_TEST(numbers[0] == 1);
    BOOST_TEST(words(x) != numbers);
    BOOST_TEST((x == Vector{10, 2, 3, 4}));
    Vector assigned{7};
    assigned = Vector::borrow(numbers, {4});
    assigned = Vector{8}; // gives nothing back that it does not own
    BOOST_TEST(numbers[3] == 4);
}

BOOST_AUTO_TEST_CASE(gather) {
    const Vector alpha{10, 20, 30};
    BOOST_TEST((alpha[IntVector{2, 0, 0, 1}] == Vector{30, 10, 10, 20}));
    BOOST_TEST(alpha[IntVector{}].size() == 0u);
    BOOST_TEST((IntVector{5, 6, 7}[IntVector{1, 1}] == IntVector{6, 6}));
    const RealVector r = live(5).slice(1, 3)[IntVector{2, 0}]; // 4 and 2
    BOOST_TEST(r[0].value == 4);
    BOOST_TEST(r[0].tangent[0] == 40);
    BOOST_TEST(r[1].value == 2);
    BOOST_TEST(r[1].tangent[1] == 200);
    BOOST_TEST(!r.is_constant());
    const RealVector constant = RealVector(alpha)[IntVector{1, 2}];
    BOOST_TEST(constant.is_constant());
    BOOST_TEST(constant[1].value == 30);
    BOOST_TEST(constant[1].tangent[0] == 0);
}

BOOST_AUTO_TEST_CASE(gather_out_of_range) {
    const Vector alpha{10, 20, 30};
    BOOST_TEST(throws_with<Error>([&] { alpha[IntVector{0, 3}]; }, "indices from 0 to 2", "3 at position 1"));
    BOOST_TEST(throws_with<Error>([&] { alpha[IntVector{-1}]; }, "indices from 0 to 2", "-1 at position 0"));
    BOOST_TEST(throws_with<Error>([&] { live(2)[IntVector{1, 1, 2}]; }, "indices from 0 to 1", "2 at position 2"));
    const RealVector constant = alpha;
    BOOST_CHECK_THROW(constant[IntVector{4}], Error);
    BOOST_CHECK_THROW(Vector{}[IntVector{0}], Error);
}

BOOST_AUTO_TEST_CASE(indices_out_of_range) {
    Vector x{1, 2, 3};
    BOOST_TEST(throws_with<Error>([&] { x[3]; }, "an index within [3]", "[3]"));
    BOOST_TEST(throws_with<Error>([&] { x[3] = 1; }, "an index within [3]", "[3]"));
    BOOST_TEST(throws_with<Error>([&] { std::as_const(x)[7]; }, "an index within [3]", "[7]"));
    Matrix m(2, 3);
    BOOST_TEST(throws_with<Error>([&] { m(2, 0); }, "an index within [2, 3]", "[2, 0]"));
    BOOST_TEST(throws_with<Error>([&] { m(0, 3) = 1; }, "an index within [2, 3]", "[0, 3]"));
    BOOST_CHECK_THROW(live(2)[2], Error);
    try {
        x[3];
    } catch (const Error& error) {
        BOOST_TEST(error.what() == std::string("expected an index within [3], found [3]. Indices count from 0."));
    }
}

BOOST_AUTO_TEST_CASE(arrays_that_cannot_be_allocated) {
    // One element fewer than none, as in Vector(n - 1): not a small block after an overflow.
    BOOST_CHECK_THROW(Vector(std::size_t{0} - 1), std::bad_alloc);
    BOOST_CHECK_THROW(Vector(std::size_t{1} << 61), std::bad_alloc);
    BOOST_CHECK_THROW(IntVector(std::size_t{0} - 4), std::bad_alloc);
    BOOST_CHECK_THROW(RealVector(std::size_t{0} - 1), std::bad_alloc);
    BOOST_CHECK_THROW(Matrix(std::size_t{1} << 40, std::size_t{1} << 40), std::bad_alloc);
}

BOOST_AUTO_TEST_CASE(elements_of_dual_arrays_are_values) {
    const RealVector r = live(3);
    const Real second = r[1];
    BOOST_TEST(second.value == 2);
    BOOST_TEST(second.tangent[0] == 20);
    BOOST_TEST(second.tangent[1] == 200);
    static_assert(std::same_as<decltype(std::declval<RealVector&>()[0]), Real>);
    static_assert(std::same_as<decltype(std::declval<Vector&>()[0]), double&>);
}

BOOST_AUTO_TEST_CASE(planes) {
    static_assert(Vector::planes == 1 && RealVector::planes == 3 && IntVector::planes == 1);
    const RealVector r = live(4);
    BOOST_TEST(r.plane_stride() == 4u);
    for (std::size_t k = 0; k < 4; ++k) {
        BOOST_TEST(r.data()[k] == static_cast<double>(k + 1));
        BOOST_TEST(r.data()[4 + k] == static_cast<double>(10 * (k + 1)));
        BOOST_TEST(r.data()[8 + k] == static_cast<double>(100 * (k + 1)));
    }
    BOOST_TEST(r.slice(1, 2).plane_stride() == 4u); // still that of the whole
}

BOOST_AUTO_TEST_CASE(constants_share_the_memory_of_the_data) {
    const Vector data{1, 2, 3};
    const RealVector constant = data;
    BOOST_TEST(words(constant) == words(data));
    BOOST_TEST(constant.is_constant());
    BOOST_TEST(constant[2].value == 3);
    BOOST_TEST(constant[2].tangent[0] == 0);
    BOOST_TEST(constant[2].tangent[1] == 0);
    BOOST_TEST(words(constant.slice(1, 2)) == words(data) + 1);
    BOOST_TEST(constant.slice(1, 2).is_constant());
    const Matrix m{{1, 2}, {3, 4}};
    BOOST_TEST(words(RealMatrix(m)) == words(m));
    BOOST_TEST(data.is_constant());
    BOOST_TEST(!live(2).is_constant());
    static_assert(!std::convertible_to<RealVector, Vector>); // tangents are never dropped in silence
    static_assert(!std::constructible_from<RealVector, IntVector>);
}

BOOST_AUTO_TEST_CASE(values_share_the_value_plane) {
    const RealVector r = live(3);
    const Vector values = r.values();
    BOOST_TEST(words(values) == words(r));
    BOOST_TEST((values == Vector{1, 2, 3}));
    BOOST_TEST((value_of(r) == values));
    BOOST_TEST((r.slice(1, 2).values() == Vector{2, 3}));
    Vector written = r.values();
    written[0] = 77;
    BOOST_TEST(r[0].value == 1);
    const IntVector k{1, 2};
    BOOST_TEST(words(value_of(k)) == words(k));
    BOOST_TEST(value_of(Integer{4}) == 4);
}

BOOST_AUTO_TEST_CASE(equality) {
    BOOST_TEST((Vector{1, 2} == Vector{1, 2}));
    BOOST_TEST((Vector{1, 2} != Vector{1, 3}));
    BOOST_TEST((Vector{1, 2} != Vector{1, 2, 3}));
    const double undefined = std::numeric_limits<double>::quiet_NaN();
    BOOST_TEST((Vector{undefined} != Vector{undefined}));
    BOOST_TEST((IntVector{1, 2} == IntVector{1, 2}));
}

BOOST_AUTO_TEST_CASE(questions_about_types) {
    static_assert(rank_of<double> == 0 && rank_of<Vector> == 1 && rank_of<RealMatrix> == 2);
    static_assert(AnyArray<IntVector> && !AnyArray<Real> && !AnyArray<Integer>);
    static_assert(std::same_as<element_t<RealMatrix>, Real> && std::same_as<element_t<double>, double>);
    static_assert(std::same_as<array_t<Real, 2>, RealMatrix> && std::same_as<array_t<Integer, 0>, Integer>);
    BOOST_TEST(format_shape(Extents<2>{3, 2}) == "[3, 2]");
    BOOST_TEST(format_shape(Extents<1>{4}) == "[4]");
    BOOST_TEST(format_shape({}) == "[]");
}

BOOST_AUTO_TEST_CASE(a_moved_from_array_is_empty) {
    Vector x{1, 2, 3};
    const Vector y = std::move(x);
    BOOST_TEST(y.size() == 3u);
    BOOST_TEST(x.size() == 0u); // NOLINT(bugprone-use-after-move): what is tested
    BOOST_CHECK_THROW(x[0] = 1, Error);
}
