// replay gives sites the values that they had in an earlier trace.
export module modus.handlers:replay;

import modus.standard;
import modus.autodiff;
import modus.effects;
import modus.support;
import :trace;

export namespace modus {

struct ReplayOptions {
    /// Every latent site must be in the trace, and every latent site of the trace in the model. (Params need not: those
    /// of a guide are none of the model's.)
    bool strict = true;
};

/// `model | replay(t)`: latent sites and params take their values from the trace, and subsampled plates their indices;
/// observed ones keep their data. Throws Error for sites that are missing on either side, unless {.strict = false}.
/// pyro.poutine.replay.
struct replay : Handler {
    static constexpr bool is_repeatable = true;

    explicit replay(Trace trace_, ReplayOptions options_ = {})
        : trace(std::make_shared<const Trace>(std::move(trace_))), options(options_) {}

    void start() { used.assign(trace->size(), false); }

    template <Scalar Real> void process(Message<Real>& message) {
        if (message.kind != Kind::sample && message.kind != Kind::param && message.kind != Kind::plate) return;
        const TraceSite* site = find(message);
        if (site) used[static_cast<std::size_t>(site - &*trace->begin())] = true;
        if (has_value(message.value)) {
            if (site && message.provenance != Provenance::observed && data_of(message.value) != site->value)
                throw Error("", "one value", "two, from replay and from further in",
                            "The innermost handler answers first; put replay inside the other one.");
            return;
        }
        if (site && has_value(site->value)) message.answer(to_value<Real>(site->value), Provenance::replayed);
        else if (options.strict && message.kind == Kind::sample)
            throw Error("", "a value in the replayed trace", "no site of this name",
                        "Record the trace from a model with the same latent sites, or replay(t, {.strict = false}).");
    }

    void finish(const RunState& state) {
        std::size_t k = 0;
        for (const TraceSite& site : *trace) {
            const bool is_latent = site.kind == Kind::sample && site.provenance != Provenance::observed;
            if (!used[k++] && is_latent && options.strict)
                throw Error(site.name, "a site of the model, one of: " + state.visited(), "only in the replayed trace",
                            "Replay a trace of the same model, or replay(t, {.strict = false}).");
        }
    }

    std::string str() const { return "replay"; }

    std::shared_ptr<const Trace> trace;
    ReplayOptions options;
    PoolVector<bool> used;

  private:
    /// A plate may have the name of a site.
    template <Scalar Real> const TraceSite* find(const Message<Real>& message) const {
        for (const TraceSite& site : *trace)
            if (site.hash == message.hash && (site.kind == Kind::plate) == (message.kind == Kind::plate)) return &site;
        return nullptr;
    }
};

} // namespace modus
