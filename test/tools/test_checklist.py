"""Tables of the documents name tests: each is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"([\w/]+\.(?:py|cc))::([\w.]+)")


@pytest.mark.parametrize("document, at_least", [("iceberg-checklist.md", 50), ("testing.md", 30)])
def test_the_named_tests_are_there(document, at_least):
    named = NAMED.findall((ROOT / "docs" / document).read_text())
    assert len(named) > at_least
    missing = [f"{file}::{name}" for file, name in named if not is_there(file, name)]
    assert not missing


def test_each_failure_of_others_has_a_test():
    part = (ROOT / "docs/testing.md").read_text().split("## How others lost or repeated rows")[1].split("\n## ")[0]
    rows = [line for line in part.splitlines() if line.startswith("|")][2:]
    assert len(rows) >= 14
    assert not [row for row in rows if not NAMED.search(row.split("|")[-2])]


def is_there(file, name):
    path = next(ROOT.glob(file if "/" in file else f"test/*/{file}"), None)
    if path is None:
        return False
    if file.endswith(".py"):
        return re.search(rf"^def {name}\(", path.read_text(), re.M) is not None
    suite, _, case = name.partition(".")
    return re.search(rf"TEST(_F|_P)?\({suite},\s+{case}\)", path.read_text()) is not None
