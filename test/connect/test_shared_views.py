"""Global temporary views are the process's, temporary views the session's; what is cached is noted by name."""

import pytest
from pyspark.errors import AnalysisException


@pytest.fixture
def sessions(server):
    two = server.session(), server.session()
    yield two
    for session in two:
        session.stop()


def test_a_global_view_is_seen_by_another_session(sessions):
    one, two = sessions
    one.range(3).createOrReplaceGlobalTempView("shared_v")
    one.range(5).createOrReplaceTempView("own_v")
    assert two.table("global_temp.shared_v").count() == 3
    assert two.sql("SELECT count(*) AS n FROM global_temp.shared_v").first().n == 3
    assert "shared_v" in [view.name for view in two.catalog.listTables("global_temp")]  # other tests' are there too
    assert ("global_temp", "shared_v", True) in [tuple(row) for row in two.sql("SHOW VIEWS IN global_temp").collect()]
    assert not two.catalog.tableExists("own_v")
    with pytest.raises(AnalysisException, match="TEMP_TABLE_OR_VIEW_ALREADY_EXISTS"):
        two.range(1).createGlobalTempView("shared_v")
    assert two.catalog.dropGlobalTempView("shared_v")
    with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_NOT_FOUND"):
        one.table("global_temp.shared_v").count()


def test_cached_names(sessions):
    spark = sessions[0]
    spark.range(3).createOrReplaceTempView("cached_v")
    spark.sql("CREATE OR REPLACE TABLE cached_t AS SELECT 1 AS a")
    assert not spark.catalog.isCached("cached_v")
    spark.catalog.cacheTable("cached_v")
    spark.sql("CACHE TABLE cached_t")
    assert spark.catalog.isCached("cached_v") and spark.catalog.isCached("cached_t")
    spark.catalog.uncacheTable("cached_v")
    assert not spark.catalog.isCached("cached_v") and spark.catalog.isCached("cached_t")
    spark.catalog.clearCache()
    assert not spark.catalog.isCached("cached_t")
    with pytest.raises(AnalysisException, match="TABLE_OR_VIEW_NOT_FOUND"):
        spark.catalog.isCached("no_such_table")


def test_hints(sessions):
    spark = sessions[0]
    left, right = spark.range(3), spark.range(2)
    for hint in ("broadcast", "merge", "shuffle_hash", "shuffle_replicate_nl", "nosuchhint"):
        assert left.join(right.hint(hint), "id").count() == 2
    assert left.hint("repartition", 2).coalesce(1).count() == 3
    left.createOrReplaceTempView("hinted")
    for hint in ("BROADCAST(t)", "MAPJOIN(t), COALESCE(1)", "REPARTITION(2, id)", "REPARTITION_BY_RANGE(id)", "REBALANCE"):
        assert spark.sql(f"SELECT /*+ {hint} */ t.id FROM hinted t JOIN hinted u ON t.id = u.id").count() == 3


def test_create_or_replace_overwrites_and_create_appends(sessions):
    """Spark's RTAS overwrites (OverwriteByExpression of TRUE), its CTAS appends; Iceberg's summaries say so."""
    spark = sessions[0]
    for table in ("made_v2", "made_sql", "made_first"):
        spark.sql(f"DROP TABLE IF EXISTS {table}")
    spark.range(2).writeTo("made_v2").createOrReplace()
    spark.sql("CREATE OR REPLACE TABLE made_sql AS SELECT 1 AS a")
    spark.range(2).writeTo("made_first").create()
    operations = [[row.operation for row in spark.sql(f"SELECT operation FROM {table}.snapshots").collect()]
                  for table in ("made_v2", "made_sql", "made_first")]
    assert operations == [["overwrite"], ["overwrite"], ["append"]]
    assert spark.table("made_v2").count() == 2
