// lift gives a prior to a param site.
export module modus.handlers:lift;

import modus.standard;
import modus.autodiff;
import modus.effects;
import modus.support;

export namespace modus {

/// `model | lift("sigma", LogNormal(0, 1))`: the param site "sigma" becomes a random site with this prior, for the
/// handlers further out. Several params are lifted by several handlers. Throws Error where the prior has another shape
/// than the param, and at the end of a run without such a param. pyro.poutine.lift.
template <Distribution D> struct lift : Handler {
    static constexpr bool is_repeatable = true;

    lift(const Name& site_, D prior_) : site(site_.text), hash(site_.hash), prior(std::move(prior_)) {}

    void start() { is_used = false; }

    template <Scalar Real> void process(Message<Real>& message) {
        if (message.kind != Kind::param || message.hash != hash) return;
        is_used = true;
        const auto* density = ::new (memory.data()) Erased<Real, const D&>(prior);
        if (density->shape() != message.distribution->shape())
            throw Error("", "a prior of shape " + message.distribution->shape().str() + ", as the param",
                        "shape " + density->shape().str(), "Write .expand(n).to_event(1) on the prior.");
        density->check_parameters();
        if (density->batch_shape().rank > 0) check_plates(message.frames, density->batch_shape());
        param_point = message.distribution;
        message.kind = Kind::sample;
        message.distribution = density;
    }
    template <Scalar Real> void postprocess(Message<Real>& message) {
        if (message.kind != Kind::sample || message.hash != hash || !param_point) return;
        message.kind = Kind::param; // as it was, for the handlers further in
        message.distribution = static_cast<const Density<Real>*>(param_point);
        param_point = nullptr;
    }
    void finish(const RunState& state) const {
        if (!is_used)
            throw Error(site, "a param site that reaches lift, among: " + state.visited(), "no param of this name",
                        "Check the spelling, and that the site is a param.");
    }
    std::string str() const { return "lift(" + site + ")"; }

    std::string site;
    std::uint64_t hash;
    D prior;
    bool is_used = false;
    const void* param_point = nullptr;
    // The erased prior while its site is answered: a pointer to its functions and a reference to `prior`.
    alignas(void*) std::array<std::byte, sizeof(Erased<double, const D&>)> memory{};
};

} // namespace modus
