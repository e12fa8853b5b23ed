#pragma once

// Matrix products in threads, for implementation units of this module. Included after the module declaration, and after
// Eigen.

namespace modus {

/// out += left * right. Products with a few vectors read a large matrix in order, where one with all of them would copy
/// it first.
template <class Left, class Right, class Out> void add_product_here(const Left& left, const Right& right, Out&& out) {
    if (out.cols() == 1 || (out.cols() <= 8 && left.size() >= 4096))
        for (Eigen::Index c = 0; c < out.cols(); ++c) out.col(c).noalias() += left * right.col(c);
    else out.noalias() += left * right;
}

/// The same; where that is much work, in chunks of the rows or columns of `out`, or of what is summed up where that is
/// longest.
template <class Left, class Right, class Out> void add_product(const Left& left, const Right& right, Out&& out) {
    const auto size = [](Eigen::Index n) { return static_cast<std::size_t>(n); };
    const auto index = [](std::size_t n) { return static_cast<Eigen::Index>(n); };
    const std::size_t rows = size(out.rows()), columns = size(out.cols()), inner = size(left.cols());
    // A product with a vector waits for memory; others multiply each number they read more than once.
    const std::size_t least_products = (std::min({rows, columns, inner}) > 1 ? 4 : 1) * parallel_numbers;
    if (rows * columns * inner < least_products) return add_product_here(left, right, out);

    constexpr std::size_t least = 256; // rows or columns: each chunk copies all of the other factor
    if (rows * columns <= inner) {
        Chunks chunks(inner, chunk_rows);
        PoolVector<double> parts(chunks.size() * rows * columns);
        const auto part = [&](std::size_t c) {
            return Eigen::Map<Eigen::MatrixXd>(parts.data() + c * rows * columns, out.rows(), out.cols());
        };
        const auto add_part = [&](std::size_t c, std::size_t begin, std::size_t end) {
            const Eigen::Index at = index(begin), n = index(end - begin);
            add_product_here(left.middleCols(at, n), right.middleRows(at, n), part(c));
        };
        chunks.for_each(std::ref(add_part));
        for (std::size_t c = 0; c < chunks.size(); ++c) out += part(c);
    } else if (rows >= columns) {
        const auto add_rows = [&](std::size_t, std::size_t begin, std::size_t end) {
            const Eigen::Index at = index(begin), n = index(end - begin);
            add_product_here(left.middleRows(at, n), right, out.middleRows(at, n));
        };
        Chunks(rows, least).for_each(std::ref(add_rows));
    } else {
        const auto add_columns = [&](std::size_t, std::size_t begin, std::size_t end) {
            const Eigen::Index at = index(begin), n = index(end - begin);
            add_product_here(left, right.middleCols(at, n), out.middleCols(at, n));
        };
        Chunks(columns, least).for_each(std::ref(add_columns));
    }
}

} // namespace modus
