// Must not compile: a model yields effects.
import modus;
using namespace modus;

constexpr auto model = []<Scalar Real>() -> Model<Real> { co_yield 3; };

int main() { run(model); }
