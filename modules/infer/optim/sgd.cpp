module;
#include <cmath>
#include <cstddef>
#include <span>

module modus.infer;

namespace modus {

void SGD::check() const {
    check_option("lr", lr, lr > 0 && std::isfinite(lr), "above 0");
    check_option("momentum", momentum, momentum >= 0 && momentum < 1, "in [0, 1)");
    check_option("lr_decay", lr_decay, lr_decay > 0 && lr_decay <= 1, "in (0, 1]");
}

void SGD::update(std::span<double> x, std::span<const double> gradient, State& state) const {
    state.velocity.resize(x.size());
    const double step = lr * std::pow(lr_decay, static_cast<double>(state.steps++));
    for (std::size_t k = 0; k < x.size(); ++k) {
        state.velocity[k] = momentum * state.velocity[k] + gradient[k];
        x[k] -= step * state.velocity[k];
    }
}

} // namespace modus
