// Models that the tests of handlers share. Included after the imports, and includes nothing itself.
#pragma once

namespace {

/// Two latent sites and one observed.
constexpr auto small_model = []<modus::Scalar Real>(double y) -> modus::Model<Real, Real> {
    const auto a = co_yield modus::sample("a", modus::Normal(0, 1));
    const auto b = co_yield modus::sample("b", modus::Normal(a, 2));
    co_yield modus::sample("y", modus::Normal(a + b, 1), modus::obs = y);
    co_return a + b;
};

/// The log density of Normal(loc, scale) in closed form.
inline double normal(double x, double loc, double scale) {
    const double z = (x - loc) / scale;
    return -0.5 * z * z - std::log(scale) - 0.5 * std::log(2 * std::numbers::pi);
}

} // namespace
