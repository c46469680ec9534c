#!/usr/bin/env python3
"""Rules of style that no formatter knows: banned words with their replacement, and sizes of files.

`./dev lint` runs it over every tracked or new file of ours.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_LINES = 700

# Where, what, and what to do instead.
BANNED_TEXT = [
    (r"\.(h|cc)$", r"^\s*using namespace ", "name what is used: using firn::types::Type;"),
    (r"\.(h|cc)$", r"^\s*#\s*ifndef \w+_H_?$", "#pragma once"),
    (r"\.(h|cc)$", r"\bstd::endl\b", "'\\n'"),
    (r"\.(h|cc)$", r"\bassert\(", "CHECK(condition, why), which is on in release too"),
    (r"\.(h|cc|py|sh|md)$", r"\b(TODO|FIXME|XXX|HACK)\b", "do it, or describe the limit plainly"),
    (r"src/.*\.(h|cc)$", r"catch \(\.\.\.\)\s*\{\s*\}", "translate the error, or let it pass"),
]
# Names that others gave.
NAMED_BY_OTHERS = {"python/awsglue/utils.py"}
BANNED_NAME = re.compile(r"(^|[/_])(utils?|helpers?|common|misc|manager|impl)([_./]|$)")


def our_files():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def complaints_of(name, lines):
    if BANNED_NAME.search(name) and name not in NAMED_BY_OTHERS:
        yield f"{name}: name the concept, not its role (util, helper, common, misc, manager, impl)"
    if name.endswith((".h", ".cc")):
        if len(lines) > MOST_LINES:
            yield f"{name}: {len(lines)} lines; split what does two things"
        if lines and not lines[0].startswith("//"):
            yield f"{name}:1: open with one to three lines that say what the file is for"
    for where, what, instead in BANNED_TEXT:
        if not re.search(where, name):
            continue
        for number, line in enumerate(lines, 1):
            if re.search(what, line):
                yield f"{name}:{number}: instead: {instead}"


def main():
    complaints = []
    for name in our_files():
        if name.startswith("tools/") or not name.endswith((".h", ".cc", ".py", ".sh", ".md", ".cmake")):
            continue
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        complaints += complaints_of(name, lines)
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
