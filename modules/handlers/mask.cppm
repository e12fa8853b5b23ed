// mask leaves elements of sites out of the log density.
export module modus.handlers:mask;

import modus.standard;
import modus.autodiff;
import modus.effects;
import modus.support;

export namespace modus {

/// `model | mask(false)` leaves all sites out of the log density; `mask(m)` with an IntVector or IntMatrix of 0 and 1
/// leaves out the elements where m is 0, which may then be any number, NaN included. The shape of m repeats to that of
/// each site. Inside a model, `auto seen = co_yield mask(m);` does so up to the end of the C++ block. Masks add up: an
/// element counts where all of them are 1. Throws Error for other numbers than 0 and 1. pyro.poutine.mask.
struct mask : Handler {
    static constexpr bool is_repeatable = true;

    explicit mask(std::same_as<bool> auto all) : mask(Data(static_cast<Integer>(all)), 0) {}
    template <class M> requires std::same_as<element_t<M>, Integer> && AnyArray<M>
    explicit mask(const M& elements) : mask(Data(elements), 0) {}
    template <class M> requires(!std::same_as<M, bool> && !std::same_as<element_t<M>, Integer>)
    explicit mask(const M&) = delete; // a mask is a bool, an IntVector or an IntMatrix

    template <Scalar Real> void process(Message<Real>& message) {
        if (!message.mask) {
            message.mask = elements.get();
            return;
        }
        both = combined_masks(*message.mask, *elements);
        message.mask = &both;
    }

    /// Lasts as long as the effect inside a model.
    class Open {
      public:
        Open(RunState& state, std::shared_ptr<const Data> elements)
            : state_(state), outer_(state.mask), elements_(std::move(elements)) {
            if (outer_) both_ = combined_masks(*outer_, *elements_);
            state.mask = outer_ ? &both_ : elements_.get();
        }
        Open(const Open&) = delete;
        ~Open() { state_.mask = outer_; }

      private:
        RunState& state_;
        const Data* outer_;
        std::shared_ptr<const Data> elements_;
        Data both_;
    };
    Open open(RunState& state) const { return Open(state, elements); }
    std::string str() const { return "mask(" + format(*elements) + ")"; }

    std::shared_ptr<const Data> elements; // shared, because each run copies its handlers
    Data both;                            // with the mask of a handler further in

  private:
    mask(Data all, int) : elements(std::make_shared<const Data>(std::move(all))) { check_mask(*elements); }
    static void check_mask(const Data& elements);
    static Data combined_masks(const Data& a, const Data& b);
};

} // namespace modus
