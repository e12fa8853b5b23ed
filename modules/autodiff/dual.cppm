// Forward-mode automatic differentiation: a value that carries its derivatives in N directions.
export module modus.autodiff:dual;

import modus.standard;

export namespace modus {

/// Opens the set of scalars: double, and every Dual over one. A further kind of scalar specializes this.
template <class T> inline constexpr bool is_scalar = std::same_as<T, double>;

/// A type that a model can compute with: closed under arithmetic, mixes with double, has the functions of `:math`.
template <class T>
concept Scalar = is_scalar<T>;

/// A dual number: `value` and its tangents in N directions, value + sum_k tangent[k] eps_k with eps_j eps_k = 0.
/// T is double or itself a Dual (second derivatives). Laid out as 1 + N consecutive T's, without padding, which
/// `Array` relies on. Griewank & Walther, Evaluating Derivatives, ch. 3.
template <class T, std::size_t N> struct Dual {
    static_assert(is_scalar<T> && N > 0);

    T value{};
    std::array<T, N> tangent{};

    constexpr Dual() = default;
    constexpr Dual(double constant) : value(constant) {}
    constexpr Dual(const T& constant) requires(!std::same_as<T, double>)
        : value(constant) {}
    constexpr explicit Dual(const T& value_, const std::array<T, N>& tangent_) : value(value_), tangent(tangent_) {}

    /// The chain rule in one variable, used by every function: f(x) = y, f'(x) = slope.
    friend constexpr Dual chain(const T& y, const T& slope, const Dual& x) {
        Dual result(y, {});
        for (std::size_t k = 0; k < N; ++k) result.tangent[k] = slope * x.tangent[k];
        return result;
    }
    /// The chain rule in two variables.
    friend constexpr Dual chain(const T& z, const T& slope_x, const Dual& x, const T& slope_y, const Dual& y) {
        Dual result(z, {});
        for (std::size_t k = 0; k < N; ++k) result.tangent[k] = slope_x * x.tangent[k] + slope_y * y.tangent[k];
        return result;
    }

    friend constexpr Dual operator+(const Dual& x) { return x; }
    friend constexpr Dual operator-(const Dual& x) {
        Dual result(-x.value, {});
        for (std::size_t k = 0; k < N; ++k) result.tangent[k] = -x.tangent[k];
        return result;
    }
    friend constexpr Dual operator+(const Dual& x, const Dual& y) {
        Dual result(x.value + y.value, {});
        for (std::size_t k = 0; k < N; ++k) result.tangent[k] = x.tangent[k] + y.tangent[k];
        return result;
    }
    friend constexpr Dual operator-(const Dual& x, const Dual& y) {
        Dual result(x.value - y.value, {});
        for (std::size_t k = 0; k < N; ++k) result.tangent[k] = x.tangent[k] - y.tangent[k];
        return result;
    }
    friend constexpr Dual operator*(const Dual& x, const Dual& y) {
        return chain(x.value * y.value, y.value, x, x.value, y);
    }
    friend constexpr Dual operator/(const Dual& x, const Dual& y) {
        const T quotient = x.value / y.value;
        const T inverse = 1.0 / y.value;
        return chain(quotient, inverse, x, -quotient * inverse, y);
    }

    // A constant has no tangents to propagate.
    friend constexpr Dual operator+(const Dual& x, double c) { return Dual(x.value + c, x.tangent); }
    friend constexpr Dual operator+(double c, const Dual& x) { return Dual(c + x.value, x.tangent); }
    friend constexpr Dual operator-(const Dual& x, double c) { return Dual(x.value - c, x.tangent); }
    friend constexpr Dual operator-(double c, const Dual& x) { return c + -x; }
    friend constexpr Dual operator*(const Dual& x, double c) {
        Dual result(x.value * c, {});
        for (std::size_t k = 0; k < N; ++k) result.tangent[k] = x.tangent[k] * c;
        return result;
    }
    friend constexpr Dual operator*(double c, const Dual& x) { return x * c; }
    friend constexpr Dual operator/(const Dual& x, double c) {
        Dual result(x.value / c, {});
        for (std::size_t k = 0; k < N; ++k) result.tangent[k] = x.tangent[k] / c;
        return result;
    }
    friend constexpr Dual operator/(double c, const Dual& x) {
        const T quotient = c / x.value;
        return chain(quotient, -quotient / x.value, x);
    }

    template <class U> constexpr Dual& operator+=(const U& y) { return *this = *this + y; }
    template <class U> constexpr Dual& operator-=(const U& y) { return *this = *this - y; }
    template <class U> constexpr Dual& operator*=(const U& y) { return *this = *this * y; }
    template <class U> constexpr Dual& operator/=(const U& y) { return *this = *this / y; }

    // Control flow follows the value alone.
    friend constexpr auto operator==(const Dual& x, const Dual& y) { return x.value == y.value; }
    friend constexpr auto operator!=(const Dual& x, const Dual& y) { return x.value != y.value; }
    friend constexpr auto operator<(const Dual& x, const Dual& y) { return x.value < y.value; }
    friend constexpr auto operator<=(const Dual& x, const Dual& y) { return x.value <= y.value; }
    friend constexpr auto operator>(const Dual& x, const Dual& y) { return x.value > y.value; }
    friend constexpr auto operator>=(const Dual& x, const Dual& y) { return x.value >= y.value; }
};

template <class T, std::size_t N> inline constexpr bool is_scalar<Dual<T, N>> = is_scalar<T>;

/// x, differentiated by itself.
template <Scalar T> constexpr Dual<T, 1> with_direction(const T& x) { return Dual<T, 1>(x, {T(1.0)}); }

/// The plain number inside a scalar.
constexpr double value_of(double x) { return x; }
template <class T, std::size_t N> constexpr auto value_of(const Dual<T, N>& x) { return value_of(x.value); }

/// The scalar in which a formula over these numbers is computed: the widest of them; integers count as double.
template <class... T> struct CommonScalar {
    using type = double;
};
template <class T, class... Rest> struct CommonScalar<T, Rest...> {
    using rest = typename CommonScalar<Rest...>::type;
    using type = std::conditional_t<is_scalar<T> && !std::same_as<T, double>, T, rest>;
};
template <class... T> using common_scalar_t = typename CommonScalar<T...>::type;

} // namespace modus
