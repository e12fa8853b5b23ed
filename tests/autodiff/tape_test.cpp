// The tape against forward mode: every operation of arrays, sizes around the batch and the block, and what is fused.
#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <tbb/global_control.h>
#include <tbb/task_arena.h>
#include <tuple>
#include <utility>
#include <vector>

#include "errors.hpp"

import modus.autodiff;

using namespace modus;

#include "modes.hpp"

namespace {

Vector wave(std::size_t n, double frequency, double shift = 0.2) {
    Vector x(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = std::sin(frequency * static_cast<double>(i) + shift);
    return x;
}
Matrix waves(std::size_t rows, std::size_t columns) {
    Matrix x(rows, columns);
    for (std::size_t j = 0; j < columns; ++j)
        for (std::size_t i = 0; i < rows; ++i) x(i, j) = std::cos(0.7 * static_cast<double>(i * (j + 1)) + 0.3);
    return x;
}

const Vector point{0.3, -0.2, 0.5, 0.7, -1.1, 0.4, 0.25};

/// A sum over residuals that has curvature in everything.
constexpr auto score = [](const auto& y, const auto& mean, const auto& scale) {
    return sum_map(
        broadcast_extents(y, mean, scale),
        [](const auto& a, const auto& m, const auto& s) {
            const auto z = (a - m) / s;
            return log1p(z * z) + log(s);
        },
        y, mean, scale);
};

// Around a batch of 8, blocks of 256, and several of them.
constexpr std::array<std::size_t, 12> row_counts{1, 2, 7, 8, 9, 63, 64, 137, 255, 257, 1031, 2100};

} // namespace

BOOST_AUTO_TEST_CASE(linear_predictors) {
    for (const std::size_t n : row_counts) {
        const Matrix X = waves(n, 5);
        const Vector y = wave(n, 1.3), x = wave(n, 0.4);
        const auto f = [&](const auto& p) {
            const auto w = p.slice(0, 5);
            return score(y, X * w + p[5], exp(p[6]));
        };
        BOOST_TEST(gradient_difference(f, point) < 1e-12, n);
        if (n < 300) BOOST_TEST(hessian_difference(f, point) < 1e-12, n);
        // Scaled, negated, with an offset, two products, a slope times data.
        const auto g = [&](const auto& p) {
            const auto w = p.slice(0, 5);
            const auto eta = 2.0 * (X * w - p[5]) / exp(p[6]) + x;
            return score(y, p[1] * eta - 0.5 * (X * w) + p[2] * x - 3.0, 1.5);
        };
        BOOST_TEST(gradient_difference(g, point) < 1e-12, n);
        if (n < 300) BOOST_TEST(hessian_difference(g, point) < 1e-12, n);
    }
}

BOOST_AUTO_TEST_CASE(many_columns) {
    for (const std::size_t d : {1, 2, 3, 8, 9, 16, 61, 64, 65, 130}) {
        const Matrix X = waves(83, d);
        const Vector y = wave(83, 1.3), w = wave(d, 0.9);
        const auto f = [&](const auto& p) { return score(y, X * p, 0.7); };
        BOOST_TEST(gradient_difference(f, w) < 1e-12, d);
        if (d <= 16) BOOST_TEST(hessian_difference(f, w) < 1e-12, d);
    }
}

BOOST_AUTO_TEST_CASE(groups) {
    for (const std::size_t n : row_counts) {
        const Vector y = wave(n, 1.3), x = wave(n, 0.4);
        IntVector sorted(n), shuffled(n), constant(n);
        const IntVector nothing(n); // but zeros
        for (std::size_t i = 0; i < n; ++i) {
            sorted[i] = static_cast<Integer>(i * 6 / n);
            shuffled[i] = static_cast<Integer>(i * 7919 % 6);
        }
        for (const IntVector& group : {sorted, shuffled, constant}) {
            const auto f = [&](const auto& p) {
                const auto a = p[6] + exp(p[5]) * p.slice(0, 6);
                return score(y, a[group] + p[2] * x, exp(p[6]));
            };
            BOOST_TEST(gradient_difference(f, point) < 1e-12, n);
            if (n < 300) BOOST_TEST(hessian_difference(f, point) < 1e-12, n);
            const auto g = [&](const auto& p) {
                const auto a = p.slice(0, 6);
                return score(y, p[6] * a[group] - a[shuffled], 2.0);
            };
            BOOST_TEST(gradient_difference(g, point) < 1e-12, n);
            // Sums of which elements need not be made, and others; and one that has been made when it is gathered.
            const auto h = [&](const auto& p) {
                const auto a = p[3] - p.slice(0, 6) * exp(p[5]), two = p.slice(0, 6) + p[4] * p.slice(1, 6);
                const auto data = p[1] * x.slice(0, 1) + 0.5, made = p[0] + p[2] * p.slice(1, 6);
                const auto first = made[0];
                return score(y, x * p[4] - a[group] + a[shuffled] * two[group] + data[nothing], exp(first)) +
                       sum(made[shuffled]);
            };
            BOOST_TEST(gradient_difference(h, point) < 1e-12, n);
            if (n < 300) BOOST_TEST(hessian_difference(h, point) < 1e-12, n);
        }
    }
}

BOOST_AUTO_TEST_CASE(indices_are_checked) {
    const auto f = [](const IntVector& group) { return [&](const auto& p) { return sum(p[group]); }; };
    const auto fails = [&](const IntVector& group) { gradient(f(group), point, Mode::reverse); };
    BOOST_TEST(throws_with<Error>([&] { fails({0, 7}); }, "indices from 0 to 6", "7 at position 1"));
    BOOST_TEST(throws_with<Error>([&] { fails({-1, 3}); }, "indices from 0 to 6", "-1 at position 0"));
    const auto of_terms = [](const IntVector& group) {
        gradient([&](const auto& p) { return sum((p[0] + p[1] * p)[group]); }, point, Mode::reverse);
    };
    BOOST_TEST(throws_with<Error>([&] { of_terms({0, 7}); }, "indices from 0 to 6", "7 at position 1"));
    // In runs of one group.
    BOOST_TEST(
        throws_with<Error>([&] { fails({1, 1, 1, 1, 1, 7, 7, 7, 7, 7}); }, "indices from 0 to 6", "7 at position 5"));
    BOOST_TEST(throws_with<Error>([&] { fails({1, 1, 1, 1, 1, -2, -2, -2, -2, -2, 0, 0, 0, 0, 0}); },
                                  "indices from 0 to 6", "-2 at position 5"));
}

BOOST_AUTO_TEST_CASE(elementwise) {
    const auto f = [](const auto& p) {
        const auto e = exp(p) + p * p - 1.0 / (2.0 + tanh(p));
        return sum(e) + dot(p, e) + mean(e / p[0]);
    };
    CHECK_MODES(f, point);
    const auto g = [](const auto& p) { // a scalar, an array that is repeated, a predictor
        const auto first = p.slice(0, 1);
        return sum(
            map([](const auto& a, const auto& b, const auto& c) { return exp(a * b) * c; }, p[1], first, p * 0.5));
    };
    CHECK_MODES(g, point);
    for (const std::size_t n : row_counts) {
        const auto h = [n](const auto& p) {
            const auto q = concatenate(p, wave(n, 0.3));
            return sum(exp(0.3 * q) * q);
        };
        BOOST_TEST(gradient_difference(h, point) < 1e-12, n);
    }
}

BOOST_AUTO_TEST_CASE(functions) {
    const auto each = [](const auto& p) {
        const auto positive = exp(p);
        return sum(pow(positive, p)) + sum(xlogy(positive, positive)) + sum(xlog1py(p, positive)) +
               sum(normal_quantile(sigmoid(p))) + sum(log_normal_cdf(5.0 * p)) + sum(normal_cdf(p)) +
               sum(lgamma(positive)) + sum(digamma(positive)) + sum(hypot(p, 2.0 * p)) + sum(abs(p)) + sum(erf(p)) +
               sum(erfc(p)) + sum(softplus(p)) + sum(sigmoid(p)) + sum(expm1(p)) + sum(log1p(positive)) +
               sum(sqrt(positive)) + sum(logit(sigmoid(p))) + sum(atan2(p, positive)) + sum(log_add_exp(p, 2.0 * p)) +
               sum(lbeta(positive, 2.0)) + sum(lchoose(9.0, positive)) + sum(clamp(p, -10.0, 10.0)) + sum(sin(p)) +
               sum(asinh(p)) + sum(log1m_exp(-positive)) + sum(square(p)) + sum(cbrt(positive));
    };
    CHECK_MODES(each, point);
    const auto scalars = [](const auto& p) {
        auto a = p[0] + 0.0;
        for (std::size_t i = 0; i < 5; ++i) a = a * p[i + 1] + sin(a) / (2.0 + cos(p[i]));
        a -= pow(exp(p[0]), p[1]) / 3.0;
        a += xlogy(exp(p[2]), exp(p[3])) + normal_quantile(sigmoid(p[4])) + log_normal_cdf(3.0 * p[4]);
        return select(a > 100.0, 2.0 * a, a * a) + 1.0 / p[5] - (4.0 - p[6]);
    };
    CHECK_MODES(scalars, point);
}

// What a loop reads and stores beyond the end of an array, in its last batch, must not count, whatever it is.
BOOST_AUTO_TEST_CASE(sums_of_any_length) {
    const auto nothing_beyond = [](const auto& a, const auto& s) { return log(a) * s; }; // NaN where memory is negative
    for (const std::size_t n : {0, 1, 2, 7, 8, 9, 15, 16, 17, 100}) {
        const auto f = [&](const auto& p) {
            const auto many = exp(wave(n, 0.9) * p[0]); // all of it elements of a map
            return p[1] * sum_map(Extents<1>{n}, nothing_beyond, many, p[2]) + p[3] * p[3];
        };
        BOOST_TEST(gradient_difference(f, point) < 1e-12, n);
        BOOST_TEST(hessian_difference(f, point) < 1e-12, n);
    }
    const auto of_nothing = [](const auto& p) {
        return p[0] * p[0] + sum_map(Extents<1>{0}, [](const auto& a) { return a * a; }, p.slice(1, 0));
    };
    BOOST_TEST((gradient(of_nothing, Vector{3, 4}, Mode::reverse) == Vector{6, 0}));
}

BOOST_AUTO_TEST_CASE(choices) {
    const auto f = [](const auto& p) {
        return sum(map([](const auto& a) { return select(a > 0.3, a * a, select(a < 0.0, exp(a), 0.5)); }, p));
    };
    CHECK_MODES(f, point);
}

BOOST_AUTO_TEST_CASE(used_more_than_once) {
    const Matrix X = waves(19, 5);
    const auto f = [&](const auto& p) {
        const auto eta = X * p.slice(0, 5) + p[5];
        const auto tail = eta.slice(3, 9); // the elements of a predictor
        return sum(eta) + sum(exp(eta)) + eta[3] * eta[7] + dot(tail, tail) + sum(2.0 * eta + p[6]);
    };
    CHECK_MODES(f, point);
    const auto many = [&](const auto& p) { // more terms than a predictor keeps
        const Vector x = wave(19, 0.3);
        auto eta = p[0] * x + 1.0;
        for (std::size_t k = 0; k < 40; ++k) eta = eta + p[k % 7] * x;
        return sum(exp(0.1 * eta));
    };
    CHECK_MODES(many, point);
}

BOOST_AUTO_TEST_CASE(matrices) {
    const auto f = [](const auto& p) {
        const auto M = p.slice(0, 6).reshape(Extents<2>{2, 3});
        const auto v = p.slice(3, 3);
        const auto q = M * v;
        const auto Z = M * Matrix{{1, 2}, {3, 4}, {0.5, -1}};
        return sum(q) + dot(q, q) + sum(exp(0.1 * Z)) + sum(Matrix{{1, 2}, {3, 4}} * M) + M(1, 2) * M(0, 1);
    };
    CHECK_MODES(f, point);
    const auto rows_and_columns = [](const auto& p) {
        const auto row = p.slice(0, 3);
        const auto column = p.slice(3, 2).reshape(Extents<2>{2, 1});
        return score(Matrix{{1, 2, 3}, {4, 5, 6}}, row + column, exp(p[6])) + score(Matrix{{1, 2, 3}}, row, exp(p[5]));
    };
    CHECK_MODES(rows_and_columns, point);
}

BOOST_AUTO_TEST_CASE(stacking) {
    const auto f = [](const auto& p) {
        const auto s = stack(p[0] * p[1], exp(p[2]), 3.0, p[3]);
        const auto c = concatenate(s, concatenate(p, Vector{1, 2}));
        std::vector<std::remove_cvref_t<decltype(p[0])>> collected;
        for (std::size_t i = 0; i < p.size(); ++i) collected.push_back(p[i] * static_cast<double>(i));
        return log_sum_exp(c) + dot(c, c) + dot(stack(collected), p);
    };
    CHECK_MODES(f, point);
}

BOOST_AUTO_TEST_CASE(masks) {
    for (const std::size_t n : row_counts) {
        const Matrix X = waves(n, 5);
        Vector y = wave(n, 1.3);
        IntVector mask(n);
        for (std::size_t i = 0; i < n; ++i) mask[i] = i % 5 != 2 && i % 11 != 3;
        if (n > 2) y[2] = std::nan("");
        const auto f = [&](const auto& p) {
            const auto formula = [](const auto& a, const auto& m, const auto& s) {
                const auto z = (a - m) / s;
                return -0.5 * z * z - log(s);
            };
            return sum_map_where<1>(&mask, y.extents(), formula, y, X * p.slice(0, 5) + p[5], exp(p[6]));
        };
        BOOST_TEST(gradient_difference(f, point) < 1e-12, n);
        if (n < 300) BOOST_TEST(hessian_difference(f, point) < 1e-12, n);
    }
}

BOOST_AUTO_TEST_CASE(what_does_not_depend_on_the_point) {
    const auto f = [](const auto& p) {
        using Real = std::remove_cvref_t<decltype(p[0])>;
        const Array<Real, 1> constant(Vector{1, 2, 3});
        return sum(exp(constant)) + dot(constant, constant) + sum(constant[IntVector{0, 0, 2}]) +
               sum(Matrix{{1, 2, 3}} * constant) + sum(constant + 1.0) + Real(2.0) * sum(2.0 * constant) + p[0];
    };
    CHECK_MODES(f, point);
    const auto nothing = [](const auto& p) { return std::remove_cvref_t<decltype(p[0])>(3.0); };
    BOOST_TEST((gradient(nothing, point, Mode::reverse) == Vector(7)));
}

BOOST_AUTO_TEST_CASE(values_outlive_the_tape) {
    Vector kept;
    const auto f = [&]<class T>(const Array<T, 1>& p) {
        const auto e = exp(p);
        kept = e.values();
        return sum(e);
    };
    gradient(f, point, Mode::reverse);
    for (std::size_t i = 0; i < point.size(); ++i) BOOST_TEST(std::fabs(kept[i] - std::exp(point[i])) < 1e-15);
}

BOOST_AUTO_TEST_CASE(data_made_on_the_way) {
    // Matrices and indices that are gone when the tape is read backwards.
    const auto f = [](const auto& p) {
        const auto eta = [&] {
            const Matrix X = waves(40, 5);
            const IntVector group(std::vector<int>(40, 3));
            return X * p.slice(0, 5) + p[group] + p[6] * wave(40, 0.3);
        }();
        const auto product = [&] { return p.slice(0, 6).reshape(Extents<2>{3, 2}) * Matrix{{1, 2}, {3, 4}}; }();
        return sum(exp(eta * 0.1)) + eta[7] + sum(product);
    };
    CHECK_MODES(f, point);
}

/// Value, gradient and second derivatives with some numbers of threads.
template <class F> void check_threads(const F& f) {
    const auto with_threads = [&](std::size_t count) {
        const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, count);
        tbb::task_arena arena(static_cast<int>(count)); // also more than there are processors
        return arena.execute(
            [&] { return std::tuple(value_and_gradient(f, point, Mode::reverse), hessian(f, point)); });
    };
    CHECK_MODES(f, point);
    const auto [first, curvature] = with_threads(1);
    for (const std::size_t count : {2, 3, 8})
        for (int repeat = 0; repeat < 3; ++repeat) {
            const auto [other, other_curvature] = with_threads(count);
            BOOST_TEST(other.first == first.first);
            BOOST_TEST((other.second == first.second));
            BOOST_TEST((other_curvature == curvature));
        }
}

// Enough numbers for every thread in each of these.

BOOST_AUTO_TEST_CASE(sums_have_the_same_bits_in_any_number_of_threads) {
    constexpr std::size_t n = 60'000; // groups, products, and partials that are stored
    const Matrix X = waves(n, 5);
    const Vector y = wave(n, 1.3), scale(std::vector<double>(n, 1.5));
    IntVector group(n);
    for (std::size_t i = 0; i < n; ++i) group[i] = static_cast<Integer>(i % 6);
    check_threads([&](const auto& p) {
        const auto a = p.slice(0, 6);
        const auto eta = X * p.slice(0, 5) + a[group] + p[6];
        return score(y, eta, exp(p[6]) * scale) + score(y, X * p.slice(1, 5), 2.0);
    });
}

BOOST_AUTO_TEST_CASE(maps_have_the_same_bits_in_any_number_of_threads) {
    constexpr std::size_t n = 90'003; // no whole batch at the end
    const Matrix X = waves(n, 5);
    const Vector y = wave(n, 1.3);
    check_threads([&](const auto& p) {
        const auto rate = exp(0.1 * (X * p.slice(0, 5)) + 0.3 * p[6]); // terms
        const auto both = map([](const auto& a, const auto& b) { return log1p(a * a + b * b); }, rate, p[5]);
        const auto three =
            map([](const auto& a, const auto& b, const auto& c) { return a * b / (2.0 + c); }, both, rate, y);
        return sum(three) + three[n - 1];
    });
}

BOOST_AUTO_TEST_CASE(slices_that_overlap_have_the_same_bits_in_any_number_of_threads) {
    // Each number gets derivatives by three rows, of which other chunks may have some.
    constexpr std::size_t n = 90'003, some = n - 2;
    const Vector x = wave(n, 1.3);
    const auto f = [&](const auto& p) {
        const auto curve = [](const auto& a, const auto& b, const auto& c) { return log1p(square(a - 2.0 * b + c)); };
        return sum(map(curve, p.slice(0, some), p.slice(1, some), p.slice(2, some))) + sum(p) / 7.0;
    };
    const auto with_threads = [&](int count) {
        const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(count));
        return tbb::task_arena(count).execute([&] { return value_and_gradient(f, x, Mode::reverse); });
    };
    const auto [value, slopes] = with_threads(1);
    const auto slope = [&](std::size_t k) { // of the logarithm of row k, by a
        const double d = x[k] - 2 * x[k + 1] + x[k + 2];
        return 2 * d / (1 + d * d);
    };
    for (std::size_t k = 2; k < some; ++k)
        BOOST_REQUIRE(std::fabs(slopes[k] - (slope(k) - 2 * slope(k - 1) + slope(k - 2) + 1.0 / 7)) < 1e-14);
    for (const int count : {2, 3, 8, 20}) {
        const auto [other_value, other_slopes] = with_threads(count);
        BOOST_TEST(other_value == value);
        BOOST_TEST((other_slopes == slopes));
    }
}

BOOST_AUTO_TEST_CASE(elements_of_predictors_have_the_same_bits_in_any_number_of_threads) {
    constexpr std::size_t n = 60'005;
    const Matrix X = waves(n, 5);
    const Vector y = wave(n, 1.3);
    IntVector group(n);
    for (std::size_t i = 0; i < n; ++i) group[i] = static_cast<Integer>(i / 20'000);
    check_threads([&](const auto& p) {
        const auto a = p.slice(0, 4);
        const auto eta = (X * p.slice(1, 5)) * p[0] + a[group] + y * p[6] + p[2];
        const auto others = eta * p[3] + X * p.slice(0, 5); // a vector on the tape among the terms
        return eta[3] * others[n - 1] + sum(square(eta)) / 1e3 + sum(square(others)) / 1e3; // read one by one
    });
}

BOOST_AUTO_TEST_CASE(products_have_the_same_bits_in_any_number_of_threads) {
    constexpr std::size_t n = 180'001; // so many rows to sum up on the way back
    const Matrix X = waves(n, 2), A = waves(270, 300), B = waves(300, 16);
    check_threads([&](const auto& p) {
        const auto long_one = X * p.slice(0, 6).reshape(Extents<2>{2, 3});
        const auto from_data = exp(map([](const auto& x, const auto& y) { return x * y; }, A, 0.1 * p[6]));
        const auto by_data = from_data * B; // chunks of rows on the way out, of columns on the way back
        const auto of_both = (B * p[2]) * (by_data * p[1]).reshape(Extents<2>{16, 270});
        return sum(log1p(square(long_one))) + sum(square(by_data)) / 1e3 + sum(square(of_both)) / 1e6;
    });
}

BOOST_AUTO_TEST_CASE(logarithms_that_are_known) {
    // log(exp(u)) is u, and of another number it is not.
    const auto f = []<Scalar Real>(const Array<Real, 1>& u, bool is_known) {
        const auto x = exp(u.load(0)), y = exp(u.load(1));
        if constexpr (is_var<Real>)
            if (is_known) {
                know_log(x, u.load(0));
                know_log(y, u.load(1));
            }
        return log(x) * log(y) + log(x + 1.0) * log(x * 2.0) + square(log(x - 0.0)) + log(y + x) + log(Real(3.0));
    };
    for (const double at : {0.3, -1.7, 5.2}) {
        const Vector u{at, 0.9 - at};
        const auto [expected, slope] = value_and_gradient([&](const auto& v) { return f(v, false); }, u, Mode::forward);
        const auto known = [&](const auto& v) { return f(v, true); };
        const auto [value, found] = value_and_gradient(known, u, Mode::reverse);
        BOOST_TEST(value == expected, boost::test_tools::tolerance(1e-14));
        for (const std::size_t k : {0, 1}) BOOST_TEST(found[k] == slope[k], boost::test_tools::tolerance(1e-13));
        Vector replayed(2);
        Recording recording(known, Vector{0.1, 0.2}, {replayed.data(), 2});
        BOOST_TEST(recording.replay(u, {replayed.data(), 2}) == expected, boost::test_tools::tolerance(1e-14));
        for (const std::size_t k : {0, 1}) BOOST_TEST(replayed[k] == slope[k], boost::test_tools::tolerance(1e-13));
        const Matrix curvature = hessian(known, u), by_formula = hessian([&](const auto& v) { return f(v, false); }, u);
        for (std::size_t k = 0; k < 4; ++k)
            BOOST_TEST(std::fabs(curvature.data()[k] - by_formula.data()[k]) <
                       1e-12 * (1 + std::fabs(by_formula.data()[k])));
    }
}
