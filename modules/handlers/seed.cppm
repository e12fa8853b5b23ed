// seed draws the values of latent sites from their distributions.
export module modus.handlers:seed;

import modus.standard;
import modus.autodiff;
import modus.effects;
import modus.support;

export namespace modus {

/// `model | seed(7)`: each latent site without a value gets a draw from the stream of (seed, full site name), so that
/// the draws of one site do not depend on the other sites. Subsampled plates draw their indices the same way.
/// pyro.poutine.seed, numpyro.handlers.seed.
struct seed : Handler {
    explicit seed(std::uint64_t number_) : number(number_) {}

    template <Scalar Real> void process(Message<Real>& message) {
        if (has_value(message.value)) return;
        if (message.kind == Kind::plate && message.plate->is_drawn())
            message.answer(message.plate->draw(message.unique_hash(), number), Provenance::sampled);
        if (message.kind != Kind::sample) return;
        Random random(number, message.unique_hash());
        message.answer(to_value<Real>(message.distribution->draw(random)), Provenance::sampled);
    }

    std::string str() const { return "seed(" + std::to_string(number) + ")"; }

    std::uint64_t number;
};

} // namespace modus
