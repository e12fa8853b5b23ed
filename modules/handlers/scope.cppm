module;
#include <memory>
#include <string>
#include <string_view>
#include <utility>

// scope puts a prefix before the names of sites.
export module modus.handlers:scope;

import modus.autodiff;
import modus.effects;

export namespace modus {

/// `model | scope("a")`: handlers further out see the site "x" as "a/x"; handlers further in see "x". (Inside a model,
/// `co_yield submodel("a", model, args...)` does the same for a part.) pyro.contrib.autoname.scope,
/// numpyro.handlers.scope.
struct scope : Handler {
    explicit scope(const Name& name) : text(std::make_shared<const std::string>(name.text)) {}

    template <Scalar Real> void process(Message<Real>& message) {
        prefix = {*text, message.prefix};
        rename(message, &prefix);
    }
    template <Scalar Real> void postprocess(Message<Real>& message) { rename(message, message.prefix->inner); }
    std::string str() const { return "scope(" + *text + ")"; }

    std::shared_ptr<const std::string> text; // shared, because each run copies its handlers
    Prefix prefix{};

  private:
    template <Scalar Real> static void rename(Message<Real>& message, const Prefix* names) {
        message.prefix = names;
        message.hash = full_hash(message.base, message.frames, names);
    }
};

} // namespace modus
