module;
#include <stdexcept>
#include <string>

// The one error type of modus: what went wrong at which site, and the way out.
export module modus.autodiff:error;

export namespace modus {

/// Every error that modus throws. `what()` reads "site 'x': expected E, found F. Advice."; the parts are kept
/// apart so that programs (and tests) need not parse the sentence. `site` is empty where no site is involved.
struct Error : std::runtime_error {
    Error(std::string site_, std::string expected_, std::string found_, std::string advice_)
        : std::runtime_error((site_.empty() ? "expected " : "site '" + site_ + "': expected ") + expected_ +
                             ", found " + found_ + ". " + advice_),
          site(std::move(site_)),
          expected(std::move(expected_)),
          found(std::move(found_)),
          advice(std::move(advice_)) {}

    std::string site, expected, found, advice;
};

} // namespace modus
