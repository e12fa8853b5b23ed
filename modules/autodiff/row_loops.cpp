module;
#include <array>
#include <cstddef>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

module modus.autodiff;

#include "batch_memory.hpp"
#include "planes.hpp"

namespace modus {

using enum Term<double>::Base;

template <class T> const Term<T>* ProductSums<T>::product_among(const Term<T>* terms) {
    const Term<T>* found = nullptr;
    for (const Term<T>* term = terms; term; term = term->next) {
        if (term->base == Term<T>::Base::one) continue;
        if (found || term->base != Term<T>::Base::product || term->size > most_columns) return nullptr;
        found = term;
    }
    return found;
}

template <class T> ProductSums<T>::ProductSums(const Term<T>* terms_, TermAdjoint<T>* adjoints_, std::size_t rows)
    : terms(terms_), adjoints(adjoints_), product(product_among(terms)), leading(rows) {
    const TermAdjoint<T>* adjoint = adjoints;
    for (const Term<T>* term = terms; term; term = term->next, ++adjoint) {
        if (term->base == Term<T>::Base::one) start += term->factor * term->coefficient;
        if constexpr (words > 1) // of gradients, all are needed
            if (term == product) needless = adjoint->needless;
    }
    const T scale = product->factor * product->coefficient;
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
    for (const Term<T>* term = terms; term; term = term->next, ++adjoint) {
        const bool is_summed = term->factor_slot && term != product;
        for (std::size_t p = 0; p < words; ++p) word(adjoint->factor, p) = is_summed ? sum(total[p]) : 0.0;
        if (term != product) continue;
        for (std::size_t p = 0; p < words; ++p) {
            double* base = adjoint->base + p * adjoint->stride;
            const Batch* sums = &by_column[p];
            std::size_t d = 0;
            for (; d + 8 <= term->size; d += 8, sums += 8 * words) {
                std::array<Batch, 8> eight;
                for (std::size_t j = 0; j < 8; ++j) eight[j] = sums[j * words];
                sum_each(eight.data()).store(base + d);
            }
            for (; d < term->size; ++d, sums += words) base[d] = sum(*sums);
        }
    }
}

template struct ProductSums<double>;
template struct ProductSums<Directional>;
template struct ProductSums<Directions>;

bool GroupSums::serves(const Term<double>* terms) {
    std::size_t gathers = 0, slopes = 0;
    for (const Term<double>* term = terms; term; term = term->next) {
        if (term->base == Term<double>::Base::product) return false;
        if (term->base == vector && term->slot) return false;
        gathers += term->base == gather;
        slopes += term->base == vector;
    }
    return gathers == 1 && slopes <= 1;
}

GroupSums::GroupSums(const Term<double>* terms_, TermAdjoint<double>* adjoints_, std::size_t)
    : terms(terms_), adjoints(adjoints_) {
    const TermAdjoint<double>* adjoint = adjoints;
    for (const Term<double>* term = terms; term; term = term->next, ++adjoint) {
        if (term->base == one) start += term->factor * term->coefficient;
        if (term->base == vector) slope = term;
        if (term->base != gather) continue;
        groups = term;
        by_group = adjoint->base;
    }
}

void GroupSums::finish() const {
    TermAdjoint<double>* adjoint = adjoints;
    for (const Term<double>* term = terms; term; term = term->next, ++adjoint) {
        if (!term->factor_slot) continue;
        if (term->base == one) adjoint->factor += sum(total);
        if (term->base == vector) adjoint->factor += sum(by_slope);
    }
}

bool VectorSums::serves(const Term<double>* terms) {
    std::size_t vectors = 0;
    for (const Term<double>* term = terms; term; term = term->next) {
        if (term->base != one && term->base != Term<double>::Base::vector) return false;
        vectors += term->base != one;
    }
    return vectors == 1;
}

VectorSums::VectorSums(const Term<double>* terms_, TermAdjoint<double>* adjoints_, std::size_t)
    : terms(terms_), adjoints(adjoints_) {
    const TermAdjoint<double>* adjoint = adjoints;
    for (const Term<double>* term = terms; term; term = term->next, ++adjoint) {
        if (term->base == one) {
            start += term->factor * term->coefficient;
        } else {
            vector = term;
            by_element = adjoint->base;
        }
    }
}

void VectorSums::finish() const {
    TermAdjoint<double>* adjoint = adjoints;
    for (const Term<double>* term = terms; term; term = term->next, ++adjoint)
        if (term->factor_slot) adjoint->factor = sum(term->base == one ? total : by_factor);
}

} // namespace modus
