module;
#include "boost_policy.hpp"
#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <limits>

module modus.distributions;

import modus.autodiff;
import modus.support;

namespace modus {

double StudentTFamily::draw(Random& random, double df, double loc, double scale) {
    // A normal over the root of a chi-squared that is divided by df; the latter may underflow where df is small.
    const double spread = exp(0.5 * (log(0.5 * df) - draw_log_gamma(random, 0.5 * df)));
    constexpr double largest = std::numeric_limits<double>::max();
    return std::clamp(loc + scale * spread * random.normal(), -largest, largest);
}

double StudentTFamily::quantile(double q, double df, double loc, double scale) {
    return loc + scale * boost::math::quantile(boost::math::students_t_distribution<double, Quiet>(df), q);
}

} // namespace modus
