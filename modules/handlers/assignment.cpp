module;
#include <cstddef>
#include <string>

module modus.handlers;

import modus.autodiff;
import modus.effects;

namespace modus {

void check_all_used(const std::string& handler, const NamedValues& values, const PoolVector<bool>& used,
                    const RunState& state) {
    std::size_t k = 0;
    for (const auto& entry : values)
        if (!used[k++])
            throw Error(entry.name, "one of the sites that reach " + handler + ": " + state.visited(),
                        state.was_visited(entry.hash)
                            ? "this name at a site that cannot be given a value: a deterministic one or a factor, a "
                              "param (but by substitute), one that was hidden or replaced further in, or "
                              "one that has another name here, without the plates and scopes around its model"
                            : "no site of this name",
                        "Check the spelling, and the order of the handlers.");
}

} // namespace modus
