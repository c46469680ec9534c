"""What a test says in SQL, its twin says with DataFrames: firn's answers through the stock client against Spark's."""

import json

import pytest

from dataframe_answers import GOLDEN, answer
from dataframe_rows import ORDERED, ROWS

EXPECTED = json.loads(GOLDEN.read_text())
# Rows that firn answers otherwise yet.
KNOWN = {
    # A Connect client sends a dict in its order; the answers are of a client that goes through Java's HashMap.
    "function: map functions",
    "show: nested",
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.xfail(strict=True)) if n in KNOWN else n for n in ROWS])
def test_row(spark, name):
    assert answer(ROWS[name], spark, name in ORDERED) == EXPECTED[name]
