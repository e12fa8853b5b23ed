module;
#include <cstddef>

// What a formula may return to a sum in place of a number: one with a logarithm that the sum takes later, for many
// elements at once.
export module modus.autodiff:summand;

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

/// A summand without its logarithm.
template <class R> const R& without_logarithm(const R& summand) { return summand; }
template <class R> const R& without_logarithm(const LessLog1p<R>& summand) { return summand.rest; }

} // namespace modus
