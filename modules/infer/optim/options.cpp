module;
#include <cstddef>
#include <string>

module modus.infer;

import modus.autodiff;
import modus.support;

namespace modus {

void check_option(const char* name, double value, bool is_valid, const char* expected) {
    if (!is_valid)
        throw Error("", std::string(name) + " of the optimizer " + expected, format_exactly(value),
                    "Correct the option.");
}

void check_active(std::size_t marks, std::size_t coordinates) {
    if (marks != coordinates)
        fail({coordinates, " marks of active coordinates, one for each"}, {marks},
             "Pass 1 for the coordinates to move, 0 for the others.");
}

} // namespace modus
