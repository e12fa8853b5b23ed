// plate: independent repetitions. One effect, three uses: a scope of vectorized sites, a loop with indexed names, and a
// model repeated from outside (:copies). Each pushes the same Frame.
export module modus.effects:plate;

import modus.standard;
import modus.autodiff;
import :name;
import :state;

export namespace modus {

struct PlateOptions {
    /// Visit so many of the indices, drawn without replacement at each run; the log densities inside are scaled by
    /// size / subsample_size, so that their sum estimates that of the whole plate without bias.
    std::optional<std::size_t> subsample_size{};
    /// Visit these indices, scaled the same way. No handler or guide replaces them.
    std::optional<IntVector> subsample{};
    /// The batch axis of the sites inside: -1, the last one, or -2. Without it, the first that is free from the right.
    std::optional<int> dim{};
};

struct Plate {
    inline Plate(const Name& name, std::size_t size_, PlateOptions options_)
        : size(size_), options(std::move(options_)) {
        if (name.is_literal) literal = name.text;
        else made = name.text;
    }
    inline std::string_view name() const { return literal.empty() ? std::string_view(made) : literal; }
    /// Throws Error for a size of 0 and for options that do not go together.
    void check() const;
    /// Throws Error unless these indices select elements of the plate; `source` says whose they are.
    void check_selection(const IntVector& indices, const char* source) const;
    /// Draws as many indices as the plate asks for. `hash` is that of its full name. Throws Error where the run has no
    /// seed to draw from.
    IntVector draw(std::uint64_t hash, const RunOptions& run_options) const;
    IntVector draw(std::uint64_t hash, std::uint64_t seed) const;
    /// Whether indices have to be drawn.
    inline bool is_drawn() const {
        return !options.subsample && options.subsample_size && *options.subsample_size < size;
    }

    std::string_view literal;
    std::string made; ///< in place of a literal: a name made at run time, which the plate outlives
    std::size_t size;
    PlateOptions options;
};
/// `auto rows = co_yield plate("rows", n);` puts the sites up to the end of the block into a plate of size n.
/// `for (auto i : co_yield plate("rows", n))` visits them one by one, with names such as "theta[3]".
/// `model | plate("copies", n)` runs the whole model n times, with such names.
/// `plate("rows", n, {.subsample_size = 20})` visits 20 of them. pyro.plate.
inline Plate plate(Name name, std::size_t size, PlateOptions options = {}) { return {name, size, std::move(options)}; }

/// An open plate; it closes at the end of the C++ scope, also when an exception or a `break` ends it early.
class PlateScope {
  public:
    /// Opens the plate for the selected indices, or for all. Throws Error for a name that is open already and for an
    /// axis that another plate has.
    PlateScope(RunState& state, const Plate& plate, std::optional<IntVector> selected);
    PlateScope(const PlateScope&) = delete;
    ~PlateScope();

    /// How many indices are visited: all, or as many as are selected.
    inline std::size_t size() const { return selected_ ? selected_->size() : full_size_; }
    inline std::size_t full_size() const { return full_size_; }
    /// So that `Normal(0, 1).expand(rows)` and `X.rows() == rows` read as they sound.
    inline operator std::size_t() const { return size(); }
    /// The indices that are visited.
    IntVector indices() const;

    /// The part of full-size data (or of a full-size parameter) that belongs to the visited indices, along the axis of
    /// this plate: `data.subsample(y)`. The last `event_dim` axes of x are not batch axes: `data.subsample(X, 1)` takes
    /// rows of X. Without subsampling it is x itself. Throws Error where x is not as long as the plate. pyro.subsample.
    template <class T, std::size_t R> Array<T, R> subsample(const Array<T, R>& x, std::size_t event_dim = 0) const {
        const std::size_t axis = subsampled_axis(R, event_dim);
        check_extent(x.extents()[axis]);
        if (!selected_) return x;
        if constexpr (R == 1) return x[*selected_];
        else return axis == 0 ? take_rows(x, *selected_) : take_columns(x, *selected_);
    }
    /// Data that may be absent.
    template <class Data> requires requires(const Data& y) {
        y.data();
        y.data().has_value();
    }
    Data subsample(const Data& y, std::size_t event_dim = 0) const {
        return y ? Data(subsample(*y, event_dim)) : y;
    }

    struct End {};
    struct Iterator {
        inline explicit Iterator(PlateScope& scope_) : scope(scope_) { scope.visit(0); }
        Iterator(const Iterator&) = delete;
        inline ~Iterator() { scope.frame().index = Frame::vectorized; } // the loop is over, the scope may go on
        /// The index in the whole plate.
        inline std::size_t operator*() const { return static_cast<std::size_t>(scope.frame().index); }
        inline Iterator& operator++() {
            scope.visit(++position);
            return *this;
        }
        friend inline bool operator==(const Iterator& i, End) { return i.position == i.scope.loop_size(); }

        PlateScope& scope;
        std::size_t position = 0;
    };
    inline Iterator begin() { return Iterator(*this); }
    inline End end() const { return {}; }

  private:
    inline Frame& frame() const { return state_.frames[depth_]; }
    inline std::size_t loop_size() const { return loops_over_all_ ? full_size_ : size(); }
    /// Makes the plate a sequential one, at the index at this position.
    inline void visit(std::size_t position) {
        if (position == loop_size()) return;
        const std::size_t index =
            selected_ && !loops_over_all_ ? static_cast<std::size_t>(selected_->load(position)) : position;
        frame().index = static_cast<std::ptrdiff_t>(index);
        if (selected_ && !loops_over_all_) state_.has_subsampled_loop = true;
    }
    std::size_t subsampled_axis(std::size_t rank, std::size_t event_dim) const;
    void check_extent(std::size_t extent) const;

    RunState& state_;
    const std::string_view literal_;
    const std::string made_; // in place of a literal
    const std::size_t full_size_;
    const std::optional<IntVector> selected_;
    const bool loops_over_all_;
    const double outer_scale_;
    const std::size_t depth_;
};

} // namespace modus
