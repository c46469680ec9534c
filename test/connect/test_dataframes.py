"""What a test says in SQL, its twin says with DataFrames: firn's answers through the stock client against Spark's."""

import json

import pytest

from dataframe_answers import GOLDEN, answer
from dataframe_rows import ORDERED, ROWS

EXPECTED = json.loads(GOLDEN.read_text())
# Rows that firn answers otherwise yet.
KNOWN = {
    "join: self with a filtered one",  # a column of one side that both have
    "function: map functions",  # a Python map's order is kept
    "show: nested",  # the same
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.xfail(strict=True)) if n in KNOWN else n for n in ROWS])
def test_row(spark, name):
    assert answer(ROWS[name], spark, name in ORDERED) == EXPECTED[name]
