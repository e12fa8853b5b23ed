module;
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <variant>
#include <vector>

// render_model draws the graph of a model.
export module modus.infer:render_model;

import modus.autodiff;
import modus.effects;
import modus.handlers;
import modus.support;
import :latents;

export namespace modus {

/// The sites of a model and what they depend on. The sites of a loop are one node.
class ModelGraph {
  public:
    struct Box { ///< a plate
        std::string name, label;
        friend bool operator==(const Box&, const Box&) = default;
    };
    struct Node {
        std::string name;
        Kind kind;
        bool is_observed;
        std::string distribution;
        std::vector<Box> plates;          ///< outermost first
        std::vector<std::size_t> parents; ///< numbers of nodes
        bool operator==(const Node&) const = default;
    };

    /// The number of the node of a site, which is made if there is none yet.
    std::size_t add(Node node);
    void connect(std::size_t from, std::size_t to);
    const std::vector<Node>& nodes() const { return nodes_; }
    /// Graphviz DOT: plates are boxes, observed sites are grey, params and deterministic sites have dashed lines.
    std::string dot() const;

  private:
    std::vector<Node> nodes_;
};

/// Finds the nodes, at one value of each latent site.
struct FindNodes : Handler {
    ModelGraph& graph;
    std::vector<std::pair<std::uint64_t, std::size_t>> nodes; // of each site, by its hash
    NamedValues values;

    explicit FindNodes(ModelGraph& graph_) : graph(graph_) {}
    void postprocess(Message<double>& message);
    /// The number of a site's node.
    std::size_t node(std::uint64_t hash) const;
};

/// Marks the values of eight nodes, one in each tangent, and finds the sites where a mark arrives. A mark is a NaN: it
/// survives every operation, also where a derivative is 0.
struct FollowMarks : Handler {
    static constexpr std::size_t lanes = 8;
    using Real = Dual<double, lanes>;

    const FindNodes& found;
    ModelGraph& graph;
    std::size_t first; // the node of tangent 0

    FollowMarks(const FindNodes& found_, ModelGraph& graph_, std::size_t first_)
        : found(found_), graph(graph_), first(first_) {}

    void process(Message<Real>& message) {
        if (!wants_answer(message)) return;
        const auto* entry = found.values.find(message.hash);
        if (!entry) return; // in another part of the loop
        const std::size_t node = found.node(message.hash);
        Real mark(0.0);
        if (node >= first && node < first + lanes)
            mark.tangent[node - first] = std::numeric_limits<double>::quiet_NaN();
        const auto marked = [&mark](const auto& x) { return mark + x; };
        if (const auto* number = std::get_if<double>(&entry->value)) message.value = marked(*number);
        else if (const auto* vector = std::get_if<Vector>(&entry->value)) message.value = map(marked, *vector);
        else if (const auto* matrix = std::get_if<Matrix>(&entry->value)) message.value = map(marked, *matrix);
        else message.value = to_value<Real>(entry->value);
    }
    void postprocess(Message<Real>& message) {
        if (message.kind == Kind::plate) return;
        const std::size_t to = found.node(message.hash);
        if (message.kind == Kind::deterministic) follow(message.value, to);
        else if (message.kind == Kind::factor) follow(message.log_factor, to);
        else if (message.kind == Kind::sample)
            follow(message.distribution->log_density(to_value<Real>(data_of(message.value))), to);
    }

  private:
    void follow(const Real& x, std::size_t to) {
        for (std::size_t k = 0; k < lanes; ++k)
            if (std::isnan(x.tangent[k])) graph.connect(first + k, to);
    }
    void follow(const Value<Real>& value, std::size_t to) {
        if (const auto* number = std::get_if<Real>(&value)) return follow(*number, to);
        const auto all = [&](const auto& array) {
            for (std::size_t k = 0; k < array.size(); ++k) follow(array.load(k), to);
        };
        if (const auto* vector = std::get_if<Array<Real, 1>>(&value)) all(*vector);
        else if (const auto* matrix = std::get_if<Array<Real, 2>>(&value)) all(*matrix);
    }
};

/// The graph of a model on these arguments. Latent sites need no handler: they are looked at in one point of their
/// support. Dependence that goes through an `if` or through integers is not seen. Throws Error as a run does.
template <class M, class... A> ModelGraph model_graph(const M& model, const A&... arguments) {
    ModelGraph graph;
    FindNodes find(graph);
    const RunOptions options{.subsample_seed = 0, .fill = true};
    run(options, with_handler(model, find), arguments...);
    for (std::size_t first = 0; first < graph.nodes().size(); first += FollowMarks::lanes) {
        FollowMarks follow(find, graph, first);
        RunOptions unchecked = options;
        unchecked.validate = false;
        run<FollowMarks::Real>(unchecked, with_handler(model, follow), arguments...);
    }
    return graph;
}

/// The graph of a model in Graphviz's language. pyro.render_model.
template <class M, class... A> std::string render_model(const M& model, const A&... arguments) {
    return model_graph(model, arguments...).dot();
}

/// Writes a graph in Graphviz's language to a file: as it is for a path that ends in .dot or .gv, drawn by the program
/// `dot` for .svg, .pdf or .png. Throws Error where that program is missing, the ending is another one, or the file
/// cannot be written.
void save_graph(const std::string& dot, const std::string& path);

} // namespace modus
