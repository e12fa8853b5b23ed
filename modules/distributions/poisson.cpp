module;
#include "boost_policy.hpp"
#include "discrete_quantile.hpp"
#include <boost/math/special_functions/gamma.hpp>
#include <boost/random/poisson_distribution.hpp>

module modus.distributions;

import modus.autodiff;
import modus.support;

namespace modus {

double PoissonFamily::draw(Random& random, double rate) {
    if (rate == 0) return 0; // which Boost does not allow
    return static_cast<double>(boost::random::poisson_distribution<Integer, double>(rate)(random));
}

double PoissonFamily::quantile(double q, double rate) {
    const auto below = [&](double k) { return boost::math::gamma_q(k + 1, rate, Quiet()); };
    const auto above = [&](double k) { return boost::math::gamma_p(k + 1, rate, Quiet()); };
    const double deviation = sqrt(rate);
    return discrete_quantile(q, count_guess(normal_quantile(q), rate, deviation, 1 / deviation), largest_count, below,
                             above);
}

} // namespace modus
