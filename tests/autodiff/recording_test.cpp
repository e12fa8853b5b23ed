#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

import modus.autodiff;
using namespace modus;

namespace {

Vector point(std::size_t size, double seed) {
    Vector x(size);
    for (std::size_t k = 0; k < size; ++k) x[k] = 0.7 + 0.5 * std::sin(seed + 1.3 * static_cast<double>(k));
    return x;
}

std::span<double> view(Vector& x) { return {x.data(), x.size()}; }

/// A Hessian calls f once, where it can be replayed, in other directions; products with vectors call it for each.
template <class F> void check_hessian(const F& f, const Vector& x, std::size_t expected_calls) {
    const std::size_t n = x.size();
    std::size_t calls = 0;
    const auto counted = [&]<Scalar R>(const Array<R, 1>& u) {
        ++calls;
        return f(u);
    };
    const Matrix curvature = hessian(counted, x);
    BOOST_TEST(calls == expected_calls);
    double largest = 1, worst = 0, asymmetry = 0;
    Matrix columns(n, n);
    for (std::size_t j = 0; j < n; ++j) {
        Vector direction(n);
        direction[j] = 1;
        const Vector column = hessian_vector_product(f, x, direction);
        for (std::size_t i = 0; i < n; ++i) {
            columns(i, j) = column[i];
            largest = std::max(largest, std::fabs(column[i]));
        }
    }
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) {
            // Products with vectors sum up the rows in one order for (i, j) and in another one for (j, i).
            const auto [low, high] = std::minmax(columns(i, j), columns(j, i));
            asymmetry = std::max(asymmetry, high - low);
            worst = std::max({worst, low - curvature(i, j), curvature(i, j) - high});
            BOOST_TEST(curvature(i, j) == curvature(j, i));
        }
    BOOST_TEST(asymmetry <= 1e-12 * largest);
    BOOST_TEST(worst <= 1e-13 * largest);
}

/// A replay at other points gives the bits of f there; and see above.
template <class F> void check(const F& f, std::size_t size) {
    const Vector start = point(size, 0.3);
    Vector slope(size), expected(size);
    Recording recording(f, start, view(slope));
    BOOST_REQUIRE(recording.can_replay());
    BOOST_TEST(recording.value() == reverse_gradient(f, start, view(expected)));
    BOOST_TEST((slope == expected));
    for (const double seed : {2.1, 0.3, 5.7}) {
        const Vector x = point(size, seed);
        BOOST_TEST(recording.replay(x, view(slope)) == reverse_gradient(f, x, view(expected)));
        BOOST_TEST((slope == expected));
    }
    if (size <= 100) check_hessian(f, start, 1);
}
template <class F> bool can_replay(const F& f, std::size_t size) {
    Vector slope(size);
    return Recording(f, point(size, 0.3), view(slope)).can_replay();
}

IntVector groups(std::size_t rows, std::size_t count, bool sorted) {
    IntVector group(rows);
    for (std::size_t i = 0; i < rows; ++i)
        group[i] = static_cast<Integer>(sorted ? i * count / rows : (7 * i + i * i) % count);
    return group;
}

} // namespace

BOOST_AUTO_TEST_CASE(numbers_are_replayed) {
    check([]<Scalar R>(const Array<R, 1>& x) { return x[0] * x[1] + x[2] / x[0] - x[1] / 3.0 + 2.0 / x[2] - 4.0; }, 3);
    check(
        []<Scalar R>(const Array<R, 1>& x) {
            auto y = exp(x[0]) + log(x[1]) - log1p(x[2]) * sqrt(x[0]) + tanh(x[1]) - softplus(-x[2]);
            y += pow(x[0], x[1]) + pow(x[2], 2.5) + lgamma(x[1]) + digamma(x[2]) + 1.0;
            y -= 0.5 - (x[0] + 3.0);
            y *= -(1.0 + x[2]);
            return y / (2.0 - x[0] * 0.1);
        },
        3);
    check([]<Scalar R>(const Array<R, 1>& x) { return R(2.5) * x[0] + R(1.0) - (R(3.0) - x[0]) + (x[0] - R(1.0)); }, 1);
    check([]<Scalar R>(const Array<R, 1>&) { return R(2.5); }, 2); // nothing depends on x
}

BOOST_AUTO_TEST_CASE(arrays_are_replayed) {
    for (const std::size_t n : {1, 7, 8, 9, 100, 600}) {
        const Vector data = point(n, 4.4);
        check([&]<Scalar R>(const Array<R, 1>& x) { return sum(exp(x) * data) + dot(x, x) + mean(square(x)) * x[0]; },
              n);
        check(
            [&]<Scalar R>(const Array<R, 1>& x) {
                const auto y = x * x[0] - data * x[0] + 1.5; // terms
                return sum(log(y + 10.0)) + y[0];
            },
            n);
        check(
            []<Scalar R>(const Array<R, 1>& x) {
                const auto twice = concatenate(x, exp(x));
                const auto some = stack(x[0], R(2.0), x[0] * x[0]);
                return sum(square(twice)) + sum(log(some)) + sum(twice.slice(1, x.size()));
            },
            n);
    }
    check([]<Scalar R>(const Array<R, 1>& x) { return sum(x.reshape(Extents<2>{2, 3}) * x.slice(0, 3)); }, 6);
    const Matrix A{{1, 2}, {-3, 4}, {0.5, 0.25}};
    check([&]<Scalar R>(const Array<R, 1>& x) { return sum(A * x.reshape(Extents<2>{2, 3})) * x[0]; }, 6);
    const IntMatrix mask{{1, 0, 1}, {0, 1, 1}};
    check(
        [&]<Scalar R>(const Array<R, 1>& x) {
            return sum_map_where<2>(
                &mask, {2, 3}, [](const auto& a, const auto& b) { return exp(a) * b; }, x.reshape(Extents<2>{2, 3}),
                x[0]);
        },
        6);
}

BOOST_AUTO_TEST_CASE(log_sums_of_exponentials_are_replayed) {
    // Where another number is the largest one, too.
    for (const std::size_t n : {2, 9, 40}) {
        check([]<Scalar R>(const Array<R, 1>& x) { return log_sum_exp(x) * x[0] + log_sum_exp(x * 700.0); }, n);
        check([]<Scalar R>(const Array<R, 1>& x) { return log_sum_exp(stack(x[0] * 3.0, x[1], x[0] * x[1], R(0.5))); },
              n);
    }
    check([]<Scalar R>(const Array<R, 1>& x) { return log_sum_exp(exp(x.reshape(Extents<2>{2, 3}))); }, 6);
    const double inf = std::numeric_limits<double>::infinity();
    BOOST_TEST(!can_replay( // the largest one is infinite, but need not be
        [=]<Scalar R>(const Array<R, 1>& x) { return log_sum_exp(stack(x[0] - inf, x[1] - inf)); }, 2));
}

BOOST_AUTO_TEST_CASE(large_maps_are_replayed) {
    // In chunks and on several threads; of slices that overlap, each number gets derivatives by several rows.
    constexpr std::size_t n = 90'003, some = n - 2;
    check(
        [&]<Scalar R>(const Array<R, 1>& x) {
            const auto curve = [](const auto& a, const auto& b, const auto& c) {
                return log1p(square(a - 2.0 * b + c));
            };
            const auto curves = map(curve, x.slice(0, some), x.slice(1, some), x.slice(2, some));
            return sum(curves * exp(x.slice(0, some))) + sum(x) / 7.0;
        },
        n);
}

BOOST_AUTO_TEST_CASE(predictors_are_replayed) {
    for (const std::size_t rows : {5, 100, 3000, 40000}) { // the last ones in chunks, and on several threads
        Matrix X(rows, 9);
        for (std::size_t k = 0; k < X.size(); ++k) X.data()[k] = std::cos(0.37 * static_cast<double>(k));
        const Vector y = point(rows, 3.3);
        const auto likelihood = [](const auto& v, const auto& mean, const auto& scale) {
            const auto z = (v - mean) / scale;
            return -0.5 * z * z - log(scale);
        };
        check(
            [&]<Scalar R>(const Array<R, 1>& x) {
                return sum_map(y.extents(), likelihood, y, X * x.slice(0, 9) + x[9], exp(x[10]));
            },
            11);
        check( // weights that are not the first variables, times one of them
            [&]<Scalar R>(const Array<R, 1>& x) {
                return sum_map(y.extents(), likelihood, y, X * x.slice(1, 9) * x[0], exp(x[10]));
            },
            11);
        check( // and others that are no variables
            [&]<Scalar R>(const Array<R, 1>& x) {
                const auto some = X * x.slice(1, 9) * x[0];
                const auto others = X * map([](const auto& w) { return 0.1 * w * w; }, x.slice(2, 9));
                return sum_map(y.extents(), likelihood, y, some + others, exp(x[10]));
            },
            11);
        for (const bool sorted : {true, false}) {
            const IntVector group = groups(rows, 4, sorted);
            check(
                [&]<Scalar R>(const Array<R, 1>& x) {
                    const auto a = x[4] + x[5] * x.slice(0, 4);
                    return sum_map(y.extents(), likelihood, y, a[group] + x[6] * y - x[4] * 0.5, x[5]);
                },
                7);
            check(
                [&]<Scalar R>(const Array<R, 1>& x) {
                    const auto eta = x.slice(0, 4)[group] * x[5];
                    return sum_map(
                        y.extents(), [](const auto& v, const auto& e) { return log_sigmoid_summand(e, v); }, y, eta);
                },
                7);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_might_lead_elsewhere_is_not_replayed) {
    BOOST_TEST(!can_replay([]<Scalar R>(const Array<R, 1>& x) { return x[0] > 0.5 ? x[0] : -x[0]; }, 1));
    BOOST_TEST(!can_replay([]<Scalar R>(const Array<R, 1>& x) { return x[0] * value_of(x[0]); }, 1));
    BOOST_TEST(!can_replay([]<Scalar R>(const Array<R, 1>& x) { return x[0] * value_of(x)[1]; }, 2));
    double outside = 2;
    BOOST_TEST(!can_replay(
        [&]<Scalar R>(const Array<R, 1>& x) { return sum(map([&](const auto& a) { return a * outside; }, x)); },
        3)); // a formula that holds something
    const std::array<double, 3> memory{1, 2, 3};
    const Vector borrowed = Vector::borrow(memory.data(), {3});
    BOOST_TEST(!can_replay([&]<Scalar R>(const Array<R, 1>& x) { return dot(x, borrowed); }, 3));
    BOOST_TEST(!can_replay([&]<Scalar R>(const Array<R, 1>& x) { return sum(x + borrowed * x[0]); }, 3));
    BOOST_TEST(!can_replay(
        []<Scalar R>(const Array<R, 1>& x) { return sum(solve_lower(x.reshape(Extents<2>{2, 2}), x.slice(0, 2))); },
        4)); // an operation that does not know how
}

BOOST_AUTO_TEST_CASE(points_and_gradients_stay_where_they_are) {
    const auto f = []<Scalar R>(const Array<R, 1>& x) { return sum(exp(x.slice(1, 9))) * x[0] + dot(x, x); };
    Vector x = point(11, 0.3), slope(11), expected(11);
    Recording recording(f, x, view(slope), Recording::Place::same);
    for (const double seed : {2.1, 0.3, 5.7}) {
        const Vector next = point(11, seed);
        for (std::size_t k = 0; k < x.size(); ++k) x[k] = next[k];
        BOOST_REQUIRE(recording.is_for(x, view(slope)));
        BOOST_TEST(recording.replay(x, view(slope)) == reverse_gradient(f, x, view(expected)));
        BOOST_TEST((slope == expected));
    }
    BOOST_TEST(!recording.is_for(x, view(expected)));
    const Vector shared = x;
    x[0] += 1; // is another array now
    BOOST_TEST(!recording.is_for(x, view(slope)));

    // Memory that ends with the numbers, so that whole batches cannot be read, is copied.
    const std::vector<double> numbers(11, 0.25);
    const Vector borrowed = Vector::borrow(numbers.data(), {11});
    Recording copied(f, borrowed, view(slope), Recording::Place::same);
    BOOST_TEST(copied.is_for(shared, view(expected)));
    BOOST_TEST(copied.value() == reverse_gradient(f, borrowed, view(expected)));
    BOOST_TEST((slope == expected));
    BOOST_TEST(copied.replay(shared, view(slope)) == reverse_gradient(f, shared, view(expected)));
    BOOST_TEST((slope == expected));
}

BOOST_AUTO_TEST_CASE(the_data_of_a_recording_outlive_their_names) {
    Vector slope(3), expected(3);
    const auto f = []<Scalar R>(const Array<R, 1>& x) {
        const Vector data{1, 2, 4};
        const IntVector index{2, 0, 0, 1};
        const Array<R, 1> constants = Vector{0.5, 3, -1}; // of a type that is on the tape
        return sum(x[index] * 2.0) + dot(x, data) + sum(x * constants[1]) + constants[2] * x[0] +
               sum_map(data.extents(), [](const auto& a, const auto& b) { return a * exp(b); }, data, x);
    };
    Recording recording(f, point(3, 0.3), view(slope));
    BOOST_REQUIRE(recording.can_replay());
    const Vector others{77, 77, 77}, x = point(3, 2.9); // memory that was free is not any more
    BOOST_TEST(recording.replay(x, view(slope)) == reverse_gradient(f, x, view(expected)));
    BOOST_TEST((slope == expected));
}
