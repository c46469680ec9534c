"""What a test says in SQL, its twin says with DataFrames: firn's answers through the stock client against Spark's."""

import json

import pytest

from dataframe_answers import GOLDEN, answer
from dataframe_rows import ORDERED, ROWS

EXPECTED = json.loads(GOLDEN.read_text())


@pytest.mark.parametrize("name", list(ROWS))
def test_row(spark, name):
    assert answer(ROWS[name], spark, name in ORDERED) == EXPECTED[name]
