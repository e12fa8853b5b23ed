module;
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>

// What one suspended site says about itself. Handlers read and change this record.
export module modus.effects:message;

import modus.autodiff;
import modus.support;
import :name;

export namespace modus {

enum class Kind { sample, param, deterministic, factor };

/// Where the value of a site came from.
enum class Provenance { none, observed, sampled, replayed, substituted, delta };
inline constexpr std::array kind_names{"sample", "param", "deterministic", "factor"};
inline constexpr std::array provenance_names{"none", "observed", "sampled", "replayed", "substituted", "delta"};

/// An effect, as the handlers see it. It lives in the frame of the suspended model.
template <Scalar Real> struct Message {
    Kind kind;
    Name base;                                   ///< as written in the model
    std::uint64_t hash;                          ///< of the full name
    std::span<const Frame> frames;               ///< the plates and scopes around the site
    const Density<Real>* distribution = nullptr; ///< of sample and param sites
    Value<Real> value{};                         ///< none until a handler or the data gives one
    Provenance provenance = Provenance::none;
    Real log_factor{}; ///< of factor sites
    double scale = 1;  ///< multiplies the log density
    bool stop = false; ///< hides the site from the handlers further out

    Message(Kind kind_, const Name& base_, std::span<const Frame> frames_)
        : kind(kind_), base(base_), hash(full_hash(base_, frames_)), frames(frames_) {}

    /// The full name, as in "a/theta[3]".
    std::string name() const { return full_name(base, frames); }
    /// Whether the full name is this one.
    bool is(const Name& other) const { return hash == other.hash; }
    template <class V> void answer(V&& value_, Provenance provenance_) {
        value = std::forward<V>(value_);
        provenance = provenance_;
    }
    /// scale x log density of the value; 0 for sites without one.
    Real log_density() const {
        if (kind != Kind::sample && kind != Kind::factor) return Real(0.0);
        Real density = kind == Kind::factor ? log_factor : distribution->log_density(value);
        if (scale != 1) density *= scale;
        return density;
    }
};

} // namespace modus
