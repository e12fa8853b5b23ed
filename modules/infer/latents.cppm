// The learnable points of a model: how they are found, where they are in the flat vector of parameters, and the handler
// that answers sites with them.
export module modus.infer:latents;

import modus.standard;
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
    Shape shape;                ///< of the value; of a subsampled plate, at its full size
    std::size_t event_rank = 0; ///< so many axes of the shape, the last ones, are event axes
    bool is_occasional = false; ///< in a loop over a subsampled plate: not every run comes there
    bool is_in_loop = false;    ///< of a sequential plate, which later runs may subsample
    bool is_guess = false;      ///< of an index that the first run did not visit: starts as one that it did
};

/// The latent sites of a model, found by running it once over double with every one at its initial value.
class LatentBlocks {
  public:
    /// Throws Error for a discrete site.
    void require_continuous(const LatentSite& site) const;
    /// Adds the site. In a subsampled plate its block has the full size, and the initial values repeat. Throws Error
    /// for an initial value of the wrong shape, outside the support, or on its boundary.
    void add(const LatentSite& site, std::span<const Frame> frames, const Data& initial, bool is_guess = false);
    /// Adds blocks for the indices of the loops around a site that are not visited, because the model is given those
    /// that are: later runs may visit others. Until they are visited and added, they start where `choose` says.
    void add_unvisited(const Message<double>& message, const LatentSite& site,
                       const std::function<Data(const LatentSite&)>& choose);
    /// Adds all blocks of others behind the own ones.
    void append(const LatentBlocks& others);
    std::vector<LatentBlock> blocks;
    Vector initial;          ///< unconstrained
    std::size_t numbers = 0; ///< at all sites of the first run together
    bool has_occasional = false;

    /// The block of a site, which is usually number `expected`; none where there is no such block.
    const LatentBlock* find(std::uint64_t hash, std::size_t expected) const {
        return expected < blocks.size() && blocks[expected].hash == hash ? &blocks[expected] : find(hash);
    }
    const LatentBlock* find(std::uint64_t hash) const;
    /// Throws Error unless the site has the shape of its block. Gives the coordinates that belong to the selected
    /// indices of subsampled plates, or nothing where there are none.
    static std::optional<IntVector> selected(const LatentBlock& block, const Shape& shape,
                                             std::span<const Frame> frames);
    std::string names() const;
    [[noreturn]] void unknown(const std::string& site) const;
    /// Throws Error naming the sites that a run should have visited and did not, or else those of which `is_answered`
    /// says that they were not answered; a loop that visits some of its indices this time does not count.
    template <class F> void missed(const RunState& state, const F& is_answered) const {
        std::vector<std::string> not_visited, not_answered;
        for (std::size_t k = 0; k < blocks.size(); ++k) {
            if (blocks[k].is_occasional || (blocks[k].is_in_loop && state.has_subsampled_loop)) continue;
            if (!state.was_visited(blocks[k].hash)) not_visited.push_back(blocks[k].name);
            else if (!is_answered(k)) not_answered.push_back(blocks[k].name);
        }
        if (state.has_subsampled_loop && not_visited.empty() && not_answered.empty()) return;
        report_missed(not_visited, not_answered, state.visited());
    }

  private:
    [[noreturn]] void report_missed(const std::vector<std::string>& not_visited,
                                    const std::vector<std::string>& not_answered, const std::string& visited) const;
    void add_block(const LatentSite& site, std::span<const Frame> frames, const Vector& u, bool is_guess);
};

/// The part of a value as large as the plates around a site that belongs to the indices which they visit in this run;
/// the value itself where it has another size, or where all are visited.
Data selected_part(const Data& value, const AnyDistribution& distribution, std::span<const Frame> frames);

/// What a part of a GuideList finds at the first call: its parameters, and the sites of the model that it answers.
struct PreparedPart {
    struct Answered {
        std::string name;
        std::uint64_t hash;
    };
    LatentBlocks latents;
    std::vector<Answered> answered;
};

/// Which coordinates of the parameters a run has read.
struct Activity {
    std::vector<unsigned char> coordinates; ///< 1 where it has; only where some may not have been read
    bool is_partial = false;                ///< whether some may not have been read

    void reset() {
        whole_.clear();
        is_partial = false;
    }
    void make_partial(std::size_t size) {
        if (!is_partial) coordinates.assign(size, 0);
        is_partial = true;
    }
    /// Coordinates from `first` on have been read: `count` of them.
    void note(std::size_t first, std::size_t count) { whole_.push_back({first, count}); }
    /// The selected ones, of `size` in all.
    void note(std::size_t first, const IntVector& selected, std::size_t size) {
        make_partial(size);
        for (std::size_t k = 0; k < selected.size(); ++k) coordinates[first + selected.load(k)] = 1;
    }
    /// After a run: where some may not have been read, `coordinates` say which have.
    void finish() {
        if (!is_partial) return;
        for (const Part& part : whole_)
            std::fill_n(coordinates.begin() + static_cast<std::ptrdiff_t>(part.first), part.count, 1);
    }

  private:
    struct Part {
        std::size_t first, count;
    };
    std::vector<Part> whole_;
};

/// Whether a guide has to answer this site.
template <Scalar Real> bool wants_answer(const Message<Real>& message) {
    return (message.kind == Kind::sample || message.kind == Kind::param) && !has_value(message.value);
}

/// Finds the latent sites, or only the params.
struct DiscoverLatents : Handler {
    LatentBlocks& found;
    Initializer::Choice choose;
    bool params_only;
    std::vector<std::string> named; ///< params that `choose` knows, too; others start at their own initial values

    DiscoverLatents(LatentBlocks& found_, Initializer::Choice choose_, bool params_only_ = false,
                    std::vector<std::string> named_ = {})
        : found(found_), choose(std::move(choose_)), params_only(params_only_), named(std::move(named_)) {}
    void process(Message<double>& message) {
        if (!wants_answer(message) || (params_only && message.kind == Kind::sample)) return;
        const LatentSite site{message.name(), message.hash, *message.distribution};
        found.require_continuous(site);
        const auto start = [&](const LatentSite& at) {
            return message.infer && message.infer->initial ? *message.infer->initial
                   : message.kind == Kind::param && std::ranges::find(named, at.name) == named.end()
                       ? message.distribution->feasible()
                       : choose(at);
        };
        const Data initial = start(site);
        found.add(site, message.frames, initial);
        found.add_unvisited(message, site, start);
        message.answer(initial, Provenance::delta);
    }
    void postprocess(Message<double>& message) {
        if (message.distribution) found.numbers += message.distribution->shape().size();
    }
};

/// Answers latent sites with the points that have the coordinates `u`.
template <Scalar Real> struct DeltaAnswers : Handler {
    const LatentBlocks& latents;
    const Array<Real, 1>& u;
    std::size_t start_of_u; ///< where in u the blocks begin
    Activity* activity;     ///< what has been read, or none
    bool is_part;           ///< leaves sites that it does not know to others
    std::size_t next = 0, answered = 0;
    std::uint64_t first_answered = 0; ///< a bit for each of the first 64 blocks, for a message

    DeltaAnswers(const LatentBlocks& latents_, const Array<Real, 1>& u_, std::size_t start_ = 0,
                 Activity* activity_ = nullptr, bool is_part_ = false)
        : latents(latents_), u(u_), start_of_u(start_), activity(activity_), is_part(is_part_) {}

    void process(Message<Real>& message) {
        if (!wants_answer(message)) return;
        const LatentBlock* block = latents.find(message.hash, next);
        if (!block) {
            if (is_part) return;
            latents.unknown(message.name());
        }
        const auto number = static_cast<std::size_t>(block - latents.blocks.data());
        next = number + 1;
        if (number < 64) first_answered |= std::uint64_t{1} << number;
        answered += !block->is_occasional;
        const std::size_t first = start_of_u + block->offset;
        const auto coordinates = u.slice(first, block->size);
        const auto selected = LatentBlocks::selected(*block, message.distribution->shape(), message.frames);
        if (selected) message.distribution->constrain(coordinates[*selected], message.value);
        else message.distribution->constrain(coordinates, message.value);
        message.provenance = Provenance::delta;
        if (!activity) return;
        if (selected) activity->note(first, *selected, u.size());
        else activity->note(first, block->size);
    }
    void finish(const RunState& state) {
        if (activity && latents.has_occasional) activity->make_partial(u.size());
        std::size_t expected = latents.blocks.size();
        if (latents.has_occasional)
            for (const LatentBlock& block : latents.blocks) expected -= block.is_occasional;
        if (activity && answered != expected && state.has_subsampled_loop) activity->make_partial(u.size());
        if (answered != expected)
            latents.missed(state, [this](std::size_t k) { return k >= 64 || (first_answered >> k & 1) != 0; });
    }
};

/// Collects latent points and deterministic sites.
struct CollectValues : Handler {
    NamedValues values;
    template <Scalar Real> void postprocess(Message<Real>& message) {
        const bool is_point = message.provenance == Provenance::delta || message.provenance == Provenance::replayed;
        if ((is_point && message.kind != Kind::plate) || message.kind == Kind::deterministic)
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

/// The same inside all handlers that the model has.
template <class M, class H> auto with_inner_handler(const M& model, H& handler) { return with_handler(model, handler); }
template <class M, class... Inner, class H> auto with_inner_handler(const Handled<M, Inner...>& handled, H& handler) {
    return Handled<const std::remove_reference_t<M>&, H&, Inner...>{
        handled.model, std::tuple_cat(std::tuple<H&>(handler), handled.handlers)};
}

} // namespace modus
