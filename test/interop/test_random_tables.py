"""Random tables, written by firn, Spark and PyIceberg in turn, evolved by one of them, and read by all; what manifests say of firn's
files is computed again from the rows (equal_rows.py, file_checks.py).

FIRN_RANDOM_SCHEMAS: how many (100; 1000 with FIRN_TEST_LONG=1); FIRN_RANDOM_SEED: where they start; FIRN_RANDOM_BATCH: how many at a
time (50); FIRN_INTEROP_SPARK=0: without Spark. A failing case prints its seed, schema and what happened to it, and its seed alone makes it again:
FIRN_RANDOM_SEED=N FIRN_RANDOM_SCHEMAS=1.
"""

import os

import pytest

from equal_rows import Batch

LONG = os.environ.get("FIRN_TEST_LONG") == "1"
COUNT = int(os.environ.get("FIRN_RANDOM_SCHEMAS", 1000 if LONG else 100))
FIRST = int(os.environ.get("FIRN_RANDOM_SEED", 1))
SPARK = os.environ.get("FIRN_INTEROP_SPARK") != "0"
SIZE = int(os.environ.get("FIRN_RANDOM_BATCH", 50))


@pytest.fixture(scope="module")
def random_space(firn):
    firn.run("CREATE NAMESPACE random_tables")
    return "random_tables"


@pytest.mark.parametrize("first", range(FIRST, FIRST + COUNT, SIZE))
def test_random_tables(request, firn, pyiceberg, random_space, tmp_path, first):
    spark = request.getfixturevalue("spark") if SPARK else None
    batch = Batch(range(first, min(first + SIZE, FIRST + COUNT)), firn, pyiceberg, random_space, tmp_path, spark).run()
    print(dict(batch.done), *(f"{count} × {reason}" for reason, count in batch.skipped.most_common()), sep="\n")
    report = batch.report()
    print(report)
    assert not report, report
    if len(batch.cases) >= 50:  # the peers took part
        assert batch.done["firn"] > SIZE * 1.7 and batch.done["pyiceberg"] > SIZE * 0.5
        assert spark is None or batch.done["spark"] > SIZE
