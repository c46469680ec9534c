#!/usr/bin/env python3
"""Runs libFuzzer programs and sums up what they found. `./dev fuzz` calls it once they are built.

Each target runs for its time over its corpus (test/fuzz/corpus/NAME, and what earlier runs found in
build/fuzz/corpus/NAME), some targets side by side. A target ends at its first finding: a crash, a
report of a sanitizer, an input that takes longer than 10 s or more than 2 GB. The others go on. The
exit code is 1 where anything was found.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build/fuzz"
INPUT_SECONDS = 10
MEMORY_MB = 2048
STARTING_SECONDS = 300  # for the corpus, before the time counts


def whole_number(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("a number from 1 on")
    return number


def parse_arguments():
    parser = argparse.ArgumentParser(prog="./dev fuzz")
    parser.add_argument("names", nargs="*", metavar="NAME", help="targets (default: all)")
    parser.add_argument("--seconds", type=whole_number, default=60, metavar="N", help="for each target (default 60)")
    parser.add_argument("--jobs", type=whole_number, default=min(2, os.cpu_count() or 1), metavar="N",
                        help="targets side by side (default 2)")
    parser.add_argument("--list", action="store_true", help="print the targets' names")
    options = parser.parse_args()
    known = sorted(source.stem.removesuffix("_fuzz") for source in (ROOT / "test/fuzz").glob("*_fuzz.cc"))
    unknown = sorted(set(options.names) - set(known))
    if unknown:
        parser.error(f"no target {', '.join(unknown)}; there are {', '.join(known)}")
    options.names = options.names or known
    return options


def environment():
    """Libraries that are not instrumented hand over strings and vectors whose spare room ASan cannot know."""
    address = "detect_container_overflow=0:" + os.environ.get("ASAN_OPTIONS", "")
    undefined = "print_stacktrace=1:" + os.environ.get("UBSAN_OPTIONS", "")
    return dict(os.environ, ASAN_OPTIONS=address, UBSAN_OPTIONS=undefined)


def what_ended_it(log):
    """The line of the log that says it best."""
    for pattern in (r"^SUMMARY: .*", r"^.*runtime error: .*", r"^==\d+== ?ERROR: .*", r"^terminate called .*"):
        found = re.findall(pattern, log, re.MULTILINE)
        if found:
            return found[0]
    return (log.strip().splitlines() or ["it said nothing"])[-1]


def run_target(name, seconds):
    """(found something, line of the summary)"""
    found_before = BUILD / "corpus" / name
    found_before.mkdir(parents=True, exist_ok=True)
    findings = BUILD / "findings"
    findings.mkdir(parents=True, exist_ok=True)
    seeds = ROOT / "test/fuzz/corpus" / name
    if not seeds.is_dir() or not any(seeds.iterdir()):
        return True, f"{name}: no corpus in {seeds.relative_to(ROOT)}"
    log_file = BUILD / "logs" / f"{name}.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    command = [str(BUILD / "fuzz" / f"{name}_fuzz"), f"-max_total_time={seconds}", f"-timeout={INPUT_SECONDS}",
               f"-rss_limit_mb={MEMORY_MB}", f"-artifact_prefix={findings}/{name}-", "-print_final_stats=1",
               "-verbosity=1", str(found_before), str(seeds)]
    begin = time.monotonic()
    with open(log_file, "wb") as out:
        try:
            code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment(),
                                  timeout=seconds + STARTING_SECONDS).returncode
        except subprocess.TimeoutExpired:
            code = None
        except OSError as error:
            return True, f"{name}: cannot be run: {error}"
    took = time.monotonic() - begin
    log = log_file.read_text(errors="replace")
    units = re.findall(r"^stat::number_of_executed_units: *(\d+)", log, re.MULTILINE)
    peak = re.findall(r"^stat::peak_rss_mb: *(\d+)", log, re.MULTILINE)
    covered = re.findall(r" cov: (\d+)", log)
    ran = f"{units[-1] if units else '?'} inputs in {took:.0f} s"
    if code == 0:
        return False, f"{name}: {ran}, {covered[-1] if covered else '?'} edges, {peak[-1] if peak else '?'} MB"
    if code is None:
        return True, f"{name}: FOUND after {ran}: it did not end (the log: {log_file.relative_to(ROOT)})"
    written = re.findall(r"Test unit written to (\S+)", log)
    where = Path(written[-1]).relative_to(ROOT) if written else "no input was kept"
    return True, (f"{name}: FOUND after {ran}: {what_ended_it(log)}\n"
                  f"    input: {where}; the log: {log_file.relative_to(ROOT)}")


def main():
    options = parse_arguments()
    if options.list:
        print("\n".join(options.names))
        return 0

    def work(name):
        found, line = run_target(name, options.seconds)
        print(line, flush=True)
        return name if found else None

    with ThreadPoolExecutor(options.jobs) as lanes:
        failed = [name for name in lanes.map(work, options.names) if name]
    print(f"{len(options.names) - len(failed)} targets clean, {len(failed)} with findings"
          + (f": {', '.join(failed)}. Keep each input as a file in test/fuzz/corpus/NAME, and mend what it shows."
             if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
