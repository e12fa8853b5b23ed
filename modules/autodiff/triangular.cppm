// Lower triangular matrices: the Cholesky factorization, and the systems that it makes easy.
export module modus.autodiff:triangular;

import modus.standard;
import :array;
import :block;
import :dual;
import :error;
import :math;
import :tape;
import :tape_algebra;
import :tape_array;

namespace modus {

/// Z with Z L' = X: the system of each row, by forward substitution.
template <class T> Array<T, 2> substitute_forward(const Array<T, 2>& l, const Array<T, 2>& x) {
    auto z = Array<T, 2>::uninitialized(x.extents());
    const std::size_t rows = x.rows(), size = x.cols();
    for (std::size_t j = 0; j < size; ++j) {
        for (std::size_t i = 0; i < rows; ++i) z.store(i + rows * j, x.load(i + rows * j));
        for (std::size_t k = 0; k < j; ++k) {
            const T factor = l.load(j + size * k);
            for (std::size_t i = 0; i < rows; ++i)
                z.store(i + rows * j, z.load(i + rows * j) - factor * z.load(i + rows * k));
        }
        const T pivot = l.load(j + size * j);
        for (std::size_t i = 0; i < rows; ++i) z.store(i + rows * j, z.load(i + rows * j) / pivot);
    }
    return z;
}

/// L with L L' = A, which is square and of which only the lower triangle is read.
template <class T> Array<T, 2> factorize(const Array<T, 2>& a) {
    Array<T, 2> l(a.extents());
    const std::size_t n = a.rows();
    const auto dot_of_rows = [&](std::size_t i, std::size_t j) { // to the left of column j
        T total(0.0);
        for (std::size_t k = 0; k < j; ++k) total += l.load(i + n * k) * l.load(j + n * k);
        return total;
    };
    for (std::size_t j = 0; j < n; ++j) {
        const T pivot = a.load(j + n * j) - dot_of_rows(j, j);
        if (!(pivot > 0.0))
            fail({"a positive definite matrix"}, {"a pivot that is not positive, in row ", j},
                 "Check the matrix; if it is positive definite but for rounding, add a small number to its diagonal.");
        const T root = sqrt(pivot);
        l.store(j + n * j, root);
        for (std::size_t i = j + 1; i < n; ++i) l.store(i + n * j, (a.load(i + n * j) - dot_of_rows(i, j)) / root);
    }
    return l;
}

template <class T>
void solve_on_tape(Tape<T>& tape, const MatrixFactor<T>& l, const MatrixFactor<T>& x, const MatrixFactor<T>& z);
template <class T> Array<Var<T>, 2> factorize_on_tape(const Array<Var<T>, 2>& a);

} // namespace modus

export namespace modus {

/// The lower triangular L, with a positive diagonal, for which L L' = A. A is symmetric; only its lower triangle is
/// read. Throws Error where A is not square or not positive definite.
template <Scalar T> Array<T, 2> cholesky(const Array<T, 2>& a) {
    if (a.rows() != a.cols()) fail({"a square matrix"}, {"shape ", a.extents()}, "Pass a covariance matrix.");
    if constexpr (is_var<T>) return factorize_on_tape(a);
    else return factorize(a);
}

/// L^-1 x for a lower triangular L and a vector x, or each row of a matrix; what is above the diagonal of L is not
/// read. Throws Error where the sizes differ.
template <Scalar A, Scalar B, std::size_t R> auto solve_lower(const Array<A, 2>& l, const Array<B, R>& x) {
    using T = common_scalar_t<A, B>;
    const std::size_t size = x.extents()[R - 1];
    if (l.extents() != Extents<2>{size, size})
        fail({"a square matrix with ", size, " rows, as the vector has elements"}, {"shape ", l.extents()},
             "The matrix and the vector (or the rows) must have the same size.");
    const auto rows = x.reshape(Extents<2>{R == 2 ? x.extents()[0] : 1, size});
    if constexpr (is_var<T>) {
        using U = underlying_t<T>;
        Tape<U>* tape = tape_of<U>(l) ? tape_of<U>(l) : tape_of<U>(x);
        if (!tape) return Array<T, R>(solve_lower(value_of(l), value_of(x)));
        const auto z = Array<T, 2>::make(tape, rows.extents());
        solve_on_tape<U>(*tape, factor_of<U>(*tape, l), factor_of<U>(*tape, rows), factor_of<U>(*tape, z));
        return z.reshape(x.extents());
    } else {
        return substitute_forward(Array<T, 2>(l), Array<T, 2>(rows)).reshape(x.extents());
    }
}

/// The diagonal of a square matrix.
template <Scalar T> Array<T, 1> diagonal(const Array<T, 2>& a) {
    if (a.rows() != a.cols())
        fail({"a square matrix"}, {"shape ", a.extents()}, "Only a square matrix has a diagonal.");
    IntVector indices(a.rows());
    for (std::size_t i = 0; i < a.rows(); ++i) indices[i] = static_cast<Integer>(i * (a.rows() + 1));
    return a.reshape(Extents<1>{a.size()})[indices];
}

} // namespace modus
