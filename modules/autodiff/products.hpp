#pragma once

// Matrix products in threads, for implementation units of this module. Included after the module declaration, and after
// Eigen.

namespace modus {

/// out += left * right. Products with a few vectors read a large matrix in order, where one with all of them would copy
/// it first.
template <class Left, class Right, class Out> void add_whole_product(const Left& left, const Right& right, Out&& out) {
    if (out.cols() == 1 || (out.cols() <= 8 && left.size() >= 4096))
        for (Eigen::Index c = 0; c < out.cols(); ++c) out.col(c).noalias() += left * right.col(c);
    else out.noalias() += left * right;
}

/// The same; where that is much work, in chunks of rows or columns of `out`, or of what is summed up, whichever are
/// most.
template <class Left, class Right, class Out> void add_matrix_product(const Left& left, const Right& right, Out&& out) {
    const auto size = [](Eigen::Index n) { return static_cast<std::size_t>(n); };
    const auto index = [](std::size_t n) { return static_cast<Eigen::Index>(n); };
    const std::size_t rows = size(out.rows()), columns = size(out.cols()), inner = size(left.cols());
    // A product with a vector waits for memory; others multiply each number they read more than once.
    const std::size_t least_products = (std::min({rows, columns, inner}) > 1 ? 4 : 1) * parallel_numbers;
    if (rows * columns * inner < least_products) return add_whole_product(left, right, out);

    // Each chunk copies all of the other factor, or has sums of its own.
    constexpr std::size_t least = 256, most_sums = 1 << 16;
    Chunks by_rows(rows, least), by_columns(columns, least);
    Chunks by_inner = rows * columns <= most_sums ? Chunks(inner, chunk_rows) : Chunks(inner);
    const auto in_chunks = [&](Chunks& chunks, const auto& add) {
        const auto add_chunk = [&](std::size_t c, std::size_t begin, std::size_t end) {
            add(c, index(begin), index(end - begin));
        };
        chunks.for_each(std::ref(add_chunk));
    };
    if (by_inner.size() > std::max(by_rows.size(), by_columns.size())) {
        PoolVector<double> sums(by_inner.size() * rows * columns);
        const auto sums_of = [&](std::size_t c) {
            return Eigen::Map<Eigen::MatrixXd>(sums.data() + c * rows * columns, out.rows(), out.cols());
        };
        in_chunks(by_inner, [&](std::size_t c, Eigen::Index at, Eigen::Index n) {
            add_whole_product(left.middleCols(at, n), right.middleRows(at, n), sums_of(c));
        });
        for (std::size_t c = 0; c < by_inner.size(); ++c) out += sums_of(c);
    } else if (by_rows.size() >= by_columns.size()) {
        in_chunks(by_rows, [&](std::size_t, Eigen::Index at, Eigen::Index n) {
            add_whole_product(left.middleRows(at, n), right, out.middleRows(at, n));
        });
    } else {
        in_chunks(by_columns, [&](std::size_t, Eigen::Index at, Eigen::Index n) {
            add_whole_product(left, right.middleCols(at, n), out.middleCols(at, n));
        });
    }
}

} // namespace modus
