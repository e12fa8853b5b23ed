// The cost of a site: a model of 1000 scalar sites, over double, with handlers around it.
#include <benchmark/benchmark.h>

import modus;
using namespace modus;

namespace {

constexpr std::size_t sites = 1000;

constexpr auto many_sites = []<Scalar Real>() -> Model<Real> {
    for ([[maybe_unused]] auto i : co_yield plate("site", sites)) co_yield sample("x", Normal(0, 1), obs = 0.5);
};

struct Count : Handler {
    std::size_t seen = 0;
    template <Scalar Real> void process(Message<Real>&) { ++seen; }
};

/// Names and dispatch alone.
void two_handlers(benchmark::State& state) {
    Count inner, outer;
    const auto handled = many_sites | inner | outer;
    for (auto _ : state) run(RunOptions{.validate = state.range(0) != 0}, handled);
    benchmark::DoNotOptimize(outer.seen);
    state.counters["per_site"] = benchmark::Counter(
        static_cast<double>(sites), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(two_handlers)->Arg(0)->Arg(1)->ArgName("validate");

/// With the log density, as a step of SVI pays it.
void log_joint(benchmark::State& state) {
    LogJoint<double> joint;
    Count count;
    const auto handled = many_sites | count | joint;
    for (auto _ : state) run(RunOptions{.validate = state.range(0) != 0}, handled);
    benchmark::DoNotOptimize(joint.total);
    state.counters["per_site"] = benchmark::Counter(
        static_cast<double>(sites), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(log_joint)->Arg(0)->Arg(1)->ArgName("validate");

} // namespace
