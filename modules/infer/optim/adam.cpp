module;
#include <cmath>
#include <cstddef>
#include <span>

module modus.infer;

namespace modus {

void Adam::check() const {
    check_option("lr", lr, lr > 0 && std::isfinite(lr), "above 0");
    check_option("beta1", beta1, beta1 >= 0 && beta1 < 1, "in [0, 1)");
    check_option("beta2", beta2, beta2 >= 0 && beta2 < 1, "in [0, 1)");
    check_option("eps", eps, eps > 0 && std::isfinite(eps), "above 0");
    check_option("lr_decay", lr_decay, lr_decay > 0 && lr_decay <= 1, "in (0, 1]");
}

void Adam::update(std::span<double> x, std::span<const double> gradient, State& state) const {
    state.first.resize(x.size());
    state.second.resize(x.size());
    const double t = static_cast<double>(++state.steps);
    const double step = lr * std::pow(lr_decay, t - 1) / (1 - std::pow(beta1, t));
    const double correction = 1 / (1 - std::pow(beta2, t));
    for (std::size_t k = 0; k < x.size(); ++k) {
        const double g = gradient[k];
        state.first[k] = beta1 * state.first[k] + (1 - beta1) * g;
        state.second[k] = beta2 * state.second[k] + (1 - beta2) * g * g;
        x[k] -= step * state.first[k] / (std::sqrt(state.second[k] * correction) + eps);
    }
}

} // namespace modus
