#!/usr/bin/env python3
"""Runs the layers check, the unit tests and the suites under test/, and adds their results up.

`./dev test` calls it once everything is built. The last line is "N passed, N failed"; the exit code
is 1 where anything failed.
"""

import argparse
import atexit
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import sanitizer_reports

ROOT = Path(__file__).resolve().parent.parent
# Those that exist are run, in this order, as many at once as LANES says: the longest first.
SUITES = ["connect", "interop", "stream", "seeds", "crash", "simulation", "cli", "files", "doctests", "examples", "python", "oracle", "tools"]
LANES = min(2, os.cpu_count() or 1)
TEST_TIMEOUT_S = 300  # against what hangs; --long, or under a sanitizer: three times that
SUITE_TIMEOUT_S = 1800
RUNNING = set()  # process groups of suites
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
    environment = dict(os.environ, GTEST_OUTPUT=f"xml:{results}/", **sanitizer_reports.settings(preset, "unit"))
    if text:
        environment["GTEST_FILTER"] = f"*{text}*"
    command = ["ctest", "--test-dir", str(build), "--output-on-failure", "--no-tests=error"]
    command += ["-j", str(os.cpu_count()), "--timeout", str(TEST_TIMEOUT_S if preset == "release" else 3 * TEST_TIMEOUT_S)]
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


def run_bounded(command, environment, log, seconds):
    """Its exit code; what it still runs after that time is killed. Its output goes to the file `log`."""
    with open(log, "wb") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out, start_new_session=True)
        RUNNING.add(process.pid)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            out.write(f"\nfirn: killed after {seconds} s\n".encode())
            return 1
        finally:
            RUNNING.discard(process.pid)


def end_what_runs():
    for group in RUNNING:
        os.killpg(group, signal.SIGTERM)


def run_suite(name, python, options):
    """pytest over test/NAME; prints what it said when it has ended."""
    results = ROOT / "build" / options.preset / "test-results" / f"{name}.junit"
    results.parent.mkdir(parents=True, exist_ok=True)
    results.unlink(missing_ok=True)
    log = results.with_suffix(".log")
    environment = dict(
        os.environ,
        FIRN=str(ROOT / "build" / options.preset / "firn"),
        FIRN_PEERS=str(ROOT / ".deps/peers"),
        FIRN_TEST_LONG="1" if options.long else "",
        **sanitizer_reports.settings(options.preset, name),
    )
    slower = 1 if options.preset == "release" and not options.long else 3
    command = [str(python), "-m", "pytest", "-q", "-rfE", f"--timeout={TEST_TIMEOUT_S * slower}"]
    command += [f"--junitxml={results}", "-p", "no:cacheprovider", str(ROOT / "test" / name)]
    if options.filter:
        command += ["-k", options.filter]
    code = run_bounded(command, environment, log, SUITE_TIMEOUT_S * slower)
    print(f"== {name}\n{log.read_text(errors='replace')}", end="", flush=True)
    if code == NOTHING_COLLECTED and options.filter:
        return Tally()
    cases = read_cases(results)
    tally = tally_of(cases) if cases is not None else Tally()
    if code != 0 and tally.failed == 0:
        tally.failed = 1
    return tally


def run_fuzz():
    """Each fuzz target for a minute, against inputs that nobody has seen yet."""
    log = ROOT / "build/fuzz.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    code = run_bounded(["./dev", "fuzz", "--seconds", "60"], dict(os.environ), log, 3 * SUITE_TIMEOUT_S)
    said = log.read_text(errors="replace")
    print(f"== fuzz\n{said[-8000:]}", flush=True)
    summary = re.search(r"^(\d+) targets clean, (\d+) with findings", said, re.MULTILINE)
    if summary is None:
        return Tally(failed=1)
    tally = Tally(passed=int(summary[1]), failed=int(summary[2]))
    if code != 0 and not tally.failed:
        tally.failed = 1
    return tally


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev test")
    parser.add_argument("--fast", action="store_true", help="layers and unit tests only")
    parser.add_argument("--long", action="store_true", help="the suites' long variants too")
    parser.add_argument("--filter", default="", help="only tests whose name contains this")
    parser.add_argument("--suite", action="append", default=[], help="only test/SUITE, or unit")
    parser.add_argument("--preset", default="release", help="unit tests of this preset; with --suite: that suite with its program")
    return parser.parse_args()


def wanted_parts(options):
    """name -> function that runs it: those that run alone, and those that run side by side"""
    alone = {"layers": run_layers, "unit": lambda: run_unit(options.preset, options.filter)}
    beside = {}
    if not options.fast and (options.preset == "release" or options.suite):
        python = ROOT / ".deps/peers/venv/bin/python"
        for name in SUITES:
            if any((ROOT / "test" / name).glob("**/test_*.py")):
                beside[name] = lambda name=name: run_suite(name, python, options)
    if (options.long and not options.fast and not options.filter) or "fuzz" in options.suite:
        beside["fuzz"] = run_fuzz
    unknown = set(options.suite) - set(alone) - set(beside)
    if unknown:
        sys.exit(f"firn: no suite {', '.join(sorted(unknown))}; there are {', '.join([*alone, *beside])}")
    wanted = [{name: run for name, run in parts.items() if not options.suite or name in options.suite}
              for parts in (alone, beside)]
    return wanted


def timed(name, run, preset, lines):
    begin = time.monotonic()
    sanitizer_reports.forget(preset, name)
    tally = run()
    tally.failed += sanitizer_reports.count(preset, name)
    lines.append((name, time.monotonic() - begin, tally))


def run_beside(parts, preset, lines):
    """Each lane takes the next suite that no other has taken."""
    waiting = queue.SimpleQueue()
    for name in parts:
        waiting.put(name)

    def lane():
        while True:
            try:
                name = waiting.get_nowait()
            except queue.Empty:
                return
            print(f"-- {name} begins", flush=True)
            timed(name, parts[name], preset, lines)

    lanes = [threading.Thread(target=lane, daemon=True) for _ in range(LANES)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()


def main():
    options = parse_arguments()
    alone, beside = wanted_parts(options)
    lines = []
    atexit.register(end_what_runs)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    for name, run in alone.items():
        print(f"== {name}", flush=True)
        timed(name, run, options.preset, lines)
    run_beside(beside, options.preset, lines)

    total = Tally()
    print("== summary")
    for name, seconds, tally in lines:
        total.add(tally)
        print(f"{name:<10} {seconds:7.1f} s  {tally}")
    if total.skipped:
        print(f"{total.skipped} skipped")
    print(f"{total.passed} passed, {total.failed} failed", flush=True)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
