module modus.distributions;

import modus.autodiff;

namespace modus {
namespace {

using Predictor = Array<Var<double>, 1>;

} // namespace

const RowLoops* NormalFamily::row_loops(const Vector*, const Predictor*, const Var<double>*) {
    return &RegisterRows<1, FamilyDensity<NormalFamily, true, false>, Vector, Predictor, Var<double>>::loops;
}
const RowLoops* NormalFamily::row_loops(const Vector*, const Predictor*, const Vector*) {
    return &RegisterRows<1, FamilyDensity<NormalFamily, false, false>, Vector, Predictor, Vector>::loops;
}
const RowLoops* NormalFamily::row_loops(const Vector*, const Predictor*, const Vector*, const Vector*) {
    return &RegisterRows<1, FamilyDensity<NormalFamily, false, true>, Vector, Predictor, Vector, Vector>::loops;
}
const RowLoops* NormalFamily::row_loops(const Vector*, const Predictor*, const double*, const double*) {
    return &RegisterRows<1, FamilyDensity<NormalFamily, true, true>, Vector, Predictor, double, double>::loops;
}

} // namespace modus
