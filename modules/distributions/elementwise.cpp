module;
#include <cmath>
#include <string>

module modus.distributions;

namespace modus {

bool satisfies(Constraint constraint, double x) {
    switch (constraint) {
    case Constraint::real: return std::isfinite(x);
    case Constraint::positive: return x > 0 && std::isfinite(x);
    case Constraint::nonnegative: return x >= 0 && std::isfinite(x);
    case Constraint::unit_interval: return x >= 0 && x <= 1;
    case Constraint::count: return x >= 0 && std::isfinite(x) && x == std::floor(x);
    }
    return false;
}

std::string describe(Constraint constraint) {
    switch (constraint) {
    case Constraint::real: return "a real number";
    case Constraint::positive: return "positive";
    case Constraint::nonnegative: return "0 or more";
    case Constraint::unit_interval: return "between 0 and 1";
    case Constraint::count: return "a whole number, 0 or more";
    }
    return "";
}

} // namespace modus
