// Eight schools: effects of coaching on test scores (Rubin, 1981), as a non-centred hierarchical model.
//
// With a half-Cauchy prior on tau the mode in constrained space lies at tau = 0. The Gamma(2, 0.1) prior of Chung,
// Rabe-Hesketh, Dorie, Gelman and Liu, "A nondegenerate penalized likelihood estimator for variance parameters in
// multilevel models", Psychometrika 78 (2013), is 0 there and nearly flat further out, so that the mode stays inside.
#include <cmath>
#include <iostream>

import modus;
using namespace modus;

// [model]
constexpr auto eight_schools = []<Scalar Real>(const Vector& error, Observed<Vector> y) -> Model<Real> {
    auto mu = co_yield sample("mu", Normal(0, 5));
    auto tau = co_yield sample("tau", Gamma(2, 0.1));
    auto school = co_yield plate("school", error.size());
    auto z = co_yield sample("z", Normal(0, 1).expand(school));
    auto theta = co_yield deterministic("theta", mu + tau * z);
    co_yield sample("y", Normal(theta, error), obs = y);
};
// [model]

int main() {
    const Vector y{28, 8, -3, 7, -1, 1, 18, 12};       // estimated effects
    const Vector error{15, 10, 16, 11, 9, 11, 10, 18}; // their standard errors

    AutoDelta guide(eight_schools);
    SVI svi(eight_schools, guide, Adam{.lr = 0.05, .lr_decay = 0.999}, TraceELBO{});
    svi.run(10000, error, y);
    const NamedValues fit = guide.median(error, y);
    std::cout << fit << "\n";

    // An independent optimum: tests/reference/eight_schools.py.
    const double mu = fit.get<double>("mu"), tau = fit.get<double>("tau");
    const double expected_mu = 2.0191279772509026, expected_tau = 22.047870174986294;
    std::cout << "mu " << mu << ", tau " << tau << "\n";
    return std::fabs(mu - expected_mu) < 1e-6 * expected_mu && std::fabs(tau - expected_tau) < 1e-6 * expected_tau ? 0
                                                                                                                   : 1;
}
