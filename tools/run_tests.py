#!/usr/bin/env python3
"""Runs the layers check, the unit tests and the suites under test/, and adds their results up.

`./dev test` calls it once everything is built. The last line is "N passed, N failed"; the exit code
is 1 where anything failed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUITES = ["tools", "python", "cli", "connect", "sql", "files", "interop", "oracle", "stream", "crash", "seeds", "examples", "doctests"]  # those that exist are run
TEST_TIMEOUT_S = 900
NOTHING_COLLECTED = 5  # pytest's exit code


@dataclass
class Tally:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def read_cases(path):
    """The test cases of a JUnit file (ctest's, GoogleTest's, pytest's); None where it is missing or cut off."""
    try:
        return list(ElementTree.parse(path).getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return None


def tally_of(cases):
    tally = Tally()
    for case in cases:
        if case.find("failure") is not None or case.find("error") is not None:
            tally.failed += 1
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            tally.skipped += 1
        else:
            tally.passed += 1
    return tally


def run_layers():
    done = subprocess.run([sys.executable, "tools/check_layers.py"], cwd=ROOT)
    return Tally(passed=1) if done.returncode == 0 else Tally(failed=1)


def run_unit(preset, text):
    """ctest over the GoogleTest programs and the replays of the fuzz corpora."""
    build = ROOT / "build" / preset
    results = build / "test-results"
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    environment = dict(os.environ, GTEST_OUTPUT=f"xml:{results}/")
    if text:
        environment["GTEST_FILTER"] = f"*{text}*"
    command = ["ctest", "--test-dir", str(build), "--output-on-failure", "--no-tests=error"]
    command += ["-j", str(os.cpu_count()), "--timeout", str(TEST_TIMEOUT_S)]
    command += ["--output-junit", str(results / "ctest.junit")]
    if text:
        command += ["--exclude-regex", "^fuzz_"]
    subprocess.run(command, cwd=ROOT, env=environment)

    programs = read_cases(results / "ctest.junit")
    if programs is None:
        return Tally(failed=1)
    tally = Tally()
    for program in programs:
        as_program = tally_of([program])
        cases = read_cases(results / f"firn_{program.get('name')}_test.xml")
        if cases is None:  # a fuzz replay, or a program that died before it could write
            tally.add(as_program)
            continue
        inside = tally_of(cases)
        if as_program.failed and not inside.failed:  # died after its last test: a sanitizer, a destructor
            inside.failed = 1
        tally.add(inside)
    return tally


def run_suite(name, python, text, long):
    """pytest over test/NAME."""
    folder = ROOT / "test" / name
    results = ROOT / "build/release/test-results" / f"{name}.junit"
    results.parent.mkdir(parents=True, exist_ok=True)
    results.unlink(missing_ok=True)
    environment = dict(
        os.environ,
        FIRN=str(ROOT / "build/release/firn"),
        FIRN_PEERS=str(ROOT / ".deps/peers"),
        FIRN_TEST_LONG="1" if long else "",
    )
    command = [str(python), "-m", "pytest", "-q", "-rfE", f"--timeout={TEST_TIMEOUT_S}"]
    command += [f"--junitxml={results}", "-p", "no:cacheprovider", str(folder)]
    if text:
        command += ["-k", text]
    code = subprocess.run(command, cwd=ROOT, env=environment).returncode
    if code == NOTHING_COLLECTED and text:
        return Tally()
    cases = read_cases(results)
    tally = tally_of(cases) if cases is not None else Tally()
    if code != 0 and tally.failed == 0:
        tally.failed = 1
    return tally


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev test")
    parser.add_argument("--fast", action="store_true", help="layers and unit tests only")
    parser.add_argument("--long", action="store_true", help="the suites' long variants too")
    parser.add_argument("--filter", default="", help="only tests whose name contains this")
    parser.add_argument("--suite", action="append", default=[], help="only test/SUITE, or unit")
    parser.add_argument("--preset", default="release", help="unit tests of this preset only")
    return parser.parse_args()


def wanted_parts(options):
    """name -> function that runs it, in order"""
    parts = {"layers": run_layers, "unit": lambda: run_unit(options.preset, options.filter)}
    if not options.fast and options.preset == "release":
        python = ROOT / ".deps/peers/venv/bin/python"
        for name in SUITES:
            if any((ROOT / "test" / name).glob("**/test_*.py")):
                parts[name] = lambda name=name: run_suite(name, python, options.filter, options.long)
    unknown = set(options.suite) - set(parts)
    if unknown:
        sys.exit(f"firn: no suite {', '.join(sorted(unknown))}; there are {', '.join(parts)}")
    return {name: run for name, run in parts.items() if not options.suite or name in options.suite}


def main():
    options = parse_arguments()
    total = Tally()
    lines = []
    for name, run in wanted_parts(options).items():
        print(f"== {name}", flush=True)
        begin = time.monotonic()
        tally = run()
        total.add(tally)
        lines.append(f"{name:<10} {time.monotonic() - begin:7.1f} s  {tally}")
    print("== summary")
    print("\n".join(lines))
    if total.skipped:
        print(f"{total.skipped} skipped")
    print(f"{total.passed} passed, {total.failed} failed", flush=True)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
