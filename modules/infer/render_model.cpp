module;
#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
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
        node.plates.push_back({name, name + "  " + size});
    }
    node.name = full_name(message.base, scopes, message.prefix);
    nodes.push_back({message.hash, graph.add(std::move(node))});
    if (has_value(message.value)) values.add(message.name(), message.value);
}

std::size_t FindNodes::node(std::uint64_t hash) const {
    const auto found = std::ranges::find(nodes, hash, &std::pair<std::uint64_t, std::size_t>::first);
    if (found == nodes.end())
        throw Error("", "the same sites in each run", "a site that an earlier run did not have",
                    "Draw the graph of a model whose sites do not depend on chance.");
    return found->second;
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
