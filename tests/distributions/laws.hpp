// What every distribution must satisfy, as functions of a `Subject`: the distribution under test. This header comes
// before the imports, so that it knows modus only through that type, which MODUS_SUBJECT declares after them.
#pragma once

#include "reference/distributions.hpp"
#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

/// Declares Subject for modus::Type with `Arity` parameters. The derivatives with respect to the first `Fixed` of them
/// (total counts) are left out.
#define MODUS_SUBJECT(Type, Arity, Fixed)                                                                              \
    struct Subject {                                                                                                   \
        static constexpr std::string_view name = #Type;                                                                \
        static constexpr std::size_t arity = Arity, fixed = Fixed;                                                     \
        using Real = modus::Dual<double, 4>;                                                                           \
        using Vector = modus::Vector;                                                                                  \
        using RealVector = modus::Array<Real, 1>;                                                                      \
        using Mask = modus::IntVector;                                                                                 \
        using Data = modus::Data;                                                                                      \
        using Random = modus::Random;                                                                                  \
        using Error = modus::Error;                                                                                    \
        static auto make(const auto&... p) { return modus::Type(p...); }                                               \
        template <class D> static constexpr bool is_distribution = modus::Distribution<D>;                             \
    }

namespace laws {

template <class S> using Parameters = std::array<double, S::arity>;

/// "Gamma(0.5, 2)", and what follows.
template <class S, class... T> std::string label(const double* p, const T&... more) {
    std::ostringstream out;
    out.precision(17);
    out << S::name << '(';
    for (std::size_t k = 0; k < S::arity; ++k) out << (k ? ", " : "") << p[k];
    out << ')';
    ((out << more), ...);
    return out.str();
}

/// Compares, and remembers how much of the tolerance the worst comparison used: --log_level=message shows it.
class Accuracy {
  public:
    explicit Accuracy(std::string what) : what_(std::move(what)) {}
    ~Accuracy() { BOOST_TEST_MESSAGE(what_ << ": worst error is " << worst_ << " of the tolerance, " << where_); }

    void compare(double found, double expected, double tolerance, const std::string& where) {
        const bool is_same = found == expected || (std::isnan(found) && std::isnan(expected));
        const double error = is_same ? 0 : std::fabs(found - expected);
        BOOST_CHECK_MESSAGE(is_same || (error <= tolerance && std::isfinite(expected)),
                            where << ": " << found << " is not " << expected << ", error " << error << ", tolerance "
                                  << tolerance);
        if (error > worst_ * tolerance) {
            worst_ = error / tolerance;
            where_ = where;
        }
    }

  private:
    std::string what_, where_;
    double worst_ = 0;
};

template <class S, class Row> auto rows(const Row* first, const Row* last) {
    std::vector<Row> result;
    std::copy_if(first, last, std::back_inserter(result), [](const Row& row) { return S::name == row.name; });
    BOOST_TEST_REQUIRE(!result.empty());
    return result;
}
template <class S> auto log_density_rows() {
    return rows<S>(std::begin(reference::log_density), std::end(reference::log_density));
}

/// The distribution with the first parameters of p.
template <class S, class P> auto make(const P& p) {
    return [&]<std::size_t... K>(std::index_sequence<K...>) {
        return S::make(p[K]...);
    }(std::make_index_sequence<S::arity>());
}

template <class S> inline constexpr bool is_discrete = decltype(make<S>(std::array<double, 3>()))::is_discrete;

/// The number in a value of a site.
template <class Data> double number(const Data& data) {
    if (const auto* whole = std::get_if<std::int64_t>(&data)) return static_cast<double>(*whole);
    return std::get<double>(data);
}

inline constexpr double log_density_tolerance = 1e-13;

/// The log density of each row of the table, and of all rows as one vector.
template <class S> void log_density() {
    const auto table = log_density_rows<S>();
    static_assert(S::template is_distribution<decltype(make<S>(std::array<double, 3>()))>);
    Accuracy accuracy("log density");
    const std::size_t n = table.size();
    typename S::Vector x(n);
    std::array<typename S::Vector, 3> p{typename S::Vector(n), typename S::Vector(n), typename S::Vector(n)};
    double sum = 0, size = 0;
    for (std::size_t k = 0; k < n; ++k) {
        const auto& row = table[k];
        const double scale = std::max(std::fabs(row.value), row.scale);
        const double found = make<S>(row.p).log_density(row.x);
        accuracy.compare(found, row.value, log_density_tolerance * scale, label<S>(row.p, " at ", row.x));
        x[k] = row.x;
        for (std::size_t j = 0; j < 3; ++j) p[j][k] = row.p[j];
        sum += found;
        size += scale;
    }
    BOOST_TEST(std::fabs(make<S>(p).log_density(x) - sum) <= log_density_tolerance * size);
}

/// The derivatives in x and the parameters: all of them in one evaluation, each in its lane and with a seed other than
/// 1, and then one at a time among plain numbers. `extra(row, k)` is the size of terms that cancel inside the formula
/// for the derivative in x (k = 0) and in parameter k - 1, where the terms that the table states do not show it.
template <class S, class Extra> void derivatives(const Extra& extra) {
    using Real = typename S::Real;
    constexpr std::array seed{2.3, -0.7, 1.9, 0.4}; // of x and the parameters
    constexpr std::array<std::size_t, 4> lane{1, 0, 2, 3};
    Accuracy accuracy("derivatives");
    for (const auto& row : log_density_rows<S>()) {
        std::array<double, 4> expected{row.dx}, tolerance{};
        for (std::size_t k = 0; k < 3; ++k) expected[k + 1] = row.dp[k];
        for (std::size_t k = 0; k < 4; ++k) {
            const double scale = k == 0 ? row.dx_scale : row.dp_scale[k - 1];
            tolerance[k] = 1e-12 * std::max({std::fabs(expected[k]), scale, extra(row, k)}) * std::fabs(seed[k]);
        }
        const auto dual = [&](double value, std::size_t k) {
            Real result(value);
            result.tangent[lane[k]] = seed[k];
            return result;
        };
        const auto where = [&](std::size_t k) {
            return label<S>(row.p, " at ", row.x, ", derivative in ",
                            k ? "parameter " + std::to_string(k - 1) : std::string("x"));
        };
        const auto check = [&](const Real& y, std::size_t k) {
            accuracy.compare(y.tangent[lane[k]], seed[k] * expected[k], tolerance[k], where(k));
        };
        const auto parameter = [&]<std::size_t K>(std::integral_constant<std::size_t, K>) {
            if constexpr (K < S::fixed) return row.p[K];
            else return dual(row.p[K], K + 1);
        };
        // An infinite slope times a seed of 0 is NaN: a row with one is for the single derivatives only.
        bool complete = is_discrete<S> || !std::isnan(expected[0]);
        for (std::size_t k = S::fixed; k < S::arity; ++k) complete = complete && !std::isnan(expected[k + 1]);
        if (complete) {
            const auto d = [&]<std::size_t... K>(std::index_sequence<K...>) {
                return S::make(parameter(std::integral_constant<std::size_t, K>())...);
            }(std::make_index_sequence<S::arity>());
            Real y;
            if constexpr (is_discrete<S>) y = d.log_density(row.x);
            else y = d.log_density(dual(row.x, 0));
            // Fused multiply-adds need not fall on the same operations as among plain numbers.
            accuracy.compare(y.value, row.value, log_density_tolerance * std::max(std::fabs(row.value), row.scale),
                             label<S>(row.p, " at ", row.x, ", value"));
            for (std::size_t k = is_discrete<S>; k <= S::arity; ++k)
                if (k == 0 || k > S::fixed) check(y, k);
        }
        if constexpr (!is_discrete<S>)
            if (!std::isnan(expected[0])) check(Real(make<S>(row.p).log_density(dual(row.x, 0))), 0);
        [&]<std::size_t... K>(std::index_sequence<K...>) {
            const auto single = [&]<std::size_t J>(std::integral_constant<std::size_t, J>) {
                if (J < S::fixed || std::isnan(expected[J + 1])) return;
                const auto d = S::make([&] {
                    if constexpr (J == K) return dual(row.p[K], K + 1);
                    else return row.p[K];
                }()...);
                check(Real(d.log_density(row.x)), J + 1);
            };
            (single(std::integral_constant<std::size_t, K>()), ...);
        }(std::make_index_sequence<S::arity>());
    }
}
template <class S> void derivatives() {
    derivatives<S>([](const auto&, std::size_t) { return 0.0; });
}

template <class S> void quantiles() {
    Accuracy accuracy("quantiles");
    for (const auto& row : rows<S>(std::begin(reference::quantile), std::end(reference::quantile))) {
        const double found = number(make<S>(row.p).quantile(row.q));
        const double tolerance = is_discrete<S> ? 0 : 1e-13 * std::max(1.0, row.condition) * std::fabs(row.value);
        accuracy.compare(found, row.value, tolerance, label<S>(row.p, " at ", row.q));
    }
}

template <class S> void moments() {
    Accuracy accuracy("moments");
    for (const auto& row : rows<S>(std::begin(reference::moment), std::end(reference::moment))) {
        const auto d = make<S>(row.p);
        accuracy.compare(number(d.mean()), row.mean, 1e-13 * std::fabs(row.mean), label<S>(row.p, ", mean"));
        accuracy.compare(number(d.variance()), row.variance, 1e-13 * std::fabs(row.variance),
                         label<S>(row.p, ", variance"));
    }
}

/// Draws from every distribution in the table of moments lie in the support and have the mean and the quantiles that
/// they should; the same seed gives the same draws.
template <class S> void draws() {
    constexpr std::size_t n = 20000;
    for (const auto& row : rows<S>(std::begin(reference::moment), std::end(reference::moment))) {
        const auto d = make<S>(row.p);
        typename S::Random random(20240229), again(20240229);
        std::vector<double> x(n);
        double sum = 0;
        for (double& element : x) {
            const auto value = d.draw(random);
            d.check_value(value);
            element = number(value);
            sum += element - (std::isfinite(row.mean) ? row.mean : 0);
        }
        BOOST_TEST_CONTEXT(label<S>(row.p)) {
            if (std::isfinite(row.mean) && std::isfinite(row.variance))
                BOOST_TEST(std::fabs(sum / n) <= 5 * std::sqrt(row.variance / n) + 1e-14 * std::fabs(row.mean));
            for (const double q : {0.1, 0.5, 0.9}) {
                const double k = number(d.quantile(q));
                const double margin = 5 * std::sqrt(q * (1 - q) / n);
                const auto share = [&](auto predicate) {
                    return static_cast<double>(std::count_if(x.begin(), x.end(), predicate)) / n;
                };
                // P(X < k) <= q <= P(X <= k), also where X is discrete.
                BOOST_TEST(share([&](double v) { return v <= k; }) >= q - margin);
                BOOST_TEST(share([&](double v) { return v < k; }) <= q + margin);
            }
            for (std::size_t i = 0; i < 10; ++i) BOOST_TEST(number(d.draw(again)) == x[i]);
        }
    }
}

/// f() throws an Error with these parts.
template <class S, class F>
void throws(const F& f, const std::string& expected, const std::string& found, const std::string& advice) {
    try {
        f();
        BOOST_ERROR("no error, where one should say: found " << found);
    } catch (const typename S::Error& error) {
        BOOST_TEST(error.site == "");
        BOOST_TEST(error.expected == expected);
        BOOST_TEST(error.found == found);
        BOOST_TEST(error.advice == advice);
    }
}

inline const std::string look_for_nan = "Look for the computation that gave NaN.";
inline const std::string check_parameter = "Check the parameter, or the support of the site that it comes from.";

/// Parameter `index` must be `description`; `bad` (printed as `text`) is not.
template <class S> void refuses_parameter(const Parameters<S>& good, std::size_t index, const std::string& parameter,
                                          const std::string& description, double bad, const std::string& text) {
    const std::string expected = parameter + " of " + std::string(S::name) + " to be " + description;
    auto p = good;
    BOOST_CHECK_NO_THROW(make<S>(p).check_parameters());
    p[index] = bad;
    throws<S>([&] { make<S>(p).check_parameters(); }, expected, text, check_parameter);
    p[index] = std::numeric_limits<double>::quiet_NaN();
    throws<S>([&] { make<S>(p).check_parameters(); }, expected, "nan", look_for_nan);
    std::array<typename S::Vector, S::arity> vectors;
    for (std::size_t k = 0; k < S::arity; ++k) vectors[k] = typename S::Vector{good[k], good[k], good[k], good[k]};
    vectors[index][2] = bad;
    throws<S>([&] { make<S>(vectors).check_parameters(); }, expected, text + " at element 2", check_parameter);
}

/// The support holds the numbers `inside` and neither those `outside` nor NaN.
template <class S> void support(const Parameters<S>& p, const std::string& description,
                                std::initializer_list<double> inside,
                                std::initializer_list<std::pair<double, std::string>> outside) {
    using Data = typename S::Data;
    const auto d = make<S>(p);
    const double good = *inside.begin();
    const std::string expected = description + ", the support of " + std::string(S::name);
    BOOST_TEST(d.support_name() == description);
    for (const double x : inside) BOOST_CHECK_NO_THROW(d.check_value(Data(x)));
    BOOST_CHECK_NO_THROW(d.check_value(d.feasible()));
    for (const auto& [x, text] : outside) {
        const std::string advice = "Check the data, or choose a distribution with a wider support.";
        throws<S>([&] { d.check_value(Data(x)); }, expected, text, advice);
        const typename S::Vector vector{good, x, good, x};
        throws<S>([&] { d.expand(4).check_value(Data(vector)); }, expected, text + " at index [1]", advice);
    }
    const typename S::Vector missing{good, good, std::numeric_limits<double>::quiet_NaN()};
    throws<S>([&] { d.expand(3).check_value(Data(missing)); }, expected, "nan at index [2]",
              "Remove the missing value, or leave it out with .mask(...).");
    BOOST_CHECK_NO_THROW(d.expand(3).mask(typename S::Mask{1, 1, 0}).check_value(Data(missing)));
}

/// The unconstrained coordinate of a continuous distribution.
template <class S> void coordinates(const Parameters<S>& p, std::initializer_list<double> inside) {
    using Data = typename S::Data;
    using Real = typename S::Real;
    const auto d = make<S>(p);
    BOOST_TEST(d.unconstrained_size() == 1u);
    for (const double x : inside) {
        const typename S::Vector u = d.unconstrain(Data(x));
        BOOST_TEST(u.size() == 1u);
        BOOST_TEST(std::fabs(d.constrain(u) - x) <= 1e-12 * std::fabs(x), label<S>(p.data(), " at ", x));
    }
    for (const double u : {-800.0, -40.0, 0.0, 40.0, 800.0})
        BOOST_CHECK_NO_THROW(d.check_value(Data(double(d.constrain(typename S::Vector{u})))));
    BOOST_TEST(d.constrain(typename S::Vector{0}) == number(d.feasible()));
    for (const double u : {-30.0, -2.5, 0.0, 0.7, 30.0}) {
        Real coordinate(u);
        coordinate.tangent[2] = -0.7;
        auto vector = S::RealVector::uninitialized({1});
        vector.store(0, coordinate);
        const Real x = d.constrain(vector);
        const double found = d.log_abs_det_jacobian(typename S::Vector{u});
        const double expected = std::log(std::fabs(x.tangent[2] / 0.7));
        BOOST_TEST(std::fabs(found - expected) <= 1e-13 * std::max(1.0, std::fabs(expected)));
        // Its own derivative, against a central difference.
        const double h = 1e-5;
        const auto at = [&](double v) -> double { return d.log_abs_det_jacobian(typename S::Vector{v}); };
        const Real jacobian = d.log_abs_det_jacobian(vector);
        BOOST_TEST(std::fabs(jacobian.tangent[2] / -0.7 - (at(u + h) - at(u - h)) / (2 * h)) <= 1e-8);
    }
}

} // namespace laws
