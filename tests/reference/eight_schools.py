"""The MAP point of examples/eight_schools.cpp, found without modus.

The log joint density, in constrained space, with mu ~ Normal(0, 5), tau ~ Gamma(2, 0.1), z_j ~ Normal(0, 1),
y_j ~ Normal(mu + tau z_j, s_j). For given mu and tau each z_j has a closed form, z = tau (y - mu) / (tau^2 + s^2); mu
and tau then solve two equations, by Newton's method in 50 digits. Run: /usr/bin/python3 eight_schools.py (mpmath).
"""
from mpmath import mp, mpf, log, pi, sqrt

mp.dps = 50
y = [mpf(v) for v in (28, 8, -3, 7, -1, 1, 18, 12)]
s = [mpf(v) for v in (15, 10, 16, 11, 9, 11, 10, 18)]


def points(mu, tau):
    return [tau * (a - mu) / (tau**2 + b**2) for a, b in zip(y, s)]


def slopes(mu, tau):
    z = points(mu, tau)
    residuals = [(a - mu - tau * c) / b**2 for a, b, c in zip(y, s, z)]
    return (
        -mu / 25 + sum(residuals),
        1 / tau - mpf("0.1") + sum(r * c for r, c in zip(residuals, z)),
    )


def log_joint(mu, tau):
    z = points(mu, tau)
    total = -mu**2 / 50 - log(5 * sqrt(2 * pi))
    total += 2 * log(mpf("0.1")) + log(tau) - mpf("0.1") * tau
    for a, b, c in zip(y, s, z):
        total += -c**2 / 2 - log(2 * pi) / 2
        total += -((a - mu - tau * c) / b) ** 2 / 2 - log(b * sqrt(2 * pi))
    return total


mu, tau = mp.findroot(slopes, (mpf(5), mpf(9)), tol=1e-80)
# the density is larger here than on a grid around it, so this is the maximum
best = log_joint(mu, tau)
for i in range(1, 60):
    for j in range(-40, 80):
        assert log_joint(mpf(j) / 2, mpf(i) / 2) <= best
print("mu", mp.nstr(mu, 17))
print("tau", mp.nstr(tau, 17))
print("z", [mp.nstr(v, 17) for v in points(mu, tau)])
print("loss", mp.nstr(-best, 17))
