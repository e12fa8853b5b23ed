// What predictors compute with rows: their elements, and the derivatives by what these are made of.
module;
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

module modus.autodiff;

#include "batch_memory.hpp"
#include "words.hpp"

namespace modus {
namespace {

// Where the sums in `out` start: `start` has a number for each plane, or is null where they are added to what is there.

/// out (+)= s * x.
void add_scaled(double s, const double* x, std::size_t n, double* out, const double* start) {
    const Batch factor(s), first(start ? *start : 0.0);
    for (std::size_t k = 0; k < n; k += Batch::size)
        ((start ? first : Batch::load(out + k)) + factor * load_at(x, k, n)).store(out + k);
}
/// x *= s.
void multiply(double s, std::size_t n, double* x) {
    for (std::size_t k = 0; k < n; k += Batch::size) store_at(Batch(s) * load_at(x, k, n), x, k, n);
}
void fill_batches(double x, std::size_t n, double* out) {
    for (std::size_t k = 0; k < n; k += Batch::size) Batch(x).store(out + k);
}
/// The sum of f(k, load) over batches from k = 0 to n, where `load` reads one at an address: in several parts, none of
/// which waits for the one before.
template <class F> double sum_of_batches(std::size_t n, const F& f) {
    constexpr std::size_t together = 4;
    std::array<Batch, together> parts;
    parts.fill(Batch(0.0));
    std::size_t k = 0;
    for (; k + together * Batch::size <= n; k += together * Batch::size)
        for (std::size_t j = 0; j < together; ++j) parts[j] += f(k + j * Batch::size, Batch::load);
    for (; k < n; k += Batch::size) parts[0] += f(k, [=](const double* from) { return load_at(from, 0, n - k); });
    return sum((parts[0] + parts[1]) + (parts[2] + parts[3]));
}
double dot_product(const double* x, const double* y, std::size_t n) {
    return sum_of_batches(n, [=](std::size_t k, const auto& load) { return load(x + k) * load(y + k); });
}
double total_of(const double* x, std::size_t n) {
    return sum_of_batches(n, [=](std::size_t k, const auto& load) { return load(x + k); });
}

/// out (+)= X[rows of the block] * W, where W has `Words` numbers for each column of X, and out as many planes; X has
/// `leading` numbers in a column. Batches of rows stay in registers while the columns pass by, which are read from
/// memory here, once for all planes.
template <std::size_t Words, std::size_t Batches>
void product_of_rows(const double* x, std::size_t leading, const double* w, std::size_t columns, double* out,
                     std::size_t stride, const double* start) {
    std::array<std::array<Batch, Words>, Batches> sums;
    for (std::size_t b = 0; b < Batches; ++b)
        for (std::size_t p = 0; p < Words; ++p)
            sums[b][p] = start ? Batch(start[p]) : Batch::load(out + p * stride + b * Batch::size);
    for (std::size_t d = 0; d < columns; ++d, x += leading, w += Words)
        for (std::size_t b = 0; b < Batches; ++b) {
            const Batch row = Batch::load(x + b * Batch::size);
            for (std::size_t p = 0; p < Words; ++p) sums[b][p] += Batch(w[p]) * row;
        }
    for (std::size_t b = 0; b < Batches; ++b)
        for (std::size_t p = 0; p < Words; ++p) sums[b][p].store(out + p * stride + b * Batch::size);
}
template <std::size_t Words> void add_product(const double* x, std::size_t leading, std::size_t n, const double* w,
                                              std::size_t columns, double* out, std::size_t stride,
                                              const double* start) {
    constexpr std::size_t together = is_wide ? (Words > 2 ? 2 : 4) : std::max<std::size_t>(4 / Words, 1);
    std::size_t k = 0;
    for (; k + together * Batch::size <= n; k += together * Batch::size)
        product_of_rows<Words, together>(x + k, leading, w, columns, out + k, stride, start);
    for (; k + Batch::size <= n; k += Batch::size)
        product_of_rows<Words, 1>(x + k, leading, w, columns, out + k, stride, start);
    if (k == n) return;
    for (std::size_t p = 0; p < Words; ++p) {
        Batch row = start ? Batch(start[p]) : Batch::load(out + p * stride + k);
        for (std::size_t d = 0; d < columns; ++d)
            row += Batch(w[d * Words + p]) * load_some(x + d * leading + k, n - k);
        row.store(out + p * stride + k);
    }
}

constexpr std::size_t columns_at_once = 256; // whose weights are multiplied beforehand
/// The same for at most so many columns that have few tangents, as for some columns of a Hessian: the values are one
/// product, and each tangent adds its column.
template <std::size_t Words> void add_sparse_product(const double* x, std::size_t leading, std::size_t n,
                                                     const double* w, std::size_t columns, double* out,
                                                     std::size_t stride, const double* start) {
    std::array<double, columns_at_once> values;
    for (std::size_t d = 0; d < columns; ++d) values[d] = w[d * Words];
    add_product<1>(x, leading, n, values.data(), columns, out, stride, start);
    for (std::size_t p = 1; p < Words; ++p) {
        double* plane = out + p * stride;
        const double* begin = start ? start + p : nullptr;
        for (std::size_t d = 0; d < columns; ++d) {
            if (w[d * Words + p] == 0) continue;
            add_scaled(w[d * Words + p], x + d * leading, n, plane, begin);
            begin = nullptr;
        }
        if (begin) fill_batches(*begin, n, plane);
    }
}

/// Products of a few columns of a block with the planes of r, column by column. Returns the sum of the first plane,
/// which costs next to nothing here: the loop waits for X.
template <std::size_t Words, std::size_t Columns> Batch transposed_products(const double* x, std::size_t leading,
                                                                            std::size_t n, const double* r,
                                                                            std::size_t stride, Batch* sums) {
    Batch total[Columns][Words]; // apart from `sums`, so that it stays in registers
    for (auto& column : total)
        for (Batch& sum : column) sum = Batch(0.0);
    Batch total_of_r(0.0);
    const auto add = [&](const auto& load) {
        std::array<Batch, Words> residual;
        for (std::size_t p = 0; p < Words; ++p) residual[p] = load(r + p * stride);
        total_of_r += residual[0];
        for (std::size_t c = 0; c < Columns; ++c) {
            const Batch row = load(x + c * leading);
            for (std::size_t p = 0; p < Words; ++p) total[c][p] += residual[p] * row;
        }
    };
    std::size_t k = 0;
    for (; k + Batch::size <= n; k += Batch::size) add([k](const double* from) { return Batch::load(from + k); });
    if (k < n) add([k, n](const double* from) { return load_some(from + k, n - k); });
    for (std::size_t c = 0; c < Columns; ++c)
        for (std::size_t p = 0; p < Words; ++p) sums[c * Words + p] = total[c][p];
    return total_of_r;
}
/// g += X[rows of the block]' * r, for at most `Most` columns. Returns the sum of the first plane of r.
template <std::size_t Words, std::size_t Most>
double add_few_products(const double* x, std::size_t leading, std::size_t n, const double* r, std::size_t stride,
                        std::size_t columns, double* g, std::size_t g_stride) {
    if constexpr (Most == 0) {
        return total_of(r, n);
    } else {
        if (columns < Most) return add_few_products<Words, Most - 1>(x, leading, n, r, stride, columns, g, g_stride);
        constexpr std::size_t eights = (Most * Words + 7) / 8;
        std::array<Batch, 8 * eights> sums;
        const Batch total = transposed_products<Words, Most>(x, leading, n, r, stride, sums.data());
        std::fill(sums.begin() + Most * Words, sums.end(), Batch(0.0));
        std::array<double, 8 * eights> numbers;
        for (std::size_t k = 0; k < sums.size(); k += 8) sum_each(&sums[k]).store(&numbers[k]);
        for (std::size_t c = 0; c < Most; ++c)
            for (std::size_t p = 0; p < Words; ++p) g[p * g_stride + c] += numbers[c * Words + p];
        return sum(total);
    }
}
/// g += X[rows of the block]' * r, for all planes. Returns the sum of the first plane of r.
template <std::size_t Words> double add_transposed_product(const double* x, std::size_t leading, std::size_t n,
                                                           const double* r, std::size_t stride, std::size_t columns,
                                                           double* g, std::size_t g_stride) {
    // Columns whose sums are in registers together.
    constexpr std::size_t few = is_wide ? (Words == 1 ? 12 : Words == 2 ? 8 : 5) : std::max<std::size_t>(6 / Words, 1);
    std::size_t d = 0;
    if constexpr (is_wide && Words == 1)
        for (; d + few < columns; d += 8) {
            std::array<Batch, 8> sums;
            transposed_products<1, 8>(x + d * leading, leading, n, r, stride, sums.data());
            (Batch::load(g + d) + sum_each(sums.data())).store(g + d);
        }
    for (; d + few < columns; d += few)
        add_few_products<Words, few>(x + d * leading, leading, n, r, stride, few, g + d, g_stride);
    return add_few_products<Words, few>(x + d * leading, leading, n, r, stride, columns - d, g + d, g_stride);
}

/// Whether this term and the next are a `gather` and a `vector`, as in a[group] + beta * x: one pass serves both.
bool is_pair(const Term<double>& term) {
    using enum Term<double>::Base;
    return term.next &&
           ((term.base == gather && term.next->base == vector) || (term.base == vector && term.next->base == gather));
}
const Term<double>& gather_of(const Term<double>& pair) {
    return pair.base == Term<double>::Base::gather ? pair : *pair.next;
}
const Term<double>& vector_of(const Term<double>& pair) {
    return pair.base == Term<double>::Base::vector ? pair : *pair.next;
}

/// Calls f(begin, end, group) for the runs of one group within rows `first` to `first + n`, counted from `first`.
template <class T, class F> void for_each_run(const Term<T>& term, std::size_t first, std::size_t n, const F& f) {
    // In most data the groups are in order and none is without rows: the run of a group has its number.
    const auto group_of_first = static_cast<std::size_t>(term.index[first]);
    const std::uint32_t* run = term.runs + std::min(group_of_first, term.run_count - 1);
    if (run[0] > first || run[1] <= first) run = std::upper_bound(term.runs, term.runs + term.run_count, first) - 1;
    for (std::size_t begin = 0; begin < n; ++run) {
        const std::size_t end = std::min<std::size_t>(run[1] - first, n);
        f(begin, end, static_cast<std::size_t>(term.index[*run]));
        begin = end;
    }
}

/// out = s * x[index] + others(k, load): the other terms of rows k to k + 7, for which `load` reads numbers at an
/// address.
template <class F>
void set_gathered_rows(double s, const double* x, const Integer* index, std::size_t n, double* out, const F& others) {
    std::size_t k = 0;
    for (; k + Batch::size <= n; k += Batch::size)
        (Batch(s) * Batch::gather(x, index + k) + others(k, Batch::load)).store(out + k);
    if (k == n) return;
    Batch some(0.0);
    for (std::size_t j = k; j < n; ++j) some.lanes[j - k] = x[index[j]];
    (Batch(s) * some + others(k, [=](const double* from) { return load_some(from, n - k); })).store(out + k);
}

/// The same, by runs. Those of sixteen rows or fewer, as most are, take the same way, whatever their length: two
/// batches, of which the second may be empty. There is no branch to be predicted.
template <class T, class F> void set_gathered_runs(const Term<T>& term, double s, const double* x, std::size_t first,
                                                   std::size_t n, double* out, const F& others) {
    for_each_run(term, first, n, [&](std::size_t begin, std::size_t end, std::size_t group) {
        const Batch value(s * x[group]);
        const auto set = [&](std::size_t k) { (value + others(k, Batch::load)).store(out + k); };
        std::size_t k = begin;
        for (; k + 2 * Batch::size < end; k += Batch::size) set(k);
        if (k + 2 * Batch::size <= n) { // the run after this one overwrites what is too much
            set(k);
            set(k + Batch::size);
            return;
        }
        for (; k < end; k += Batch::size) {
            const Batch sum = value + others(k, [=](const double* from) { return load_at(from, 0, n - k); });
            store_some(sum, out + k, std::min(end - k, Batch::size));
        }
    });
}
template <class T, class F> void set_gathered(const Term<T>& term, double s, const double* x, std::size_t first,
                                              std::size_t n, double* out, const F& others) {
    if (term.runs) set_gathered_runs(term, s, x, first, n, out, others);
    else set_gathered_rows(s, x, term.index + first, n, out, others);
}
/// out (+)= s * x[index].
template <class T> void add_gathered(const Term<T>& term, double s, const double* x, std::size_t first, std::size_t n,
                                     double* out, const double* start) {
    if (start) {
        const Batch begin(*start);
        return set_gathered(term, s, x, first, n, out, [=](std::size_t, const auto&) { return begin; });
    }
    if (!term.runs)
        return set_gathered_rows(s, x, term.index + first, n, out,
                                 [=](std::size_t k, const auto&) { return Batch::load(out + k); });
    for_each_run(term, first, n, [&](std::size_t begin, std::size_t end, std::size_t group) {
        const Batch value(s * x[group]);
        const auto add = [&](std::size_t k, std::size_t count) {
            store_some(load_some(out + k, count) + value, out + k, count);
        };
        std::size_t k = begin;
        for (; k + 2 * Batch::size < end; k += Batch::size) add(k, Batch::size);
        const std::size_t count = std::min(end - k, Batch::size);
        add(k, count);
        add(k + Batch::size, end - k - count);
    });
}

/// g[index] += r.
void scatter(const Integer* index, const double* r, std::size_t n, double* g) {
    for (std::size_t k = 0; k < n; ++k) g[index[k]] += r[k];
}
/// The same, by runs, as above. Returns the sum of r * x, where there is an x.
template <bool has_x, class T> double scatter_runs(const Term<T>& term, const double* r, const double* x,
                                                   std::size_t first, std::size_t n, double* g) {
    Batch products(0.0);
    for_each_run(term, first, n, [&](std::size_t begin, std::size_t end, std::size_t group) {
        Batch total(0.0);
        std::size_t k = begin;
        for (; k + 2 * Batch::size < end; k += Batch::size) {
            const Batch row = Batch::load(r + k);
            total += row;
            if constexpr (has_x) products += row * Batch::load(x + k);
        }
        const TwoBatches rows = load_two(r + k, end - k, n - k);
        total += rows.low + rows.high;
        if constexpr (has_x) {
            const TwoBatches those_of_x = load_two(x + k, end - k, n - k);
            products += rows.low * those_of_x.low;
            products += rows.high * those_of_x.high;
        }
        g[group] += sum(total);
    });
    return sum(products);
}

} // namespace

template <class T> void evaluate_rows(const Term<T>* terms, std::size_t rows, std::size_t first, std::size_t count,
                                      double* out, std::size_t out_stride) {
    constexpr std::size_t words = words_in<T>;
    T constant(0.0); // what the first of the other terms starts with
    for (const Term<T>* term = terms; term; term = term->next)
        if (term->base == Term<T>::Base::one) constant += term->scale();
    const double* start = &word(constant, 0);
    for (const Term<T>* term = terms; term; term = term->next) {
        if (term->base == Term<T>::Base::one) continue;
        const T scale = term->scale();
        if (term->base == Term<T>::Base::product) {
            const Slot<T> weight{const_cast<double*>(term->values), term->stride};
            std::array<double, columns_at_once * words> scaled;
            for (std::size_t d = 0; d < term->size; d += columns_at_once) { // a piece at a time
                const std::size_t piece = std::min(columns_at_once, term->size - d);
                std::size_t tangents = 0;
                for (std::size_t i = 0; i < piece; ++i) {
                    const T w = scale * weight.at(d + i).get();
                    for (std::size_t p = 0; p < words; ++p) scaled[i * words + p] = word(w, p);
                    for (std::size_t p = 1; p < words; ++p) tangents += word(w, p) != 0;
                }
                const bool is_sparse = words > 1 && count > Batch::size && 3 * tangents <= (words - 1) * piece;
                const auto add = is_sparse ? add_sparse_product<words> : add_product<words>;
                add(term->matrix + d * rows + first, rows, count, scaled.data(), piece, out, out_stride, start);
                start = nullptr;
            }
            continue;
        }
        if constexpr (std::same_as<T, double>)
            if (start && is_pair(*term)) {
                const Term<T>& groups = gather_of(*term);
                const Term<T>& slope = vector_of(*term);
                const Batch factor(slope.scale()), begin(constant);
                const double* x = slope.values + first;
                set_gathered(groups, groups.scale(), groups.values, first, count, out,
                             [=](std::size_t k, const auto& load) { return begin + factor * load(x + k); });
                term = term->next;
                start = nullptr;
                continue;
            }
        const bool is_data = term->stride == 0;
        for (std::size_t p = 0; p < words; ++p) {
            double* plane = out + p * out_stride;
            const double* begin = start ? start + p : nullptr;
            const auto add = [&](double s, const double* values) {
                if (p > 0 && s == 0 && !begin) return; // no tangent
                if (term->base == Term<T>::Base::vector) add_scaled(s, values + first, count, plane, begin);
                else add_gathered(*term, s, values, first, count, plane, begin);
                begin = nullptr;
            };
            // Plane p of scale * base is scale_p base_0, and for tangents of both also scale_0 base_p.
            if (p > 0 && !is_data) add(word(scale, 0), term->values + p * term->stride);
            add(word(scale, p), term->values);
        }
        start = nullptr;
    }
    if (start)
        for (std::size_t p = 0; p < words; ++p) fill_batches(start[p], count, out + p * out_stride);
}

template <class T> void pull_rows(const Term<T>* terms, std::size_t rows, std::size_t first, std::size_t count,
                                  const double* r, std::size_t r_stride, TermAdjoint<T>* adjoints) {
    std::optional<double> total; // of the first plane of r, once it is known
    for (const Term<T>* term = terms; term; term = term->next, ++adjoints) {
        if constexpr (std::same_as<T, double>)
            if (is_pair(*term) && gather_of(*term).runs && !vector_of(*term).slot) {
                const bool is_slope_first = term->base == Term<T>::Base::vector;
                const double* x = vector_of(*term).values + first;
                double* sums = adjoints[is_slope_first].base;
                adjoints[!is_slope_first].factor += scatter_runs<true>(gather_of(*term), r, x, first, count, sums);
                term = term->next;
                ++adjoints;
                continue;
            }
        const T scale = term->scale();
        for (std::size_t p = 0; p < words_in<T>; ++p) {
            const double* residual = r + p * r_stride;
            double* base = adjoints->base + p * adjoints->stride;
            switch (term->base) {
            case Term<T>::Base::one:
                if (term->factor_slot)
                    word(adjoints->factor, p) += p == 0 && total ? *total : total_of(residual, count);
                break;
            case Term<T>::Base::vector:
                if (term->factor_slot) {
                    word(adjoints->factor, p) += dot_product(residual, term->values + first, count);
                    if (p > 0 && term->stride > 0)
                        word(adjoints->factor, p) += dot_product(r, term->values + p * term->stride + first, count);
                }
                if (term->slot)
                    for (std::size_t k = 0; k < count; k += Batch::size) {
                        Batch product = Batch(word(scale, 0)) * load_at(residual, k, count);
                        if (p > 0) product += Batch(word(scale, p)) * load_at(r, k, count);
                        store_at(product, base + first, k, count);
                    }
                break;
            case Term<T>::Base::gather:
                if (term->runs) scatter_runs<false>(*term, residual, nullptr, first, count, base);
                else scatter(term->index + first, residual, count, base);
                break;
            case Term<T>::Base::product:
                if (p == 0) { // all planes at once
                    const std::size_t d = adjoints->needless(term->size);
                    total = add_transposed_product<words_in<T>>(term->matrix + d * rows + first, rows, count, r,
                                                                r_stride, term->size - d, base + d, adjoints->stride);
                }
                break;
            }
        }
    }
}

template <class T> void scale_sums(const Term<T>& term, TermAdjoint<T>& adjoint) {
    const T scale = term.scale();
    if constexpr (std::same_as<T, double>) {
        if (term.factor_slot) adjoint.factor += dot_product(adjoint.base, term.values, term.size);
        multiply(scale, term.size, adjoint.base);
    } else {
        const Slot<T> base{adjoint.base, adjoint.stride};
        const Slot<T> values{const_cast<double*>(term.values), term.stride};
        for (std::size_t k = 0; k < term.size && term.factor_slot; ++k)
            adjoint.factor += base.at(k).get() * values.at(k).get();
        for (std::size_t k = 0; k < term.size; ++k) base.at(k).set(base.at(k).get() * scale);
    }
}

template <class T>
void give_many(const Slot<T>& slot, const T& factor, const double* partials, std::size_t stride, std::size_t size) {
    if constexpr (std::same_as<T, double>) {
        std::size_t k = 0;
        for (; k + Batch::size <= size; k += Batch::size)
            (Batch::load(slot.word + k) + Batch(factor) * Batch::load(partials + k)).store(slot.word + k);
        if (k < size) give_few(slot.word + k, factor, partials + k, size - k);
    } else {
        const Slot<T> from{const_cast<double*>(partials), stride};
        for (std::size_t k = 0; k < size; ++k) slot.at(k).add(factor * from.at(k).get());
    }
}

#define MODUS_INSTANTIATE(T)                                                                                           \
    template void evaluate_rows(const Term<T>*, std::size_t, std::size_t, std::size_t, double*, std::size_t);          \
    template void pull_rows(const Term<T>*, std::size_t, std::size_t, std::size_t, const double*, std::size_t,         \
                            TermAdjoint<T>*);                                                                          \
    template void scale_sums(const Term<T>&, TermAdjoint<T>&);                                                         \
    template void give_many(const Slot<T>&, const T&, const double*, std::size_t, std::size_t);
MODUS_INSTANTIATE(double)
MODUS_INSTANTIATE(Directional)
MODUS_INSTANTIATE(Directions)

} // namespace modus
