// Must not compile: AutoDelta cannot learn a discrete site (acceptance case N3).
import modus;
using namespace modus;

constexpr auto model = []<Scalar Real>() -> Model<Real> { co_yield sample("k", Poisson(3)); };

int main() {
    AutoDelta guide(model);
    SVI svi(model, guide, Adam{}, TraceELBO{});
    svi.step();
}
