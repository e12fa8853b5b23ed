// A Bayesian linear regression on real data: fuel consumption of 32 cars from weight, power and quarter-mile time.
//
//     linear_regression [file.csv with columns mpg, wt, hp, qsec]
#include "cars.hpp"
#include <cmath>
#include <iostream>
#include <string>
#include <vector>

import modus;
using namespace modus;

// [model]
constexpr auto linear_regression = []<Scalar Real>(const Matrix& X, Observed<Vector> y) -> Model<Real> {
    auto weight = co_yield sample("weight", Normal(0, 10).expand(X.cols()).to_event(1));
    auto bias = co_yield sample("bias", Normal(0, 10));
    auto sigma = co_yield sample("sigma", LogNormal(0, 1));
    auto data = co_yield plate("data", X.rows());
    co_yield sample("obs", Normal(X * weight + bias, sigma), obs = y);
};
// [model]

namespace {

/// Each column with mean 0 and standard deviation 1, so that the priors mean the same for all of them.
Vector standardized(const std::vector<double>& column) {
    const Vector x(column);
    const Vector centred = x - mean(x);
    return centred / std::sqrt(dot(centred, centred) / static_cast<double>(x.size() - 1));
}

} // namespace

int main(int argc, char** argv) try {
    const std::string path = argc > 1 ? argv[1] : MODUS_EXAMPLES_DATA "/mtcars.csv";
    const Cars cars = read_cars(path);
    const Vector y = standardized(cars.mpg);
    const Vector predictors =
        concatenate(concatenate(standardized(cars.wt), standardized(cars.hp)), standardized(cars.qsec));
    const Matrix X = predictors.reshape(Extents<2>{y.size(), 3});
    std::cout << y.size() << " cars; mpg on wt, hp, qsec, all standardized\n";

    // [fit]
    AutoDelta guide(linear_regression);
    SVI svi(linear_regression, guide, Adam{.lr = 0.01}, TraceELBO{});
    for (int step = 0; step < 1000; ++step) svi.step(X, y);
    std::cout << guide.median(X, y) << "\n"; // {weight: [-0.71, -0.20, 0.15], bias: 0.000114, sigma: 0.40}
    // [fit]

    // Settle with a falling step size, and compare with an independent optimum: tests/reference/linear_regression.py.
    SVI settle(linear_regression, guide, Adam{.lr = 0.01, .lr_decay = 0.995}, TraceELBO{});
    settle.run(4000, X, y);
    const NamedValues fit = guide.median(X, y);
    std::cout << "loss " << settle.evaluate_loss(X, y) << " = -log p(data, parameters)\n";
    const double expected[] = {-0.70756262326664245, -0.20281812188381681, 0.15141327275133842, 0.39957032889012235};
    const Vector weight = fit.get<Vector>("weight");
    const double found[] = {weight[0], weight[1], weight[2], fit.get<double>("sigma")};
    for (int k = 0; k < 4; ++k)
        if (!(std::fabs(found[k] - expected[k]) <= 1e-6 * std::fabs(expected[k]))) {
            std::cerr << "not the optimum: " << found[k] << " instead of " << expected[k] << "\n";
            return 1;
        }
    std::cout << "agrees with the independent optimum to 1e-6\n";
    return 0;
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
}
