module;
#include <cmath>
#include <cstddef>
#include <span>

module modus.infer;

namespace modus {
namespace {

template <class IsActive> void move_each(const SGD& sgd, std::span<double> x, std::span<const double> gradient,
                                         SGD::State& state, const IsActive& is_active) {
    state.velocity.resize(x.size());
    const double step = sgd.lr * std::pow(sgd.lr_decay, static_cast<double>(state.steps++));
    for (std::size_t k = 0; k < x.size(); ++k) {
        if (!is_active(k)) continue;
        state.velocity[k] = sgd.momentum * state.velocity[k] + gradient[k];
        x[k] -= step * state.velocity[k];
    }
}

} // namespace

void SGD::check() const {
    check_option("lr", lr, lr > 0 && std::isfinite(lr), "above 0");
    check_option("momentum", momentum, momentum >= 0 && momentum < 1, "in [0, 1)");
    check_option("lr_decay", lr_decay, lr_decay > 0 && lr_decay <= 1, "in (0, 1]");
}

void SGD::update(std::span<double> x, std::span<const double> gradient, State& state) const {
    move_each(*this, x, gradient, state, [](std::size_t) { return true; });
}

void SGD::update(std::span<double> x, std::span<const double> gradient, State& state,
                 std::span<const unsigned char> active) const {
    check_active(active.size(), x.size());
    move_each(*this, x, gradient, state, [&](std::size_t k) { return active[k] != 0; });
}

} // namespace modus
