module;
#include "boost_policy.hpp"
#include "discrete_quantile.hpp"
#include <boost/math/special_functions/beta.hpp>
#include <boost/random/binomial_distribution.hpp>

module modus.distributions;

import modus.autodiff;
import modus.support;

namespace modus {

double draw_binomial(Random& random, double total_count, double success, double failure) {
    const auto n = static_cast<Integer>(total_count);
    using Count = boost::random::binomial_distribution<Integer, double>;
    return static_cast<double>(success <= failure ? Count(n, success)(random) : n - Count(n, failure)(random));
}

double binomial_quantile(double q, double total_count, double success, double failure) {
    // DLMF 8.17.5, from the smaller of the two probabilities.
    const auto below = [&](double k) {
        if (success <= failure) return boost::math::ibetac(k + 1, total_count - k, success, Quiet());
        return boost::math::ibeta(total_count - k, k + 1, failure, Quiet());
    };
    const auto above = [&](double k) {
        if (success <= failure) return boost::math::ibeta(k + 1, total_count - k, success, Quiet());
        return boost::math::ibetac(total_count - k, k + 1, failure, Quiet());
    };
    const double deviation = sqrt(total_count * success * failure);
    const double guess =
        count_guess(normal_quantile(q), total_count * success, deviation, (failure - success) / deviation);
    return discrete_quantile(q, guess, total_count, below, above);
}

} // namespace modus
