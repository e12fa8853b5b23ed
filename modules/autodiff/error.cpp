module;
#include <cstddef>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

module modus.autodiff;

namespace modus {

Error::Error(std::string site_, std::string expected_, std::string found_, std::string advice_)
    : std::runtime_error((site_.empty() ? "expected " : "site '" + site_ + "': expected ") + expected_ + ", found " +
                         found_ + ". " + advice_),
      site(std::move(site_)),
      expected(std::move(expected_)),
      found(std::move(found_)),
      advice(std::move(advice_)) {}

std::string Piece::str() const {
    if (is_shape_) return format_shape(shape_);
    return text_ ? text_ : std::to_string(number_);
}

void fail(std::initializer_list<Piece> expected, std::initializer_list<Piece> found, const char* advice) {
    const auto joined = [](std::initializer_list<Piece> pieces) {
        std::string text;
        for (const Piece& piece : pieces) text += piece.str();
        return text;
    };
    throw Error("", joined(expected), joined(found), advice);
}

std::string format_shape(std::span<const std::size_t> extents) {
    std::string text = "[";
    for (const std::size_t extent : extents) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
    return text + "]";
}

} // namespace modus
