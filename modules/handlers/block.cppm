module;
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

// block hides sites from the handlers outside it.
export module modus.handlers:block;

import modus.autodiff;
import modus.effects;

export namespace modus {

/// Either the sites to hide, or the only ones to show; neither hides all.
struct BlockOptions {
    std::vector<std::string> hide{};
    std::vector<std::string> expose{};
};

/// `model | block({.hide = {"x"}})`, `model | block({.expose = {"x"}})`, `model | block()`: hidden sites do not reach
/// the handlers further out. Throws Error where both lists are given. pyro.poutine.block.
struct block : Handler {
    explicit block(BlockOptions options_ = {}) {
        if (!options_.hide.empty() && !options_.expose.empty())
            throw Error("", "either sites to hide or sites to expose", "both", "Give block one list.");
        options = std::make_shared<const BlockOptions>(std::move(options_));
    }

    template <Scalar Real> void process(Message<Real>& message) {
        const auto is_listed = [&](const std::string& name) { return hash_name(name) == message.hash; };
        if (!options->expose.empty()) message.stop = std::ranges::none_of(options->expose, is_listed);
        else message.stop = options->hide.empty() || std::ranges::any_of(options->hide, is_listed);
    }

    std::shared_ptr<const BlockOptions> options;
};

} // namespace modus
