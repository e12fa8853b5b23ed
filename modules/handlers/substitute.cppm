// substitute gives values to latent sites and to params, which stay latent.
export module modus.handlers:substitute;

import modus.standard;
import modus.autodiff;
import modus.effects;
import :assignment;
import :named_values;

export namespace modus {

/// `model | substitute({{"mu", 0.3}})`: evaluates the model at these values. Throws Error at the end of a run for a
/// name that no site has, and where a site has another value already. numpyro.handlers.substitute.
struct substitute : Handler {
    static constexpr bool is_repeatable = true;

    explicit substitute(NamedValues values) : assignment("substitute", std::move(values)) {}

    void start() { assignment.start(); }
    template <Scalar Real> void process(Message<Real>& message) {
        if (message.kind == Kind::sample || message.kind == Kind::param)
            assignment.assign(message, Provenance::substituted);
    }
    void finish(const RunState& state) { assignment.finish(state); }
    std::string str() const { return assignment.str(); }

    Assignment assignment;
};

} // namespace modus
