#!/usr/bin/env python3
"""Counts the instructions of a step of three small fits, and compares them with recorded.json.

    tests/instructions/compare.py             fails if a count is 10 % above the record (25 % for another compiler)
    tests/instructions/compare.py --record    writes the record

A count says what time on a shared machine cannot: it is the same in every run. Callgrind counts runs of some steps and
of twice as many; the difference is free of what starting costs. The program is built here, for a processor that
Valgrind knows. Exits with 77, which ctest shows as skipped, where it cannot be counted.
"""
import argparse
import json
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
RECORD = HERE / "recorded.json"
STEPS = 200
TOLERANCE, OTHER_COMPILER = 10, 25  # percent
NEEDED = {"avx2", "bmi2", "fma"}  # what x86-64-v3 uses
SKIPPED = 77


def run(*command):
    """The output of a quiet command, which is shown where it fails."""
    done = subprocess.run(
        command, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        sys.exit(f"{done.stdout}compare.py: failed with {done.returncode}: {' '.join(map(str, command))}")
    return done.stdout


def obstacle():
    """Why nothing can be counted here."""
    if not shutil.which("valgrind"):
        return "there is no valgrind (tools/setup installs it)"
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return f"the counts are those of x86-64 Linux, and this is {platform.machine()} {platform.system()}"
    flags = re.search(r"^flags\s*:(.*)", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    missing = NEEDED - set(flags.group(1).split() if flags else ())
    return f"the processor has no {' and '.join(sorted(missing))}" if missing else None


def build(options):
    run(options.cmake, "-G", "Ninja", "-S", HERE, "-B", options.build, f"-DCMAKE_CXX_COMPILER={options.compiler}",
        f"-DCMAKE_CXX_FLAGS={options.flags}", "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG",
        "-DMODUS_ARCH=x86-64-v3")
    run(options.cmake, "--build", options.build, "--target", "fits")
    return options.build / "fits"


def instructions(program, fit, steps):
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory) / "callgrind.out"
        run("valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", program, fit, str(steps))
        return int(re.search(r"^totals: (\d+)", out.read_text(), re.MULTILINE).group(1))


def counts(program, fits):
    return {f: round((instructions(program, f, 2 * STEPS) - instructions(program, f, STEPS)) / STEPS) for f in fits}


def compare(compiler, found):
    """Prints the comparison; whether it is good."""
    record = json.loads(RECORD.read_text())
    recorded = record["instructions_per_step"]
    is_same = compiler == record["compiler"]
    tolerance = TOLERANCE if is_same else OTHER_COMPILER
    print(f"instructions per step with {compiler}; recorded with {record['compiler']}: at most {tolerance} % more")
    good = True
    for fit in sorted(found.keys() | recorded.keys()):
        if fit not in found or fit not in recorded:
            print(f"  {fit}: {'not counted any more' if fit in recorded else 'not recorded'}")
            good = False
            continue
        change = 100 * (found[fit] / recorded[fit] - 1)
        verdict = ""
        if change > tolerance:
            verdict = "  TOO MANY"
            good = False
        elif change < -TOLERANCE and is_same:
            verdict = "  fewer: please lower the record"
        print(f"  {fit:<28} {found[fit]:>9,}  recorded {recorded[fit]:>9,}  {change:+6.1f} %{verdict}")
    if not good:
        print("If this is meant, tests/instructions/compare.py --record writes what is counted now.")
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write the record")
    parser.add_argument("--build", type=pathlib.Path, default=HERE.parent.parent / "build" / "dev" / "instructions",
                        help="where to build (default: where the preset dev does)")
    parser.add_argument("--compiler", default="clang++-19")
    parser.add_argument("--flags", default="", help="CMAKE_CXX_FLAGS")
    parser.add_argument("--cmake", default="cmake")
    options = parser.parse_args()

    reason = obstacle()
    if reason:
        print(f"skipped: {reason}")
        return SKIPPED
    program = build(options)
    compiler, *fits = run(program).split()
    found = counts(program, fits)
    if options.record:
        RECORD.write_text(json.dumps({"compiler": compiler, "instructions_per_step": found}, indent=2) + "\n")
        print(RECORD.read_text(), end="")
        return 0
    return 0 if compare(compiler, found) else 1


sys.exit(main())
