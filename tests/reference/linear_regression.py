"""The MAP point of examples/linear_regression.cpp, found without modus.

Newton's method in 50 digits on the same log joint density, in constrained space:

    weight_k ~ Normal(0, 10), bias ~ Normal(0, 10), sigma ~ LogNormal(0, 1), y_i ~ Normal(X_i weight + bias, sigma),

mpg on wt, hp and qsec of examples/data/mtcars.csv, each standardized. Run: /usr/bin/python3 linear_regression.py
(mpmath). Prints the point and the loss, -log p. First checks the data: least squares of mpg on wt and hp.
"""
import csv
import pathlib
from mpmath import mp, mpf, matrix, lu_solve, log, pi, sqrt

mp.dps = 50
path = pathlib.Path(__file__).parents[2] / "examples" / "data" / "mtcars.csv"
rows = list(csv.DictReader(path.open()))


def column(name):
    return [mpf(float(row[name])) for row in rows]


def standardized(x):
    m = sum(x) / len(x)
    s = sqrt(sum((v - m) ** 2 for v in x) / (len(x) - 1))
    return [(v - m) / s for v in x]


def least_squares(columns, y):
    n = len(columns)
    a = matrix(n, n)
    b = matrix(n, 1)
    for i in range(n):
        b[i] = sum(u * v for u, v in zip(columns[i], y))
        for j in range(n):
            a[i, j] = sum(u * v for u, v in zip(columns[i], columns[j]))
    return lu_solve(a, b)


# Published: 37.22727, -3.87783, -0.03177.
ones = [mpf(1)] * len(rows)
print("check of the data:", [mp.nstr(v, 7) for v in least_squares([ones, column("wt"), column("hp")], column("mpg"))])

y = standardized(column("mpg"))
design = [standardized(column(name)) for name in ("wt", "hp", "qsec")] + [ones]
n, d = len(y), len(design)

# For a given sigma the coefficients solve (X'X / sigma^2 + I / 100) w = X'y / sigma^2; sigma then solves a scalar
# equation, d/dsigma = 0: -1/sigma - log(sigma)/sigma - n/sigma + RSS/sigma^3 = 0.
gram = matrix(d, d)
moment = matrix(d, 1)
for i in range(d):
    moment[i] = sum(u * v for u, v in zip(design[i], y))
    for j in range(d):
        gram[i, j] = sum(u * v for u, v in zip(design[i], design[j]))


def coefficients(sigma):
    a = gram / sigma**2
    for i in range(d):
        a[i, i] += mpf(1) / 100
    return lu_solve(a, moment / sigma**2)


def residual_sum(w):
    return sum((y[i] - sum(w[k] * design[k][i] for k in range(d))) ** 2 for i in range(n))


def slope(sigma):
    return -1 / sigma - log(sigma) / sigma - n / sigma + residual_sum(coefficients(sigma)) / sigma**3


sigma = mp.findroot(slope, (mpf("0.3"), mpf("0.5")), solver="anderson", tol=1e-60)
w = coefficients(sigma)
loss = (
    d * log(10 * sqrt(2 * pi)) + sum(v**2 for v in w) / 200
    + log(sigma) + log(2 * pi) / 2 + log(sigma) ** 2 / 2
    + n * log(sigma * sqrt(2 * pi)) + residual_sum(w) / (2 * sigma**2)
)
for name, v in zip(("wt", "hp", "qsec", "bias"), w):
    print(name, mp.nstr(v, 17))
print("sigma", mp.nstr(sigma, 17))
print("loss", mp.nstr(loss, 17))
