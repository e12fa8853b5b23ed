// A hierarchical regression on real data: reaction times of 18 subjects over ten days of too little sleep, each with a
// line of their own; fitted with all rows in each step, and by mini-batches.
//
//     sleepstudy [file.csv with columns subject, day, reaction [graph.svg]]
#include "sleep.hpp"
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <string>

import modus;
using namespace modus;

// [model]
constexpr auto varying_lines = []<Scalar Real>(const Vector& day, const IntVector& subject, Observed<Vector> y,
                                               const PlateOptions& rows) -> Model<Real> {
    auto mean_level = co_yield sample("mean_level", Normal(3, 1));   // tenths of a second, half way
    auto mean_trend = co_yield sample("mean_trend", Normal(0, 0.5)); // and a day
    auto level_sd = co_yield sample("level_sd", HalfNormal(0.2));
    auto trend_sd = co_yield sample("trend_sd", HalfNormal(0.05));
    auto sigma = co_yield sample("sigma", HalfNormal(1));
    Array<Real, 1> level, trend;
    {
        auto subjects = co_yield plate("subject", 18);
        level = co_yield sample("level", Normal(mean_level, level_sd).expand(subjects));
        trend = co_yield sample("trend", Normal(mean_trend, trend_sd).expand(subjects));
    }
    auto data = co_yield plate("data", day.size(), rows);
    const IntVector who = data.subsample(subject);
    co_yield sample("reaction", Normal(level[who] + trend[who] * data.subsample(day), sigma), obs = data.subsample(y));
};
// [model]

// The joint density of varying_lines has no mode: where all levels are equal it grows without bound as level_sd falls
// to 0. In coordinates z, level = mean_level + level_sd z, it is that of z, which has no such edge, and all coordinates
// are of order 1. level_sd is then larger at the mode than where the levels are integrated out (0.5 against 0.25), as
// nothing but its own prior keeps it from growing while z shrinks; the lines themselves hardly notice.
// [reparam]
const auto sleepstudy = varying_lines | reparam({{"level", LocScaleReparam{}}, {"trend", LocScaleReparam{}}});
// [reparam]

namespace {

/// Whether two fits are the same, up to a part of the spread of levels and trends, and of the scales themselves.
bool agree(const NamedValues& a, const NamedValues& b, double tolerance) {
    bool is_same = true;
    const auto compare = [&](const std::string& name, double scale) {
        const auto numbers = [&](const NamedValues& fit) {
            const Data& value = fit[name];
            return shape_of(value).rank == 0 ? Vector{value_as<double>(value)} : value_as<Vector>(value);
        };
        double worst = 0;
        const Vector difference = numbers(a) - numbers(b);
        for (const double d : difference) worst = std::fmax(worst, std::fabs(d) / scale);
        std::cout << "  " << name << " " << worst << "\n";
        is_same = is_same && worst <= tolerance;
    };
    const double level_sd = a.get<double>("level_sd"), trend_sd = a.get<double>("trend_sd");
    for (const char* name : {"mean_level", "level", "level_sd"}) compare(name, level_sd);
    for (const char* name : {"mean_trend", "trend", "trend_sd"}) compare(name, trend_sd);
    compare("sigma", a.get<double>("sigma"));
    return is_same;
}

} // namespace

int main(int argc, char** argv) try {
    const SleepStudy study = read_sleep_study(argc > 1 ? argv[1] : MODUS_EXAMPLES_DATA "/sleepstudy.csv");
    const IntVector subject(study.subject);
    const Vector day = Vector(study.day) - 4.5; // so that levels and trends do not depend on each other
    const Vector y = Vector(study.reaction) / 100;
    const std::size_t n = y.size();
    if (argc > 2) {
        // [graph]
        save_graph(render_model(varying_lines, day, subject, y, PlateOptions{}), argv[2]); // "sleepstudy.svg"
        // [graph]
    }

    AutoDelta whole(sleepstudy);
    SVI all_rows(sleepstudy, whole, Adam{.lr = 0.05, .lr_decay = 0.998}, TraceELBO{});
    all_rows.run(10000, day, subject, y, PlateOptions{});
    const NamedValues fit = whole.median(day, subject, y, PlateOptions{});
    std::cout << fit << "\n";

    // An independent optimum: tests/reference/sleepstudy.py.
    const NamedValues expected{{"mean_level", 2.9853368404427862},
                               {"mean_trend", 0.10435931101054328},
                               {"level_sd", 0.55800473095909063},
                               {"trend_sd", 0.11350780740559601},
                               {"sigma", 0.2291123423987013}};
    bool is_right = true;
    for (const auto& [name, hash, value] : expected) {
        const double x = value_as<double>(value), found = fit.get<double>(name);
        if (std::fabs(found - x) <= 1e-6 * std::fabs(x)) continue;
        std::cerr << "not the optimum: " << name << " " << found << " instead of " << x << "\n";
        is_right = false;
    }

    // [batches]
    AutoDelta guide(sleepstudy);
    SVI svi(sleepstudy, guide, Adam{.lr = 0.05, .lr_decay = 0.99995}, TraceELBO{});
    for (std::uint64_t k = 0; k < 20000; ++k)
        for (const IntVector& rows : epoch(n, 20, {.number = k}))
            svi.step(day, subject, y, PlateOptions{.subsample = rows});
    // [batches]
    std::cout << "by mini-batches, differences in units of the spread:\n";
    const bool is_same = agree(fit, guide.median(day, subject, y, PlateOptions{}), 1e-3);
    if (!is_same) std::cerr << "mini-batches lead elsewhere\n";
    return is_right && is_same ? 0 : 1;
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
}
