// The table of docs/performance.md: the log joint density with its gradient, ours and by hand, and what belongs to it.
// tools/bench runs this program and makes the table.
//
//     bench_table [--benchmark_...]            the table
//     bench_table --sweep [--benchmark_...]    linear regression against the numbers of rows and of columns
//     bench_table --memory                     peak memory of linear regression over the size of its data
#include "../tests/counted_allocations.hpp"
#include "data.hpp"
#include "hand.hpp"
#include <algorithm>
#include <array>
#include <benchmark/benchmark.h>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_invoke.h>
#include <span>
#include <string>
#include <utility>

import modus;
using namespace modus;

namespace {

namespace models {
#include "models.hpp"
}

/// A gradient of the loss, -log p, as a fit computes it, which validates and replays the model. What is `recorded` is
/// of these.
template <class M, class... A> double ours(Recorded& recorded, const M& model, const AutoDelta<M>& guide,
                                           std::span<double> gradient, const A&... data) {
    static const TraceELBO loss;
    return loss.value_and_gradient(RunOptions{}, model, guide, guide.parameters(), gradient, recorded, data...);
}
/// The same where the model is run.
template <class M, class... A> double ours_run(bool validate, const M& model, const AutoDelta<M>& guide,
                                               std::span<double> gradient, const A&... data) {
    Recorded nothing;
    return TraceELBO{.replay = false}.value_and_gradient(RunOptions{.validate = validate}, model, guide,
                                                         guide.parameters(), gradient, nothing, data...);
}

/// The threads of oneTBB while a benchmark runs.
class Threads {
  public:
    explicit Threads(std::size_t n) : limit_(tbb::global_control::max_allowed_parallelism, n) {}

  private:
    tbb::global_control limit_;
};

template <class F> void add_benchmark(const std::string& name, std::size_t threads, F evaluate) {
    benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
        const Threads limit(threads);
        for (auto _ : state) benchmark::DoNotOptimize(evaluate());
    })->UseRealTime();
}

/// Value and gradient by both; stops the program where they differ.
void check(const std::string& row, double our_loss, const Vector& our_gradient, double value, const Vector& gradient) {
    double largest = 0, worst = 0;
    for (std::size_t k = 0; k < gradient.size(); ++k) {
        largest = std::max(largest, std::fabs(gradient[k]));
        worst = std::max(worst, std::fabs(our_gradient[k] + gradient[k]));
    }
    const bool agrees = std::fabs(our_loss + value) <= 1e-10 * std::max(1.0, std::fabs(value)) &&
                        worst <= 1e-10 * std::max(1.0, largest);
    if (agrees) return;
    std::fprintf(stderr, "%s: log joint %.17g, by hand %.17g; gradients differ by %g, the largest part is %g\n",
                 row.c_str(), -our_loss, value, worst, largest);
    std::exit(1);
}

/// A model with its data, at a fixed point, and room for the gradient.
template <class M> struct Problem {
    AutoDelta<M> guide;
    Vector gradient{};
    const double* u = nullptr;
    double* slope = nullptr;
};

enum class Row { of_sweep, small, large };

template <class M, class... A> auto make_problem(const M& model, const A&... data) {
    const auto problem = std::make_shared<Problem<M>>(Problem<M>{AutoDelta<M>(model)});
    problem->guide.setup(data...);
    Vector& u = problem->guide.parameters();
    for (std::size_t k = 0; k < u.size(); ++k) u[k] = 0.1 + 0.05 * std::sin(1.7 * static_cast<double>(k));
    problem->gradient = Vector(u.size());
    problem->u = u.data();
    problem->slope = problem->gradient.data();
    return problem;
}
template <class M> std::span<double> slopes(const Problem<M>& problem) {
    return {problem.slope, problem.gradient.size()};
}
/// A gradient of it as a fit computes it.
template <class M, class... A>
auto evaluation(const M& model, const std::shared_ptr<Problem<M>>& problem, const A&... data) {
    const auto recorded = std::make_shared<Recorded>();
    const std::span<double> slope = slopes(*problem);
    return [=] { return ours(*recorded, model, problem->guide, slope, data...); };
}

/// A row of the table. `by_hand(u, gradient)` is the reference.
template <class M, class Hand, class... A>
auto add_row(const std::string& name, Row kind, const M& model, const Hand& by_hand, const A&... data) {
    const auto problem = make_problem(model, data...);
    const std::span<double> slope = slopes(*problem);
    const auto run = [=](bool validate) { return ours_run(validate, model, problem->guide, slope, data...); };
    const auto evaluate = evaluation(model, problem, data...);
    for (int k = 0; k < 3; ++k) { // run, recorded, replayed
        const double loss = evaluate();
        const Vector our_gradient{std::span<const double>(slope)};
        check(name, loss, our_gradient, by_hand(problem->u, problem->slope), problem->gradient);
    }
    add_benchmark("ours/" + name, 1, evaluate);
    add_benchmark("hand/" + name, 1, [=] { return by_hand(problem->u, problem->slope); });
    if (kind == Row::of_sweep) return problem;
    add_benchmark("ours_run/" + name, 1, [=] { return run(false); });
    add_benchmark("ours_run_validated/" + name, 1, [=] { return run(true); });
    if (kind == Row::large) add_benchmark("ours_2_threads/" + name, 2, evaluate);
    return problem;
}

/// All second derivatives, and their product with a vector.
template <class M, class P, class... A>
void add_hessian(const std::string& name, const M& model, const P& problem, const A&... data) {
    const auto loss = [=]<Scalar Real>(const Array<Real, 1>& u) {
        return TraceELBO{}.loss<Real>(RunOptions{.validate = false}, model, problem->guide, u, data...);
    };
    add_benchmark("hessian/" + name, 1, [=] { return hessian(loss, problem->guide.parameters())(0, 0); });
    add_benchmark("hessian_vector_product/" + name, 1, [=] {
        const Vector& u = problem->guide.parameters();
        return hessian_vector_product(loss, u, u)[0];
    });
}

std::string size_name(std::size_t n, std::size_t d) { return std::to_string(n) + "x" + std::to_string(d); }

struct Regression {
    Matrix X;
    Vector y;
};
Regression simulated(std::size_t rows, std::size_t columns) {
    Regression data{Matrix(rows, columns), Vector(rows)};
    simulate_predictor(rows, columns, data.X.data(), data.y.data());
    return data;
}

/// What two threads can give on this machine: each evaluates the reference by hand on half of the rows, in memory of
/// its own. `half_by_hand()` makes one of them.
template <class Make> void add_halves(const std::string& name, const Make& half_by_hand) {
    const auto first = half_by_hand(), second = half_by_hand();
    add_benchmark("hand_2_threads/" + name, 2, [=] {
        std::array<double, 2> values;
        tbb::parallel_invoke([&] { values[0] = first(); }, [&] { values[1] = second(); });
        return values[0] + values[1];
    });
}

void add_linear(const std::string& name, Row kind, const Regression& predicted) {
    const Matrix& X = predicted.X;
    Vector y = predicted.y;
    add_noise(y.size(), y.data());
    const hand::Linear data{X.rows(), X.cols(), X.data(), std::as_const(y).data()};
    const auto problem = add_row(
        name, kind, models::linear_regression,
        [=](const double* u, double* gradient) { return hand::linear_regression(data, u, gradient); }, X, y);
    if (kind == Row::of_sweep) return;
    if (kind == Row::large)
        add_halves(name, [&] {
            const Regression half = simulated(X.rows() / 2, X.cols());
            const auto gradient = std::make_shared<Vector>(problem->gradient.size());
            return [=] {
                const hand::Linear some{half.X.rows(), half.X.cols(), half.X.data(), half.y.data()};
                return hand::linear_regression(some, problem->u, gradient->data());
            };
        });
    add_hessian(name, models::linear_regression, problem, X, y);
    const auto compact = std::make_shared<TraceELBO>(TraceELBO{.compact = true});
    const auto recorded = std::make_shared<Recorded>();
    add_benchmark("ours_compact/" + name, 1, [=] {
        return compact->value_and_gradient(RunOptions{}, models::linear_regression, problem->guide,
                                           std::as_const(problem->guide).parameters(), slopes(*problem), *recorded, X,
                                           y);
    });
}

void add_logistic(const std::string& name, Row kind, const Regression& predicted) {
    const Matrix& X = predicted.X;
    IntVector y(X.rows());
    simulate_labels(X.rows(), predicted.y.data(), y.data());
    const hand::Logistic data{X.rows(), X.cols(), X.data(), std::as_const(y).data()};
    const auto problem = add_row(
        name, kind, models::logistic_regression,
        [=](const double* u, double* gradient) { return hand::logistic_regression(data, u, gradient); }, X, y);
    if (kind == Row::large)
        add_halves(name, [&] {
            const Regression half = simulated(X.rows() / 2, X.cols());
            IntVector labels(half.X.rows());
            simulate_labels(labels.size(), half.y.data(), labels.data());
            const auto gradient = std::make_shared<Vector>(problem->gradient.size());
            return [=] {
                const hand::Logistic some{half.X.rows(), half.X.cols(), half.X.data(), labels.data()};
                return hand::logistic_regression(some, problem->u, gradient->data());
            };
        });
    if (kind != Row::of_sweep) add_hessian(name, models::logistic_regression, problem, X, y);
    add_benchmark("hand_by_rows/" + name, 1,
                  [=] { return hand::logistic_regression_by_rows(data, problem->u, problem->slope); });
}

void add_schools() {
    const Vector y{28, 8, -3, 7, -1, 1, 18, 12};       // estimated effects
    const Vector error{15, 10, 16, 11, 9, 11, 10, 18}; // their standard errors
    const hand::Schools data{error.data(), y.data()};
    add_row(
        "eight_schools/8x1", Row::small, models::eight_schools,
        [=](const double* u, double* gradient) { return hand::eight_schools(data, u, gradient); }, error, y);
}

/// Both parametrizations.
void add_groups(std::size_t rows, std::size_t groups, bool sorted) {
    Vector x(rows), y(rows);
    IntVector group(rows);
    simulate_groups(rows, groups, sorted, group.data(), x.data(), y.data());
    const hand::Grouped data{rows, groups, std::as_const(group).data(), std::as_const(x).data(),
                             std::as_const(y).data()};
    const std::string size = size_name(rows, groups), suffix = sorted ? "/" : "_unsorted/";
    add_row(
        "non_centred" + suffix + size, Row::small, models::non_centred,
        [=](const double* u, double* gradient) { return hand::non_centred(data, u, gradient, sorted); }, groups, group,
        x, y);
    if (!sorted) return;
    add_row(
        "centred" + suffix + size, Row::small, models::centred,
        [=](const double* u, double* gradient) { return hand::centred(data, u, gradient, sorted); }, groups, group, x,
        y);
}

/// What is no single pass over the data: elements of rates and logits, and products of matrices, are in memory.
template <class M, class... A> void add_in_memory(const std::string& name, const M& model, const A&... data) {
    const auto evaluate = evaluation(model, make_problem(model, data...), data...);
    add_benchmark("in_memory/" + name, 1, evaluate);
    add_benchmark("in_memory_2_threads/" + name, 2, evaluate);
}
void add_all_in_memory() {
    const Regression data = simulated(100000, 10);
    IntVector counts(data.X.rows());
    for (std::size_t k = 0; k < counts.size(); ++k) counts[k] = static_cast<Integer>(k * k % 3);
    add_in_memory("poisson_regression/100000x10", models::poisson_regression, data.X, counts);
    add_in_memory("softmax_regression/100000x10x3", models::softmax_regression, data.X, std::size_t{3}, counts);
}

void add_table() {
    for (const auto& [rows, columns] :
         {std::pair<std::size_t, std::size_t>{100, 3}, {1000, 10}, {10000, 100}, {100000, 10}}) {
        const Regression data = simulated(rows, columns);
        const Row kind = rows * columns >= 1000000 ? Row::large : Row::small;
        add_linear("linear_regression/" + size_name(rows, columns), kind, data);
        add_logistic("logistic_regression/" + size_name(rows, columns), kind, data);
    }
    add_schools();
    add_groups(919, 85, true);
    add_groups(12000, 1000, true);
    add_groups(12000, 1000, false);
    add_all_in_memory();
}

void add_sweep() {
    for (std::size_t rows : {10, 30, 100, 300, 1000, 3000, 10000, 30000, 100000, 300000, 1000000})
        add_linear("rows/" + size_name(rows, 10), Row::of_sweep, simulated(rows, 10));
    for (std::size_t columns : {1, 3, 10, 30, 100, 300, 1000, 3000, 10000})
        add_linear("columns/" + size_name(1000, columns), Row::of_sweep, simulated(1000, columns));
}

/// A step of SVI, which validates, or the gradient in it alone: on the same data in the same place.
void svi(benchmark::State& state, bool is_step) {
    const Threads limit(1);
    Regression data = simulated(1000, 10);
    add_noise(data.y.size(), data.y.data());
    AutoDelta guide(models::linear_regression);
    SVI svi(models::linear_regression, guide, Adam{.lr = 0.01}, TraceELBO{});
    svi.step(data.X, data.y);
    svi.step(data.X, data.y);
    Vector gradient(guide.parameters().size());
    Recorded recorded;
    const auto evaluate = [&] {
        return is_step ? svi.step(data.X, data.y)
                       : ours(recorded, models::linear_regression, guide, {gradient.data(), gradient.size()}, data.X,
                              data.y);
    };
    for (int k = 0; k < 4; ++k) evaluate();
    const long before = allocations;
    for (auto _ : state) benchmark::DoNotOptimize(evaluate());
    state.counters["allocations"] =
        static_cast<double>(allocations - before) / static_cast<double>(state.iterations()); // per step
}
BENCHMARK_CAPTURE(svi, step, true)->UseRealTime();
BENCHMARK_CAPTURE(svi, gradient, false)->UseRealTime();

/// A whole fit: 1000 steps from the initial point.
void map_fit(benchmark::State& state) {
    const Threads limit(1);
    Regression data = simulated(1000, 10);
    add_noise(data.y.size(), data.y.data());
    for (auto _ : state) {
        AutoDelta guide(models::linear_regression);
        SVI svi(models::linear_regression, guide, Adam{.lr = 0.01}, TraceELBO{});
        for (int step = 0; step < 1000; ++step) svi.step(data.X, data.y);
        benchmark::DoNotOptimize(guide.parameters()[0]);
    }
}
BENCHMARK(map_fit)->UseRealTime();

/// A line of /proc/self/status, in bytes.
double process_memory(const std::string& key) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;)
        if (word == key) {
            double kilobytes = 0;
            status >> kilobytes;
            return 1024 * kilobytes;
        }
    return 0;
}

/// What evaluating linear regression, 100,000 x 10, takes at its peak, the data included, over the size of the data.
void print_memory() {
    const Threads limit(1);
    const double before = process_memory("VmRSS:");
    Regression data = simulated(100000, 10);
    add_noise(data.y.size(), data.y.data());
    AutoDelta guide(models::linear_regression);
    guide.setup(data.X, data.y);
    Vector gradient(guide.parameters().size());
    Recorded recorded;
    double loss = 0;
    for (int k = 0; k < 5; ++k)
        loss += ours(recorded, models::linear_regression, guide, {gradient.data(), gradient.size()}, data.X, data.y);
    benchmark::DoNotOptimize(loss);
    const double size = static_cast<double>(8 * (data.X.size() + data.y.size()));
    std::printf("%.3f\n", (process_memory("VmHWM:") - before) / size);
}

} // namespace

int main(int argc, char** argv) {
    bool is_sweep = false;
    for (int k = 1; k < argc; ++k) {
        if (std::strcmp(argv[k], "--memory") == 0) {
            print_memory();
            return 0;
        }
        if (std::strcmp(argv[k], "--sweep") == 0) {
            is_sweep = true;
            std::move(argv + k + 1, argv + argc + 1, argv + k);
            --argc, --k;
        }
    }
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
    if (is_sweep) benchmark::ClearRegisteredBenchmarks();
    is_sweep ? add_sweep() : add_table();
    benchmark::RunSpecifiedBenchmarks();
}
