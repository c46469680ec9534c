"""docs/features.md: each row's status is one of three, each named test is there, and the count is right."""

import functools
import re
from collections import Counter
from pathlib import Path

from test_checklist import is_there

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/features.md").read_text()
STATES = ("works", "partly", "not yet")


def rows():
    """(number, status, note, names of the last column) of each row."""
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in TEXT.splitlines()]
    return [(int(row[0]), row[2], row[3], re.findall(r"`([^`]+)`", row[4])) for row in cells
            if len(row) == 5 and row[0].isdigit()]


@functools.cache
def names_of_tests():
    found = set()
    for path in [*ROOT.glob("test/**/*.py"), *ROOT.glob("src/**/*_test.cc"), *ROOT.glob("src/**/*_test_*.cc")]:
        text = path.read_text()
        found.update(re.findall(r"^def (test_\w+)\(", text, re.M))
        found.update(f"{suite}.{case}" for suite, case in re.findall(r"TEST(?:_F|_P)?\((\w+),\s+(\w+)\)", text))
        found.update(suite for suite in re.findall(r"TEST(?:_F|_P)?\((\w+),", text))
    return found


def is_shown(name):
    file, _, test = name.partition("::")
    if test:
        return is_there(file, test)
    if "/" in name:
        return (ROOT / name).exists()
    return name in names_of_tests() or (name.endswith(".test") and (ROOT / "test/oracle/rows" / name).exists())


def test_each_row_is_there_once():
    assert [number for number, *_ in rows()] == list(range(1, 246))


def test_the_named_tests_are_there():
    missing = [(number, name) for number, _, _, names in rows() for name in names if not is_shown(name)]
    assert not missing


def test_what_is_claimed_is_shown():
    assert not [number for number, status, _, _ in rows() if status not in STATES]
    assert not [number for number, status, _, names in rows() if status != "not yet" and not names]
    assert not [number for number, status, note, _ in rows() if status == "partly" and not note]


def test_the_count():
    count = Counter(status for _, status, *_ in rows())
    assert f"{count['works']} work, {count['partly']} partly, {count['not yet']} not yet." in TEXT
