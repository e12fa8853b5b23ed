// What guides can do, in a few lines each that assert it. docs/guides.md explains them.
#include "expect.hpp"
#include <cmath>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

import modus;
using namespace modus;

// [model]
constexpr auto rates = []<Scalar Real>(Observed<Vector> y, std::size_t n) -> Model<Real> {
    auto rate = co_yield sample("rate", LogNormal(0, 1));
    auto offset = co_yield sample("offset", Normal(0, 1));
    auto data = co_yield plate("data", n);
    co_yield sample("y", Normal(offset + rate, 0.5), obs = y);
};
const Vector y{1.5, 2.5, 3.0, 2.0};
constexpr std::size_t n = 4;
constexpr Adam adam{.lr = 0.05, .lr_decay = 0.999};
// [model]

// [local]
// A latent number for each row: their block has 4 coordinates, of which a step on two rows moves two.
constexpr auto local = []<Scalar Real>(const Vector& y, const PlateOptions& rows) -> Model<Real> {
    auto mu = co_yield sample("mu", Normal(0, 2));
    auto data = co_yield plate("data", y.size(), rows);
    auto z = co_yield sample("z", Normal(mu, 1).expand(data));
    co_yield sample("y", Normal(z, 0.5), obs = data.subsample(y));
};
// [local]

// [program]
constexpr auto program = []<Scalar Real>(Observed<Vector>, std::size_t) -> Model<Real> {
    auto rate = co_yield param("rate_at", 0.5, support::positive);
    co_yield sample("rate", Delta(rate));
    auto offset = co_yield param("offset_at", 0.0);
    co_yield sample("offset", Delta(offset));
};
// [program]

namespace {

void show_auto_delta() {
    // [auto_delta]
    AutoDelta guide(rates, init_to_value({{"offset", 0.25}}, init_to_median));
    guide.setup(y, n); // or the first step
    expect(value_as<double>(guide.get("rate", y, n)) == 1 && value_as<double>(guide.get("offset", y, n)) == 0.25);

    SVI svi(rates, guide, adam, TraceELBO{});
    svi.run(12000, y, n);
    const NamedValues fit = guide.median(y, n);
    expect(fit.size() == 2 && fit.get<double>("rate") > 0);
    // [auto_delta]

    // [names]
    expect(guide.names() == std::vector<std::string>{"rate", "offset"});
    expect(guide.match("off.*") == std::vector<std::string>{"offset"});
    guide.set("rate", 2.0, y, n);
    expect(is_close(value_as<double>(guide.get("rate", y, n)), 2));
    expect(is_close(guide.unconstrained("rate")[0], std::log(2)));
    guide.clear(); // the next call starts from initial values
    expect(value_as<double>(guide.get("rate", y, n)) == 1);
    // [names]

    // [initial]
    const auto started = rates | infer_config([](const std::string& site) {
                             return site == "rate" ? InferOptions{.initial = 3.0} : InferOptions{};
                         });
    AutoDelta from(started, init_to_sample(1));
    expect(is_close(value_as<double>(from.get("rate", y, n)), 3)); // offset is drawn
    // [initial]
}

void show_plates() {
    {
        // [subsample]
        AutoDelta guide(local);
        SVI svi(local, guide, adam, TraceELBO{});
        svi.step(y, PlateOptions{.subsample = IntVector{3, 1}});
        const Vector z = guide.median(y, PlateOptions{}).get<Vector>("z"); // all four
        expect(z[0] == 0 && z[1] != 0 && z[2] == 0 && z[3] != 0);
        svi.step(y, PlateOptions{.subsample_size = 2}); // two that the step draws
        for (const IntVector& rows : epoch(4, 2)) svi.step(y, PlateOptions{.subsample = rows}); // each row once
        // [subsample]
        const Vector all = guide.median(y, PlateOptions{}).get<Vector>("z");
        for (const double x : all) expect(x != 0);
    }
    {
        // [create_plates]
        constexpr auto in_pairs = []<Scalar Real>(const Vector& y, const IntVector&) -> Model<Real> {
            auto mu = co_yield sample("mu", Normal(0, 2));
            auto data = co_yield plate("data", y.size(), {.subsample_size = 2});
            co_yield sample("y", Normal(mu, 1), obs = data.subsample(y));
        };
        const auto create_plates = [](const Vector& y, const IntVector& rows) {
            return plate("data", y.size(), {.subsample = rows});
        };
        AutoDelta guide(in_pairs, init_to_median, AutoDeltaOptions{.create_plates = create_plates});
        SVI svi(in_pairs, guide, SGD{.lr = 0.1}, TraceELBO{});
        svi.step(y, IntVector{0, 2});
        // From 0, the gradient of -log p is -(4 / 2) (1.5 + 3.0).
        expect(is_close(value_as<double>(guide.get("mu", y, IntVector{0, 2})), 0.1 * 2 * 4.5));
        // [create_plates]
    }
}

/// Fits a guide of `rates` and gives its points.
template <class G> NamedValues fitted(G& guide) {
    SVI svi(rates, guide, adam, TraceELBO{});
    svi.run(12000, y, n);
    return guide.median(y, n);
}

void show_own_guides() {
    AutoDelta automatic(rates);
    const NamedValues expected = fitted(automatic);
    const auto is_same = [&](const NamedValues& found) {
        return is_close(found.get<double>("rate"), expected.get<double>("rate"), 1e-6) &&
               is_close(found.get<double>("offset"), expected.get<double>("offset"), 1e-6);
    };
    {
        // [guide]
        Guide guide(rates, program);
        expect(is_same(fitted(guide))); // as AutoDelta
        expect(guide.names() == std::vector<std::string>{"rate_at", "offset_at"});
        // [guide]
    }
    {
        // [guide_list]
        constexpr auto offset_only = []<Scalar Real>(Observed<Vector>, std::size_t) -> Model<Real> {
            auto offset = co_yield param("offset_at", 0.0);
            co_yield sample("offset", Delta(offset));
        };
        GuideList guide(rates, AutoDelta(rates | block({.expose = {"rate"}})),
                        Guide(rates | block({.hide = {"rate"}}), offset_only));
        expect(is_same(fitted(guide)));
        expect(guide.names() == std::vector<std::string>{"rate", "offset_at"});
        // [guide_list]
    }
}

void show_results() {
    AutoDelta guide(rates);
    const NamedValues fit = fitted(guide);
    {
        // [predictive]
        const std::vector<NamedValues> points{fit}; // one, or many to be used in turn
        const Draws prior = Predictive(rates, 1000)(absent, n);
        const Draws to_come = Predictive(rates, points, 1000, {.seed = 1})(absent, n);
        expect(prior.get<Vector>("rate").size() == 1000);
        const Vector mean = value_as<Vector>(to_come.mean("y"));
        // Four standard deviations of a mean of 1000 draws: 4 * 0.5 / sqrt(1000) = 0.063.
        for (const double m : mean) expect(std::fabs(m - fit.get<double>("rate") - fit.get<double>("offset")) < 0.063);
        // [predictive]
    }
    {
        // [render_model]
        const std::string dot = render_model(rates, y, n); // Graphviz's language
        expect(dot.find("label=\"data  4\"") != std::string::npos);
        // save_graph(dot, "rates.svg") draws it with the program dot; "rates.dot" needs no program.
        // [render_model]
    }
    {
        const std::string path = std::filesystem::temp_directory_path() / "modus_guides.json";
        // [save]
        AutoDelta first(rates), second(rates);
        SVI half(rates, first, adam, TraceELBO{});
        half.run(100, y, n);
        half.save(path);
        half.run(100, y, n);
        SVI other(rates, second, adam, TraceELBO{});
        other.load(path, y, n);
        other.run(100, y, n);
        expect(first.median(y, n) == second.median(y, n)); // the same bits
        // [save]
        std::filesystem::remove(path);
    }
}

} // namespace

int main() try {
    show_auto_delta();
    show_plates();
    show_own_guides();
    show_results();
    std::cout << failures << " expectations failed\n";
    return failures ? 1 : 0;
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
}
