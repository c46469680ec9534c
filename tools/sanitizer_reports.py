"""What a preset's sanitizers are told, and the reports that they leave: `./dev test --preset dev` and `--preset tsan`.

A report goes into a file of its own, build/PRESET/sanitizer-reports/PART.PID, because a server's stderr may have no reader.
"""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "tools/sanitizers"  # what is suppressed, and why
SLOWER = 4  # time-outs of the suites stretch by it
LEAK_CHECKED = ["unit", "cli"]  # the programs of other parts are killed, or a library's threads outlive them


def folder_of(preset):
    return ROOT / "build" / preset / "sanitizer-reports"


def settings(preset, part):
    """Environment variables for a part of a run (unit, or a suite); one's own options come last and so win."""
    if preset == "release":
        return {}
    folder_of(preset).mkdir(parents=True, exist_ok=True)
    common = [f"log_path={folder_of(preset)}/{part}", "print_stacktrace=1"]
    leaks = int(part in LEAK_CHECKED)
    options = {
        "ASAN_OPTIONS": [*common, f"detect_leaks={leaks}", "strict_string_checks=1"],
        "LSAN_OPTIONS": [f"suppressions={RULES}/leaks.txt", "print_suppressions=0"],
        "UBSAN_OPTIONS": [*common, "halt_on_error=1"],
        "TSAN_OPTIONS": [common[0], f"suppressions={RULES}/threads.txt", "ignore_noninstrumented_modules=1", "history_size=4"],
    }
    joined = {name: ":".join([*values, *filter(None, [os.environ.get(name)])]) for name, values in options.items()}
    return {"FIRN_TEST_SLOWER": str(SLOWER), **joined}


def forget(preset, part):
    for old in folder_of(preset).glob(f"{part}.*"):
        old.unlink()


def first_line(path):
    lines = path.read_text(errors="replace").splitlines()
    return next((line.strip() for line in lines if any(word in line for word in ("ERROR:", "WARNING:", "runtime error:"))), "a report")


def count(preset, part):
    """Says each report that a part has left; how many there are."""
    found = sorted(folder_of(preset).glob(f"{part}.*"))
    for path in found:
        print(f"{path.relative_to(ROOT)}: {first_line(path)}", flush=True)
    return len(found)
