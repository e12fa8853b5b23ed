// What the map from unconstrained numbers to a region must satisfy. Included after the imports.
#pragma once

namespace {

/// log |det| of a square matrix, by elimination with pivots.
double log_abs_det(Matrix a) {
    double result = 0;
    const std::size_t n = a.rows();
    for (std::size_t k = 0; k < n; ++k) {
        std::size_t pivot = k;
        for (std::size_t i = k; i < n; ++i)
            if (std::fabs(a(i, k)) > std::fabs(a(pivot, k))) pivot = i;
        result += std::log(std::fabs(a(pivot, k)));
        for (std::size_t j = k; j < n; ++j) {
            const double kept = a(k, j);
            a(k, j) = a(pivot, j);
            a(pivot, j) = kept;
        }
        for (std::size_t i = k + 1; i < n; ++i)
            for (std::size_t j = n; j-- > k;) a(i, j) -= a(i, k) / a(k, k) * a(k, j);
    }
    return result;
}

/// constrain and unconstrain undo one another; the Jacobian is that of the elements `free` of the point, by duals and
/// by finite differences; all scalars agree.
template <class R> void check_region(const R& region, const Vector& u, const IntVector& free) {
    BOOST_TEST(region.unconstrained_size() == u.size());
    const auto x = region.constrain(u);
    BOOST_TEST((x.extents() == region.extents()));
    BOOST_TEST(region.violation(Data(x)) == "");
    const Vector back = region.unconstrain(Data(x));
    for (std::size_t k = 0; k < u.size(); ++k) BOOST_TEST(std::fabs(back[k] - u[k]) < 1e-13 * (1 + std::fabs(u[k])));

    Matrix jacobian(u.size(), u.size());
    for (std::size_t k = 0; k < u.size(); ++k) {
        const auto moved = region.constrain(seed_directions<1>(u, k));
        const double h = 1e-5;
        Vector up = u, down = u;
        up[k] += h;
        down[k] -= h;
        const auto above = region.constrain(up), below = region.constrain(down);
        for (std::size_t i = 0; i < u.size(); ++i) {
            const auto element = static_cast<std::size_t>(free[i]);
            jacobian(i, k) = moved.load(element).tangent[0];
            BOOST_TEST(std::fabs(jacobian(i, k) - (above.load(element) - below.load(element)) / (2 * h)) < 1e-9);
        }
    }
    BOOST_TEST(std::fabs(region.log_abs_det_jacobian(u) - log_abs_det(jacobian)) < 1e-12);
    CHECK_MODES(([&](const auto& v) {
                    const auto y = region.constrain(v);
                    const auto x = region.feasible() + 1.0; // takes memory, should that of y have been given back
                    return sum(sin(3.0 * y) + y + x) + region.log_abs_det_jacobian(v);
                }),
                u);
}

/// Points far out stay inside, with finite derivatives.
template <class R> void check_far_out(const R& region) {
    for (const double far : {-1e308, -1e4, -800.0, -40.0, 40.0, 800.0, 1e4, 1e308}) {
        Vector u(region.unconstrained_size());
        for (std::size_t k = 0; k < u.size(); ++k) u[k] = k % 2 ? far : -0.5 * far;
        BOOST_TEST(region.violation(Data(region.constrain(u))) == "", "at " << far);
        for (const Mode mode : {Mode::forward, Mode::reverse})
            for (const double slope : gradient([&](const auto& v) { return sum(region.constrain(v)); }, u, mode))
                BOOST_TEST(std::isfinite(slope), "at " << far);
    }
}

} // namespace
