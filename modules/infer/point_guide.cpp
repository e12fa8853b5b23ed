module;
#include <regex>
#include <string>
#include <vector>

module modus.infer;

import modus.autodiff;

namespace modus {

std::vector<std::string> matching(const std::vector<std::string>& names, const std::string& pattern) {
    std::regex expression;
    try {
        expression = pattern;
    } catch (const std::regex_error& error) {
        throw Error("", "a regular expression", "'" + pattern + "': " + error.what(), "Use ECMAScript syntax: 'b_.*'.");
    }
    std::vector<std::string> result;
    for (const std::string& name : names)
        if (std::regex_match(name, expression)) result.push_back(name);
    return result;
}

} // namespace modus
