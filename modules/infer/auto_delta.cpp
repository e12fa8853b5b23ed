module;
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

module modus.infer;

import modus.autodiff;
import modus.effects;
import modus.support;

namespace modus {

void LatentBlocks::add(const LatentSite& site, const Data& value) {
    const auto& distribution = site.distribution;
    const std::string advice = "It is the initial value; change init_loc_fn for this site.";
    if (distribution.is_discrete())
        throw Error(site.name, "a continuous latent site", std::string(distribution.name()) + ", which is discrete",
                    "Sum the site out of the model by hand (log_sum_exp), or give it data.");
    Vector u;
    try {
        distribution.check_value(value);
        u = distribution.unconstrain(value);
    } catch (const Error& error) {
        throw Error(site.name, error.expected, error.found, advice);
    }
    if (find_first(u.extents(), [](double x) { return !std::isfinite(x); }, u) < u.size())
        throw Error(site.name, "a point inside " + distribution.support_name() + ", not on its boundary",
                    format(value), advice);
    blocks.push_back({site.name, site.hash, initial.size(), u.size(), distribution.shape()});
    initial = concatenate(initial, u);
}

const LatentBlock* LatentBlocks::find(std::uint64_t hash) const {
    const auto found = std::ranges::find(blocks, hash, &LatentBlock::hash);
    return found == blocks.end() ? nullptr : &*found;
}

std::string LatentBlocks::names() const {
    std::string text;
    for (const LatentBlock& block : blocks) text += (text.empty() ? "" : ", ") + block.name;
    return text.empty() ? "none" : text;
}

void LatentBlocks::changed(const LatentBlock* block, const Shape& shape) const {
    if (block)
        throw Error(block->name, "shape " + block->shape.str() + ", as in the first call", "shape " + shape.str(),
                    "A latent site keeps its shape; start a new guide for data of another size.");
    throw Error("", "one of the latent sites of the first call: " + names(), "a new latent site",
                "A model must have the same latent sites in every call; start a new guide for another model.");
}

} // namespace modus
