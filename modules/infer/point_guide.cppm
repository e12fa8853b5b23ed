// What all guides offer that answer each latent site with a learnable point.
export module modus.infer:point_guide;

import modus.standard;
import modus.autodiff;
import modus.effects;
import modus.handlers;
import modus.support;
import :latents;

export namespace modus {

/// The names that match the whole of a regular expression. Throws Error for a pattern that is none.
std::vector<std::string> matching(const std::vector<std::string>& names, const std::string& pattern);

/// Looks up the value of one site.
struct GetValue : Handler {
    std::uint64_t hash;
    Data value;

    explicit GetValue(std::uint64_t hash_) : hash(hash_) {}
    void postprocess(Message<double>& message) {
        if (message.hash == hash && message.distribution) value = data_of(message.value);
    }
};

/// Sets the coordinates of one site from a value.
struct SetValue : Handler {
    std::uint64_t hash;
    const Data& value;
    Vector coordinates;
    bool is_found = false;

    SetValue(std::uint64_t hash_, const Data& value_) : hash(hash_), value(value_) {}
    void postprocess(Message<double>& message) {
        if (message.hash != hash || !message.distribution) return;
        is_found = true;
        message.distribution->check_value(value);
        coordinates = message.distribution->unconstrain(value);
    }
};

/// The base of the guides. `Derived` has `prepare(args...)`, which finds latents, `answers(options, u, activity,
/// args...)`, which makes the handler that answers them, and `visit_params(options, u, handler, args...)`, which shows
/// the handler the params that are the guide's alone. A guide owns its parameters; use one guide in one thread at a
/// time.
template <class Derived, class M> class PointGuide {
  public:
    explicit PointGuide(const M& model) : model_(model) {}

    /// Finds the latent sites, at the first call, with that call's arguments. Throws Error for initial values of the
    /// wrong shape or outside their support, and for sites that the model gets wrong.
    template <class... A> void setup(const A&... arguments) {
        if (is_set_up_) return;
        latents_ = self().prepare(arguments...);
        parameters_ = latents_.initial;
        is_set_up_ = true;
    }
    /// Forgets everything that was learned; the next call starts from initial values. An SVI that uses the guide then
    /// forgets what its optimizer remembers.
    void clear() {
        latents_ = {};
        parameters_ = {};
        is_set_up_ = false;
        ++times_cleared_;
    }
    /// How often it has forgotten.
    std::uint64_t times_cleared() const { return times_cleared_; }

    const M& model() const { return model_; }
    const LatentBlocks& latents() const { return latents_; }
    /// How many numbers were at the sites of the first call, observed ones included.
    std::size_t numbers() const { return latents_.numbers; }
    /// The flat unconstrained parameters.
    const Vector& parameters() const { return parameters_; }
    Vector& parameters() { return parameters_; }

    /// The names of the sites that are learned, in the order of their parameters.
    std::vector<std::string> names() const {
        std::vector<std::string> result;
        for (const LatentBlock& block : latents_.blocks) result.push_back(block.name);
        return result;
    }
    /// Those that match the whole of a regular expression (ECMAScript). Pyro: ParamStoreDict.match.
    std::vector<std::string> match(const std::string& pattern) const { return matching(names(), pattern); }
    /// The unconstrained coordinates of one site. Throws Error listing the names there are.
    Vector unconstrained(std::string_view name) const {
        const LatentBlock& block = at(name);
        return parameters_.slice(block.offset, block.size);
    }
    /// The value of one site. Throws Error as `unconstrained` does.
    template <class... A> Data get(std::string_view name, const A&... arguments) {
        setup(arguments...);
        const LatentBlock& block = at(name);
        GetValue look(block.hash);
        visit(look, arguments...);
        if (!has_value(look.value)) latents_.unknown(std::string(name));
        return std::move(look.value);
    }
    /// Moves one site to a value. Throws Error where it is outside the support, which may depend on other sites, and
    /// where these arguments give a plate around it some of its indices only.
    template <class... A> void set(std::string_view name, const Data& value, const A&... arguments) {
        setup(arguments...);
        const LatentBlock& block = at(name);
        SetValue change(block.hash, value);
        visit(change, arguments...);
        if (!change.is_found) latents_.unknown(std::string(name));
        if (change.coordinates.size() != block.size)
            throw Error(std::string(name), "a run that visits all of the site, shape " + block.shape.str(),
                        "one that visits a part of it, because the model is given the indices of a plate",
                        "Call set with arguments for the whole plate.");
        for (std::size_t k = 0; k < block.size; ++k) parameters_[block.offset + k] = change.coordinates.load(k);
    }

    /// The present points by name, in the model's order, with the deterministic sites that follow from them. Those in
    /// plates that would draw a subsample have their full size; where the arguments give the indices, it is those rows.
    template <class... A> NamedValues median(const A&... arguments) {
        setup(arguments...);
        auto answer = self().template answers<double>(whole(), parameters_, nullptr, arguments...);
        CollectValues collect;
        return modus::run(whole(), with_handler(with_handler(model_, answer), collect), arguments...);
    }
    /// The quantiles of each site, for each number of `q` from 0 to 1: of a point, the point itself.
    template <class... A> std::vector<NamedValues> quantiles(const std::vector<double>& q, const A&... arguments) {
        for (const double p : q)
            if (!(p >= 0 && p <= 1)) fail({"a quantile from 0 to 1"}, {format_exactly(p).c_str()}, "Correct it.");
        return std::vector<NamedValues>(q.size(), median(arguments...));
    }

  protected:
    /// For looking at the whole of a model.
    static RunOptions whole() { return {.whole_plates = RunOptions::Whole::all}; }
    /// For finding its latent sites. Vectorized plates draw; loops visit all indices.
    static RunOptions discovery() {
        return {.subsample_seed = seed_of_run(0, 0), .whole_plates = RunOptions::Whole::sequential};
    }

  private:
    Derived& self() { return static_cast<Derived&>(*this); }
    /// Shows all sites of the model at the present points, and the params of guides written by hand, to a handler.
    template <class H, class... A> void visit(H& handler, const A&... arguments) {
        auto answer = self().template answers<double>(whole(), parameters_, nullptr, arguments...);
        modus::run(whole(), with_handler(with_handler(model_, answer), handler), arguments...);
        self().visit_params(whole(), parameters_, handler, arguments...);
    }
    const LatentBlock& at(std::string_view name) const {
        if (const LatentBlock* block = latents_.find(hash_name(name))) return *block;
        throw Error(std::string(name), "one of the sites that are learned: " + latents_.names(), "no site of this name",
                    "Check the spelling, and that the guide has been set up by a first call.");
    }

    M model_;
    LatentBlocks latents_;
    Vector parameters_;
    bool is_set_up_ = false;
    std::uint64_t times_cleared_ = 0;
};

} // namespace modus
