module;
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>

module modus.reparam;

import modus.autodiff;
import modus.effects;
import modus.support;

namespace modus {

reparam::Site reparam::make_site(const std::string& name, const Reparameterization& how) {
    if (!is_site_name(name))
        throw Error(name, "the name of a site as the model writes it", "'" + name + "'",
                    "Leave scopes and indices out: the sites of a loop are reparameterized together.");
    std::string suffix = "_base";
    if (const auto* loc_scale = std::get_if<LocScaleReparam>(&how)) {
        if (!(loc_scale->centered >= 0 && loc_scale->centered <= 1))
            throw Error(name, "centered from 0 to 1", format_exactly(loc_scale->centered),
                        "0 is non-centred, 1 is centred.");
        suffix = "_decentered";
    }
    return {name, hash_name(name), how, name + suffix};
}

const reparam::Site* reparam::find(std::uint64_t base_hash) const {
    for (const Site& site : *sites)
        if (site.hash == base_hash) return &site;
    return nullptr;
}

void reparam::unknown_family(const AnyDistribution& distribution, const char* known) {
    throw Error("", std::string("a site with the distribution ") + known, std::string(distribution.name()),
                "LocScaleReparam knows Normal, Cauchy and StudentT, TransformReparam knows LogNormal.");
}

void reparam::finish(const RunState& state) const {
    for (std::size_t k = 0; k < sites->size(); ++k)
        if (!used[k])
            throw Error((*sites)[k].name, "one of the sites that reach reparam: " + state.visited(),
                        "no site of this name", "Check the spelling, and the order of the handlers.");
}

std::string reparam::str() const {
    std::string names;
    for (const Site& site : *sites) names += (names.empty() ? "" : ", ") + site.name;
    return "reparam(" + names + ")";
}

} // namespace modus
