module;
#include <algorithm>
#include <cstdint>
#include <fmt/format.h>
#include <ostream>
#include <range/v3/range/conversion.hpp>
#include <range/v3/view/join.hpp>
#include <range/v3/view/transform.hpp>
#include <string>
#include <string_view>

module modus.handlers;

import modus.autodiff;
import modus.effects;
import modus.support;

namespace modus {

const TraceSite* Trace::find(std::uint64_t hash) const {
    const auto found = std::ranges::find(sites_, hash, &TraceSite::hash);
    return found == sites_.end() ? nullptr : &*found;
}

const TraceSite& Trace::operator[](std::string_view name) const {
    if (const TraceSite* site = find(hash_name(name))) return *site;
    const auto names = sites_ | ranges::views::transform(&TraceSite::name) | ranges::views::join(std::string(", ")) |
                       ranges::to<std::string>();
    throw Error(std::string(name), "one of the sites of the trace: " + (names.empty() ? "(none)" : names),
                "no site of this name", "Check the spelling, or whether a handler hides the site.");
}

double Trace::log_prob_sum() const {
    double sum = 0;
    for (const TraceSite& site : sites_) sum += site.log_density;
    return sum;
}

std::string Trace::format_shapes() const {
    std::size_t width = 4;
    for (const TraceSite& site : sites_) width = std::max(width, site.name.size());
    std::string table = fmt::format("{:<{}}  {:<13} {:<16} {:<9} {:<9} {:<12} {:>14}\n", "site", width, "kind",
                                    "distribution", "batch", "event", "value from", "log density");
    for (const TraceSite& site : sites_)
        table += fmt::format("{:<{}}  {:<13} {:<16} {:<9} {:<9} {:<12} {:>14.6g}\n", site.name, width,
                             kind_names[static_cast<std::size_t>(site.kind)],
                             site.distribution.empty() ? "-" : site.distribution, site.batch_shape.str(),
                             site.event_shape.str(), provenance_names[static_cast<std::size_t>(site.provenance)],
                             site.log_density);
    return table + fmt::format("{:<{}}  {:>78.6g}\n", "sum", width, log_prob_sum());
}

std::ostream& operator<<(std::ostream& out, const Trace& trace) { return out << trace.format_shapes(); }

} // namespace modus
