module;
#include <array>
#include <cstddef>
#include <string>
#include <tuple>
#include <utility>

// GuideList: several guides, each for a part of the latent sites.
export module modus.infer:guide_list;

import modus.autodiff;
import modus.effects;
import modus.handlers;
import modus.support;
import :latents;
import :point_guide;

export namespace modus {

/// Answers each site by the part that knows it.
template <Scalar Real, class... H> struct ListAnswers : Handler {
    std::tuple<H...> parts;
    bool is_part; ///< leaves sites that no part knows to others

    explicit ListAnswers(bool is_part_, H... parts_) : parts(std::move(parts_)...), is_part(is_part_) {}
    void process(Message<Real>& message) {
        std::apply([&](auto&... part) { (part.process(message), ...); }, parts);
        if (!is_part && wants_answer(message))
            throw Error("", "one part of the GuideList that answers this site",
                        "none of its " + std::to_string(sizeof...(H)) + " parts",
                        "Expose the site in the model of one part: AutoDelta(model | block({.expose = {...}})).");
    }
    void finish(const RunState& state) {
        std::apply([&](auto&... part) { (part.finish(state), ...); }, parts);
    }
};

/// Several guides as one: `GuideList(model, AutoDelta(model | block({.expose = {"x"}})), Guide(model | block({.hide =
/// {"x"}}), program))`. Each part is made for the model with the sites of the other parts blocked; together they must
/// answer every latent site once. The list owns the parameters of all parts; read results from the list. Throws Error
/// at the first call for a site that two parts answer or none does. Pyro: pyro.infer.autoguide.AutoGuideList.
template <class M, class... Parts> class GuideList : public PointGuide<GuideList<M, Parts...>, M> {
  public:
    explicit GuideList(const M& model, Parts... parts) : PointGuide<GuideList, M>(model), parts_(std::move(parts)...) {}

    template <class... A> LatentBlocks prepare(const A&... arguments) {
        RunOptions options = this->discovery();
        options.fill = true; // the sites of other parts
        LatentBlocks all;
        std::size_t k = 0;
        const auto add = [&](auto& part) {
            latents_[k] = part.prepare_part(options, true, arguments...);
            for (const LatentBlock& block : latents_[k].blocks)
                if (all.find(block.hash))
                    throw Error(block.name, "one part of the GuideList that answers this site",
                                "two, part " + std::to_string(k + 1) + " and one before it",
                                "Hide the site in the model of one of them: block({.hide = {...}}).");
            starts_[k] = all.initial.size();
            all.append(latents_[k++]);
        };
        std::apply([&](auto&... part) { (add(part), ...); }, parts_);
        auto answer = answers<double>(this->discovery(), all.initial, nullptr, arguments...);
        run(this->discovery(), with_handler(this->model(), answer), arguments...); // finds sites without a part
        return all;
    }
    template <Scalar Real, class... A>
    auto answers(const RunOptions& options, const Array<Real, 1>& u, Activity* activity, const A&... arguments) const {
        return [&]<std::size_t... K>(std::index_sequence<K...>) {
            return ListAnswers<Real, decltype(std::get<K>(parts_).template part_answers<Real>(
                                         latents_[K], starts_[K], true, options, u, activity, arguments...))...>(
                options.fill, std::get<K>(parts_).template part_answers<Real>(latents_[K], starts_[K], true, options, u,
                                                                              activity, arguments...)...);
        }(std::index_sequence_for<Parts...>());
    }

  private:
    std::tuple<Parts...> parts_;
    std::array<LatentBlocks, sizeof...(Parts)> latents_;
    std::array<std::size_t, sizeof...(Parts)> starts_{};
};
template <class M, class... Parts> GuideList(const M&, Parts...) -> GuideList<M, Parts...>;

} // namespace modus
