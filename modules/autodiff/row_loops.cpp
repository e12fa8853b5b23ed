module;
#include <cstddef>
#if defined(__AVX512F__)
#include <immintrin.h>
#endif

module modus.autodiff;

#include "batch_memory.hpp"

namespace modus {

using enum Term<double>::Base;

const Term<double>* ProductSums::product_among(const Term<double>* terms) {
    const Term<double>* found = nullptr;
    for (const Term<double>* term = terms; term; term = term->next) {
        if (term->base == one) continue;
        if (found || term->base != Term<double>::Base::product || term->size > most_columns) return nullptr;
        found = term;
    }
    return found;
}

ProductSums::ProductSums(const Term<double>* terms_, TermAdjoint<double>* adjoints_, std::size_t rows)
    : terms(terms_), adjoints(adjoints_), product(product_among(terms)), leading(rows) {
    for (const Term<double>* term = terms; term; term = term->next)
        if (term->base == one) start += term->factor * term->coefficient;
    const double scale = product->factor * product->coefficient;
    for (std::size_t d = 0; d < product->size; ++d) {
        weights[d] = scale * product->values[d];
        by_column[d] = Batch(0.0);
    }
}

void ProductSums::finish() const {
    TermAdjoint<double>* adjoint = adjoints;
    for (const Term<double>* term = terms; term; term = term->next, ++adjoint) {
        adjoint->factor = term->factor_slot && term != product ? sum(total) : 0.0;
        if (term != product) continue;
        std::size_t d = 0;
        for (; d + 8 <= term->size; d += 8) {
            const Batch eight[8] = {by_column[d],     by_column[d + 1], by_column[d + 2], by_column[d + 3],
                                    by_column[d + 4], by_column[d + 5], by_column[d + 6], by_column[d + 7]};
            sum_each(eight).store(adjoint->base + d);
        }
        for (; d < term->size; ++d) adjoint->base[d] = sum(by_column[d]);
    }
}

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
