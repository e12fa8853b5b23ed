// A choice between two numbers that formulas can use in place of `?:`, whatever they are evaluated on.
export module modus.autodiff:select;

import modus.standard;
import :batch;
import :dual;
import :local;

export namespace modus {

/// x where the condition, a comparison of scalars, holds, else y: `select(x > 0.0, x, 0.0)`. Both are evaluated;
/// derivatives are those of the one that is chosen.
template <class X, class Y> requires(!is_local<X> && !is_local<Y>)
auto select(bool condition, const X& x, const Y& y) {
    using Result = common_scalar_t<X, Y>;
    return condition ? Result(x) : Result(y);
}
template <std::size_t N>
Dual<Batch, N> select(const Flags& condition, const Dual<Batch, N>& x, const Dual<Batch, N>& y) {
    Dual<Batch, N> result(select(condition, x.value, y.value));
    for (std::size_t k = 0; k < N; ++k) result.tangent[k] = select(condition, x.tangent[k], y.tangent[k]);
    return result;
}
template <std::size_t N> Dual<Batch, N> select(const Flags& condition, const Dual<Batch, N>& x, const Batch& y) {
    return select(condition, x, Dual<Batch, N>(y));
}
template <std::size_t N> Dual<Batch, N> select(const Flags& condition, const Batch& x, const Dual<Batch, N>& y) {
    return select(condition, Dual<Batch, N>(x), y);
}
template <class C, class T, unsigned A, unsigned B>
auto select(const C& condition, const Local<T, A>& x, const Local<T, B>& y) {
    return join(
        T(select(condition, x.value, y.value)), x, y, [&](const T& a, const T& b) { return select(condition, a, b); },
        [&](const T& a) { return select(condition, a, T(0.0)); },
        [&](const T& b) { return select(condition, T(0.0), b); });
}
template <class C, class T, unsigned M, ConstantFor<T> Y>
auto select(const C& condition, const Local<T, M>& x, const Y& y) {
    Local<T, M> result;
    result.value = select(condition, x.value, T(y));
    for (std::size_t k = 0; k < x.size; ++k) result.partials[k] = select(condition, x.partials[k], T(0.0));
    return result;
}
template <class C, class T, unsigned M, ConstantFor<T> X>
auto select(const C& condition, const X& x, const Local<T, M>& y) {
    Local<T, M> result;
    result.value = select(condition, T(x), y.value);
    for (std::size_t k = 0; k < y.size; ++k) result.partials[k] = select(condition, T(0.0), y.partials[k]);
    return result;
}

} // namespace modus
