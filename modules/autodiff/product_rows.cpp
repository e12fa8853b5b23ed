module;
#include <array>
#include <cstddef>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

module modus.autodiff;

#include "batch_memory.hpp"

namespace modus {
namespace {

constexpr std::size_t batches = 8; // as many as have their sums in registers

} // namespace

const std::size_t ProductRows::rows_at_once = batches * Batch::size;

ProductRows::ProductRows(ProductSums& sums)
    : RowSource{rows_at_once, [](RowSource& self, std::size_t k) { static_cast<ProductRows&>(self).make(k); }},
      sums_(sums) {}

/// Takes some rows back, unless there are none yet, and makes those at x, unless there are none left.
template <bool is_first, bool is_last> void ProductRows::pass(const Made& made, const double* x, double* out) {
    const std::size_t leading = sums_.leading, columns = sums_.product->size;
    std::array<Batch, batches> r, rows;
    if constexpr (!is_first)
        for (std::size_t b = 0; b < batches; ++b) {
            r[b] = Batch::load(made.r + b * Batch::size);
            sums_.total += r[b];
        }
    rows.fill(Batch(sums_.start));
    const double* before = made.x;
    for (std::size_t d = 0; d < columns; ++d) {
        if constexpr (!is_first) {
            Batch total = sums_.by_column[d];
            for (std::size_t b = 0; b < batches; ++b) total += Batch::load(before + b * Batch::size) * r[b];
            sums_.by_column[d] = total;
            before += leading;
        }
        if constexpr (!is_last) {
            const Batch weight(sums_.weights[d]);
            for (std::size_t b = 0; b < batches; ++b) rows[b] += Batch::load(x + b * Batch::size) * weight;
            x += leading;
        }
    }
    if constexpr (!is_last)
        for (std::size_t b = 0; b < batches; ++b) rows[b].store(out + b * Batch::size);
}

void ProductRows::begin(std::size_t first, double* out, const double* r) {
    x_ = sums_.product->matrix + first;
    out_ = out;
    r_ = r;
    make(0);
}

void ProductRows::make(std::size_t k) {
    if (made_.x) pass<false, false>(made_, x_ + k, out_ + k);
    else pass<true, false>(made_, x_ + k, out_ + k);
    made_ = {x_ + k, r_ + k};
}

void ProductRows::end() { pass<false, true>(made_, nullptr, nullptr); }

} // namespace modus
