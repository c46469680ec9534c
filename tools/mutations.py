#!/usr/bin/env python3
"""Puts one deliberate bug after the other into the streaming path and says which seed of the simulation, or which unit
test, catches it: tools/mutations.py [--build build/release] [--seeds N] [NAME…].

The tree is not touched: a changed copy of one source is compiled as its build does it, and linked before the build's own
libraries. The build must be up to date. Exit code 1 where a bug was not caught.
"""

import argparse
import json
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "mutations"))
from table import ROWS

ROOT = Path(__file__).resolve().parent.parent


def run(command, folder, seconds=600):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds)
    return done.returncode, done.stdout.decode(errors="replace")


def changed_text(file, old, new):
    text = (ROOT / file).read_text(encoding="utf-8")
    if text.count(old) != 1:
        sys.exit(f"mutations: in {file} this must stand once, it stands {text.count(old)} times:\n{old}")
    return text.replace(old, new)


def compile_changed(build, file, text, scratch):
    """The object of the changed source; in a unity build, of the unit that it is part of."""
    source = scratch / Path(file).name
    source.write_text(text, encoding="utf-8")
    rows = json.loads((build / "compile_commands.json").read_text())
    for row in rows:
        path = Path(row["file"])
        if path.as_posix().endswith("/" + file):
            unit = source
        elif path.name.startswith("unity_") and path.exists() and f"/{file}\"" in path.read_text():
            lines = [f'#include "{source}"' if f"/{file}\"" in line else line for line in path.read_text().splitlines()]
            unit = scratch / "unit.cxx"
            unit.write_text("\n".join(lines) + "\n")
        else:
            continue
        words = shlex.split(row["command"])
        out = scratch / "changed.o"
        words[words.index("-o") + 1] = str(out)
        words[words.index("-c") + 1] = str(unit)
        code, said = run(words, row["directory"])
        if code != 0:
            sys.exit(f"mutations: {file} does not compile:\n{said}")
        return out
    sys.exit(f"mutations: {build} does not compile {file}")


def link(build, target, changed, out):
    _, said = run(["ninja", "-t", "commands", target], build)
    command = said.strip().splitlines()[-1].removeprefix(": && ").removesuffix(" && :")
    words = shlex.split(command)
    at = words.index("-o")
    words[at + 1] = str(out)
    words.insert(at, str(changed))
    code, said = run(words, build)
    if code != 0:
        sys.exit(f"mutations: {target} does not link:\n{said}")


def catches(by, program, seeds):
    """What the check said where it failed; "" where it passed."""
    if by in ("simulation", "whole"):
        range_of_seeds = ["--seeds", f"1..{seeds}"] if by == "simulation" else ["--seeds", f"1..{seeds // 20}", "--whole", "1"]
        code, said = run([program, *range_of_seeds, "--first"], ROOT, 3600)
        found = [line for line in said.splitlines() if line.startswith("seed ")]
        return "" if code == 0 else (found or [f"exit code {code}"])[0]
    code, said = run([program, f"--gtest_filter={by.partition(':')[2]}"], ROOT)
    if "Running 0 tests" in said:
        sys.exit(f"mutations: no test is named {by}")
    found = [line for line in said.splitlines() if "FAILED" in line]
    return "" if code == 0 else (found or [f"exit code {code}"])[0]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("names", nargs="*", help="only rows whose name contains one of these")
    options = parser.parse_args()
    build = (ROOT / options.build).resolve()
    missed = 0
    for name, file, old, new, by in ROWS:
        if options.names and not any(text in name for text in options.names):
            continue
        with tempfile.TemporaryDirectory() as folder:
            scratch = Path(folder)
            changed = compile_changed(build, file, changed_text(file, old, new), scratch)
            target = "firn_simulation" if by in ("simulation", "whole") else f"firn_{by.partition(':')[0]}_test"
            link(build, target, changed, scratch / "program")
            said = catches(by, scratch / "program", options.seeds)
        missed += not said
        print(f"{'caught' if said else 'NOT caught'}: {name}" + (f"  ({said[:160]})" if said else ""), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
