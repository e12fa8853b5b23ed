// Predictive: what a model, or a fit of it, says about data to come.
export module modus.infer:predictive;

import modus.standard;
import modus.autodiff;
import modus.effects;
import modus.handlers;
import modus.support;
import :latents;
import :parallel;

export namespace modus {

/// The values of all random and deterministic sites in many runs.
class Draws {
  public:
    Draws() = default;
    explicit Draws(std::vector<NamedValues> runs) : runs_(std::move(runs)) {}

    std::size_t size() const { return runs_.size(); }
    const NamedValues& operator[](std::size_t k) const { return runs_[k]; }
    auto begin() const { return runs_.begin(); }
    auto end() const { return runs_.end(); }
    /// One site in all runs: numbers as a vector, vectors as the rows of a matrix; whole numbers as such. Throws Error
    /// for sites that are matrices or change their shape: read them one by one.
    Data stacked(std::string_view name) const;
    /// The same as a Vector, Matrix, IntVector or IntMatrix.
    template <class T> T get(std::string_view name) const { return value_as<T>(stacked(name)); }
    /// The mean over the runs, elementwise, as real numbers in the shape of the site.
    Data mean(std::string_view name) const;

  private:
    std::vector<NamedValues> runs_;
};

/// Draws come from the prior.
struct FromPrior {};

struct PredictiveOptions {
    std::uint64_t seed = 0;
    bool validate = true;
};

/// Answers sites with given values, where there are any; the others are left to the next handler. Of values as large as
/// a plate that is subsampled, it is those of the indices that are visited.
struct GivenValues : Handler {
    const NamedValues& values;
    explicit GivenValues(const NamedValues& values_) : values(values_) {}
    template <Scalar Real> void process(Message<Real>& message) {
        if (!wants_answer(message)) return;
        if (const auto* entry = values.find(message.hash))
            message.answer(to_value<Real>(selected_part(entry->value, *message.distribution, message.frames)),
                           Provenance::substituted);
    }
    void finish(const RunState& state) const {
        for (const auto& entry : values)
            if (!state.was_visited(entry.hash))
                throw Error(entry.name, "one of the sites of the model: " + state.visited(), "no site of this name",
                            "Predict with samples of the same model.");
    }
};

/// Collects the values of all sites.
struct CollectSites : Handler {
    NamedValues values;
    template <Scalar Real> void postprocess(Message<Real>& message) {
        if (message.kind == Kind::sample || message.kind == Kind::param || message.kind == Kind::deterministic)
            values.add(message.name(), data_of(message.value));
    }
};

/// Draws of all sites of a model: `Predictive(model, n)` from the prior, `Predictive(model, guide, n)` at the points of
/// a fit, `Predictive(model, samples, n)` at given values of latent sites (a std::vector<NamedValues>, used in turn).
/// The call takes the arguments of the model, with `absent` for the data that are to be predicted. Runs go in parallel;
/// the draws depend on the seed and on nothing else. Pyro: pyro.infer.Predictive.
template <class M, class Source> class Predictive {
  public:
    Predictive(const M& model, std::size_t n, PredictiveOptions options = {}) requires std::same_as<Source, FromPrior>
        : model_(owned(model)), n_(n), options_(options) {
        check();
    }
    /// The guide or the samples are used in place.
    Predictive(const M& model, Source& source, std::size_t n, PredictiveOptions options = {})
        : model_(owned(model)), source_(&source), n_(n), options_(options) {
        check();
        if constexpr (is_samples)
            if (source.empty()) fail({"at least one sample"}, {"none"}, "Pass the values of the latent sites.");
    }

    /// Throws Error as a run of the model does.
    template <class... A> Draws operator()(const A&... arguments) const {
        if constexpr (!is_samples && !std::same_as<Source, FromPrior>) source_->setup(arguments...);
        std::vector<NamedValues> runs(n_);
        parallel_for(n_, [&](std::size_t k) { runs[k] = draw(k, arguments...); });
        return Draws(std::move(runs));
    }

  private:
    static constexpr bool is_samples = std::same_as<std::remove_const_t<Source>, std::vector<NamedValues>>;

    void check() const {
        if (n_ == 0) fail({"at least one draw"}, {"n = 0"}, "Ask for more.");
    }
    template <class... A> NamedValues draw(std::size_t k, const A&... arguments) const {
        const RunOptions options{.validate = options_.validate};
        seed draws(seed_of_run(options_.seed, k));
        CollectSites collect;
        const auto with_draws = [&](const auto& model) {
            run(options, with_handler(with_handler(model, draws), collect), arguments...);
        };
        if constexpr (std::same_as<Source, FromPrior>) {
            with_draws(model_);
        } else if constexpr (is_samples) {
            GivenValues given((*source_)[k % source_->size()]);
            with_draws(with_handler(model_, given));
        } else {
            auto answer = source_->template answers<double>(
                RunOptions{.validate = options_.validate, .subsample_seed = draws.number, .fill = true},
                source_->parameters(), nullptr, arguments...);
            with_draws(with_handler(model_, answer));
        }
        return std::move(collect.values);
    }

    owned_t<M> model_; // runs in parallel do not share a handler
    Source* source_ = nullptr;
    std::size_t n_;
    PredictiveOptions options_;
};
template <class M> Predictive(const M&, std::size_t) -> Predictive<M, FromPrior>;
template <class M> Predictive(const M&, std::size_t, PredictiveOptions) -> Predictive<M, FromPrior>;
template <class M, class S> requires(!std::integral<S>)
Predictive(const M&, S&, std::size_t) -> Predictive<M, S>;
template <class M, class S> requires(!std::integral<S>)
Predictive(const M&, S&, std::size_t, PredictiveOptions) -> Predictive<M, S>;

} // namespace modus
