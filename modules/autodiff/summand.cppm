// What a formula may return to a sum in place of a number: one of which the sum does a part later, once for many
// elements.
export module modus.autodiff:summand;

import modus.standard;
import :batch;

namespace modus {

/// rest - log1p(e), where 0 <= e <= 1. The derivatives of the logarithm, if any, are in `rest`.
///
/// log1p(e_1) + log1p(e_2) is log1p(e_1 + e_2 + e_1 e_2): `and_factor` makes one number of many. As nothing in it is
/// negative, it is as accurate as a sum of the e, also where all of them are tiny.
template <class R> struct LessLog1p {
    R rest;
    Batch e;
};
template <class X> inline constexpr bool is_less_log1p = false;
template <class R> inline constexpr bool is_less_log1p<LessLog1p<R>> = true;

/// (1 + product) (1 + e) - 1.
inline Batch and_factor(const Batch& product, const Batch& e) { return product + (e + product * e); }
/// Factors up to 2 that have a finite product.
inline constexpr std::size_t most_factors = 1023;

/// offset - square(factor * deviation) / 2. The factor and the offset are the same for all elements: the sum, and its
/// derivatives, take them in once. The deviation is linear in the arguments: its derivatives have none.
template <class W, class S, class C> struct HalfSquare {
    W deviation;
    S factor;
    C offset;
};
template <class X> inline constexpr bool is_half_square = false;
template <class W, class S, class C> inline constexpr bool is_half_square<HalfSquare<W, S, C>> = true;

} // namespace modus
