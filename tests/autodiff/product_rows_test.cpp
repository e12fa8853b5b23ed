// Sums of formulas over rows of X * w + b: values and gradients against loops, for all ends that rows and columns have.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

import modus.autodiff;

using namespace modus;

namespace {

double number(std::size_t k) { return std::sin(static_cast<double>(k) * 1.7 + 0.3); }

Matrix data(std::size_t rows, std::size_t columns) {
    Matrix X(rows, columns);
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < columns; ++j) X(i, j) = number(3 * i + 7 * j);
    return X;
}

struct Result {
    double value = 0;
    Vector gradient;
};

/// The sum of log(1 + ((y - factor X w - b) / s)^2) with the gradient by w, b and s = exp(last).
Result by_loops(const Matrix& X, const Vector& y, const Vector& u, double factor, bool has_bias) {
    const std::size_t columns = X.cols();
    Result result{0, Vector(u.size())};
    const double s = std::exp(u[columns + 1]);
    for (std::size_t i = 0; i < X.rows(); ++i) {
        double eta = has_bias ? u[columns] : 0;
        for (std::size_t j = 0; j < columns; ++j) eta += factor * X(i, j) * u[j];
        const double z = (y[i] - eta) / s, slope = 2 * z / (1 + z * z) / s; // by y - eta
        result.value += std::log1p(z * z);
        for (std::size_t j = 0; j < columns; ++j) result.gradient[j] -= slope * factor * X(i, j);
        if (has_bias) result.gradient[columns] -= slope;
        result.gradient[columns + 1] -= slope * (y[i] - eta);
    }
    return result;
}

/// Its second derivatives.
Matrix hessian_by_loops(const Matrix& X, const Vector& y, const Vector& u, double factor, bool has_bias) {
    const std::size_t columns = X.cols(), n = u.size();
    Matrix result(n, n);
    Vector row(n); // of eta by the coordinates
    const double s = std::exp(u[columns + 1]);
    for (std::size_t i = 0; i < X.rows(); ++i) {
        for (std::size_t j = 0; j < columns; ++j) row[j] = factor * X(i, j);
        row[columns] = has_bias ? 1 : 0;
        double eta = 0;
        for (std::size_t j = 0; j <= columns; ++j) eta += row[j] * u[j];
        const double z = (y[i] - eta) / s, w = 1 + z * z, first = 2 * z / w, second = 2 * (1 - z * z) / (w * w); // by z
        for (std::size_t j = 0; j <= columns; ++j) {
            for (std::size_t k = 0; k <= columns; ++k) result(j, k) += row[j] * row[k] * second / (s * s);
            result(j, columns + 1) += row[j] * (second * z + first) / s;
        }
        result(columns + 1, columns + 1) += second * z * z + first * z;
    }
    for (std::size_t j = 0; j <= columns; ++j) result(columns + 1, j) = result(j, columns + 1);
    return result;
}

/// The same sum, of parameters of any kind.
template <class Y> auto loss_of(const Matrix& X, const Y& y, double factor, bool has_bias) {
    return [&X, &y, factor, has_bias](const auto& v) {
        const std::size_t columns = X.cols();
        const auto weight = v.slice(0, columns);
        const auto s = exp(v.load(columns + 1));
        auto eta = factor * (X * weight);
        if (has_bias) eta = eta + v.load(columns);
        return sum_map(
            Extents<1>{X.rows()},
            [](const auto& a, const auto& e, const auto& scale) {
                const auto z = (a - e) / scale;
                return log1p(z * z);
            },
            y, eta, s);
    };
}

template <class Y> Result on_a_tape(const Matrix& X, const Y& y, const Vector& u, double factor, bool has_bias) {
    Result result{0, Vector(u.size())};
    std::vector<double> gradient(u.size());
    result.value = reverse_gradient(loss_of(X, y, factor, has_bias), u, gradient);
    for (std::size_t k = 0; k < u.size(); ++k) result.gradient[k] = gradient[k];
    return result;
}

void compare(const Result& found, const Result& expected, std::size_t rows, std::size_t columns) {
    const double tolerance = 1e-13 * static_cast<double>(rows + 10);
    BOOST_TEST(std::fabs(found.value - expected.value) <= tolerance, rows << " x " << columns);
    for (std::size_t k = 0; k < expected.gradient.size(); ++k)
        BOOST_TEST(std::fabs(found.gradient[k] - expected.gradient[k]) <= tolerance,
                   rows << " x " << columns << ", by coordinate " << k);
}

} // namespace

BOOST_AUTO_TEST_CASE(every_end_of_rows_and_columns) {
    for (const std::size_t columns : {1, 2, 3, 10, 63, 64, 65})
        for (const std::size_t rows : {1, 64, 127, 128, 129, 135, 192, 511, 512, 576, 1023, 1024, 1025, 1100, 5000}) {
            const Matrix X = data(rows, columns);
            Vector y(rows), u(columns + 2);
            for (std::size_t i = 0; i < rows; ++i) y[i] = 2 * number(11 * i + 5);
            for (std::size_t k = 0; k < u.size(); ++k) u[k] = 0.4 * number(13 * k + 1);
            for (const bool has_bias : {true, false})
                compare(on_a_tape(X, y, u, -0.75, has_bias), by_loops(X, y, u, -0.75, has_bias), rows, columns);
        }
}

BOOST_AUTO_TEST_CASE(second_derivatives) {
    for (const std::size_t columns : {1, 3, 10, 64, 65})
        for (const std::size_t rows : {1, 31, 64, 65, 100, 127, 128, 224, 256, 288, 1000, 1024, 5000}) {
            const Matrix X = data(rows, columns);
            const std::size_t n = columns + 2;
            Vector y(rows), u(n), direction(n);
            for (std::size_t i = 0; i < rows; ++i) y[i] = 2 * number(11 * i + 5);
            for (std::size_t k = 0; k < n; ++k) {
                u[k] = 0.4 * number(13 * k + 1);
                direction[k] = number(5 * k + 2);
            }
            for (const bool has_bias : {true, false}) {
                const auto f = loss_of(X, y, -0.75, has_bias);
                const Matrix expected = hessian_by_loops(X, y, u, -0.75, has_bias), found = hessian(f, u);
                const Vector product = hessian_vector_product(f, u, direction);
                const double tolerance = 1e-13 * static_cast<double>(rows + 10);
                double worst = 0, worst_product = 0;
                for (std::size_t i = 0; i < n; ++i) {
                    double sum = 0;
                    for (std::size_t j = 0; j < n; ++j) {
                        worst = std::max(worst, std::fabs(found(i, j) - expected(i, j)));
                        sum += expected(i, j) * direction[j];
                    }
                    worst_product = std::max(worst_product, std::fabs(product[i] - sum));
                }
                BOOST_TEST(worst <= tolerance, rows << " x " << columns);
                BOOST_TEST(worst_product <= static_cast<double>(n) * tolerance, rows << " x " << columns);
            }
        }
}

// The adjoints of weights, or of a bias, that are made of the variables have to be known with their values.
BOOST_AUTO_TEST_CASE(second_derivatives_by_what_weights_are_made_of) {
    const auto check = [](std::size_t columns, std::size_t rows, const auto& weights_of, const auto& bias_of,
                          const auto& is_exponential) {
        const Matrix X = data(rows, columns);
        const std::size_t n = columns + 2;
        Vector y(rows), u(n), v(n);
        for (std::size_t i = 0; i < rows; ++i) y[i] = 2 * number(11 * i + 5);
        for (std::size_t k = 0; k < n; ++k) {
            u[k] = 0.4 * number(13 * k + 1);
            v[k] = is_exponential(k) ? std::exp(u[k]) : u[k];
        }
        const auto f = [&](const auto& x) {
            const auto s = exp(x.load(columns + 1));
            return sum_map(
                Extents<1>{rows},
                [](const auto& a, const auto& e, const auto& scale) {
                    const auto z = (a - e) / scale;
                    return log1p(z * z);
                },
                y, X * weights_of(x.slice(0, columns)) + bias_of(x.load(columns)), s);
        };
        const Matrix found = hessian(f, u), by_v = hessian_by_loops(X, y, v, 1, true);
        const Result first = by_loops(X, y, v, 1, true);
        double worst = 0;
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t j = 0; j < n; ++j) {
                double expected = by_v(i, j) * (is_exponential(i) ? v[i] : 1) * (is_exponential(j) ? v[j] : 1);
                if (i == j && is_exponential(i)) expected += first.gradient[i] * v[i];
                worst = std::max(worst, std::fabs(found(i, j) - expected));
            }
        BOOST_TEST(worst <= 1e-13 * static_cast<double>(rows + 10), rows << " x " << columns);
    };
    const auto same = [](const auto& x) { return x; };
    const auto exponential = [](const auto& x) { return exp(x); };
    for (const std::size_t columns : {1, 3, 10})
        for (const std::size_t rows : {64, 300, 1000, 5000}) {
            check(columns, rows, exponential, same, [=](std::size_t k) { return k < columns; });
            check(columns, rows, same, exponential, [=](std::size_t k) { return k == columns; });
        }
}

// Sums whose factor, or whose adjoint, has tangents: the values of X' r are multiplied by these.
BOOST_AUTO_TEST_CASE(second_derivatives_of_what_a_sum_is_part_of) {
    for (const std::size_t rows : {63, 64, 300, 1000, 30'000}) // the last ones in several chunks
        for (const std::size_t columns : {1, 3, 10})
            for (const bool scale_is_first : {false, true}) {
                const Matrix X = data(rows, columns);
                const std::size_t n = columns + 1, at = scale_is_first ? 0 : columns, first = scale_is_first ? 1 : 0;
                Vector y(rows), u(n);
                for (std::size_t i = 0; i < rows; ++i) y[i] = 2 * number(11 * i + 5);
                for (std::size_t k = 0; k < n; ++k) u[k] = 0.4 * number(13 * k + 1);
                // L = -sum of ((y - X w) / s)^2 / 2, s = exp(u[at]); and the square of L / rows.
                const auto sum_of_squares = [&](const auto& x) {
                    return sum_map(
                        Extents<1>{rows},
                        [](const auto& a, const auto& e, const auto& scale) {
                            return half_square_summand(a - e, 1.0 / scale, 0.0);
                        },
                        y, X * x.slice(first, columns), exp(x.load(at)));
                };
                const auto squared = [&](const auto& x) {
                    const auto mean = sum_of_squares(x) / static_cast<double>(rows);
                    return mean * mean;
                };
                double value = 0;
                Vector slope(n);
                Matrix second(n, n);
                const double by_s2 = std::exp(-2 * u[at]);
                for (std::size_t i = 0; i < rows; ++i) {
                    double rest = y[i];
                    for (std::size_t j = 0; j < columns; ++j) rest -= X(i, j) * u[first + j];
                    value -= 0.5 * rest * rest * by_s2;
                    slope[at] += rest * rest * by_s2;
                    second(at, at) -= 2 * rest * rest * by_s2;
                    for (std::size_t j = 0; j < columns; ++j) {
                        slope[first + j] += X(i, j) * rest * by_s2;
                        second(first + j, at) -= 2 * X(i, j) * rest * by_s2;
                        second(at, first + j) -= 2 * X(i, j) * rest * by_s2;
                        for (std::size_t k = 0; k < columns; ++k)
                            second(first + j, first + k) -= X(i, j) * X(i, k) * by_s2;
                    }
                }
                const Matrix found = hessian(sum_of_squares, u), of_square = hessian(squared, u);
                const double m = static_cast<double>(rows);
                double worst = 0;
                for (std::size_t i = 0; i < n; ++i)
                    for (std::size_t j = 0; j < n; ++j) {
                        const double expected = 2 * (slope[i] * slope[j] + value * second(i, j)) / (m * m);
                        worst = std::max(worst, std::fabs(found(i, j) - second(i, j)));
                        worst = std::max(worst, std::fabs(of_square(i, j) - expected));
                    }
                BOOST_TEST(worst <= 1e-12 * static_cast<double>(rows + 10), rows << " x " << columns);
            }
}

// One predictor in two sums, its weights in a third term, and a function that is called for each pass, as what it holds
// might change.
BOOST_AUTO_TEST_CASE(second_derivatives_of_weights_that_are_used_more_than_once) {
    for (const std::size_t rows : {64, 300, 1001, 30'000})
        for (const std::size_t columns : {3, 10}) {
            const Matrix X = data(rows, columns);
            Vector y(rows), u(columns);
            for (std::size_t i = 0; i < rows; ++i) y[i] = 2 * number(11 * i + 5);
            for (std::size_t k = 0; k < columns; ++k) u[k] = 0.4 * number(13 * k + 1);
            std::size_t calls = 0;
            const auto loss = [&](bool holds) {
                return [&, holds](const auto& w) {
                    ++calls;
                    const auto predictor = X * w;
                    const Extents<1> all{rows};
                    const auto cosines =
                        sum_map(all, [](const auto& a, const auto& e) { return cos(a - e); }, y, predictor);
                    const double factor = 0.5;
                    const auto squares =
                        holds ? sum_map(
                                    all, [&](const auto& a, const auto& e) { return square(factor * (a - e)); }, y,
                                    predictor)
                              : sum_map(
                                    all, [](const auto& a, const auto& e) { return square(0.5 * (a - e)); }, y,
                                    predictor);
                    return cosines + squares + sum_map(Extents<1>{columns}, [](const auto& v) { return v * v * v; }, w);
                };
            };
            Matrix expected(columns, columns);
            for (std::size_t i = 0; i < rows; ++i) {
                double rest = y[i];
                for (std::size_t j = 0; j < columns; ++j) rest -= X(i, j) * u[j];
                for (std::size_t j = 0; j < columns; ++j)
                    for (std::size_t k = 0; k < columns; ++k)
                        expected(j, k) += X(i, j) * X(i, k) * (0.5 - std::cos(rest));
            }
            for (std::size_t j = 0; j < columns; ++j) expected(j, j) += 6 * u[j];
            for (const bool holds : {false, true}) {
                calls = 0;
                const Matrix found = hessian(loss(holds), u);
                BOOST_TEST(calls == (holds ? (columns + 3) / 4 : 1));
                double worst = 0;
                for (std::size_t j = 0; j < columns; ++j)
                    for (std::size_t k = 0; k < columns; ++k)
                        worst = std::max(worst, std::fabs(found(j, k) - expected(j, k)));
                BOOST_TEST(worst <= 1e-13 * static_cast<double>(rows + 10), rows << " x " << columns << " " << holds);
            }
        }
}

BOOST_AUTO_TEST_CASE(whole_numbers_as_data) {
    const std::size_t rows = 777;
    const Matrix X = data(rows, 4);
    IntVector counts(rows);
    Vector y(rows), u{0.2, -0.3, 0.1, 0.4, 0.5, -0.2};
    for (std::size_t i = 0; i < rows; ++i) {
        counts[i] = static_cast<Integer>(i % 5);
        y[i] = static_cast<double>(i % 5);
    }
    compare(on_a_tape(X, counts, u, 1, true), by_loops(X, y, u, 1, true), rows, 4);
}

BOOST_AUTO_TEST_CASE(a_large_sum_has_the_same_bits_each_time_and_when_it_is_replayed) {
    const std::size_t rows = 70000;
    const Matrix X = data(rows, 10);
    Vector y(rows), u(12);
    for (std::size_t i = 0; i < rows; ++i) y[i] = number(i);
    for (std::size_t k = 0; k < u.size(); ++k) u[k] = 0.3 * number(k + 2);
    const Result first = on_a_tape(X, y, u, 1, true);
    compare(first, by_loops(X, y, u, 1, true), rows, 10);
    for (int repeat = 0; repeat < 3; ++repeat) {
        const Result again = on_a_tape(X, y, u, 1, true);
        BOOST_TEST(again.value == first.value);
        BOOST_TEST((again.gradient == first.gradient));
    }
    const auto f = [&](const auto& v) {
        return sum_map(
            Extents<1>{rows},
            [](const auto& a, const auto& e) {
                const auto z = a - e;
                return log1p(z * z);
            },
            y, X * v.slice(0, 10) + v.load(10));
    };
    std::vector<double> gradient(12), replayed(12);
    Recording recording(f, Vector(12), gradient);
    BOOST_REQUIRE(recording.can_replay());
    const double value = recording.replay(u, replayed);
    BOOST_TEST(value == reverse_gradient(f, u, gradient));
    BOOST_TEST(replayed == gradient, boost::test_tools::per_element());
}
