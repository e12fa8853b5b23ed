// do_ intervenes on sites.
export module modus.handlers:do_;

import modus.standard;
import modus.autodiff;
import modus.effects;
import modus.support;
import :assignment;
import :named_values;

export namespace modus {

/// `model | do_({{"x", 1.0}})`: what follows "x" in the model sees the value 1, whatever "x" is; "x" itself keeps the
/// value and the log density that it has without the intervention, so that it tells nothing about what follows (unlike
/// with `condition`). The intervention is recorded as the deterministic site "x__CF". Throws Error at the end of a run
/// for a name that no site has. pyro.poutine.do; Pearl, "Causality" (2009), section 3.2.
struct do_ : Handler {
    static constexpr bool is_repeatable = true;

    explicit do_(NamedValues values_) : values(std::make_shared<const NamedValues>(std::move(values_))) {}

    void start() { used.assign(values->size(), false); }

    template <Scalar Real, class Next> void process(Message<Real>& message, const Next& next) {
        const auto* entry = message.kind == Kind::sample ? values->find(message.hash) : nullptr;
        if (!entry) return;
        used[static_cast<std::size_t>(entry - &*values->begin())] = true;
        if (shape_of(entry->value) != message.distribution->shape())
            throw Error("", "an intervention of shape " + message.distribution->shape().str(), describe(entry->value),
                        "Give do_ a value of the shape of the site.");
        if (message.distribution->is_discrete()) check_whole(entry->value);
        const std::string name = std::string(message.base.text) + "__CF";
        Message<Real> counterfactual(Kind::deterministic, Name::view(name, message.base.where), message);
        counterfactual.value = to_value<Real>(entry->value);
        next(counterfactual);
    }
    /// Handlers further out have seen the site as it is.
    template <Scalar Real> void postprocess(Message<Real>& message) {
        if (message.kind != Kind::sample) return;
        if (const auto* entry = values->find(message.hash)) message.value = to_value<Real>(entry->value);
    }
    void finish(const RunState& state) const { check_all_used("do_", *values, used, state); }

    std::string str() const { return "do_(" + values->str() + ")"; }

    std::shared_ptr<const NamedValues> values; // shared, because each run copies its handlers
    PoolVector<bool> used;

  private:
    /// Throws Error where what follows a discrete site could not read the value.
    static void check_whole(const Data& value) {
        const std::size_t rank = shape_of(value).rank;
        if (rank == 0) whole_of<0>(value);
        else if (rank == 1) whole_of<1>(value);
        else whole_of<2>(value);
    }
};

} // namespace modus
