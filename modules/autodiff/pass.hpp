#pragma once

// How a pass goes over a region, for implementation units of this module that evaluate formulas. Included after the
// module declaration.

#include "sum_node.hpp"

namespace modus {

/// n words, uninitialized: few of them on the stack, else of the pool.
class Scratch {
  public:
    inline explicit Scratch(std::size_t words)
        : bytes_(words * sizeof(double)),
          words_(words <= few ? few_words_ : static_cast<double*>(pool_allocate(bytes_))) {}
    Scratch(const Scratch&) = delete;
    inline ~Scratch() {
        if (words_ != few_words_) pool_release(words_, bytes_);
    }
    inline double* data() const { return words_; }

  private:
    static constexpr std::size_t few = 512;
    std::size_t bytes_;
    double* words_;
    alignas(64) double few_words_[few];
};

/// A column where the region is flat in memory, so that rows alone are left.
template <class T> Region flattened(Region region, Input<T>* inputs, std::size_t count) {
    if (region.columns == 1) return region;
    bool is_flat = !region.mask || (region.mask_row == 1 && region.mask_column == region.rows);
    for (std::size_t j = 0; j < count; ++j) {
        const Input<T>& input = inputs[j];
        is_flat = is_flat && (!input.is_array || (input.row_step == 1 && input.column_step == region.rows));
    }
    if (is_flat) {
        region.rows *= region.columns;
        region.columns = 1;
    } else if (region.rows == 1) {
        region.rows = region.columns;
        region.columns = 1;
        region.mask_row = region.mask_column;
        for (std::size_t j = 0; j < count; ++j) inputs[j].row_step = inputs[j].column_step;
    }
    return region;
}

/// Every `step`-th of these numbers, which may be integers.
inline void copy_words(const double* from, std::size_t step, std::size_t n, double* out) {
    for (std::size_t k = 0; k < n; ++k) std::memcpy(out + k, from + k * step, sizeof(double));
}

/// Feeds a formula's loop with pieces of a region, in scratch memory where they are not contiguous, not readable in
/// whole batches, masked, or not yet evaluated.
template <class T> class Pass {
  public:
    static constexpr std::size_t words = words_in<T>;

    Pass(const Region& region, const Input<T>* inputs, std::size_t count, std::size_t block)
        : region_(region),
          inputs_(inputs),
          count_(count),
          block_(block),
          scratch_(2 * words * count * block + (region.mask ? block : 0)) {}

    /// Rows [first, last) of a column. `run(arguments, n, place)` calls the loop for n numbers; `place` is where the
    /// first of them is in the region, unless there is a mask.
    template <class Run> void rows(std::size_t column, std::size_t first, std::size_t last,
                                   TermAdjoint<T>* const* adjoints, const Run& run) {
        for (; first < last; first += block_) {
            const std::size_t n = std::min(block_, last - first);
            std::array<BlockArgument, max_inputs> arguments;
            for (std::size_t j = 0; j < count_; ++j) arguments[j] = argument(j, column, first, n);
            if (region_.mask) {
                const std::size_t kept = compress(column, first, n);
                if (kept > 0) run(arguments.data(), kept, 0);
                expand(kept, n);
            } else {
                run(arguments.data(), n, first + column * region_.rows);
            }
            for (std::size_t j = 0; j < count_; ++j) take(j, column, first, n, arguments[j], adjoints);
        }
    }

  private:
    double* values_of(std::size_t j) const { return scratch_.data() + 2 * words * block_ * j; }
    double* partials_of(std::size_t j) const { return values_of(j) + words * block_; }
    double* kept_rows() const { return scratch_.data() + 2 * words * block_ * count_; }
    std::size_t planes_of(std::size_t j) const { return inputs_[j].is_active ? words : 1; }

    BlockArgument argument(std::size_t j, std::size_t column, std::size_t first, std::size_t n) const {
        const Input<T>& input = inputs_[j];
        BlockArgument result{input.values, input.stride, partials_of(j), block_};
        if (input.way == Way::stored && !region_.mask) {
            result.partials = input.partials + first + column * region_.rows;
            result.partial_stride = input.partial_stride;
        }
        if (!input.is_array) return result;
        const std::size_t start = first * input.row_step + column * input.column_step;
        const bool has_planes = planes_of(j) == 1 || input.stride > 0;
        if (input.is_padded && input.row_step == 1 && has_planes && !region_.mask) {
            result.values = input.values + start;
            return result;
        }
        double* out = values_of(j);
        result.values = out;
        result.stride = block_;
        if (input.terms) {
            evaluate_rows(input.terms, region_.rows, first, n, out, block_);
        } else {
            for (std::size_t p = 0; p < planes_of(j); ++p)
                if (p == 0 || input.stride > 0)
                    copy_words(input.values + p * input.stride + start, input.row_step, n, out + p * block_);
                else std::fill_n(out + p * block_, n, 0.0); // data have no tangents
        }
        return result;
    }

    /// Moves the numbers that the mask keeps together; says how many.
    std::size_t compress(std::size_t column, std::size_t first, std::size_t n) const {
        std::size_t kept = 0;
        for (std::size_t k = 0; k < n; ++k) {
            if (region_.mask[(first + k) * region_.mask_row + column * region_.mask_column] == 0) continue;
            for (std::size_t j = 0; j < count_; ++j)
                if (inputs_[j].is_array)
                    for (std::size_t p = 0; p < planes_of(j); ++p)
                        copy_words(values_of(j) + p * block_ + k, 1, 1, values_of(j) + p * block_ + kept);
            kept_rows()[kept++] = static_cast<double>(k);
        }
        return kept;
    }
    /// Moves partials back to their rows; those of masked rows are 0.
    void expand(std::size_t kept, std::size_t n) const {
        for (std::size_t j = 0; j < count_; ++j)
            for (std::size_t p = 0; inputs_[j].way != Way::none && p < words; ++p) {
                double* partials = partials_of(j) + p * block_;
                std::size_t next = kept;
                for (std::size_t k = n; k-- > 0;) {
                    const bool is_kept = next > 0 && kept_rows()[next - 1] == static_cast<double>(k);
                    partials[k] = is_kept ? partials[--next] : 0.0;
                }
            }
    }

    /// Sends the partials of a piece on their way.
    void take(std::size_t j, std::size_t column, std::size_t first, std::size_t n, const BlockArgument& argument,
              TermAdjoint<T>* const* adjoints) const {
        const Input<T>& input = inputs_[j];
        if (input.way == Way::none) return;
        if (input.way == Way::terms)
            return pull_rows(input.terms, region_.rows, first, n, argument.partials, argument.partial_stride,
                             adjoints[j]);
        if (argument.partials != partials_of(j)) return;
        for (std::size_t p = 0; p < words; ++p) {
            const double* partials = argument.partials + p * block_;
            double* to = input.partials + p * input.partial_stride;
            if (input.way == Way::stored) std::copy_n(partials, n, to + first + column * region_.rows);
            else
                for (std::size_t k = 0; k < n; ++k)
                    to[(first + k) * input.row_step + column * input.column_step] += partials[k];
        }
    }

    const Region& region_;
    const Input<T>* inputs_;
    std::size_t count_, block_;
    Scratch scratch_;
};

/// Rows that are worked on while they are in the first-level cache.
template <class T> std::size_t block_rows(const Region& region, const Input<T>* inputs, std::size_t count) {
    const std::size_t needed = std::max(whole_batches(region.rows), Batch::size);
    if (needed <= 128) return needed; // whatever the columns
    std::size_t columns = 0;
    for (std::size_t j = 0; j < count; ++j)
        for (const Term<T>* term = inputs[j].terms; term; term = term->next)
            if (term->base == Term<T>::Base::product) columns += term->size;
    // X is in the second-level cache when it comes back, and with few columns in the first; with very many, long runs
    // down a column are what matters.
    constexpr std::size_t longest = 512;
    static_assert(longest <= longest_sum);
    const std::size_t rows = columns == 0 ? longest : columns <= 32 ? 256 : columns <= 1024 ? 128 : longest;
    // With tangents, more is done once for each block.
    return std::min(words_in<T> > 2 ? std::min(2 * rows, longest) : rows, needed);
}

/// Room for whole batches at the end of each column.
inline std::size_t padded(std::size_t size) { return (size / Batch::size + 2) * Batch::size; }

} // namespace modus
