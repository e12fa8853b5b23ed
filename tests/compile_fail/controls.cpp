// Must compile: what the other programs of this folder would be without their mistake.
import modus;
using namespace modus;

constexpr auto model = []<Scalar Real>() -> Model<Real> { co_yield sample("k", Normal(3, 1)); };

int main() {
    AutoDelta guide(model);
    SVI svi(model, guide, Adam{}, TraceELBO{});
    svi.step();
}
