module modus.distributions;

import modus.autodiff;

namespace modus {

const RowLoops* BernoulliLogitsFamily::row_loops(const IntVector*, const Array<Var<double>, 1>*) {
    using Formula = FamilyDensity<BernoulliLogitsFamily, false, Normalizer::computed>;
    return &RegisterRows<1, Formula, IntVector, Array<Var<double>, 1>>::loops;
}

} // namespace modus
