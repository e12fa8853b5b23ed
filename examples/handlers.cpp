// Every handler, in a few lines that assert what it does. docs/handlers.md explains them.
#include "expect.hpp"
#include <cmath>
#include <exception>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

import modus;
using namespace modus;

// [model]
constexpr auto location = []<Scalar Real>(const Vector& y) -> Model<Real, Real> {
    auto mu = co_yield sample("mu", Normal(0, 2));
    auto sigma = co_yield sample("sigma", LogNormal(0, 1));
    auto data = co_yield plate("data", y.size());
    co_yield sample("y", Normal(mu, sigma), obs = y);
    co_return mu;
};
const Vector y{1.5, 2.5, 3.0};
const NamedValues point{{"mu", 2.0}, {"sigma", 0.5}};
// [model]

// [explain]
const auto handled = location | condition({{"sigma", 0.5}}) | seed(7) | trace;
// explain(handled) is
const std::string in_words = R"(A site of the model goes outwards:
  model
  -> condition({sigma: 0.50})
  -> seed(7)
  -> trace
  -> default: a value is checked; a latent site without one is an error
and back inwards, with its final value:
  <- trace
  <- seed(7)
  <- condition({sigma: 0.50})
  <- model
)";
// [explain]

namespace {

/// The log density of Normal(loc, scale).
double normal(double x, double loc, double scale) {
    const double z = (x - loc) / scale;
    return -0.5 * z * z - std::log(scale * std::sqrt(2 * std::numbers::pi));
}

void show_order() {
    expect(explain(handled) == in_words);
    // [order]
    const NamedValues one{{"mu", 1.0}};
    const Trace inner = run(location | substitute(one) | seed(7) | trace, y);
    expect(inner.get<double>("mu") == 1); // substitute answers first; seed sees that there is a value
    expect(inner["sigma"].provenance == Provenance::sampled);
    try {
        run(location | seed(7) | substitute(one), y); // seed answers first
        expect(false);
    } catch (const Error& error) {
        expect(error.site == "mu" && error.expected == "one value");
    }
    // [order]
}

void show_values() {
    {
        // [trace]
        const Trace t = run(location | substitute(point) | trace, y);
        expect(t.size() == 3); // mu, sigma, y
        expect(t.get<double>("mu") == 2);
        expect(is_close(t["y"].log_density, normal(1.5, 2, 0.5) + normal(2.5, 2, 0.5) + normal(3, 2, 0.5)));
        expect(is_close(t.log_prob_sum(), t["mu"].log_density + t["sigma"].log_density + t["y"].log_density));
        // [trace]
    }
    {
        // [replay]
        const Trace t = run(location | seed(7) | trace, y);
        const Trace again = run(location | replay(t) | trace, Vector{4, 5});
        expect(again.get<double>("mu") == t.get<double>("mu"));
        expect(again.get<Vector>("y").size() == 2); // data stay those of the run
        // [replay]
    }
    {
        // [condition]
        const Trace t = run(location | condition({{"sigma", 0.5}}) | seed(7) | trace, y);
        expect(t["sigma"].provenance == Provenance::observed);
        AutoDelta guide(location | condition({{"sigma", 0.5}}));
        guide.setup(y);
        expect(guide.names() == std::vector<std::string>{"mu"});
        // [condition]
    }
    {
        // [substitute]
        const Trace t = run(location | substitute(point) | trace, y);
        expect(t["sigma"].provenance == Provenance::substituted);
        // [substitute]
    }
    {
        // [seed]
        const double mu = run(location | seed(7), y); // what the model returns
        const double same = run(location | substitute({{"sigma", 0.5}}) | seed(7), y);
        expect(mu == same && mu != run(location | seed(8), y));
        // [seed]
    }
    {
        // [uncondition]
        const Trace t = run(location | uncondition() | seed(7) | trace, y);
        expect(t["y"].provenance == Provenance::sampled);
        expect(t.get<Vector>("y").size() == 3); // a draw in the shape of the data
        // [uncondition]
    }
    {
        // [do]
        const auto model = location | do_({{"mu", 1.0}}) | substitute(point) | trace;
        const Trace t = run(model, y);
        expect(is_close(t["mu"].log_density, normal(2, 0, 2)));
        expect(is_close(t["y"].log_density, normal(1.5, 1, 0.5) + normal(2.5, 1, 0.5) + normal(3, 1, 0.5)));
        expect(t.get<double>("mu__CF") == 1); // the intervention, on record
        // [do]
    }
}

void show_densities() {
    {
        // [mask]
        const Trace t = run(location | substitute(point) | mask(false) | trace, y);
        expect(t.log_prob_sum() == 0);

        constexpr auto with_gaps = []<Scalar Real>(const Vector& y, const IntVector& is_there) -> Model<Real> {
            auto mu = co_yield sample("mu", Normal(0, 2));
            auto data = co_yield plate("data", y.size());
            auto seen = co_yield mask(is_there); // up to the end of the block
            co_yield sample("y", Normal(mu, 1), obs = y);
        };
        const Vector gaps{1.5, std::numeric_limits<double>::quiet_NaN(), 3.0};
        const Trace part = run(with_gaps | substitute({{"mu", 2.0}}) | trace, gaps, IntVector{1, 0, 1});
        expect(is_close(part["y"].log_density, normal(1.5, 2, 1) + normal(3, 2, 1)));
        // [mask]
    }
    {
        // [scale]
        const Trace t = run(location | substitute(point) | trace, y);
        const Trace half = run(location | substitute(point) | scale(0.5) | trace, y);
        expect(is_close(half.log_prob_sum(), t.log_prob_sum() / 2));

        constexpr auto doubled = []<Scalar Real>(const Vector& y) -> Model<Real> {
            auto mu = co_yield sample("mu", Normal(0, 2));
            auto twice = co_yield scale(2); // up to the end of the block
            auto data = co_yield plate("data", y.size());
            co_yield sample("y", Normal(mu, 1), obs = y);
        };
        const Trace part = run(doubled | substitute({{"mu", 2.0}}) | trace, Vector{1.5});
        expect(is_close(part.log_prob_sum(), normal(2, 0, 2) + 2 * normal(1.5, 2, 1)));
        // [scale]
    }
}

void show_sites() {
    {
        // [block]
        const auto draw = location | seed(7);
        expect(run(draw | block({.hide = {"sigma"}}) | trace, y).size() == 2);
        expect(run(draw | block({.expose = {"sigma"}}) | trace, y).size() == 1);
        expect(run(draw | block() | trace, y).size() == 0);
        // [block]
    }
    {
        // [scope]
        constexpr auto two = []<Scalar Real>(const Vector& y) -> Model<Real> {
            co_yield submodel(location | scope("first"), y);
            co_yield submodel(location | scope("second"), y);
        };
        const Trace t = run(two | seed(7) | trace, y);
        expect(t.size() == 6 && t.get<double>("first/mu") != t.get<double>("second/mu"));
        // [scope]
    }
    {
        // [lift]
        constexpr auto with_param = []<Scalar Real>(const Vector& y) -> Model<Real> {
            auto mu = co_yield param("mu", 0.0);
            auto data = co_yield plate("data", y.size());
            co_yield sample("y", Normal(mu, 1), obs = y);
        };
        const auto fit = [](const auto& model) {
            AutoDelta guide(model);
            SVI svi(model, guide, Adam{.lr = 0.05, .lr_decay = 0.995}, TraceELBO{});
            svi.run(4000, y);
            return value_as<double>(guide.get("mu", y));
        };
        expect(is_close(fit(with_param), 7.0 / 3, 1e-8)); // no prior: the mean of the data
        expect(is_close(fit(with_param | lift("mu", Normal(0, 1))), 7.0 / 4, 1e-8));
        // [lift]
    }
    {
        // [infer_config]
        const auto configured = location | infer_config([](const std::string& site) {
                                    return site == "mu" ? InferOptions{.initial = 1.0} : InferOptions{};
                                });
        AutoDelta guide(configured, init_to_median);
        expect(value_as<double>(guide.get("mu", y)) == 1); // its median is 0
        // [infer_config]
    }
    {
        // [reparam]
        constexpr auto centred = []<Scalar Real>() -> Model<Real> {
            auto tau = co_yield sample("tau", LogNormal(0, 1));
            co_yield sample("theta", Normal(1, tau));
        };
        const auto non_centred = centred | reparam({{"theta", LocScaleReparam{}}});
        const Trace t = run(non_centred | substitute({{"tau", 3.0}, {"theta_decentered", 2.0}}) | trace);
        expect(t.get<double>("theta") == 1 + 3 * 2);
        expect(t["theta"].kind == Kind::deterministic);
        expect(is_close(t["theta_decentered"].log_density, normal(2, 0, 1)));
        // [reparam]
    }
}

} // namespace

int main() try {
    show_order();
    show_values();
    show_densities();
    show_sites();
    std::cout << explain(handled) << failures << " expectations failed\n";
    return failures ? 1 : 0;
} catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
}
