// A fit to convergence. Included after the imports, and includes nothing itself.
#pragma once

namespace {

/// The values at the optimum, found by Adam with a falling step size, and the loss there.
struct Fitted {
    modus::NamedValues values;
    double loss;
};

template <class M, class... A>
Fitted fit_from(const M& model, modus::Initializer init, std::size_t steps, double lr, const A&... arguments) {
    modus::AutoDelta guide(model, init);
    // the step size falls to lr * exp(-8), and once more from a thousandth, so that the point settles
    const double decay = std::exp(-8.0 / static_cast<double>(steps));
    modus::SVI svi(model, guide, modus::Adam{.lr = lr, .lr_decay = decay}, modus::TraceELBO{});
    svi.run(steps, arguments...);
    modus::SVI settle(model, guide, modus::Adam{.lr = lr * 1e-3, .lr_decay = decay}, modus::TraceELBO{});
    settle.run(steps, arguments...);
    return {guide.median(arguments...), settle.evaluate_loss(arguments...)};
}
template <class M, class... A> Fitted fit(const M& model, const A&... arguments) {
    return fit_from(model, modus::init_to_median, 3000, 0.05, arguments...);
}

} // namespace
