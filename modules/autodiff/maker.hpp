#pragma once

// What a sum may do with its inputs, and who makes the rows of its predictors, for the implementation unit of this
// module that sums up. Included after the module declaration.

#include "sum_node.hpp"

namespace modus {

/// Whether the tangents of an array would have to be made: constants of a type that is on the tape have none in memory.
template <class T> bool lacks_tangents(const Input<T>& input) {
    return words_in<T> > 1 && input.is_array && input.is_active && !input.terms && input.stride == 0;
}

/// Whether all can be read as it is, or as terms: no broadcasting, no mask.
template <class T> bool is_simple(const Region& region, const Input<T>* inputs, std::size_t count) {
    if (region.columns > 1 || region.mask) return false;
    for (std::size_t j = 0; j < count; ++j) {
        const Input<T>& input = inputs[j];
        if (!input.is_array || input.terms) continue;
        if (!input.is_padded || (input.row_step != 1 && region.rows != 1)) return false;
        if (lacks_tangents(input)) return false;
    }
    return true;
}
template <class T> bool has_terms(const Input<T>* inputs, std::size_t count) {
    return std::any_of(inputs, inputs + count, [](const Input<T>& input) { return input.terms != nullptr; });
}

/// The argument that is a predictor with terms; none where there is no such argument, or something else that has to be
/// evaluated or summed up on the way.
template <class T> const Input<T>* lone_predictor(const Region& region, const Input<T>* inputs, std::size_t count) {
    if (region.columns > 1 || region.mask) return nullptr;
    const Input<T>* found = nullptr;
    for (std::size_t j = 0; j < count; ++j) {
        const Input<T>& input = inputs[j];
        if ((input.is_array && input.row_step != 1) || lacks_tangents(input)) return nullptr;
        if (!input.terms) continue;
        if (found) return nullptr;
        found = &input;
    }
    return found;
}

/// Who makes the rows of this predictor, the only one among the inputs.
template <class T> Maker maker_of(const Region& region, const Input<T>* inputs, const Input<T>& predictor,
                                  [[maybe_unused]] const RowLoops* row_loops) {
    const Term<T>* const terms = predictor.terms;
    const Term<T>* const product = product_among(terms);
    if constexpr (std::same_as<T, double>) {
        const bool has_loops = row_loops && &predictor == inputs + row_loops->predictor && region.rows >= fewest_rows;
        if (product && has_loops && product->size > 0 && product->size <= most_columns_in_registers)
            return Maker::columns;
        if (has_loops && !product) {
            if (region.rows >= fewest_rows_in_groups && GroupSums::serves(terms)) return Maker::groups;
            if (VectorSums::serves(terms)) return Maker::vector;
        }
    }
    // Registers of half the size hold the tangents of too few rows: passes apart from each other are faster then. So
    // they are where X comes from memory, of which a pass that does nothing else asks for more at once.
    const bool is_one_pass = is_wide || (words_in<T> == 1 && region.rows <= chunk_rows);
    return product && is_one_pass ? Maker::product_rows : Maker::passes;
}
inline bool is_loop_of_formula(Maker maker) { return maker != Maker::passes && maker != Maker::product_rows; }

} // namespace modus
