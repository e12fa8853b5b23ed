module;
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

// AutoDelta: the guide handler that answers each latent site with a learnable point inside its support.
export module modus.infer:auto_delta;

import modus.autodiff;
import modus.effects;
import modus.handlers;
import modus.support;
import :init;

export namespace modus {

/// The unconstrained coordinates of one latent site within the flat vector of parameters.
struct LatentBlock {
    std::string name;
    std::uint64_t hash;
    std::size_t offset, size;
    Shape shape; ///< of the value
};

/// The latent sites of a model, found by running it once over double with every one at its initial value.
class LatentBlocks {
  public:
    /// Throws Error for a discrete site.
    void require_continuous(const LatentSite& site) const;
    /// Adds the site. Throws Error for an initial value of the wrong shape, outside the support, or on its boundary.
    void add(const LatentSite& site, const Data& initial);
    std::vector<LatentBlock> blocks;
    Vector initial;          ///< unconstrained
    std::size_t numbers = 0; ///< at all sites of the first run together

    /// The block of a site, which is usually the one at `expected`. Throws Error where the site was not there before,
    /// or had another shape.
    template <Scalar Real> const LatentBlock& at(const Message<Real>& message, std::size_t expected) const {
        const LatentBlock* block =
            expected < blocks.size() && blocks[expected].hash == message.hash ? &blocks[expected] : find(message.hash);
        if (!block || block->shape != message.distribution->shape()) changed(block, message.distribution->shape());
        return *block;
    }
    std::string names() const;
    const LatentBlock* find(std::uint64_t hash) const;

  private:
    [[noreturn]] void changed(const LatentBlock* block, const Shape& shape) const;
};

/// Whether a guide has to answer this site.
template <Scalar Real> bool wants_answer(const Message<Real>& message) {
    return (message.kind == Kind::sample || message.kind == Kind::param) && !has_value(message.value);
}

/// Finds the latent sites.
struct DiscoverLatents : Handler {
    LatentBlocks& found;
    Initializer::Choice choose;

    DiscoverLatents(LatentBlocks& found_, Initializer::Choice choose_) : found(found_), choose(std::move(choose_)) {}
    void process(Message<double>& message) {
        if (!wants_answer(message)) return;
        const LatentSite site{message.name(), message.hash, *message.distribution};
        found.require_continuous(site);
        const Data initial = message.kind == Kind::param ? message.distribution->feasible() : choose(site);
        found.add(site, initial);
        message.answer(initial, Provenance::delta);
    }
    void postprocess(Message<double>& message) {
        if (message.distribution) found.numbers += message.distribution->shape().size();
    }
};

/// Answers every latent site with the point that has the coordinates `u`.
template <Scalar Real> struct DeltaAnswers : Handler {
    const LatentBlocks& latents;
    const Array<Real, 1>& u;
    std::size_t answered = 0;

    DeltaAnswers(const LatentBlocks& latents_, const Array<Real, 1>& u_) : latents(latents_), u(u_) {}
    void process(Message<Real>& message) {
        if (!wants_answer(message)) return;
        const LatentBlock& block = latents.at(message, answered);
        ++answered;
        message.distribution->constrain(u.slice(block.offset, block.size), message.value);
        message.provenance = Provenance::delta;
    }
    void finish(const RunState& state) {
        if (answered != latents.blocks.size())
            throw Error("", "the latent sites of the first call: " + latents.names(),
                        "a run with the sites " + state.visited(),
                        "A model must have the same latent sites in every call; start a new guide for another model.");
    }
};

/// Collects latent points and deterministic sites.
struct CollectValues : Handler {
    NamedValues values;
    template <Scalar Real> void postprocess(Message<Real>& message) {
        if (message.provenance == Provenance::delta || message.kind == Kind::deterministic)
            values.add(message.name(), data_of(message.value));
    }
    NamedValues result() { return std::move(values); }
};

/// A model with one more handler, both by reference: for the runs inside a step.
template <class M, class H> auto with_handler(const M& model, H& handler) {
    return Handled<const M&, H&>{model, {handler}};
}
template <class M, class... Inner, class H> auto with_handler(const Handled<M, Inner...>& handled, H& handler) {
    return Handled<const std::remove_reference_t<M>&, Inner..., H&>{
        handled.model, std::tuple_cat(handled.handlers, std::tuple<H&>(handler))};
}

struct AutoDeltaOptions {
    /// Accept a model without latent sites.
    bool allow_empty = false;
};

/// The guide of maximum a posteriori estimation: a point mass for every latent site (and a value for every param),
/// inside its support. SVI with it maximizes the joint density in *constrained* space, without a Jacobian term: for
/// LogNormal(0, 1) and no data the point is exp(-1), not 1. Pyro: pyro.infer.autoguide.AutoDelta.
///
/// The first call, with that call's arguments, finds the latent sites and their initial values; they are the same ones
/// from then on. The guide owns its parameters; use one guide in one thread at a time.
template <class M> class AutoDelta {
  public:
    explicit AutoDelta(const M& model, Initializer init_loc_fn = init_to_median, AutoDeltaOptions options = {})
        : model_(model), initializer_(std::move(init_loc_fn)), options_(options) {}

    /// Finds the latent sites, at the first call. Throws Error as LatentBlocks::add does, for sites that the model gets
    /// wrong, and for a model without latent sites.
    template <class... A> void setup(const A&... arguments) {
        if (is_set_up_) return;
        LatentBlocks found;
        auto choose = initializer_.begin();
        if (!choose) fail({"an init_loc_fn"}, {"an empty Initializer"}, "Pass init_to_median, or leave it out.");
        DiscoverLatents discover(found, std::move(choose));
        run(with_handler(model_, discover), arguments...);
        if (found.blocks.empty() && !options_.allow_empty)
            throw Error("", "a model with latent sites", "none",
                        "Leave out some of the data, or pass AutoDeltaOptions{.allow_empty = true}.");
        latents_ = std::move(found);
        parameters_ = latents_.initial;
        is_set_up_ = true;
    }

    const LatentBlocks& latents() const { return latents_; }
    /// How many numbers were at the sites of the first call, observed ones included.
    std::size_t numbers() const { return latents_.numbers; }
    /// The flat unconstrained parameters.
    const Vector& parameters() const { return parameters_; }
    Vector& parameters() { return parameters_; }

    /// The handler that answers with the coordinates u; it refers to both.
    template <Scalar Real> DeltaAnswers<Real> answers(const Array<Real, 1>& u) const { return {latents_, u}; }

    /// The present points by name, in the model's order, with the deterministic sites that follow from them.
    template <class... A> NamedValues median(const A&... arguments) {
        setup(arguments...);
        auto answer = answers(parameters_);
        CollectValues collect;
        return run(with_handler(with_handler(model_, answer), collect), arguments...);
    }

  private:
    M model_;
    Initializer initializer_;
    AutoDeltaOptions options_;
    LatentBlocks latents_;
    Vector parameters_;
    bool is_set_up_ = false;
};

} // namespace modus
