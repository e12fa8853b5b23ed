module;
#include <algorithm>
#include <boost/math/special_functions/digamma.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <boost/math/special_functions/polygamma.hpp>
#include <boost/math/special_functions/trigamma.hpp>
#include <cmath>
#include <limits>
#include <numbers>

module modus.autodiff;

namespace modus {
namespace {

// Out of the domain the answer is NaN or infinity, as in <cmath>; sites say what is wrong, with their names.
// Double precision throughout: long double would cost speed without changing the last bits that matter.
namespace policies = boost::math::policies;
using Quiet =
    policies::policy<policies::domain_error<policies::ignore_error>, policies::pole_error<policies::ignore_error>,
                     policies::overflow_error<policies::ignore_error>,
                     policies::evaluation_error<policies::ignore_error>, policies::promote_double<false>>;

// lgamma(x) - ((x - 1/2) log x - x + log(2 pi)/2) for x >= 10: Stirling's series, DLMF 5.11.1.
double stirling_correction(double x) {
    const double t = 1 / (x * x);
    return (1.0 / 12 + t * (-1.0 / 360 + t * (1.0 / 1260 + t * (-1.0 / 1680 +
                                                                t * (1.0 / 1188 + t * (-691.0 / 360360 + t / 156)))))) /
           x;
}

// x^-m - (x + gap)^-m, from m = 1 on, as sums of terms of one sign: subtracting the powers would cancel.
struct PowerDrop {
    double left, right; // 1 / x, 1 / (x + gap)
    double first, drop = first, right_power = right;

    PowerDrop(double x, double gap) : left(1 / x), right(1 / (x + gap)), first(gap * left * right) {}
    PowerDrop advanced(int steps) const {
        PowerDrop result = *this;
        for (; steps > 0; --steps) {
            result.drop = left * result.drop + result.right_power * first;
            result.right_power *= right;
        }
        return result;
    }
};

} // namespace

namespace {

/// The inverse of Mills' ratio approaches -x in the lower tail, where what its derivatives are made of is the
/// difference: hence the continued fraction, Abramowitz & Stegun 26.2.14, on duals.
template <Scalar T> T inverse_mills_of(const T& x) {
    const double size = -value_of(x);
    if (!(size > 5)) return normal_density(x) / normal_cdf(x);
    T tail = -x;
    if (size < 1e8) // beyond, the fractions are below the last bit
        for (double k = 12 + std::floor(700 / (size * size)); k > 0; --k) tail = k / tail - x;
    return tail;
}

} // namespace

/// The n-th derivative, up to the third.
double inverse_mills_value(int n, double x) {
    switch (n) {
    case 0: return inverse_mills_of(x);
    case 1: return inverse_mills_of(with_direction(x)).tangent[0];
    case 2: return inverse_mills_of(with_direction(with_direction(x))).tangent[0].tangent[0];
    case 3: return inverse_mills_of(with_direction(with_direction(with_direction(x)))).tangent[0].tangent[0].tangent[0];
    default: return std::numeric_limits<double>::quiet_NaN();
    }
}

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

// Both arguments are moved up by the recurrence of DLMF 5.15.5 until the asymptotic series of polygamma, DLMF 5.15.8,
// holds to the last bit. Up to the alternating tail of that series, every term has the sign of the result.
double polygamma_drop_value(int n, double x, double gap) {
    if (!(x >= 0)) return std::numeric_limits<double>::quiet_NaN();
    double below = 1; // (n - 1)!
    for (int k = 2; k < n; ++k) below *= k;
    const double factorial = n == 0 ? 1 : below * n;

    double sum = 0;
    for (; x < 15; x += 1) sum += factorial * PowerDrop(x, gap).advanced(n).drop;
    PowerDrop powers(x, gap);
    if (n == 0) {
        sum += std::log1p(gap / x);
    } else {
        powers = powers.advanced(n - 1);
        sum += below * powers.drop;
        powers = powers.advanced(1);
    }
    sum += 0.5 * factorial * powers.drop;
    double ratio = factorial * (n + 1) / 2; // (2k + n - 1)! / (2k)! at k = 1
    int k = 1;
    for (const double bernoulli :
         {1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66, -691.0 / 2730, 7.0 / 6, -3617.0 / 510}) {
        powers = powers.advanced(k == 1 ? 1 : 2); // to x^-(2k + n)
        sum += bernoulli * ratio * powers.drop;
        ratio *= (2.0 * k + n) * (2.0 * k + n + 1) / ((2.0 * k + 1) * (2.0 * k + 2));
        ++k;
    }
    return n % 2 ? sum : -sum;
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

double normal_cdf_value(double x) {
    if (!(x < -5)) return 0.5 * std::erfc(-x / std::numbers::sqrt2);
    if (x < -39) return 0; // below the smallest double
    // Rounding the argument of erfc would cost a factor x^2, so the rounding error of x^2 goes into the density.
    const double square = x * x;
    const double error = std::fma(x, x, -square);
    return normal_density(0.0) * std::exp(-0.5 * square) * (1 - 0.5 * error) / inverse_mills(x);
}

double log_normal_cdf_value(double x) {
    if (x > 0) return std::log1p(-normal_cdf_value(-x));
    if (x > -5) return std::log(normal_cdf_value(x));
    return -0.5 * x * x - 0.5 * std::log(2 * std::numbers::pi) - std::log(inverse_mills(x));
}

double normal_quantile_value(double p) {
    if (!(p >= 0 && p <= 1)) return std::numeric_limits<double>::quiet_NaN();
    return -std::numbers::sqrt2 * boost::math::erfc_inv(2 * p, Quiet());
}

} // namespace modus
