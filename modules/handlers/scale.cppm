// scale multiplies log densities.
export module modus.handlers:scale;

import modus.standard;
import modus.autodiff;
import modus.effects;
import modus.support;

export namespace modus {

/// `model | scale(0.5)` multiplies the log density of every site by a positive number; inside a model,
/// `auto half = co_yield scale(0.5);` does so up to the end of the C++ block. Scales multiply, also those of plates.
/// Throws Error for a number that is not positive. pyro.poutine.scale.
struct scale : Handler {
    static constexpr bool is_repeatable = true;

    explicit scale(double factor_) : factor(factor_) {
        if (!(factor > 0) || !std::isfinite(factor))
            throw Error("", "a positive number for scale", format_exactly(factor),
                        "To leave sites out of the log density use mask(false).");
    }

    template <Scalar Real> void process(Message<Real>& message) { message.scale *= factor; }

    /// Lasts as long as the effect inside a model.
    class Open {
      public:
        Open(RunState& state, double factor) : state_(state), outer_(state.scale) { state.scale *= factor; }
        Open(const Open&) = delete;
        ~Open() { state_.scale = outer_; }

      private:
        RunState& state_;
        double outer_;
    };
    Open open(RunState& state) const { return Open(state, factor); }
    std::string str() const { return "scale(" + format(factor) + ")"; }

    double factor;
};

} // namespace modus
