// What models do with arrays: arithmetic, matrix products, reductions, stacking.
export module modus.autodiff:algebra;

import modus.standard;
import :array;
import :dual;
import :error;
import :kernel;
import :math;
import :tape;
import :tape_algebra;
import :tape_array;

namespace modus {
// out (rows x columns, column stride `out_stride`) = a (rows x inner, contiguous) * b (inner x columns); in linear.cpp.
void matrix_product(const double* a, std::size_t rows, std::size_t inner, const double* b, std::size_t b_stride,
                    std::size_t columns, double* out, std::size_t out_stride);

/// The largest element, or 0 where there is none, as a number without derivatives, for what does not depend on it.
template <Scalar T, std::size_t R> auto largest_without_slope(const Array<T, R>& x) {
    if constexpr (is_var<T>)
        if (!x.is_constant() && x.size() > 0) return largest_on_tape(*x.tape(), x.numbers().data(), x.size());
    const auto values = x.values();
    const double largest = values.size() ? *std::max_element(values.begin(), values.end()) : 0.0;
    if constexpr (is_var<T>) return T(largest);
    else return largest;
}
} // namespace modus

export namespace modus {

template <class A, class B>
concept ArrayOperands = Argument<A> && Argument<B> && (AnyArray<A> || AnyArray<B>);
/// `*` with a matrix on the left of an array is the matrix product, as in mathematics; see `elementwise_product`.
template <class A, class B>
concept ProductOperands = ArrayOperands<A, B> && !(rank_of<A> == 2 && AnyArray<B>);

/// x + coefficient * y: on a tape a linear predictor, where it can be one.
template <class A, class B, class F> auto linear_sum(const A& x, const B& y, double coefficient, const F& formula) {
    if constexpr ((on_tape<A> || on_tape<B>) && is_linear_operand<A> && is_linear_operand<B>) {
        using T = tape_scalar_t<A, B>;
        const std::size_t size = broadcast_extents(x, y)[0];
        Tape<T>* tape = tape_of<T>(x) ? tape_of<T>(x) : tape_of<T>(y);
        if (tape && fits(x, size) && fits(y, size))
            return Array<Var<T>, 1>::predicted(
                tape, size,
                terms_of(*tape, x, size, Var<T>(1.0), terms_of(*tape, y, size, Var<T>(coefficient), nullptr)));
        return map(formula, x, y);
    } else {
        return map(formula, x, y);
    }
}
/// factor * x for a scalar and an array.
template <class S, class A, class F> auto scaled(const S& factor, const A& x, const F& formula) {
    if constexpr ((on_tape<S> || on_tape<A>) && is_linear_operand<A> && rank_of<A> == 1) {
        using T = tape_scalar_t<S, A>;
        Tape<T>* tape = tape_of<T>(factor) ? tape_of<T>(factor) : tape_of<T>(x);
        if (!tape) return map(formula, factor, x);
        return Array<Var<T>, 1>::predicted(tape, x.size(), terms_of(*tape, x, x.size(), Var<T>(factor), nullptr));
    } else {
        return map(formula, factor, x);
    }
}

template <AnyArray A> auto operator-(const A& x) {
    return scaled(-1.0, x, [](const auto&, const auto& a) { return -a; });
}
template <class A, class B> requires ArrayOperands<A, B>
auto operator+(const A& x, const B& y) {
    return linear_sum(x, y, 1, [](const auto& a, const auto& b) { return a + b; });
}
template <class A, class B> requires ArrayOperands<A, B>
auto operator-(const A& x, const B& y) {
    return linear_sum(x, y, -1, [](const auto& a, const auto& b) { return a - b; });
}
template <class A, class B> requires ProductOperands<A, B>
auto operator*(const A& x, const B& y) {
    if constexpr (!AnyArray<A>) return scaled(x, y, [](const auto& a, const auto& b) { return a * b; });
    else if constexpr (!AnyArray<B>) return scaled(y, x, [](const auto& b, const auto& a) { return a * b; });
    else return map([](const auto& a, const auto& b) { return a * b; }, x, y);
}
template <class A, class B> requires ArrayOperands<A, B>
auto operator/(const A& x, const B& y) {
    if constexpr (!AnyArray<B> && (on_tape<A> || on_tape<B>)) return (1.0 / y) * x;
    else return map([](const auto& a, const auto& b) { return a / b; }, x, y);
}
/// x_ij y_ij for two matrices, whose `*` is the matrix product.
template <Argument A, Argument B> auto elementwise_product(const A& x, const B& y) {
    return map([](const auto& a, const auto& b) { return a * b; }, x, y);
}

/// The matrix product X w or X Y. Throws Error where the inner sizes differ.
template <Scalar A, Scalar B, std::size_t R> auto operator*(const Array<A, 2>& x, const Array<B, R>& y) {
    using Result = common_scalar_t<A, B>;
    const std::size_t rows = x.rows(), inner = x.cols();
    const std::size_t columns = R == 2 ? y.extents()[R - 1] : 1;
    if (inner != y.extents()[0])
        fail({"a right-hand side with ", inner, " rows for a matrix of shape ", x.extents()}, {"shape ", y.extents()},
             "The columns of X and the length of w must agree.");
    Extents<R> extents;
    extents[0] = rows;
    if constexpr (R == 2) extents[1] = columns;
    if constexpr (is_var<Result>) {
        return multiply_on_tape(x, y);
    } else if constexpr (!std::same_as<A, double>) {
        if (x.is_constant()) return Array<Result, R>(x.values() * y);
        auto result = Array<Result, R>::uninitialized(extents); // bilinear in two sets of tangents: element by element
        for (std::size_t j = 0; j < columns; ++j)
            for (std::size_t i = 0; i < rows; ++i) {
                Result sum(0.0);
                for (std::size_t k = 0; k < inner; ++k) sum += x.load(i + rows * k) * y.load(k + inner * j);
                result.store(i + rows * j, sum);
            }
        return result;
    } else {
        if constexpr (!std::same_as<B, double>)
            if (y.is_constant()) return Array<B, R>(x * y.values());
        auto result = Array<B, R>::uninitialized(extents);
        constexpr std::size_t planes = Array<B, R>::planes;
        if constexpr (R == 1) { // every plane of w is one column
            matrix_product(x.data(), rows, inner, y.data(), y.plane_stride(), planes, result.fresh(),
                           result.plane_stride());
        } else {
            for (std::size_t p = 0; p < planes; ++p)
                matrix_product(x.data(), rows, inner, y.data() + p * y.plane_stride(), inner, columns,
                               result.fresh() + p * result.plane_stride(), rows);
        }
        return result;
    }
}

/// The sum and the mean of all elements.
template <Scalar T, std::size_t R> T sum(const Array<T, R>& x) {
    return sum_map(x.extents(), [](const auto& a) { return a; }, x);
}
template <Scalar T, std::size_t R> T mean(const Array<T, R>& x) { return sum(x) / static_cast<double>(x.size()); }

/// sum_i x_i y_i. Throws Error where the sizes differ.
template <Scalar A, Scalar B> auto dot(const Array<A, 1>& x, const Array<B, 1>& y) {
    if (x.size() != y.size())
        fail({"a vector of shape ", x.extents()}, {"shape ", y.extents()}, "A dot product does not broadcast.");
    return sum_map(x.extents(), [](const auto& a, const auto& b) { return a * b; }, x, y);
}

/// log(sum_i exp(x_i)), without overflow.
template <Scalar T, std::size_t R> T log_sum_exp(const Array<T, R>& x) {
    const auto top = largest_without_slope(x); // the result does not depend on it
    const bool is_infinite = [&] {
        if constexpr (is_var<T>) return std::isinf(value_of(top.value));
        else return std::isinf(top);
    }();
    if (is_infinite) return T(value_of(top)); // seen; top - top would be NaN
    return top + log(sum_map(x.extents(), [](const auto& a, const auto& t) { return exp(a - t); }, x, top));
}

/// The rows, or the columns, of a matrix at these indices, in their order. Throw Error where an index is out of range.
template <Element T> Array<T, 2> take_rows(const Array<T, 2>& x, const IntVector& rows) {
    check_indices(rows, x.rows());
    IntVector elements(rows.size() * x.cols());
    for (std::size_t j = 0, k = 0; j < x.cols(); ++j)
        for (std::size_t i = 0; i < rows.size(); ++i) elements[k++] = rows.load(i) + static_cast<Integer>(j * x.rows());
    return x.reshape(Extents<1>{x.size()})[elements].reshape(Extents<2>{rows.size(), x.cols()});
}
template <Element T> Array<T, 2> take_columns(const Array<T, 2>& x, const IntVector& columns) {
    check_indices(columns, x.cols());
    IntVector elements(x.rows() * columns.size());
    for (std::size_t j = 0, k = 0; j < columns.size(); ++j)
        for (std::size_t i = 0; i < x.rows(); ++i)
            elements[k++] = static_cast<Integer>(i + static_cast<std::size_t>(columns.load(j)) * x.rows());
    return x.reshape(Extents<1>{x.size()})[elements].reshape(Extents<2>{x.rows(), columns.size()});
}

/// Scalars as a vector: stack(a, b, c).
template <Argument... X> requires(sizeof...(X) > 0 && (!AnyArray<X> && ...))
auto stack(const X&... x) {
    using Result = common_scalar_t<X...>;
    if constexpr (is_var<Result>) {
        const std::array<Result, sizeof...(X)> elements{Result(x)...};
        return stack_on_tape(std::span<const Result>(elements));
    } else {
        auto result = Array<Result, 1>::uninitialized({sizeof...(X)});
        std::size_t k = 0;
        (result.store(k++, Result(static_cast<std::conditional_t<std::is_arithmetic_v<X>, double, X>>(x))), ...);
        return result;
    }
}
/// A range of scalars that a loop collected as a vector.
template <Scalar T> Array<T, 1> stack(const std::vector<T>& x) {
    if constexpr (is_var<T>) {
        return stack_on_tape(std::span<const T>(x));
    } else {
        auto result = Array<T, 1>::uninitialized({x.size()});
        for (std::size_t k = 0; k < x.size(); ++k) result.store(k, x[k]);
        return result;
    }
}
/// Vectors end to end.
template <Scalar A, Scalar B> auto concatenate(const Array<A, 1>& x, const Array<B, 1>& y) {
    using Result = common_scalar_t<A, B>;
    if constexpr (is_var<Result>) {
        return concatenate_on_tape(Array<Result, 1>(x), Array<Result, 1>(y));
    } else {
        auto result = Array<Result, 1>::uninitialized({x.size() + y.size()});
        for (std::size_t k = 0; k < x.size(); ++k) result.store(k, Result(x.load(k)));
        for (std::size_t k = 0; k < y.size(); ++k) result.store(x.size() + k, Result(y.load(k)));
        return result;
    }
}

} // namespace modus
