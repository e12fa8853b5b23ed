// scope puts a prefix before the names of sites.
export module modus.handlers:scope;

import modus.standard;
import modus.autodiff;
import modus.effects;

export namespace modus {

/// `model | scope("a")`: handlers further out see the site "x" as "a/x"; handlers further in see "x". (Inside a model,
/// `co_yield submodel("a", model, args...)` does the same for a part.) pyro.contrib.autoname.scope,
/// numpyro.handlers.scope.
struct scope : Handler {
    static constexpr bool is_repeatable = true;

    explicit scope(const Name& name) : text(std::make_shared<const std::string>(name.text)) {}

    template <Scalar Real> void process(Message<Real>& message) {
        prefix = {*text, message.prefix};
        message.show(message.outside, &prefix);
    }
    template <Scalar Real> void postprocess(Message<Real>& message) {
        message.show(message.outside, message.prefix->inner);
    }
    std::string str() const { return "scope(" + *text + ")"; }

    std::shared_ptr<const std::string> text; // shared, because each run copies its handlers
    Prefix prefix{};
};

} // namespace modus
