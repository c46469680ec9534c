"""DELETE, UPDATE, MERGE, INSERT: firn's rows and errors are real Spark's (rows/row_changes.json), whether files are
rewritten or position deletes are written."""

import os
from pathlib import Path

import pytest

from row_changes import read_answers, read_cases, run_firn

ROOT = Path(__file__).resolve().parents[2]
MODES = {
    "copy-on-write": "",
    "merge-on-read": "'write.delete.mode'='merge-on-read', 'write.update.mode'='merge-on-read', "
                     "'write.merge.mode'='merge-on-read'",
    "merge-on-read by partition": "'write.delete.mode'='merge-on-read', 'write.update.mode'='merge-on-read', "
                                  "'write.merge.mode'='merge-on-read', 'write.delete.granularity'='partition'",
}
# Where Spark has no condition of its own (Iceberg's exceptions), any error will do.
NO_CONDITION = ("none", None)


@pytest.fixture(scope="module", params=list(MODES))
def answers(request, tmp_path_factory):
    binary = Path(os.environ.get("FIRN", ROOT / "build/release/firn"))
    return run_firn(binary, tmp_path_factory.mktemp("rows"), read_cases(), MODES[request.param])


@pytest.mark.parametrize("name", list(read_cases()))
def test_case(name, answers):
    spark = read_answers()[name]
    for statement, wanted, given in zip(read_cases()[name], spark, answers[name], strict=True):
        if "error" in wanted:
            assert "error" in given, f"Spark refuses: {statement}\n{wanted['message']}"
            if wanted["error"] not in NO_CONDITION:
                assert given["error"] == wanted["error"], f"{statement}\n{given}\n{wanted}"
        else:
            assert given == wanted, statement
