module;
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/special_functions/polygamma.hpp>
#include <boost/math/special_functions/trigamma.hpp>
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

module modus.autodiff;

namespace modus {
namespace {

// Out of the domain the answer is NaN or infinity, as in <cmath>; sites say what is wrong, with their names.
// Double precision throughout: long double would cost speed without changing the last bits that matter.
namespace policies = boost::math::policies;
using Quiet = policies::policy<policies::domain_error<policies::ignore_error>, policies::pole_error<policies::ignore_error>,
                               policies::overflow_error<policies::ignore_error>,
                               policies::evaluation_error<policies::ignore_error>>;

// lgamma(x) - ((x - 1/2) log x - x + log(2 pi)/2) for x >= 10: Stirling's series, DLMF 5.11.1.
double stirling_correction(double x) {
    const double t = 1 / (x * x);
    return (1.0 / 12 +
            t * (-1.0 / 360 + t * (1.0 / 1260 + t * (-1.0 / 1680 + t * (1.0 / 1188 + t * (-691.0 / 360360 + t / 156)))))) /
           x;
}

} // namespace

double lgamma_value(double x) {
    if (std::isinf(x)) return std::numeric_limits<double>::infinity();
    if (std::fabs(x) < 1e-20) return -std::log(std::fabs(x)); // Gamma(x) = 1/x to the last bit, beyond Boost's range
    return boost::math::lgamma(x, Quiet());
}

double polygamma_value(int n, double x) {
    if (n == 0) return boost::math::digamma(x, Quiet());
    if (n == 1) return boost::math::trigamma(x, Quiet());
    return boost::math::polygamma(n, x, Quiet());
}

// Didonato & Morris, Algorithm 708, ACM TOMS 18 (1992): subtract the large terms of Stirling's formula by hand.
double lbeta_value(double x, double y) {
    const double a = std::min(x, y), b = std::max(x, y);
    if (!(a >= 0)) return std::numeric_limits<double>::quiet_NaN();
    if (a == 0) return std::numeric_limits<double>::infinity();
    const double half_log_2pi = 0.5 * std::log(2 * std::numbers::pi);
    if (a >= 10)
        return half_log_2pi - 0.5 * std::log(b) + (a - 0.5) * std::log(a / (a + b)) - b * std::log1p(a / b) +
               (stirling_correction(a) + stirling_correction(b) - stirling_correction(a + b));
    if (b >= 10) {
        // log Gamma(b) - log Gamma(a + b)
        const double ratio = a - a * std::log(b) - (a + b - 0.5) * std::log1p(a / b) + stirling_correction(b) -
                             stirling_correction(a + b);
        return lgamma_value(a) + ratio;
    }
    if (a < 1e-20) return -std::log(a);
    return std::log(std::tgamma(a) / std::tgamma(a + b) * std::tgamma(b));
}

double log_normal_cdf_value(double x) {
    if (x > 0) return std::log1p(-0.5 * std::erfc(x / std::numbers::sqrt2));
    if (x > -10) return std::log(0.5 * std::erfc(-x / std::numbers::sqrt2));
    // log of the asymptotic series phi(x)/|x| (1 - 1/x^2 + 3/x^4 - ...), Abramowitz & Stegun 26.2.12.
    const double t = 1 / (x * x);
    double term = 1, series = 1;
    for (int k = 1; k < 40; ++k) {
        const double next = term * -(2 * k - 1) * t;
        if (std::fabs(next) >= std::fabs(term) || std::fabs(next) < 1e-18) break;
        term = next;
        series += term;
    }
    return -0.5 * x * x - std::log(-x) - 0.5 * std::log(2 * std::numbers::pi) + std::log(series);
}

double normal_quantile_value(double p) {
    if (!(p >= 0 && p <= 1)) return std::numeric_limits<double>::quiet_NaN();
    return -std::numbers::sqrt2 * boost::math::erfc_inv(2 * p, Quiet());
}

} // namespace modus
