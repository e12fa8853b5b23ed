module;
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/join.hpp>
#include <range/v3/view/transform.hpp>
#include <string>

module modus.infer;

import modus.autodiff;
import modus.effects;
import modus.support;

namespace modus {

void LatentBlocks::require_continuous(const LatentSite& site) const {
    if (site.distribution.is_discrete())
        throw Error(site.name, "a continuous latent site",
                    std::string(site.distribution.name()) + ", which is discrete",
                    "Sum the site out of the model by hand (log_sum_exp), or give it data.");
}

void LatentBlocks::add(const LatentSite& site, const Data& value) {
    const auto& distribution = site.distribution;
    const std::string advice = "It is the initial value: change init_loc_fn, or the initial value of the param.";
    Vector u;
    try {
        distribution.check_value(value);
        u = distribution.unconstrain(value);
    } catch (const Error& error) {
        throw Error(site.name, error.expected, error.found, advice);
    }
    if (find_first(u.extents(), [](double x) { return !std::isfinite(x); }, u) < u.size())
        throw Error(site.name, "a point inside " + distribution.support_name() + ", not on its boundary", format(value),
                    advice);
    blocks.push_back({site.name, site.hash, initial.size(), u.size(), distribution.shape()});
    initial = concatenate(initial, u);
}

const LatentBlock* LatentBlocks::find(std::uint64_t hash) const {
    const auto found = std::ranges::find(blocks, hash, &LatentBlock::hash);
    return found == blocks.end() ? nullptr : &*found;
}

std::string LatentBlocks::names() const {
    if (blocks.empty()) return "none";
    return blocks | ranges::views::transform(&LatentBlock::name) | ranges::views::join(std::string(", ")) |
           ranges::to<std::string>();
}

void LatentBlocks::changed(const LatentBlock* block, const Shape& shape) const {
    if (block)
        throw Error(block->name, "shape " + block->shape.str() + ", as in the first call", "shape " + shape.str(),
                    "A latent site keeps its shape; start a new guide for data of another size.");
    throw Error("", "one of the latent sites of the first call: " + names(), "a new latent site",
                "A model must have the same latent sites in every call; start a new guide for another model.");
}

} // namespace modus
