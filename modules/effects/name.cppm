// Names of sites: checked and hashed at compile time where they are literals.
export module modus.effects:name;

import modus.standard;
import modus.autodiff;

// A literal that is no name is refused where it is written. (A consteval constructor that fails would make the generic
// lambda around it immediate, and the error would say only that; clang's attribute says what is wrong. Other compilers
// let the name pass.)
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wgcc-compat" // the attribute is clang's own
#define MODUS_REFUSE(condition, message) __attribute__((diagnose_if(condition, message, "error")))
#else
#define MODUS_REFUSE(condition, message)
#endif

export namespace modus {

/// FNV-1a over 64 bits. It can be continued: hash of "theta[3]" = hash of "[3]" from the hash of "theta".
constexpr std::uint64_t hash_name(std::string_view text, std::uint64_t from = 0xcbf29ce484222325) {
    for (const char c : text) from = (from ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return from;
}

/// Whether this may be the name of a site: not empty, and without what plates and scopes put into names.
constexpr bool is_site_name(std::string_view text) {
    return !text.empty() && text.find_first_of("/[]") == std::string_view::npos;
}

/// A name written as a literal, with its hash and the place where it was written. It views the literal.
class Name {
  public:
    template <std::size_t N>
    consteval Name(const char (&literal)[N], std::source_location where_ = std::source_location::current())
        MODUS_REFUSE(!is_site_name(std::string_view(literal, N - 1)),
                     "a site name must not be empty or contain '/', '[' or ']'")
        : text(literal, N - 1), hash(hash_name(text)), where(where_) {}

    /// A name made at run time by a handler or a plate; it views the text.
    static Name view(std::string_view text, std::source_location where = {}) { return Name(text, where); }

    std::string_view text;
    std::uint64_t hash;
    std::source_location where;
    bool is_literal = true; ///< so that `text` may be kept

  private:
    friend class DynamicName;
    Name(std::string_view text_, std::source_location where_)
        : text(text_), hash(hash_name(text_)), where(where_), is_literal(false) {}
};

/// One plate, or one named scope, around a site; outermost first.
struct Frame {
    static constexpr std::ptrdiff_t vectorized = -1, scope = -2;

    std::string_view name;
    std::size_t size = 0;                ///< of this run: as many indices as are selected
    std::ptrdiff_t index = vectorized;   ///< the current index of a sequential plate, else one of the above
    std::size_t full_size = 0;           ///< of the plate
    const IntVector* selected = nullptr; ///< the indices of a subsampled plate
    std::size_t axis = 0;                ///< the batch axis of a vectorized plate, counted from the right, from 1
    bool visits_all = false;             ///< a loop over all indices, although some are selected

    inline bool is_vectorized() const { return index == vectorized; }
    inline bool is_subsampled() const { return selected != nullptr; }
};

/// A name scope that a handler puts around a model from outside; outermost first.
struct Prefix {
    std::string_view text;
    const Prefix* inner;
};

/// Calls f with the text of each scope around a site, outermost first.
template <class F> void for_each_scope(std::span<const Frame> frames, const Prefix* prefix, const F& f) {
    for (; prefix; prefix = prefix->inner) f(prefix->text);
    for (const Frame& frame : frames)
        if (frame.index == Frame::scope) f(frame.name);
}

/// The full name of a site: scope prefixes, then the name, then the indices of sequential plates, "a/theta[3]"; and its
/// hash, which needs no memory.
std::string full_name(const Name& base, std::span<const Frame> frames, const Prefix* prefix = nullptr);
std::uint64_t full_hash(const Name& base, std::span<const Frame> frames, const Prefix* prefix = nullptr);

/// "model.cpp:12", for messages; nothing for a name that was not written in a program.
std::string place(const std::source_location& where);

/// A name made at run time: `sample(dynamic("theta_" + std::to_string(i)), ...)`. It must live as long as the effect
/// made from it; a temporary within the `co_yield` expression does.
class DynamicName {
  public:
    DynamicName(std::string text, std::source_location where) : text_(std::move(text)), where_(where) {
        if (!is_site_name(text_))
            throw Error(text_, "a site name without '/', '[' and ']'", "'" + text_ + "'",
                        "Brackets and slashes are kept for plates and scopes.");
    }
    operator Name() const { return Name(text_, where_); }

  private:
    std::string text_;
    std::source_location where_;
};

inline DynamicName dynamic(std::string text, std::source_location where = std::source_location::current()) {
    return DynamicName(std::move(text), where);
}

} // namespace modus
