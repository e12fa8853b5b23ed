// What the handlers that give named values to sites share: look-up, conflicts, and names that no site has.
export module modus.handlers:assignment;

import modus.standard;
import modus.autodiff;
import modus.effects;
import modus.support;
import :named_values;

export namespace modus {

/// Throws Error for the first value that no site has used.
void check_all_used(const std::string& handler, const NamedValues& values, const PoolVector<bool>& used,
                    const RunState& state);

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

    void finish(const RunState& state) const { check_all_used(handler_, *values_, used_, state); }
    std::string str() const { return handler_ + "(" + values_->str() + ")"; }

  private:
    std::string handler_;
    std::shared_ptr<const NamedValues> values_; // shared, because each run copies its handlers
    PoolVector<bool> used_;
};

} // namespace modus
