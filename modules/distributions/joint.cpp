module;
#include <string>
#include <string_view>

module modus.distributions;

import modus.autodiff;
import modus.support;

namespace modus {

void outside_support(const std::string& support, std::string_view distribution, const std::string& found) {
    throw Error("", support + ", the support of " + std::string(distribution), found,
                found.starts_with("nan") ? "Remove the missing value, or leave the site out with .mask(false)."
                                         : "Check the data, or choose a distribution with a wider support.");
}

void bad_parameter(const char* parameter, std::string_view distribution, const char* expected, const std::string& found,
                   const char* advice) {
    throw Error("", std::string(parameter) + " of " + std::string(distribution) + " to be " + expected, found, advice);
}

} // namespace modus
