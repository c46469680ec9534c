"""What is larger than the memory limit spills: sorts, joins, aggregations, cached DataFrames. What cannot is refused by name."""

import os

import pytest
from pyspark.sql import functions as F

from conftest import HELD_BACK, Server

ROWS = 1_500_000
LIMIT_MB = 160   # the engine has half of it
# About 100 MB of texts that no dictionary makes small.
TEXT = "concat('a text that is longer than twelve bytes: ', hash(id), '/', id)"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    server = Server(folder, "--conf", f"firn.memory.limit={LIMIT_MB}m", "--conf", f"firn.temp.folder={folder / 'spill'}",
                    "--conf", "firn.threads=2")
    yield server
    server.stop()


@pytest.fixture
def session(small):
    one = small.session()
    yield one
    one.stop()


def spilled(server):
    """Bytes of files in its folder for what spills, now."""
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(server.folder / "spill") for name in names)


BIG = {
    "sort": f"SELECT count(*), max(n) FROM (SELECT row_number() OVER (ORDER BY t) AS n, t FROM (SELECT {TEXT} AS t FROM range({ROWS})))",
    "aggregation": f"SELECT count(*), sum(n) FROM (SELECT t, count(*) AS n FROM (SELECT {TEXT} AS t FROM range({ROWS})) GROUP BY t)",
    "distinct": f"SELECT count(*), {ROWS} FROM (SELECT DISTINCT {TEXT} AS t FROM range({ROWS}))",
    "join": f"SELECT count(*), {ROWS} FROM (SELECT {TEXT} AS t FROM range({ROWS})) a JOIN (SELECT {TEXT} AS t FROM range({ROWS})) b ON a.t = b.t",
}


@pytest.mark.parametrize("what", BIG)
def test_what_is_larger_than_the_limit_is_answered(session, what):
    assert tuple(session.sql(BIG[what]).first()) == (ROWS, ROWS)


def test_a_cached_dataframe_spills(session, small):
    """It is half as large again as the engine's memory; it keeps its order, answers filters, and goes again."""
    frame = session.range(ROWS).select("id", F.expr(TEXT).alias("t"), F.lit(7).alias("n"), F.lit(8).alias("m")).cache()
    assert frame.count() == ROWS
    assert spilled(small) > 10 << 20
    assert frame.where("id % 500000 = 7").select("n", "id").collect() == [(7, 7), (7, 500007), (7, 1000007)]
    assert [row.id for row in frame.limit(3).collect()] == [0, 1, 2]
    assert frame.selectExpr("sum(id)", "count(DISTINCT n)", "min(m)").first() == (ROWS * (ROWS - 1) // 2, 1, 8)
    assert small.rss < (3 * LIMIT_MB << 20) + HELD_BACK
    frame.unpersist()


def test_what_cannot_spill_says_what_to_set(session):
    with pytest.raises(Exception, match="firn.memory.limit") as refused:
        session.sql(f"SELECT size(collect_list({TEXT})) FROM range({2 * ROWS})").collect()
    said = str(refused.value)
    assert "FIRN_RESOURCE" in said or "53000" in said
    assert "firn.temp.folder" in said and "SET " not in said and "duckdb" not in said.lower()
    assert session.range(10).count() == 10
