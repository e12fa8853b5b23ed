// Gradient descent: one step on a flat vector.
export module modus.infer:optim.sgd;

import modus.standard;
import :optim.options;

export namespace modus {

/// (Stochastic) gradient descent with momentum, as torch.optim.SGD. The step size of step t is lr * lr_decay^t.
struct SGD {
    static constexpr const char* name = "SGD";

    double lr = 1e-3;
    double momentum = 0;
    double lr_decay = 1;

    struct State {
        std::vector<double> velocity;
        std::uint64_t steps = 0;

        std::vector<Field> fields() { return {{"velocity", &velocity}, {"steps", &steps}}; }
    };
    std::vector<Option> options() const { return {{"lr", lr}, {"momentum", momentum}, {"lr_decay", lr_decay}}; }
    /// Throws Error for an option that makes no sense.
    void check() const;
    /// Moves x against the gradient.
    void update(std::span<double> x, std::span<const double> gradient, State& state) const;
    /// Moves the coordinates that are marked as active alone, and leaves the velocity of the others as it is. The step
    /// size decays with all steps. Throws Error unless there is a mark for each coordinate.
    void update(std::span<double> x, std::span<const double> gradient, State& state,
                std::span<const unsigned char> active) const;
};

} // namespace modus
