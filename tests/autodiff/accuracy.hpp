#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

// How far computed numbers are from what they should be, and finite differences. Free of modules, so that every test
// can include it before its imports.
namespace accuracy {

/// |actual - expected| relative to `expected`, or to `floor` where that is larger: next to a zero of a function a
/// relative error says nothing. Equal numbers (also infinities) have no error, two NaNs neither; a NaN or an infinity
/// on one side only has an infinite one. Below the normal range the spacing of doubles is what counts.
inline double relative_error(double actual, double expected, double floor = 0) {
    if (actual == expected || (std::isnan(actual) && std::isnan(expected))) return 0;
    if (!std::isfinite(actual) || !std::isfinite(expected)) return std::numeric_limits<double>::infinity();
    const double scale = std::max({std::fabs(expected), floor, std::numeric_limits<double>::min()});
    return std::fabs(actual - expected) / scale;
}

inline bool close(double actual, double expected, double tolerance) {
    return relative_error(actual, expected) <= tolerance;
}

/// f'(x) by central differences of fourth order: good to about 1e-11 for smooth f of moderate size.
template <class F> double derivative(const F& f, double x) {
    const double h = 1e-3 * std::max(1.0, std::fabs(x));
    return (8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / (12 * h);
}

/// df/dx_i for f of a vector, by the same rule.
template <class F, class V> double partial_derivative(const F& f, const V& x, std::size_t i) {
    return derivative(
        [&](double t) {
            V moved = x;
            moved[i] = t;
            return f(moved);
        },
        static_cast<double>(x[i]));
}

} // namespace accuracy
