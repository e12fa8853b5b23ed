// Must not compile: sample wants a distribution.
import modus;
using namespace modus;

constexpr auto model = []<Scalar Real>() -> Model<Real> { co_yield sample("x", 3.0); };

int main() { run(model); }
