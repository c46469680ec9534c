"""Every row of rows/*.test: firn's names, types, rows and error conditions are those that Spark gave (golden/*.json).

No Spark is needed here; `./dev oracle --update` asks it anew. A row of known_differences.tsv must differ.
"""

import os
from pathlib import Path

import pytest

import cases
import firn_answers

ROOT = Path(__file__).resolve().parents[2]
FILES = cases.read_files()
GOLDEN = {file.path.stem: cases.read_golden(file) for file in FILES}
KNOWN = cases.read_known_differences()
ROWS = [row for file in FILES for row in file.rows if row.kind != "setup"]


@pytest.fixture(scope="session")
def firn(tmp_path_factory):
    binary = Path(os.environ.get("FIRN", ROOT / "build/release/firn"))
    assert binary.exists(), f"{binary} is missing: ./dev build makes it"
    return firn_answers.answers(binary, tmp_path_factory.mktemp("warehouse"), FILES)


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.file}:{row.line}" for row in ROWS])
def test_as_spark(firn, row):
    spark = GOLDEN[row.file].get(row.key)
    assert spark, f"no golden answer: ./dev oracle --update {row.file}\n{row.sql}"
    answer = firn[row.file, *row.key]
    reason = KNOWN.get((row.file, *row.key))
    if reason is None:
        got, wanted = cases.comparable(row, answer, spark), cases.comparable(row, spark, spark)
        assert got == wanted, f"{row.sql}\n{answer.get('message', '')}"
    else:
        assert not cases.agree(row, spark, answer), f"agrees now, take it out of known_differences.tsv: {row.sql}"
        assert "crash" not in answer, f"{row.sql}\n{answer}"


def test_known_differences_name_rows():
    rows = {(row.file, *row.key) for row in ROWS}
    assert not set(KNOWN) - rows, "known_differences.tsv names rows that do not exist"
