module;
#include <bit>
#include <cstddef>
#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

module modus.effects;

import modus.autodiff;

namespace modus {

void RunState::visit(const Name& base, std::uint64_t hash, const Prefix* prefix) {
    if (const Site* other = find(hash))
        throw Error(full_name(base, frames, prefix), "one site of this name in a run",
                    "two, at " + place(other->where) + " and " + place(base.where),
                    "Rename one of them; in a loop, use a sequential plate or dynamic(name).");
    Site& site = sites_.emplace_back(); // filled in place: a copy would wait for the parts just written
    site.hash = hash;
    if (base.is_literal) site.literal = base.text;
    site.where = base.where;
    site.scope_begin = scopes_.size();
    const auto add = [&](std::string_view text) { scopes_.insert(scopes_.end(), text.begin(), text.end()); };
    for_each_scope(frames, prefix, [&](std::string_view scope) {
        add(scope);
        scopes_.push_back('/');
    });
    if (!base.is_literal) add(base.text);
    site.scope_size = scopes_.size() - site.scope_begin;
    if (sites_.size() <= few) return;
    if (2 * sites_.size() >= slots_.size()) grow();
    else insert(sites_.size());
}

const RunState::Site* RunState::find(std::uint64_t hash) const {
    if (sites_.size() <= few) {
        for (const Site& site : sites_)
            if (site.hash == hash) return &site;
        return nullptr;
    }
    for (std::size_t slot = hash & (slots_.size() - 1); slots_[slot]; slot = (slot + 1) & (slots_.size() - 1))
        if (sites_[slots_[slot] - 1].hash == hash) return &sites_[slots_[slot] - 1];
    return nullptr;
}

void RunState::insert(std::size_t number) {
    std::size_t slot = sites_[number - 1].hash & (slots_.size() - 1);
    while (slots_[slot]) slot = (slot + 1) & (slots_.size() - 1);
    slots_[slot] = static_cast<std::uint32_t>(number);
}

void RunState::grow() {
    slots_.assign(4 * sites_.size(), 0);
    slots_.resize(std::bit_ceil(slots_.size()), 0);
    for (std::size_t number = 1; number <= sites_.size(); ++number) insert(number);
}

std::string RunState::visited() const {
    std::string text, last;
    for (const Site& site : sites_) {
        std::string name(scopes_.data() + site.scope_begin, site.scope_size);
        name += site.literal;
        if (name == last) continue; // the sites of a loop
        text += (text.empty() ? "" : ", ") + name;
        last = std::move(name);
    }
    return text.empty() ? "none" : text;
}

} // namespace modus
