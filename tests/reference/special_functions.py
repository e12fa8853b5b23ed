#!/usr/bin/env python3
"""Makes special_functions.hpp: reference values and derivatives of the
elementary and special functions, for the unit tests.

Run (no arguments; takes about five minutes, needs python3-mpmath):

    /usr/bin/python3 tests/reference/special_functions.py

Every argument is a double and is converted exactly. Every result is computed
with 750 and again with 900 decimal digits; the two must round to the same
double, which is what is written. The derivatives come from closed forms and
are checked against finite differences of the value; the values are checked
against Python's math module where it has the function, or else against a
different formula. The script stops at the first disagreement. The output is
deterministic.
"""

import math
import sys

sys.dont_write_bytecode = True

from mpmath import mp, mpf  # noqa: E402

from reference_common import (  # noqa: E402
    at_two_precisions, close, exact, here, literal, numerical_first,
    numerical_second, same, to_double, write_header)

LOW, HIGH = 750, 900
mp.dps = HIGH

nan = mpf("nan")
EPS = 2.0**-52


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def softplus(x):
    return mp.log(1 + mp.exp(x)) if x < 0 else x + mp.log(1 + mp.exp(-x))


def normal_pdf(x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def normal_cdf(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def normal_quantile(p):
    """Newton's method for log Phi(z) = log p on the side where p <= 1/2."""
    if p == mpf(1) / 2:
        return mpf(0)
    if p > mpf(1) / 2:
        return -normal_quantile(1 - p)
    target = mp.log(p)
    z = -mp.sqrt(-2 * target) if p < mpf("0.2") else mpf(-1) / 2
    with mp.extradps(10):
        for _ in range(200):
            c = normal_cdf(z)
            delta = (mp.log(c) - target) * c / normal_pdf(z)
            z -= delta
            if abs(delta) < mpf(10) ** -(mp.dps // 2 + 8) * abs(z):
                # Convergence is quadratic: one more step is exact.
                c = normal_cdf(z)
                z -= (mp.log(c) - target) * c / normal_pdf(z)
                break
        else:
            raise AssertionError("normal_quantile does not converge")
        assert abs(normal_cdf(z) / p - 1) < mpf(10) ** -(mp.dps - 30)
    return +z


def lgamma(x):
    return mp.re(mp.loggamma(x))


def psi(n, x):
    return mp.re(mp.psi(n, x))


def real_cbrt(x):
    return mp.cbrt(x) if x >= 0 else -mp.cbrt(-x)


# Each function returns (value, first derivative, second derivative).

def f_exp(x):
    e = mp.exp(x)
    return e, e, e


def f_expm1(x):
    e = mp.exp(x)
    return e - 1, e, e


def f_log(x):
    return mp.log(x), 1 / x, -1 / x**2


def f_log1p(x):
    return mp.log(1 + x), 1 / (1 + x), -1 / (1 + x) ** 2


def f_log10(x):
    t = mp.log(10)
    return mp.log(x) / t, 1 / (x * t), -1 / (x * x * t)


def f_sqrt(x):
    s = mp.sqrt(x)
    return s, 1 / (2 * s), -1 / (4 * s * x)


def f_cbrt(x):
    c = real_cbrt(x)
    return c, 1 / (3 * c * c), -2 / (9 * x * c * c)


def f_square(x):
    return x * x, 2 * x, mpf(2)


def f_inv(x):
    return 1 / x, -1 / x**2, 2 / x**3


def f_abs(x):
    return abs(x), mp.sign(x), mpf(0)


def f_sin(x):
    return mp.sin(x), mp.cos(x), -mp.sin(x)


def f_cos(x):
    return mp.cos(x), -mp.sin(x), -mp.cos(x)


def f_tan(x):
    t = mp.tan(x)
    d = 1 / mp.cos(x) ** 2
    return t, d, 2 * t * d


def f_asin(x):
    w = (1 - x) * (1 + x)
    return mp.asin(x), 1 / mp.sqrt(w), x / (w * mp.sqrt(w))


def f_acos(x):
    w = (1 - x) * (1 + x)
    return mp.acos(x), -1 / mp.sqrt(w), -x / (w * mp.sqrt(w))


def f_atan(x):
    w = 1 + x * x
    return mp.atan(x), 1 / w, -2 * x / w**2


def f_sinh(x):
    return mp.sinh(x), mp.cosh(x), mp.sinh(x)


def f_cosh(x):
    return mp.cosh(x), mp.sinh(x), mp.cosh(x)


def f_tanh(x):
    t = mp.tanh(x)
    d = 1 / mp.cosh(x) ** 2
    return t, d, -2 * t * d


def f_asinh(x):
    w = 1 + x * x
    value = mp.log(abs(x) + mp.sqrt(w))
    return (value if x >= 0 else -value), 1 / mp.sqrt(w), -x / (w * mp.sqrt(w))


def f_acosh(x):
    w = (x - 1) * (x + 1)
    return mp.log(x + mp.sqrt(w)), 1 / mp.sqrt(w), -x / (w * mp.sqrt(w))


def f_atanh(x):
    w = (1 - x) * (1 + x)
    return mp.log((1 + x) / (1 - x)) / 2, 1 / w, 2 * x / w**2


def f_erf(x):
    d = 2 / mp.sqrt(mp.pi) * mp.exp(-x * x)
    return mp.erf(x), d, -2 * x * d


def f_erfc(x):
    d = -2 / mp.sqrt(mp.pi) * mp.exp(-x * x)
    return mp.erfc(x), d, -2 * x * d


def f_lgamma(x):
    return lgamma(x), psi(0, x), psi(1, x)


def f_digamma(x):
    return psi(0, x), psi(1, x), psi(2, x)


def f_trigamma(x):
    return psi(1, x), psi(2, x), psi(3, x)


def f_sigmoid(x):
    s, c = sigmoid(x), sigmoid(-x)
    return s, s * c, s * c * (c - s)


def f_log_sigmoid(x):
    s, c = sigmoid(x), sigmoid(-x)
    return -softplus(-x), c, -s * c


def f_softplus(x):
    s, c = sigmoid(x), sigmoid(-x)
    return softplus(x), s, s * c


def f_logit(x):
    w = x * (1 - x)
    return mp.log(x / (1 - x)), 1 / w, (2 * x - 1) / w**2


def f_log1m_exp(x):
    e = mp.exp(x)
    return mp.log(1 - e), -e / (1 - e), -e / (1 - e) ** 2


def f_normal_cdf(x):
    d = normal_pdf(x)
    return normal_cdf(x), d, -x * d


def f_log_normal_cdf(x):
    c = normal_cdf(x)
    h = normal_pdf(x) / c
    return mp.log(c), h, -h * (x + h)


def f_normal_quantile(p):
    z = normal_quantile(p)
    d = 1 / normal_pdf(z)
    return z, d, z * d * d


TINY = [1e-300, 1e-150, 1e-20, 1e-8]
signed = lambda points: [s * x for x in points for s in (1.0, -1.0)]  # noqa: E731

UNARY = [
    ("exp", f_exp,
     [0.0, 1e-300, -1e-17, 1e-8, 0.5, -0.5, 1.0, -1.0, 3.7, -10.0, 50.0,
      -100.0, 300.25, -500.0, 700.0, -700.0, 709.0]),
    ("expm1", f_expm1,
     [0.0, 1e-300, -1e-300, 1e-17, -1e-10, 1e-5, -1e-3, 0.1, -0.4, 0.7, -1.0,
      2.0, -5.0, 30.0, -36.0, -50.0, 300.0, 700.0, -700.0]),
    ("log", f_log,
     [1e-300, 1e-150, 1e-20, 1e-5, 0.1, 0.5, 0.75, 1.0 - EPS / 2, 1.0,
      1.0 + EPS, 1.001, 2.0, math.e, 10.0, 12345.678, 1e15, 1e100, 1e150,
      1e300]),
    ("log1p", f_log1p,
     [-1.0 + EPS / 2, -1.0 + 1e-10, -0.999, -0.75, -0.5, -0.1, -1e-5, -1e-17,
      -1e-300, 0.0, 1e-300, 1e-17, 1e-8, 1e-3, 0.5, 1.0, 3.0, 1e5, 1e16,
      1e150]),
    ("log10", f_log10,
     [1e-300, 1e-150, 1e-5, 0.1, 0.5, 1.0 - EPS / 2, 1.0, 1.0 + EPS, 2.0,
      10.0, 1000.0, 12345.678, 1e15, 1e150]),
    ("sqrt", f_sqrt,
     [1e-300, 1e-150, 1e-20, 1e-4, 0.25, 0.5, 1.0, 2.0, 3.0, 10.0, 1e5, 1e15,
      1e100, 1e200]),
    ("cbrt", f_cbrt,
     signed([1e-180, 1e-20, 0.001, 0.5, 1.0, 2.0, 8.0, 1e5, 1e150])),
    ("square", f_square,
     [0.0] + signed([1e-150, 1e-8, 0.3, 1.0, 1.7, 12.5, 1e8, 1e150])),
    ("inv", f_inv,
     signed([1e-100, 1e-20, 0.01, 0.7, 1.0, 3.0, 1e4, 1e16, 1e100, 1e150])),
    ("abs", f_abs,
     signed([1e-300, 1e-8, 0.5, 1.0, 3.25, 1e10, 1e300])),
    ("sin", f_sin,
     [0.0, 1e-300, -1e-8, 0.5, -0.5, 1.0, 1.5707963267948966, -2.0,
      3.141592653589793, -3.141592653589793, 6.283185307179586, 10.0, -100.5,
      1e5, 1e10, -1e15, 1e22]),
    ("cos", f_cos,
     [0.0, 1e-300, -1e-8, 0.5, -0.5, 1.0, 1.5707963267948966, -2.0,
      3.141592653589793, -4.71238898038469, 6.283185307179586, 10.0, -100.5,
      1e5, 1e10, -1e15, 1e22]),
    ("tan", f_tan,
     [0.0, 1e-300, -1e-8, 0.5, -0.5, 1.0, 1.57, -1.5707963267948966, -2.0,
      3.141592653589793, -4.71238898038469, 10.0, -100.5, 1e5, 1e10]),
    ("asin", f_asin,
     [0.0, 1e-300] + signed([1e-8, 0.1, 0.5, 0.70710678118654757, 0.9,
                             0.999999, 1.0 - EPS / 2])),
    ("acos", f_acos,
     [0.0, 1e-300] + signed([1e-8, 0.1, 0.5, 0.70710678118654757, 0.9,
                             0.999999, 1.0 - EPS / 2])),
    ("atan", f_atan,
     [0.0, 1e-300] + signed([1e-8, 0.1, 0.5, 1.0, 2.5, 40.0, 1e10, 1e100])),
    ("sinh", f_sinh,
     [0.0, 1e-300] + signed([1e-8, 0.01, 0.3, 1.0, 2.5, 25.0, 300.0, 700.0])),
    ("cosh", f_cosh,
     [0.0, 1e-300] + signed([1e-8, 0.01, 0.3, 1.0, 2.5, 25.0, 300.0, 700.0])),
    ("tanh", f_tanh,
     [0.0, 1e-300] + signed([1e-8, 0.01, 0.3, 0.55, 1.0, 2.5, 9.0, 20.0,
                             300.0])),
    ("asinh", f_asinh,
     [0.0, 1e-300] + signed([1e-8, 0.01, 0.3, 1.0, 2.5, 1000.0, 1e10,
                             1e150])),
    ("acosh", f_acosh,
     [1.0 + EPS, 1.0 + 1e-10, 1.0001, 1.1, 1.5, 2.0, 3.0, 10.0, 1000.0, 1e8,
      1e15, 1e100, 1e150]),
    ("atanh", f_atanh,
     [0.0, 1e-300] + signed([1e-8, 0.01, 0.3, 0.5, 0.9, 0.999999,
                             1.0 - EPS / 2])),
    ("erf", f_erf,
     [0.0, 1e-300] + signed([1e-8, 0.01, 0.3, 0.5, 0.84375, 1.0, 1.5, 2.5,
                             4.0, 5.9])),
    ("erfc", f_erfc,
     [0.0, 1e-300, 1e-8, -1e-8, 0.1, 0.5, -0.5, 0.84375, 1.0, -1.0, 1.25, 2.0,
      -2.5, 2.857142857142857, 5.0, -5.5, 10.0, 15.0, 20.0, 25.0, 26.0]),
    ("lgamma", f_lgamma,
     [1e-300, 1e-150, 1e-20, 1e-8, 1e-3, 0.1, 0.5, 0.9, 1.0 - EPS / 2, 1.0,
      1.0 + EPS, 1.00001, 1.25, 1.4616321449683623, 1.5, 1.9999, 2.0,
      2.0 + 2 * EPS, 2.5, 3.0, 7.5, 12.0, 50.5, 171.0, 1e3, 1e6, 1e10, 1e15,
      1e100, 1e300, -1e-8, -0.5, -1.5, -2.5, -10.3]),
    ("digamma", f_digamma,
     [1e-100, 1e-50, 1e-8, 1e-3, 0.1, 0.5, 0.9, 1.0, 1.25, 1.46, 1.4616,
      1.4616321449683623, 1.4617, 1.5, 2.0, 2.5, 5.0, 6.0, 7.5, 10.0, 50.5,
      1e3, 1e6, 1e10, 1e15, 1e100, -1e-8, -0.5, -1.5, -2.5, -10.3]),
    ("trigamma", f_trigamma,
     [1e-70, 1e-20, 1e-8, 1e-3, 0.1, 0.5, 0.9, 1.0, 1.5, 2.0, 2.5, 5.0, 6.0,
      7.5, 10.0, 50.5, 1e3, 1e6, 1e10, 1e15, 1e70, -1e-8, -0.5, -1.5, -2.5,
      -10.3]),
    ("sigmoid", f_sigmoid,
     [0.0] + signed([1e-17, 1e-8, 0.1, 0.5, 1.0, 3.5, 10.0, 36.5, 40.0, 100.0,
                     700.0])),
    ("log_sigmoid", f_log_sigmoid,
     [0.0] + signed([1e-17, 1e-8, 0.1, 0.5, 1.0, 3.5, 10.0, 36.5, 40.0, 100.0,
                     700.0])),
    ("softplus", f_softplus,
     [0.0] + signed([1e-17, 1e-8, 0.1, 0.5, 1.0, 3.5, 10.0, 36.5, 40.0, 100.0,
                     700.0])),
    ("logit", f_logit,
     [1e-300, 1e-150, 1e-20, 1e-8, 0.01, 0.25, 0.4, 0.499, 0.5, 0.5 + EPS,
      0.501, 0.6, 0.75, 0.99, 0.999999, 1.0 - 1e-12, 1.0 - EPS / 2]),
    ("log1m_exp", f_log1m_exp,
     [-1e-300, -1e-150, -1e-20, -1e-10, -1e-5, -0.01, -0.5, -0.69,
      -0.6931471805599453, -0.7, -1.0, -2.0, -5.0, -36.0, -40.0, -100.0,
      -700.0]),
    ("normal_cdf", f_normal_cdf,
     [0.0, 1e-300, 1e-8, -1e-8, 0.1, 0.5, -0.5, 0.67448975019608171, 1.0, -1.0,
      1.96, -1.96, 3.0, -3.0, 5.0, -5.0, 8.0, -8.0, -14.0, -20.0, -30.0,
      -37.0]),
    ("log_normal_cdf", f_log_normal_cdf,
     [0.0, 1e-8, -1e-8, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 5.0, -5.0, 8.0, -8.0,
      20.0, -14.0, -20.0, 37.0, -37.0, -38.0, -50.0, -100.0, -1e3, -1e5]),
    ("normal_quantile", f_normal_quantile,
     [1e-300, 1e-150, 1e-50, 1e-20, 1e-10, 1e-5, 0.001, 0.02425, 0.025, 0.075,
      0.1, 0.25, 0.425, 0.499, 0.5 - EPS / 4, 0.5, 0.5 + EPS / 2, 0.501, 0.575,
      0.75, 0.9, 0.975, 0.99, 0.999, 1.0 - 1e-10, 1.0 - EPS / 2]),
]


# Binary functions return (value, dx, dy, dxx, dxy, dyy).

def f_pow(x, y):
    if x == 0:
        # x**y ln(x) and x**y ln(x)**2 tend to 0 for every y > 0.
        assert y >= 2
        return mpf(0), mpf(0), mpf(0), (mpf(2) if y == 2 else mpf(0)), mpf(0), mpf(0)
    if x < 0:
        n = int(y)
        assert y == n
        return (x**n, n * x ** (n - 1), nan, n * (n - 1) * x ** (n - 2), nan,
                nan)
    t = mp.log(x)
    v = mp.exp(y * t)
    return (v, y * v / x, v * t, y * (y - 1) * v / (x * x),
            v * (1 + y * t) / x, v * t * t)


def f_atan2(x, y):
    """First argument x is the numerator, as in std::atan2(x, y)."""
    r = x * x + y * y
    return (mp.atan2(x, y), y / r, -x / r, -2 * x * y / r**2,
            (x - y) * (x + y) / r**2, 2 * x * y / r**2)


def f_hypot(x, y):
    r = mp.sqrt(x * x + y * y)
    return r, x / r, y / r, y * y / r**3, -x * y / r**3, x * x / r**3


def f_lbeta(x, y):
    s = x + y
    return (lgamma(x) + lgamma(y) - lgamma(s), psi(0, x) - psi(0, s),
            psi(0, y) - psi(0, s), psi(1, x) - psi(1, s), -psi(1, s),
            psi(1, y) - psi(1, s))


def f_xlogy(x, y):
    if x == 0 and y == 0:
        return mpf(0), nan, nan, nan, nan, nan
    return x * mp.log(y), mp.log(y), x / y, mpf(0), 1 / y, -x / y**2


def f_xlog1py(x, y):
    if x == 0 and y == -1:
        return mpf(0), nan, nan, nan, nan, nan
    t = mp.log(1 + y)
    return x * t, t, x / (1 + y), mpf(0), 1 / (1 + y), -x / (1 + y) ** 2


def f_log_add_exp(x, y):
    s, c = sigmoid(x - y), sigmoid(y - x)
    return max(x, y) + softplus(-abs(x - y)), s, c, s * c, -s * c, s * c


def f_lchoose(n, k):
    r = n - k
    return (lgamma(n + 1) - lgamma(k + 1) - lgamma(r + 1),
            psi(0, n + 1) - psi(0, r + 1), psi(0, r + 1) - psi(0, k + 1),
            psi(1, n + 1) - psi(1, r + 1), psi(1, r + 1),
            -psi(1, k + 1) - psi(1, r + 1))


BINARY = [
    ("pow", f_pow,
     [(2.0, 3.0), (2.0, 0.5), (0.5, -3.7), (3.0, 0.0), (3.0, 1.0), (1.0, 5.0),
      (1.0, 0.0), (2.5, -1.0), (7.0, 2.0), (10.0, -200.0), (1e-140, 2.0),
      (1e-300, 0.5), (1e-80, -1.25), (1e300, 0.5), (1e100, -0.25),
      (1e10, 30.0), (1e-10, 10.0), (1.0000001, 1e9), (0.9999999999, 1e12),
      (0.0, 2.0), (0.0, 3.0), (-2.0, 3.0), (-2.0, -3.0), (-1.5, 2.0),
      (-3.0, 5.0), (-0.25, 4.0)]),
    ("atan2", f_atan2,
     [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0), (0.0, 2.0),
      (3.0, 0.0), (-3.0, 0.0), (0.3, 1e3), (1e3, 0.3), (1e-10, -2.0),
      (-1e-10, -2.0), (1e-100, 1e-100), (1e100, -1e100), (1e-20, 1e20),
      (-2.5, 0.125), (5.0, -12.0), (1e120, 3.0), (1e-90, 2e-90)]),
    ("hypot", f_hypot,
     [(3.0, 4.0), (-3.0, 4.0), (5.0, -12.0), (-1.0, -1.0), (0.0, 2.0),
      (3.0, 0.0), (1e-10, 1.0), (1.0, 1e10), (1e-100, 1e-100),
      (1e100, -1e100), (1e-200, 2e-200), (1e200, 2e200), (1e300, 1e300),
      (1e-20, 1e20), (0.5, 0.25)]),
    ("lbeta", f_lbeta,
     [(1e-8, 3.0), (3.0, 1e-8), (0.5, 0.5), (1e6, 0.5), (1e6, 2e6),
      (5.0, 1e10), (12.0, 15.0), (9.5, 1e3), (1.0, 1.0), (2.0, 3.0),
      (1e-8, 1e-8), (1e-100, 2.0), (1e-8, 1e8), (1e15, 1e15), (170.0, 0.3),
      (1e10, 1e-5), (0.5, 1e15), (1.0, 1e6), (3.0, 1e100), (0.01, 0.02),
      (10.0, 10.0), (1e4, 3e4), (7.25, 8.75), (1e5, 11.0)]),
    ("xlogy", f_xlogy,
     [(0.0, 0.0), (0.0, 3.0), (0.0, 1e100), (2.0, 1e-100), (1.0, 1.0),
      (-1.5, 0.3), (3.0, 1.0 + EPS), (3.0, 1.0 - EPS / 2), (1e10, 0.999),
      (1e-100, 1e-100), (1e200, 1.0000001), (5.0, 7.0), (-2.0, 1e100),
      (0.5, 0.5)]),
    ("xlog1py", f_xlog1py,
     [(0.0, -1.0), (0.0, 3.0), (0.0, -0.5), (2.0, 1e-300), (2.0, -1e-17),
      (-1.5, 0.3), (3.0, -1.0 + EPS / 2), (1e10, -0.001), (1e-100, 1e100),
      (1e200, 1e-8), (5.0, 7.0), (-2.0, 1e100), (0.5, -0.5), (1e6, 1e-6),
      (1.0, 0.0)]),
    ("log_add_exp", f_log_add_exp,
     [(0.0, 0.0), (1.0, 2.0), (-1.0, 1e-8), (1e3, 999.0), (-1e3, -1e3),
      (-1e3, -1001.5), (700.0, -700.0), (-700.0, -690.0), (40.0, 0.0),
      (0.0, 40.0), (0.0, -36.5), (-300.0, 0.0), (1e10, 1e10 + 1),
      (-1e10, -1e10 - 3), (1e300, 1e300), (-1e5, 5.0), (1e4, -1e4),
      (-0.5, -0.25)]),
    ("lchoose", f_lchoose,
     [(10.0, 3.0), (5.0, 0.0), (5.0, 5.0), (1.0, 0.0), (0.0, 0.0), (1.0, 0.5),
      (0.5, 0.25), (52.0, 5.0), (100.5, 2.25), (100.0, 50.0), (1000.0, 999.0),
      (1e6, 1.0), (1e6, 5e5), (1e6, 12.5), (1e10, 3.0), (1e15, 2.0),
      (1e15, 5e14), (1e-8, 5e-9), (30.0, 1e-8), (67.0, 33.5)]),
]


# Independent second formulas for the values.

def second_way(name, x):
    """The value of unary function `name` by a different route, or None."""
    if name == "log_sigmoid":
        return mp.log(sigmoid(x))
    if name == "sigmoid":
        return (1 + mp.tanh(x / 2)) / 2
    if name == "softplus":
        return mp.log(1 + mp.exp(x))
    if name == "logit":
        return 2 * mp.atanh(2 * x - 1)
    if name == "log1m_exp":
        return mp.log(-mp.expm1(x)) if x > -1 else mp.log(1 - mp.exp(x))
    if name == "normal_cdf":
        return mp.ncdf(x)
    if name == "log_normal_cdf":
        if abs(x) > 50:
            # Laplace's continued fraction of Mills' ratio.
            t = -x
            depth, c = 4000, t
            for n in range(depth, 0, -1):
                c = t + n / c
            return -t * t / 2 - mp.log(2 * mp.pi) / 2 - mp.log(c)
        return mp.log(mp.ncdf(x))
    if name == "asinh":
        return mp.asinh(x)
    if name == "acosh":
        return mp.acosh(x)
    if name == "atanh":
        return mp.atanh(x)
    if name == "lgamma":
        if abs(x) < 1e9:
            return mp.log(abs(mp.gamma(x)))
        # Stirling's series: at 1e10 and above forty terms are ample.
        s = (x - mpf(1) / 2) * mp.log(x) - x + mp.log(2 * mp.pi) / 2
        for n in range(1, 40):
            s += mp.bernoulli(2 * n) / (2 * n * (2 * n - 1) * x ** (2 * n - 1))
        return s
    if name in ("digamma", "trigamma"):
        order = 1 if name == "digamma" else 2
        difference = numerical_first if order == 1 else numerical_second
        return difference(lgamma, x)
    return None


MATH = {"exp": math.exp, "expm1": math.expm1, "log": math.log,
        "log1p": math.log1p, "log10": math.log10, "sqrt": math.sqrt,
        "abs": abs, "sin": math.sin, "cos": math.cos, "tan": math.tan,
        "asin": math.asin, "acos": math.acos, "atan": math.atan,
        "sinh": math.sinh, "cosh": math.cosh, "tanh": math.tanh,
        "asinh": math.asinh, "acosh": math.acosh, "atanh": math.atanh,
        "erf": math.erf, "erfc": math.erfc, "lgamma": math.lgamma,
        "square": lambda x: x * x, "inv": lambda x: 1 / x,
        "cbrt": math.cbrt}
MATH2 = {"pow": math.pow, "atan2": math.atan2, "hypot": math.hypot}


def check_unary(name, f, x, row):
    xm = exact(x)
    value, first, second = f(xm)
    n1 = numerical_first(lambda t: f(t)[0], xm)
    n2 = numerical_second(lambda t: f(t)[0], xm)
    where = f"{name}({x!r})"
    assert close(first, n1, mpf(10) ** -30), (where, "first", first, n1)
    assert close(second, n2, mpf(10) ** -30), (where, "second", second, n2)
    if name in MATH:
        m = MATH[name](x)
        # math.lgamma is only accurate absolutely next to its zeros.
        slack = 1e-14 if name == "lgamma" else 1e-320
        assert abs(m - row[0]) <= 2e-14 * abs(row[0]) + slack, (where, m, row)
    other = second_way(name, xm)
    if other is not None:
        assert close(value, other, mpf(10) ** -30), (where, value, other)
    elif name not in MATH and name != "normal_quantile":
        raise AssertionError("no second way for " + name)
    if not (math.isfinite(row[0]) and math.isfinite(row[1])):
        raise AssertionError((where, row))
    for d in row[:2]:
        assert d == 0 or abs(d) >= sys.float_info.min, (where, row)


def check_binary(name, f, x, y, row):
    xm, ym = exact(x), exact(y)
    r = f(xm, ym)
    where = f"{name}({x!r}, {y!r})"
    tolerance = mpf(10) ** -30
    if not any(mp.isnan(v) for v in r[1:]) and not (name == "pow" and x == 0):
        v = lambda a, b: f(a, b)[0]  # noqa: E731
        numbers = [numerical_first(lambda t: v(t, ym), xm),
                   numerical_first(lambda t: v(xm, t), ym),
                   numerical_second(lambda t: v(t, ym), xm),
                   numerical_first(lambda t: f(t, ym)[2], xm),
                   numerical_second(lambda t: v(xm, t), ym)]
        # The mixed derivative is also the y-derivative of dx.
        numbers.append(numerical_first(lambda t: f(xm, t)[1], ym))
        # An exact zero is judged against the other second derivatives.
        zero = tolerance * max(abs(v) for v in r[3:])
        for k, (a, b) in enumerate(zip(r[1:] + r[4:5], numbers)):
            assert close(a, b, tolerance) or (a == 0 and abs(b) <= zero), (
                where, k, mp.nstr(a, 20), mp.nstr(b, 20))
    elif name == "pow" and x < 0:
        assert close(r[1], numerical_first(lambda t: t ** int(y), xm), tolerance)
        assert close(r[3], numerical_second(lambda t: t ** int(y), xm), tolerance)
    if name in MATH2:
        m = MATH2[name](x, y)
        assert abs(m - row[0]) <= 1e-13 * abs(row[0]) + 1e-320, (where, m, row)
    if name == "lbeta" and x + y < 1e6:
        assert close(r[0], mp.log(mp.beta(xm, ym)), tolerance), where
    if name == "lchoose" and x < 1e6:
        assert close(r[0], mp.log(mp.binomial(xm, ym)), tolerance), where
    if name == "log_add_exp" and max(abs(x), abs(y)) < 1e3:
        assert close(r[0], mp.log(mp.exp(xm) + mp.exp(ym)), tolerance), where
    assert math.isfinite(row[0]), (where, row)
    for d in row[1:3]:
        assert not math.isinf(d), (where, row)


HEADER = """\
// clang-format off
// Generated by tests/reference/special_functions.py (mpmath {version}); do not edit.
//
// Reference values of elementary and special functions with derivatives. The
// arguments are exact doubles; every other number is the exact result rounded
// to the nearest double.
//
// - value and the first derivatives are always finite (NaN: see below). A second
//   derivative beyond the range of double is written as an infinity, one below
//   it as a subnormal number or as 0.
// - The numbers are exact at the given double argument, also next to a zero of
//   the function (digamma near 1.4616, lgamma near 1 and 2, sin near pi, ...),
//   where a relative comparison is a hard test: use a suitable absolute bound too.
// - NaN means undefined, not to be compared: all y-derivatives of pow for x < 0
//   (y is an integer there) and all derivatives of xlogy(0, 0), xlog1py(0, -1).
// - At x = 0, pow's derivatives are the limits from the right (dy = dxy = dyy = 0).
//
// Unary names: abs acos acosh asin asinh atan atanh cbrt cos cosh digamma erf erfc
// exp expm1 inv (1/x) lgamma (log|Gamma(x)|) log log10 log1m_exp (log(1-e^x), x<0)
// log1p log_normal_cdf (log Phi) log_sigmoid logit normal_cdf (Phi)
// normal_quantile (Phi^-1) sigmoid (1/(1+e^-x)) sin sinh softplus (log(1+e^x))
// sqrt square tan tanh trigamma.
// Binary names: pow (x^y), atan2 (std::atan2(x, y): x is the numerator), hypot,
// lbeta (log Beta(x, y)), xlogy (x log y), xlog1py (x log1p y),
// log_add_exp (log(e^x + e^y)), lchoose (log of x choose y, 0 <= y <= x real).
#pragma once

#include <limits>

namespace reference {{

inline constexpr double special_nan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double special_inf = std::numeric_limits<double>::infinity();

"""


def main():
    from mpmath import __version__ as version
    out = [HEADER.format(version=version)]
    counts = []
    out.append("struct Unary { const char* name; double x; double value; "
               "double derivative; double second; };\n\n"
               "inline constexpr Unary unary[] = {\n")
    for name, f, points in UNARY:
        assert len(points) == len(set(points)), name
        for x in points:
            xm = exact(x)
            row = at_two_precisions(lambda: f(xm), LOW, HIGH)
            check_unary(name, f, x, row)
            numbers = ", ".join(literal(d, "special") for d in [x] + row)
            out.append(f'    {{"{name}", {numbers}}},\n')
        counts.append((name, len(points)))
    out.append("};\n\n"
               "struct Binary { const char* name; double x, y; "
               "double value, dx, dy; double dxx, dxy, dyy; };\n\n"
               "inline constexpr Binary binary[] = {\n")
    for name, f, points in BINARY:
        assert len(points) == len(set(points)), name
        for x, y in points:
            xm, ym = exact(x), exact(y)
            row = at_two_precisions(lambda: f(xm, ym), LOW, HIGH)
            check_binary(name, f, x, y, row)
            numbers = ", ".join(literal(d, "special") for d in [x, y] + row)
            out.append(f'    {{"{name}", {numbers}}},\n')
        counts.append((name, len(points)))
    out.append("};\n\n}  // namespace reference\n")
    write_header(here("special_functions.hpp"), "".join(out))
    for name, count in counts:
        print(f"{name} {count}")
    print("total", sum(count for _, count in counts))


if __name__ == "__main__":
    main()
