"""Helpers shared by the reference table generators in this directory.

Needs only Python 3 and mpmath. Nothing here depends on the platform's math
library: conversions from and to double are exact integer arithmetic.
"""

import math
import os

from mpmath import mp, mpf


def exact(x):
    """The mpf that equals the double (or int) x exactly, at any precision."""
    if isinstance(x, mpf):
        return x
    return mpf(x)


def to_double(v):
    """v rounded to the nearest double (ties to even); gradual underflow;
    overflow gives an infinity."""
    v = mpf(v)
    if mp.isnan(v):
        return math.nan
    if mp.isinf(v):
        return math.inf if v > 0 else -math.inf
    sign, man, exp, bc = v._mpf_
    man, exp, bc = int(man), int(exp), int(bc)
    if man == 0:
        return 0.0
    if exp + bc < -1100:
        result = 0.0
    elif exp + bc > 1100:
        result = math.inf
    else:
        try:
            # int / int is correctly rounded in CPython, also when subnormal.
            result = man * 2**exp / 1 if exp >= 0 else man / 2 ** (-exp)
        except OverflowError:
            result = math.inf
    return -result if sign else result


def literal(d, prefix):
    """A C++ literal that reads back as exactly the double d. Infinity and NaN
    are the constants <prefix>_inf and <prefix>_nan."""
    if math.isnan(d):
        return prefix + "_nan"
    if math.isinf(d):
        return ("" if d > 0 else "-") + prefix + "_inf"
    text = repr(d)  # shortest decimal that round-trips, at most 17 digits
    assert float(text) == d
    return text


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


def at_two_precisions(compute, low, high):
    """compute() returns a flat list of mpf. Evaluate it with `low` and with
    `high` decimal digits and require that the doubles are identical, so that
    cancellation or too few digits cannot pass unnoticed."""
    with mp.workdps(low):
        first = [to_double(v) for v in compute()]
    with mp.workdps(high):
        second = [to_double(v) for v in compute()]
    for a, b in zip(first, second):
        if not same(a, b):
            raise AssertionError(f"precision is too low: {a!r} and {b!r}")
    return second


def step(x):
    """Step for numerical differentiation at x."""
    return mpf(10) ** -40 * (min(abs(x), mpf(1)) if x != 0 else mpf(1))


def numerical_first(f, x):
    h = step(x)
    return (f(x + h) - f(x - h)) / (2 * h)


def numerical_second(f, x):
    h = step(x)
    return (f(x + h) - 2 * f(x) + f(x - h)) / (h * h)


def close(a, b, tolerance):
    """|a - b| <= tolerance * max(|a|, |b|); an absolute 1e-70 lets exact
    zeros agree with a finite difference."""
    return abs(a - b) <= tolerance * max(abs(a), abs(b)) + mpf(10) ** -70


def write_header(path, text):
    temporary = path + ".new"
    with open(temporary, "w", encoding="ascii", newline="\n") as out:
        out.write(text)
    os.replace(temporary, path)


def here(name):
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
