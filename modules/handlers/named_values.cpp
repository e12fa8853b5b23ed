module;
#include <algorithm>
#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>

module modus.handlers;

import modus.autodiff;
import modus.effects;
import modus.support;

namespace modus {

void NamedValues::add(const std::string& name, const Data& value) {
    const std::uint64_t hash = hash_name(name);
    if (find(hash))
        throw Error(name, "one value for each name", "two", "Remove one of them.");
    entries_.push_back({name, hash, value});
}

const NamedValues::Entry* NamedValues::find(std::uint64_t hash) const {
    const auto found = std::ranges::find(entries_, hash, &Entry::hash);
    return found == entries_.end() ? nullptr : &*found;
}

const Data& NamedValues::operator[](std::string_view name) const {
    if (const Entry* entry = find(hash_name(name))) return entry->value;
    std::string names;
    for (const Entry& entry : entries_) names += (names.empty() ? "" : ", ") + entry.name;
    throw Error(std::string(name), "one of: " + (names.empty() ? "(no values)" : names), "no value of this name",
                "Check the spelling.");
}

std::string NamedValues::str() const {
    std::string text = "{";
    for (const Entry& entry : entries_)
        text += (text.size() > 1 ? ", " : "") + entry.name + ": " + format(entry.value);
    return text + "}";
}

std::ostream& operator<<(std::ostream& out, const NamedValues& values) { return out << values.str(); }

} // namespace modus
