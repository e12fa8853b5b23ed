// Guide: a guide written by hand, as a coroutine.
export module modus.infer:guide;

import modus.standard;
import modus.autodiff;
import modus.effects;
import modus.handlers;
import modus.support;
import :init;
import :latents;
import :plates;
import :point_guide;
import :recorded;

export namespace modus {

/// A sample site of a guide.
template <Scalar Real> struct GuidePoint {
    std::string name;
    std::uint64_t hash;
    Value<Real> value;
    Shape batch_shape, event_shape;
    bool is_auxiliary;
    std::source_location where;
};

/// Gives the sample sites of a guide their points, and records them.
template <Scalar Real> struct RecordPoints : Handler {
    std::vector<GuidePoint<Real>> points;

    void process(Message<Real>& message) {
        if (message.kind != Kind::sample || has_value(message.value)) return;
        if (message.distribution->is_discrete() || message.distribution->unconstrained_size() > 0)
            throw Error("", "a point, Delta(value)", std::string(message.distribution->name()),
                        "A guide here is a point for each latent site: learn it with param, and sample Delta of it.");
        message.distribution->constrain(Array<Real, 1>(), message.value);
        message.provenance = Provenance::delta;
    }
    void postprocess(Message<Real>& message) {
        if (message.kind == Kind::sample)
            points.push_back({message.name(), message.hash, message.value, message.distribution->batch_shape(),
                              message.distribution->event_shape(), message.infer && message.infer->is_auxiliary,
                              message.base.where});
    }
};

/// Answers latent sites with the points of a guide.
template <Scalar Real> struct ReplayPoints : Handler {
    std::vector<GuidePoint<Real>> points;
    bool is_part;
    std::vector<bool> used = std::vector<bool>(points.size());

    ReplayPoints(std::vector<GuidePoint<Real>> points_, bool is_part_)
        : points(std::move(points_)), is_part(is_part_) {}
    void process(Message<Real>& message) {
        if (message.kind != Kind::sample) return;
        for (std::size_t k = 0; k < points.size(); ++k) {
            const GuidePoint<Real>& point = points[k];
            if (point.hash != message.hash) continue;
            if (has_value(message.value))
                throw Error("", "a latent site, because the guide has a point for it", "a site with data",
                            "Take the site out of the guide.");
            used[k] = true;
            const auto check_shape = [&](const char* kind, const Shape& guide, const Shape& model) {
                if (guide != model)
                    throw Error("",
                                std::string(kind) + " shape " + model.str() + ", as in the model at " +
                                    place(message.base.where),
                                std::string(kind) + " shape " + guide.str() + " in the guide at " + place(point.where),
                                "Model and guide must agree: use the same plates, expand and to_event.");
            };
            check_shape("batch", point.batch_shape, message.distribution->batch_shape());
            check_shape("event", point.event_shape, message.distribution->event_shape());
            return message.answer(point.value, Provenance::replayed);
        }
        if (!is_part && !has_value(message.value))
            throw Error("", "a point for each latent site of the model", "none in the guide, which has " + names(),
                        "Add sample(\"" + message.name() + "\", Delta(...)) to the guide.");
    }
    void finish(const RunState& state) const {
        for (std::size_t k = 0; k < points.size(); ++k)
            if (!used[k] && !points[k].is_auxiliary)
                throw Error(points[k].name, "a latent site of the model, which has " + state.visited(),
                            "only in the guide",
                            "Take it out of the guide, or mark it with infer_config as is_auxiliary.");
    }

  private:
    std::string names() const {
        std::string text;
        for (const auto& point : points) text += (text.empty() ? "" : ", ") + point.name;
        return text.empty() ? "none" : text;
    }
};

/// What a guide written by hand answers: its points, and values for the params of the model.
template <Scalar Real> struct GuideAnswers : Handler {
    ReplayPoints<Real> points;
    DeltaAnswers<Real> params;

    GuideAnswers(std::vector<GuidePoint<Real>> points_, const DeltaAnswers<Real>& params_, bool is_part)
        : points(std::move(points_), is_part), params(params_) {}
    void process(Message<Real>& message) {
        if (message.kind == Kind::param) params.process(message);
        else points.process(message);
    }
    void finish(const RunState& state) {
        points.finish(state);
        params.finish(state);
    }
};

/// A guide written by hand, for a model: a recipe with the arguments of the model, whose `param` sites are learned and
/// which samples a point for each latent site,
///
///     [](args...) -> Model<Real> {
///         auto at = co_yield param("mu_at", 0.0);
///         co_yield sample("mu", Delta(at));
///     }
///
/// It learns the `param` sites of the model too. Throws Error at the first call where model and guide have different
/// latent sites, or sites of different shapes. Pyro: a guide function.
template <class M, class Program> class Guide : public PointGuide<Guide<M, Program>, M> {
  public:
    static constexpr bool is_repeatable = modus::is_repeatable<Program>; ///< for TraceELBO::replay

    Guide(const M& model, const Program& program) : PointGuide<Guide, M>(model), program_(program) {}

    template <class... A> LatentBlocks prepare(const A&... arguments) {
        return prepare_part(this->discovery(), false, {}, arguments...).latents;
    }
    template <Scalar Real, class... A>
    auto answers(const RunOptions& options, const Array<Real, 1>& u, Activity* activity, const A&... arguments) const {
        return part_answers<Real>(this->latents(), 0, options.fill, {}, options, u, activity, arguments...);
    }

    /// The params of the program.
    template <class H, class... A>
    void visit_params(const RunOptions& options, const Vector& u, H& handler, const A&... arguments) const {
        visit_part_params(0, {}, options, u, handler, arguments...);
    }

    /// As a part of a GuideList: with the plates of the list.
    template <class... A> PreparedPart prepare_part(const RunOptions& options, bool is_part,
                                                    const std::vector<Plate>& plates, const A&... arguments) {
        PreparedPart result;
        of_guide_ = of_model_ = {};
        WithPlates<RecordPoints<double>> record({}, plates, options);
        DiscoverLatents params(of_guide_, nullptr, true);
        run(options, with_handler(with_handler(program_, record), params), arguments...);
        for (const auto& point : record.sites.points)
            if (!point.is_auxiliary) result.answered.push_back({point.name, point.hash});
        WithPlates<ReplayPoints<double>> replay({std::move(record.sites.points), is_part}, plates, options);
        DiscoverLatents model_params(of_model_, nullptr, true);
        run(options, with_handler(with_handler(this->model(), replay), model_params), arguments...);
        for (const LatentBlock& block : of_model_.blocks)
            if (of_guide_.find(block.hash))
                throw Error(block.name, "different names for the params of model and guide", "one name for two",
                            "Rename one of them.");
        for (const LatentBlock& block : of_model_.blocks) result.answered.push_back({block.name, block.hash});
        result.latents = of_guide_;
        result.latents.append(of_model_);
        return result;
    }
    template <class... A> std::vector<Plate> part_plates(const A&...) const { return {}; }
    template <Scalar Real, class... A> auto part_answers(const LatentBlocks&, std::size_t start, bool is_part,
                                                         const std::vector<Plate>& plates, const RunOptions& options,
                                                         const Array<Real, 1>& u, Activity* activity,
                                                         const A&... arguments) const {
        WithPlates<RecordPoints<Real>> record({}, plates, options);
        DeltaAnswers<Real> params(of_guide_, u, start, activity);
        run<Real>(options, with_handler(with_handler(program_, record), params), arguments...);
        return GuideAnswers<Real>(std::move(record.sites.points),
                                  DeltaAnswers<Real>(of_model_, u, start + of_guide_.initial.size(), activity, is_part),
                                  is_part);
    }

    template <class H, class... A> void visit_part_params(std::size_t start, const std::vector<Plate>& plates,
                                                          const RunOptions& options, const Vector& u, H& handler,
                                                          const A&... arguments) const {
        WithPlates<RecordPoints<double>> record({}, plates, options);
        DeltaAnswers<double> params(of_guide_, u, start);
        run(options, with_handler(with_handler(with_handler(program_, record), params), handler), arguments...);
    }

  private:
    Program program_;
    LatentBlocks of_guide_, of_model_;
};

} // namespace modus
