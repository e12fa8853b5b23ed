module;
#include <array>
#include <cstddef>

module modus.autodiff;

namespace modus {
namespace {

constexpr std::size_t batches = 8; // as many as have their sums in registers

} // namespace

const std::size_t ProductRows::rows_at_once = batches * Batch::size;

ProductRows::ProductRows(std::size_t leading, std::size_t columns, const double* w, double start, Batch* sums)
    : RowSource{rows_at_once, [](RowSource& self, std::size_t k) { static_cast<ProductRows&>(self).make(k); }},
      leading_(leading),
      columns_(columns),
      w_(w),
      start_(start),
      sums_(sums) {
    for (std::size_t d = 0; d <= columns; ++d) sums_[d] = Batch(0.0);
}

/// Takes some rows back, unless there are none yet, and makes those at x, unless there are none left.
template <bool is_first, bool is_last> void ProductRows::pass(const Made& made, const double* x, double* out) {
    const std::size_t leading = leading_, columns = columns_;
    const double* w = w_;
    Batch* sums = sums_;
    std::array<Batch, batches> r, rows;
    if constexpr (!is_first) {
        for (std::size_t b = 0; b < batches; ++b) r[b] = Batch::load(made.r + b * Batch::size);
        Batch total = sums[columns];
        for (const Batch& part : r) total += part;
        sums[columns] = total;
    }
    rows.fill(Batch(start_));
    const double* before = made.x;
    for (std::size_t d = 0; d < columns; ++d) {
        if constexpr (!is_first) {
            Batch total = sums[d];
            for (std::size_t b = 0; b < batches; ++b) total += Batch::load(before + b * Batch::size) * r[b];
            sums[d] = total;
            before += leading;
        }
        if constexpr (!is_last) {
            const Batch weight(w[d]);
            for (std::size_t b = 0; b < batches; ++b) rows[b] += Batch::load(x + b * Batch::size) * weight;
            x += leading;
        }
    }
    if constexpr (!is_last)
        for (std::size_t b = 0; b < batches; ++b) rows[b].store(out + b * Batch::size);
}

void ProductRows::begin(const double* x, std::size_t size, double* out, const double* r) {
    x_ = x;
    size_ = size;
    out_ = out;
    r_ = r;
    make(0);
}

void ProductRows::make(std::size_t k) {
    if (made_.x) pass<false, false>(made_, x_ + k, out_ + k);
    else pass<true, false>(made_, x_ + k, out_ + k);
    made_ = {x_ + k, r_ + k};
}

void ProductRows::finish() {
    if (made_.x) pass<false, true>(made_, nullptr, nullptr);
    made_ = {};
}

} // namespace modus
