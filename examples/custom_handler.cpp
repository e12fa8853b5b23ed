// A handler of one's own: tempering, which weighs the data less (0 < temperature < 1), from the priors alone to the
// full posterior.
#include <cmath>
#include <iostream>

import modus;
using namespace modus;

// [handler]
struct temper : Handler {
    explicit temper(double temperature_) : temperature(temperature_) {}

    template <Scalar Real> void process(Message<Real>& message) {
        if (message.provenance == Provenance::observed) message.scale *= temperature;
    }

    double temperature;
};
// [handler]

constexpr auto location = []<Scalar Real>(const Vector& y) -> Model<Real> {
    auto mu = co_yield sample("mu", Normal(0, 1));
    auto data = co_yield plate("data", y.size());
    co_yield sample("y", Normal(mu, 1), obs = y);
};

int main() {
    const Vector y{1.5, 2.5, 3.0};
    bool is_right = true;
    for (const double temperature : {0.01, 0.5, 1.0}) {
        const auto tempered = location | temper(temperature);
        AutoDelta guide(tempered);
        SVI svi(tempered, guide, Adam{.lr = 0.05, .lr_decay = 0.995}, TraceELBO{});
        svi.run(4000, y);
        const double mu = guide.median(y).get<double>("mu");
        const double exact = temperature * sum(y) / (1 + temperature * 3);
        std::cout << "temperature " << temperature << ": mu " << mu << ", exactly " << exact << "\n";
        is_right = is_right && std::fabs(mu - exact) < 1e-8 * exact;
    }
    return is_right ? 0 : 1;
}
