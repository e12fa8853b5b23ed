// Formulas that have loops of their own for linear predictors, products of few columns and sorted groups, against sums
// written out, for all ends that rows, columns and groups have.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

import modus.autodiff;

using namespace modus;

namespace {

double number(std::size_t k) { return std::sin(static_cast<double>(k) * 1.7 + 0.3); }
Vector numbers(std::size_t n, std::size_t from, double scale = 1) {
    Vector result(n);
    for (std::size_t k = 0; k < n; ++k) result[k] = scale * number(from + 13 * k);
    return result;
}

struct Result {
    double value = 0;
    std::vector<double> gradient;
};

using Predicted = Array<Var<double>, 1>;
constexpr double half_log_2pi = 0.91893853320467274178;

/// The log density of a normal distribution, with the scale taken out of the sum.
struct NormalSummand {
    auto operator()(const auto& y, const auto& eta, const auto& scale) const {
        return half_square_summand(y - eta, 1.0 / scale, -log(scale) - half_log_2pi);
    }
    static const RowLoops* row_loops(const Vector*, const Predicted*, const Var<double>*) {
        return &RegisterRows<1, NormalSummand, Vector, Predicted, Var<double>>::loops;
    }
    static const RowLoops* row_loops(const Vector*, const Predicted*, const double*) {
        return &RegisterRows<1, NormalSummand, Vector, Predicted, double>::loops;
    }
};
/// The same as it is written in books.
struct NormalFormula {
    auto operator()(const auto& eta, const auto& y, const auto& scale) const {
        const auto z = (y - eta) / scale;
        return -0.5 * z * z - log(scale) - half_log_2pi;
    }
    static const RowLoops* row_loops(const Predicted*, const Vector*, const Var<double>*) {
        return &RegisterRows<0, NormalFormula, Predicted, Vector, Var<double>>::loops;
    }
};
/// The logarithm of the probability of 0 or 1, with the logarithm left to the sum.
struct LogisticSummand {
    auto operator()(const auto& y, const auto& eta) const { return log_sigmoid_summand(eta, y - 0.5); }
    static const RowLoops* row_loops(const IntVector*, const Predicted*) {
        return &RegisterRows<1, LogisticSummand, IntVector, Predicted>::loops;
    }
};

/// What is expected, with digits to spare.
struct Sums {
    long double value = 0;
    std::vector<long double> gradient;
};

/// What a row adds: the log density of its datum at this predictor, with the derivatives by it and by the scale.
struct Row {
    double value, slope, by_scale;
};
Row normal_row(double y, double eta, double scale) {
    const double z = (y - eta) / scale;
    return {-0.5 * z * z - std::log(scale) - half_log_2pi, z / scale, (z * z - 1) / scale};
}
Row logistic_row(double y, double eta, double) {
    const double sign = 2 * y - 1;
    return {-std::log1p(std::exp(-sign * eta)), sign / (1 + std::exp(sign * eta)), 0};
}

void compare(const Result& found, const Sums& expected, std::size_t rows, std::size_t columns) {
    const double tolerance = 2e-14 * static_cast<double>(rows + 30);
    BOOST_TEST(std::fabs(found.value - static_cast<double>(expected.value)) <= tolerance, rows << " x " << columns);
    for (std::size_t k = 0; k < expected.gradient.size(); ++k)
        BOOST_TEST(std::fabs(found.gradient[k] - static_cast<double>(expected.gradient[k])) <= tolerance,
                   rows << " x " << columns << ", by coordinate " << k << ": " << found.gradient[k] << ", not "
                        << expected.gradient[k]);
}

/// f on a tape, and again from a recording made elsewhere, which has the same bits.
template <class F> Result on_a_tape(const F& f, const Vector& u) {
    Result result{0, std::vector<double>(u.size())};
    result.value = reverse_gradient(f, u, result.gradient);
    std::vector<double> gradient(u.size());
    Recording recording(f, numbers(u.size(), 99, 0.1), gradient);
    BOOST_TEST(recording.can_replay());
    BOOST_TEST(recording.replay(u, gradient) == result.value);
    BOOST_TEST(gradient == result.gradient, boost::test_tools::per_element());
    return result;
}

constexpr std::size_t ends_of_rows[] = {1, 7, 8, 9, 15, 16, 17, 100, 1000, 1023, 1024, 1025, 8184, 8185, 27001};

} // namespace

BOOST_AUTO_TEST_CASE(normal_around_products) {
    for (const std::size_t columns : {1, 2, 3, 4, 7, 10, 12, 13, 20})
        for (const std::size_t rows : ends_of_rows) {
            Matrix X(rows, columns);
            for (std::size_t i = 0; i < rows; ++i)
                for (std::size_t j = 0; j < columns; ++j) X(i, j) = number(3 * i + 7 * j);
            const Vector y = numbers(rows, 5, 2), u = numbers(columns + 2, 1, 0.4);
            for (const bool has_bias : {true, false})
                for (const bool learns_scale : {true, false}) {
                    const double s = learns_scale ? std::exp(u[columns + 1]) : 1.25;
                    Sums expected{0, std::vector<long double>(u.size())};
                    for (std::size_t i = 0; i < rows; ++i) {
                        double eta = has_bias ? u[columns] : 0;
                        for (std::size_t j = 0; j < columns; ++j) eta += -0.75 * X(i, j) * u[j];
                        const Row row = normal_row(y[i], eta, s);
                        expected.value += row.value;
                        for (std::size_t j = 0; j < columns; ++j) expected.gradient[j] += -0.75 * X(i, j) * row.slope;
                        if (has_bias) expected.gradient[columns] += row.slope;
                        if (learns_scale) expected.gradient[columns + 1] += s * row.by_scale;
                    }
                    const auto f = [&](const auto& v) {
                        auto eta = -0.75 * (X * v.slice(0, columns));
                        if (has_bias) eta = eta + v.load(columns);
                        if (learns_scale)
                            return sum_map(y.extents(), NormalSummand(), y, eta, exp(v.load(columns + 1)));
                        return sum_map(y.extents(), NormalSummand(), y, eta, 1.25);
                    };
                    compare(on_a_tape(f, u), expected, rows, columns);
                }
        }
}

BOOST_AUTO_TEST_CASE(bernoulli_logits_around_products) {
    for (const std::size_t columns : {1, 2, 3, 5, 10, 11, 12, 13})
        for (const std::size_t rows : ends_of_rows) {
            Matrix X(rows, columns);
            for (std::size_t i = 0; i < rows; ++i)
                for (std::size_t j = 0; j < columns; ++j) X(i, j) = number(5 * i + 3 * j);
            IntVector y(rows);
            for (std::size_t i = 0; i < rows; ++i) y[i] = number(11 * i) > 0.2;
            const Vector u = numbers(columns + 1, 3, 1.5);
            Sums expected{0, std::vector<long double>(u.size())};
            for (std::size_t i = 0; i < rows; ++i) {
                double eta = u[columns];
                for (std::size_t j = 0; j < columns; ++j) eta += X(i, j) * u[j];
                const Row row = logistic_row(static_cast<double>(y[i]), eta, 1);
                expected.value += row.value;
                for (std::size_t j = 0; j < columns; ++j) expected.gradient[j] += X(i, j) * row.slope;
                expected.gradient[columns] += row.slope;
            }
            const auto f = [&](const auto& v) {
                return sum_map(y.extents(), LogisticSummand(), y, X * v.slice(0, columns) + v.load(columns));
            };
            compare(on_a_tape(f, u), expected, rows, columns);
        }
}

BOOST_AUTO_TEST_CASE(around_groups) {
    for (const std::size_t rows : {8, 23, 24, 25, 31, 40, 100, 919, 1025, 8185, 20011})
        for (const std::size_t longest : {1, 9, 17, 40, 300}) {
            IntVector sorted(rows), shuffled(rows), outcome(rows);
            std::size_t groups = 0;
            for (std::size_t i = 0; i < rows; ++groups) {
                const auto length =
                    1 + static_cast<std::size_t>(std::fabs(number(7 * groups)) * static_cast<double>(longest));
                for (std::size_t k = 0; k < length && i < rows; ++k, ++i) sorted[i] = static_cast<Integer>(groups);
            }
            ++groups; // one without rows
            for (std::size_t i = 0; i < rows; ++i) {
                outcome[i] = number(11 * i) > 0.2;
                shuffled[i] = sorted[i * 7919 % rows];
            }
            const Vector x = numbers(rows, 2), y = numbers(rows, 5, 2), u = numbers(groups + 3, 1, 0.4);
            const double b = u[groups], beta = u[groups + 1], s = std::exp(u[groups + 2]);
            for (const bool has_slope : {true, false})
                for (const int kind : {0, 1, 2, 3, 4}) {
                    const IntVector& group = kind < 3 ? sorted : shuffled;
                    Sums expected{0, std::vector<long double>(u.size())};
                    for (std::size_t i = 0; i < rows; ++i) {
                        const auto g = static_cast<std::size_t>(group[i]);
                        const double eta = b + 0.5 * u[g] + (has_slope ? beta * x[i] : 0);
                        const bool is_logistic = kind == 2 || kind == 4;
                        const Row row = is_logistic ? logistic_row(static_cast<double>(outcome[i]), eta, 1)
                                                    : normal_row(y[i], eta, s);
                        expected.value += row.value;
                        expected.gradient[g] += 0.5 * row.slope;
                        expected.gradient[groups] += row.slope;
                        if (has_slope) expected.gradient[groups + 1] += x[i] * row.slope;
                        expected.gradient[groups + 2] += s * row.by_scale;
                    }
                    const auto f = [&](const auto& v) {
                        const auto alpha = v.slice(0, groups);
                        auto eta = 0.5 * alpha[group] + v.load(groups);
                        if (has_slope) eta = v.load(groups + 1) * x + eta;
                        const auto scale = exp(v.load(groups + 2));
                        if (kind == 0 || kind == 3) return sum_map(y.extents(), NormalSummand(), y, eta, scale);
                        if (kind == 1) return sum_map(y.extents(), NormalFormula(), eta, y, scale);
                        return sum_map(y.extents(), LogisticSummand(), outcome, eta);
                    };
                    compare(on_a_tape(f, u), expected, rows, groups);
                }
            // Groups around a mean, as they are written where they are not centred.
            for (const IntVector& group : {sorted, shuffled}) {
                Sums expected{0, std::vector<long double>(u.size())};
                for (std::size_t i = 0; i < rows; ++i) {
                    const auto g = static_cast<std::size_t>(group[i]);
                    const Row row = normal_row(y[i], b - s * u[g] + beta * x[i], 1.25);
                    expected.value += row.value;
                    expected.gradient[g] -= s * row.slope;
                    expected.gradient[groups] += row.slope;
                    expected.gradient[groups + 1] += x[i] * row.slope;
                    expected.gradient[groups + 2] -= s * u[g] * row.slope;
                }
                const auto f = [&](const auto& v) {
                    const auto alpha = v.load(groups) - exp(v.load(groups + 2)) * v.slice(0, groups);
                    return sum_map(y.extents(), NormalSummand(), y, alpha[group] + v.load(groups + 1) * x, 1.25);
                };
                compare(on_a_tape(f, u), expected, rows, groups);
            }
        }
}

BOOST_AUTO_TEST_CASE(around_vectors) {
    for (const std::size_t rows : {8, 9, 15, 16, 100, 1025, 8185, 262147})
        for (const bool is_active : {true, false})
            for (const bool is_normal : {true, false}) {
                const std::size_t elements = is_active ? rows : 0;
                const Vector x = numbers(rows, 2), y = numbers(rows, 5, 2), u = numbers(elements + 3, 1, 0.4);
                IntVector outcome(rows);
                for (std::size_t i = 0; i < rows; ++i) outcome[i] = number(11 * i) > 0.2;
                const double b = u[elements], beta = u[elements + 1], s = std::exp(u[elements + 2]);
                Sums expected{0, std::vector<long double>(u.size())};
                for (std::size_t i = 0; i < rows; ++i) {
                    const double z = is_active ? u[i] : x[i], eta = b + -1.5 * beta * z;
                    const Row row =
                        is_normal ? normal_row(y[i], eta, s) : logistic_row(static_cast<double>(outcome[i]), eta, 1);
                    expected.value += row.value;
                    if (is_active) expected.gradient[i] += -1.5 * beta * row.slope;
                    expected.gradient[elements] += row.slope;
                    expected.gradient[elements + 1] += -1.5 * z * row.slope;
                    expected.gradient[elements + 2] += s * row.by_scale;
                }
                const auto f = [&](const auto& v) {
                    const auto slope = -1.5 * v.load(elements + 1);
                    auto eta = slope * v.slice(0, rows * is_active);
                    if (!is_active) eta = slope * x;
                    eta = eta + v.load(elements);
                    const auto scale = exp(v.load(elements + 2));
                    if (is_normal) return sum_map(y.extents(), NormalSummand(), y, eta, scale);
                    return sum_map(y.extents(), LogisticSummand(), outcome, eta);
                };
                compare(on_a_tape(f, u), expected, rows, elements);
            }
}

// Found by a reader: the factor that a sum leaves for the end was that of the first chunk, which may have no rows.
BOOST_AUTO_TEST_CASE(chunks_of_which_all_rows_are_masked) {
    const std::size_t rows = 140000;
    const Vector x = numbers(rows, 3), y = numbers(rows, 8, 2);
    const Vector u{0.4, -0.3, 1};
    for (const std::size_t first : {std::size_t{0}, std::size_t{5}, std::size_t{4096}, std::size_t{100000}, rows}) {
        IntVector mask(rows);
        for (std::size_t i = first; i < rows; ++i) mask[i] = i % 7 != 0;
        const auto f = [&]<Scalar R>(const Array<R, 1>& p) {
            return sum_map_where<1>(&mask, y.extents(), NormalSummand{}, y, p[0] + p[1] * x, exp(p[2]));
        };
        const auto [value, slope] = value_and_gradient(f, u, Mode::forward);
        const auto [found, found_slope] = value_and_gradient(f, u, Mode::reverse);
        BOOST_TEST(found == value, boost::test_tools::tolerance(1e-12));
        for (std::size_t k = 0; k < 3; ++k)
            BOOST_TEST(std::fabs(found_slope[k] - slope[k]) <= 1e-11 * (1 + std::fabs(value)), first << ", " << k);
        const Vector direction{0.2, -0.5, 0.7}, product = hessian_vector_product(f, u, direction);
        const double step = 1e-5;
        Vector ahead = u, behind = u;
        for (std::size_t k = 0; k < 3; ++k) {
            ahead[k] += step * direction[k];
            behind[k] -= step * direction[k];
        }
        const Vector after = gradient(f, ahead, Mode::forward), before = gradient(f, behind, Mode::forward);
        for (std::size_t k = 0; k < 3; ++k)
            BOOST_TEST(std::fabs(product[k] - (after[k] - before[k]) / (2 * step)) <= 1e-7 * (1 + std::fabs(value)));
    }
}
