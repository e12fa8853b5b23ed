module;
#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <type_traits>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

module modus.infer;

import modus.autodiff;
import modus.effects;
import modus.support;

namespace modus {
namespace {

std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || (c == '\\')) result += '\\';
        result += c;
    }
    return result + "\"";
}

/// The nodes whose plates begin with those of `path`; deeper plates become boxes inside.
void write_level(const std::vector<ModelGraph::Node>& nodes, const std::vector<ModelGraph::Box>& path, int& clusters,
                 std::string& out) {
    const std::string indent(2 * path.size() + 2, ' ');
    std::vector<ModelGraph::Box> done;
    for (std::size_t k = 0; k < nodes.size(); ++k) {
        const auto& node = nodes[k];
        if (node.plates.size() < path.size() || !std::equal(path.begin(), path.end(), node.plates.begin())) continue;
        if (node.plates.size() == path.size()) {
            std::string style = node.is_observed ? "style=filled, fillcolor=lightgrey" : "style=solid";
            if (node.kind == Kind::deterministic || node.kind == Kind::param) style = "style=dashed";
            if (node.kind == Kind::factor) style = "shape=box, style=filled, fillcolor=lightgrey";
            std::string label = quoted(node.name);
            if (!node.distribution.empty()) label.insert(label.size() - 1, "\\n" + node.distribution);
            out += fmt::format("{}n{} [label={}, {}];\n", indent, k, label, style);
            continue;
        }
        const auto& box = node.plates[path.size()];
        if (std::ranges::find(done, box) != done.end()) continue;
        done.push_back(box);
        out += fmt::format("{}subgraph cluster_{} {{\n{}  label={}; labeljust=r; labelloc=b;\n", indent, clusters++,
                           indent, quoted(box.label));
        auto inner = path;
        inner.push_back(box);
        write_level(nodes, inner, clusters, out);
        out += indent + "}\n";
    }
}

/// Whether the site has a value that may change: all but data, also where a handler has answered it.
bool can_change(const Message<double>& message) {
    return (message.kind == Kind::sample || message.kind == Kind::param) && message.provenance != Provenance::observed;
}

/// A point of the support around the median, nowhere special, where a product would hide a dependence.
Data point_near_median(const Density<double>& distribution, Random& random) {
    if (distribution.is_discrete()) return distribution.draw(random);
    const auto moved = [&](double x) { return x + 0.5 + random.uniform(); };
    const Data median = init_to_median({"", 0, distribution});
    if (distribution.unconstrained_size() == 0) // a point, as of Delta: its neighbour, as there is nothing else
        return std::visit(
            [&]<class A>(const A& a) -> Data {
                if constexpr (std::is_same_v<element_t<A>, double>) return map(moved, a);
                else return a;
            },
            median);
    Vector u = distribution.unconstrain(median);
    for (std::size_t k = 0; k < u.size(); ++k) u[k] = moved(std::isfinite(u[k]) ? u[k] : 0);
    return data_of(distribution.constrain(u));
}

/// Other points: draws, which are as far apart as the distribution is wide, and one that differs also for params.
std::vector<Data> other_points(const Density<double>& distribution, Random& random, const Data& value) {
    std::vector<Data> points;
    const auto add = [&](Data point) {
        if (point != value && std::ranges::find(points, point) == points.end()) points.push_back(std::move(point));
    };
    if (!distribution.is_discrete()) add(point_near_median(distribution, random));
    for (int k = 0; k < 32 && points.size() < 4; ++k) add(distribution.draw(random));
    return points;
}

/// What a site adds to the log joint density with this value.
double density_at(const Message<double>& message, const Data& value) {
    if (message.kind == Kind::factor) return message.log_factor;
    return message.kind == Kind::sample ? message.distribution->log_density(to_value<double>(value), message.mask) : 0;
}
/// The only point of the support, as of Delta: its density is the same everywhere.
Data point_of(const Message<double>& message) {
    const bool is_point = message.kind == Kind::sample && !message.distribution->is_discrete() &&
                          message.distribution->unconstrained_size() == 0;
    return is_point ? message.distribution->feasible() : Data();
}
bool differ(double a, double b) { return a != b && !(std::isnan(a) && std::isnan(b)); }
bool differ(const Data& a, const Data& b) {
    return std::visit(
        []<class A, class B>(const A& x, const B& y) {
            if constexpr (!std::is_same_v<A, B>) {
                return true;
            } else if constexpr (std::is_arithmetic_v<A>) {
                return differ(static_cast<double>(x), static_cast<double>(y));
            } else if constexpr (AnyArray<A>) {
                if (x.extents() != y.extents()) return true;
                for (std::size_t k = 0; k < x.size(); ++k)
                    if (differ(static_cast<double>(x.load(k)), static_cast<double>(y.load(k)))) return true;
                return false;
            } else {
                return false;
            }
        },
        a, b);
}

bool ends_with(const std::string& text, const std::string& end) {
    return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

void write_text(const std::string& text, const std::string& path) {
    std::ofstream file(path, std::ios::binary);
    file << text;
    file.close();
    if (!file) throw Error("", "a file that can be written: " + path, std::strerror(errno), "Choose another path.");
}

} // namespace

std::size_t ModelGraph::add(Node node) {
    const auto same = std::ranges::find(nodes_, node.name, &Node::name);
    if (same != nodes_.end()) return static_cast<std::size_t>(same - nodes_.begin());
    nodes_.push_back(std::move(node));
    return nodes_.size() - 1;
}

void ModelGraph::connect(std::size_t from, std::size_t to) {
    auto& parents = nodes_[to].parents;
    if (std::ranges::find(parents, from) == parents.end()) parents.push_back(from);
}

std::string ModelGraph::dot() const {
    std::string out = "digraph model {\n";
    int clusters = 0;
    write_level(nodes_, {}, clusters, out);
    for (std::size_t k = 0; k < nodes_.size(); ++k)
        for (const std::size_t parent : nodes_[k].parents) out += fmt::format("  n{} -> n{};\n", parent, k);
    return out + "}\n";
}

void FindNodes::process(Message<double>& message) const {
    if (!can_change(message)) return;
    Random random(0, message.hash);
    message.value = to_value<double>(point_near_median(*message.distribution, random));
}

void FindNodes::postprocess(Message<double>& message) {
    if (message.kind == Kind::plate) return;
    ModelGraph::Node node{.name = "",
                          .kind = message.kind,
                          .is_observed = message.provenance == Provenance::observed,
                          .distribution = message.kind == Kind::sample ? std::string(message.distribution->name()) : "",
                          .plates = {},
                          .parents = {}};
    std::vector<Frame> scopes; // the name without the indices of loops
    for (const Frame& frame : message.frames) {
        if (frame.index == Frame::scope) {
            scopes.push_back(frame);
            continue;
        }
        const std::string name(frame.name);
        const std::string size =
            frame.is_subsampled() ? fmt::format("{} of {}", frame.size, frame.full_size) : std::to_string(frame.size);
        node.plates.push_back({full_name(Name::view(name), scopes, message.prefix), name + "  " + size});
    }
    node.name = full_name(message.base, scopes, message.prefix);
    Site site{message.hash, graph.add(std::move(node)), data_of(message.value), 0, point_of(message), {}};
    site.log_density = density_at(message, site.value);
    if (can_change(message)) {
        Random random(1, message.hash);
        site.others = other_points(*message.distribution, random, site.value);
    }
    sites.push_back(std::move(site));
}

const FindNodes::Site* FindNodes::find(std::uint64_t hash) const {
    const auto found = std::ranges::find(sites, hash, &Site::hash);
    return found == sites.end() ? nullptr : &*found;
}

std::size_t FindNodes::others_of(std::size_t node) const {
    const auto found = std::ranges::find(sites, node, &Site::node);
    return found == sites.end() ? 0 : found->others.size();
}

void FollowChange::process(Message<double>& message) const {
    if (!can_change(message)) return;
    const auto* site = found.find(message.hash);
    if (!site) return; // it is there for other values only
    const bool changes = site->node == from && other < site->others.size();
    const Data& value = changes ? site->others[other] : site->value;
    if (shape_of(value) == message.distribution->shape()) message.value = to_value<double>(value);
    else message.value = to_value<double>(message.distribution->feasible());
}

void FollowChange::postprocess(Message<double>& message) const {
    if (message.kind == Kind::plate) return;
    const auto* site = found.find(message.hash);
    if (!site) return;
    const auto changes = [&] {
        if (message.kind == Kind::deterministic) return differ(data_of(message.value), site->value);
        if (message.distribution && shape_of(site->value) != message.distribution->shape()) return true;
        return differ(density_at(message, site->value), site->log_density) || differ(point_of(message), site->point);
    };
    if (changes()) graph.connect(from, site->node);
}

void save_graph(const std::string& dot, const std::string& path) {
    if (ends_with(path, ".dot") || ends_with(path, ".gv")) return write_text(dot, path);
    const std::string ending = std::filesystem::path(path).extension().string();
    if (ending != ".svg" && ending != ".pdf" && ending != ".png")
        throw Error("", "a path that ends in .dot, .gv, .svg, .pdf or .png", path, "Choose one of these formats.");
    const std::string source = path + ".dot";
    write_text(dot, source);
    const std::string type = "-T" + ending.substr(1);
    std::vector<std::string> words{"dot", type, "-o", path, source};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_t child = 0;
    const int failure = posix_spawnp(&child, "dot", nullptr, nullptr, arguments.data(), environ);
    int status = 0;
    if (failure || waitpid(child, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw Error("", "the program dot, of Graphviz, to draw " + path,
                    failure ? std::strerror(failure) : "that it failed",
                    "Install graphviz, or draw " + source + " elsewhere.");
    std::filesystem::remove(source);
}

} // namespace modus
