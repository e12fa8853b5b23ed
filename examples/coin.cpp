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
    // [handlers]
    const IntVector three{1, 0, 1};
    const Trace fair = run(coin | condition({{"fairness", 0.5}}) | trace, three);
    const Trace drawn = run(coin | seed(7) | trace, three);
    std::cout << fair.format_shapes() << "a draw from the prior: " << drawn.get<double>("fairness") << "\n";
    // [handlers]
    const bool is_half = std::fabs(fair["toss"].log_density - 3 * std::log(0.5)) < 1e-14;

    const IntVector tosses{1, 1, 1, 1, 1, 1, 0, 0, 0, 0}; // 6 heads of 10
    const double map = fit(coin, tosses);
    const double mle = fit(coin_without_prior, tosses);
    std::cout << "MAP " << map << " (exactly 15/28), MLE " << mle << " (exactly 6/10)\n";
    // In constrained space: (10 - 1 + 6) / (18 + 10). With a Jacobian term it would be 16/30, the posterior mean.
    return is_half && std::fabs(map - 15.0 / 28) < 1e-8 && std::fabs(mle - 0.6) < 1e-8 ? 0 : 1;
}
