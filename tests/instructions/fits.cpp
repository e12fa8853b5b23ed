// Three small fits of a fixed number of steps, run and replayed, to be counted. The models and the data are those of
// the benchmarks.
//   fits <name> <steps>    runs a fit and prints the last loss
//   fits                   prints the compiler and the names, a word on each line
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "data.hpp"

import modus;
using namespace modus;

#include "models.hpp"

namespace {

template <bool replay, class M, class... A> double fit(std::size_t steps, const M& model, const A&... arguments) {
    AutoDelta guide(model);
    SVI svi(model, guide, Adam{.lr = 0.01}, TraceELBO{.replay = replay});
    return svi.run(steps, arguments...).losses.back();
}

template <bool replay> double fit_linear_regression(std::size_t steps) {
    Matrix X(100, 3);
    Vector y(X.rows());
    simulate_predictor(X.rows(), X.cols(), X.data(), y.data());
    add_noise(y.size(), y.data());
    return fit<replay>(steps, linear_regression, X, y);
}

template <bool replay> double fit_eight_schools(std::size_t steps) {
    const Vector error{15, 10, 16, 11, 9, 11, 10, 18};
    const Vector y{28, 8, -3, 7, -1, 1, 18, 12};
    return fit<replay>(steps, eight_schools, error, y);
}

template <bool replay> double fit_varying_intercepts(std::size_t steps) { // of the size of the radon data
    constexpr std::size_t rows = 919, groups = 85;
    IntVector group(rows);
    Vector x(rows), y(rows);
    simulate_groups(rows, groups, true, group.data(), x.data(), y.data());
    return fit<replay>(steps, centred, groups, group, x, y);
}

struct Fit {
    std::string_view name;
    double (*run)(std::size_t steps);
};
constexpr Fit fits[] = {{"linear_regression", fit_linear_regression<false>},
                        {"eight_schools", fit_eight_schools<false>},
                        {"varying_intercepts", fit_varying_intercepts<false>},
                        {"linear_regression_replayed", fit_linear_regression<true>},
                        {"eight_schools_replayed", fit_eight_schools<true>},
                        {"varying_intercepts_replayed", fit_varying_intercepts<true>}};

} // namespace

int main(int argc, char** argv) {
    if (argc == 1) {
#ifdef __clang__
        std::printf("clang-%d\n", __clang_major__);
#else
        std::printf("gcc-%d\n", __GNUC__);
#endif
        for (const Fit& fit : fits) std::puts(fit.name.data());
        return 0;
    }
    for (const Fit& fit : fits)
        if (argc == 3 && fit.name == argv[1]) {
            const long steps = std::atol(argv[2]);
            if (steps > 0) {
                std::printf("%.17g\n", fit.run(static_cast<std::size_t>(steps)));
                return 0;
            }
        }
    std::fputs("usage: fits [<name> <steps>]\n", stderr);
    return 2;
}
