module;
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

module modus.infer;

namespace modus {
namespace {

/// Whether beta^t, which is at most exp(-(1 - beta) t), is above half the last bit of 1.
bool counts(double beta, std::uint64_t t) { return (1 - beta) * static_cast<double>(t) <= 38; }

/// The powers of both betas, or 0 where they do not count. By squares, to t units in the last place, both at once and
/// without branches on the bits of t: std::pow, which takes any exponent, took as long as moving ten coordinates.
std::array<double, 2> powers_of(const Adam& adam, std::uint64_t steps) {
    double square1 = counts(adam.beta1, steps) ? adam.beta1 : 0, square2 = counts(adam.beta2, steps) ? adam.beta2 : 0;
    double power1 = square1 > 0, power2 = square2 > 0;
    for (std::uint64_t t = power1 + power2 > 0 ? steps : 0; t > 0; t /= 2) {
        power1 *= t % 2 == 1 ? square1 : 1.0;
        power2 *= t % 2 == 1 ? square2 : 1.0;
        square1 *= square1;
        square2 *= square2;
    }
    return {power1, power2};
}

/// The step of coordinates, with the powers for the number of their steps.
struct AdamStep {
    double beta1, beta2, eps, size, correction;

    AdamStep(const Adam& adam, double rate, const std::array<double, 2>& powers)
        : beta1(adam.beta1),
          beta2(adam.beta2),
          eps(adam.eps),
          size(rate / (1 - powers[0])),
          correction(1 / (1 - powers[1])) {}
    /// One coordinate, or several.
    template <class X> void move(X& x, X g, X& first, X& second) const {
        first = beta1 * first + (1 - beta1) * g;
        second = beta2 * second + (1 - beta2) * g * g;
        const X root = __builtin_elementwise_sqrt(second * correction); // sets no errno
        x -= size * first / (root + eps);
    }
    /// Four, of which roots and quotients take as long as those of one.
    void move_four(double* x, const double* gradient, double* first, double* second) const {
        using Four = double __attribute__((ext_vector_type(4)));
        Four to, slopes, firsts, seconds;
        std::memcpy(&to, x, sizeof to);
        std::memcpy(&slopes, gradient, sizeof slopes);
        std::memcpy(&firsts, first, sizeof firsts);
        std::memcpy(&seconds, second, sizeof seconds);
        move(to, slopes, firsts, seconds);
        std::memcpy(x, &to, sizeof to);
        std::memcpy(first, &firsts, sizeof firsts);
        std::memcpy(second, &seconds, sizeof seconds);
    }
};

/// Counts the step and returns lr * lr_decay^t.
double begin_step(const Adam& adam, std::size_t coordinates, Adam::State& state) {
    state.first.resize(coordinates);
    state.second.resize(coordinates);
    const std::uint64_t before = state.steps++;
    return adam.lr_decay == 1 ? adam.lr : adam.lr * std::pow(adam.lr_decay, static_cast<double>(before));
}

/// A step of the coordinates that are active, each by its own count.
template <class IsActive> void move_each(const Adam& adam, std::span<double> x, std::span<const double> gradient,
                                         Adam::State& state, const IsActive& is_active) {
    const double rate = begin_step(adam, x.size(), state);
    std::uint64_t last = 1; // neighbours mostly have the same count
    AdamStep step(adam, rate, powers_of(adam, last));
    for (std::size_t k = 0; k < x.size(); ++k) {
        if (!is_active(k)) continue;
        if (++state.own_steps[k] != last) {
            last = state.own_steps[k];
            step = AdamStep(adam, rate, powers_of(adam, last));
        }
        step.move(x[k], gradient[k], state.first[k], state.second[k]);
    }
}

} // namespace

void Adam::check() const {
    check_option("lr", lr, lr > 0 && std::isfinite(lr), "above 0");
    check_option("beta1", beta1, beta1 >= 0 && beta1 < 1, "in [0, 1)");
    check_option("beta2", beta2, beta2 >= 0 && beta2 < 1, "in [0, 1)");
    check_option("eps", eps, eps > 0 && std::isfinite(eps), "above 0");
    check_option("lr_decay", lr_decay, lr_decay > 0 && lr_decay <= 1, "in (0, 1]");
}

void Adam::update(std::span<double> x, std::span<const double> gradient, State& state) const {
    if (!state.own_steps.empty()) return move_each(*this, x, gradient, state, [](std::size_t) { return true; });
    const double rate = begin_step(*this, x.size(), state);
    const std::array betas{beta1, beta2};
    if (state.powers.steps != state.steps || state.powers.betas != betas)
        state.powers = {state.steps, betas, powers_of(*this, state.steps)};
    const AdamStep step(*this, rate, state.powers.both);
    std::size_t k = 0;
    for (; k + 4 <= x.size(); k += 4)
        step.move_four(x.data() + k, gradient.data() + k, &state.first[k], &state.second[k]);
    for (; k < x.size(); ++k) step.move(x[k], gradient[k], state.first[k], state.second[k]);
    state.powers = {state.steps + 1, betas, powers_of(*this, state.steps + 1)};
}

void Adam::update(std::span<double> x, std::span<const double> gradient, State& state,
                  std::span<const unsigned char> active) const {
    check_active(active.size(), x.size());
    if (state.own_steps.empty()) state.own_steps.assign(x.size(), state.steps);
    move_each(*this, x, gradient, state, [&](std::size_t k) { return active[k] != 0; });
}

} // namespace modus
