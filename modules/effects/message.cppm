// What one suspended site says about itself. Handlers read and change this record.
export module modus.effects:message;

import modus.standard;
import modus.autodiff;
import modus.support;
import :name;
import :plate;
import :state;

export namespace modus {

enum class Kind { sample, param, deterministic, factor, plate };

/// Where the value of a site came from.
enum class Provenance { none, observed, sampled, replayed, substituted, delta };
inline constexpr std::array kind_names{"sample", "param", "deterministic", "factor", "plate"};
inline constexpr std::array provenance_names{"none", "observed", "sampled", "replayed", "substituted", "delta"};

/// What inference is told about one site, by `infer_config`.
struct InferOptions {
    /// Where AutoDelta starts, in place of its init_loc_fn.
    std::optional<Data> initial{};
    /// A site of a guide that the model does not have.
    bool is_auxiliary = false;
};

/// An effect, as the handlers see it. It lives in the frame of the suspended model.
template <Scalar Real> struct Message {
    Kind kind;
    Name base;                                   ///< as written in the model
    std::uint64_t hash;                          ///< of the name
    std::span<const Frame> frames;               ///< the plates and scopes around the site
    std::size_t outside = 0;                     ///< so many of them are around the handlers that see it, too
    const Density<Real>* distribution = nullptr; ///< of sample and param sites
    Value<Real> value{};                         ///< none until a handler or the data gives one
    Provenance provenance = Provenance::none;
    Real log_factor{};                   ///< of factor sites
    const Plate* plate = nullptr;        ///< of plates whose indices are asked for; the value is an IntVector
    double scale = 1;                    ///< multiplies the log density
    const Data* mask = nullptr;          ///< 0 where an element does not count, or none
    const Prefix* prefix = nullptr;      ///< scopes of handlers, outside those of `frames`
    const InferOptions* infer = nullptr; ///< or none
    bool stop = false;                   ///< hides the site from the handlers further out

    Message(Kind kind_, const Name& base_, const RunState& state)
        : kind(kind_),
          base(base_),
          hash(full_hash(base_, state.frames)),
          frames(state.frames),
          scale(state.scale),
          mask(state.mask) {}
    /// A site beside another one, in the same plates and scopes: for handlers that add sites.
    Message(Kind kind_, const Name& base_, const Message& other)
        : kind(kind_),
          base(base_),
          hash(full_hash(base_, other.frames.subspan(other.outside), other.prefix)),
          frames(other.frames),
          outside(other.outside),
          scale(other.scale),
          mask(other.mask),
          prefix(other.prefix) {}

    /// The name, as in "a/theta[3]", for the handlers that see it: without the plates and scopes around their model.
    std::string name() const { return full_name(base, frames.subspan(outside), prefix); }
    /// The name with all of them, which is one of its kind in a run; and its hash.
    std::string unique_name() const { return full_name(base, frames, prefix); }
    std::uint64_t unique_hash() const { return outside ? full_hash(base, frames, prefix) : hash; }
    /// Shows it to other handlers: those of a model inside so many of the frames, under these prefixes.
    void show(std::size_t outside_, const Prefix* prefix_) {
        outside = outside_;
        prefix = prefix_;
        hash = full_hash(base, frames.subspan(outside), prefix);
    }
    /// Whether the name is this one.
    bool is(const Name& other) const { return hash == other.hash; }
    template <class V> void answer(V&& value_, Provenance provenance_) {
        value = std::forward<V>(value_);
        provenance = provenance_;
    }
    /// scale x log density of the value; 0 for sites without one.
    Real log_density() const {
        if (kind != Kind::sample && kind != Kind::factor) return Real(0.0);
        if (mask && hides_all(*mask)) return Real(0.0);
        if (mask && kind == Kind::factor && !std::holds_alternative<Integer>(*mask))
            fail({"a mask that is true or false for a factor"}, {describe(*mask).c_str()},
                 "A factor is one number: leave elements out before they are summed.");
        Real density = kind == Kind::factor ? log_factor : distribution->log_density(value, mask);
        if (scale != 1) density *= scale;
        return density;
    }

  private:
    static bool hides_all(const Data& mask) {
        const auto* one = std::get_if<Integer>(&mask);
        return one && *one == 0;
    }
};

} // namespace modus
