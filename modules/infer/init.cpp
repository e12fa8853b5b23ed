module;
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

module modus.infer;

import modus.autodiff;
import modus.effects;
import modus.handlers;
import modus.support;

namespace modus {
namespace {

bool is_finite(const Data& data) {
    return std::visit(
        []<class A>(const A& a) {
            if constexpr (std::same_as<A, std::monostate>) return false;
            else if constexpr (AnyArray<A>)
                return find_first(a.extents(), [](double x) { return !std::isfinite(x); }, a) == a.size();
            else return std::isfinite(static_cast<double>(a));
        },
        data);
}

/// Whether the point is finite and inside the support: the mean of a set with a curved boundary need not be.
bool is_inside(const LatentSite& site, const Data& data) {
    if (!is_finite(data)) return false;
    try {
        site.distribution.check_value(data);
        return true;
    } catch (const Error&) {
        return false;
    }
}

} // namespace

Data init_to_median(const LatentSite& site) {
    const Data median = site.distribution.quantile(0.5);
    return is_finite(median) ? median : site.distribution.feasible();
}

Data init_to_mean(const LatentSite& site) {
    const Data mean = site.distribution.mean();
    return is_inside(site, mean) ? mean : init_to_median(site);
}

Data init_to_feasible(const LatentSite& site) { return site.distribution.feasible(); }

Initializer init_to_sample(std::uint64_t seed) {
    return Initializer([seed](const LatentSite& site) {
        Random random(seed, site.hash);
        return site.distribution.draw(random);
    });
}

Initializer init_to_uniform(UniformInit options) {
    if (!(options.radius > 0) || !std::isfinite(options.radius))
        throw Error("", "a positive radius for init_to_uniform", format_exactly(options.radius),
                    "Stan and Pyro use 2.");
    return Initializer([options](const LatentSite& site) {
        Random random(options.seed, site.hash);
        Vector u(site.distribution.unconstrained_size());
        for (std::size_t k = 0; k < u.size(); ++k) u[k] = options.radius * (2 * random.uniform() - 1);
        return site.distribution.constrain(u);
    });
}

Initializer init_to_value(NamedValues values, Initializer fallback) {
    std::vector<std::string> names = fallback.names();
    for (const auto& entry : values) names.push_back(entry.name);
    auto shared = std::make_shared<const NamedValues>(std::move(values));
    return Initializer(std::function<Initializer()>([shared, fallback] {
               return Initializer([shared, choice = fallback.begin()](const LatentSite& site) {
                   if (const auto* entry = shared->find(site.hash)) return entry->value;
                   if (choice) return choice(site);
                   throw Error(site.name, "an initial value", "none in init_to_value, which has no fallback",
                               "Add the value, or pass a fallback such as init_to_median.");
               });
           }))
        .for_names(std::move(names));
}

} // namespace modus
