// render_model draws the graph of a model.
export module modus.infer:render_model;

import modus.standard;
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

/// Finds the nodes, at one value of each latent site, with the densities there and other values of each latent site.
struct FindNodes : Handler {
    struct Site {
        std::uint64_t hash;
        std::size_t node;
        Data value;               ///< none of sites without one
        double log_density;       ///< of sites without one: 0
        Data point;               ///< of sites whose support is a point
        std::vector<Data> others; ///< of latent sites: other points of the support
    };
    ModelGraph& graph;
    std::vector<Site> sites;

    explicit FindNodes(ModelGraph& graph_) : graph(graph_) {}
    void process(Message<double>& message) const;
    void postprocess(Message<double>& message);
    const Site* find(std::uint64_t hash) const;
    /// How many other values there are for the sites of a node.
    std::size_t others_of(std::size_t node) const;
};

/// Gives the latent sites of one node another value, and finds the sites whose densities or values this changes: they
/// depend on the node. Derivatives would not do: they are not there for discrete sites, and 0 at some points.
struct FollowChange : Handler {
    const FindNodes& found;
    ModelGraph& graph;
    std::size_t from;  // the node that changes
    std::size_t other; // to which of its other values

    FollowChange(const FindNodes& found_, ModelGraph& graph_, std::size_t from_, std::size_t other_)
        : found(found_), graph(graph_), from(from_), other(other_) {}
    void process(Message<double>& message) const;
    void postprocess(Message<double>& message) const;
};

/// The graph of a model on these arguments. Latent sites need no handler: all but data are looked at in a few points of
/// their supports, whatever handlers say, and a site depends on another one where its density, with its own value held,
/// changes with the other one's value at one of them. A site that is there only for some values has no edge from what
/// decides it. Parameters and data are not checked.
template <class M, class... A> ModelGraph model_graph(const M& model, const A&... arguments) {
    ModelGraph graph;
    FindNodes find(graph);
    // Data may lie outside of a support at these points, and values that are held too: a dependence.
    const RunOptions options{.validate = false, .subsample_seed = 0, .fill = true};
    run(options, with_handler(model, find), arguments...);
    for (std::size_t from = 0; from < graph.nodes().size(); ++from)
        for (std::size_t other = 0; other < find.others_of(from); ++other) {
            FollowChange follow(find, graph, from, other);
            run(options, with_handler(model, follow), arguments...);
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
