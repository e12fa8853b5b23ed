module;
#include <algorithm>
#include <array>
#include <cstddef>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

module modus.autodiff;

#include "batch_memory.hpp"
#include "words.hpp"

namespace modus {
namespace {

/// As many as have their derivatives and sums in registers; in narrow ones, those that are made.
template <class T> constexpr std::size_t batches = words_in<T> > 2 || !is_wide ? 4 : 8;
template <class T> constexpr std::size_t most = batches<T> * Batch::size; ///< in one pass
/// The loop of a formula over duals has most to put away before rows are made: more of them at a time.
template <class T> constexpr std::size_t most_steps = words_in<T> > 1 || !is_wide ? 2 : 1;

} // namespace

template <class T>
ProductSums<T>::ProductSums(const Term<T>* terms_, TermAdjoint<T>* adjoints_, std::size_t rows, bool has_values_)
    : terms(terms_), adjoints(adjoints_), leading(rows), has_values(has_values_) {
    TermAdjoint<T>* adjoint = adjoints;
    for (const Term<T>* term = terms; term; term = term->next, ++adjoint) {
        if (term->base == Term<T>::Base::one) {
            start += term->scale();
        } else {
            product = term;
            by_product = adjoint;
        }
    }
    const T scale = product->scale();
    const Slot<T> values{const_cast<double*>(product->values), product->stride};
    for (std::size_t d = 0; d < product->size; ++d) {
        const T weight = scale * values.at(d).get();
        for (std::size_t p = 0; p < words; ++p) {
            weights[d * words + p] = word(weight, p);
            by_column[d * words + p] = Batch(0.0);
        }
    }
}

template <class T> void ProductSums<T>::finish() const {
    TermAdjoint<T>* adjoint = adjoints;
    for (const Term<T>* term = terms; term; term = term->next, ++adjoint)
        for (std::size_t p = 0; p < words; ++p)
            word(adjoint->factor, p) = term->factor_slot && term != product ? sum(total[p]) : 0.0;
    const std::size_t columns = product->size;
    for (std::size_t p = has_values ? 0 : 1; p < words; ++p) {
        double* base = by_product->base + p * by_product->stride;
        std::size_t d = by_product->needless(columns);
        for (; d + 8 <= columns; d += 8) {
            std::array<Batch, 8> eight;
            for (std::size_t j = 0; j < 8; ++j) eight[j] = by_column[(d + j) * words + p];
            sum_each(eight.data()).store(base + d);
        }
        for (; d < columns; ++d) base[d] = sum(by_column[d * words + p]);
    }
}

template <class T> const std::size_t ProductRows<T>::fewest_rows = 2 * most<T>;

template <class T> ProductRows<T>::ProductRows(ProductSums<T>& sums, double* kept)
    : RowSource{0, [](RowSource& self, std::size_t k)
                       [[clang::preserve_most]] { static_cast<ProductRows&>(self).make(k); }},
      sums_(sums),
      kept_(kept) {
    std::size_t count = 0;
    for (std::size_t p = 1; p < words; ++p) {
        for (std::size_t d = 0; d < sums.product->size; ++d) { // without a branch, as nobody can guess which are 0
            tangents_[count] = {d, sums.weights[d * words + p]};
            count += tangents_[count].by != 0;
        }
        end_of_plane_[p] = count;
    }
}

/// Takes back `count` batches of rows with their derivatives, and makes those at x.
template <class T> template <std::size_t count, bool takes, bool makes, bool is_whole, bool has_values> void
ProductRows<T>::pass(const double* taken, const double* derivatives, const double* x, double* out, std::size_t some) {
    // Of our own: what is stored may be anywhere else, for the compiler.
    const std::size_t leading = sums_.leading, columns = sums_.product->size, stride = stride_;
    const double* const weights = sums_.weights.data();
    Batch* const by_column = sums_.by_column.data();
    const auto load = [=](const double* from) { return is_whole ? Batch::load(from) : load_some(from, some); };
    // Narrow registers do not hold the derivatives, too: they are loaded for two columns together.
    constexpr std::size_t together = is_wide ? 1 : 2;
    std::array<std::array<Batch, words>, count> r;
    if constexpr (takes) {
        auto total = sums_.total;
#pragma clang loop unroll(full)
        for (std::size_t p = 0; p < words; ++p)
            for (std::size_t b = 0; b < count; ++b) {
                r[b][p] = load(derivatives + p * stride + b * Batch::size);
                total[p] += r[b][p];
            }
        sums_.total = total;
    }
    std::array<Batch, count> rows;
    rows.fill(Batch(word(sums_.start, 0)));
    const double* next = x;
    // Some columns, from number d on.
    const auto add = [&]<std::size_t some_columns, bool is_taken, std::size_t first_tangent = 1>(std::size_t d) {
        if constexpr (is_taken) {
            std::array<Batch, some_columns * words> totals;
            std::copy_n(by_column + d * words, some_columns * words, totals.begin());
            for (std::size_t b = 0; b < count; ++b) {
                if constexpr (!is_wide)
                    for (std::size_t p = 0; p < words; ++p) r[b][p] = load(derivatives + p * stride + b * Batch::size);
                for (std::size_t c = 0; c < some_columns; ++c) {
                    const Batch row = load(taken + c * leading + b * Batch::size);
                    if constexpr (has_values) totals[c * words] += row * r[b][0];
                    for (std::size_t p = first_tangent; p < words; ++p) totals[c * words + p] += row * r[b][p];
                }
            }
            std::copy_n(totals.begin(), some_columns * words, by_column + d * words);
            taken += some_columns * leading;
        }
        if constexpr (makes) {
            for (std::size_t c = 0; c < some_columns; ++c, next += leading) {
                const Batch weight(weights[(d + c) * words]);
                for (std::size_t b = 0; b < count; ++b) {
                    rows[b] += load(next + b * Batch::size) * weight;
                    // With tangents, too much is computed for the processor to see by itself what comes next.
                    if constexpr (words > 1) __builtin_prefetch(next + (b + 2 * count) * Batch::size);
                }
            }
        }
    };
    // All of it in one piece: what a call would look at is in memory.
    std::size_t d = 0;
    if constexpr (takes && words > 1) {
        for (const std::size_t needless = sums_.by_product->needless(columns); d < needless; ++d)
            [[clang::always_inline]]
            add.template operator()<1, false>(d);
        taken += d * leading;
        const auto add_own = [&]<std::size_t P>() {
            if (d < columns && static_cast<std::ptrdiff_t>(d) + sums_.by_product->own == std::ptrdiff_t{P})
                [[clang::always_inline]]
                add.template operator()<1, true, 1 + P>(d++);
        };
        const auto add_all_own = [&]<std::size_t... P>(std::index_sequence<P...>) {
            [[clang::always_inline]] (add_own.template operator()<P>(), ...);
        };
        [[clang::always_inline]] add_all_own(std::make_index_sequence<words - 1>());
    }
    for (; d + together <= columns; d += together) [[clang::always_inline]]
        add.template operator()<together, takes>(d);
    if constexpr (together > 1)
        if (d < columns) [[clang::always_inline]]
            add.template operator()<1, takes>(d);
    if constexpr (makes) {
        for (std::size_t b = 0; b < count; ++b) rows[b].store(out + b * Batch::size);
        if constexpr (words > 1) {
            for (std::size_t b = 0; b < count && kept_; ++b) rows[b].store(kept_at(x) + b * Batch::size);
            make_tangents<count, is_whole>(x, out, some);
        }
    }
}

template <class T> template <std::size_t count, bool is_whole>
void ProductRows<T>::make_tangents(const double* x, double* out, std::size_t some) const {
    const auto load = [=](const double* from) { return is_whole ? Batch::load(from) : load_some(from, some); };
    const std::size_t leading = sums_.leading, stride = stride_;
    const Weight* weight = tangents_.data();
    for (std::size_t p = 1; p < words; ++p) {
        out += stride;
        std::array<Batch, count> rows;
        rows.fill(Batch(word(sums_.start, p)));
        for (const Weight* const end = tangents_.data() + end_of_plane_[p]; weight < end; ++weight)
            for (std::size_t b = 0; b < count; ++b)
                rows[b] += load(x + weight->column * leading + b * Batch::size) * Batch(weight->by);
        for (std::size_t b = 0; b < count; ++b) rows[b].store(out + b * Batch::size);
    }
}

/// Takes back the rows from number i on that were made last.
template <class T> template <bool has_values> void ProductRows<T>::take(std::size_t i) {
    for (; i + most<T> <= made_.count; i += most<T>)
        pass<batches<T>, true, false, true, has_values>(made_.x + i, made_.r + i, nullptr, nullptr);
    for (; i + Batch::size <= made_.count; i += Batch::size)
        pass<1, true, false, true, has_values>(made_.x + i, made_.r + i, nullptr, nullptr);
    if (i < made_.count)
        pass<1, true, false, false, has_values>(made_.x + i, made_.r + i, nullptr, nullptr, made_.count - i);
}

/// Takes back the rows that are left from before while the next ones are made; where there are too few of either for
/// that, batch by batch.
template <class T> void ProductRows<T>::take_and_make(const double* x, double* out, std::size_t count) {
    std::size_t k = 0;
    for (; k + most<T> <= std::min(count, made_.count); k += most<T>)
        pass<batches<T>, true, true>(made_.x + k, made_.r + k, x + k, out + k);
    take<true>(k);
    for (; k + most<T> <= count; k += most<T>) pass<batches<T>, false, true>(nullptr, nullptr, x + k, out + k);
    for (; k + Batch::size <= count; k += Batch::size) pass<1, false, true>(nullptr, nullptr, x + k, out + k);
    if (k < count) pass<1, false, true, false>(nullptr, nullptr, x + k, out + k, count - k);
}

/// The same where there are values already: tangents alone, behind `out`.
template <class T> void ProductRows<T>::take_and_make_tangents(const double* x, double* out, std::size_t count) {
    take<false>(0);
    std::size_t k = 0;
    for (; k + most<T> <= count; k += most<T>) make_tangents<batches<T>>(x + k, out + k);
    for (; k + Batch::size <= count; k += Batch::size) make_tangents<1>(x + k, out + k);
    if (k < count) make_tangents<1, false>(x + k, out + k, count - k);
}

template <class T>
void ProductRows<T>::begin(std::size_t first, std::size_t count, double* out, const double* r, std::size_t stride) {
    x_ = sums_.product->matrix + first;
    out_ = out;
    r_ = r;
    count_ = count;
    stride_ = stride;
    make(0);
}

template <class T> void ProductRows<T>::make(std::size_t k) {
    step = sums_.has_values ? std::min(count_ - k, most_steps<T> * most<T>) : count_ - k;
    if (step > Batch::size) step -= step % Batch::size;
    if (sums_.has_values) take_and_make(x_ + k, out_ + k, step);
    else take_and_make_tangents(x_ + k, out_ + k, step);
    made_ = {x_ + k, r_ + k, step};
}

template <class T> void ProductRows<T>::end() {
    if (sums_.has_values) take<true>(0);
    else take<false>(0);
}

template struct ProductSums<double>;
template struct ProductSums<Directional>;
template struct ProductSums<Directions>;
template class ProductRows<double>;
template class ProductRows<Directional>;
template class ProductRows<Directions>;

} // namespace modus
