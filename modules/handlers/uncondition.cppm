// uncondition turns observed sites into latent ones.
export module modus.handlers:uncondition;

import modus.standard;
import modus.autodiff;
import modus.effects;
import modus.support;

export namespace modus {

/// `model | uncondition() | seed(7)`: forgets the data of observed sites, so that handlers further out can give them
/// values, as for draws from the prior predictive. pyro.poutine.uncondition.
struct uncondition : Handler {
    template <Scalar Real> void process(Message<Real>& message) {
        if (message.kind == Kind::sample && message.provenance == Provenance::observed)
            message.answer(std::monostate(), Provenance::none);
    }
};

} // namespace modus
