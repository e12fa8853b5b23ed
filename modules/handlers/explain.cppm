// explain says in which order the handlers of a model act.
export module modus.handlers:explain;

import modus.standard;
import modus.effects;

export namespace modus {

/// The H of "... [H = modus::trace]".
std::string type_name_in(const std::string& function);
/// What a stack consists of, from the inside: handlers, and plates around a whole model.
struct StackLayer {
    std::string text;
    bool is_plate = false;
};
std::string explain_stack(const std::vector<StackLayer>& layers);
std::string describe_plate(const Plate& plate);

/// One line for each handler, from its `str()`, or the name of its type.
template <class H> std::string describe_handler(const H& handler) {
    if constexpr (requires { handler.str(); }) return handler.str();
    else return type_name_in(__PRETTY_FUNCTION__);
}
template <class M> void add_layers([[maybe_unused]] const M& model, [[maybe_unused]] std::vector<StackLayer>& layers) {
    if constexpr (requires { model.handlers; }) {
        add_layers(model.model, layers);
        std::apply([&](const auto&... handler) { (layers.push_back({describe_handler(handler)}), ...); },
                   model.handlers);
    } else if constexpr (requires { describe_plate(model.plate); }) {
        add_layers(model.model, layers);
        layers.push_back({describe_plate(model.plate), true});
    }
}

/// The stack of `model | a | b`, in words: `explain(model | condition({{"sigma", 1.0}}) | seed(7) | trace)`. A plate
/// within, as in `model | a | plate("copies", 3) | b`, is shown where the sites of the copies leave it.
template <class M> std::string explain(const M& model) {
    std::vector<StackLayer> layers;
    add_layers(model, layers);
    return explain_stack(layers);
}

} // namespace modus
