// GuideList: several guides, each for a part of the latent sites.
export module modus.infer:guide_list;

import modus.standard;
import modus.autodiff;
import modus.effects;
import modus.handlers;
import modus.support;
import :latents;
import :plates;
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
    static constexpr bool is_repeatable = (Parts::is_repeatable && ...); ///< for TraceELBO::replay

    explicit GuideList(const M& model, Parts... parts) : PointGuide<GuideList, M>(model), parts_(std::move(parts)...) {}

    template <class... A> LatentBlocks prepare(const A&... arguments) {
        RunOptions options = this->discovery();
        options.fill = true; // the sites of other parts
        const std::vector<Plate> plates = list_plates(arguments...);
        LatentBlocks all;
        std::vector<PreparedPart::Answered> answered;
        std::vector<std::size_t> by; // which part answers it
        const auto add = [&]<std::size_t K>(auto& part) {
            PreparedPart prepared = part.prepare_part(options, true, plates, arguments...);
            for (const auto& site : prepared.answered) {
                for (std::size_t j = 0; j < answered.size(); ++j)
                    if (answered[j].hash == site.hash)
                        throw Error(site.name, "one part of the GuideList that answers this site",
                                    "two, part " + std::to_string(by[j] + 1) + " and part " + std::to_string(K + 1),
                                    "Hide the site in the model of one of them: block({.hide = {...}}).");
                answered.push_back(site);
                by.push_back(K);
            }
            latents_[K] = std::move(prepared.latents);
            for (const LatentBlock& block : latents_[K].blocks)
                if (all.find(block.hash))
                    throw Error(block.name, "different names for the params of the parts of a GuideList",
                                "one name in part " + std::to_string(K + 1) + " and in one before it",
                                "Rename one of them.");
            starts_[K] = all.initial.size();
            all.append(latents_[K]);
        };
        for_each_part(add);
        initialize(options, plates, all, arguments...);

        auto answer = answers<double>(this->discovery(), all.initial, nullptr, arguments...);
        run(this->discovery(), with_handler(this->model(), answer), arguments...); // finds sites without a part
        answer.plates.check_used();
        return all;
    }
    template <Scalar Real, class... A>
    auto answers(const RunOptions& options, const Array<Real, 1>& u, Activity* activity, const A&... arguments) const {
        const std::vector<Plate> plates = list_plates(arguments...);
        return [&]<std::size_t... K>(std::index_sequence<K...>) {
            using Answers =
                ListAnswers<Real, decltype(std::get<K>(parts_).template part_answers<Real>(
                                      latents_[K], starts_[K], true, plates, options, u, activity, arguments...))...>;
            return WithPlates<Answers>(Answers(options.fill, std::get<K>(parts_).template part_answers<Real>(
                                                                 latents_[K], starts_[K], true, plates, options, u,
                                                                 activity, arguments...)...),
                                       plates, options);
        }(std::index_sequence_for<Parts...>());
    }

    template <class H, class... A>
    void visit_params(const RunOptions& options, const Vector& u, H& handler, const A&... arguments) {
        const std::vector<Plate> plates = list_plates(arguments...);
        for_each_part([&]<std::size_t K>(const auto& part) {
            part.visit_part_params(starts_[K], plates, options, u, handler, arguments...);
        });
    }

  private:
    template <class F> void for_each_part(const F& f) {
        [&]<std::size_t... K>(std::index_sequence<K...>) {
            (f.template operator()<K>(std::get<K>(parts_)), ...);
        }(std::index_sequence_for<Parts...>());
    }
    /// The plates of all parts: the indices that one of them chooses are those of all.
    template <class... A> std::vector<Plate> list_plates(const A&... arguments) const {
        std::vector<Plate> all;
        const auto add = [&](const std::vector<Plate>& plates) { all.insert(all.end(), plates.begin(), plates.end()); };
        std::apply([&](const auto&... part) { (add(part.part_plates(arguments...)), ...); }, parts_);
        return all;
    }

    /// Answers the sites of the other parts.
    template <class H> struct Others : Handler {
        H& answers;
        const LatentBlocks& own;

        Others(H& answers_, const LatentBlocks& own_) : answers(answers_), own(own_) {}
        void process(Message<double>& message) {
            if (!own.find(message.hash)) answers.process(message);
        }
    };
    /// Initial values: those of a part may be within bounds that sites of other parts set, so that it is done as often
    /// as there are parts, and only the last time counts.
    template <class... A> void initialize(const RunOptions& options, const std::vector<Plate>& plates,
                                          LatentBlocks& all, const A&... arguments) {
        bool is_last = false;
        const auto once = [&]<std::size_t K>(auto& part) {
            if constexpr (requires { part.initialize_part(options, part, plates, arguments...); }) {
                auto answer = answers<double>(options, all.initial, nullptr, arguments...);
                Others<decltype(answer)> others(answer, latents_[K]);
                try {
                    latents_[K] = part.initialize_part(options, others, plates, arguments...);
                } catch (const Error&) {
                    if (is_last) throw;
                    return; // the others may not be where they will be
                }
                for (std::size_t k = 0; k < latents_[K].initial.size(); ++k)
                    all.initial[starts_[K] + k] = latents_[K].initial[k];
            }
        };
        for (std::size_t round = 0; round < sizeof...(Parts); ++round) {
            is_last = round + 1 == sizeof...(Parts);
            for_each_part(once);
        }
    }

    std::tuple<Parts...> parts_;
    std::array<LatentBlocks, sizeof...(Parts)> latents_;
    std::array<std::size_t, sizeof...(Parts)> starts_{};
};
template <class M, class... Parts> GuideList(const M&, Parts...) -> GuideList<M, Parts...>;

} // namespace modus
