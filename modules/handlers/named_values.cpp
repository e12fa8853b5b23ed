module;
#include <algorithm>
#include <cstdint>
#include <ostream>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/cache1.hpp>
#include <range/v3/view/join.hpp>
#include <range/v3/view/transform.hpp>
#include <string>
#include <string_view>

module modus.handlers;

import modus.autodiff;
import modus.effects;
import modus.support;

namespace modus {

void NamedValues::add(const std::string& name, const Data& value) {
    const std::uint64_t hash = hash_name(name);
    if (find(hash)) throw Error(name, "one value for each name", "two", "Remove one of them.");
    entries_.push_back({name, hash, value});
}

const NamedValues::Entry* NamedValues::find(std::uint64_t hash) const {
    const auto found = std::ranges::find(entries_, hash, &Entry::hash);
    return found == entries_.end() ? nullptr : &*found;
}

const Data& NamedValues::operator[](std::string_view name) const {
    if (const Entry* entry = find(hash_name(name))) return entry->value;
    const auto names = entries_ | ranges::views::transform(&Entry::name) | ranges::views::join(std::string(", ")) |
                       ranges::to<std::string>();
    throw Error(std::string(name), "one of: " + (names.empty() ? "(no values)" : names), "no value of this name",
                "Check the spelling.");
}

std::string NamedValues::str() const {
    const auto line = [](const Entry& entry) { return entry.name + ": " + format(entry.value); };
    return "{" +
           (entries_ | ranges::views::transform(line) | ranges::views::cache1 | ranges::views::join(std::string(", ")) |
            ranges::to<std::string>()) +
           "}";
}

std::ostream& operator<<(std::ostream& out, const NamedValues& values) { return out << values.str(); }

} // namespace modus
