"""One catalog file, three engines: each sees at once what the others create, change and drop; writers at the same time."""

import os
import sqlite3
import subprocess
import threading
import time

import pytest

from engines import of_spark


def test_firns_tables_are_seen_by_all(firn, spark, pyiceberg, space):
    firn.run(f"CREATE TABLE {space}.t (i INT) USING iceberg")
    assert (space,) in pyiceberg.list_namespaces()
    assert pyiceberg.list_tables(space) == [(space, "t")]
    assert [r["tableName"] for r in spark.sql(f"SHOW TABLES IN {space}").collect()] == ["t"]
    assert space in [r["namespace"] for r in spark.sql("SHOW NAMESPACES").collect()]


def test_the_others_tables_are_seen_by_firn(firn, spark, pyiceberg, space):
    import pyarrow as pa

    spark.sql(f"CREATE NAMESPACE {space}_spark")
    spark.sql(f"CREATE TABLE {space}_spark.t AS SELECT 1 AS i")
    pyiceberg.create_namespace(f"{space}_py")
    pyiceberg.create_table(f"{space}_py.t", schema=pa.schema([("i", pa.int64())])).append(pa.table({"i": [2]}))
    assert firn.rows(f"SELECT i FROM {space}_spark.t") == [{"i": 1}]
    assert firn.rows(f"SELECT i FROM {space}_py.t") == [{"i": 2}]
    for other in ("spark", "py"):
        names = [list(r.values()) for r in firn.rows(f"SHOW TABLES IN {space}_{other}")]
        assert any("t" in row for row in names), names
        firn.run(f"INSERT INTO {space}_{other}.t SELECT 7")   # a row without iceberg_type can be committed to
    assert spark.table(f"{space}_py.t").count() == 2


def test_a_drop_is_seen(firn, spark, pyiceberg, space):
    firn.run(f"CREATE TABLE {space}.a (i INT) USING iceberg; CREATE TABLE {space}.b (i INT) USING iceberg; "
             f"CREATE TABLE {space}.c (i INT) USING iceberg")
    spark.sql(f"DROP TABLE {space}.a")
    pyiceberg.drop_table(f"{space}.b")
    firn.run(f"DROP TABLE {space}.c")
    for name in "abc":
        assert "TABLE_OR_VIEW_NOT_FOUND" in firn.error(f"SELECT * FROM {space}.{name}")
        assert not spark.catalog.tableExists(f"{space}.{name}")
        assert not pyiceberg.table_exists(f"{space}.{name}")


def test_a_rename_is_seen(firn, spark, space):
    firn.run(f"CREATE TABLE {space}.a (i INT) USING iceberg; INSERT INTO {space}.a SELECT 1")
    spark.sql(f"ALTER TABLE {space}.a RENAME TO {space}.b")
    assert firn.rows(f"SELECT i FROM {space}.b") == [{"i": 1}]
    assert "TABLE_OR_VIEW_NOT_FOUND" in firn.error(f"SELECT * FROM {space}.a")
    firn.run(f"INSERT INTO {space}.b SELECT 2")
    assert spark.table(f"{space}.b").count() == 2


def test_properties_set_by_others_are_kept(firn, spark, pyiceberg, space):
    firn.run(f"CREATE TABLE {space}.t (i INT) USING iceberg TBLPROPERTIES ('team' = 'firn')")
    spark.sql(f"ALTER TABLE {space}.t SET TBLPROPERTIES ('from' = 'spark')")
    firn.run(f"INSERT INTO {space}.t SELECT 1")
    properties = pyiceberg.load_table(f"{space}.t").properties
    assert properties["team"] == "firn" and properties["from"] == "spark"


def test_rows_of_the_catalog_are_what_java_expects(firn, spark, warehouse, space):
    firn.run(f"CREATE TABLE {space}.t (i INT) USING iceberg; INSERT INTO {space}.t SELECT 1")
    with sqlite3.connect(warehouse / "catalog.db") as catalog:
        [row] = catalog.execute("SELECT catalog_name, table_name, iceberg_type, metadata_location, previous_metadata_location "
                                "FROM iceberg_tables WHERE table_namespace = ?", (space,)).fetchall()
        nulls = catalog.execute("SELECT count(*) FROM iceberg_namespace_properties WHERE property_value IS NULL").fetchone()
        exists = catalog.execute("SELECT property_value FROM iceberg_namespace_properties WHERE namespace = ? AND property_key = 'exists'",
                                 (space,)).fetchone()
    assert row[:3] == ("firn", "t", "TABLE")
    assert row[3].startswith(f"{warehouse}/{space}/t/metadata/00001-") and row[4].startswith(f"{warehouse}/{space}/t/metadata/00000-")
    assert nulls == (0,) and exists == ("true",)


def test_a_catalog_file_that_pyiceberg_made(firn, tmp_path):
    """It has no iceberg_type column in older versions: firn adds it, and PyIceberg goes on working."""
    import pyarrow as pa
    from pyiceberg.catalog.sql import SqlCatalog

    from engines import Firn

    catalog = SqlCatalog("firn", uri=f"sqlite:///{tmp_path}/catalog.db", warehouse=str(tmp_path))
    catalog.create_namespace("s")
    catalog.create_table("s.t", schema=pa.schema([("i", pa.int64())])).append(pa.table({"i": [1]}))
    other = Firn(firn.binary, tmp_path)
    other.run("INSERT INTO s.t SELECT CAST(2 AS BIGINT)")
    assert sorted(catalog.load_table("s.t").scan().to_arrow()["i"].to_pylist()) == [1, 2]
    catalog.load_table("s.t").append(pa.table({"i": [3]}))
    assert sorted(r["i"] for r in other.rows("SELECT i FROM s.t")) == [1, 2, 3]
    catalog.engine.dispose()


@pytest.mark.parametrize("with_spark", [False, True], ids=["two firns", "two firns and spark"])
def test_writers_at_the_same_time_lose_and_repeat_nothing(firn, spark, space, with_spark):
    table, each = f"{space}.t", 10
    firn.run(f"CREATE TABLE {table} (writer STRING, i INT) USING iceberg TBLPROPERTIES "
             "('commit.retry.num-retries' = '50', 'commit.retry.min-wait-ms' = '20', 'commit.retry.max-wait-ms' = '500')")
    writers = [firn.start("; ".join(f"INSERT INTO {table} SELECT '{name}', {i}" for i in range(each))) for name in ("one", "two")]
    names = ["one", "two"]
    if with_spark:
        names.append("spark")
        for i in range(each):
            spark.sql(f"INSERT INTO {table} SELECT 'spark', {i}")
    for writer in writers:
        try:
            _, errors = writer.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            writer.kill()
            raise
        assert writer.returncode == 0, errors
    want = sorted((name, i) for name in names for i in range(each))
    assert sorted((r["writer"], int(r["i"])) for r in of_spark(spark, f"SELECT * FROM {table}")) == want
    assert sorted((r["writer"], r["i"]) for r in firn.rows(f"SELECT * FROM {table}")) == want
    assert spark.sql(f"SELECT * FROM {table}.snapshots").count() == len(want)
    summary = spark.sql(f"SELECT summary FROM {table}.snapshots ORDER BY committed_at DESC").first()[0]
    assert summary["total-records"] == str(len(want))


def test_three_engines_append_for_a_while(firn, spark, pyiceberg, space):
    """Two firns, Spark and PyIceberg on one table, without a pause. FIRN_CONCURRENT_APPENDS: how many each (12)."""
    table, each = f"{space}.t", int(os.environ.get("FIRN_CONCURRENT_APPENDS", 12))
    firn.run(f"CREATE TABLE {table} (writer STRING, i INT) USING iceberg TBLPROPERTIES "
             "('commit.retry.num-retries' = '200', 'commit.retry.min-wait-ms' = '10', 'commit.retry.max-wait-ms' = '300', "
             "'write.metadata.previous-versions-max' = '10', 'write.metadata.delete-after-commit.enabled' = 'false')")
    firns = {name: firn.start("; ".join(f"INSERT INTO {table} SELECT '{name}', {i}" for i in range(each))) for name in ("one", "two")}
    failures = []

    def in_thread(append):
        def run():
            try:
                for i in range(each):
                    append(i)
            except Exception as failure:  # noqa: BLE001  the main thread reports it
                failures.append(failure)
        thread = threading.Thread(target=run)
        thread.start()
        return thread

    threads = [in_thread(lambda i: spark.sql(f"INSERT INTO {table} SELECT 'spark', {i}")),
               in_thread(lambda i: append_by_pyiceberg(pyiceberg, table, "pyiceberg", i))]
    for thread in threads:
        thread.join()
    for process in firns.values():
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors
    assert not failures, failures
    want = sorted((name, i) for name in ("one", "two", "spark", "pyiceberg") for i in range(each))
    loaded = pyiceberg.load_table(table)
    assert sorted((r["writer"], r["i"]) for r in loaded.scan().to_arrow().to_pylist()) == want
    assert sorted((r["writer"], r["i"]) for r in firn.rows(f"SELECT * FROM {table}")) == want
    spark.catalog.refreshTable(table)
    assert sorted((r["writer"], int(r["i"])) for r in of_spark(spark, f"SELECT * FROM {table}")) == want
    snapshots = sorted(loaded.snapshots(), key=lambda snapshot: snapshot.sequence_number)
    assert [s.sequence_number for s in snapshots] == list(range(1, len(want) + 1))
    assert [s.parent_snapshot_id for s in snapshots[1:]] == [s.snapshot_id for s in snapshots[:-1]]
    assert [int(s.summary["total-records"]) for s in snapshots] == list(range(1, len(want) + 1))
    files = [task.file.file_path for task in loaded.scan().plan_files()]
    assert len(files) == len(set(files)) == len(want)


def append_by_pyiceberg(catalog, name, writer, i):
    """PyIceberg leaves it to its caller to try again."""
    import pyarrow as pa
    from pyiceberg.exceptions import CommitFailedException
    from sqlalchemy.exc import OperationalError

    row = pa.table({"writer": [writer], "i": pa.array([i], pa.int32())})
    for _ in range(500):
        try:
            catalog.load_table(name).append(row)
            return
        except (CommitFailedException, OperationalError):  # another was first, or held the file
            time.sleep(0.01)
    raise AssertionError(f"append {i} never got through")


def test_an_unwritable_warehouse_is_named(firn, tmp_path):
    from engines import Firn

    (tmp_path / "file").write_text("no folder")
    message = Firn(firn.binary, tmp_path / "file" / "warehouse").error("SELECT 1; CREATE NAMESPACE s")
    assert str(tmp_path / "file") in message
