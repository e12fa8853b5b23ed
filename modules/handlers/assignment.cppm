module;
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <variant>

// What the handlers that give named values to sites share: look-up, conflicts, and names that no site has.
export module modus.handlers:assignment;

import modus.autodiff;
import modus.effects;
import modus.support;
import :named_values;

export namespace modus {

class Assignment {
  public:
    Assignment(std::string handler, NamedValues values)
        : handler_(std::move(handler)), values_(std::make_shared<const NamedValues>(std::move(values))) {}

    void start() { used_.assign(values_->size(), false); }

    /// Answers the site if its name is assigned. A value that it already has must be the same: the innermost handler
    /// answers first, and a second answer that differs would be lost silently.
    template <Scalar Real> void assign(Message<Real>& message, Provenance provenance) {
        const auto* entry = values_->find(message.hash);
        if (!entry) return;
        used_[static_cast<std::size_t>(entry - &*values_->begin())] = true;
        if (!has_value(message.value)) return message.answer(to_value<Real>(entry->value), provenance);
        if (provenance == Provenance::observed) message.provenance = provenance;
        if (data_of(message.value) != entry->value)
            throw Error("", "one value", "two, from " + handler_ + " and from further in",
                        "The innermost handler answers first; remove the name from one of them.");
    }

    void finish(const RunState& state) const {
        std::size_t k = 0;
        for (const auto& entry : *values_)
            if (!used_[k++])
                throw Error(entry.name, "one of the sites that reach " + handler_ + ": " + state.visited(),
                            "no site of this name", "Check the spelling, and the order of the handlers.");
    }

  private:
    std::string handler_;
    std::shared_ptr<const NamedValues> values_; // shared, because each run copies its handlers
    PoolVector<bool> used_;
};

} // namespace modus
