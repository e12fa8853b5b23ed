module;
#include <array>
#include <charconv>
#include <cstdint>
#include <source_location>
#include <span>
#include <string>
#include <string_view>

module modus.effects;

namespace modus {
namespace {

/// "[12]", without an allocation.
struct IndexText {
    explicit IndexText(std::ptrdiff_t index) {
        text[0] = '[';
        end = std::to_chars(text.data() + 1, text.data() + text.size() - 1, index).ptr;
        *end++ = ']';
    }
    std::string_view view() const { return {text.data(), static_cast<std::size_t>(end - text.data())}; }

    std::array<char, 24> text;
    char* end;
};

} // namespace

std::string place(const std::source_location& where) {
    if (where.line() == 0) return "";
    const std::string_view path = where.file_name();
    return std::string(path.substr(path.find_last_of('/') + 1)) + ":" + std::to_string(where.line());
}

std::uint64_t full_hash(const Name& base, std::span<const Frame> frames, const Prefix* prefix) {
    if (frames.empty() && !prefix) return base.hash;
    std::uint64_t hash = hash_name("");
    bool is_scoped = false;
    for_each_scope(frames, prefix, [&](std::string_view scope) {
        hash = hash_name("/", hash_name(scope, hash));
        is_scoped = true;
    });
    hash = is_scoped ? hash_name(base.text, hash) : base.hash;
    for (const Frame& frame : frames)
        if (frame.index >= 0) hash = hash_name(IndexText(frame.index).view(), hash);
    return hash;
}

std::string full_name(const Name& base, std::span<const Frame> frames, const Prefix* prefix) {
    std::string name;
    for_each_scope(frames, prefix, [&](std::string_view scope) { name.append(scope).append("/"); });
    name += base.text;
    for (const Frame& frame : frames)
        if (frame.index >= 0) name += IndexText(frame.index).view();
    return name;
}

} // namespace modus
