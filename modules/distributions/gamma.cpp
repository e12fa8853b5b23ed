module;
#include "boost_policy.hpp"
#include <boost/math/special_functions/gamma.hpp>
#include <boost/random/gamma_distribution.hpp>

module modus.distributions;

import modus.autodiff;
import modus.support;

namespace modus {

double draw_log_gamma(Random& random, double concentration) {
    if (concentration >= 1) return log(boost::random::gamma_distribution<double>(concentration)(random));
    // G(a) = G(a + 1) U^(1/a); Marsaglia & Tsang, "A simple method for generating gamma variables", 2000, section 6.
    const double larger = boost::random::gamma_distribution<double>(concentration + 1)(random);
    return log(larger) + log(random.uniform()) / concentration;
}

double GammaFamily::quantile(double q, double concentration, double rate) {
    if (q > 0.5) return boost::math::gamma_q_inv(concentration, 1 - q, Quiet()) / rate;
    return boost::math::gamma_p_inv(concentration, q, Quiet()) / rate;
}

} // namespace modus
