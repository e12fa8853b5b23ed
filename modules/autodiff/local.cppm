// Duals inside kernels: their directions are the arguments of the formula, and the type says which of them a value
// depends on, so that a derivative that is zero by structure is neither stored nor computed.
export module modus.autodiff:local;

import modus.standard;
import :batch;
import :dual;

export namespace modus {

/// A value and its partial derivatives with respect to those arguments of a formula whose bit is set in `Mask`.
/// T is what the kernel computes with: double, Batch, or a Dual over one of them.
template <class T, unsigned Mask> struct Local {
    static_assert(is_scalar<T> && Mask != 0);
    static constexpr unsigned mask = Mask;
    static constexpr std::size_t size = std::popcount(Mask);
    /// Where the partial by argument I is kept.
    template <std::size_t I> static constexpr std::size_t place = std::popcount(Mask & ((1U << I) - 1));

    T value;
    std::array<T, size> partials;
};
template <class T, unsigned Mask> inline constexpr bool is_scalar<Local<T, Mask>> = true;

/// Whether a type is a Local.
template <class X> inline constexpr bool is_local = false;
template <class T, unsigned M> inline constexpr bool is_local<Local<T, M>> = true;

/// Calls f(I) for every argument I in the mask, with I a constant.
template <unsigned Mask, std::size_t I = 0, class F> constexpr void for_each_argument(const F& f) {
    if constexpr ((Mask >> I) != 0) {
        if constexpr ((Mask >> I) & 1U) f(std::integral_constant<std::size_t, I>());
        for_each_argument<Mask, I + 1>(f);
    }
}

/// The chain rule in one variable: f(x) = y, f'(x) = slope.
template <class T, unsigned M, class S> inline Local<T, M> chain(const T& y, const S& slope, const Local<T, M>& x) {
    Local<T, M> result;
    result.value = y;
    for (std::size_t k = 0; k < x.size; ++k) result.partials[k] = slope * x.partials[k];
    return result;
}

/// Joins partials: both(a, b) where x and y have one, one(a) where only x has, other(b) where only y has.
template <class T, unsigned A, unsigned B, class Both, class One, class Other> inline auto
join(const T& value, const Local<T, A>& x, const Local<T, B>& y, const Both& both, const One& one, const Other& other) {
    Local<T, (A | B)> result;
    result.value = value;
    for_each_argument<(A | B)>([&]<std::size_t I>(std::integral_constant<std::size_t, I>) {
        T& partial = result.partials[decltype(result)::template place<I>];
        constexpr bool in_x = (A >> I) & 1U, in_y = (B >> I) & 1U;
        constexpr std::size_t i = Local<T, A>::template place<I>, j = Local<T, B>::template place<I>;
        if constexpr (in_x && in_y) partial = both(x.partials[i], y.partials[j]);
        else if constexpr (in_x) partial = one(x.partials[i]);
        else partial = other(y.partials[j]);
    });
    return result;
}
/// The chain rule in two variables.
template <class T, unsigned A, unsigned B>
inline auto chain(const T& z, const T& slope_x, const Local<T, A>& x, const T& slope_y, const Local<T, B>& y) {
    return join(
        z, x, y, [&](const T& a, const T& b) { return slope_x * a + slope_y * b; },
        [&](const T& a) { return slope_x * a; }, [&](const T& b) { return slope_y * b; });
}

/// What a Local over T mixes with: constants.
template <class C, class T>
concept ConstantFor = std::convertible_to<const C&, T> && !is_local<C>;

template <class T, unsigned M> inline Local<T, M> operator+(const Local<T, M>& x) { return x; }
template <class T, unsigned M> inline Local<T, M> operator-(const Local<T, M>& x) {
    Local<T, M> result;
    result.value = -x.value;
    for (std::size_t k = 0; k < x.size; ++k) result.partials[k] = -x.partials[k];
    return result;
}
template <class T, unsigned A, unsigned B> inline auto operator+(const Local<T, A>& x, const Local<T, B>& y) {
    return join(
        T(x.value + y.value), x, y, [](const T& a, const T& b) { return a + b; }, [](const T& a) { return a; },
        [](const T& b) { return b; });
}
template <class T, unsigned A, unsigned B> inline auto operator-(const Local<T, A>& x, const Local<T, B>& y) {
    return join(
        T(x.value - y.value), x, y, [](const T& a, const T& b) { return a - b; }, [](const T& a) { return a; },
        [](const T& b) { return -b; });
}
template <class T, unsigned A, unsigned B> inline auto operator*(const Local<T, A>& x, const Local<T, B>& y) {
    return chain(T(x.value * y.value), y.value, x, x.value, y);
}
template <class T, unsigned A, unsigned B> inline auto operator/(const Local<T, A>& x, const Local<T, B>& y) {
    const T quotient = x.value / y.value;
    const T inverse = 1.0 / y.value;
    return chain(quotient, inverse, x, T(-quotient * inverse), y);
}
template <class T, unsigned M, ConstantFor<T> C> inline auto operator+(const Local<T, M>& x, const C& c) {
    return Local<T, M>{x.value + c, x.partials};
}
template <class T, unsigned M, ConstantFor<T> C> inline auto operator+(const C& c, const Local<T, M>& x) {
    return Local<T, M>{c + x.value, x.partials};
}
template <class T, unsigned M, ConstantFor<T> C> inline auto operator-(const Local<T, M>& x, const C& c) {
    return Local<T, M>{x.value - c, x.partials};
}
template <class T, unsigned M, ConstantFor<T> C> inline auto operator-(const C& c, const Local<T, M>& x) {
    return c + -x;
}
template <class T, unsigned M, ConstantFor<T> C> inline auto operator*(const Local<T, M>& x, const C& c) {
    return chain(T(x.value * c), c, x);
}
template <class T, unsigned M, ConstantFor<T> C> inline auto operator*(const C& c, const Local<T, M>& x) {
    return x * c;
}
template <class T, unsigned M, ConstantFor<T> C> inline auto operator/(const Local<T, M>& x, const C& c) {
    return chain(T(x.value / c), 1.0 / c, x);
}
template <class T, unsigned M, ConstantFor<T> C> inline auto operator/(const C& c, const Local<T, M>& x) {
    const T quotient = c / x.value, inverse = 1.0 / x.value; // one division where c is 1
    return chain(quotient, T(-quotient * inverse), x);
}

// Control flow follows the value alone.
template <class X, class Y>
concept OneIsLocal = is_local<X> || is_local<Y>;
template <class X> constexpr const X& local_value(const X& x) { return x; }
template <class T, unsigned M> constexpr const T& local_value(const Local<T, M>& x) { return x.value; }
template <class X, class Y> requires OneIsLocal<X, Y>
inline auto operator==(const X& x, const Y& y) {
    return local_value(x) == local_value(y);
}
template <class X, class Y> requires OneIsLocal<X, Y>
inline auto operator!=(const X& x, const Y& y) {
    return local_value(x) != local_value(y);
}
template <class X, class Y> requires OneIsLocal<X, Y>
inline auto operator<(const X& x, const Y& y) {
    return local_value(x) < local_value(y);
}
template <class X, class Y> requires OneIsLocal<X, Y>
inline auto operator<=(const X& x, const Y& y) {
    return local_value(x) <= local_value(y);
}
template <class X, class Y> requires OneIsLocal<X, Y>
inline auto operator>(const X& x, const Y& y) {
    return local_value(x) > local_value(y);
}
template <class X, class Y> requires OneIsLocal<X, Y>
inline auto operator>=(const X& x, const Y& y) {
    return local_value(x) >= local_value(y);
}

template <class T, unsigned M> inline auto value_of(const Local<T, M>& x) { return value_of(x.value); }

} // namespace modus
