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
constexpr auto one = Term<double>::Base::one, product = Term<double>::Base::product;

} // namespace

const std::size_t ProductRows::rows_at_once = batches * Batch::size;

bool ProductRows::serves(const Term<double>* terms) {
    std::size_t products = 0;
    for (const Term<double>* term = terms; term; term = term->next) {
        if (term->base == one) continue;
        if (term->base != product || term->size > most_columns) return false;
        ++products;
    }
    return products == 1;
}

ProductRows::ProductRows(const Term<double>* terms, std::size_t rows)
    : RowSource{rows_at_once, [](RowSource& self, std::size_t k) { static_cast<ProductRows&>(self).make(k); }},
      terms_(terms),
      leading_(rows) {
    for (const Term<double>* term = terms; term; term = term->next) {
        if (term->base == one) start_ += term->factor * term->coefficient;
        else product_ = term;
    }
    const double scale = product_->factor * product_->coefficient;
    for (std::size_t d = 0; d < product_->size; ++d) {
        weights_[d] = scale * product_->values[d];
        by_column_[d] = Batch(0.0);
    }
}

/// Takes some rows back, unless there are none yet, and makes those at x, unless there are none left.
template <bool is_first, bool is_last> void ProductRows::pass(const Made& made, const double* x, double* out) {
    const std::size_t leading = leading_, columns = product_->size;
    std::array<Batch, batches> r, rows;
    if constexpr (!is_first)
        for (std::size_t b = 0; b < batches; ++b) {
            r[b] = Batch::load(made.r + b * Batch::size);
            total_ += r[b];
        }
    rows.fill(Batch(start_));
    const double* before = made.x;
    for (std::size_t d = 0; d < columns; ++d) {
        if constexpr (!is_first) {
            Batch total = by_column_[d];
            for (std::size_t b = 0; b < batches; ++b) total += Batch::load(before + b * Batch::size) * r[b];
            by_column_[d] = total;
            before += leading;
        }
        if constexpr (!is_last) {
            const Batch weight(weights_[d]);
            for (std::size_t b = 0; b < batches; ++b) rows[b] += Batch::load(x + b * Batch::size) * weight;
            x += leading;
        }
    }
    if constexpr (!is_last)
        for (std::size_t b = 0; b < batches; ++b) rows[b].store(out + b * Batch::size);
}

void ProductRows::begin(std::size_t first, double* out, const double* r) {
    x_ = product_->matrix + first;
    out_ = out;
    r_ = r;
    make(0);
}

void ProductRows::make(std::size_t k) {
    if (made_.x) pass<false, false>(made_, x_ + k, out_ + k);
    else pass<true, false>(made_, x_ + k, out_ + k);
    made_ = {x_ + k, r_ + k};
}

void ProductRows::finish(TermAdjoint<double>* adjoints) {
    pass<false, true>(made_, nullptr, nullptr);
    for (const Term<double>* term = terms_; term; term = term->next, ++adjoints) {
        if (term != product_) {
            if (term->factor_slot) adjoints->factor += sum(total_);
            continue;
        }
        for (std::size_t d = 0; d < term->size; ++d) adjoints->base[d] += sum(by_column_[d]);
    }
}

} // namespace modus
