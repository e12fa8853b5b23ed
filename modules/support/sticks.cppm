// Breaking sticks: how real numbers become shares of a whole, of length (a simplex) or of squared length (a row of a
// Cholesky factor of a correlation matrix). Every cut takes a share a(u) of what is left and leaves b(u) of it:
//
//     x_j = a(u_j) prod_{i<j} b(u_i),   x_last = prod_i b(u_i),   where b' = -a b.
//
// This one rule for b gives both Jacobians, and a way back through all cuts of a stick in one pass over it.
export module modus.support:sticks;

import modus.standard;
import modus.autodiff;

namespace modus {

/// 1 / cosh(x), without overflow.
template <Scalar X> X sech(const X& x) {
    return chain_rule(
        x, [](double v) { return 1 / std::cosh(v); }, [](const auto& v, const auto& y) { return -tanh(v) * y; });
}

} // namespace modus

export namespace modus::support {

/// A number that rounding may have made 0, kept above it with its slope.
template <class X> X above_zero(const X& x) {
    return clamp(x, std::numeric_limits<double>::min(), std::numeric_limits<double>::max());
}

/// Shares of a length: with all u = 0 the pieces are equal. Stan Reference Manual, "Unit simplex": the cut before
/// `left` further pieces is sigmoid(u - log(left)).
struct Lengths {
    template <class U> static U share(const U& u, double left) { return sigmoid(u - std::log(left)); }
    template <class U> static U rest(const U& u, double left) { return sigmoid(std::log(left) - u); }
    /// The slope of the share.
    template <class U> static U slope(const U& share, const U& rest) { return share * rest; }
    template <class X> static X piece(const X& x) { return above_zero(x); }
    /// The u of a cut, and the stick put together again.
    static double cut(double piece, double after, double left) {
        return std::log(piece) - std::log(after) + std::log(left);
    }
    static double joined(double piece, double after) { return piece + after; }
    /// log of d(pieces)/du of one cut, with its effect on the pieces after it.
    template <class U, class L> static auto log_volume(const U& u, const L& left) {
        const auto v = u - log(left);
        return -softplus(-v) - left * softplus(v);
    }
};

/// Shares of a squared length, with signs. Stan Reference Manual, "Cholesky factors of correlation matrices": each cut
/// is a canonical partial correlation tanh(u).
struct Squares {
    template <class U> static U share(const U& u, double) { return tanh(u); }
    template <class U> static U rest(const U& u, double) { return sech(u); }
    template <class U> static U slope(const U&, const U& rest) { return rest * rest; }
    template <class X> static X piece(const X& x) { return x; }
    static double cut(double piece, double after, double) { return std::asinh(piece / after); }
    static double joined(double piece, double after) { return std::hypot(piece, after); }
    template <class U, class L> static auto log_volume(const U& u, const L& left) {
        return -(left + 1.0) * (softplus(2.0 * u) - u - std::numbers::ln2); // log cosh(u)
    }
};

/// A matrix of pieces: each row is a stick of its own, cut into all columns, or in a triangle as far as the diagonal.
struct Sticks {
    std::size_t rows, columns;
    bool is_triangular;

    inline std::size_t cuts(std::size_t row) const { return is_triangular ? row : columns - 1; }
    inline std::size_t total_cuts() const { return is_triangular ? rows * (rows - 1) / 2 : rows * (columns - 1); }
    /// Where cut j of a row is among all cuts: those of a triangle row by row; else the first cuts of all rows, then
    /// the second ones, because rows are batch elements.
    inline std::size_t cut(std::size_t row, std::size_t j) const {
        return is_triangular ? row * (row - 1) / 2 + j : row + rows * j;
    }
};

} // namespace modus::support

namespace modus::support {

/// The pieces; `record(k, share, slope)` sees cut k, with dx_j / du_k.
template <class Kind, Scalar R, class Record>
Array<R, 2> broken(const Sticks& sticks, const Array<R, 1>& u, const Record& record) {
    Array<R, 2> x(Extents<2>{sticks.rows, sticks.columns});
    for (std::size_t i = 0; i < sticks.rows; ++i) {
        R whole(1.0);
        const std::size_t cuts = sticks.cuts(i);
        for (std::size_t j = 0; j < cuts; ++j) {
            const std::size_t k = sticks.cut(i, j);
            const auto left = static_cast<double>(cuts - j);
            const R share = Kind::share(u.load(k), left), rest = Kind::rest(u.load(k), left);
            x.store(i + sticks.rows * j, Kind::piece(R(whole * share)));
            record(k, share, R(whole * Kind::slope(share, rest)));
            whole = whole * rest;
        }
        x.store(i + sticks.rows * cuts, above_zero(whole));
    }
    return x;
}

template <class Kind, class T> Array<Var<T>, 2> broken_on_tape(const Sticks& sticks, const Array<Var<T>, 1>& u);

} // namespace modus::support

export namespace modus::support {

/// The pieces of each stick, from the cuts, which lie as `Sticks::cut` says.
template <class Kind, Scalar R> Array<R, 2> break_sticks(const Sticks& sticks, const Array<R, 1>& u) {
    if constexpr (is_var<R>) return broken_on_tape<Kind>(sticks, u);
    else return broken<Kind>(sticks, u, [](std::size_t, const R&, const R&) {});
}
/// The cuts that make these pieces, up to the length of each stick.
template <class Kind> Vector cuts_of(const Sticks& sticks, const Matrix& x);
/// log |d pieces / d cuts|, without the last piece of each stick, which the others determine.
template <class Kind, Scalar R> R log_volume(const Sticks& sticks, const Array<R, 1>& u) {
    Vector left(sticks.total_cuts());
    for (std::size_t i = 0; i < sticks.rows; ++i)
        for (std::size_t j = 0; j < sticks.cuts(i); ++j)
            left.store(sticks.cut(i, j), static_cast<double>(sticks.cuts(i) - j));
    return sum_map(u.extents(), [](const auto& v, const auto& n) { return Kind::log_volume(v, n); }, u, left);
}

} // namespace modus::support
