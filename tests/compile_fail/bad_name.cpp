// Must not compile: brackets in names are kept for plates.
import modus;
using namespace modus;

constexpr auto model = []<Scalar Real>() -> Model<Real> { co_yield sample("x[0]", Normal(0, 1)); };

int main() { run(model); }
