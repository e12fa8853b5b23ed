module;
#include "boost_policy.hpp"
#include <boost/math/special_functions/beta.hpp>

module modus.distributions;

import modus.autodiff;
import modus.support;

namespace modus {

// X / (X + Y) for gammas X and Y, from their logarithms, because both may be too small for a double.
double BetaFamily::draw(Random& random, double concentration1, double concentration0) {
    const double log_x = draw_log_gamma(random, concentration1);
    const double log_y = draw_log_gamma(random, concentration0);
    return sigmoid(log_x - log_y);
}

double BetaFamily::quantile(double q, double concentration1, double concentration0) {
    if (q > 0.5) return boost::math::ibetac_inv(concentration1, concentration0, 1 - q, Quiet());
    return boost::math::ibeta_inv(concentration1, concentration0, q, Quiet());
}

} // namespace modus
