// Stochastic variational inference: gradient steps on the parameters of a guide.
export module modus.infer:svi;

import modus.standard;
import modus.autodiff;
import modus.effects;
import modus.support;
import :checkpoint;
import :elbo;
import :latents;
import :optim.options;
import :progress;
import :recorded;

export namespace modus {

/// What moves the parameters: a struct of options, with its memory kept apart. `update` moves all coordinates, or those
/// that are marked as active, one mark for each; the name, the options and the fields of the memory are for
/// checkpoints.
template <class O>
concept Optimizer =
    requires(const O& optimizer, std::span<double> x, typename O::State& state, std::span<const unsigned char> active) {
        { O::name } -> std::convertible_to<const char*>;
        { optimizer.options() } -> std::same_as<std::vector<Option>>;
        { state.fields() } -> std::same_as<std::vector<Field>>;
        optimizer.check();
        optimizer.update(x, x, state);
        optimizer.update(x, x, state, active);
    };

struct SVIOptions {
    /// Names the stream of whatever is drawn in a step, together with the number of the step.
    std::uint64_t seed = 0;
};

/// A guide that notes which of its coordinates a run reads.
template <class G> struct Watched {
    static constexpr bool is_repeatable = G::is_repeatable;
    const G& guide;
    Activity& activity;

    std::size_t numbers() const { return guide.numbers(); }
    template <Scalar Real, class... A>
    auto answers(const RunOptions& options, const Array<Real, 1>& u, Activity*, const A&... arguments) const {
        activity.reset();
        return guide.template answers<Real>(options, u, &activity, arguments...);
    }
};

struct SVIResult {
    std::vector<double> losses; ///< before each step
};

/// Fits a guide to a model. `SVI svi(model, guide, Adam{.lr = 0.01}, TraceELBO{})`; the guide is used in place and
/// holds the result. Pyro: pyro.infer.SVI.
template <class M, class G, Optimizer O, class L> class SVI {
  public:
    /// Throws Error for an option of the optimizer that makes no sense.
    SVI(const M& model, G& guide, const O& optimizer, const L& loss, SVIOptions options = {})
        : model_(model), guide_(guide), optimizer_(optimizer), loss_(loss), seed_(options.seed) {
        optimizer_.check();
    }

    /// One step on these arguments; returns the loss before it. Throws Error, and changes nothing, where a site is
    /// wrong or the loss or its gradient is not finite; it names the first such site. Where plates are subsampled,
    /// local latent sites of the other indices, and what the optimizer remembers of them, stay as they are.
    template <class... A> double step(const A&... arguments) { return step(RunOptions{}, arguments...); }
    /// The same without validation: `svi.step(RunOptions{.validate = false}, X, y)`.
    template <class... A> double step(const RunOptions& run_options, const A&... arguments) {
        guide_.setup(arguments...);
        forget_if_cleared();
        const RunOptions options = of_step(run_options);
        const Vector& u = guide_.parameters();
        if (gradient_.size() != u.size()) gradient_ = Vector(u.size());
        const std::span<double> gradient(gradient_.data(), gradient_.size());
        const double loss = loss_.value_and_gradient(options, model_, Watched<G>{guide_, activity_}, u, gradient,
                                                     recorded_, arguments...);
        if (!all_finite(loss, gradient)) report_non_finite(options, loss, arguments...);
        Vector& moved = guide_.parameters();
        activity_.finish();
        if (activity_.is_partial)
            optimizer_.update({moved.data(), moved.size()}, gradient, state_, activity_.coordinates);
        else optimizer_.update({moved.data(), moved.size()}, gradient, state_);
        ++steps_;
        return loss;
    }

    /// The loss at the present parameters; with subsampled plates, on the mini-batch of the next step.
    template <class... A> double evaluate_loss(const A&... arguments) {
        guide_.setup(arguments...);
        return loss_.template loss<double>(of_step({}), model_, guide_, guide_.parameters(), arguments...);
    }

    /// `steps` steps on the same arguments, with a progress bar where standard error is a terminal. Throws Error for 0.
    template <class... A> SVIResult run(std::size_t steps, const A&... arguments) {
        if (steps == 0) fail({"at least 1 step"}, {steps}, "Ask for the number of steps that the fit needs.");
        SVIResult result;
        result.losses.reserve(steps);
        recorded_.compare_next(); // much may have happened since the last step
        Progress progress(steps);
        for (std::size_t k = 0; k < steps; ++k) {
            result.losses.push_back(step(arguments...));
            progress.update(k + 1, result.losses.back());
        }
        return result;
    }

    /// How many steps were done, those before a load included.
    std::uint64_t steps() const { return steps_; }
    std::uint64_t seed() const { return seed_; }

    /// Writes the fit as it is after the last step to a file that ends in ".json" or ".cbor"; `load` goes on from
    /// there. A file of that name is replaced as a whole, or not at all. Throws Error for a fit that has not begun, for
    /// numbers that are not finite, and where the system cannot write.
    void save(const std::string& path) const {
        if (steps_ == 0 && guide_.latents().blocks.empty())
            fail({"a fit to save"}, {"one that has not begun"}, "Take a step first: it finds the latent sites.");
        typename O::State state = state_;
        write_checkpoint(path, checkpoint(state));
    }

    /// Makes this fit the one in the file: its parameters, the optimizer's memory, the number of steps and the seed.
    /// Model and data, the loss, the optimizer and its options must be those of the saved fit; in the same build, all
    /// further steps then have the same bits as if it had never stopped. Sets up the guide, as a step on these
    /// arguments does. Throws Error, and changes nothing else, where the file does not fit, is damaged, or cannot be
    /// read.
    template <class... A> void load(const std::string& path, const A&... arguments) {
        guide_.setup(arguments...);
        typename O::State state;
        Checkpoint found = checkpoint(state);
        read_checkpoint(path, found);
        guide_.parameters() = std::move(found.parameters);
        state_ = std::move(state);
        recorded_ = {};
        times_cleared_ = guide_.times_cleared();
        steps_ = found.steps;
        seed_ = found.seed;
    }

  private:
    /// This fit, with the optimizer's memory in `state`.
    Checkpoint checkpoint(typename O::State& state) const {
        return {guide_.latents(),
                std::as_const(guide_).parameters(),
                O::name,
                optimizer_.options(),
                state.fields(),
                steps_,
                seed_};
    }

    /// What the optimizer remembers belongs to parameters that are no more.
    void forget_if_cleared() {
        if (times_cleared_ == guide_.times_cleared()) return;
        state_ = {};
        recorded_ = {};
        times_cleared_ = guide_.times_cleared();
    }

    /// Draws the indices of subsampled plates from the stream of the next step.
    RunOptions of_step(RunOptions options) const {
        if (!options.subsample_seed) options.subsample_seed = seed_of_run(seed_, steps_);
        return options;
    }

    template <class... A>
    [[noreturn]] void report_non_finite(const RunOptions& options, double loss, const A&... arguments) {
        using Real = Dual<double, default_lanes>;
        FindNonFinite find;
        const Vector& u = guide_.parameters();
        std::size_t first = 0;
        do {
            const auto seeded = seed_directions<default_lanes>(u, first);
            auto answer = guide_.template answers<Real>(options, seeded, nullptr, arguments...);
            modus::run<Real>(options, with_handler(with_handler(model_, answer), find), arguments...);
            first += default_lanes;
        } while (first < u.size() && find.site.empty());
        if (find.site.empty())
            throw Error("", "a finite loss", format_exactly(loss), "Every site is finite; their sum is not.");
        if (std::isfinite(find.log_density))
            throw Error(find.site, "a finite gradient of the log density", "a derivative that is not, at " + find.value,
                        "The parameters were not changed. Start elsewhere, or keep the value off the edge.");
        throw Error(find.site, "a finite log density", format_exactly(find.log_density) + " at " + find.value,
                    "The parameters were not changed. Start elsewhere, lower lr, or check the data.");
    }

    M model_;
    G& guide_;
    O optimizer_;
    L loss_;
    typename O::State state_{};
    Vector gradient_;
    Activity activity_;
    Recorded recorded_; ///< of this model with this guide
    std::uint64_t steps_ = 0, seed_, times_cleared_ = 0;
};
template <class M, class G, class O, class L> SVI(const M&, G&, const O&, const L&, SVIOptions = {}) -> SVI<M, G, O, L>;

} // namespace modus
