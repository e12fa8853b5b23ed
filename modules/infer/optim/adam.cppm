// Adam: one step on a flat vector.
export module modus.infer:optim.adam;

import modus.standard;
import :optim.options;

export namespace modus {

/// Adam (Kingma & Ba, 2015), with the defaults of Pyro and PyTorch. The step size of step t is lr * lr_decay^t; a decay
/// below 1 lets a deterministic fit settle (Pyro: ClippedAdam's lrd).
struct Adam {
    static constexpr const char* name = "Adam";

    double lr = 1e-3;
    double beta1 = 0.9;
    double beta2 = 0.999;
    double eps = 1e-8;
    double lr_decay = 1;

    struct State {
        std::vector<double> first, second; // running moments of the gradient
        std::uint64_t steps = 0;
        std::vector<std::uint64_t> own_steps; // of each coordinate; empty while all have moved in every step
        struct {
            std::uint64_t steps = 0;
            std::array<double, 2> betas{}, both{};
        } powers{}; // of these betas for this number of steps: found in the step before, so that none waits for them

        std::vector<Field> fields() {
            return {{"first", &first}, {"second", &second}, {"steps", &steps}, {"own_steps", &own_steps}};
        }
    };
    std::vector<Option> options() const {
        return {{"lr", lr}, {"beta1", beta1}, {"beta2", beta2}, {"eps", eps}, {"lr_decay", lr_decay}};
    }
    /// Throws Error for an option that makes no sense.
    void check() const;
    /// Moves x against the gradient.
    void update(std::span<double> x, std::span<const double> gradient, State& state) const;
    /// Moves the coordinates that are marked as active alone, and leaves the moments of the others as they are, so that
    /// a coordinate that comes up for the first time in step 100 takes the step that a first one takes. The step size
    /// decays with all steps (torch.optim.SparseAdam also corrects the bias by these). Throws Error unless there is a
    /// mark for each coordinate.
    void update(std::span<double> x, std::span<const double> gradient, State& state,
                std::span<const unsigned char> active) const;
};

} // namespace modus
