// condition turns latent sites into observed ones.
export module modus.handlers:condition;

import modus.standard;
import modus.autodiff;
import modus.effects;
import :assignment;
import :named_values;

export namespace modus {

/// `model | condition({{"sigma", 1.0}})`: gives data to sites and marks them observed. Throws Error at the end of a run
/// for a name that no site has, and where a site has other data already. pyro.poutine.condition.
struct condition : Handler {
    static constexpr bool is_repeatable = true;

    explicit condition(NamedValues data) : assignment("condition", std::move(data)) {}

    void start() { assignment.start(); }
    template <Scalar Real> void process(Message<Real>& message) {
        if (message.kind == Kind::sample) assignment.assign(message, Provenance::observed);
    }
    void finish(const RunState& state) { assignment.finish(state); }
    std::string str() const { return assignment.str(); }

    Assignment assignment;
};

} // namespace modus
