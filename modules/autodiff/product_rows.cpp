module;
#include <algorithm>
#include <array>
#include <cstddef>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

module modus.autodiff;

#include "batch_memory.hpp"
#include "planes.hpp"

namespace modus {
namespace {

/// As many as have their derivatives and sums in registers.
template <class T> constexpr std::size_t batches = words_in<T> > 2 ? 4 : 8;
/// The loop of a formula over duals has most to put away before rows are made: more of them at a time, where they can
/// be divided by so many.
template <class T> constexpr std::size_t most_steps = words_in<T> > 1 ? 2 : 1;

} // namespace

template <class T> const std::size_t ProductRows<T>::rows_at_once = batches<T> * Batch::size;

template <class T> ProductRows<T>::ProductRows(ProductSums<T>& sums)
    : RowSource{rows_at_once, [](RowSource& self, std::size_t k) { static_cast<ProductRows&>(self).make(k); }},
      sums_(sums) {
    std::size_t count = 0;
    for (std::size_t p = 1; p < words; ++p) {
        for (std::size_t d = 0; d < sums.product->size; ++d) { // without a branch, as nobody can guess which are 0
            tangents_[count] = {d, sums.weights[d * words + p]};
            count += tangents_[count].by != 0;
        }
        end_of_plane_[p] = count;
    }
}

/// Takes back rows with their derivatives, and makes those at x.
template <class T> template <bool takes, bool makes>
void ProductRows<T>::pass(const double* taken, const double* derivatives, const double* x, double* out) {
    constexpr std::size_t count = batches<T>;
    // Of our own: what is stored may be anywhere else, for the compiler.
    const std::size_t leading = sums_.leading, columns = sums_.product->size;
    const double* const weights = sums_.weights.data();
    Batch* const by_column = sums_.by_column.data();
    std::array<std::array<Batch, words>, count> r;
    if constexpr (takes) {
        auto total = sums_.total;
#pragma clang loop unroll(full)
        for (std::size_t p = 0; p < words; ++p, derivatives += stride_)
            for (std::size_t b = 0; b < count; ++b) {
                r[b][p] = Batch::load(derivatives + b * Batch::size);
                total[p] += r[b][p];
            }
        sums_.total = total;
    }
    std::array<Batch, count> rows;
    rows.fill(Batch(word(sums_.start, 0)));
    const double* next = x;
    for (std::size_t k = 0; k < words * columns; k += words) {
        if constexpr (takes) {
            std::array<Batch, words> totals;
            std::copy_n(by_column + k, words, totals.begin());
            for (std::size_t b = 0; b < count; ++b) {
                const Batch row = Batch::load(taken + b * Batch::size);
                for (std::size_t p = 0; p < words; ++p) totals[p] += row * r[b][p];
            }
            std::copy_n(totals.begin(), words, by_column + k);
            taken += leading;
        }
        if constexpr (makes) {
            const Batch weight(weights[k]);
            for (std::size_t b = 0; b < count; ++b) {
                rows[b] += Batch::load(next + b * Batch::size) * weight;
                // With tangents, too much is computed for the processor to see by itself what comes next.
                if constexpr (words > 1) __builtin_prefetch(next + (b + count) * Batch::size);
            }
            next += leading;
        }
    }
    if constexpr (makes) {
        for (std::size_t b = 0; b < count; ++b) rows[b].store(out + b * Batch::size);
        if constexpr (words > 1) make_tangents(x, out);
    }
}

template <class T> void ProductRows<T>::make_tangents(const double* x, double* out) const {
    const std::size_t leading = sums_.leading, stride = stride_;
    const Weight* weight = tangents_.data();
    for (std::size_t p = 1; p < words; ++p) {
        out += stride;
        std::array<Batch, batches<T>> rows;
        rows.fill(Batch(word(sums_.start, p)));
        for (const Weight* const end = tangents_.data() + end_of_plane_[p]; weight < end; ++weight)
            for (std::size_t b = 0; b < batches<T>; ++b)
                rows[b] += Batch::load(x + weight->column * leading + b * Batch::size) * Batch(weight->by);
        for (std::size_t b = 0; b < batches<T>; ++b) rows[b].store(out + b * Batch::size);
    }
}

/// Takes back the rows that are left from before, a step each, while the next ones are made.
template <class T> void ProductRows<T>::take_and_make(const double* x, double* out, std::size_t count) {
    for (std::size_t k = 0; k < std::max(count, made_.count); k += rows_at_once)
        if (k >= made_.count) pass<false, true>(nullptr, nullptr, x + k, out + k);
        else if (k < count) pass<true, true>(made_.x + k, made_.r + k, x + k, out + k);
        else pass<true, false>(made_.x + k, made_.r + k, nullptr, nullptr);
}

template <class T>
void ProductRows<T>::begin(std::size_t first, std::size_t count, double* out, const double* r, std::size_t stride) {
    step = count % (most_steps<T> * rows_at_once) == 0 ? most_steps<T> * rows_at_once : rows_at_once;
    x_ = sums_.product->matrix + first;
    out_ = out;
    r_ = r;
    stride_ = stride;
    make(0);
}

template <class T> void ProductRows<T>::make(std::size_t k) {
    take_and_make(x_ + k, out_ + k, step);
    made_ = {x_ + k, r_ + k, step};
}

template <class T> void ProductRows<T>::end() { take_and_make(nullptr, nullptr, 0); }

template class ProductRows<double>;
template class ProductRows<Directional>;
template class ProductRows<Directions>;

} // namespace modus
