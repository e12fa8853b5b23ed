module;
#include <string>
#include <tuple>
#include <utility>
#include <vector>

// explain says in which order the handlers of a model act.
export module modus.handlers:explain;

import modus.effects;

export namespace modus {

/// The H of "... [H = modus::trace]".
std::string type_name_in(const std::string& function);
std::string explain_stack(const std::vector<std::string>& handlers);

/// One line for each handler, from its `str()`, or the name of its type.
template <class H> std::string describe_handler(const H& handler) {
    if constexpr (requires { handler.str(); }) return handler.str();
    else return type_name_in(__PRETTY_FUNCTION__);
}
/// The stack of `model | a | b`, in words: `explain(model | condition({{"sigma", 1.0}}) | seed(7) | trace)`.
template <class M> std::string explain(const M& model) {
    std::vector<std::string> lines;
    if constexpr (requires { model.handlers; })
        std::apply([&](const auto&... handler) { (lines.push_back(describe_handler(handler)), ...); }, model.handlers);
    return explain_stack(lines);
}

} // namespace modus
