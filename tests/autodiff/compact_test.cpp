// Sums of squares from compacted data against the pass over all rows.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>

#include "accuracy.hpp"

import modus.autodiff;

using namespace modus;

namespace {

constexpr std::size_t rows = 3000;

Vector wave(std::size_t n, double frequency) {
    Vector x(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = std::sin(frequency * static_cast<double>(i * i % 1013) + 0.2);
    return x;
}
Matrix waves(std::size_t n, std::size_t columns) {
    Matrix x(n, columns);
    for (std::size_t j = 0; j < columns; ++j)
        for (std::size_t i = 0; i < n; ++i) x(i, j) = std::cos(0.7 * static_cast<double>(i * (j + 1) % 997) + 0.3);
    return x;
}

const Vector point{0.3, -0.2, 0.5, 0.7, -1.1, 0.4, 0.25};

/// The sum of squares of y - mean(p), with its gradient; from compacted data where there are some and they can be used.
struct Outcome {
    double value;
    Vector gradient = Vector(point.size());
    bool was_compact = false;
};
template <class F> Outcome squares(const Vector& y, const F& mean, CompactData* data) {
    Outcome outcome{};
    const auto f = [&]<class T>(const Array<T, 1>& p) -> T {
        const auto eta = mean(p);
        if constexpr (is_var<T>)
            if (const auto compact = compact_squares(y, eta)) {
                outcome.was_compact = true;
                return *compact;
            }
        return sum_map(y.extents(), [](const auto& a, const auto& b) { return square(a - b); }, y, eta);
    };
    outcome.value = reverse_gradient(f, point, {outcome.gradient.data(), point.size()}, data);
    return outcome;
}

void check_same(const Outcome& compact, const Outcome& full) {
    BOOST_TEST(compact.was_compact);
    BOOST_TEST(!full.was_compact);
    BOOST_TEST(std::fabs(compact.value - full.value) <= 1e-13 * full.value);
    double largest = 0;
    for (const double slope : full.gradient) largest = std::max(largest, std::fabs(slope));
    for (std::size_t k = 0; k < point.size(); ++k)
        BOOST_TEST(std::fabs(compact.gradient.load(k) - full.gradient.load(k)) <= 1e-13 * largest);
}

} // namespace

BOOST_AUTO_TEST_CASE(linear_predictors) {
    const Matrix X = waves(rows, 4), Z = waves(rows, 2);
    const Vector y = wave(rows, 1.3), x = wave(rows, 0.4);
    const auto check = [&](const auto& mean) {
        CompactData data;
        const Outcome first = squares(y, mean, &data);
        check_same(first, squares(y, mean, nullptr));
        const Outcome again = squares(y, mean, &data); // from what was kept: the same bits
        BOOST_TEST(again.value == first.value);
        BOOST_TEST((again.gradient == first.gradient));
    };
    check([&](const auto& p) { return X * p.slice(0, 4) + p[4]; });
    check([&](const auto& p) { return X * p.slice(0, 4); });
    check([&](const auto& p) { return p[6] * (X * p.slice(0, 4) - 2.0) + p[4] * x + x; });
    check([&](const auto& p) { return X * p.slice(0, 4) - Z * p.slice(4, 2) + p[6]; });
    check([&](const auto& p) { return p[0] + p[1] * x; });
}

BOOST_AUTO_TEST_CASE(what_is_not_compacted) {
    const Matrix X = waves(rows, 4);
    const Vector y = wave(rows, 1.3);
    const IntVector group(std::vector<int>(rows, 3));
    CompactData data;
    const auto linear = [&](const auto& p) { return X * p.slice(0, 4); };
    BOOST_TEST(!squares(y, [&](const auto& p) { return X * p.slice(0, 4) + p[group]; }, &data).was_compact);
    BOOST_TEST(!squares(y, [&](const auto& p) { return exp(X * p.slice(0, 4)); }, &data).was_compact);
    // Memory of somebody else may change without notice.
    BOOST_TEST(!squares(Vector::borrow(y.data(), {rows}), linear, &data).was_compact);
    // As many rows as columns: there is nothing to gain.
    const Matrix few = waves(9, 4);
    BOOST_TEST(!squares(wave(9, 1.3), [&](const auto& p) { return few * p.slice(0, 4); }, &data).was_compact);
}

BOOST_AUTO_TEST_CASE(data_that_change) {
    Matrix X = waves(rows, 4);
    Vector y = wave(rows, 1.3);
    CompactData data;
    const auto mean = [&](const auto& p) { return X * p.slice(0, 4) + p[4]; };
    squares(y, mean, &data);
    y[17] = 40;
    check_same(squares(y, mean, &data), squares(y, mean, nullptr));
    X(5, 2) = -30;
    check_same(squares(y, mean, &data), squares(y, mean, nullptr));
    for (int k = 0; k < 30; ++k) { // more than are kept
        y[3] = k;
        check_same(squares(y, mean, &data), squares(y, mean, nullptr));
    }
}

BOOST_AUTO_TEST_CASE(small_residuals_stay_accurate) {
    // Residuals of 1e-6 beside data of 1 to 1e3, columns that are almost the same: the normal equations would have no
    // digit left.
    Matrix X(rows, 3);
    Vector y(rows);
    for (std::size_t i = 0; i < rows; ++i) {
        const double t = static_cast<double>(i % 1013) / 10;
        X(i, 0) = 1 + t;
        X(i, 1) = 1 + t + 1e-4 * std::sin(static_cast<double>(i));
        X(i, 2) = 100 + t * t;
        y[i] = 0.3 * X(i, 0) - 0.2 * X(i, 1) + 0.5 * X(i, 2) + 0.7 + 1e-6 * std::cos(3.0 * static_cast<double>(i));
    }
    long double exact = 0;
    for (std::size_t i = 0; i < rows; ++i) {
        long double mean = point[3];
        for (std::size_t j = 0; j < 3; ++j) mean += static_cast<long double>(point[j]) * X.load(i + rows * j);
        exact += (y.load(i) - mean) * (y.load(i) - mean);
    }
    CompactData data;
    const auto mean = [&](const auto& p) { return X * p.slice(0, 3) + p[3]; };
    const Outcome compact = squares(y, mean, &data);
    BOOST_TEST(compact.was_compact);
    // Backward stable: as if each number of X and y had been rounded once more, which at 1e3 / 1e-6 costs 1e-7.
    BOOST_TEST(accuracy::relative_error(compact.value, static_cast<double>(exact)) < 1e-7);
}
