module;
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

module modus.autodiff;

namespace modus {
namespace {

/// Notes the runs of a `gather`, where there are long ones: rows that are sorted by group. Then it also says which
/// index is the largest; negative ones are large, too.
template <class T> std::uint64_t find_runs(Tape<T>& tape, const IntVector& indices, Term<T>& term) {
    constexpr std::size_t shortest = 4; // on average; shorter ones are better gathered
    const std::size_t n = indices.size();
    const Integer* index = indices.data();
    if (n < 2 * shortest || n > std::numeric_limits<std::uint32_t>::max()) return 0;
    const std::size_t most = n / shortest;
    auto* runs = static_cast<std::uint32_t*>(static_cast<void*>(tape.words(most / 2 + 16)));
    std::size_t found = 0;
    runs[found++] = 0;
    std::size_t k = 1;
    // Without branches, as whether a row begins a run is hard to predict.
#if defined(__AVX512F__)
    __m512i position = _mm512_setr_epi32(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
    for (; k + 16 <= n && found <= most; k += 16) {
        const auto begins = [index](std::size_t i) -> unsigned {
            return _mm512_cmpneq_epi64_mask(_mm512_loadu_si512(index + i), _mm512_loadu_si512(index + i - 1));
        };
        const unsigned mask = begins(k) | begins(k + 8) << 8;
        _mm512_storeu_si512(runs + found, _mm512_maskz_compress_epi32(static_cast<__mmask16>(mask), position));
        found += static_cast<std::size_t>(__builtin_popcount(mask));
        position = _mm512_add_epi32(position, _mm512_set1_epi32(16));
    }
#elif defined(__AVX2__)
    static constexpr auto rows_in = [] { // those of four that a mask has, one after the other
        std::array<std::array<std::int32_t, 4>, 16> rows{};
        for (std::size_t mask = 0; mask < rows.size(); ++mask)
            for (std::int32_t row = 0, count = 0; row < 4; ++row)
                if (mask >> row & 1) rows[mask][count++] = row;
        return rows;
    }();
    const auto four = [](const auto* from) { return static_cast<const __m256i*>(static_cast<const void*>(from)); };
    for (; k + 4 <= n && found <= most; k += 4) {
        const __m256i same =
            _mm256_cmpeq_epi64(_mm256_loadu_si256(four(index + k)), _mm256_loadu_si256(four(index + k - 1)));
        const unsigned mask = 15U ^ static_cast<unsigned>(_mm256_movemask_pd(_mm256_castsi256_pd(same)));
        const auto* rows = static_cast<const __m128i*>(static_cast<const void*>(rows_in[mask].data()));
        _mm_storeu_si128(static_cast<__m128i*>(static_cast<void*>(runs + found)),
                         _mm_add_epi32(_mm_loadu_si128(rows), _mm_set1_epi32(static_cast<int>(k))));
        found += static_cast<std::size_t>(__builtin_popcount(mask));
    }
#endif
    for (; k < n && found <= most; ++k) {
        runs[found] = static_cast<std::uint32_t>(k);
        found += index[k] != index[k - 1];
    }
    if (found > most) return 0;
    runs[found] = static_cast<std::uint32_t>(n);
    std::uint64_t largest = 0;
    for (std::size_t run = 0; run < found; ++run)
        largest = std::max(largest, static_cast<std::uint64_t>(index[runs[run]]));
    term.runs = runs;
    term.run_count = found;
    return largest;
}

} // namespace

template <class T> void gather_by(Tape<T>& tape, const IntVector& indices, Term<T>& term) {
    term.index = indices.data();
    const std::uint64_t largest = find_runs(tape, indices, term);
    if (!term.runs || largest >= term.size) check_indices(indices, term.size);
}

template <class T> const Term<T>* gathered_terms(Tape<T>& tape, const IntVector& indices, const Term<T>* terms) {
    const Term<T>* vector = nullptr;
    for (const Term<T>* term = terms; term; term = term->next) {
        if (term->base == Term<T>::Base::one) continue;
        if (term->base != Term<T>::Base::vector || !term->slot || vector) return nullptr;
        vector = term;
    }
    if (!vector) return nullptr;
    const auto copy = [&](const Term<T>& term, const Term<T>* next) {
        auto* result = tape.template make<Term<T>>();
        *result = term;
        result->next = next;
        return result;
    };
    auto* gathered = copy(*vector, nullptr);
    gathered->base = Term<T>::Base::gather;
    gather_by(tape, indices, *gathered);
    const Term<T>* result = gathered;
    for (; terms; terms = terms->next)
        if (terms != vector) result = copy(*terms, result);
    return result;
}

template <class T> const Term<T>* scaled_terms(Tape<T>& tape, const Term<T>* terms, double coefficient,
                                               const Var<T>& factor, const Term<T>* rest) {
    if (!terms) return rest;
    auto* copy = tape.template make<Term<T>>();
    *copy = *terms;
    copy->next = scaled_terms(tape, terms->next, coefficient, factor, rest);
    copy->coefficient *= coefficient;
    if (factor.slot) {
        const Var<T> product = Var<T>(*terms->factor, terms->factor_slot, &tape, terms->factor) * factor;
        copy->factor = tape.cell(product);
        copy->factor_slot = product.slot;
    } else {
        copy->coefficient *= value_of(factor);
    }
    return copy;
}

template <class T> TermAdjoint<T>* term_adjoints(Tape<T>& tape, const Term<T>* terms, const TermAdjoint<T>* before) {
    std::size_t count = 0;
    for (const Term<T>* term = terms; term; term = term->next) ++count;
    auto* adjoints = tape.template make<TermAdjoint<T>>((count ? count - 1 : 0) * sizeof(TermAdjoint<T>));
    std::size_t j = 0;
    for (const Term<T>* term = terms; term; term = term->next, ++j) {
        adjoints[j] = TermAdjoint<T>{};
        if (term->base == Term<T>::Base::vector && term->slot) {
            adjoints[j].base = before ? before[j].base : tape.words(term->size * words_in<T>);
            adjoints[j].stride = term->size;
        } else if (is_summed(*term)) {
            const Slot<T> zeros = tape.adjoints(term->size);
            adjoints[j].base = zeros.word;
            adjoints[j].stride = zeros.stride;
        }
    }
    return adjoints;
}

template <class T> void clear(const Term<T>* terms, TermAdjoint<T>* adjoints) {
    for (const Term<T>* term = terms; term; term = term->next, ++adjoints) {
        adjoints->factor = T(0.0);
        if (is_summed(*term)) std::fill_n(adjoints->base, term->size * words_in<T>, 0.0);
    }
}

template <class T> void find_needless(const Tape<T>& tape, const Term<T>* terms, TermAdjoint<T>* adjoints) {
    for (const Term<T>* term = terms; term; term = term->next, ++adjoints) {
        const double* const first = term->slot.word;
        adjoints->own = words_in<T>;
        if (term->base != Term<T>::Base::product || term->factor_slot) continue; // the factor's has all of them in it
        const auto& pass = tape.pass;
        if (pass.variables <= first && first < pass.end) adjoints->own = first - pass.columns;
    }
}

template <class T> void add_adjoints(const Term<T>* terms, TermAdjoint<T>* to, const TermAdjoint<T>* from) {
    for (const Term<T>* term = terms; term; term = term->next, ++to, ++from) {
        to->factor += from->factor;
        if (is_summed(*term)) give<T>({to->base, to->stride}, T(1.0), from->base, from->stride, term->size);
    }
}

Chunks RowWork::chunks(std::size_t rows) const {
    if (rows * numbers < parallel_numbers) return Chunks(rows);
    return {rows, chunk_rows, sums > 0 ? rows / (4 * sums) : Chunks::most};
}

template <class T> TermAdjoint<T>** chunk_adjoints(Tape<T>& tape, const Term<T>* terms, std::size_t chunks) {
    auto** adjoints = static_cast<TermAdjoint<T>**>(static_cast<void*>(tape.words(chunks)));
    for (std::size_t c = 0; c < chunks; ++c) adjoints[c] = term_adjoints(tape, terms, c ? adjoints[0] : nullptr);
    return adjoints;
}

template <class T> void give_adjoints(const Term<T>* terms, TermAdjoint<T>** adjoints, std::size_t chunks) {
    TermAdjoint<T>* adjoint = adjoints[0];
    for (std::size_t c = 1; c < chunks; ++c) add_adjoints(terms, adjoint, adjoints[c]);
    finish(terms, adjoint, T(1.0));
    for (const Term<T>* term = terms; term; term = term->next, ++adjoint) {
        if (term->factor_slot) term->factor_slot.add(adjoint->factor);
        if (term->slot) give(term->slot, T(1.0), adjoint->base, adjoint->stride, term->size);
    }
}

template <class T> void Predictor<T>::force(Tape<T>& tape) {
    struct Elements : Tape<T>::Node {
        const Term<T>* terms;
        std::size_t size;
        double* values;
        Slot<T> slot;
        Chunks chunks;
        TermAdjoint<T>** adjoints;

        void evaluate() {
            chunks.for_each([this](std::size_t, std::size_t first, std::size_t end) {
                const std::size_t whole = (end - first) / Batch::size * Batch::size, left = end - first - whole;
                evaluate_rows(terms, size, first, whole, values + first, size);
                if (left == 0) return;
                std::array<double, Batch::size * words_in<T>> rest;
                evaluate_rows(terms, size, first + whole, left, rest.data(), Batch::size);
                for (std::size_t p = 0; p < words_in<T>; ++p)
                    std::copy_n(rest.data() + p * Batch::size, left, values + p * size + first + whole);
            });
        }
        void pull_back() {
            chunks.for_each([this](std::size_t c, std::size_t first, std::size_t end) {
                pull_rows(terms, size, first, end - first, slot.word + first, slot.stride, adjoints[c]);
            });
            give_adjoints(terms, adjoints, chunks.size());
        }
        void push_forward() {
            for (std::size_t c = 0; c < chunks.size(); ++c) clear(terms, adjoints[c]);
            std::fill_n(slot.word, size * words_in<T>, 0.0);
            evaluate();
        }
    };
    RowWork work{.numbers = 1};
    work.add(terms);
    auto* node = tape.template record<Elements>();
    node->terms = terms;
    node->size = size;
    node->values = values = tape.words(size * words_in<T>);
    node->slot = slot = tape.adjoints(size);
    node->chunks = work.chunks(size);
    node->adjoints = chunk_adjoints(tape, terms, node->chunks.size());
    node->evaluate();
}

#define MODUS_INSTANTIATE(T)                                                                                           \
    template struct Predictor<T>;                                                                                      \
    template void gather_by(Tape<T>&, const IntVector&, Term<T>&);                                                     \
    template const Term<T>* gathered_terms(Tape<T>&, const IntVector&, const Term<T>*);                                \
    template const Term<T>* scaled_terms(Tape<T>&, const Term<T>*, double, const Var<T>&, const Term<T>*);             \
    template void clear(const Term<T>*, TermAdjoint<T>*);                                                              \
    template TermAdjoint<T>* term_adjoints(Tape<T>&, const Term<T>*, const TermAdjoint<T>*);                           \
    template void find_needless(const Tape<T>&, const Term<T>*, TermAdjoint<T>*);                                      \
    template void add_adjoints(const Term<T>*, TermAdjoint<T>*, const TermAdjoint<T>*);                                \
    template TermAdjoint<T>** chunk_adjoints(Tape<T>&, const Term<T>*, std::size_t);                                   \
    template void give_adjoints(const Term<T>*, TermAdjoint<T>**, std::size_t);
MODUS_INSTANTIATE(double)
MODUS_INSTANTIATE(Directional)
MODUS_INSTANTIATE(Directions)

} // namespace modus
