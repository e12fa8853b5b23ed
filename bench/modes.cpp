// A gradient of small models by forward duals and by a tape: what the rule of `chosen_mode` comes from.
#include <benchmark/benchmark.h>
#include <cmath>
#include <cstddef>

import modus;
using namespace modus;

namespace {

constexpr auto mean_and_scale = []<Scalar Real>(const Vector& y) -> Model<Real> {
    auto mu = co_yield sample("mu", Normal(0, 10));
    auto sigma = co_yield sample("sigma", LogNormal(0, 1));
    auto rows = co_yield plate("rows", y.size());
    co_yield sample("y", Normal(mu, sigma), obs = y);
};
constexpr auto scalar_sites = []<Scalar Real>(std::size_t sites) -> Model<Real> {
    for ([[maybe_unused]] auto i : co_yield plate("site", sites)) co_yield sample("x", Normal(0, 1));
};

template <class M, class... A> void gradient(benchmark::State& state, Mode mode, const M& model, const A&... data) {
    AutoDelta guide(model);
    guide.setup(data...);
    const TraceELBO loss{.mode = mode, .replay = false};
    Recorded nothing;
    Vector slope(guide.parameters().size());
    for (auto _ : state)
        benchmark::DoNotOptimize(loss.value_and_gradient(RunOptions{.validate = false}, model, guide,
                                                         guide.parameters(), {slope.data(), slope.size()}, nothing,
                                                         data...));
}

void with_data(benchmark::State& state, Mode mode) {
    Vector y(static_cast<std::size_t>(state.range(0)));
    for (std::size_t k = 0; k < y.size(); ++k) y[k] = std::sin(static_cast<double>(k));
    gradient(state, mode, mean_and_scale, y);
}
void with_sites(benchmark::State& state, Mode mode) {
    gradient(state, mode, scalar_sites, static_cast<std::size_t>(state.range(0)));
}
BENCHMARK_CAPTURE(with_data, forward, Mode::forward)->Arg(1)->Arg(10)->Arg(20)->Arg(30)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(with_data, reverse, Mode::reverse)->Arg(1)->Arg(10)->Arg(20)->Arg(30)->Arg(100)->Arg(1000);
BENCHMARK_CAPTURE(with_sites, forward, Mode::forward)->Arg(2)->Arg(4)->Arg(6)->Arg(16);
BENCHMARK_CAPTURE(with_sites, reverse, Mode::reverse)->Arg(2)->Arg(4)->Arg(6)->Arg(16);

} // namespace
