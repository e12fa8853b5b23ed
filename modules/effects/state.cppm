// What one run of a model remembers: the plates that are open, and the sites that were visited.
export module modus.effects:state;

import modus.standard;
import modus.autodiff;
import modus.support;
import :name;

export namespace modus {

struct RunOptions {
    /// Check parameters and values of every site. Without it a wrong value may give a wrong answer silently.
    bool validate = true;
    /// Draw the indices of subsampled plates from the streams of this seed, where no handler gives them.
    std::optional<std::uint64_t> subsample_seed{};
    /// Run plates that would draw a subsample over all their indices: sequential ones, or all of them.
    enum class Whole { none, sequential, all } whole_plates = Whole::none;
    /// Tolerate latent sites that nobody answers: guides leave those that they do not know to handlers further out, and
    /// in the end they get a feasible point of their support. For looking at a part of a model.
    bool fill = false;
};

class RunState {
  public:
    inline explicit RunState(const RunOptions& options_) : options(options_) {
        frames.reserve(4);
        sites_.reserve(few);
    }

    /// Registers a site. Throws Error with both places in the source where its name was used before.
    void visit(const Name& base, std::uint64_t hash, const Prefix* prefix);
    /// Remembers the name that handlers of a submodel have for it.
    void visit_inside(std::uint64_t hash) { inside_.push_back(hash); }
    /// Whether a site has this name, or had it for handlers of a submodel.
    bool was_visited(std::uint64_t hash) const {
        return find(hash) || std::ranges::find(inside_, hash) != inside_.end();
    }
    /// Names of the sites visited so far, as written, for messages: "a, b, c".
    std::string visited() const;

    RunOptions options;
    PoolVector<Frame> frames;
    bool has_drawn = false;           ///< indices that handlers gave to a plate: another run may have others
    bool has_subsampled_loop = false; ///< a sequential plate has visited some of its indices
    double scale = 1;                 ///< of the log densities in the scopes that are open: plates, scale
    const Data* mask = nullptr;       ///< of the mask scopes that are open

  private:
    struct Site {
        std::uint64_t hash = 0;
        std::string_view literal; // empty where the name was made at run time; then it follows the scopes
        std::source_location where;
        std::size_t scope_begin = 0, scope_size = 0; // of scopes_
    };
    static constexpr std::size_t few = 16; // so many are looked through

    const Site* find(std::uint64_t hash) const;
    void insert(std::size_t number);
    void grow();

    PoolVector<Site> sites_;  // in order
    PoolVector<char> scopes_; // "a/" for each site within scopes, and dynamic names, for messages
    PoolVector<std::uint64_t> inside_;
    PoolVector<std::uint32_t> slots_; // where there are more: open addressing, 1 + index into sites_, 0 where free
};

} // namespace modus
