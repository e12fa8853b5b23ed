#pragma once

// Checks of a formula over every kind of scalar: forward duals, a tape, duals of duals, a tape of duals. Included after
// the imports.

/// The largest difference between gradients by duals and by a tape, relative to the largest part; and of the values.
template <class F> double gradient_difference(const F& f, const Vector& x) {
    const auto [value, slopes] = value_and_gradient(f, x, Mode::forward);
    const auto [taped_value, taped] = value_and_gradient(f, x, Mode::reverse);
    double largest = 1;
    for (const double slope : slopes) largest = std::max(largest, std::fabs(slope));
    double worst = std::fabs(value - taped_value) / std::max(1.0, std::fabs(value));
    for (std::size_t k = 0; k < x.size(); ++k)
        worst = std::max(
            worst, !(std::fabs(slopes[k] - taped[k]) <= 1e300) ? 1e300 : std::fabs(slopes[k] - taped[k]) / largest);
    return worst;
}

/// The same for second derivatives: a tape of duals against duals of duals.
template <class F> double hessian_difference(const F& f, const Vector& x) {
    const Matrix taped = hessian(f, x);
    double largest = 1, worst = 0;
    for (std::size_t i = 0; i < x.size(); ++i)
        for (std::size_t j = 0; j < x.size(); ++j) {
            const auto y = f(seed_directions<1>(seed_directions<1>(x, i), j));
            const double exact = y.tangent[0].tangent[0];
            largest = std::max(largest, std::fabs(exact));
            const double difference = std::fabs(exact - taped(i, j));
            worst = std::max(worst, difference <= 1e300 ? difference : 1e300);
        }
    return worst / largest;
}

#define CHECK_MODES(f, x)                                                                                              \
    BOOST_TEST(gradient_difference(f, x) < 1e-12);                                                                     \
    BOOST_TEST(hessian_difference(f, x) < 1e-12)
