// A handler goes around a model, not around a number.
import modus;
using namespace modus;

double wrong() { return (3 | seed(1)).model; }
