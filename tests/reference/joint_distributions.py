#!/usr/bin/env python3
"""Makes joint_distributions.hpp: reference log densities of the distributions
over whole vectors and matrices, for the unit tests.

Run (no arguments; takes seconds, needs python3-mpmath):

    /usr/bin/python3 tests/reference/joint_distributions.py

Every argument and parameter is a double and is converted exactly; values on
the simplex and rows of Cholesky factors are doubles, too, so that they sum to
1 (or have length 1) but for rounding, and the formulas are taken at these
doubles. Computed with 60 and again with 90 decimal digits; both must round to
the same doubles, which are what is written. Checks made on the way:

- MultivariateNormal: the quadratic form by a general solve with the
  covariance, and its determinant, against the triangular formula;
- Dirichlet with two elements and LKJCholesky with two rows integrate to 1;
- ProjectedNormal: the integral over the radius, which is a parabolic cylinder
  function, against quadrature; with two elements it integrates to 1;
- LKJCholesky: the constant against the product over beta functions of
  Lewandowski, Kurowicka & Joe (2009), at the identity.

The output is deterministic.
"""

import sys

sys.dont_write_bytecode = True

from mpmath import mp, mpf  # noqa: E402

from reference_common import (  # noqa: E402
    at_two_precisions, close, exact, here, literal, write_header)

LOW, HIGH = 60, 90
mp.dps = HIGH


def lgamma(x):
    return mp.loggamma(x)


# Each density returns its additive terms.

def dirichlet(x, alpha):
    return ([mpf(0) if a == 1 else (a - 1) * mp.log(v)
             for v, a in zip(x, alpha)] +
            [lgamma(mp.fsum(alpha))] + [-lgamma(a) for a in alpha])


def lower(flat):
    """The rows of a lower triangle as a full matrix."""
    rows, k, i = [], 0, 1
    while k < len(flat):
        rows.append(flat[k:k + i])
        k += i
        i += 1
    return [row + [mpf(0)] * (len(rows) - len(row)) for row in rows]


def multivariate_normal(x, loc, tril):
    l, z = lower(tril), []
    for i, row in enumerate(l):
        z.append((x[i] - loc[i] - mp.fsum(row[k] * z[k] for k in range(i))) / row[i])
    return ([-v * v / 2 for v in z] + [-mp.log(l[i][i]) for i in range(len(l))] +
            [-len(l) * mp.log(2 * mp.pi) / 2])


def multivariate_normal_by_covariance(x, loc, tril):
    l = mp.matrix(lower(tril))
    covariance = l * l.T
    r = mp.matrix([a - b for a, b in zip(x, loc)])
    return (-(r.T * mp.inverse(covariance) * r)[0] / 2 - mp.log(mp.det(covariance)) / 2 -
            len(x) * mp.log(2 * mp.pi) / 2)


def lkj_cholesky(tril, eta):
    l = lower(tril)
    d, terms = len(l), []
    for i in range(1, d):
        b = eta + mpf(d - 1 - i) / 2
        # the volume of a ball of dimension i with weight (1 - r^2)^(b - 1)
        terms += [2 * (b - 1) * mp.log(l[i][i]),
                  lgamma(b + mpf(i) / 2) - lgamma(b), -mpf(i) / 2 * mp.log(mp.pi)]
    return terms


def lkj_log_constant_of_the_paper(d, eta):
    """log of the integral of det(R)^(eta - 1) over correlation matrices."""
    log_c = mp.fsum((2 * eta - 2 + d - k) * (d - k) for k in range(1, d)) * mp.log(2)
    for k in range(1, d):
        a = eta + mpf(d - k - 1) / 2
        log_c += (d - k) * (2 * lgamma(a) - lgamma(2 * a))
    return log_c


def categorical_logits(k, logits):
    return [logits[k], -mp.log(mp.fsum(mp.exp(v) for v in logits))]


def multinomial(x, probs):
    return ([lgamma(mp.fsum(x) + 1)] + [-lgamma(n + 1) for n in x] +
            [mpf(0) if n == 0 else n * mp.log(p) for n, p in zip(x, probs)])


def log_radial_mass(n, t):
    """log of the integral of r^(n-1) exp(-(r-t)^2/2) over r > 0: DLMF 12.5.1."""
    return mp.loggamma(n) - t * t / 4 + mp.log(mp.pcfu(n - mpf(1) / 2, -t))


def projected_normal(x, concentration):
    n = len(x)
    t = mp.fsum(v * c for v, c in zip(x, concentration))
    off = mp.fsum((c - t * v) ** 2 for v, c in zip(x, concentration))
    return [-mpf(n) / 2 * mp.log(2 * mp.pi), -off / 2, log_radial_mass(n, t)]


DIRECTIONS = [
    [0.6, 0.8], [-0.28, 0.96], [1.0, 0.0], [0.48, 0.6, 0.64], [1 / 3, 2 / 3, -2 / 3],
    [0.1, 0.7, -0.1, 0.7], [0.1, 0.3, 0.5, -0.1, 0.3, 0.5, 0.1, 0.5, 0.1, 0.1],
]
MEANS = [[0.0] * 10, [0.5, -1.0, 0.25, 2.0, 0.0, -0.5, 1.0, -0.75, 0.1, 0.3],
         [3.0, 4.0, -2.0, 1.0, 2.0, 0.5, 0.0, -1.0, 2.5, 1.0], [-0.75, -0.5] * 5,
         [-30.0, -40.0, 20.0, -10.0, 5.0, 1.0, 0.0, 0.0, -8.0, 3.0], [1e5, -3e4] * 5]

SIMPLEX = [
    [0.2, 0.3, 0.5], [1e-300, 0.25, 0.75], [1e-9, 1e-3, 1 - 1e-3 - 1e-9],
    [0.125, 0.875], [1 / 3, 1 / 3, 1 / 3], [0.1, 0.1, 0.2, 0.25, 0.35],
]
CONCENTRATION = [0.01, 0.5, 1.0, 2.0, 30.0, 1e4]

# lower triangles, row by row
TRIL = [
    [1.0, 0.0, 1.0], [2.0, -0.7, 0.3], [1.0, 0.5, 2.0, -0.25, 1.5, 0.125],
    [1.0, 1.0, 1e-6], [1e5, 3.0, 1e-5, -7e4, 2.0, 1e-3],
    [1.0, 0.9999, 1e-4, 0.9999, 1e-4, 1e-8],
]
POINTS = [[0.3, -1.2, 0.7], [40.0, -60.0, 25.0], [1e-3, 2e-3, -1e-3]]

FACTORS = [
    [1.0, 0.6, 0.8], [1.0, -0.28, 0.96, 0.48, 0.6, 0.64], [1.0, 1 - 2.0**-53, 2.0**-26],
    [1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
    [1.0, 0.6, 0.8, 0.0, 0.6, 0.8, 0.48, 0.36, 0.48, 0.64],
]


def rows():
    for x in SIMPLEX:
        for a in CONCENTRATION:
            yield "Dirichlet", dirichlet, x, [a] * len(x)
        yield "Dirichlet", dirichlet, x, [0.01, 1e4, 2.0, 3.5, 1.0][:len(x)]
    for tril in TRIL:
        d = len(lower(tril))
        for point in POINTS:
            yield ("MultivariateNormal", lambda x, p, d=d: multivariate_normal(x, p[:d], p[d:]),
                   point[:d], [0.1, -0.2, 0.4][:d] + tril)
    for tril in FACTORS:
        for eta in [0.01, 1.0, 1.5, 30.0, 1e4]:
            yield "LKJCholesky", lambda x, p: lkj_cholesky(x, p[0]), tril, [eta]
    for x in DIRECTIONS:
        for mean in MEANS:
            yield "ProjectedNormal", projected_normal, x, mean[:len(x)]
    for logits in [[0.3, -1.2, 2.0], [1e4, 1e4 + 1, -1e4], [-800.0, -745.0], [1e-17, 0.0]]:
        for k in range(len(logits)):
            yield ("CategoricalLogits", lambda x, p: categorical_logits(int(x[0]), p), [float(k)],
                   logits)
    for x, p in [([5.0, 0.0, 7.0], [0.5, 0.25, 0.25]), ([0.0, 3.0], [0.0, 1.0]),
                 ([1e6, 2e6, 5.0], [0.25, 0.75 - 2.0**-30, 2.0**-30])]:
        yield "Multinomial", multinomial, x, p


def check():
    with mp.workdps(HIGH):
        for tril in TRIL:
            d = len(lower(tril))
            for point in POINTS:
                arguments = [[exact(v) for v in w]
                             for w in (point[:d], [0.1, -0.2, 0.4][:d], tril)]
                assert close(mp.fsum(multivariate_normal(*arguments)),
                             multivariate_normal_by_covariance(*arguments), mpf(10) ** -30), tril
    with mp.workdps(25):
        a, b = mpf("1.7"), mpf("0.6")
        mass = mp.quad(lambda t: mp.exp(mp.fsum(dirichlet([t, 1 - t], [a, b]))), [0, 0.5, 1])
        assert abs(mass - 1) < mpf(10) ** -9, mass
        mass = mp.quad(lambda t: mp.exp(mp.fsum(lkj_cholesky([1, t, mp.sqrt(1 - t * t)], a))),
                       [-1, 0, 1])
        assert abs(mass - 1) < mpf(10) ** -9, mass
        c = [mpf("0.7"), mpf("-1.1")]
        mass = mp.quad(lambda a: mp.exp(mp.fsum(projected_normal([mp.cos(a), mp.sin(a)], c))),
                       [-3, -2, -1, 0, 1, 2, 2 * mp.pi - 3])
        assert abs(mass - 1) < mpf(10) ** -9, mass
        for n, t in [(2, mpf("-3.3")), (3, mpf("0.4")), (10, mpf("2.5")), (10, mpf(-7))]:
            mass = mp.quad(lambda r: r ** (n - 1) * mp.exp(-(r - t) ** 2 / 2), [0, 1, 3, 6, 30])
            assert close(mp.log(mass), log_radial_mass(n, t), mpf(10) ** -9), (n, t)
        for d in range(2, 7):
            for eta in [mpf("0.3"), mpf(1), mpf("4.5")]:
                # log density at the identity, where the Jacobian from L to L L' is 1
                at_identity = lkj_cholesky([v for i in range(d) for v in [0] * i + [1]], eta)
                assert close(mp.fsum(at_identity), -lkj_log_constant_of_the_paper(d, eta),
                             mpf(10) ** -15), (d, eta)


HEADER = """\
// clang-format off
// Generated by tests/reference/joint_distributions.py (mpmath {version}); do not edit.
//
// Reference log densities over vectors and matrices at exact doubles. `x` has
// x_size numbers and `p` has p_size:
//   Dirichlet          p: concentration
//   MultivariateNormal p: loc, then the lower triangle of scale_tril row by row
//   ProjectedNormal    p: concentration
//   LKJCholesky        x: the lower triangle row by row; p: concentration
//   CategoricalLogits  x: the category; p: logits
//   Multinomial        x: counts; p: probs
// value is the exact result rounded to the nearest double; scale is the largest
// absolute value among its additive terms, those of Stan's formula with one
// lgamma for each element (LKJCholesky: one difference for each row).
#pragma once

#include <cstddef>

namespace reference {{

struct JointLogDensity {{ const char* name; std::size_t x_size; double x[10]; std::size_t p_size; double p[10]; double value; double scale; }};

inline constexpr JointLogDensity joint_log_density[] = {{
"""


def numbers(values):
    return ", ".join(literal(v, "distribution") for v in values)


def main():
    from mpmath import __version__ as version
    check()
    out = [HEADER.format(version=version)]
    for name, density, x, p in rows():
        def both():
            terms = density([exact(v) for v in x], [exact(v) for v in p])
            return [mp.fsum(terms), max(abs(t) for t in terms)]
        value, scale = at_two_precisions(both, LOW, HIGH)
        out.append(f'    {{"{name}", {len(x)}, {{{numbers(x)}}}, {len(p)}, {{{numbers(p)}}}, '
                   f'{numbers([value, scale])}}},\n')
    out.append("};\n\n} // namespace reference\n")
    write_header(here("joint_distributions.hpp"), "".join(out))


main()
