// infer_config tells inference about single sites.
export module modus.handlers:infer_config;

import modus.standard;
import modus.autodiff;
import modus.effects;
import modus.support;

export namespace modus {

/// `model | infer_config([](const std::string& site) { ... })`: the InferOptions of each site, by its full name. They
/// are asked for once a site and run; a handler further in that has set them already wins. pyro.poutine.infer_config.
struct infer_config : Handler {
    static constexpr bool is_repeatable = true;

    using Choice = std::function<InferOptions(const std::string&)>;
    explicit infer_config(Choice choose_) : choose(std::make_shared<const Choice>(std::move(choose_))) {
        if (!*choose) throw Error("", "a function for infer_config", "an empty one", "Pass a lambda.");
    }

    template <Scalar Real> void process(Message<Real>& message) {
        if (message.infer || message.kind == Kind::plate) return;
        options = (*choose)(message.name());
        message.infer = &options;
    }
    template <Scalar Real> void postprocess(Message<Real>& message) {
        if (message.infer == &options) message.infer = nullptr; // the next site overwrites them
    }

    std::shared_ptr<const Choice> choose;
    InferOptions options;
};

} // namespace modus
