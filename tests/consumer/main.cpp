// Nothing is included: `import modus;` alone lets a program write a coroutine, fit it and check the answer.
import modus;
using namespace modus;

constexpr auto location = []<Scalar Real>(const Vector& y) -> Model<Real> {
    auto mu = co_yield sample("mu", Normal(0, 1));
    auto rows = co_yield plate("rows", y.size());
    co_yield sample("y", Normal(mu, 1), obs = y);
};

int main() {
    const Vector y{1, 2, 4};
    AutoDelta guide(location);
    SVI svi(location, guide, SGD{.lr = 0.1}, TraceELBO{});
    svi.run(200, y);
    const double error = guide.median(y).get<double>("mu") - 1.75;
    return error < 1e-9 && error > -1e-9 ? 0 : 1;
}
