#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <set>
#include <vector>

import modus.support;

using modus::Random;

namespace {

template <class F> std::vector<double> draws(std::size_t n, F&& draw) {
    std::vector<double> result;
    for (std::size_t k = 0; k < n; ++k) result.push_back(draw());
    return result;
}

/// The mean of f over the draws, minus `expected`, in standard errors when f has the standard deviation `sd`.
template <class F> double z_score(const std::vector<double>& x, const F& f, double expected, double sd) {
    double total = 0;
    for (const double v : x) total += f(v);
    const double n = static_cast<double>(x.size());
    return (total / n - expected) / (sd / std::sqrt(n));
}

} // namespace

// The seeds are fixed, so the statistical checks below always give the same result; 4 standard errors are far enough
// out that a correct generator passes with almost any seed.

BOOST_AUTO_TEST_CASE(streams_are_reproducible) {
    Random a(7, 3), b(7, 3);
    for (int k = 0; k < 1000; ++k) BOOST_REQUIRE(a() == b());
    for (int k = 0; k < 100; ++k) {
        BOOST_REQUIRE(a.normal() == b.normal());
        BOOST_REQUIRE(a.uniform() == b.uniform());
    }
}

BOOST_AUTO_TEST_CASE(copies_go_on_independently) {
    Random a(7);
    a(); // in the middle of a block
    Random b = a;
    const auto next = a();
    for (int k = 0; k < 10; ++k) a();
    BOOST_TEST(b() == next);
}

BOOST_AUTO_TEST_CASE(streams_are_distinct) {
    // No number comes up twice in 100 streams and seeds: 64 bits do not collide by chance.
    std::set<std::uint64_t> seen;
    std::size_t count = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed)
        for (std::uint64_t stream = 0; stream < 10; ++stream) {
            Random random(seed, stream);
            for (int k = 0; k < 100; ++k, ++count) seen.insert(random());
        }
    BOOST_TEST(seen.size() == count);
    BOOST_TEST(Random(1, 2)() != Random(2, 1)()); // seed and stream are not interchangeable
    BOOST_TEST(Random(5)() == Random(5, 0)());
}

BOOST_AUTO_TEST_CASE(neighbouring_streams_are_uncorrelated) {
    Random a(11, 0), b(11, 1), c(12, 0);
    const std::size_t n = 100000;
    double ab = 0, ac = 0;
    for (std::size_t k = 0; k < n; ++k) {
        const double x = a.uniform() - 0.5;
        ab += x * (b.uniform() - 0.5);
        ac += x * (c.uniform() - 0.5);
    }
    const double scale = std::sqrt(static_cast<double>(n)) / 12; // the products have the standard deviation 1/12
    BOOST_TEST(std::fabs(ab / scale) < 4);
    BOOST_TEST(std::fabs(ac / scale) < 4);
}

BOOST_AUTO_TEST_CASE(a_uniform_random_bit_generator) {
    static_assert(std::uniform_random_bit_generator<Random>);
    static_assert(Random::min() == 0 && Random::max() == std::numeric_limits<std::uint64_t>::max());
    std::vector<int> numbers(100);
    for (int k = 0; k < 100; ++k) numbers[static_cast<std::size_t>(k)] = k;
    std::vector<int> shuffled = numbers;
    Random random(3);
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    BOOST_TEST((shuffled != numbers));
    BOOST_TEST(std::is_permutation(shuffled.begin(), shuffled.end(), numbers.begin()));
}

BOOST_AUTO_TEST_CASE(every_bit_is_fair) {
    Random random(21);
    const int n = 100000;
    int ones[64] = {};
    for (int k = 0; k < n; ++k) {
        const std::uint64_t bits = random();
        for (int b = 0; b < 64; ++b) ones[b] += static_cast<int>(bits >> b & 1);
    }
    for (int b = 0; b < 64; ++b) BOOST_TEST(std::fabs(ones[b] - n / 2) < 4.5 * std::sqrt(n) / 2, "bit " << b);
}

BOOST_AUTO_TEST_CASE(uniform_numbers) {
    Random random(1);
    const auto u = draws(200000, [&] { return random.uniform(); });
    const auto [low, high] = std::minmax_element(u.begin(), u.end());
    BOOST_TEST(*low > 0); // so that logarithms and quantiles of them are finite
    BOOST_TEST(*high < 1);
    BOOST_TEST(*low < 1e-4);
    BOOST_TEST(*high > 1 - 1e-4);
    BOOST_TEST(std::fabs(z_score(u, [](double x) { return x; }, 1.0 / 2, std::sqrt(1.0 / 12))) < 4);
    BOOST_TEST(std::fabs(z_score(u, [](double x) { return x * x; }, 1.0 / 3, std::sqrt(1.0 / 5 - 1.0 / 9))) < 4);
    BOOST_TEST(std::fabs(z_score(u, [](double x) { return x * x * x; }, 1.0 / 4, std::sqrt(1.0 / 7 - 1.0 / 16))) < 4);
    // Each tenth of the interval gets its share.
    for (int tenth = 0; tenth < 10; ++tenth)
        BOOST_TEST(std::fabs(z_score(u, [&](double x) { return static_cast<int>(10 * x) == tenth; }, 0.1, 0.3)) < 4);
    // Successive draws are uncorrelated.
    double product = 0;
    for (std::size_t k = 1; k < u.size(); ++k) product += (u[k] - 0.5) * (u[k - 1] - 0.5);
    BOOST_TEST(std::fabs(product * 12 / std::sqrt(static_cast<double>(u.size()))) < 4);
}

BOOST_AUTO_TEST_CASE(normal_numbers) {
    Random random(2);
    const auto z = draws(200000, [&] { return random.normal(); });
    for (const double x : z) BOOST_REQUIRE(std::isfinite(x));
    BOOST_TEST(std::fabs(z_score(z, [](double x) { return x; }, 0, 1)) < 4);
    BOOST_TEST(std::fabs(z_score(z, [](double x) { return x * x; }, 1, std::sqrt(2.0))) < 4);
    BOOST_TEST(std::fabs(z_score(z, [](double x) { return x * x * x; }, 0, std::sqrt(15.0))) < 4);
    BOOST_TEST(std::fabs(z_score(z, [](double x) { return x * x * x * x; }, 3, std::sqrt(105.0 - 9))) < 4);
    // The distribution function at some points, also in the tail.
    for (const double at : {-3.0, -1.0, 0.0, 0.5, 2.0}) {
        const double p = 0.5 * std::erfc(-at / std::sqrt(2.0));
        BOOST_TEST(std::fabs(z_score(z, [&](double x) { return x < at; }, p, std::sqrt(p * (1 - p)))) < 4, at);
    }
}
