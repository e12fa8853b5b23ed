"""The MAP point of examples/sleepstudy.cpp, found without modus.

The non-centred model, with y in tenths of a second and t the day less 4.5, in constrained space:

    mean_level ~ Normal(3, 1), mean_trend ~ Normal(0, 0.5), level_sd ~ HalfNormal(0.2), trend_sd ~ HalfNormal(0.05),
    sigma ~ HalfNormal(1), z_s, w_s ~ Normal(0, 1) for each subject s,
    y_i ~ Normal(mean_level + level_sd z_s + (mean_trend + trend_sd w_s) t_i, sigma).

For given scales the means, z and w solve linear equations; the three scales then solve three equations, by Newton's
method in 40 digits. Run: /usr/bin/python3 sleepstudy.py (mpmath; half a minute). Prints the point and the loss, -log p.
First checks the data against published figures.
"""
import csv
import pathlib
from mpmath import mp, mpf, matrix, lu_solve, log, pi, sqrt

mp.dps = 40
path = pathlib.Path(__file__).parents[2] / "examples" / "data" / "sleepstudy.csv"
rows = list(csv.DictReader(path.open()))
names = list(dict.fromkeys(row["subject"] for row in rows))
subject = [names.index(row["subject"]) for row in rows]
day = [mpf(float(row["day"])) for row in rows]
reaction = [mpf(float(row["reaction"])) for row in rows]
n, m = len(rows), len(names)


def line(x, y):
    """Least squares: intercept, slope and the sum of squares that is left."""
    mx, my = sum(x) / len(x), sum(y) / len(y)
    slope = sum((a - mx) * (b - my) for a, b in zip(x, y)) / sum((a - mx) ** 2 for a in x)
    return my - slope * mx, slope, sum((b - my - slope * (a - mx)) ** 2 for a, b in zip(x, y))


# lme4's documentation: fixed effects 251.405 and 10.467. The plan is balanced, so these are those of least squares, and
# the residual standard deviation, 25.592, is that of one line for each subject.
left = mpf(0)
for s in range(m):
    of_subject = [i for i in range(n) if subject[i] == s]
    left += line([day[i] for i in of_subject], [reaction[i] for i in of_subject])[2]
intercept, slope, _ = line(day, reaction)
print("check of the data:", mp.nstr(intercept, 6), mp.nstr(slope, 5), mp.nstr(sqrt(left / (n - 2 * m)), 5))

y = [v / 100 for v in reaction]
t = [d - mpf("4.5") for d in day]


def coefficients(level_sd, trend_sd, sigma):
    """mean_level, mean_trend, z and w at these scales: row i of the design has four entries."""
    size = 2 + 2 * m
    a, b = matrix(size, size), matrix(size, 1)
    for i in range(n):
        entries = [(0, mpf(1)), (1, t[i]), (2 + subject[i], level_sd), (2 + m + subject[i], trend_sd * t[i])]
        for j, u in entries:
            b[j] += u * y[i] / sigma**2
            for k, v in entries:
                a[j, k] += u * v / sigma**2
    a[0, 0] += 1
    b[0] += 3
    a[1, 1] += 4
    for k in range(2, size):
        a[k, k] += 1
    return lu_solve(a, b)


def residuals(c, level_sd, trend_sd):
    return [
        y[i] - c[0] - level_sd * c[2 + subject[i]] - (c[1] + trend_sd * c[2 + m + subject[i]]) * t[i] for i in range(n)
    ]


def slopes(level_sd, trend_sd, sigma):
    """The derivatives of the log joint density by the scales, where those by all else are 0."""
    c = coefficients(level_sd, trend_sd, sigma)
    r = residuals(c, level_sd, trend_sd)
    return [
        -level_sd / mpf("0.04") + sum(r[i] * c[2 + subject[i]] for i in range(n)) / sigma**2,
        -trend_sd / mpf("0.0025") + sum(r[i] * c[2 + m + subject[i]] * t[i] for i in range(n)) / sigma**2,
        -sigma - n / sigma + sum(v**2 for v in r) / sigma**3,
    ]


def normal(x, loc, scale):
    return -(((x - loc) / scale) ** 2) / 2 - log(scale * sqrt(2 * pi))


points = []
for start in ((0.6, 0.1, 0.25), (0.35, 0.06, 0.3)):
    points.append(mp.findroot(slopes, [mpf(v) for v in start], tol=mpf(10) ** -50))
assert mp.norm(points[0] - points[1]) < mpf(10) ** -20, "two starts, one point"
level_sd, trend_sd, sigma = points[0]
c = coefficients(level_sd, trend_sd, sigma)
log_density = (
    normal(c[0], 3, 1) + normal(c[1], 0, mpf("0.5"))
    + sum(log(2) + normal(x, 0, s) for x, s in ((level_sd, mpf("0.2")), (trend_sd, mpf("0.05")), (sigma, mpf(1))))
    + sum(normal(v, 0, 1) for v in c[2:])
    + sum(normal(v, 0, sigma) for v in residuals(c, level_sd, trend_sd))
)
found = [("mean_level", c[0]), ("mean_trend", c[1]), ("level_sd", level_sd), ("trend_sd", trend_sd), ("sigma", sigma)]
found += [("level[0]", c[0] + level_sd * c[2]), ("trend[0]", c[1] + trend_sd * c[2 + m])]
for name, v in found + [("loss", -log_density)]:
    print(name, mp.nstr(v, 17))
