// What the optimizers share: how their options are checked, and how options and memory are named for a checkpoint.
export module modus.infer:optim.options;

import modus.standard;

export namespace modus {

/// An option of an optimizer, by name.
struct Option {
    const char* name;
    double value;
};

/// A part of what an optimizer remembers, by name: a count, or one number for each coordinate (none before they are
/// needed).
struct Field {
    const char* name;
    std::variant<std::uint64_t*, std::vector<double>*, std::vector<std::uint64_t>*> place;
};

} // namespace modus

namespace modus {

/// Throws Error unless the option is valid; `expected` says what it should be.
void check_option(const char* name, double value, bool is_valid, const char* expected);

/// Throws Error unless there is a mark for each coordinate.
void check_active(std::size_t marks, std::size_t coordinates);

} // namespace modus
