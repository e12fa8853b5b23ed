#!/usr/bin/env python3
"""Makes distributions.hpp: reference log densities with derivatives,
quantiles and moments of the probability distributions, for the unit tests.

Run (no arguments; takes a few minutes, needs python3-mpmath):

    /usr/bin/python3 tests/reference/distributions.py

Every argument and parameter is a double and is converted exactly. Log
densities are computed with 400 and again with 480 decimal digits, quantiles
and moments with 100 and 130; both must round to the same doubles, which are
what is written. Checks made on the way (the script stops at the first
disagreement):

- derivatives in closed form against finite differences of the value;
- quantiles of continuous distributions: the residual cdf(quantile) - q with
  the cdf written here (series) and with mpmath's own incomplete functions,
  and the numerical integral of the density between consecutive quantiles;
- quantiles of discrete distributions: the mass below and the mass above are
  summed separately and must add to 1, and q must not lie on a jump;
- means and variances against numerical integration or summation.

The output is deterministic.
"""

import math
import sys

sys.dont_write_bytecode = True

from mpmath import mp, mpf  # noqa: E402

from reference_common import (  # noqa: E402
    at_two_precisions, close, exact, here, literal, numerical_first, to_double,
    write_header)

DENSITY_LOW, DENSITY_HIGH = 400, 480
LOW, HIGH = 100, 130
mp.dps = HIGH

nan = mpf("nan")
EPS = 2.0**-52
UP = 1.0 - EPS / 2  # the largest double below 1


def xlogy(x, y):
    return mpf(0) if x == 0 else x * mp.log(y)


def over(x, y):
    """x / y where 0 / 0 is 0: the derivative of xlogy(x, y)."""
    return mpf(0) if x == 0 else x / y


def lgamma(x):
    return mp.loggamma(x)


def psi(x):
    return mp.psi(0, x)


def lbeta(a, b):
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def lchoose(n, k):
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def log_sigmoid(x):
    return -mp.log(1 + mp.exp(-x)) if x >= 0 else x - mp.log(1 + mp.exp(x))


# ---------------------------------------------------------------------------
# Log densities. Each function returns (terms of the value, terms of dx, list
# over the parameters of the terms of dp); None where there is no derivative.
# The value is the sum of the terms and the scale the largest absolute term.

def normal(x, loc, s):
    z = (x - loc) / s
    return ([-z * z / 2, -mp.log(s), -mp.log(2 * mp.pi) / 2],
            [-z / s],
            [[z / s], [z * z / s, -1 / s]])


def log_normal(x, loc, s):
    z = (mp.log(x) - loc) / s
    return ([-z * z / 2, -mp.log(s), -mp.log(2 * mp.pi) / 2, -mp.log(x)],
            [-z / (s * x), -1 / x],
            [[z / s], [z * z / s, -1 / s]])


def half_normal(x, s):
    z = x / s
    return ([-z * z / 2, -mp.log(s), mp.log(2 / mp.pi) / 2],
            [-z / s],
            [[z * z / s, -1 / s]])


def student_t(x, v, loc, s):
    z = (x - loc) / s
    w = v + z * z
    value = [-lbeta(v / 2, mpf(1) / 2), -mp.log(v) / 2, -mp.log(s),
             -(v + 1) / 2 * mp.log(1 + z * z / v)]
    g = (v + 1) * z / (s * w)
    return (value, [-g],
            [[psi((v + 1) / 2) / 2, -psi(v / 2) / 2, -1 / (2 * v),
              -mp.log(1 + z * z / v) / 2, (v + 1) * z * z / (2 * v * w)],
             [g],
             [g * z, -1 / s]])


def cauchy(x, loc, s):
    z = (x - loc) / s
    g = 2 * z / (s * (1 + z * z))
    return ([-mp.log(mp.pi), -mp.log(s), -mp.log(1 + z * z)], [-g],
            [[g], [g * z, -1 / s]])


def half_cauchy(x, s):
    z = x / s
    g = 2 * z / (s * (1 + z * z))
    return ([mp.log(2 / mp.pi), -mp.log(s), -mp.log(1 + z * z)], [-g],
            [[g * z, -1 / s]])


def exponential(x, rate):
    return [mp.log(rate), -rate * x], [-rate], [[1 / rate, -x]]


def gamma(x, a, b):
    da = None if x == 0 else [mp.log(b), mp.log(x), -psi(a)]
    return ([a * mp.log(b), xlogy(a - 1, x), -b * x, -lgamma(a)],
            [over(a - 1, x), -b],
            [da, [a / b, -x]])


def beta(x, a, b):
    da = None if x == 0 else [mp.log(x), psi(a + b), -psi(a)]
    db = None if x == 1 else [mp.log(1 - x), psi(a + b), -psi(b)]
    return ([xlogy(a - 1, x), xlogy(b - 1, 1 - x), -lbeta(a, b)],
            [over(a - 1, x), -over(b - 1, 1 - x)],
            [da, db])


def uniform(x, low, high):
    w = high - low
    return [-mp.log(w)], [mpf(0)], [[1 / w], [-1 / w]]


def bernoulli(x, p):
    return ([xlogy(x, p), xlogy(1 - x, 1 - p)], None,
            [[over(x, p), -over(1 - x, 1 - p)]])


def bernoulli_logits(x, l):
    return ([x * log_sigmoid(l), (1 - x) * log_sigmoid(-l)], None,
            [[x * sigmoid(-l), -(1 - x) * sigmoid(l)]])


def binomial(x, n, p):
    return ([lchoose(n, x), xlogy(x, p), xlogy(n - x, 1 - p)], None,
            [None, [over(x, p), -over(n - x, 1 - p)]])


def binomial_logits(x, n, l):
    return ([lchoose(n, x), x * log_sigmoid(l), (n - x) * log_sigmoid(-l)],
            None,
            [None, [x * sigmoid(-l), -(n - x) * sigmoid(l)]])


def poisson(x, rate):
    return ([xlogy(x, rate), -rate, -lgamma(x + 1)], None,
            [[over(x, rate), mpf(-1)]])


DENSITY = {
    "Normal": normal, "LogNormal": log_normal, "HalfNormal": half_normal,
    "StudentT": student_t, "Cauchy": cauchy, "HalfCauchy": half_cauchy,
    "Exponential": exponential, "Gamma": gamma, "Beta": beta,
    "Uniform": uniform, "Bernoulli": bernoulli,
    "BernoulliLogits": bernoulli_logits, "Binomial": binomial,
    "BinomialLogits": binomial_logits, "Poisson": poisson,
}


def log_density(name, x, p):
    return mp.fsum(DENSITY[name](x, *p)[0])


def density_rows():
    """All (name, x, parameters), every number a double."""
    rows = []

    def add(name, x, *p):
        row = (name, float(x), tuple(float(v) for v in p))
        assert row not in rows, row
        rows.append(row)

    for loc, s in [(0, 1), (-1.5, 2), (0, 1e-3), (10, 1e3), (100, 0.5)]:
        for z in [0, 0.3, -1.2, 3, -8, 40, -40]:
            add("Normal", loc + z * s, loc, s)
    for loc, s in [(0, 1), (2, 0.5), (-1, 3), (0, 1e-3), (5, 100), (0, 1e3)]:
        for z in [0, 0.5, -1.5, 6, -6, 40, -40]:
            if abs(loc + z * s) < 690:
                add("LogNormal", math.exp(loc + z * s), loc, s)
    add("LogNormal", 1e-300, 0, 1)
    add("LogNormal", 1e300, 0, 1e3)
    for s in [1, 2.5, 1e-3, 1e3]:
        for z in [0, 1e-10, 0.01, 0.7, 1.9, 5, 40]:
            add("HalfNormal", z * s, s)
    for df, loc, s in [(0.5, 0, 1), (1, 1, 2), (3, -0.5, 1e-3), (10, 0, 1e3),
                       (1e3, 2, 1), (1e6, 0, 1)]:
        for z in [0, 0.5, -1.7, 8, -40, 1e8]:
            add("StudentT", loc + z * s, df, loc, s)
    for loc, s in [(0, 1), (-2, 0.5), (0, 1e-3), (50, 1e3)]:
        for z in [0, 0.3, -1, 7, -40, 40, 1e8]:
            add("Cauchy", loc + z * s, loc, s)
    add("Cauchy", -1e100, 0, 1)
    for s in [1, 2.5, 1e-3, 1e3]:
        for z in [0, 0.01, 0.9, 3, 40, 1e8]:
            add("HalfCauchy", z * s, s)
    add("HalfCauchy", 1e100, 1)
    add("HalfCauchy", 1e-300, 1)
    for rate in [1, 2.5, 1e-3, 1e3, 1e5]:
        for z in [0, 0.1, 1, 5, 40, 700]:
            add("Exponential", z / rate, rate)
    add("Exponential", 1e-300, 1)
    for a, b in [(0.01, 1), (0.5, 2), (1, 1e-3), (2.5, 1e3), (50, 0.1),
                 (3, 1e5)]:
        add("Gamma", 1e-300, a, b)
        for z in [1e-3, 0.3, 1, 2, 40]:
            add("Gamma", a / b * z, a, b)
    for x in [1e-300, 0.1, 50, 96, 100, 104, 1000]:
        add("Gamma", x, 1e4, 100)
    add("Gamma", 0, 1, 2)
    for a, b in [(0.01, 0.02), (0.5, 0.5), (1, 1), (2, 5), (1, 3), (30, 1e3),
                 (1e4, 2e4), (1e4, 0.5)]:
        for x in sorted({1e-300, 1e-5, 0.5, a / (a + b), UP}):
            add("Beta", x, a, b)
    add("Beta", 1e-10, 2, 5)
    add("Beta", 0.1, 2, 5)
    add("Beta", 0.999999, 2, 5)
    add("Beta", 0, 1, 3)
    add("Beta", 1, 2, 1)
    for low, high in [(0, 1), (-1, 1), (-1e3, 2e3), (5, 5.001)]:
        for u in [0, 0.25, 0.625, 1]:
            add("Uniform", high if u == 1 else low + u * (high - low), low,
                high)
    for p in [1e-300, 1e-10, 0.1, 0.3, 0.5, 0.75, 0.999, UP]:
        add("Bernoulli", 0, p)
        add("Bernoulli", 1, p)
    add("Bernoulli", 0, 0)
    add("Bernoulli", 1, 1)
    for l in [0, 1e-10, -1e-10, 0.5, -0.5, 3, -3, 40, -40, 700, -700]:
        add("BernoulliLogits", 0, l)
        add("BernoulliLogits", 1, l)
    for n, p, ks in [(1, 0.3, [0, 1]), (10, 0.5, [0, 3, 5, 10]),
                     (10, 1e-10, [0, 1, 10]), (100, 0.03, [0, 1, 3, 20, 100]),
                     (1000, 0.999, [0, 500, 999, 1000]),
                     (1e6, 0.25, [0, 200000, 250000, 251500, 1e6]),
                     (1e6, 1e-6, [0, 1, 12, 1e6]), (20, UP, [0, 19, 20]),
                     (1e9, 0.5, [0, 499990000, 1e9]), (7, 0, [0]),
                     (7, 1, [7])]:
        for k in ks:
            add("Binomial", k, n, p)
    for n, l, ks in [(1, 0.5, [0, 1]), (10, 0, [0, 3, 5, 10]),
                     (10, -20, [0, 1, 10]), (100, -3.5, [0, 1, 3, 20, 100]),
                     (1000, 7, [0, 500, 999, 1000]),
                     (1e6, -1.1, [0, 200000, 249740, 1e6]),
                     (20, 700, [0, 10, 20]), (20, -700, [0, 10, 20])]:
        for k in ks:
            add("BinomialLogits", k, n, l)
    for rate, ks in [(1e-3, [0, 1, 2, 50]), (0.5, [0, 1, 3, 1000]),
                     (1, [0, 1, 2, 100]), (10, [0, 5, 10, 25, 1e4]),
                     (1e3, [0, 900, 1000, 1100, 1e5]),
                     (1e5, [0, 1, 99000, 1e5, 101000, 1e6])]:
        for k in ks:
            add("Poisson", k, rate)
    return rows


def density_numbers(name, x, p):
    """[value, dx, dp0..2, scale, dx_scale, dp_scale0..2] as mpf."""
    value, dx, dp = DENSITY[name](exact(x), *[exact(v) for v in p])

    def total(terms):
        return nan if terms is None else mp.fsum(terms)

    def largest(terms):
        return nan if terms is None else max(abs(t) for t in terms)

    padding = [mpf(0)] * (3 - len(p))
    return ([total(value), total(dx)] + [total(t) for t in dp] + padding +
            [largest(value), largest(dx)] + [largest(t) for t in dp] + padding)


def check_density(name, x, p):
    xm, pm = exact(x), [exact(v) for v in p]
    value, dx, dp = DENSITY[name](xm, *pm)
    tolerance = mpf(10) ** -30
    where = (name, x, p)

    def compare(terms, numerical):
        total = mp.fsum(terms)
        # An exact zero is judged against the terms that cancel.
        zero = tolerance * max(abs(t) for t in terms)
        assert close(total, numerical, tolerance) or (
            total == 0 and abs(numerical) <= zero), (
                where, mp.nstr(total, 20), mp.nstr(numerical, 20))

    edge = (name in ("Gamma", "Beta") and x == 0) or (name == "Beta" and x == 1)
    if dx is not None and not edge:
        compare(dx, numerical_first(lambda t: log_density(name, t, pm), xm))
    for i, terms in enumerate(dp):
        if terms is not None:
            def f(t, i=i):
                return log_density(name, xm, pm[:i] + [t] + pm[i + 1:])
            compare(terms, numerical_first(f, pm[i]))


# ---------------------------------------------------------------------------
# Quantiles.

QS = [1e-10, 1e-3, 0.025, 0.1, 0.5, 0.9, 0.975, 0.999, 1.0 - 1e-10]
assert exact(QS[8]) != 1 - mpf(10) ** -10  # the quantile is at the double


def solve(g, u):
    """The root of the increasing function g, which returns (value, slope),
    starting from u: bracket, then Newton's method kept inside the bracket."""
    width = mpf(1)
    low = high = u
    while g(low)[0] > 0:
        low -= width
        width *= 2
    width = mpf(1)
    while g(high)[0] < 0:
        high += width
        width *= 2
    u = (low + high) / 2
    small = mpf(10) ** -(mp.dps - 15)
    for _ in range(400):
        value, slope = g(u)
        if value == 0:
            return u
        if value < 0:
            low = u
        else:
            high = u
        new = u - value / slope
        if not low < new < high:
            new = (low + high) / 2
        if abs(new - u) <= small * max(1, abs(u)):
            return new
        u = new
    raise AssertionError("no convergence")


def standard_normal_quantile(q):
    if q == mpf(1) / 2:
        return mpf(0)
    if q > mpf(1) / 2:
        return -standard_normal_quantile(1 - q)
    target = mp.log(q)

    def g(z):
        c = mp.erfc(-z / mp.sqrt(2)) / 2
        return (mp.log(c) - target,
                mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi) / c)

    return solve(g, mpf(-1))


def gamma_cdf(a, x):
    """Regularized lower incomplete gamma function; all terms positive."""
    if x == 0:
        return mpf(0)
    term = total = mpf(1)
    n = 0
    stop = mpf(10) ** -(mp.dps + 5)
    while term > stop * total:
        n += 1
        term *= x / (a + n)
        total += term
    return total * mp.exp(a * mp.log(x) - x - lgamma(a + 1))


def beta_series(a, b, x, y):
    """Regularized incomplete beta function I_x(a, b), y = 1 - x; all terms
    positive; use for x <= 1/2."""
    term = total = mpf(1)
    n = 0
    stop = mpf(10) ** -(mp.dps + 5)
    while term > stop * total:
        term *= (a + b + n) / (a + 1 + n) * x
        total += term
        n += 1
    return total * mp.exp(a * mp.log(x) + b * mp.log(y) - lbeta(a, b)) / a


def beta_cdf(a, b, x, y):
    if x <= y:
        return beta_series(a, b, x, y)
    return 1 - beta_series(b, a, y, x)


def standard_gamma_quantile(a, q):
    target = mp.log(q)
    constant = lgamma(a)

    def g(u):
        x = mp.exp(u)
        c = gamma_cdf(a, x)
        return mp.log(c) - target, mp.exp(a * u - x - constant) / c

    u = mp.log(a) if a > 1 else (target + lgamma(a + 1)) / a
    return mp.exp(solve(g, u))


def beta_quantile(a, b, q):
    """(x, 1 - x), both accurate. Solves in log x below the half-way point of
    the interval and in log(1 - x) above it."""
    half = mpf(1) / 2
    middle = beta_series(a, b, half, half)
    if q > middle:
        # 1 - I_x(a, b) = I_y(b, a) and 1 - q is exact at this precision.
        y, x = beta_lower_quantile(b, a, 1 - q)
        return x, y
    return beta_lower_quantile(a, b, q)


def beta_lower_quantile(a, b, q):
    target = mp.log(q)
    constant = lbeta(a, b)

    def g(u):
        x = mp.exp(u)
        if x >= 1:
            return mpf(1), mpf(1)  # beyond the root
        y = 1 - x
        c = beta_cdf(a, b, x, y)
        return (mp.log(c) - target,
                mp.exp(a * u + (b - 1) * mp.log(y) - constant) / c)

    u = min((target + constant + mp.log(a)) / a, -mp.log(2))
    u = solve(g, u)
    x = mp.exp(u)
    return x, -mp.expm1(u)


def t_upper_tail(v, t):
    """P(T > t) for t > 0."""
    w = v + t * t
    x, y = v / w, t * t / w
    return beta_cdf(v / 2, mpf(1) / 2, x, y) / 2


def standard_t_quantile(v, q):
    half = mpf(1) / 2
    if q == half:
        return mpf(0)
    if q > half:
        return -standard_t_quantile(v, 1 - q)
    target = mp.log(q)

    def g(u):
        t = mp.exp(u)
        c = t_upper_tail(v, t)
        f = mp.exp(log_density("StudentT", t, [v, mpf(0), mpf(1)]))
        return target - mp.log(c), t * f / c

    return -mp.exp(solve(g, mpf(0)))


def quantile(name, q, p):
    """(value, 1 / density at the value) of a continuous distribution."""
    if name == "Beta":
        x, y = beta_quantile(p[0], p[1], q)
        return x, mp.exp(lbeta(*p) - (p[0] - 1) * mp.log(x) -
                         (p[1] - 1) * mp.log(y))
    if name == "Normal":
        x = p[0] + p[1] * standard_normal_quantile(q)
    elif name == "LogNormal":
        x = mp.exp(p[0] + p[1] * standard_normal_quantile(q))
    elif name == "HalfNormal":
        x = p[0] * standard_normal_quantile((1 + q) / 2)
    elif name == "StudentT":
        x = p[1] + p[2] * standard_t_quantile(p[0], q)
    elif name == "Cauchy":
        x = p[0] + p[1] * mp.tan(mp.pi * (q - mpf(1) / 2))
    elif name == "HalfCauchy":
        x = p[0] * mp.tan(mp.pi * q / 2)
    elif name == "Exponential":
        x = -mp.log(1 - q) / p[0]
    elif name == "Gamma":
        x = standard_gamma_quantile(p[0], q) / p[1]
    elif name == "Uniform":
        x = p[0] + q * (p[1] - p[0])
    return x, mp.exp(-log_density(name, x, p))


def mass_table(name, p):
    """[(k, P(X = k))] over every k whose mass is at least 1e-60 of the
    largest, by the ratio of neighbours from the mode; and the exact mass at
    the mode comes from the log density."""
    if name == "Bernoulli":
        return [(0, 1 - p[0]), (1, p[0])]
    if name == "BernoulliLogits":
        return [(0, sigmoid(-p[0])), (1, sigmoid(p[0]))]
    if name == "Poisson":
        mode, top = int(mp.floor(p[0])), None
        up = lambda k: p[0] / (k + 1)  # noqa: E731   P(k+1) / P(k)
    else:
        n = int(p[0])
        prob = p[1] if name == "Binomial" else sigmoid(p[1])
        complement = 1 - prob if name == "Binomial" else sigmoid(-p[1])
        mode, top = min(n, int(mp.floor((n + 1) * prob))), n
        odds = prob / complement
        up = lambda k: odds * (n - k) / (k + 1)  # noqa: E731
    centre = mp.exp(log_density(name, mpf(mode), p))
    limit = centre * mpf(10) ** -60
    table = [(mode, centre)]
    k, m = mode, centre
    while k > 0 and m > limit:
        k -= 1
        m /= up(k)
        table.append((k, m))
    table.reverse()
    k, m = mode, centre
    while (top is None or k < top) and m > limit:
        m *= up(k)
        k += 1
        table.append((k, m))
    return table


def discrete_quantiles(name, p):
    """The smallest k with cdf(k) >= q, for every q in QS."""
    table = mass_table(name, p)
    assert [k for k, _ in table] == list(range(table[0][0], table[-1][0] + 1))
    below, sums = mpf(0), []
    for _, m in table:
        below += m
        sums.append(below)
    above, tails = mpf(0), [None] * len(table)
    for i in range(len(table) - 1, -1, -1):
        tails[i] = above  # P(X > k)
        above += table[i][1]
    values = []
    for q in QS:
        qm = exact(q)
        for i, (k, _) in enumerate(table):
            assert abs(sums[i] + tails[i] - 1) < mpf(10) ** -45, (name, p)
            # Keep clear of jumps: a cdf in double must decide the same way.
            gap = abs(sums[i] - qm)
            assert gap > 1e-6 * min(qm, 1 - qm) and gap > 1e-13, (
                name, p, q, k, mp.nstr(gap, 5))
        values.append(next(k for i, (k, _) in enumerate(table)
                           if sums[i] >= qm))
    return values


CONTINUOUS = {
    "Normal": [(0, 1), (-1.5, 2), (0, 1e-3), (10, 1e3)],
    "LogNormal": [(0, 1), (2, 0.5), (-1, 3), (0, 1e-3), (5, 100)],
    "HalfNormal": [(1,), (2.5,), (1e-3,), (1e3,)],
    "StudentT": [(0.5, 0, 1), (1, 1, 2), (2, 0, 1), (2.5, 3, 1), (3, -0.5, 1e-3),
                 (10, 0, 1e3), (1e3, 2, 1), (1e6, 0, 1)],
    "Cauchy": [(0, 1), (-2, 0.5), (0, 1e-3), (50, 1e3)],
    "HalfCauchy": [(1,), (2.5,), (1e-3,), (1e3,)],
    "Exponential": [(1,), (2.5,), (1e-3,), (1e3,), (1e5,)],
    "Gamma": [(0.01, 1), (0.05, 1), (0.5, 2), (1, 1e-3), (2.5, 1e3), (50, 0.1),
              (3, 1e5), (1e4, 100)],
    "Beta": [(0.01, 0.02), (0.05, 0.1), (0.5, 0.5), (1, 1), (2, 5), (1, 3),
             (30, 1e3), (100, 100), (1e4, 2e4), (1e4, 0.5)],
    "Uniform": [(0, 1), (-1, 1), (-1e3, 2e3), (5, 5.001)],
}

DISCRETE = {
    "Bernoulli": [(1e-5,), (0.3,), (0.45,), (0.8,)],
    "BernoulliLogits": [(-12,), (-1,), (0.25,), (2,), (40,)],
    "Binomial": [(1, 0.3), (10, 0.3), (100, 0.03), (1000, 0.999), (1e4, 0.4),
                 (1e6, 0.25)],
    "BinomialLogits": [(1, 0.5), (10, -1), (100, -3.5), (1000, 7), (1e4, 0.1)],
    "Poisson": [(1e-3,), (0.5,), (1,), (10,), (1e3,), (1e5,)],
}

# Parameters only for moments.
MORE_MOMENTS = {
    "LogNormal": [(0, 10)],
    "Bernoulli": [(0,), (1e-10,), (0.5,), (UP,), (1,)],
    "BernoulliLogits": [(0,), (-40,), (700,), (-700,)],
    "Binomial": [(7, 0), (7, 1), (1e9, 0.5)],
    "BinomialLogits": [(20, 700), (20, -700), (20, 0)],
}


def moments(name, p):
    inf = mp.inf
    if name == "Normal":
        return [p[0], p[1] ** 2]
    if name == "LogNormal":
        s2 = p[1] ** 2
        return [mp.exp(p[0] + s2 / 2),
                (mp.exp(s2) - 1) * mp.exp(2 * p[0] + s2)]
    if name == "HalfNormal":
        return [p[0] * mp.sqrt(2 / mp.pi), p[0] ** 2 * (1 - 2 / mp.pi)]
    if name == "StudentT":
        v, loc, s = p
        mean = loc if v > 1 else nan
        if v > 2:
            return [mean, s * s * v / (v - 2)]
        return [mean, inf if v > 1 else nan]
    if name == "Cauchy":
        return [nan, nan]
    if name == "HalfCauchy":
        return [inf, nan]
    if name == "Exponential":
        return [1 / p[0], 1 / p[0] ** 2]
    if name == "Gamma":
        return [p[0] / p[1], p[0] / p[1] ** 2]
    if name == "Beta":
        a, b = p
        s = a + b
        return [a / s, a * b / (s * s * (s + 1))]
    if name == "Uniform":
        return [(p[0] + p[1]) / 2, (p[1] - p[0]) ** 2 / 12]
    if name == "Bernoulli":
        return [p[0], p[0] * (1 - p[0])]
    if name == "BernoulliLogits":
        return [sigmoid(p[0]), sigmoid(p[0]) * sigmoid(-p[0])]
    if name == "Binomial":
        return [p[0] * p[1], p[0] * p[1] * (1 - p[1])]
    if name == "BinomialLogits":
        return [p[0] * sigmoid(p[1]), p[0] * sigmoid(p[1]) * sigmoid(-p[1])]
    if name == "Poisson":
        return [p[0], p[0]]
    raise AssertionError(name)


# ---------------------------------------------------------------------------
# Independent checks of quantiles and moments.

def cdf_by_mpmath(name, x, p):
    """The cdf through mpmath's own incomplete functions, or None where they
    are too slow or do not apply."""
    if name == "Normal":
        return mp.ncdf(x, *p)
    if name == "LogNormal":
        return mp.ncdf(mp.log(x), *p)
    if name == "HalfNormal":
        return mp.erf(x / p[0] / mp.sqrt(2))
    if name == "Cauchy":
        return mpf(1) / 2 + mp.atan((x - p[0]) / p[1]) / mp.pi
    if name == "HalfCauchy":
        return 2 * mp.atan(x / p[0]) / mp.pi
    if name == "Exponential":
        return -mp.expm1(-p[0] * x)
    if name == "Uniform":
        return (x - p[0]) / (p[1] - p[0])
    if name == "Gamma" and p[0] < 100:
        return mp.gammainc(p[0], 0, p[1] * x, regularized=True)
    if name == "Beta" and max(p) < 50 and min(p) > 0.02 and 1 - x > 1e-40:
        return mp.betainc(p[0], p[1], 0, x, regularized=True)
    if name == "StudentT" and p[0] < 50:
        t = (x - p[1]) / p[2]
        upper = mp.betainc(p[0] / 2, mpf(1) / 2, 0, p[0] / (p[0] + t * t),
                           regularized=True) / 2
        return 1 - upper if t > 0 else upper
    return None


def integrate(f, a, b):
    """Integral from a to b, in log x where the interval spans decades."""
    if a < 0 < b:
        return integrate(f, a, mpf(0)) + integrate(f, mpf(0), b)
    if b <= 0:
        return integrate(lambda x: f(-x), -b, -a)
    if a > 0 and b / a > 4:
        pieces = max(2, int(mp.log(b / a) / 3))
        u = mp.linspace(mp.log(a), mp.log(b), pieces + 1)
        return mp.quad(lambda t: f(mp.exp(t)) * mp.exp(t), u)
    if a == 0 and b > 0:
        return mp.quad(f, mp.linspace(a, b, 9))
    return mp.quad(f, mp.linspace(a, b, 3))


def check_continuous(name, p, points):
    """points: the (q, quantile) pairs of one parameter set."""
    for q, x in points:
        qm = exact(q)
        c = cdf_by_mpmath(name, x, p)
        if c is not None:
            assert abs(c - qm) < mpf(10) ** -60 * min(qm, 1 - qm), (name, p, q)
    # The mass between neighbouring quantiles, from the log density alone.
    with mp.workdps(30):
        center = p[0] if name in ("Normal", "Cauchy") else (
            p[1] if name == "StudentT" else mpf(0))
        f = lambda x: mp.exp(log_density(name, x + center, p))  # noqa: E731
        for (q0, x0), (q1, x1) in zip(points, points[1:]):
            if name == "Beta" and 1 - x1 < mpf(10) ** -12:
                continue  # 1 - x is lost at this precision
            mass = exact(q1) - exact(q0)
            integral = integrate(f, x0 - center, x1 - center)
            assert abs(integral / mass - 1) < 1e-12, (
                name, p, q0, q1, mp.nstr(integral / mass, 20))


MOMENT_NODES = ["1e-40", "1e-25", "1e-10", "1e-4", "0.01", "0.1", "0.5", "0.9",
                "0.99"]


def check_continuous_moments(name, p, mean, variance):
    if name in ("Cauchy", "HalfCauchy", "Uniform"):
        return False
    if name == "StudentT" and p[0] < 500:
        return False
    if name == "LogNormal" and p[1] > 1:
        return False
    if name == "Gamma" and p[0] < 0.4 or name == "Beta" and (
            p[0] < 0.4 or p[1] < 1):
        return False
    qs = [mpf(q) for q in MOMENT_NODES] + [1 - mpf(10) ** -n
                                           for n in (4, 10, 25, 40)]
    with mp.workdps(60):
        nodes = [quantile(name, q, p)[0] for q in qs]
    if name == "Beta":
        # Closer to 1 than this, log(1 - x) is lost at the precision below.
        last = 1 - mpf(10) ** -20
        if nodes[-1] > last:
            nodes = [x for x in nodes if x < last] + [last]

    def f(x):
        return mp.exp(log_density(name, x, p))

    with mp.workdps(30):
        one = mean_sum = square_sum = mpf(0)
        for a, b in zip(nodes, nodes[1:]):
            one += integrate(f, a, b)
            mean_sum += integrate(lambda x: x * f(x), a, b)
            square_sum += integrate(lambda x: (x - mean) ** 2 * f(x), a, b)
        sd = mp.sqrt(variance)
        assert abs(one - 1) < 1e-12, (name, p, one)
        assert abs(mean_sum - mean) < 1e-12 * sd, (name, p, mean_sum, mean)
        assert abs(square_sum / variance - 1) < 1e-12, (name, p)
    return True


def check_discrete_moments(name, p, mean, variance):
    if name == "Binomial" and p[1] in (0, 1) or p[0] > 1e8:
        return False
    table = mass_table(name, p)
    m = mp.fsum(k * w for k, w in table)
    v = mp.fsum((k - mean) ** 2 * w for k, w in table)
    assert abs(m - mean) <= mpf(10) ** -40 * (1 + mean), (name, p, m, mean)
    assert abs(v - variance) <= mpf(10) ** -40 * (1 + variance), (name, p)
    return True


# ---------------------------------------------------------------------------

HEADER = """\
// clang-format off
// Generated by tests/reference/distributions.py (mpmath {version}); do not edit.
//
// Reference log densities with derivatives, quantiles and moments. Arguments and
// parameters are exact doubles; every other number is the exact result rounded to
// the nearest double. Unused parameters (and their derivatives) are 0.
//
// Parameters: Normal(loc, scale) LogNormal(loc, scale) HalfNormal(scale)
// StudentT(df, loc, scale) Cauchy(loc, scale) HalfCauchy(scale) Exponential(rate)
// Gamma(concentration, rate) Beta(concentration1, concentration0)
// Uniform(low, high) Bernoulli(probs) BernoulliLogits(logits)
// Binomial(total_count, probs) BinomialLogits(total_count, logits) Poisson(rate).
//
// LogDensity: value is the log density (or log mass) at x, dx and dp its exact
// derivatives; one-sided at the edge of the support. NaN: no derivative (discrete x,
// total_count, the concentration at the edge x = 0 or 1), not to be compared. All
// rows lie in the closed support, and value is finite everywhere.
//
// scale is the largest absolute value among the additive terms of the formula below,
// so that the error of value is to be judged relative to max(|value|, scale); likewise
// dx_scale and dp_scale with the additive terms of the derivatives (NaN with dx, dp).
// Terms are separated by + and -; a function call or a bracket is one term, and
// 0 log 0 = 0; z = (x - loc) / scale (x / scale without loc; LogNormal: log x for x).
//   Normal          - z^2/2 - log(scale) - log(2 pi)/2
//   LogNormal       - z^2/2 - log(scale) - log(2 pi)/2 - log(x)
//   HalfNormal      - z^2/2 - log(scale) + log(2/pi)/2
//   StudentT        - lbeta(df/2, 1/2) - log(df)/2 - log(scale) - [(df+1)/2 log1p(z^2/df)]
//   Cauchy          - log(pi) - log(scale) - log1p(z^2)
//   HalfCauchy      + log(2/pi) - log(scale) - log1p(z^2)
//   Exponential     + log(rate) - rate x
//   Gamma           + [a log(b)] + [(a-1) log(x)] - b x - lgamma(a)       (a, b: p[0], p[1])
//   Beta            + [(a-1) log(x)] + [(b-1) log1p(-x)] - lbeta(a, b)    (a, b: p[0], p[1])
//   Uniform         - log(high - low)
//   Bernoulli       + [x log(p)] + [(1-x) log1p(-p)]
//   BernoulliLogits + [x log_sigmoid(l)] + [(1-x) log_sigmoid(-l)]
//   Binomial        + lchoose(n, x) + [x log(p)] + [(n-x) log1p(-p)]
//   BinomialLogits  + lchoose(n, x) + [x log_sigmoid(l)] + [(n-x) log_sigmoid(-l)]
//   Poisson         + [x log(rate)] - rate - lgamma(x + 1)
// Terms of the derivatives:
//   d/dx     LogNormal: [z/(scale x)], 1/x; Gamma: (a-1)/x, b; Beta: (a-1)/x, (b-1)/(1-x);
//            others: a single term
//   d/dscale all with scale: 1/scale and the rest as one term (Normal family z^2/scale,
//            Cauchy family 2 z^2/(scale (1+z^2)), StudentT (df+1) z^2/(scale (df+z^2)))
//   d/ddf    digamma((df+1)/2)/2, digamma(df/2)/2, 1/(2 df), log1p(z^2/df)/2,
//            (df+1) z^2/(2 df (df+z^2))
//   d/drate  Exponential: 1/rate, x; Gamma: a/b, x; Poisson: x/rate, 1
//   d/da     Gamma: log(b), log(x), digamma(a); Beta: log(x), digamma(a+b), digamma(a)
//   d/db     Beta: log1p(-x), digamma(a+b), digamma(b)
//   d/dprobs x/p, (n-x)/(1-p) (n = 1: Bernoulli)
//   d/dlogits x sigmoid(-l), (n-x) sigmoid(l)
//   d/dloc, d/dlow, d/dhigh: a single term
//
// Quantile: value is the quantile at the exact double q. For discrete distributions it
// is the smallest k with cdf(k) >= q, and q is never on (or within rounding of) a jump.
// condition = |q / value * dvalue/dq|, the relative condition number with respect to q;
// it is 0 for discrete distributions and where value is exactly 0. Quantiles outside
// the normal range of double (1e-307 .. 1e308) have no row.
//
// Moment: NaN where the integral does not exist (Cauchy; the mean of StudentT for
// df <= 1; the variance where the mean is not finite), infinite where it diverges.
#pragma once

#include <limits>

namespace reference {{

inline constexpr double distribution_nan = std::numeric_limits<double>::quiet_NaN();
inline constexpr double distribution_inf = std::numeric_limits<double>::infinity();

"""


def numbers(values):
    return ", ".join(literal(v, "distribution") for v in values)


def parameters(p):
    return "{" + numbers(list(p) + [0.0] * (3 - len(p))) + "}"


def main():
    from mpmath import __version__ as version
    out = [HEADER.format(version=version)]
    counts = {name: [0, 0, 0] for name in DENSITY}

    out.append(
        "struct LogDensity { const char* name; double x; double p[3]; "
        "double value; double dx; double dp[3]; double scale; "
        "double dx_scale; double dp_scale[3]; };\n\n"
        "inline constexpr LogDensity log_density[] = {\n")
    for name, x, p in density_rows():
        row = at_two_precisions(lambda: density_numbers(name, x, p),
                                DENSITY_LOW, DENSITY_HIGH)
        with mp.workdps(DENSITY_HIGH):
            check_density(name, x, p)
        assert math.isfinite(row[0]) and row[5] >= 0, (name, x, p, row)
        assert not any(math.isinf(v) for v in row), (name, x, p, row)
        out.append(f'    {{"{name}", {literal(x, "distribution")}, '
                   f'{parameters(p)}, {numbers(row[0:2])}, '
                   f'{{{numbers(row[2:5])}}}, {numbers(row[5:7])}, '
                   f'{{{numbers(row[7:10])}}}}},\n')
        counts[name][0] += 1

    out.append(
        "};\n\n"
        "struct Quantile { const char* name; double q; double p[3]; "
        "double value; double condition; };\n\n"
        "inline constexpr Quantile quantile[] = {\n")
    skipped = []
    for name, sets in CONTINUOUS.items():
        for p in sets:
            p = [float(v) for v in p]
            pm = [exact(v) for v in p]
            high = []
            for q in QS:
                qm = exact(q)

                def both():
                    x, slope = quantile(name, qm, pm)
                    condition = mpf(0) if x == 0 else abs(qm / x * slope)
                    return [x, condition]

                if name == "LogNormal" and abs(
                        p[0] + p[1] * standard_normal_quantile(qm)) > 700:
                    skipped.append((name, p, q))
                    continue
                x, condition = at_two_precisions(both, LOW, HIGH)
                if 0 < abs(x) < 1e-307:
                    skipped.append((name, p, q))
                    continue
                if x == 0 and both()[0] != 0:
                    skipped.append((name, p, q))
                    continue
                out.append(f'    {{"{name}", {numbers([q])}, {parameters(p)}, '
                           f'{numbers([x, condition])}}},\n')
                counts[name][1] += 1
                high.append((q, both()[0]))
            check_continuous(name, pm, high)
    for name, sets in DISCRETE.items():
        for p in sets:
            p = [float(v) for v in p]
            for q, k in zip(QS, discrete_quantiles(name,
                                                   [exact(v) for v in p])):
                out.append(f'    {{"{name}", {numbers([q])}, {parameters(p)}, '
                           f'{numbers([float(k), 0.0])}}},\n')
                counts[name][1] += 1

    out.append(
        "};\n\n"
        "struct Moment { const char* name; double p[3]; double mean; "
        "double variance; };\n\n"
        "inline constexpr Moment moment[] = {\n")
    unchecked = []
    for name in DENSITY:
        continuous = name in CONTINUOUS
        sets = (CONTINUOUS if continuous else DISCRETE)[name]
        for p in sets + MORE_MOMENTS.get(name, []):
            p = [float(v) for v in p]
            pm = [exact(v) for v in p]
            # 1 - e^-x with x = 700 needs 300 digits more.
            row = at_two_precisions(lambda: moments(name, pm), 500, 600)
            if name == "LogNormal" and math.isinf(row[1]):
                continue
            exact_moments = moments(name, pm)
            if all(math.isfinite(v) for v in row):
                check = (check_continuous_moments if continuous
                         else check_discrete_moments)
                if not check(name, pm, *exact_moments):
                    unchecked.append((name, p))
            out.append(f'    {{"{name}", {parameters(p)}, {numbers(row)}}},\n')
            counts[name][2] += 1

    out.append("};\n\n}  // namespace reference\n")
    write_header(here("distributions.hpp"), "".join(out))
    print("rows: log density, quantile, moment")
    for name, c in counts.items():
        print(name, *c)
    print("total", *[sum(c[i] for c in counts.values()) for i in range(3)])
    print("quantiles out of range (no row):", skipped)
    print("moments by closed form only:", unchecked)


if __name__ == "__main__":
    main()
