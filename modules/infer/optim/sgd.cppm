module;
#include <cstdint>
#include <span>
#include <vector>

// Gradient descent: one step on a flat vector.
export module modus.infer:optim.sgd;

export namespace modus {

/// (Stochastic) gradient descent with momentum, as torch.optim.SGD. The step size of step t is lr * lr_decay^t.
struct SGD {
    double lr = 1e-3;
    double momentum = 0;
    double lr_decay = 1;

    struct State {
        std::vector<double> velocity;
        std::uint64_t steps = 0;
    };
    /// Throws Error for an option that makes no sense.
    void check() const;
    /// Moves x against the gradient.
    void update(std::span<double> x, std::span<const double> gradient, State& state) const;
};

} // namespace modus
