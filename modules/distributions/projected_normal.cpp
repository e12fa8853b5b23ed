module;
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

module modus.distributions;

import modus.autodiff;
import modus.support;

namespace modus {
namespace {

/// With M(n) = the integral of r^(n - 1) exp(-(r - t)^2 / 2) and R(n) = M(n + 1) / M(n), partial integration gives
/// R(n) = t + (n - 1) / R(n - 1), R(1) = t + density(t) / cdf(t). For negative t this cancels, and is used backwards,
/// R(n) = n / (R(n + 1) - t), from so far out that the start is forgotten. Calls `use(n, R(n))` for n <= last, in
/// either order.
template <Scalar T, class Use> void radial_ratios(int last, const T& t, const Use& use) {
    const double at = value_of(t);
    if (at >= -1) {
        T ratio = t + exp(-0.5 * t * t) / (std::sqrt(2 * std::numbers::pi) * normal_cdf(t));
        for (int n = 1; n <= last; ++n) {
            if (n > 1) ratio = t + (n - 1.0) / ratio;
            use(n, ratio);
        }
        return;
    }
    const double start = last + 20 + std::ceil(400 / (at * at));
    T ratio = 0.5 * (t + sqrt(t * t + 4.0 * start));
    for (double n = start; n > 0; --n) {
        ratio = n / (ratio - t);
        if (n <= last) use(static_cast<int>(n), ratio);
    }
}

/// d/dt log M(n) = R(n) - t, which is (n - 1) / R(n - 1), without cancellation, for n >= 2.
template <Scalar T> T slope_of(int n, const T& t) {
    T last(0.0);
    radial_ratios(n - 1, t, [&](int k, const T& ratio) {
        if (k == n - 1) last = ratio;
    });
    return (n - 1.0) / last;
}

} // namespace

double log_radial_mass_value(int derivative, int n, double t) {
    switch (derivative) {
    case 0: {
        double log_mass = 0.5 * std::log(2 * std::numbers::pi) + log_normal_cdf(t);
        radial_ratios(n - 1, t, [&](int, double ratio) { log_mass += std::log(ratio); });
        return log_mass;
    }
    case 1: return slope_of(n, t);
    case 2: return slope_of(n, with_direction(t)).tangent[0];
    case 3: return slope_of(n, with_direction(with_direction(t))).tangent[0].tangent[0];
    default: return std::numeric_limits<double>::quiet_NaN();
    }
}

Matrix directions_of(const Matrix& rows) {
    Matrix x(rows.rows(), rows.cols());
    for (std::size_t i = 0; i < x.rows(); ++i) {
        double largest = 0, square = 0; // scaled, so that no square is too large or too small
        for (std::size_t j = 0; j < x.cols(); ++j) largest = std::max(largest, std::fabs(rows(i, j)));
        for (std::size_t j = 0; j < x.cols(); ++j) square += std::pow(rows(i, j) / largest, 2);
        for (std::size_t j = 0; j < x.cols(); ++j) x(i, j) = rows(i, j) / largest / std::sqrt(square);
    }
    return x;
}

Matrix draw_projected_normal(Random& random, const Matrix& concentration, std::size_t rows) {
    Matrix z(rows, concentration.cols());
    for (std::size_t i = 0; i < rows; ++i)
        for (std::size_t j = 0; j < z.cols(); ++j)
            z(i, j) = concentration(concentration.rows() > 1 ? i : 0, j) + random.normal();
    return directions_of(z);
}

} // namespace modus
