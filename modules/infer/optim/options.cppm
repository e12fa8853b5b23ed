// What the optimizers share: the check of their options.
export module modus.infer:optim.options;

namespace modus {

/// Throws Error unless the option is valid; `expected` says what it should be.
void check_option(const char* name, double value, bool is_valid, const char* expected);

} // namespace modus
