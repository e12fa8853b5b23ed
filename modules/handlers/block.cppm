// block hides sites from the handlers outside it.
export module modus.handlers:block;

import modus.standard;
import modus.autodiff;
import modus.effects;

export namespace modus {

/// Either the sites to hide, or the only ones to show; neither hides all.
struct BlockOptions {
    std::vector<std::string> hide{};
    std::vector<std::string> expose{};
};

/// `model | block({.hide = {"x"}})`, `model | block({.expose = {"x"}})`, `model | block()`: hidden sites do not reach
/// the handlers further out. Plates are hidden only by name. Throws Error where both lists are given, and at the end of
/// a run for a name that no site has; one that is hidden further in may be hidden again. pyro.poutine.block.
struct block : Handler {
    static constexpr bool is_repeatable = true;

    explicit block(BlockOptions options_ = {}) {
        if (!options_.hide.empty() && !options_.expose.empty())
            throw Error("", "either sites to hide or sites to expose", "both", "Give block one list.");
        options = std::make_shared<const BlockOptions>(std::move(options_));
    }

    void start() { used.assign(names().size(), false); }

    template <Scalar Real> void process(Message<Real>& message) {
        bool is_listed = false;
        for (std::size_t k = 0; k < names().size(); ++k)
            if (hash_name(names()[k]) == message.hash) is_listed = used[k] = true;
        if (!options->hide.empty()) message.stop = message.stop || is_listed;
        else if (message.kind != Kind::plate) message.stop = message.stop || !is_listed;
    }
    void finish(const RunState& state) const {
        for (std::size_t k = 0; k < names().size(); ++k)
            if (!used[k] && !state.was_visited(hash_name(names()[k]))) // or a handler further in has hidden it
                throw Error(names()[k], "one of the sites of the model: " + state.visited(), "no site of this name",
                            "Check the spelling.");
    }

    std::string str() const { return "block"; }

    std::shared_ptr<const BlockOptions> options;
    PoolVector<bool> used;

  private:
    const std::vector<std::string>& names() const { return options->hide.empty() ? options->expose : options->hide; }
};

} // namespace modus
