// AutoDelta: the guide that answers each latent site with a learnable point inside its support.
export module modus.infer:auto_delta;

import modus.standard;
import modus.autodiff;
import modus.effects;
import modus.handlers;
import modus.support;
import :init;
import :latents;
import :plates;
import :point_guide;

export namespace modus {

template <class Plates = NoPlates> struct AutoDeltaOptions {
    /// Accept a model without latent sites.
    bool allow_empty = false;
    /// `[](args...) { return plate("data", n, {.subsample = rows}); }`, or a std::vector<Plate>: called with the
    /// arguments of each run, it says which indices the subsampled plates of the model visit. A plate whose indices the
    /// model gives itself keeps them; other ones here are an error.
    Plates create_plates{};
};

/// The guide of maximum a posteriori estimation: a point mass for every latent site (and a value for every param),
/// inside its support. SVI with it maximizes the joint density in *constrained* space, without a Jacobian term: for
/// LogNormal(0, 1) and no data the point is exp(-1), not 1. Pyro: pyro.infer.autoguide.AutoDelta.
///
/// The first call, with that call's arguments, finds the latent sites and their initial values; they are the same ones
/// from then on. A latent site in a subsampled plate has a parameter of the plate's full size, of which a step reads
/// and moves the selected part.
template <class M, class Plates = NoPlates> class AutoDelta : public PointGuide<AutoDelta<M, Plates>, M> {
  public:
    static constexpr bool is_repeatable = std::is_empty_v<Plates>; ///< for TraceELBO::replay

    explicit AutoDelta(const M& model, Initializer init_loc_fn = init_to_median, AutoDeltaOptions<Plates> options = {})
        : PointGuide<AutoDelta, M>(model), initializer_(std::move(init_loc_fn)), options_(std::move(options)) {}

    /// Throws Error also for a model without latent sites. As a part of a GuideList it sees a model that is blocked.
    template <class... A> LatentBlocks prepare(const A&... arguments) const {
        const std::vector<Plate> plates = part_plates(arguments...);
        LatentBlocks found = find_latents(
            this->discovery(), [](const auto& model) -> const auto& { return model; }, initializer_.begin(), plates,
            true, arguments...);
        if (found.blocks.empty() && !options_.allow_empty)
            throw Error("", "a model with latent sites", "none",
                        "Leave out some of the data, or pass AutoDeltaOptions{.allow_empty = true}.");
        for (const std::string& name : initializer_.names())
            if (!found.find(hash_name(name)))
                throw Error(name, "one of the latent sites: " + found.names(), "no site of this name in init_to_value",
                            "Check the spelling; a site with data has no initial value.");
        return found;
    }

    /// The handler that answers with the coordinates u; it refers to both.
    template <Scalar Real, class... A>
    auto answers(const RunOptions& options, const Array<Real, 1>& u, Activity* activity, const A&... arguments) const {
        DeltaAnswers<Real> points(this->latents(), u, 0, activity, options.fill);
        if constexpr (std::same_as<Plates, NoPlates>) return points;
        else return WithPlates<DeltaAnswers<Real>>(points, part_plates(arguments...), options);
    }

    /// It has no params of its own.
    template <class H, class... A> void visit_params(const RunOptions&, const Vector&, H&, const A&...) const {}

    // As a part of a GuideList, which answers the plates for all of its parts.
    /// Its plates.
    template <class... A> std::vector<Plate> part_plates([[maybe_unused]] const A&... arguments) const {
        if constexpr (std::same_as<Plates, NoPlates>) return {};
        else return made_plates(options_.create_plates(arguments...));
    }
    /// The latent sites, at feasible points: `initialize_part` has to follow.
    template <class... A> PreparedPart prepare_part(const RunOptions& options, bool, const std::vector<Plate>& plates,
                                                    const A&... arguments) const {
        PreparedPart result;
        result.latents = find_latents(
            options, [](const auto& model) -> const auto& { return model; },
            [](const LatentSite& site) { return site.distribution.feasible(); }, plates, false, arguments...);
        for (const LatentBlock& block : result.latents.blocks) result.answered.push_back({block.name, block.hash});
        return result;
    }
    /// The latent sites at their initial values, with a handler inside the model that answers those of other parts.
    template <class H, class... A> LatentBlocks initialize_part(const RunOptions& options, H& others,
                                                                const std::vector<Plate>& plates,
                                                                const A&... arguments) const {
        return find_latents(
            options, [&](const auto& model) { return with_inner_handler(model, others); }, initializer_.begin(), plates,
            false, arguments...);
    }
    template <class H, class... A> void visit_part_params(std::size_t, const std::vector<Plate>&, const RunOptions&,
                                                          const Vector&, H&, const A&...) const {}
    /// The answers from coordinate `start` on.
    template <Scalar Real, class... A>
    auto part_answers(const LatentBlocks& latents, std::size_t start, bool is_part, const std::vector<Plate>&,
                      const RunOptions&, const Array<Real, 1>& u, Activity* activity, const A&...) const {
        return DeltaAnswers<Real>(latents, u, start, activity, is_part);
    }

  private:
    /// Runs `view(model)`.
    template <class View, class... A>
    LatentBlocks find_latents(const RunOptions& options, const View& view, Initializer::Choice choose,
                              const std::vector<Plate>& plates, bool has_all_plates, const A&... arguments) const {
        if (!choose) fail({"an init_loc_fn"}, {"an empty Initializer"}, "Pass init_to_median, or leave it out.");
        LatentBlocks found;
        WithPlates<DiscoverLatents> handler(DiscoverLatents(found, std::move(choose), false, initializer_.names()),
                                            plates, options);
        run(options, with_handler(view(this->model()), handler), arguments...);
        if (has_all_plates) handler.plates.check_used();
        return found;
    }

    Initializer initializer_;
    AutoDeltaOptions<Plates> options_;
};
template <class M> AutoDelta(const M&) -> AutoDelta<M>;
template <class M, class I> AutoDelta(const M&, I) -> AutoDelta<M>;
template <class M, class I, class P> AutoDelta(const M&, I, AutoDeltaOptions<P>) -> AutoDelta<M, P>;

} // namespace modus
