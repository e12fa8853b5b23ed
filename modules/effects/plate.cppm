module;
#include <cstddef>
#include <string>
#include <string_view>

// plate: independent repetitions. One effect, three uses: a scope of vectorized sites, a loop with indexed names, and a
// model repeated from outside (:copies). Each pushes the same Frame.
export module modus.effects:plate;

import modus.autodiff;
import :name;
import :state;

export namespace modus {

struct Plate {
    inline Plate(const Name& name, std::size_t size_) : size(size_) {
        if (name.is_literal) literal = name.text;
        else made = name.text;
    }
    inline std::string_view name() const { return literal.empty() ? std::string_view(made) : literal; }

    std::string_view literal;
    std::string made; ///< in place of a literal: a name made at run time, which the plate outlives
    std::size_t size;
};
/// `auto rows = co_yield plate("rows", n);` puts the sites up to the end of the block into a plate of size n.
/// `for (auto i : co_yield plate("rows", n))` visits them one by one, with names such as "theta[3]".
/// `model | plate("copies", n)` runs the whole model n times, with such names.
inline Plate plate(Name name, std::size_t size) { return {name, size}; }

/// An open plate; it closes at the end of the C++ scope, also when an exception or a `break` ends it early.
class PlateScope {
  public:
    PlateScope(RunState& state, const Plate& plate) : state_(state), plate_(plate), depth_(state.frames.size()) {
        if (plate.size == 0)
            throw Error(std::string(plate.name()), "a plate of size 1 or more", "size 0",
                        "Leave the plate out where there is nothing to repeat.");
        for (const Frame& open : state.frames)
            if (open.name == plate.name())
                throw Error(std::string(plate.name()), "one open plate of this name", "a second one inside the first",
                            "Give nested plates different names.");
        state_.frames.push_back({plate_.name(), plate_.size});
    }
    PlateScope(const PlateScope&) = delete;
    inline ~PlateScope() { state_.frames.resize(depth_); }

    inline std::size_t size() const { return plate_.size; }
    /// So that `Normal(0, 1).expand(rows)` and `X.rows() == rows` read as they sound.
    inline operator std::size_t() const { return size(); }

    struct End {};
    struct Iterator {
        inline explicit Iterator(PlateScope& scope_) : scope(scope_) { scope.frame().index = 0; }
        Iterator(const Iterator&) = delete;
        inline ~Iterator() { scope.frame().index = Frame::vectorized; } // the loop is over, the scope may go on
        inline std::size_t operator*() const { return static_cast<std::size_t>(scope.frame().index); }
        inline Iterator& operator++() {
            ++scope.frame().index;
            return *this;
        }
        friend inline bool operator==(const Iterator& i, End) { return *i == i.scope.size(); }

        PlateScope& scope;
    };
    inline Iterator begin() { return Iterator(*this); }
    inline End end() const { return {}; }

  private:
    inline Frame& frame() { return state_.frames[depth_]; }

    RunState& state_;
    const Plate plate_;
    std::size_t depth_;
};

} // namespace modus
