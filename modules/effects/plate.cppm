module;
#include <cstddef>
#include <string>

// plate: independent repetitions. One effect, three uses: a scope of vectorized sites, a loop with indexed names, and a
// model repeated from outside (:copies). Each pushes the same Frame.
export module modus.effects:plate;

import modus.autodiff;
import :name;
import :state;

export namespace modus {

struct Plate {
    Name name;
    std::size_t size;
};
/// `auto rows = co_yield plate("rows", n);` puts the sites up to the end of the block into a plate of size n.
/// `for (auto i : co_yield plate("rows", n))` visits them one by one, with names such as "theta[3]".
/// `model | plate("copies", n)` runs the whole model n times, with such names.
inline Plate plate(Name name, std::size_t size) { return {name, size}; }

/// An open plate; it closes at the end of the C++ scope, also when an exception or a `break` ends it early.
class PlateScope {
  public:
    PlateScope(RunState& state, const Plate& plate) : state_(state), depth_(state.frames.size()) {
        if (plate.size == 0)
            throw Error(std::string(plate.name.text), "a plate of size 1 or more", "size 0",
                        "Leave the plate out where there is nothing to repeat.");
        for (const Frame& open : state.frames)
            if (open.name == plate.name.text)
                throw Error(std::string(plate.name.text), "one open plate of this name",
                            "a second one inside the first", "Give nested plates different names.");
        state_.frames.push_back({plate.name.text, plate.size});
    }
    PlateScope(const PlateScope&) = delete;
    ~PlateScope() { state_.frames.resize(depth_); }

    std::size_t size() const { return state_.frames[depth_].size; }
    /// So that `Normal(0, 1).expand(rows)` and `X.rows() == rows` read as they sound.
    operator std::size_t() const { return size(); }

    struct End {};
    struct Iterator {
        PlateScope& scope;
        std::size_t operator*() const { return static_cast<std::size_t>(scope.frame().index); }
        Iterator& operator++() {
            ++scope.frame().index;
            return *this;
        }
        friend bool operator==(const Iterator& i, End) {
            if (*i < i.scope.size()) return false;
            i.scope.frame().index = Frame::vectorized; // the loop is over, the scope may go on
            return true;
        }
    };
    Iterator begin() {
        frame().index = 0;
        return {*this};
    }
    End end() const { return {}; }

  private:
    Frame& frame() { return state_.frames[depth_]; }

    RunState& state_;
    std::size_t depth_;
};

} // namespace modus
