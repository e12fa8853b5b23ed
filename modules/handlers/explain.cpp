module;
#include <cstddef>
#include <string>
#include <vector>

module modus.handlers;

import modus.effects;

namespace modus {

std::string type_name_in(const std::string& function) {
    const std::size_t start = function.rfind("H = ");
    if (start == std::string::npos) return "a handler";
    std::string name = function.substr(start + 4, function.find_last_of(']') - start - 4);
    if (const std::size_t scope = name.rfind("::"); scope != std::string::npos) name = name.substr(scope + 2);
    return name;
}

std::string describe_plate(const Plate& plate) {
    return "plate(" + std::string(plate.name()) + ", " + std::to_string(plate.size) + ")";
}

std::string explain_stack(const std::vector<StackLayer>& layers) {
    std::string text = "A site of the model goes outwards:\n  model\n";
    for (const auto& [layer, is_plate] : layers) text += (is_plate ? "  in " : "  -> ") + layer + "\n";
    text += "  -> default: a value is checked; a latent site without one is an error\n"
            "and back inwards, with its final value:\n";
    for (std::size_t k = layers.size(); k-- > 0;)
        if (!layers[k].is_plate) text += "  <- " + layers[k].text + "\n";
    return text + "  <- model\n";
}

} // namespace modus
