#include <algorithm>
#include <array>
#include <bit>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iomanip>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "reference/batch_functions.hpp"

import modus.autodiff;

using modus::Batch;
using modus::Flags;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double tiny = std::numeric_limits<double>::denorm_min();
constexpr double smallest = std::numeric_limits<double>::min();
constexpr double largest = std::numeric_limits<double>::max();

using Numbers = std::array<double, Batch::size>;

Batch batch(const Numbers& x) { return Batch::load(x.data()); }
Numbers numbers(const Batch& x) {
    Numbers result;
    x.store(result.data());
    return result;
}

/// The same number, also NaN and with regard to the sign of 0.
bool identical(double a, double b) {
    return std::isnan(a) ? std::isnan(b) : std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

/// The spacing of doubles at x.
double unit(double x) {
    if (std::fabs(x) < smallest) return tiny;
    int exponent;
    std::frexp(x, &exponent);
    return std::ldexp(1.0, exponent - std::numeric_limits<double>::digits);
}

struct UnaryFunction {
    std::string_view name;
    Batch (*of)(Batch);
    double bound;           ///< largest error allowed, in units in the last place
    double floor_below = 0; ///< for x < 0, where the value is smaller: units of this number count
};
// Negative zeros of lgamma and digamma are no special points of an algorithm: large terms cancel there.
const UnaryFunction unary_functions[] = {
    {"exp", [](Batch x) { return modus::exp(x); }, 2},
    {"expm1", [](Batch x) { return modus::expm1(x); }, 2},
    {"log", [](Batch x) { return modus::log(x); }, 2},
    {"log1p", [](Batch x) { return modus::log1p(x); }, 2},
    {"sqrt", [](Batch x) { return modus::sqrt(x); }, 0.5001},
    {"tanh", [](Batch x) { return modus::tanh(x); }, 2},
    {"sigmoid", [](Batch x) { return modus::sigmoid(x); }, 2},
    {"softplus", [](Batch x) { return modus::softplus(x); }, 2},
    {"erf", [](Batch x) { return modus::erf(x); }, 2},
    {"erfc", [](Batch x) { return modus::erfc(x); }, 2},
    {"lgamma", [](Batch x) { return modus::lgamma(x); }, 4, 0.0625},
    {"digamma", [](Batch x) { return modus::digamma(x); }, 4, 0.0625},
};
const UnaryFunction& function(std::string_view name) {
    return *std::ranges::find(unary_functions, name, &UnaryFunction::name);
}

/// Keeps the worst error of a function and complains about each one beyond the bound.
struct Check {
    std::string_view name;
    double bound;
    double worst = 0;
    std::string where = "nowhere";

    void operator()(const std::string& arguments, double actual, double value, double rest, double floor = 0) {
        double error = inf;
        if (std::isfinite(actual) && std::isfinite(value)) {
            const double scale = unit(value);
            error = std::fabs((actual - value) / scale - rest) * (scale / std::max(scale, unit(floor)));
        } else if (identical(actual, value)) {
            error = 0;
        }
        std::ostringstream text;
        text << std::setprecision(17) << name << '(' << arguments << ") = " << actual;
        if (error > worst) {
            worst = error;
            where = text.str();
        }
        text << ", expected " << value << ", " << error << " units in the last place off, more than " << bound;
        BOOST_CHECK_MESSAGE(error <= bound, text.str());
    }
    void report() const { BOOST_TEST_MESSAGE(name << ": " << worst << " units in the last place at worst, " << where); }
};

std::string text(double x) {
    std::ostringstream out;
    out << std::setprecision(17) << x;
    return out.str();
}

/// Every row is computed once in each lane, next to its neighbours.
template <class Row, class F> std::vector<Numbers> in_every_lane(const std::vector<Row>& rows, const F& f) {
    std::vector<Numbers> result(rows.size());
    for (std::size_t first = 0; first < rows.size(); ++first) {
        std::array<Row, Batch::size> some;
        for (std::size_t k = 0; k < Batch::size; ++k) some[k] = rows[(first + k) % rows.size()];
        const Numbers y = numbers(f(some));
        for (std::size_t k = 0; k < Batch::size; ++k) result[(first + k) % rows.size()][k] = y[k];
    }
    return result;
}

void expect(std::string_view name, double x, double expected) {
    Numbers arguments{0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.1};
    for (std::size_t k = 0; k < Batch::size; ++k) {
        Numbers special = arguments;
        special[k] = x;
        const Numbers y = numbers(function(name).of(batch(special)));
        const Numbers ordinary = numbers(function(name).of(batch(arguments)));
        for (std::size_t i = 0; i < Batch::size; ++i)
            BOOST_CHECK_MESSAGE(identical(y[i], i == k ? expected : ordinary[i]),
                                name << '(' << special[i] << ") = " << y[i] << ", expected "
                                     << (i == k ? expected : ordinary[i]) << ", with " << x << " in lane " << k);
    }
}

const Numbers a{1.5, -2.25, 0.0, -0.0, inf, not_a_number, 1e300, tiny};
const Numbers b{-3.0, 0.7, -1.0, 4.0, 2.0, 1.0, -1e300, 3.0};

} // namespace

BOOST_AUTO_TEST_CASE(arithmetic_is_that_of_the_lanes) {
    const auto check = [](const char* what, const Batch& result, double (*f)(double, double)) {
        for (std::size_t k = 0; k < Batch::size; ++k)
            BOOST_CHECK_MESSAGE(identical(result[k], f(a[k], b[k])), what << " in lane " << k << ": " << result[k]);
    };
    const Batch x = batch(a), y = batch(b);
    check("x + y", x + y, [](double p, double q) { return p + q; });
    check("x - y", x - y, [](double p, double q) { return p - q; });
    check("x * y", x * y, [](double p, double q) { return p * q; });
    check("x / y", x / y, [](double p, double q) { return p / q; });
    check("-x", -x, [](double p, double) { return -p; });
    check("+x", +x, [](double p, double) { return p; });
    check("x + 2", x + 2.0, [](double p, double) { return p + 2; });
    check("2 - x", 2.0 - x, [](double p, double) { return 2 - p; });
    check("2 / x", 2.0 / x, [](double p, double) { return 2 / p; });
    Batch z = x;
    check("x += y", z += y, [](double p, double q) { return p + q; });
    z = x;
    check("x -= y", z -= y, [](double p, double q) { return p - q; });
    z = x;
    check("x *= y", z *= y, [](double p, double q) { return p * q; });
    z = x;
    check("x /= y", z /= y, [](double p, double q) { return p / q; });
    check("z", z, [](double p, double q) { return p / q; });
    const Batch everywhere = 3.25;
    for (std::size_t k = 0; k < Batch::size; ++k) BOOST_TEST(everywhere[k] == 3.25);
}

BOOST_AUTO_TEST_CASE(comparisons_and_selection_are_those_of_the_lanes) {
    const auto check = [](const char* what, const Flags& result, bool (*f)(double, double)) {
        for (std::size_t k = 0; k < Batch::size; ++k)
            BOOST_CHECK_MESSAGE(result[k] == f(a[k], b[k]), what << " in lane " << k << ": " << result[k]);
    };
    const Batch x = batch(a), y = batch(b);
    check("x == x", x == x, [](double p, double) { return !std::isnan(p); });
    check("x == 0", x == 0.0, [](double p, double) { return p == 0; });
    check("x != y", x != y, [](double p, double q) { return p != q; });
    check("x < y", x < y, [](double p, double q) { return p < q; });
    check("x <= y", x <= y, [](double p, double q) { return p <= q; });
    check("x > y", x > y, [](double p, double q) { return p > q; });
    check("x >= y", x >= y, [](double p, double q) { return p >= q; });
    check("&&", x > 0.0 && y > 0.0, [](double p, double q) { return p > 0 && q > 0; });
    check("||", x > 0.0 || y > 0.0, [](double p, double q) { return p > 0 || q > 0; });
    check("!", !(x > 0.0), [](double p, double) { return !(p > 0); });
    check("is_negative", is_negative(x), [](double p, double) { return std::signbit(p); });
    const Batch size = magnitude(x), turned = signed_by(x, y);
    for (std::size_t k = 0; k < Batch::size; ++k) {
        BOOST_TEST(identical(size[k], std::fabs(a[k])));
        BOOST_TEST(identical(turned[k], std::signbit(b[k]) ? -a[k] : a[k]));
    }
    const Batch chosen = select(x < y, x, y);
    for (std::size_t k = 0; k < Batch::size; ++k) BOOST_TEST(identical(chosen[k], a[k] < b[k] ? a[k] : b[k]));
}

BOOST_AUTO_TEST_CASE(integers_of_all_sizes_are_rounded_once) {
    std::vector<std::int64_t> x{0, 1, -1, std::numeric_limits<std::int64_t>::max(),
                                std::numeric_limits<std::int64_t>::min()};
    for (int bit = 20; bit < 63; ++bit)
        for (const std::int64_t near : {-1, 0, 1, 3})
            for (const std::int64_t sign : {-1, 1}) x.push_back(sign * ((std::int64_t{1} << bit) + near));
    while (x.size() % Batch::size != 0) x.push_back(0x123456789abcdef);
    for (std::size_t first = 0; first < x.size(); first += Batch::size) {
        const Batch y = Batch::of_integers(x.data() + first);
        for (std::size_t k = 0; k < Batch::size; ++k) BOOST_TEST(y[k] == static_cast<double>(x[first + k]));
    }
}

BOOST_AUTO_TEST_CASE(batches_are_loaded_and_stored_anywhere) {
    std::array<double, 24> data;
    for (std::size_t k = 0; k < data.size(); ++k) data[k] = static_cast<double>(k);
    for (std::size_t from = 0; from < 8; ++from) {
        const Batch x = Batch::load(data.data() + from);
        for (std::size_t k = 0; k < Batch::size; ++k) BOOST_TEST(x[k] == static_cast<double>(from + k));
        std::array<double, 24> copy{};
        x.store(copy.data() + from);
        for (std::size_t k = 0; k < copy.size(); ++k)
            BOOST_TEST(copy[k] == (k >= from && k < from + Batch::size ? data[k] : 0));
    }
}

BOOST_AUTO_TEST_CASE(every_reference_row_is_tested) {
    for (const auto& row : reference::batch_unary)
        BOOST_TEST((std::ranges::find(unary_functions, row.name, &UnaryFunction::name) != std::end(unary_functions)),
                   row.name);
    for (const auto& f : unary_functions)
        BOOST_TEST(std::ranges::count(reference::batch_unary, f.name,
                                      [](const auto& row) { return std::string_view(row.name); }) >= 200,
                   f.name);
}

BOOST_AUTO_TEST_CASE(functions_meet_their_bounds) {
    for (const UnaryFunction& f : unary_functions) {
        std::vector<reference::BatchUnary> rows;
        std::ranges::copy_if(reference::batch_unary, std::back_inserter(rows),
                             [&](const auto& row) { return row.name == f.name; });
        const auto results = in_every_lane(rows, [&](const auto& some) {
            Numbers x;
            for (std::size_t k = 0; k < Batch::size; ++k) x[k] = some[k].x;
            return f.of(batch(x));
        });
        Check check{f.name, f.bound};
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto& [name, x, value, rest] = rows[i];
            check(text(x), results[i][0], value, rest, x < 0 ? f.floor_below : 0);
            for (const double y : results[i])
                BOOST_CHECK_MESSAGE(identical(y, results[i][0]), name << '(' << x << ") differs between lanes");
        }
        check.report();
    }
}

BOOST_AUTO_TEST_CASE(pow_meets_its_bound) {
    const std::vector<reference::BatchBinary> rows(std::begin(reference::batch_binary),
                                                   std::end(reference::batch_binary));
    const auto results = in_every_lane(rows, [](const auto& some) {
        Numbers x, y;
        for (std::size_t k = 0; k < Batch::size; ++k) x[k] = some[k].x, y[k] = some[k].y;
        return modus::pow(batch(x), batch(y));
    });
    Check check{"pow", 2};
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto& [name, x, y, value, rest] = rows[i];
        check(text(x) + ", " + text(y), results[i][0], value, rest);
        for (const double z : results[i])
            BOOST_CHECK_MESSAGE(identical(z, results[i][0]), "pow(" << x << ", " << y << ") differs between lanes");
    }
    check.report();
}

BOOST_AUTO_TEST_CASE(edges_of_the_domain) {
    for (const UnaryFunction& f : unary_functions) expect(f.name, not_a_number, not_a_number);

    expect("exp", 0.0, 1);
    expect("exp", -0.0, 1);
    expect("exp", inf, inf);
    expect("exp", -inf, 0.0);
    expect("exp", largest, inf);
    expect("exp", -largest, 0.0);

    expect("expm1", inf, inf);
    expect("expm1", -inf, -1);
    expect("expm1", largest, inf);
    expect("expm1", -largest, -1);

    expect("log", 0.0, -inf);
    expect("log", -0.0, -inf);
    expect("log", 1, 0.0);
    expect("log", inf, inf);
    for (const double x : {-tiny, -1.0, -largest, -inf}) expect("log", x, not_a_number);

    expect("log1p", -1, -inf);
    expect("log1p", inf, inf);
    for (const double x : {std::nextafter(-1.0, -2.0), -2.0, -largest, -inf}) expect("log1p", x, not_a_number);

    expect("sqrt", 0.0, 0.0);
    expect("sqrt", -0.0, -0.0);
    expect("sqrt", inf, inf);
    for (const double x : {-tiny, -1.0, -largest, -inf}) expect("sqrt", x, not_a_number);

    // Odd functions and their like keep the sign of a zero, and the smallest numbers.
    for (const auto name : {"expm1", "log1p", "tanh"})
        for (const double x : {0.0, -0.0, tiny, -tiny, 3 * tiny, smallest, -smallest}) expect(name, x, x);
    expect("erf", 0.0, 0.0);
    expect("erf", -0.0, -0.0);
    for (const auto name : {"tanh", "erf"})
        for (const double x : {inf, largest, 20.0}) expect(name, x, 1), expect(name, -x, -1);

    for (const double x : {inf, largest, 800.0}) {
        expect("sigmoid", x, 1);
        expect("sigmoid", -x, 0.0);
        expect("softplus", x, x);
        expect("softplus", -x, 0.0);
        expect("erfc", x, 0.0);
        expect("erfc", -x, 2);
    }
    expect("sigmoid", 0.0, 0.5);
    expect("sigmoid", -0.0, 0.5);
    expect("erfc", 0.0, 1);
    expect("erfc", -0.0, 1);

    // Poles as in <cmath>, which has no digamma: the limit where there is one.
    for (const double x : {0.0, -0.0, -1.0, -2.0, -77.0, -0x1p52, -0x1p60, inf, -inf}) expect("lgamma", x, inf);
    expect("lgamma", 1, 0.0);
    expect("lgamma", 2, 0.0);
    expect("digamma", 0.0, -inf);
    expect("digamma", -0.0, inf);
    expect("digamma", tiny, -inf);
    expect("digamma", -tiny, inf);
    expect("digamma", inf, inf);
    for (const double x : {-1.0, -2.0, -77.0, -0x1p52, -0x1p60, -inf}) expect("digamma", x, not_a_number);
}

BOOST_AUTO_TEST_CASE(edges_of_pow_are_those_of_the_standard_library) {
    const std::vector<double> values{0.0, -0.0, 1.0,    -1.0,    inf,        -inf,       not_a_number, 2.0,      -2.0,
                                     0.5, -0.5, 3.0,    -3.0,    tiny,       -tiny,      largest,      -largest, 1e-310,
                                     1.5, -1.5, 0x1p52, -0x1p52, 0x1p53 + 2, 0x1p52 + 1, -0x1p52 - 1,  1e300,    -7.0};
    const double ordinary = modus::pow(1.75, Batch(2.5))[0];
    for (const double x : values)
        for (const double y : values) {
            const double expected = std::pow(x, y);
            for (std::size_t k = 0; k < Batch::size; ++k) {
                Numbers bases, exponents;
                bases.fill(1.75);
                exponents.fill(2.5);
                bases[k] = x;
                exponents[k] = y;
                const Numbers z = numbers(modus::pow(batch(bases), batch(exponents)));
                const bool same = std::isfinite(expected) && expected != 0
                                      ? std::fabs(z[k] - expected) <= 2 * unit(expected)
                                      : identical(z[k], expected);
                BOOST_CHECK_MESSAGE(same, "pow(" << x << ", " << y << ") = " << z[k] << ", expected " << expected);
                for (std::size_t i = 0; i < Batch::size; ++i)
                    if (i != k) BOOST_TEST(identical(z[i], ordinary));
            }
        }
}

BOOST_AUTO_TEST_CASE(symmetries_are_exact) {
    for (const auto name : {"tanh", "erf"})
        for (const auto& row : reference::batch_unary) {
            if (row.name != std::string_view(name)) continue;
            BOOST_TEST(identical(function(name).of(row.x)[0], -function(name).of(-row.x)[0]), name << ' ' << row.x);
        }
}
