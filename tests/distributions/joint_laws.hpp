// What distributions over whole vectors and matrices must satisfy. Included after the imports and their test's
// includes.
#pragma once

namespace {

/// The rows of the reference table for one distribution, with the log densities that `density(x, p)` gives them.
template <class F> void check_table(const std::string& name, const F& density) {
    std::size_t rows = 0;
    for (const auto& row : reference::joint_log_density) {
        if (row.name != name) continue;
        ++rows;
        Vector x(row.x_size), p(row.p_size);
        for (std::size_t k = 0; k < x.size(); ++k) x[k] = row.x[k];
        for (std::size_t k = 0; k < p.size(); ++k) p[k] = row.p[k];
        const double found = density(x, p);
        const double tolerance = 1e-13 * std::max(std::fabs(row.value), row.scale);
        BOOST_TEST(std::fabs(found - row.value) <= tolerance, name << " at " << format(Data(x)) << " with "
                                                                   << format(Data(p)) << ": " << found << " is not "
                                                                   << row.value);
    }
    BOOST_TEST(rows > 0u);
}

/// The numbers of a lower triangle, row by row, as a matrix.
[[maybe_unused]] Matrix lower_triangle(const Vector& numbers, std::size_t first = 0) {
    std::size_t size = 0;
    while (size * (size + 1) / 2 < numbers.size() - first) ++size;
    Matrix x(size, size);
    for (std::size_t i = 0; i < size; ++i)
        for (std::size_t j = 0; j <= i; ++j) x(i, j) = numbers[first++];
    return x;
}

/// Draws lie in the support, have the mean and the variance of each element, and are a function of the seed.
template <class D> void check_draws(const D& d) {
    constexpr int draws = 20000;
    constexpr auto numbers = [](const Data& data) { return real_of<D::rank>(data); };
    const auto mean = numbers(d.mean()), variance = numbers(d.variance());
    Random random(20240229), again(20240229);
    const auto each = [](const auto& x, std::size_t k) {
        if constexpr (D::rank == 0) return static_cast<double>(x);
        else return static_cast<double>(x.load(k));
    };
    const std::size_t size = shape_of(Data(mean)).size();
    std::vector<double> first(size), second(size), fourth(size);
    for (int n = 0; n < draws; ++n) {
        const Data value = d.draw(random);
        if (n < 10) BOOST_TEST((value == d.draw(again)));
        d.check_value(value);
        const auto x = numbers(value);
        for (std::size_t k = 0; k < size; ++k) {
            const double deviation = each(x, k) - each(mean, k);
            first[k] += deviation / draws;
            second[k] += deviation * deviation / draws;
            fourth[k] += deviation * deviation * deviation * deviation / draws;
        }
    }
    for (std::size_t k = 0; k < size; ++k) {
        BOOST_TEST(std::fabs(first[k]) <= 5 * std::sqrt(each(variance, k) / draws) + 1e-12, "mean of element " << k);
        BOOST_TEST(std::fabs(second[k] - each(variance, k)) <= 5 * std::sqrt(fourth[k] / draws) + 1e-12,
                   "variance of element " << k << ": " << second[k] << " is not " << each(variance, k));
    }
}

/// f() throws an Error with these parts.
template <class F>
void check_error(const F& f, const std::string& expected, const std::string& found, const std::string& advice = "") {
    BOOST_CHECK_EXCEPTION(f(), Error, (Says{"", expected, found, advice}));
}

} // namespace
