module;
#include <cstdint>
#include <span>
#include <vector>

// Adam: one step on a flat vector.
export module modus.infer:optim.adam;

export namespace modus {

/// Adam (Kingma & Ba, 2015), with the defaults of Pyro and PyTorch. The step size of step t is lr * lr_decay^t; a decay
/// below 1 lets a deterministic fit settle (Pyro: ClippedAdam's lrd).
struct Adam {
    double lr = 1e-3;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double eps = 1e-8;
    double lr_decay = 1;

    struct State {
        std::vector<double> first, second; // running moments of the gradient
        std::uint64_t steps = 0;
    };
    /// Throws Error for an option that makes no sense.
    void check() const;
    /// Moves x against the gradient.
    void update(std::span<double> x, std::span<const double> gradient, State& state) const;
};

} // namespace modus
