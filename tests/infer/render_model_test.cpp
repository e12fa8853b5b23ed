#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <error_parts.hpp>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

import modus.autodiff;
import modus.distributions;
import modus.effects;
import modus.handlers;
import modus.infer;
import modus.support;
using namespace modus;

namespace {

const IntVector group{0, 0, 1, 2, 2, 2};
const Vector x{1, 2, 3, 4, 5, 6};

constexpr auto varying = []<Scalar Real>(const Vector& y) -> Model<Real> {
    auto mu = co_yield sample("mu", Normal(0, 1));
    auto tau = co_yield sample("tau", LogNormal(0, 1));
    auto slope = co_yield param("slope", 0.0);
    co_yield sample("unused", Normal(0, 1));
    Array<Real, 1> alpha;
    {
        auto groups = co_yield plate("group", 3);
        alpha = co_yield sample("alpha", Normal(mu, tau).expand(groups));
    }
    auto rows = co_yield plate("row", y.size());
    auto at = co_yield deterministic("at", alpha[group] + slope * x);
    co_yield sample("y", Normal(at, 1), obs = y);
};

std::string parents(const ModelGraph& graph, const std::string& name) {
    for (const auto& node : graph.nodes())
        if (node.name == name) {
            std::string text;
            for (const std::size_t k : node.parents) text += graph.nodes()[k].name + " ";
            return text;
        }
    return "no such node";
}

} // namespace

BOOST_AUTO_TEST_CASE(sites_depend_on_what_their_distributions_are_made_of) {
    const ModelGraph graph = model_graph(varying, x);
    BOOST_TEST(graph.nodes().size() == 7u);
    BOOST_TEST(parents(graph, "mu") == "");
    BOOST_TEST(parents(graph, "alpha") == "mu tau ");
    BOOST_TEST(parents(graph, "y") == "slope alpha ");
    BOOST_TEST(parents(graph, "at") == "slope alpha ");
    BOOST_TEST(parents(graph, "unused") == "");
}

BOOST_AUTO_TEST_CASE(the_picture_shows_plates_data_and_params) {
    const std::string dot = render_model(varying, x);
    const auto has = [&](const std::string& part) { return dot.find(part) != std::string::npos; };
    BOOST_TEST(dot.starts_with("digraph model {\n"));
    BOOST_TEST(has("label=\"group  3\""));
    BOOST_TEST(has("label=\"row  6\""));
    BOOST_TEST(has("[label=\"y\\nNormal\", style=filled, fillcolor=lightgrey]"));
    BOOST_TEST(has("[label=\"slope\", style=dashed]"));
    BOOST_TEST(has("n0 -> n4;"));
}

BOOST_AUTO_TEST_CASE(a_derivative_of_zero_is_a_dependence_all_the_same) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto z = co_yield sample("z", Normal(0, 1));
        co_yield sample("w", Normal(z * z * z, 1)); // at z = 0 the derivative is 0
        co_yield factor("f", -z * z);
    };
    const ModelGraph graph = model_graph(model);
    BOOST_TEST(parents(graph, "w") == "z ");
    BOOST_TEST(parents(graph, "f") == "z ");
}

BOOST_AUTO_TEST_CASE(a_product_of_latent_sites_depends_on_both) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto a = co_yield sample("a", Normal(0, 1));
        auto b = co_yield sample("b", Normal(0, 1)); // both have their medians, means and feasible points at 0
        co_yield sample("y", Normal(a * b, 1), obs = 1.0);
        co_yield sample("bounded", Uniform(0, exp(a)), obs = 0.1);
    };
    const ModelGraph graph = model_graph(model);
    BOOST_TEST(parents(graph, "y") == "a b ");
    BOOST_TEST(parents(graph, "bounded") == "a ");
}

BOOST_AUTO_TEST_CASE(discrete_latent_sites_are_nodes_and_parents) {
    const auto model = []<Scalar Real>(const Vector& data) -> Model<Real> {
        auto shares = co_yield sample("shares", Dirichlet(Vector{1, 1}));
        auto loc = co_yield sample("loc", Normal(0, 5).expand(2).to_event(1));
        auto rate = co_yield sample("rate", Gamma(2, 1));
        auto count = co_yield sample("count", Poisson(rate));
        auto is_far = co_yield sample("is_far", Bernoulli(0.5));
        auto rows = co_yield plate("rows", data.size());
        auto kind = co_yield sample("kind", Categorical(shares).expand(rows));
        co_yield sample("y", Normal(loc[kind], 1), obs = data);
        co_yield sample("shift", Normal(is_far ? 5.0 : 0.0, 1).expand(rows));
        co_yield sample("n", Binomial(count, 0.5).expand(rows));
    };
    const ModelGraph graph = model_graph(model, Vector{1, 2, 3});
    BOOST_TEST(graph.nodes().size() == 9u);
    BOOST_TEST(parents(graph, "count") == "rate ");
    BOOST_TEST(parents(graph, "kind") == "shares ");
    BOOST_TEST(parents(graph, "y") == "loc kind ");
    BOOST_TEST(parents(graph, "shift") == "is_far "); // also through an `if`
    BOOST_TEST(parents(graph, "n") == "count ");
    BOOST_TEST(render_model(model, Vector{1, 2, 3}).find("label=\"kind\\nCategorical\", style=solid") !=
               std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_site_that_is_there_for_some_values_only_is_drawn_where_it_was_met) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto a = co_yield sample("a", Bernoulli(0.5));
        if (a) co_yield sample("b", Normal(0, 1));
        else co_yield sample("c", Normal(0, 1));
        co_yield sample("y", Normal(static_cast<double>(a), 1), obs = 1.0);
    };
    const ModelGraph graph = model_graph(model);
    BOOST_TEST(graph.nodes().size() == 3u);
    BOOST_TEST(parents(graph, "y") == "a ");
}

BOOST_AUTO_TEST_CASE(a_loop_is_one_node_in_a_box_and_a_chain_leads_to_itself) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        Real last(0.0);
        for ([[maybe_unused]] auto t : co_yield plate("time", 12)) last = co_yield sample("state", Normal(last, 1));
        co_yield sample("end", Normal(last, 1), obs = 0.5);
    };
    const ModelGraph graph = model_graph(model);
    BOOST_REQUIRE(graph.nodes().size() == 2u);
    BOOST_TEST(parents(graph, "state") == "state ");
    BOOST_TEST(parents(graph, "end") == "state ");
    BOOST_TEST(graph.nodes()[0].plates[0].label == "time  12");
}

BOOST_AUTO_TEST_CASE(subsampled_and_nested_plates_are_nested_boxes) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto outer = co_yield plate("outer", 4, {.subsample_size = 2});
        auto a = co_yield sample("a", Normal(0, 1).expand(2));
        auto inner = co_yield plate("inner", 3);
        co_yield sample("b", Normal(a, 1).expand(3, 2));
    };
    const std::string dot = render_model(model);
    const std::size_t outer = dot.find("label=\"outer  2 of 4\""), inner = dot.find("label=\"inner  3\"");
    BOOST_TEST(outer != std::string::npos);
    BOOST_TEST(inner != std::string::npos);
    BOOST_TEST(outer < inner);
}

BOOST_AUTO_TEST_CASE(graphs_are_written_to_files) {
    const auto folder = std::filesystem::temp_directory_path() / "modus_render_model_test";
    std::filesystem::create_directories(folder);
    const std::string dot = render_model(varying, x), path = (folder / "model.dot").string();
    save_graph(dot, path);
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    BOOST_TEST(text.str() == dot);
    BOOST_CHECK_EXCEPTION(save_graph(dot, "model.txt"), Error, (Says{"", "ends in .dot, .gv, .svg", "model.txt", ""}));
    BOOST_CHECK_EXCEPTION(save_graph(dot, "/no/such/folder/model.dot"), Error,
                          (Says{"", "a file that can be written: /no/such", "No such file", ""}));
    const std::string picture = (folder / "model.svg").string();
    if (std::system("dot -V > /dev/null 2>&1") == 0) {
        save_graph(dot, picture);
        BOOST_TEST(std::filesystem::file_size(picture) > 1000u);
    } else {
        BOOST_CHECK_EXCEPTION(save_graph(dot, picture), Error,
                              (Says{"", "the program dot, of Graphviz", "", "Install"}));
    }
    std::filesystem::remove_all(folder);
}

BOOST_AUTO_TEST_CASE(names_are_quoted) {
    const auto model = []<Scalar Real>() -> Model<Real> { co_yield sample(dynamic("a\"b\\c"), Normal(0, 1)); };
    BOOST_TEST(render_model(model).find("label=\"a\\\"b\\\\c\\nNormal\"") != std::string::npos);
}

// Found by a reader: models that can be fitted, but not be drawn, and edges that were lost.

BOOST_AUTO_TEST_CASE(bounds_and_scales_that_are_learned_are_edges) {
    const auto bounds = []<Scalar Real>() -> Model<Real> {
        auto b = co_yield sample("b", LogNormal(3, 1));
        co_yield sample("y", Uniform(0, b), obs = 10.0);
        auto c = co_yield sample("c", Normal(10, 1));
        co_yield sample("z", Normal(0, c), obs = 1.0);
        auto t = co_yield sample("t", Normal(50, 10));
        co_yield sample("w", Normal(t > 60 ? 1.0 : 0.0, 1), obs = 1.0);
    };
    const ModelGraph graph = model_graph(bounds);
    BOOST_TEST(parents(graph, "y") == "b ");
    BOOST_TEST(parents(graph, "z") == "c ");
}

BOOST_AUTO_TEST_CASE(handlers_that_give_values_do_not_hide_edges) {
    const std::string plain = render_model(varying, x);
    BOOST_TEST(render_model(varying | seed(7), x) == plain);
    BOOST_TEST(render_model(varying | substitute({{"mu", 0.5}}), x) == plain);
    const ModelGraph conditioned = model_graph(varying | condition({{"mu", 0.5}}), x);
    BOOST_TEST(parents(conditioned, "alpha") == "tau "); // data do not change
}

BOOST_AUTO_TEST_CASE(points_and_missing_numbers) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto mu = co_yield sample("mu", Normal(0, 1));
        auto x = co_yield sample("x", Delta(mu));
        co_yield sample("y", Normal(x, 1), obs = 1.0);
        co_yield deterministic("missing", Vector{1, std::numeric_limits<double>::quiet_NaN()});
    };
    const ModelGraph graph = model_graph(model);
    BOOST_TEST(parents(graph, "x") == "mu ");
    BOOST_TEST(parents(graph, "y") == "x ");
    BOOST_TEST(parents(graph, "missing") == "");
}

BOOST_AUTO_TEST_CASE(a_size_that_depends_on_a_site_and_plates_of_two_parts) {
    const auto model = []<Scalar Real>() -> Model<Real> {
        auto count = co_yield sample("count", Poisson(3));
        co_yield sample("z", Normal(0, 1).expand(static_cast<std::size_t>(count) + 1).to_event(1));
    };
    BOOST_TEST(parents(model_graph(model), "z") == "count ");
    const auto part = []<Scalar Real>() -> Model<Real> {
        auto rows = co_yield plate("rows", 3);
        co_yield sample("x", Normal(0, 1).expand(rows));
    };
    const auto both = [&]<Scalar Real>() -> Model<Real> {
        co_yield submodel("a", part);
        co_yield submodel("b", part);
    };
    const std::string dot = render_model(both);
    BOOST_TEST(dot.find("cluster_1") != std::string::npos); // a box for each
}
