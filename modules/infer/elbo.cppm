// The loss that variational inference minimizes.
export module modus.infer:elbo;

import modus.standard;
import modus.autodiff;
import modus.effects;
import modus.support;
import :latents;
import :recorded;

export namespace modus {

/// Sums the log densities of the sites that reach it.
template <Scalar Real> struct LogJoint : Handler {
    Total<Real> total;
    void postprocess(Message<Real>& message) {
        if (message.kind == Kind::sample || message.kind == Kind::factor) total.add(message.log_density());
    }
    void finish(const RunState& state) {
        if (state.has_drawn) total.forbid_replay();
    }
};

/// Finds the first site whose log density, or a derivative of it, is not finite.
struct FindNonFinite : Handler {
    std::string site, value;
    double log_density = 0;
    template <Scalar Real> void postprocess(Message<Real>& message) {
        if (!site.empty()) return;
        const Real density = message.log_density();
        if (is_finite(density)) return;
        site = message.name();
        value = message.kind == Kind::factor ? format_exactly(value_of(density)) : format(data_of(message.value));
        log_density = value_of(density);
    }

  private:
    static bool is_finite(double x) { return std::isfinite(x); }
    template <class T, std::size_t N> static bool is_finite(const Dual<T, N>& x) {
        for (const T& t : x.tangent)
            if (!is_finite(t)) return false;
        return is_finite(x.value);
    }
};

/// The negative evidence lower bound. With AutoDelta this is exactly -log p(data, latents) in constrained space.
/// Pyro: pyro.infer.Trace_ELBO.
struct TraceELBO {
    /// How gradients are computed; forward or reverse give the same numbers up to rounding.
    Mode mode = Mode::automatic;
    /// Compact the data of Gaussian regressions once, by QR of [1 X y]: each later evaluation then costs the square of
    /// the number of columns, whatever the number of rows. For `Normal(mean, scale)` with a scalar scale, a mean that
    /// is linear in data, and data that stay the same from call to call. Exact up to rounding.
    bool compact = false;
    /// From the third step on the same arguments on, repeat what the model did with numbers, without running it. Small
    /// models are several times as fast. The result is that of Mode::reverse, to the last bit. A model that branches on
    /// the values of its sites, that holds something (a lambda that captures, in a formula too, a handler that is used
    /// in place, or one of yours that does not say it `is_repeatable`), whose data have learned bounds (as with
    /// Uniform), whose plates draw, or whose arguments are of types without `is_same_argument` is run each time. What
    /// cannot be seen is that a model reads a global variable or draws numbers of its own, or that data are written to
    /// through a pointer from before the fit; so a replay is compared with a run, at first often, then each 1,024th,
    /// and at the start of each `SVI::run`. A model that prints or counts does so only when it is run. Pyro:
    /// JitTrace_ELBO.
    bool replay = true;
    /// What has been compacted; filled by use.
    mutable CompactData compact_data{};

    /// The loss at the unconstrained parameters u of the guide.
    template <Scalar Real, class M, class G, class... A> Real loss(const RunOptions& options, const M& model,
                                                                   const G& guide, const Array<Real, 1>& u,
                                                                   const A&... arguments) const {
        auto answer = guide.template answers<Real>(options, u, nullptr, arguments...);
        LogJoint<Real> joint;
        run<Real>(options, with_handler(with_handler(model, answer), joint), arguments...);
        return -joint.total;
    }

    /// The loss, with its gradient by u written to `gradient`, which is as long as u. Sites are checked in one pass at
    /// most. What is `recorded` belongs to this model and guide, and is filled by use.
    template <class M, class G, class... A>
    double value_and_gradient(const RunOptions& options, const M& model, const G& guide, const Vector& u,
                              std::span<double> gradient, Recorded& recorded, const A&... arguments) const {
        if constexpr (is_repeatable<M, G, A...>)
            if (may_replay())
                if (const auto value = recorded.template replay<std::tuple<M, G>>(options, u, gradient, arguments...))
                    return *value;
        return run_or_record(options, model, guide, u, gradient, recorded, arguments...);
    }

  private:
    template <class M, class G, class... A> static constexpr bool is_repeatable =
        modus::is_repeatable<M> && G::is_repeatable && (ComparableArgument<A> && ...);
    inline bool may_replay() const { return replay && mode != Mode::forward; }

    /// Apart, so that steps which only replay do not prepare for it.
    template <class M, class G, class... A>
    [[gnu::noinline]] double run_or_record(const RunOptions& options, const M& model, const G& guide, const Vector& u,
                                           std::span<double> gradient, Recorded& recorded,
                                           const A&... arguments) const {
        const bool replays = is_repeatable<M, G, A...> && may_replay();
        const auto f = [&]<Scalar Real>(const Array<Real, 1>& x, bool is_first) {
            RunOptions now = options;
            now.validate = options.validate && is_first;
            return loss<Real>(now, model, guide, x, arguments...);
        };
        CompactData* const used = compact ? &compact_data : nullptr;
        const bool is_open = mode == Mode::automatic && !compact;
        const auto run_model = [&] {
            return modus::value_and_gradient(f, u, gradient,
                                             replays   ? Mode::reverse
                                             : is_open ? chosen_mode(u.size(), guide.numbers())
                                                       : mode,
                                             used);
        };
        if constexpr (is_repeatable<M, G, A...>)
            if (replays)
                return recorded.template value_and_gradient<std::tuple<M, G>>(f, used, run_model, options, u, gradient,
                                                                              arguments...);
        return run_model();
    }
};

} // namespace modus
