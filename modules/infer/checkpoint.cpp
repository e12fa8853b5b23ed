module;
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

module modus.infer;

import modus.autodiff;
import modus.effects;
import modus.support;

// The document is {"format", "version", "checksum", "fit"}, in this order. The checksum is that of the fit's CBOR in
// both encodings, so that JSON may be indented differently, but no number may change.
namespace modus {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* format_tag = "modus fit";
constexpr std::uint64_t version = 1;
constexpr const char* restore = "Restore the file from a copy, or start the fit anew.";

bool is_json(const std::string& path) {
    if (path.ends_with(".json")) return true;
    if (path.ends_with(".cbor")) return false;
    throw Error("", "a path that ends in .json or .cbor", "'" + path + "'",
                "Choose .json to read it yourself, .cbor for a small file.");
}

[[noreturn]] void refuse(const std::string& path, const std::string& expected, const std::string& found,
                         const std::string& advice) {
    throw Error("", expected + " in '" + path + "'", found, advice);
}

/// FNV-1a: each step is one to one, so that no single byte changes without being noticed.
std::string checksum(std::string_view cbor) { return fmt::format("{:016x}", hash_name(cbor)); }

std::string to_cbor(const Json& json) {
    std::string bytes;
    Json::to_cbor(json, bytes);
    return bytes;
}

Json document(const std::string& sum, const Json& fit) {
    return {{"format", format_tag}, {"version", version}, {"checksum", sum}, {"fit", fit}};
}

/// The CBOR of a document up to its fit, which comes last: the same number of bytes in each file of this version.
std::string cbor_head(const std::string& sum) {
    std::string head = to_cbor(document(sum, nullptr));
    head.pop_back(); // null is one byte
    return head;
}

void require_finite(const std::string& path, const std::string& what, std::span<const double> numbers) {
    const auto bad = std::ranges::find_if(numbers, [](double x) { return !std::isfinite(x); });
    if (bad == numbers.end()) return;
    refuse(path, "finite numbers to store",
           fmt::format("{} at index [{}] of the {}", *bad, bad - numbers.begin(), what),
           "Nothing was written. The fit has diverged: start it anew, with a lower lr.");
}

Json json_of(const std::string& path, const Checkpoint& fit) {
    Json sites = Json::array(), options = Json::object(), state = Json::object();
    for (const LatentBlock& block : fit.latents.blocks)
        sites.push_back(
            {{"name", block.name}, {"shape", block.shape.axes()}, {"offset", block.offset}, {"size", block.size}});
    const std::span<const double> parameters(fit.parameters.data(), fit.parameters.size());
    require_finite(path, "parameters", parameters);
    for (const auto& [name, value] : fit.options) options[name] = value;
    for (const Field& field : fit.state)
        std::visit(
            [&]<class T>(const T* place) {
                if constexpr (std::is_same_v<T, std::vector<double>>)
                    require_finite(path, std::string(field.name) + " of " + fit.optimizer, *place);
                state[field.name] = *place;
            },
            field.place);
    return {{"sites", sites},
            {"parameters", parameters},
            {"optimizer", {{"name", fit.optimizer}, {"options", options}, {"state", state}}},
            {"steps", fit.steps},
            {"seed", fit.seed}};
}

/// Nothing (a discarded value) where the bytes are not CBOR.
Json parse_cbor(const std::string& bytes) {
    try {
        return Json::from_cbor(bytes);
    } catch (const Json::exception&) { // nlohmann throws for absurd lengths even where it is told not to
        return Json(Json::value_t::discarded);
    }
}

/// A document as it was read, before anything in it is believed.
struct Opened {
    Json head;        ///< with the fit where it is JSON
    std::string cbor; ///< of the fit
};

Opened open_json(const std::string& bytes) {
    // What is nested deeper than a checkpoint is left out, so that nothing has to walk down a tower of brackets.
    const auto is_shallow = [](int depth, Json::parse_event_t, Json&) { return depth < 8; };
    Opened opened{Json::parse(bytes, is_shallow, false), ""};
    if (opened.head.is_object() && opened.head.contains("fit")) opened.cbor = to_cbor(opened.head["fit"]);
    return opened;
}

Opened open_cbor(const std::string& bytes) {
    // The head alone: nlohmann's parser of CBOR goes as deep as the bytes say, and these have not been checked yet.
    const std::size_t size = std::min(bytes.size(), cbor_head(checksum("")).size());
    return {parse_cbor(bytes.substr(0, size) + to_cbor(nullptr)), bytes.substr(size)};
}

/// The number, or what there is instead of one.
std::string described(const Json& json) {
    if (json.is_number_float()) return format_exactly(json.get<double>());
    return json.is_number() ? json.dump() : json.type_name();
}

/// The fit in a file whose format, version and checksum are right.
Json read_fit(const std::string& path) {
    const bool is_text = is_json(path);
    const std::string bytes = read_file(path);
    auto [head, cbor] = is_text ? open_json(bytes) : open_cbor(bytes);
    if (head.is_discarded())
        refuse(path, "a modus fit", is_text ? "text that is not JSON" : "bytes that do not begin like one",
               std::string("It is damaged, or no modus fit. ") + restore);
    if (!head.is_object() || head.value("format", Json()) != format_tag)
        refuse(path, "a modus fit", "something else", "Load a file that svi.save has written.");
    if (const Json found = head.value("version", Json()); found != version)
        refuse(path, fmt::format("a modus fit of version {}", version), "version " + described(found),
               found.is_number_unsigned() && found > version ? "A newer modus has written it: load it with that one."
                                                             : restore);
    if (head.value("checksum", Json()) != checksum(cbor))
        refuse(path, "a fit whose checksum is as stated", "contents with the checksum " + checksum(cbor),
               std::string("The file is damaged or was edited. ") + restore);
    return is_text ? std::move(head["fit"]) : parse_cbor(cbor);
}

template <class T> inline constexpr bool is_list = false;
template <class T> inline constexpr bool is_list<std::vector<T>> = true;

/// What a T is, in words, where the JSON is none.
template <class T> const char* mismatch(const Json& json) {
    if constexpr (std::is_same_v<T, double>)
        return json.is_number_float() && std::isfinite(json.get<double>()) ? nullptr : "a finite real number";
    else if constexpr (std::is_same_v<T, std::uint64_t>)
        return json.is_number_unsigned() ? nullptr : "a whole number from 0 on";
    else return json.is_string() ? nullptr : "a text";
}

/// A part of a fit, and where it is.
struct Part {
    const std::string& path;
    std::string name;
    const Json& json;

    [[noreturn]] void refuse(const std::string& expected, const std::string& found) const {
        modus::refuse(path, expected + " as '" + name + "'", found, restore);
    }
    Part operator[](const char* key) const {
        if (!json.is_object() || !json.contains(key)) refuse(fmt::format("an object with '{}'", key), "none");
        return {path, name + "." + key, json[key]};
    }
    Part operator[](std::size_t k) const { return {path, fmt::format("{}[{}]", name, k), json[k]}; }
    /// The length of a list.
    std::size_t size() const {
        if (!json.is_array()) refuse("a list", described(json));
        return json.size();
    }
    template <class T> T as() const {
        if constexpr (is_list<T>) {
            using Element = typename T::value_type;
            T list(size());
            for (std::size_t k = 0; k < list.size(); ++k)
                list[k] = mismatch<Element>(json[k]) ? (*this)[k].as<Element>() : json[k].get<Element>();
            return list;
        } else {
            if (const char* expected = mismatch<T>(json)) refuse(expected, described(json));
            return json.get<T>();
        }
    }
    /// Throws Error for entries beyond those that are asked for.
    void has_only(std::size_t entries) const {
        if (json.size() != entries) refuse(fmt::format("{} entries", entries), std::to_string(json.size()));
    }
};

/// Where the coordinates of a site are in the file, and where they belong.
struct Move {
    std::size_t from, to, size;
};

/// Where the coordinates of the file belong: a run that visited the indices of a loop in another order has found the
/// sites in another one. `numbers` belong to the fit. Throws Error unless the sites of the file are the latent sites,
/// with the same shapes.
std::vector<Move> match_sites(const Part& sites, std::size_t numbers, const LatentBlocks& latents) {
    std::vector<Move> moves;
    std::vector<bool> taken(numbers);
    std::map<std::string, Part> left; // of the file, not seen in the model
    for (std::size_t k = 0; k < sites.size(); ++k) left.emplace(sites[k]["name"].as<std::string>(), sites[k]);
    std::vector<std::string> found;
    for (const LatentBlock& block : latents.blocks) {
        const auto node = left.extract(block.name);
        if (!node) {
            found.push_back("no '" + block.name + "'");
            continue;
        }
        const Part& site = node.mapped();
        const std::string shape = format_shape(site["shape"].as<std::vector<std::size_t>>());
        if (shape != block.shape.str()) {
            found.push_back("'" + block.name + "' of shape " + shape + ", not " + block.shape.str());
            continue;
        }
        const auto size = site["size"].as<std::size_t>(), offset = site["offset"].as<std::size_t>();
        bool is_place = size == block.size && offset <= taken.size() && size <= taken.size() - offset;
        for (std::size_t k = 0; is_place && k < size; ++k) {
            is_place = !taken[offset + k];
            taken[offset + k] = true;
        }
        if (!is_place) found.push_back("'" + block.name + "' at a place that it cannot have");
        moves.push_back({offset, block.offset, size});
    }
    for (const auto& [name, site] : left) found.push_back("'" + name + "', which the model does not have");
    if (!found.empty())
        refuse(sites.path, "the latent sites of the model, " + latents.names(),
               fmt::format("{}", fmt::join(found, "; ")),
               "Load the file with the model and the data that it was saved with.");
    sites.has_only(latents.blocks.size());
    return moves;
}

template <class T> std::vector<T> moved(const std::vector<T>& from, const std::vector<Move>& moves) {
    std::vector<T> to = from;
    for (const Move& move : moves)
        std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(move.from), move.size,
                    to.begin() + static_cast<std::ptrdiff_t>(move.to));
    return to;
}

void check_optimizer(const Part& optimizer, const Checkpoint& fit) {
    if (const auto name = optimizer["name"].as<std::string>(); name != fit.optimizer)
        refuse(optimizer.path, std::string("a fit by ") + fit.optimizer, name,
               "Make the SVI with the optimizer of the file.");
    const Part options = optimizer["options"];
    for (const auto& [name, value] : fit.options)
        if (const double found = options[name].as<double>(); found != value)
            refuse(
                options.path, fmt::format("{} = {} of {}", name, value, fit.optimizer), format_exactly(found),
                "Make the SVI with the options of the file. To go on with others, load it so, then make another SVI on "
                "the same guide.");
    options.has_only(fit.options.size());
}

} // namespace

void write_checkpoint(const std::string& path, const Checkpoint& fit) {
    const bool is_text = is_json(path);
    const Json json = json_of(path, fit);
    const std::string cbor = to_cbor(json);
    if (!is_text) return replace_file(path, cbor_head(checksum(cbor)) + cbor);
    std::string text;
    try {
        text = document(checksum(cbor), json).dump(2) + "\n";
    } catch (const Json::type_error& error) {
        refuse(path, "names of sites in UTF-8", error.what(), "Rename the site, or choose .cbor.");
    }
    replace_file(path, text);
}

void read_checkpoint(const std::string& path, Checkpoint& fit) {
    const Json json = read_fit(path);
    const Part root{path, "fit", json};
    const std::size_t size = fit.parameters.size();
    const std::vector<Move> moves = match_sites(root["sites"], size, fit.latents);
    check_optimizer(root["optimizer"], fit);

    const auto numbers = root["parameters"].as<std::vector<double>>();
    if (numbers.size() != size)
        root["parameters"].refuse(fmt::format("{} numbers", size), std::to_string(numbers.size()));
    const Vector parameters(moved(numbers, moves));
    const Part state = root["optimizer"]["state"];
    std::vector<std::variant<std::uint64_t, std::vector<double>, std::vector<std::uint64_t>>> values;
    for (const Field& field : fit.state)
        std::visit(
            [&]<class T>(const T*) {
                const Part part = state[field.name];
                T value = part.as<T>();
                if constexpr (is_list<T>)
                    if (!value.empty()) {
                        if (value.size() != size)
                            part.refuse(fmt::format("none or {} numbers", size), std::to_string(value.size()));
                        value = moved(value, moves);
                    }
                values.emplace_back(std::move(value));
            },
            field.place);
    state.has_only(fit.state.size());
    const auto steps = root["steps"].as<std::uint64_t>(), seed = root["seed"].as<std::uint64_t>();

    // All is well: from here on nothing throws.
    for (std::size_t k = 0; k < values.size(); ++k)
        std::visit([&]<class T>(T* place) { *place = std::move(*std::get_if<T>(&values[k])); }, fit.state[k].place);
    fit.parameters = parameters;
    fit.steps = steps;
    fit.seed = seed;
}

} // namespace modus
