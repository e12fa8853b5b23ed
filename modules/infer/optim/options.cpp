module;
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

} // namespace modus
