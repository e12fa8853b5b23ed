#!/usr/bin/env python3
"""Fits the polynomials of modules/autodiff/batch.cpp and prints them as C++.

Run (no arguments; takes about ten seconds, needs python3-mpmath). Minimax by
Remez exchange at 60 digits; then the coefficients are rounded to double one
after another, each time with a weighted least squares fit of the later ones
to what is left. Where `low` is said the first one is a sum of two doubles.
"""

from mpmath import lu_solve, matrix, mp, mpf

mp.dps = 60
TINY = mpf(10) ** -12


def solve(functions, values):
    return [x for x in lu_solve(functions, values)]


def remez(f, w, a, b, n, var):
    """c_0 ... c_n that minimize the largest |w (f - p(var(x)))| on [a, b]."""
    m = n + 2
    chebyshev = lambda i, k: (a + b) / 2 - (b - a) / 2 * mp.cos(mp.pi * i / k)  # noqa: E731
    nodes = [chebyshev(i + mpf(1) / 2, m) for i in range(m)]
    grid = [chebyshev(mpf(i), 40 * m) for i in range(40 * m + 1)]
    if a == 0:
        grid[0] = b * mpf(10) ** -8
    values = [(w(x), f(x), var(x)) for x in grid]
    best = None
    for _ in range(12):
        system, right = matrix(m, m), matrix(m, 1)
        for i, x in enumerate(nodes):
            for j in range(n + 1):
                system[i, j] = var(x) ** j
            system[i, n + 1] = (-1) ** i / w(x)
            right[i] = f(x)
        *c, level = solve(system, right)
        errors = [ww * (ff - mp.polyval(c[::-1], v)) for ww, ff, v in values]
        worst = max(abs(e) for e in errors)
        if best is None or worst < best[0]:
            best = worst, c
        if worst < abs(level) * mpf("1.02"):
            break
        extrema, i = [], 0
        while i < len(grid):
            j = i
            while j + 1 < len(grid) and (errors[j + 1] > 0) == (errors[i] > 0):
                j += 1
            extrema.append(max(range(i, j + 1), key=lambda t: abs(errors[t])))
            i = j + 1
        while len(extrema) > m:
            extrema.pop(0 if abs(errors[extrema[0]]) < abs(errors[extrema[-1]]) else -1)
        if len(extrema) < m:
            break
        nodes = [grid[k] for k in extrema]
    return best


def least_squares(points, n, fixed):
    """The coefficients after the fixed ones."""
    k = len(fixed)
    m = n + 1 - k
    rows = [([w * v ** (k + j) for j in range(m)], w * (f - (mp.polyval(fixed[::-1], v) if k else 0)))
            for w, f, v in points]
    system, right = matrix(m, m), matrix(m, 1)
    for i in range(m):
        for j in range(i, m):
            system[i, j] = system[j, i] = mp.fsum(p[i] * p[j] for p, _ in rows)
        right[i] = mp.fsum(p[i] * q for p, q in rows)
    return solve(system, right)


def double(x):
    return mpf(float(x))


def fit(name, f, w, a, b, n, var=lambda x: x, low=False):
    a, b = mpf(a), mpf(b)
    worst, c = remez(f, w, a, b, n, var)
    xs = [(a + b) / 2 - (b - a) / 2 * mp.cos(mp.pi * (mpf(i) + mpf(1) / 2) / (6 * n)) for i in range(6 * n)]
    points = [(w(x), f(x), var(x)) for x in xs]
    fixed, c_low = [], mpf(0)
    for i in range(n + 1):
        following = (least_squares(points, n, fixed) if i else c)[0]
        if i == 0 and low:
            c_low = double(following - double(following))
        fixed.append(double(following) + (c_low if i == 0 else 0))
    xs += [a + (b - a) * (i + mpf(".37")) / 400 for i in range(400)]
    rounded = max(abs(w(x) * (f(x) - mp.polyval(fixed[::-1], var(x)))) for x in xs)
    fixed[0] -= c_low
    print(f"{name}: error 2^{mp.nstr(mp.log(worst, 2), 4)}, rounded 2^{mp.nstr(mp.log(rounded, 2), 4)}")
    if low:
        print("  low part of the first:", float(c_low).hex())
    print("  {" + ", ".join(float(x).hex() for x in fixed) + "}")


def inverse_t(t, k=mpf("3.5")):
    return k * (1 + t) / (1 - t)


def main():
    ln2, half = mp.log(2), mpf(1) / 2
    fit("exp, q", lambda r: sum(r**k / mp.factorial(k + 2) for k in range(40)), lambda r: r * r + TINY,
        -ln2 / 2 * mpf("1.0001"), ln2 / 2 * mpf("1.0001"), 9)
    fit("exp by a table, q", lambda r: sum(r**k / mp.factorial(k + 2) for k in range(40)), lambda r: r * r + TINY,
        -ln2 / 32 * mpf("1.0001"), ln2 / 32 * mpf("1.0001"), 4)
    print("  {" + ", ".join(float(2 ** (mpf(k) / 16)).hex() for k in range(16)) + "}")
    z_end = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mpf("1.00001")
    atanh = lambda z, k: sum(z**i / (2 * i + 2 * k + 1) for i in range(62 - k))  # noqa: E731
    fit("log, r", lambda z: 2 * atanh(z, 1), lambda z: z / 2 + TINY, 0, z_end, 6)
    fit("pow, c", lambda z: atanh(z, 2), lambda z: z * z + TINY, 0, z_end, 7)
    excess = lambda x: mp.erf(x) / x - 1  # noqa: E731
    fit("erf, p", excess, lambda x: 1 / (1 + excess(x)), mpf(10) ** -10, mpf("0.5001"), 8, lambda x: x * x)
    g = lambda t: mp.exp(inverse_t(t) ** 2) * mp.erfc(inverse_t(t)) * (1 + 2 * inverse_t(t))  # noqa: E731
    t_of = lambda x: (x - mpf("3.5")) / (x + mpf("3.5"))  # noqa: E731
    fit("erfc, g", g, lambda t: 1 / g(t), t_of(half), t_of(mpf("27.3")), 21, low=True)
    p = lambda v: mp.loggamma(v + 3 * half) / ((v + half) * (v - half))  # noqa: E731
    fit("lgamma, p", p, lambda v: 1 / p(v), -half + TINY, half - TINY, 20, low=True)
    u0 = mp.findroot(lambda u: mp.psi(0, 1 + u), mpf("0.4616321449683623"))
    q = lambda v: mp.psi(0, v + 3 * half) / (v + half - u0)  # noqa: E731
    fit("digamma, p", q, lambda v: 1 / q(v), -half, half, 22, low=True)
    print("  its zero:", float(u0).hex(), float(u0 - double(u0)).hex())
    stirling = lambda x: (mp.loggamma(x) - ((x - half) * mp.log(x) - x + mp.log(2 * mp.pi) / 2)) * x  # noqa: E731
    fit("lgamma, s", lambda v: stirling(1 / mp.sqrt(v)), lambda v: mp.sqrt(v), mpf(10) ** -6, mpf(1) / 9, 10)
    rest = lambda x: (mp.log(x) - 1 / (2 * x) - mp.psi(0, x)) * x * x  # noqa: E731
    fit("digamma, s", lambda v: rest(1 / mp.sqrt(v)), lambda v: v, mpf(10) ** -6, mpf(1) / 9, 10)


if __name__ == "__main__":
    main()
