"""Python functions give what they give in real Spark: rows, types, conditions of errors. Answers say where they are from:
real Spark, asked by update_udfs.py ("review": a reading of its documentation and sources, with the reason beside the row)."""

import json
from pathlib import Path

import pytest
import udf_rows

ANSWERS = json.loads((Path(__file__).parent / "udf_answers.json").read_text())
KNOWN = {  # name → why firn's answer differs
    "table_function": "LEFT JOIN LATERAL keeps the rows of which the function makes none; Spark loses them",
    "analyze_fails": "the message is the exception alone; Spark has the worker's traceback in it",
}


def test_the_answers_are_sparks():
    """Each row has one, and what Spark did not say itself has its reason."""
    assert set(ANSWERS) == {*udf_rows.ROWS, *udf_rows.ERRORS}
    assert [name for name, row in ANSWERS.items() if not row["from"].startswith("Spark 4.") and "reason" not in row] == []


@pytest.fixture(scope="module")
def session(server):
    spark = server.session()
    spark.conf.set("spark.sql.session.timeZone", "UTC")
    yield spark
    spark.stop()


@pytest.mark.parametrize("name", [*udf_rows.ROWS, *udf_rows.ERRORS])
def test_as_in_spark(session, name):
    given = udf_rows.outcome(session, name)
    if name in KNOWN:
        assert given != ANSWERS[name]["answer"], f"{name} agrees now; the list of differences says: {KNOWN[name]}"
        pytest.xfail(KNOWN[name])
    assert given == ANSWERS[name]["answer"]
