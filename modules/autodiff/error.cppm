// The one error type of modus: what went wrong at which site, and the way out.
export module modus.autodiff:error;

import modus.standard;

export namespace modus {

/// Every error that modus throws. `what()` reads "site 'x': expected E, found F. Advice."; the parts are kept
/// apart so that programs (and tests) need not parse the sentence. `site` is empty where no site is involved.
struct Error : std::runtime_error {
    Error(std::string site_, std::string expected_, std::string found_, std::string advice_);

    std::string site, expected, found, advice;
};

/// A part of a message: a text, a whole number, or a shape.
class Piece {
  public:
    Piece(const char* text) : text_(text) {}
    Piece(std::integral auto number) : number_(static_cast<long long>(number)) {}
    template <std::size_t Rank> Piece(const std::array<std::size_t, Rank>& shape)
        : text_(nullptr), shape_(shape), is_shape_(true) {}

    std::string str() const;

  private:
    const char* text_ = nullptr;
    long long number_ = 0;
    std::span<const std::size_t> shape_{};
    bool is_shape_ = false;
};

/// Throws Error, without a site, from its parts. Templates call this, because their importers need not know how strings
/// are put together.
[[noreturn]] void fail(std::initializer_list<Piece> expected, std::initializer_list<Piece> found, const char* advice);

/// "[3, 2]", as in error messages.
std::string format_shape(std::span<const std::size_t> extents);

} // namespace modus
