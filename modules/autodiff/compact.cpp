module;
#include <algorithm>
#include <cstddef>
#include <Eigen/Core>
#include <Eigen/QR>
#include <optional>
#include <vector>

module modus.autodiff;

namespace modus {
namespace {

constexpr std::size_t most_entries = 8; // data that are new at every call are not worth keeping

bool are_same(const std::vector<CompactData::Columns>& a, const std::vector<CompactData::Columns>& b) {
    return std::ranges::equal(a, b,
                              [](const auto& x, const auto& y) { return x.values == y.values && x.count == y.count; });
}

/// The triangle of [R; block] takes the place of R, for one block of rows after the other.
Matrix triangle(const std::vector<CompactData::Columns>& columns, std::size_t rows) {
    std::size_t width = 0;
    for (const auto& c : columns) width += c.count;
    const std::size_t block = std::max<std::size_t>(512, 4 * width);
    const auto index = [](std::size_t n) { return static_cast<Eigen::Index>(n); };
    Eigen::MatrixXd stacked(index(width + block), index(width));
    std::size_t done = 0, above = 0; // rows of the data, rows of R
    while (done < rows) {
        const std::size_t n = std::min(block, rows - done);
        std::size_t column = 0;
        for (const auto& c : columns)
            for (std::size_t k = 0; k < c.count; ++k, ++column)
                for (std::size_t i = 0; i < n; ++i)
                    stacked(index(above + i), index(column)) = c.values ? c.values[k * rows + done + i] : 1.0;
        Eigen::Ref<Eigen::MatrixXd> used = stacked.topRows(index(above + n));
        const Eigen::HouseholderQR<Eigen::Ref<Eigen::MatrixXd>> in_place(used);
        done += n;
        above = std::min(width, above + n);
        for (std::size_t j = 0; j < width; ++j)
            for (std::size_t i = j + 1; i < above; ++i) stacked(index(i), index(j)) = 0;
    }
    Matrix result(width, width);
    double* to = result.data();
    for (std::size_t j = 0; j < width; ++j)
        for (std::size_t i = 0; i < width; ++i) to[i + width * j] = stacked(index(i), index(j));
    return result;
}

} // namespace

Matrix CompactData::compact(const std::vector<Columns>& columns, std::size_t rows) {
    for (const Entry& entry : entries_)
        if (entry.rows == rows && are_same(entry.columns, columns)) return entry.compacted;
    if (entries_.size() == most_entries) entries_.clear();
    entries_.push_back({columns, rows, triangle(columns, rows)});
    return entries_.back().compacted;
}

template <class T> std::optional<Var<T>> compact_squares(const Vector& y, const Array<Var<T>, 1>& mean) {
    Tape<T>* tape = mean.tape();
    const auto* predictor = mean.predictor();
    if (!tape || !tape->compact_data || !predictor || !y.buffer().data()) return {};
    std::vector<CompactData::Columns> columns;
    std::size_t width = 1;
    for (const Term<T>* term = predictor->terms; term; term = term->next) {
        const bool is_one = term->base == Term<T>::Base::one, is_product = term->base == Term<T>::Base::product;
        const bool is_data = term->base == Term<T>::Base::vector && !term->slot;
        if (!is_one && !(term->memory && (is_product || is_data))) return {};
        columns.push_back({is_one       ? nullptr
                           : is_product ? term->matrix
                                        : term->values,
                           is_product ? term->size : 1, is_one ? Buffer() : *term->memory});
        width += columns.back().count;
    }
    columns.push_back({y.data(), 1, y.buffer()});
    if (y.size() < 2 * width) return {};

    const Matrix compacted = tape->compact_data->compact(columns, y.size());
    tape->keep(compacted.buffer());
    const Term<T>* terms = nullptr;
    const double* column = compacted.data();
    for (const Term<T>* term = predictor->terms; term; term = term->next) {
        auto* own = tape->template make<Term<T>>();
        *own = *term;
        own->next = terms;
        if (term->base == Term<T>::Base::product) {
            own->matrix = column;
            column += width * term->size;
        } else {
            own->base = Term<T>::Base::vector;
            own->values = column;
            own->stride = 0;
            own->size = width;
            column += width;
        }
        terms = own;
    }
    const auto rows = Array<Var<T>, 1>::predicted(tape, width, terms);
    const auto formula = [](const auto& a, const auto& b) { return square(a - b); };
    const Vector own_y = compacted.reshape(Extents<1>{width * width}).slice(width * (width - 1), width);
    return sum_map(rows.extents(), formula, own_y, rows);
}

#define MODUS_INSTANTIATE(T) template std::optional<Var<T>> compact_squares(const Vector&, const Array<Var<T>, 1>&);
MODUS_INSTANTIATE(double)
MODUS_INSTANTIATE(Directional)
MODUS_INSTANTIATE(Directions)

} // namespace modus
