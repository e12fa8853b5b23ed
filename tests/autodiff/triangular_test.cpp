#include "errors.hpp"
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <type_traits>

import modus.autodiff;
using namespace modus;

#include "modes.hpp"

namespace {

const Matrix lower{{2, 0, 0}, {-1, 0.5, 0}, {0.3, 4, 3}};

/// A lower triangular matrix from nine numbers: what is above the diagonal must not matter.
constexpr auto lower_from = [](const auto& p) { return p.slice(0, 9).reshape(Extents<2>{3, 3}) + lower; };

} // namespace

BOOST_AUTO_TEST_CASE(solutions) {
    const Vector x{0.7, -1, 2};
    const Vector z = solve_lower(lower, x);
    const Vector back = lower * z;
    for (std::size_t k = 0; k < 3; ++k) BOOST_TEST(std::fabs(back[k] - x[k]) < 1e-15);
    const Matrix rows{{0.7, -1, 2}, {1, 2, 3}};
    const Matrix solved = solve_lower(lower, rows);
    for (std::size_t k = 0; k < 3; ++k) BOOST_TEST(solved(0, k) == z[k]);
    BOOST_TEST(throws_with<Error>([&] { solve_lower(lower, Vector{1, 2}); },
                                  "a square matrix with 2 rows, as the vector has elements", "shape [3, 3]"));
}

BOOST_AUTO_TEST_CASE(factors) {
    // The upper triangle is not read.
    const Matrix l = cholesky(Matrix{{4, 99, 99}, {-2, 1.25, 99}, {0.6, 1.7, 25.09}});
    BOOST_TEST((l.extents() == lower.extents()));
    for (std::size_t k = 0; k < 9; ++k) BOOST_TEST(std::fabs(l.load(k) - lower.load(k)) < 1e-15);
    BOOST_TEST(throws_with<Error>([] { cholesky(Matrix{{1, 2}, {2, 1}}); }, "a positive definite matrix",
                                  "a pivot that is not positive, in row 1"));
    BOOST_TEST(throws_with<Error>([] { cholesky(Matrix{{1, 2}}); }, "a square matrix", "shape [1, 2]"));
}

BOOST_AUTO_TEST_CASE(diagonals) {
    BOOST_TEST((diagonal(lower) == Vector{2, 0.5, 3}));
    BOOST_TEST(throws_with<Error>([] { diagonal(Matrix{{1, 2}}); }, "a square matrix", "shape [1, 2]"));
}

BOOST_AUTO_TEST_CASE(derivatives) {
    const Vector p{0.3, -0.2, 0.5, 0.7, -0.1, 0.4, 0.25, 0.6, -0.35, 0.1, 2.1, -0.7};
    const Matrix rows{{0.7, -1, 2}, {1, 2, 3}};
    CHECK_MODES(([](const auto& v) { return sum(sin(solve_lower(lower_from(v), v.slice(9, 3)))); }), p);
    CHECK_MODES(([&](const auto& v) { return sum(sin(solve_lower(lower_from(v), rows))); }), p);
    CHECK_MODES(([&](const auto& v) { return sum(sin(solve_lower(lower, v.reshape(Extents<2>{4, 3})))); }), p);
    CHECK_MODES(([](const auto& v) { return sum(log(diagonal(lower_from(v)))); }), p);
    CHECK_MODES(([](const auto& v) {
                    const auto b = v.reshape(Extents<2>{4, 3});
                    const auto a = v.slice(0, 9).reshape(Extents<2>{3, 3}) + Matrix{{9, 1, 2}, {1, 9, 0}, {2, 0, 9}};
                    return sum(sin(cholesky(a))) + sum(solve_lower(cholesky(a), b));
                }),
                p);
    // Constants in a model over duals.
    CHECK_MODES(([&](const auto& v) {
                    using A = std::remove_cvref_t<decltype(v.reshape(Extents<2>{4, 3}))>;
                    return sum(solve_lower(A(lower), A(rows))) * v[0] +
                           sum(solve_lower(cholesky(A(Matrix{{4, 0, 0}, {1, 4, 0}, {1, 1, 4}})), rows));
                }),
                p);
}
