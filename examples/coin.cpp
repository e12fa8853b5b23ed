// A coin: maximum likelihood against maximum a posteriori, with the Beta(10, 10) prior of Pyro's MLE and MAP tutorial.
#include <cmath>
#include <iostream>

import modus;
using namespace modus;

// [models]
// MAP: the prior pulls the estimate towards 1/2.
constexpr auto coin = []<Scalar Real>(const IntVector& tosses) -> Model<Real> {
    auto fairness = co_yield sample("fairness", Beta(10, 10));
    auto data = co_yield plate("data", tosses.size());
    co_yield sample("toss", Bernoulli(fairness), obs = tosses);
};

// MLE: the same model, with the prior left out of the log joint density.
constexpr auto coin_without_prior = []<Scalar Real>(const IntVector& tosses) -> Model<Real> {
    auto fairness = co_yield sample("fairness", Beta(10, 10).mask(false));
    auto data = co_yield plate("data", tosses.size());
    co_yield sample("toss", Bernoulli(fairness), obs = tosses);
};
// [models]

namespace {

double fit(const auto& model, const IntVector& tosses) {
    AutoDelta guide(model);
    SVI svi(model, guide, Adam{.lr = 0.05, .lr_decay = 0.99}, TraceELBO{});
    svi.run(2000, tosses);
    return guide.median(tosses).template get<double>("fairness");
}

} // namespace

int main() {
    const IntVector tosses{1, 1, 1, 1, 1, 1, 0, 0, 0, 0}; // 6 heads of 10
    const double map = fit(coin, tosses);
    const double mle = fit(coin_without_prior, tosses);
    std::cout << "MAP " << map << " (exactly 15/28), MLE " << mle << " (exactly 6/10)\n";
    // In constrained space: (10 - 1 + 6) / (18 + 10). With a Jacobian term it would be 16/30, the posterior mean.
    return std::fabs(map - 15.0 / 28) < 1e-8 && std::fabs(mle - 0.6) < 1e-8 ? 0 : 1;
}
