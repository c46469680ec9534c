"""Random changes of a table: what is read after each does not depend on how the table is laid out. The twin has no
partitions, no order, no position deletes, and nobody compacts it."""

import os
from pathlib import Path

import pytest

from random_cases import Table
from row_changes import run_firn

ROOT = Path(__file__).resolve().parents[2]
LAYOUT = ("CALL ", "PARTITION FIELD", "SET TBLPROPERTIES", " WRITE ")


def plain(statement):
    return "SELECT 1" if any(word in statement for word in LAYOUT) else statement


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_layout_does_not_change_rows(seed, tmp_path):
    binary = Path(os.environ.get("FIRN", ROOT / "build/release/firn"))
    statements = [s.removeprefix("~ ").replace("'space.t'", "'default.t'") for s in Table(seed).make()]
    given = run_firn(binary, tmp_path / "full", {"t": statements})["t"]
    wanted = run_firn(binary, tmp_path / "plain", {"t": [plain(s) for s in statements]})["t"]
    for number, (statement, one, other) in enumerate(zip(statements, given, wanted)):
        assert "error" not in one, f"{statement}\n{one}"
        if statement.startswith("SELECT"):
            assert one == other, f"{number}: after {statements[number - 1]}\n{statement}"
