module modus.distributions;

import modus.autodiff;

namespace modus {
namespace {

using Predictor = Array<Var<double>, 1>;

} // namespace

const RowLoops* NormalFamily::row_loops(const Var<double>*, const Vector*, const Predictor*, const Var<double>*) {
    using Formula = FamilyDensity<NormalFamily, true, Normalizer::by_log>;
    return &RegisterRows<2, Formula, Var<double>, Vector, Predictor, Var<double>>::loops;
}
const RowLoops* NormalFamily::row_loops(const Vector*, const Predictor*, const Vector*) {
    return &RegisterRows<1, FamilyDensity<NormalFamily, false, Normalizer::computed>, Vector, Predictor, Vector>::loops;
}
const RowLoops* NormalFamily::row_loops(const Vector*, const Predictor*, const Vector*, const Vector*) {
    return &RegisterRows<1, FamilyDensity<NormalFamily, false, Normalizer::last>, Vector, Predictor, Vector,
                         Vector>::loops;
}
const RowLoops* NormalFamily::row_loops(const Vector*, const Predictor*, const double*, const double*) {
    return &RegisterRows<1, FamilyDensity<NormalFamily, true, Normalizer::last>, Vector, Predictor, double,
                         double>::loops;
}

} // namespace modus
