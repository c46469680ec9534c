"""Tables that statements have changed: Spark and PyIceberg read them, and SHOW, DESCRIBE and the metadata tables say
the same on firn and on Spark."""

import json

import pytest

from engines import assert_same, of_arrow, of_firn, of_spark, plain

TABLE = """CREATE TABLE {t} (id INT NOT NULL, name STRING COMMENT 'who', amount DECIMAL(10, 2), at TIMESTAMP,
    p STRUCT<x: INT, y: ARRAY<STRUCT<z: FLOAT>>>, m MAP<STRING, INT>)
    USING iceberg PARTITIONED BY (days(at), bucket(4, id)) COMMENT 'a table' TBLPROPERTIES ('k' = 'v')"""
ROWS = """INSERT INTO {t} VALUES
    (1, 'a', 1.5, TIMESTAMP '2024-01-01 10:00:00', named_struct('x', 1, 'y', array(named_struct('z', 1.5f))), map('a', 1)),
    (2, NULL, NULL, TIMESTAMP '2024-01-02 10:00:00', NULL, NULL)"""


def same(firn, spark, sql):
    """One statement, both engines, equal rows; gives them."""
    want = of_spark(spark, sql)
    assert_same(of_firn(firn.rows(sql), want), want, sql)
    return want


def changed(firn, space, *statements):
    t = f"firn.{space}.t"
    firn.run("; ".join(s.format(t=t) for s in (TABLE, ROWS) + statements))
    return t


CHANGES = {
    "add": (["ALTER TABLE {t} ADD COLUMN p.w STRING COMMENT 'c' AFTER x",
             "ALTER TABLE {t} ADD COLUMNS (a1 INT FIRST, a2 STRING AFTER id)",
             "ALTER TABLE {t} ADD COLUMN p.y.element.v INT"],
            "a1, id, a2, p, name"),
    "drop": (["ALTER TABLE {t} DROP COLUMN name, amount", "ALTER TABLE {t} DROP COLUMN p.x"], "id, at, p, m"),
    "rename": (["ALTER TABLE {t} RENAME COLUMN name TO full_name", "ALTER TABLE {t} RENAME COLUMN p.x TO xx"],
               "id, full_name, p.xx"),
    "types": (["ALTER TABLE {t} ALTER COLUMN id TYPE BIGINT", "ALTER TABLE {t} ALTER COLUMN p.y.element.z TYPE DOUBLE",
               "ALTER TABLE {t} ALTER COLUMN amount TYPE DECIMAL(12, 2)", "ALTER TABLE {t} ALTER COLUMN m.value TYPE BIGINT"],
              "id, p, amount, m"),
    "order": (["ALTER TABLE {t} ALTER COLUMN m FIRST", "ALTER TABLE {t} ALTER COLUMN amount AFTER at",
               "ALTER TABLE {t} ALTER COLUMN id DROP NOT NULL", "ALTER TABLE {t} ALTER COLUMN at COMMENT 'when'"],
              "m, id, amount, at"),
    "partition": (["ALTER TABLE {t} DROP PARTITION FIELD days(at)", "ALTER TABLE {t} ADD PARTITION FIELD truncate(name, 2) AS nm",
                   "ALTER TABLE {t} REPLACE PARTITION FIELD bucket(4, id) WITH bucket(id, 8)",
                   "INSERT INTO {t} SELECT id + 10, 'bcd', amount, at, p, m FROM {t}"], "id, name, at"),
    "sort": (["ALTER TABLE {t} WRITE ORDERED BY name DESC, id"], "id, name"),
    "identifier": (["ALTER TABLE {t} SET IDENTIFIER FIELDS id"], "id, name"),
    "refs": (["ALTER TABLE {t} CREATE TAG tg RETAIN 10 DAYS", "ALTER TABLE {t} CREATE BRANCH br",
              "INSERT INTO {t} (id, at) VALUES (7, TIMESTAMP '2024-01-07 00:00:00')"], "id"),
    "properties": (["ALTER TABLE {t} SET TBLPROPERTIES ('a.b' = 'c', 'comment' = 'other')",
                    "ALTER TABLE {t} UNSET TBLPROPERTIES ('k')"], "id"),
    "replaced": (["CREATE OR REPLACE TABLE {t} USING iceberg PARTITIONED BY (id) AS SELECT id, name AS n FROM {t}"], "id, n"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_table_reads_equal(firn, spark, pyiceberg, space, change):
    statements, columns = CHANGES[change]
    t = changed(firn, space, *statements)
    rows = same(firn, spark, f"SELECT {columns} FROM {t}")
    assert rows
    same(firn, spark, f"DESCRIBE {t}")
    same(firn, spark, f"SHOW COLUMNS IN {t}")
    same(firn, spark, f"SHOW TBLPROPERTIES {t}")
    table = pyiceberg.load_table(f"{space}.t")
    assert table.scan().to_arrow().num_rows == len(rows)
    spark.sql(f"INSERT INTO {t} SELECT * FROM {t} LIMIT 1")  # Spark goes on with it
    same(firn, spark, f"SELECT {columns} FROM {t}")


METADATA = {
    "history": "*", "snapshots": "*", "refs": "*", "metadata_log_entries": "*", "manifests": "*", "all_manifests": "*",
    "files": "*", "data_files": "*", "delete_files": "*", "all_files": "*", "all_data_files": "*",
    "all_delete_files": "*", "entries": "*", "all_entries": "*", "partitions": "*",
}


@pytest.fixture(scope="module")
def by_spark(firn, spark):
    """A table with a history, made by Spark."""
    t = "firn.described.t"
    for sql in ["CREATE NAMESPACE firn.described", TABLE, ROWS,
                "INSERT INTO {t} SELECT id + 10, name, amount, at, p, m FROM {t}", "DELETE FROM {t} WHERE id = 11",
                "ALTER TABLE {t} ADD PARTITION FIELD truncate(name, 2)", "ALTER TABLE {t} CREATE TAG tg",
                "INSERT INTO {t} SELECT id + 20, 'xyz', amount, at, p, m FROM {t}",
                "ALTER TABLE {t} WRITE ORDERED BY id DESC"]:
        spark.sql(sql.format(t=t))
    return t


@pytest.mark.parametrize("table", METADATA)
def test_metadata_table(firn, spark, by_spark, table):
    want = same(firn, spark, f"SELECT {METADATA[table]} FROM {by_spark}.{table}")
    assert want or "delete" in table
    types = [(f.name, f.dataType.simpleString()) for f in spark.sql(f"SELECT * FROM {by_spark}.{table}").schema]
    got = [(row["col_name"], row["data_type"]) for row in firn.rows(f"DESCRIBE {by_spark}.{table}")]
    assert got == types


@pytest.mark.parametrize("sql", ["DESCRIBE {t}", "DESCRIBE EXTENDED {t}", "DESCRIBE {t} name", "SHOW CREATE TABLE {t}",
                                 "SHOW TBLPROPERTIES {t}", "SHOW TBLPROPERTIES {t} ('k')", "SHOW TBLPROPERTIES {t} ('zz')",
                                 "SHOW COLUMNS IN {t}", "SHOW TABLES IN firn.described",
                                 "SELECT count(*) FROM {t} VERSION AS OF 'tg'", "SELECT count(*) FROM {t}.tag_tg",
                                 "SELECT count(*) FROM {t}.files VERSION AS OF 'tg'",
                                 "CALL firn.system.ancestors_of('described.t')"])
def test_statement_answers_as_spark(firn, spark, by_spark, sql):
    assert same(firn, spark, sql.format(t=by_spark))


def test_time_travel_reads_equal(firn, spark, by_spark):
    for row in of_spark(spark, f"SELECT snapshot_id, made_current_at FROM {by_spark}.history"):
        same(firn, spark, f"SELECT * FROM {by_spark} VERSION AS OF {row['snapshot_id']}")
        same(firn, spark, f"SELECT id, name FROM {by_spark} TIMESTAMP AS OF '{row['made_current_at']}'")


def test_views_are_shared(firn, spark, space):
    firn.run(TABLE.format(t=f"{space}.t") + "; " + ROWS.format(t=f"{space}.t") +
             f"; USE {space}; CREATE VIEW v (a, b) AS SELECT id, upper(name) FROM t WHERE id > 0;"
             "CREATE OR REPLACE VIEW v (a, b COMMENT 'second') COMMENT 'vv' AS SELECT id, lower(name) FROM t")
    same(firn, spark, f"SELECT * FROM firn.{space}.v")
    same(firn, spark, f"SHOW VIEWS IN firn.{space}")
    spark.sql(f"USE firn.{space}")
    spark.sql("CREATE VIEW w AS SELECT id, name AS n FROM t")
    same(firn, spark, f"SELECT * FROM firn.{space}.w")
    same(firn, spark, f"DESCRIBE firn.{space}.w")
    same(firn, spark, f"SHOW CREATE TABLE firn.{space}.w")
    same(firn, spark, f"SHOW TBLPROPERTIES firn.{space}.w")
    firn.run(f"ALTER VIEW {space}.w RENAME TO x; DROP VIEW {space}.v")
    assert [row["viewName"] for row in spark.sql(f"SHOW VIEWS IN firn.{space}").collect()] == ["x"]


def appended(firn, t, times):
    firn.run(TABLE.format(t=t) + "; " + "; ".join([ROWS.format(t=t)] * times))


def test_compaction_keeps_the_rows(firn, spark, pyiceberg, space):
    t = f"firn.{space}.t"
    appended(firn, t, 6)
    before = of_spark(spark, f"SELECT * FROM {t}")
    done = firn.rows(f"CALL firn.system.rewrite_data_files(table => '{space}.t', strategy => 'sort', sort_order => 'id DESC')")
    assert done[0]["rewritten_data_files_count"] == 12 and done[0]["added_data_files_count"] == 2
    assert_same(of_spark(spark, f"SELECT * FROM {t}"), before)
    assert pyiceberg.load_table(f"{space}.t").scan().to_arrow().num_rows == 12
    assert of_spark(spark, f"SELECT count(*) AS n FROM {t}.files") == [{"n": plain(2)}]
    last = spark.sql(f"SELECT operation, summary FROM {t}.snapshots ORDER BY committed_at DESC").first()
    assert last["operation"] == "replace" and last["summary"]["total-records"] == "12"
    firn.run(f"CALL firn.system.rewrite_manifests('{space}.t')")
    expired = firn.rows(f"CALL firn.system.expire_snapshots(table => '{space}.t', retain_last => 1, "
                        "older_than => TIMESTAMP '2100-01-01 00:00:00')")[0]
    assert expired["deleted_data_files_count"] == 12 and expired["deleted_manifest_lists_count"] >= 7
    assert_same(of_spark(spark, f"SELECT * FROM {t}"), before)
    same(firn, spark, f"SELECT * FROM {t}.snapshots")


def test_compaction_applies_deletes_of_others(firn, spark, space):
    t = f"firn.{space}.t"
    appended(firn, t, 6)
    spark.sql(f"ALTER TABLE {t} SET TBLPROPERTIES ('write.delete.mode' = 'merge-on-read')")
    spark.sql(f"DELETE FROM {t} WHERE id = 2 AND name IS NULL")
    before = of_spark(spark, f"SELECT * FROM {t}")
    firn.run(f"CALL firn.system.rewrite_data_files(table => '{space}.t', options => map('rewrite-all', 'true'))")
    assert_same(of_spark(spark, f"SELECT * FROM {t}"), before)
    assert_same(of_firn(firn.rows(f"SELECT * FROM {t}"), before), before)


def test_rollback_and_references(firn, spark, space):
    t = f"firn.{space}.t"
    appended(firn, t, 3)
    first = firn.rows(f"SELECT snapshot_id FROM {t}.snapshots ORDER BY committed_at")[0]["snapshot_id"]
    moved = firn.rows(f"CALL firn.system.rollback_to_snapshot('{space}.t', {first})")[0]
    assert moved["current_snapshot_id"] == first
    same(firn, spark, f"SELECT * FROM {t}")
    same(firn, spark, f"SELECT * FROM {t}.history")
    assert "not an ancestor" in firn.error(
        f"CALL firn.system.rollback_to_snapshot('{space}.t', {moved['previous_snapshot_id']})")
    firn.run(f"CALL firn.system.set_current_snapshot(table => '{space}.t', snapshot_id => {moved['previous_snapshot_id']});"
             f"ALTER TABLE {t} CREATE BRANCH br AS OF VERSION {first}; CALL firn.system.fast_forward('{space}.t', 'br', 'main')")
    same(firn, spark, f"SELECT * FROM {t}.refs")
    same(firn, spark, f"SELECT * FROM {t}.branch_br")


def test_orphans_go_and_young_files_stay(firn, spark, space, warehouse):
    import os
    import time

    t = f"firn.{space}.t"
    appended(firn, t, 1)
    old, young = (warehouse / space / "t" / "data" / name for name in ("old.parquet", "young.parquet"))
    for file in (old, young):
        file.write_text("x")
    os.utime(old, (time.time() - 4 * 86400,) * 2)
    found = firn.rows(f"CALL firn.system.remove_orphan_files(table => '{space}.t', dry_run => true)")
    assert [row["orphan_file_location"].rsplit("/", 1)[1] for row in found] == ["old.parquet"] and old.exists()
    firn.run(f"CALL firn.system.remove_orphan_files(table => '{space}.t')")
    assert not old.exists() and young.exists()
    same(firn, spark, f"SELECT * FROM {t}")


def test_incremental_read(firn, spark, space):
    t = f"{space}.t"
    appended(firn, t, 3)
    ids = [row["snapshot_id"] for row in firn.rows(f"SELECT snapshot_id FROM {t}.snapshots ORDER BY committed_at")]
    sql = f"SELECT count(*) AS n FROM {t} WITH ('start-snapshot-id' = '{ids[0]}', 'end-snapshot-id' = '{ids[1]}')"
    assert firn.rows(sql) == [{"n": 2}]


def test_seed_spellings(firn, space):
    """What scripts in the wild ask of metadata tables and Iceberg does not have."""
    t = f"glue_catalog.{space}.events"
    firn.run(f"CREATE TABLE {t} (id BIGINT, partition_date STRING, partition_hour STRING) USING iceberg "
             f"PARTITIONED BY (partition_date, partition_hour); INSERT INTO {t} VALUES (1, CAST(current_date() AS STRING), '10')")
    rows = firn.rows(f"SELECT snapshot_id, timestamp_ms, operation, summary FROM {t}.snapshots ORDER BY timestamp_ms DESC LIMIT 10")
    assert len(rows) == 1 and rows[0]["timestamp_ms"] > 0
    rows = firn.rows(f"SELECT partition, file_count, total_size, data_file_count, delete_file_count FROM {t}.partitions "
                     "WHERE partition LIKE CONCAT(CURRENT_DATE(), '%') ORDER BY partition DESC")
    assert rows[0]["partition"].endswith("/10") and rows[0]["data_file_count"] == 1 and rows[0]["total_size"] > 0
    # Stars show what Iceberg's tables have, whatever the condition names.
    for condition in ("total_size > 0", "data_file_count = 1", "partition LIKE '%/10'"):
        shown = firn.rows(f"SELECT * FROM {t}.partitions AS p WHERE p.{condition}")
        assert list(shown[0]) == list(firn.rows(f"SELECT * FROM {t}.partitions")[0])
    assert "timestamp_ms" not in firn.rows(f"SELECT * FROM {t}.snapshots WHERE timestamp_ms > 0")[0]
    firn.run(f"CALL glue_catalog.system.rewrite_data_files(table => '{space}.events', target_file_size_bytes => 134217728 -- 128MB\n)")


def test_two_catalogs(firn, space, tmp_path):
    other = [f"SET spark.sql.catalog.other = org.apache.iceberg.spark.SparkCatalog",
             "SET spark.sql.catalog.other.type = jdbc", f"SET spark.sql.catalog.other.uri = jdbc:sqlite:{tmp_path}/o.db",
             f"SET spark.sql.catalog.other.warehouse = {tmp_path}/w"]
    rows = firn.rows("; ".join(other + [
        "CREATE NAMESPACE other.a", "CREATE TABLE other.a.t AS SELECT 1 AS x", f"CREATE TABLE {space}.t AS SELECT 2 AS x",
        f"SELECT a.x AS x, b.x AS y FROM other.a.t AS a, {space}.t AS b"]))
    assert rows[-1] == {"x": 1, "y": 2}
    assert (tmp_path / "w" / "a" / "t" / "metadata").exists()
    text = firn.run("; ".join(other + ["USE other.a", "SELECT * FROM t", "SHOW CATALOGS"]))
    assert json.loads(text.splitlines()[0]) == {"x": 1} and '"other"' in text
