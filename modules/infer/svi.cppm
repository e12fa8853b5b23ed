module;
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

// Stochastic variational inference: gradient steps on the parameters of a guide.
export module modus.infer:svi;

import modus.autodiff;
import modus.effects;
import modus.support;
import :latents;
import :elbo;
import :progress;

export namespace modus {

/// What moves the parameters: a struct of options, with its memory kept apart.
template <class O>
concept Optimizer = requires(const O& optimizer, std::span<double> x, typename O::State& state) {
    optimizer.check();
    optimizer.update(x, x, state);
};

struct SVIResult {
    std::vector<double> losses; ///< before each step
};

/// Fits a guide to a model. `SVI svi(model, guide, Adam{.lr = 0.01}, TraceELBO{})`; the guide is used in place and
/// holds the result. Pyro: pyro.infer.SVI.
template <class M, class G, Optimizer O, class L> class SVI {
  public:
    /// Throws Error for an option of the optimizer that makes no sense.
    SVI(const M& model, G& guide, const O& optimizer, const L& loss)
        : model_(model), guide_(guide), optimizer_(optimizer), loss_(loss) {
        optimizer_.check();
    }

    /// One step on these arguments; returns the loss before it. Throws Error, and changes nothing, where a site is
    /// wrong or the loss or its gradient is not finite; it names the first such site.
    template <class... A> double step(const A&... arguments) {
        guide_.setup(arguments...);
        const Vector& u = guide_.parameters();
        if (gradient_.size() != u.size()) gradient_ = Vector(u.size());
        const std::span<double> gradient(gradient_.data(), gradient_.size());
        const double loss = loss_.value_and_gradient(RunOptions{}, model_, guide_, u, gradient, arguments...);
        bool is_finite = std::isfinite(loss);
        for (const double g : gradient) is_finite = is_finite && std::isfinite(g);
        if (!is_finite) report_non_finite(loss, arguments...);
        Vector& moved = guide_.parameters();
        optimizer_.update({moved.data(), moved.size()}, gradient, state_);
        return loss;
    }

    /// The loss at the present parameters.
    template <class... A> double evaluate_loss(const A&... arguments) {
        guide_.setup(arguments...);
        return loss_.template loss<double>(RunOptions{}, model_, guide_, guide_.parameters(), arguments...);
    }

    /// `steps` steps on the same arguments, with a progress bar where standard error is a terminal.
    template <class... A> SVIResult run(std::size_t steps, const A&... arguments) {
        SVIResult result;
        result.losses.reserve(steps);
        Progress progress(steps);
        for (std::size_t k = 0; k < steps; ++k) {
            result.losses.push_back(step(arguments...));
            progress.update(k + 1, result.losses.back());
        }
        return result;
    }

  private:
    template <class... A> [[noreturn]] void report_non_finite(double loss, const A&... arguments) {
        using Real = Dual<double, default_lanes>;
        FindNonFinite find;
        const Vector& u = guide_.parameters();
        std::size_t first = 0;
        do {
            const auto seeded = seed_directions<default_lanes>(u, first);
            auto answer = guide_.template answers<Real>(RunOptions{}, seeded, nullptr, arguments...);
            modus::run<Real>(with_handler(with_handler(model_, answer), find), arguments...);
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
};
template <class M, class G, class O, class L> SVI(const M&, G&, const O&, const L&) -> SVI<M, G, O, L>;

} // namespace modus
