// From an effect to a message and back to a typed reply: one awaiter for each kind of effect. An awaiter lives in the
// suspended frame of the model, so that a site needs no memory of its own.
export module modus.effects:site;

import modus.standard;
import modus.autodiff;
import modus.support;
import :batch;
import :effect;
import :message;
import :name;
import :plate;
import :state;

export namespace modus {

/// One execution of a model, as its sites see it: `handle` answers a message. (`Stack` does the answering.)
template <Scalar Real> class Run {
  public:
    explicit Run(RunState& state_) : state(state_) {}
    /// Registers and checks the site, then lets the handlers answer it. An Error without a site gets this one's name.
    void handle(Message<Real>& message);
    virtual void dispatch(Message<Real>& message) = 0;

    RunState& state;

  protected:
    ~Run() = default;
};

/// An awaiter that suspends the model on a message. It lives in the model's frame, and is not copied.
template <Scalar Real> struct Site {
    Site(Kind kind, const Name& name, const Run<Real>& run) : message(kind, name, run.state) {}
    Site(const Site&) = delete;

    bool await_ready() const { return false; }
    template <class Promise> void await_suspend(std::coroutine_handle<Promise> frame) {
        frame.promise().pending = &message;
    }
    Message<Real> message;
};

/// The distribution of a site, repeated to the shape of its data where the data has more axes.
template <class D, class O>
decltype(auto) site_distribution(const D& distribution, const Sample<D, O>& effect, std::span<const Frame> frames) {
    if constexpr (requires { typename O::type; }) {
        constexpr std::size_t rank = rank_of<typename O::type>;
        if constexpr (rank > D::rank) {
            if (effect.observation.data) return distribution.expand_to(effect.observation.data->extents());
            Extents<rank> extents; // latent this time: as long as the plates around it
            std::size_t axes = 0;
            for (const Frame& plate : frames)
                if (plate.is_vectorized() && plate.axis > 0 && plate.axis <= rank) {
                    extents[rank - plate.axis] = plate.size;
                    ++axes;
                }
            if (axes < rank) missing_plates(effect.name, frames, axes, rank);
            return distribution.expand_to(extents);
        } else {
            return (distribution);
        }
    } else {
        return (distribution);
    }
}

/// `Effect` is what was yielded: a temporary, Sample, which is the site's own, or an lvalue, const Sample&.
template <Scalar Real, class D, class O, class Effect> struct SampleSite : Site<Real> {
    static_assert(!D::is_discrete || !std::same_as<O, NotObserved> || std::same_as<Real, double>,
                  "a discrete latent site cannot be learned: sum it out of the model by hand (log_sum_exp), or write "
                  "obs = absent if a handler gives its value");
    // The effect outlives its site, which borrows from it what it need not repeat, or else copy.
    using Borrowed = decltype(site_distribution(std::declval<const D&>(), std::declval<const Sample<D, O>&>(), {}));
    using Repeated = std::remove_cvref_t<Borrowed>;
    using Held = std::conditional_t<std::is_reference_v<Effect>, Repeated, Borrowed>;
    static constexpr auto reply_type() {
        if constexpr (!D::is_discrete) return std::type_identity<array_t<Real, Repeated::rank>>();
        else if constexpr (requires { typename O::type; })
            return std::type_identity<array_t<element_t<typename O::type>, Repeated::rank>>();
        else return std::type_identity<array_t<Integer, Repeated::rank>>();
    }
    using Reply = typename decltype(reply_type())::type;

    /// Moves the data out of an effect that is a temporary.
    SampleSite(const Run<Real>& run, Effect&& effect)
        : Site<Real>(Kind::sample, effect.name, run), density(named(effect, run.state.frames)) {
        this->message.distribution = &density;
        if constexpr (requires { typename O::type; })
            if (effect.observation.data) {
                using Data = typename O::type;
                using Constant =
                    std::conditional_t<std::same_as<element_t<Data>, double>, array_t<Real, rank_of<Data>>, Data>;
                this->message.answer(Constant(*std::forward<Effect>(effect).observation.data), Provenance::observed);
            }
    }
    /// The value; what cannot be read, such as half a count in a masked element, is an error with the name of the site.
    Reply await_resume() {
        try {
            return value_as<Reply>(std::move(this->message.value));
        } catch (const Error& error) {
            throw Error(this->message.name(), error.expected, error.found, error.advice);
        }
    }

    /// The distribution, repeated along plates where it has an axis of size 1; an error in making it gets the name of
    /// the site.
    static Held named(std::remove_reference_t<Effect>& effect, std::span<const Frame> frames) {
        try {
            if constexpr (D::rank == 0) {
                return site_distribution(effect.distribution, effect, frames);
            } else if constexpr (std::is_reference_v<Effect>) { // to be used again, perhaps in other plates
                D copy = effect.distribution;
                return site_distribution(repeat_along(copy, frames), effect, frames);
            } else {
                return site_distribution(repeat_along(effect.distribution, frames), effect, frames);
            }
        } catch (const Error& error) {
            if (!error.site.empty()) throw;
            throw Error(full_name(effect.name, frames), error.expected, error.found, error.advice);
        }
    }
    static const D& repeat_along(D& distribution, std::span<const Frame> frames) {
        if constexpr (requires { distribution.repeat_along(1, 1); })
            for (const Frame& plate : frames)
                if (plate.is_vectorized() && plate.axis > 0) distribution.repeat_along(plate.axis, plate.size);
        return distribution;
    }

    Erased<Real, Held> density;
};

template <Scalar Real, class V> struct DeterministicSite : Site<Real> {
    DeterministicSite(const Run<Real>& run, const Deterministic<V>& effect)
        : Site<Real>(Kind::deterministic, effect.name, run), value(effect.value) {
        if constexpr (std::is_arithmetic_v<V>) this->message.value = Real(static_cast<double>(value));
        else if constexpr (std::same_as<element_t<V>, Integer>) this->message.value = value;
        else this->message.value = array_t<Real, rank_of<V>>(value);
    }
    V await_resume() const { return value; }
    const V value;
};

template <Scalar Real, class V> struct FactorSite : Site<Real> {
    FactorSite(const Run<Real>& run, const Factor<V>& effect) : Site<Real>(Kind::factor, effect.name, run) {
        if constexpr (AnyArray<V>) this->message.log_factor = Real(sum(effect.log_factor));
        else
            this->message.log_factor =
                Real(effect.log_factor) * static_cast<double>(plate_elements(this->message.frames));
    }
    void await_resume() const {}
};

template <Scalar Real, class S> struct ParamSite : Site<Real> {
    ParamSite(const Run<Real>& run, const Param<S>& effect)
        : Site<Real>(Kind::param, effect.name, run), point({effect.initial, effect.region}) {
        this->message.distribution = &point;
    }
    using Reply = array_t<Real, S::rank>;
    Reply await_resume() { return value_as<Reply>(std::move(this->message.value)); }

    Erased<Real, FreePoint<S>> point;
};

/// Opens a plate at once; handlers are asked for the indices where some have to be drawn.
template <Scalar Real> struct PlateOpening {
    Run<Real>& run;
    const Plate& plate;
    bool await_ready() const { return true; }
    void await_suspend(std::coroutine_handle<>) const {}
    PlateScope await_resume() const {
        plate.check();
        const bool is_whole = run.state.options.whole_plates == RunOptions::Whole::all && !plate.options.subsample;
        if (is_whole || (!plate.options.subsample && !plate.options.subsample_size))
            return PlateScope(run.state, plate, {});
        Message<Real> message(Kind::plate, Name::view(plate.name()), run.state);
        message.plate = &plate;
        if (plate.options.subsample) message.answer(*plate.options.subsample, Provenance::observed);
        run.handle(message);
        if (!has_value(message.value)) return PlateScope(run.state, plate, {}); // as large as the plate
        auto indices = value_as<IntVector>(std::move(message.value));
        if (message.provenance != Provenance::observed) {
            run.state.has_drawn = true;
            plate.check_selection(indices, "the indices from a handler");
        }
        return PlateScope(run.state, plate, std::move(indices));
    }
};

/// An effect that lasts until the end of the C++ block: what opens it says how.
template <class E>
concept ScopedEffect = requires(const E& effect, RunState& state) { effect.open(state); };

template <ScopedEffect E> struct ScopeOpening {
    RunState& state;
    const E& effect;
    bool await_ready() const { return true; }
    void await_suspend(std::coroutine_handle<>) const {}
    auto await_resume() const { return effect.open(state); }
};

/// Prefixes the names of sites while it lives.
class NameScope {
  public:
    inline NameScope(RunState& state, std::string_view prefix) : frames_(state.frames), depth_(state.frames.size()) {
        if (!prefix.empty()) frames_.push_back({prefix, 0, Frame::scope});
    }
    NameScope(const NameScope&) = delete;
    inline ~NameScope() { frames_.resize(depth_); }

  private:
    PoolVector<Frame>& frames_;
    std::size_t depth_;
};

template <Scalar Real, class Recipe, class... A> struct SubmodelCall {
    Run<Real>& run;
    Submodel<Recipe, A...>& effect;
    bool await_ready() const { return true; }
    void await_suspend(std::coroutine_handle<>) const {}
    auto await_resume() const {
        const NameScope scope(run.state, effect.scope);
        return std::apply([&](auto&&... a) { return run_within(run, effect.recipe, std::forward<A>(a)...); },
                          effect.arguments);
    }
};

} // namespace modus
