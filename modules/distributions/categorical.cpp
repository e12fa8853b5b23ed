module;
#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

module modus.distributions;

import modus.autodiff;
import modus.support;

namespace modus {
namespace {

/// The values as whole numbers, end to end.
IntVector flat_categories(const Data& values) {
    switch (shape_of(values).rank) {
    case 0: return {value_as<Integer>(values)};
    case 1: return whole_of<1>(values);
    default: {
        const IntMatrix table = whole_of<2>(values);
        return table.reshape(Extents<1>{table.size()});
    }
    }
}

/// f(row of the parameters) at each element of a shape: that row, or the only one.
template <class T, class F> Data for_each_category(const Matrix& probs, const Shape& shape, const F& f) {
    const auto fill = [&](auto result) -> Data {
        for (std::size_t k = 0; k < result.size(); ++k) result.store(k, f(probs.rows() > 1 ? k : 0));
        return result;
    };
    if (shape.rank == 0) return f(0);
    if (shape.rank == 1) return fill(Array<T, 1>::uninitialized({shape.extents[0]}));
    return fill(Array<T, 2>::uninitialized(shape.extents));
}

/// sum_k p_k f(k).
template <class F> double expectation(const Matrix& probs, std::size_t row, const F& f) {
    double total = 0;
    for (std::size_t k = 0; k < probs.cols(); ++k) total += probs(row, k) * f(static_cast<double>(k));
    return total;
}
double mean_category(const Matrix& probs, std::size_t row) {
    return expectation(probs, row, [](double k) { return k; });
}

/// The first category with at least the mass q up to it; the last one that has mass, where rounding leaves none.
Integer category_at(double q, const Matrix& probs, std::size_t row) {
    double mass = 0;
    std::size_t last = 0;
    for (std::size_t k = 0; k < probs.cols(); ++k) {
        if (probs(row, k) == 0) continue;
        last = k;
        mass += probs(row, k);
        if (mass >= q) break;
    }
    return static_cast<Integer>(last);
}

} // namespace

Vector count_categories(const Data& values, std::size_t size) {
    const IntVector categories = flat_categories(values);
    check_indices(categories, size);
    Vector counts(size);
    double* count = counts.data();
    for (const Integer k : categories) ++count[k];
    return counts;
}

IntVector category_elements(const Data& values, std::size_t size) {
    const IntVector categories = flat_categories(values);
    check_indices(categories, size);
    const auto rows = static_cast<Integer>(categories.size());
    auto elements = IntVector::uninitialized(categories.extents());
    for (std::size_t i = 0; i < categories.size(); ++i)
        elements.store(i, static_cast<Integer>(i) + rows * categories.load(i));
    return elements;
}

void check_probabilities(std::string_view distribution, const Matrix& probs, bool has_rows) {
    if (const std::string found = support::off_simplex(probs, has_rows); !found.empty())
        bad_parameter("probs", distribution, "numbers from 0 to 1 that sum to 1", found,
                      "Divide weights by their sum, or pass their logarithms to CategoricalLogits.");
}

Data draw_category(Random& random, const Matrix& probs, const Shape& shape) {
    return for_each_category<Integer>(probs, shape,
                                      [&](std::size_t row) { return category_at(random.uniform(), probs, row); });
}
Data category_mean(const Matrix& probs, const Shape& shape) {
    return for_each_category<double>(probs, shape, [&](std::size_t row) { return mean_category(probs, row); });
}
Data category_variance(const Matrix& probs, const Shape& shape) {
    return for_each_category<double>(probs, shape, [&](std::size_t row) {
        const double mean = mean_category(probs, row);
        return expectation(probs, row, [mean](double k) { return (k - mean) * (k - mean); });
    });
}
Data category_quantile(double q, const Matrix& probs, const Shape& shape) {
    return for_each_category<Integer>(probs, shape, [&](std::size_t row) { return category_at(q, probs, row); });
}

} // namespace modus
