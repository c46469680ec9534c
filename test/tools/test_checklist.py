"""docs/iceberg-checklist.md names tests: each is there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"([\w/]+\.(?:py|cc))::([\w.]+)")


def test_the_named_tests_are_there():
    named = NAMED.findall((ROOT / "docs/iceberg-checklist.md").read_text())
    assert len(named) > 50
    missing = [f"{file}::{name}" for file, name in named if not is_there(file, name)]
    assert not missing


def is_there(file, name):
    path = ROOT / (file if "/" in file else f"test/interop/{file}")
    if not path.exists():
        return False
    if file.endswith(".py"):
        return re.search(rf"^def {name}\(", path.read_text(), re.M) is not None
    suite, _, case = name.partition(".")
    return re.search(rf"TEST(_F|_P)?\({suite},\s+{case}\)", path.read_text()) is not None
