#!/usr/bin/env python3
"""Makes batch_functions.hpp: reference values of the functions of Batch, with
the rounding errors of the values, so that errors can be told in fractions of
a unit in the last place.

Run (no arguments; takes a few seconds, needs python3-mpmath):

    /usr/bin/python3 tests/reference/batch_functions.py

Every argument is a double and is converted exactly. Every result is computed
with 120 and again with 160 decimal digits; the two must round to the same
double and agree in what was rounded. Values are checked against Python's math
module where it has the function. The output is deterministic.

The arguments are dense and random, with a fixed seed, over the ranges where
the function does something; they lie around the places where the
implementation (modules/autodiff/batch.cpp) changes from one formula to
another; and they are those where it was found to be least accurate, among about
10^9 random arguments.
"""

import math
import random
import sys

sys.dont_write_bytecode = True

from mpmath import mp, mpf  # noqa: E402

from reference_common import (  # noqa: E402
    exact, here, literal, same, to_double, write_header)

LOW, HIGH = 120, 160

LN2 = math.log(2)
TINY = 5e-324
MIN = sys.float_info.min
MAX = sys.float_info.max


def sigmoid(x):
    return 1 / (1 + mp.exp(-x)) if x > 0 else mp.exp(x) / (1 + mp.exp(x))


def softplus(x):
    return max(x, mpf(0)) + mp.log1p(mp.exp(-abs(x)))


def erfc(x):
    return mp.erfc(x) if x < 100 else mpf(0)  # mpmath gives up


def lgamma(x):
    return mp.re(mp.loggamma(x))


def digamma(x):
    return mp.re(mp.psi(0, x))


def power(x, y):
    p = mp.power(abs(x), y)
    return -p if x < 0 and int(y) % 2 else p


# Second opinions, in double.
MATH = {"exp": math.exp, "expm1": math.expm1, "log": math.log, "log1p": math.log1p,
        "sqrt": math.sqrt, "tanh": math.tanh, "erf": math.erf, "erfc": math.erfc,
        "lgamma": math.lgamma, "pow": math.pow}


# -------------------------------------------------------------- arguments

def uniform(rng, n, a, b):
    return [rng.uniform(a, b) for _ in range(n)]


def spread(rng, n, a, b):
    """Uniform in the logarithm, of one sign."""
    sign = 1 if a > 0 else -1
    low, high = math.log(abs(a)), math.log(abs(b))
    return [sign * math.exp(rng.uniform(low, high)) for _ in range(n)]


def around(*places):
    """The doubles at, next to and near each place."""
    result = []
    for x in places:
        result += [x, math.nextafter(x, math.inf), math.nextafter(x, -math.inf),
                   x * (1 + 3e-13), x * (1 - 3e-13), x * (1 + 1e-4), x * (1 - 1e-4)]
    return result


def both(points):
    return points + [-x for x in points]


# exp: n changes at odd multiples of ln(2) / 2.
HALVES = [(n + 0.5) * LN2 for n in (0, 1, 2, 3, 10, 51, 52, 53, 54, 500, 1020, 1021)]
# log: the exponent changes at sqrt(1/2) 2^n.
ROOTS = [math.ldexp(math.sqrt(0.5), n) for n in (-1074 + 60, -53, -1, 0, 1, 2, 52, 1000)]


def unary_points():
    r = random.Random(20240501)
    u = lambda n, a, b: uniform(r, n, a, b)  # noqa: E731
    s = lambda n, a, b: spread(r, n, a, b)  # noqa: E731
    small = both([TINY, 1e-310, MIN, 1e-300, 1e-20, 1e-17, 1.2e-16, 3e-16, 1e-12, 1e-8, 1e-4])
    yield "exp", mp.exp, (
        u(120, -1, 1) + u(60, -30, 30) + u(60, -745, 709.7) + u(30, -745.2, -707)
        + s(15, 1e-18, 1) + s(15, -1e-18, -1) + small + around(*both(HALVES))
        + [709.7827128933840, 709.782712893384, 709.0, -745.1332191019411, -745.1332191019412, -744.4400719213812,
           -708.3964185322641, -708.3964185322642, -746.0, -800.0, -1e300]
        + WORST["exp"])
    yield "expm1", mp.expm1, (
        u(120, -1, 1) + u(60, -5, 5) + u(50, -45, 45) + u(20, -745, 709.7) + u(30, 35, 40)
        + s(20, 1e-18, 1) + s(20, -1e-18, -1) + small + around(*both(HALVES))
        + [59.9999999999, 60.0, 60.00000001, -39.9999999, -40.0, -40.000001, 709.782712893384, -800.0, -1e300]
        + WORST["expm1"])
    yield "log", mp.log, (
        u(100, 0.5, 2) + u(60, 0, 10) + u(40, 0.99, 1.01) + s(60, 1e-300, 1e300) + s(20, 1e-320, 1e-305)
        + around(*ROOTS) + around(1.0)[1:] + [TINY, 2 * TINY, MIN, math.nextafter(MIN, 0), MAX, 1e308, 2.0, 10.0]
        + WORST["log"])
    yield "log1p", mp.log1p, (
        u(100, -0.5, 1) + u(60, -1, 10) + s(30, 1e-18, 1) + s(30, -1e-18, -0.9) + s(30, 1, 1e300) + small
        + [x - 1 for x in around(*ROOTS[1:]) if x - 1 > -1 and x != 1] + around(2.0**52, 2.0**53)
        + [math.nextafter(-1, 0), -1 + 2.0**-52, -1 + 1e-12, -0.999999, MAX, 1e308]
        + WORST["log1p"])
    yield "sqrt", mp.sqrt, (
        u(60, 0, 4) + s(100, 1e-300, 1e300) + s(20, 1e-322, 1e-305) + around(1.0, 4.0)
        + [TINY, MIN, MAX, 1e-310, 2.0, 3.0])
    yield "tanh", mp.tanh, (
        u(100, -0.5, 0.5) + u(60, -3, 3) + u(40, -22, 22) + u(20, 18, 20.5)
        + s(25, 1e-18, 1) + s(25, -1e-18, -1) + small + around(*both([x / 2 for x in HALVES[:9]]))
        + [20.0, -20.0, 19.061547465398, 19.9999999, 20.00001, 500.0, -1e300]
        + WORST["tanh"])
    yield "sigmoid", sigmoid, (
        u(90, -3, 3) + u(60, -40, 40) + u(40, -745, -40) + u(20, -746, -705)
        + s(15, 1e-18, 1) + s(15, -1e-18, -1) + small + around(*both(HALVES))
        + [36.7, 37.5, 38.0, 746.0, -745.13, -745.1332191019412, -746.0, -1e300, 1e300]
        + WORST["sigmoid"])
    yield "softplus", softplus, (
        u(110, -3, 3) + u(50, -40, 40) + u(30, -745, -40) + u(20, -746, -705)
        + s(15, 1e-18, 1) + s(15, -1e-18, -1) + s(10, 1, 1e300) + small + around(*both(HALVES))
        + around(*both([-math.log(math.sqrt(2) - 1)]))
        + [36.7, 37.5, 38.0, 746.0, -745.13, -745.1332191019412, -746.0, -1e300, 1e300]
        + WORST["softplus"])
    yield "erf", mp.erf, (
        u(120, -1, 1) + u(60, -3, 3) + u(40, -6.2, 6.2) + u(30, 0.48, 0.56) + s(20, 1e-18, 0.5) + s(20, -1e-18, -0.5)
        + small + around(*both([0.5, 1.0])) + [5.8, 5.863584748755167, 5.9, 5.92, 6.0, -6.0, 6.5, 30.0, -1e300]
        + WORST["erf"])
    yield "erfc", erfc, (
        u(70, -1, 1) + u(60, 0.5, 3) + u(60, 3, 26.5) + u(30, 26, 27.23) + u(20, -6, 0) + u(30, 0.48, 0.56)
        + s(10, 1e-18, 0.5) + small + around(*both([0.5])) + around(3.5)
        + [26.543258454250, 26.5432, 27.0, 27.2, 27.22, 27.2260172, 27.23, 27.5, 28.0, 29.0, 1e300, -6.0, -1e300]
        + WORST["erfc"])
    zeros = [-2.457024738220800, -2.747682646727413, -3.143580888349980, -3.955294284858598]
    yield "lgamma", lgamma, (
        u(50, 0, 1) + u(60, 1, 2) + u(50, 2, 3) + u(50, 3, 10) + u(30, 10, 1000) + s(20, 1e-310, 1e-3)
        + s(30, 1e3, 2e305) + u(40, -10, 0) + u(15, -160, -10) + s(5, -1e-300, -1e-5)
        + [x for x in around(1.0, 2.0, 3.0) if x not in (1, 2)] + around(*zeros)
        + [TINY, MIN, -TINY, -1e-19, -1e-21, 2.5e305, 2.55e305, 3e305, MAX, -6.00132, -14.000000000004096, -1e15 - 0.5]
        + WORST["lgamma"])
    zero = 1.4616321449683622
    zeros = [-0.5040830082644554, -1.573498473162390, -8.7, -60.8]
    yield "digamma", digamma, (
        u(50, 0, 1) + u(60, 1, 2) + u(50, 2, 3) + u(50, 3, 10) + u(20, 10, 1000) + s(20, 1e-307, 1e-3)
        + s(20, 1e3, 1e308) + u(40, -10, 0) + u(15, -160, -10) + s(5, -1e-300, -1e-5)
        + around(1.0, 2.0, 3.0) + around(zero) + around(*zeros)
        + [TINY, MIN, MAX, -1e-300, -2.0000001, -6.00132, -1e15 - 0.5]
        + WORST["digamma"])


def pow_points():
    r = random.Random(20240502)
    u = lambda a, b: r.uniform(a, b)  # noqa: E731
    result = [(u(0, 10), u(-3, 3)) for _ in range(50)]
    result += [(u(0, 2), u(-300, 300)) for _ in range(30)]
    result += [(u(0.5, 2), u(-1020, 1020)) for _ in range(30)]
    result += [(u(1.4, 1.43), u(-2000, 2000)) for _ in range(30)]
    result += [(u(0.7, 0.715), u(-2000, 2000)) for _ in range(30)]
    result += [(1 + u(-1e-3, 1e-3), u(-7e5, 7e5)) for _ in range(30)]
    result += [(1 + u(-1e-9, 1e-9), u(-7e11, 7e11)) for _ in range(10)]
    result += [(math.exp(u(-700, 700)), u(-1, 1)) for _ in range(30)]
    result += [(math.exp(u(-744, -709)), u(-1, 1)) for _ in range(10)]
    result += [(math.exp(u(-700, 700)), math.exp(u(-600, -3))) for _ in range(10)]
    result += [(u(0.5, 0.51), u(1010, 1085)) for _ in range(20)]  # underflow
    result += [(-u(0.1, 3), float(r.randint(-40, 40))) for _ in range(30)]
    result += [(-u(0.99, 1.01), float(r.randint(-70000, 70000))) for _ in range(10)]
    result += [(-1 - k * 2.0**-52, y) for k in (1, 7) for y in (2.0**51 + 1, 2.0**52 - 1, 2.0**52 + 1, 2.0**53)]
    result += [(u(-10, 10), 2.0) for _ in range(10)]
    exponents = (0.5, -0.5, -1.0, 1.0, 3.0, 4.0, 1.5, 1 / 3, 1e-17, -1e-300, TINY)
    result += [(u(0, 10), y) for y in exponents for _ in range(2)]
    result += [(2.0, float(n)) for n in (-1074, -1073, -1060, -1023, -1022, -1021, -1, 1, 10, 1022, 1023, 1025, -1080)]
    result += [(x, y) for x in (TINY, MIN, MAX, 1e-310) for y in (1.0, 0.5, -0.5, 0.999, 1e-3, -1.0, 2.0)]
    result += [(x, y) for x in around(*ROOTS[2:6]) for y in (0.7, -31.3)]
    return result + WORST["pow"]


# Where the implementation was found to be least accurate: with 512, 256 and 128 bits wide registers.
WORST = {
    "exp": [-708.6999960463854, -708.6574306073226, -708.466807691621, 0.35683339226208277,
        0.3639614016876489, 709.4940421480663, 709.4497153809092, 14.254584005446082,
        -34.94405672864885, 365.65971789405836, -103.56455359557557],
    "expm1": [0.36358065309665255, 0.3540654006224764, 0.3649167418329258, 37.10465761358002,
        0.36140331386707203, 37.09650963800431, 37.097174012995715, 37.156337904091856,
        37.09847446060362, 37.08648967718254, -0.06227656378168148, 709.4866577446022],
    "log": [0.7069534179360005, 0.7070670674316971, 0.7068056165100717, 1.4043775587338547,
        1.2764425952869207, 1.414116007148378, 1.2723019734963448, 1.276673053528482,
        1.283862855931963, 1.007836419544924, 8.075166291407438e-308],
    "log1p": [-0.2941396707550704, -0.2942890663471819, -0.30155156304521247, 0.41098131321007103,
        -0.297131567426857, 0.41218976686858455, 0.28195548131199843, 0.2834267511864408,
        -0.2954795405392593, 0.3983913618423627, -0.3059996997072779],
    "tanh": [0.1245163107015046, -0.1236077580922646, 0.029981731356119895, -0.03050092863464715,
        -0.029954312461482807, -0.02872417951654782, 0.02995526619716804, 0.03063395681629105],
    "sigmoid": [-707.3424069688451, -707.3361253774511, -707.3388518086643, -29.440747757168108,
        -707.5501337900621, -34.997546372292675, -3.768807753574496, -4.490533825801725,
        0.38171189419333834],
    "softplus": [0.38673818732283954, 0.42054076474148766, -0.908725879649591, -1.2614816133459144,
        -1.2715185642592495, -0.917460580413241, -1.2820026897108328, -1.303584319996467,
        -707.3407394550428, -0.8850487232105263, -1.271482966695906, -707.3100236756806],
    "erf": [0.5037876273319959, -0.5014985618792795, -0.5011676356727068, 0.5063291342804372,
        -0.5000383608090109, -0.5093398021112201, 0.572917142841721, 0.5099231304719021],
    "erfc": [0.5039355740090989, 0.5032068511926615, 0.5095581326253684, 0.5020561384819542,
        0.5051658854261798, 0.5013673610952114, 0.5052131979361609, 0.4941067495002045,
        0.4786567912508268, 0.547345407599743, 26.202042994531592, 26.347276446407776],
    "lgamma": [2.017193448827284, 2.004473520608768, 2.1332806089745757, 2.1328747759937174,
        1.833145240487537, 1.9637635015471124, 1.8475604831613903, 1.0497559861034906,
        0.7150497690269059, 1.0264247465386092, 2.1146024907209133, 0.8308466460172966],
    "digamma": [2.0093330662170312, 2.048040114666448, 2.0357131899022107, 2.017847601875226,
        0.9660214089994078, 0.9965442455735277, 0.8907897455895623, 0.8570351406690974,
        1.0563670740700926, 1.055775664694182, 3.0194054572929074, 1.402539949770399],
    "pow": [(0.7062596045048147, -2007.0426294821075), (1.4156279791831745, -1950.4150139554176),
        (0.7089736756081234, 1962.9667622879754), (1.4079182293379373, -2017.992075672515),
        (0.5020259592251438, 1028.533506256187), (0.500224729519564, 1023.134116497031),
        (0.7043246490181424, -960.3940828452132), (0.014389277045277815, 167.1542251914656),
        (0.05216889213812492, 239.95938903826232), (1.197451097160216, -3932.433791825159),
        (-9.57009315794459, 2.0), (3.67975842862237e-309, 0.9983382260472422)],
}


# ------------------------------------------------------------------ values

def unit(d):
    """The spacing of doubles at d, as a power of two."""
    return mpf(2) ** (max(math.frexp(d)[1], -1021) - 53)


def rounded(compute):
    """The nearest double, and what the exact value is more, in units."""
    results = []
    for digits in (LOW, HIGH):
        with mp.workdps(digits):
            v = compute()
            d = to_double(v)
            results.append((d, 0.0 if math.isinf(d) else float((v - d) / unit(d))))
    (a, rest), (b, better) = results
    assert same(a, b) and abs(rest - better) < 1e-9, (a, b, rest, better)
    if math.isinf(b):  # surely
        assert abs(v) > mpf(2) ** 1024 + 100 * unit(MAX)
    assert abs(better) <= 0.5
    return b, round(better, 4)


def check(name, where, value):
    if name not in MATH:
        return
    try:
        second = MATH[name](*where)
    except OverflowError:
        second = math.inf * (1 if value > 0 else -1)
    floor = 1 if name == "lgamma" else 0
    assert same(second, value) or abs(second - value) <= 2e-14 * max(abs(value), floor) + 2 * TINY, (
        name, where, value, second)


HEADER = """\
// clang-format off
// Generated by tests/reference/batch_functions.py (mpmath {version}); do not edit.
//
// Reference values for the functions of Batch. The arguments are exact doubles.
// The exact value is value + rest * unit, where unit is the spacing of doubles
// at value: 2^(e - 53) for 2^(e-1) <= |value| < 2^e, and at least 2^-1074.
// An infinite value is an overflow far beyond what rounding could excuse.
//
// sigmoid is 1/(1+e^-x), softplus log(1+e^x), lgamma log|Gamma(x)|, pow x^y.
#pragma once

#include <limits>

namespace reference {{

inline constexpr double batch_inf = std::numeric_limits<double>::infinity();

"""


def unique(points):
    return list(dict.fromkeys(points))


def main():
    from mpmath import __version__ as version
    out = [HEADER.format(version=version)]
    counts = []
    out.append("struct BatchUnary { const char* name; double x; double value; double rest; };\n\n"
               "inline constexpr BatchUnary batch_unary[] = {\n")
    for name, f, points in unary_points():
        points = unique(points)
        for x in points:
            value, rest = rounded(lambda: f(exact(x)))
            check(name, (x,), value)
            out.append(f'    {{"{name}", {literal(x, "batch")}, {literal(value, "batch")}, {rest}}},\n')
        counts.append((name, len(points)))
    out.append("};\n\n"
               "struct BatchBinary { const char* name; double x, y; double value; double rest; };\n\n"
               "inline constexpr BatchBinary batch_binary[] = {\n")
    points = unique(pow_points())
    for x, y in points:
        value, rest = rounded(lambda: power(exact(x), exact(y)))
        check("pow", (x, y), value)
        out.append(f'    {{"pow", {literal(x, "batch")}, {literal(y, "batch")}, {literal(value, "batch")}, {rest}}},\n')
    counts.append(("pow", len(points)))
    out.append("};\n\n}  // namespace reference\n")
    write_header(here("batch_functions.hpp"), "".join(out))
    for name, count in counts:
        print(f"{name} {count}")
    print("total", sum(count for _, count in counts))


if __name__ == "__main__":
    main()
