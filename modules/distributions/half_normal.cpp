module;
#include "boost_policy.hpp"
#include <boost/math/special_functions/erf.hpp>
#include <numbers>

module modus.distributions;

import modus.autodiff;
import modus.support;

namespace modus {

// normal_quantile((1 + q) / 2) would lose the digits of a small q; erf_inv(q) does not.
double HalfNormalFamily::quantile(double q, double scale) {
    return scale * (std::numbers::sqrt2 * boost::math::erf_inv(q, Quiet()));
}

} // namespace modus
