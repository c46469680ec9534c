"""Tables that firn has changed row by row: Spark and PyIceberg read equal rows, Spark goes on changing them, and two
writers at one table lose nothing."""

import subprocess
from collections import Counter
from pathlib import Path

import pytest

from engines import of_arrow, of_firn, of_spark

MERGE_ON_READ = ("TBLPROPERTIES ('write.delete.mode'='merge-on-read', 'write.update.mode'='merge-on-read', "
                 "'write.merge.mode'='merge-on-read'{more})")
MODES = {
    "copy-on-write": "",
    "merge-on-read": MERGE_ON_READ.format(more=""),
    "merge-on-read by partition": MERGE_ON_READ.format(more=", 'write.delete.granularity'='partition'"),
}
PARTITIONING = {"whole": "", "by value": "PARTITIONED BY (p)", "by bucket": "PARTITIONED BY (bucket(3, id))"}
CHANGES = [
    "DELETE FROM {t} WHERE id % 5 = 0",
    "UPDATE {t} SET v = v + 1000, p = 'moved' WHERE id % 7 = 1",
    "MERGE INTO {t} USING (SELECT CAST(id * 3 AS INT) AS id FROM range(0, 100)) s ON {t}.id = s.id "
    "WHEN MATCHED AND {t}.v < 50 THEN DELETE WHEN MATCHED THEN UPDATE SET v = -1 "
    "WHEN NOT MATCHED THEN INSERT (id, p, v) VALUES (s.id, 'new', 0)",
    "DELETE FROM {t} WHERE id IN (SELECT max(id) FROM {t})",
    "INSERT INTO {t} SELECT CAST(id + 1000 AS INT), 'late', CAST(id AS INT) FROM range(0, 10)",
]


def read_by_all(firn, spark, pyiceberg, table):
    rows = of_spark(spark, f"SELECT * FROM {table}")
    assert of_firn(firn.rows(f"SELECT * FROM {table}"), like=rows) == rows
    assert of_arrow(pyiceberg.load_table(table).scan().to_arrow()) == rows
    return rows


def operations(spark, table):
    return [row[0] for row in spark.sql(f"SELECT operation FROM {table}.snapshots ORDER BY committed_at").collect()]


@pytest.mark.parametrize("partitioning", list(PARTITIONING))
@pytest.mark.parametrize("mode", list(MODES))
def test_changed_tables_read_the_same_everywhere(firn, spark, pyiceberg, space, mode, partitioning):
    table, model = f"{space}.t", f"{space}.model"
    clause = f"USING iceberg {PARTITIONING[partitioning]} {MODES[mode]}"
    rows = "SELECT CAST(id AS INT) AS id, CAST(id % 4 AS STRING) AS p, CAST(id AS INT) AS v FROM range({}, {})"
    for name, definition in ((table, clause), (model, "USING iceberg")):
        firn.run(f"CREATE TABLE {name} (id INT, p STRING, v INT) {definition}; "
                 f"INSERT INTO {name} {rows.format(0, 100)}; INSERT INTO {name} {rows.format(100, 200)}")
    for change in CHANGES:
        firn.run(change.format(t=table))
        spark.sql(change.format(t=model))
        assert read_by_all(firn, spark, pyiceberg, table) == of_spark(spark, f"SELECT * FROM {model}"), change
    # Spark goes on where firn stopped, and the other way round.
    spark.sql(f"DELETE FROM {table} WHERE v = -1")
    firn.run(f"UPDATE {table} SET v = 5 WHERE p = 'late'")
    spark.sql(f"DELETE FROM {model} WHERE v = -1")
    spark.sql(f"UPDATE {model} SET v = 5 WHERE p = 'late'")
    assert read_by_all(firn, spark, pyiceberg, table) == of_spark(spark, f"SELECT * FROM {model}")
    deletes = spark.sql(f"SELECT count(*) FROM {table}.delete_files").first()[0]
    assert (deletes > 0) == (mode != "copy-on-write")


def test_whole_files_go_by_their_metadata(firn, spark, pyiceberg, space):
    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} (id INT, p STRING) USING iceberg PARTITIONED BY (p); "
             f"INSERT INTO {table} VALUES (1, 'x'), (2, 'y'), (3, 'y'); DELETE FROM {table} WHERE p = 'y'")
    assert operations(spark, table) == ["append", "delete"]
    summary = spark.sql(f"SELECT summary FROM {table}.snapshots WHERE operation = 'delete'").first()[0]
    assert (summary["deleted-data-files"], summary["deleted-records"], summary["total-records"]) == ("1", "2", "1")
    assert [r["id"] for r in read_by_all(firn, spark, pyiceberg, table)] == [1]


def test_operations_are_named_as_sparks(firn, spark, space):
    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} (id INT, v INT) USING iceberg; INSERT INTO {table} VALUES (1, 1), (2, 2); "
             f"UPDATE {table} SET v = 5 WHERE id = 1; INSERT OVERWRITE {table} VALUES (7, 7), (8, 8); "
             f"DELETE FROM {table} WHERE id = 7; TRUNCATE TABLE {table}")
    assert operations(spark, table) == ["append", "overwrite", "overwrite", "overwrite", "delete"]


def test_dynamic_overwrite_is_marked(firn, spark, pyiceberg, space):
    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} (id INT, p STRING) USING iceberg PARTITIONED BY (p); "
             f"INSERT INTO {table} VALUES (1, 'x'), (2, 'y'); SET spark.sql.sources.partitionOverwriteMode=dynamic; "
             f"INSERT OVERWRITE {table} VALUES (9, 'y')")
    summary = spark.sql(f"SELECT summary FROM {table}.snapshots WHERE operation = 'overwrite'").first()[0]
    assert summary["replace-partitions"] == "true"
    assert sorted(r["id"] for r in read_by_all(firn, spark, pyiceberg, table)) == [1, 9]


def test_staged_commits_are_published_by_spark(firn, spark, space):
    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} (id INT) USING iceberg TBLPROPERTIES ('write.wap.enabled'='true'); "
             f"INSERT INTO {table} VALUES (1); SET spark.wap.id=audit-7; INSERT INTO {table} VALUES (2)")
    assert firn.rows(f"SELECT count(*) AS n FROM {table}") == [{"n": 1}]
    spark.sql(f"CALL firn.system.publish_changes('{table}', 'audit-7')")
    assert firn.rows(f"SELECT count(*) AS n FROM {table}") == [{"n": 2}]
    assert "already an ancestor" in firn.error(f"CALL firn.system.publish_changes('{table}', 'audit-7')")
    # Two of one id may be staged, as in Iceberg; neither is published then.
    firn.run(f"SET spark.wap.id=audit-8; INSERT INTO {table} VALUES (3); INSERT INTO {table} VALUES (4)")
    assert "multiple snapshots with WAP ID 'audit-8'" in firn.error(f"CALL firn.system.publish_changes('{table}', 'audit-8')")
    assert firn.rows(f"SELECT count(*) AS n FROM {table}") == [{"n": 2}]


def test_branches_are_written_apart(firn, spark, space):
    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} (id INT) USING iceberg; INSERT INTO {table} VALUES (1), (2)")
    spark.sql(f"ALTER TABLE {table} CREATE BRANCH audit")
    firn.run(f"INSERT INTO {table}.branch_audit VALUES (3); DELETE FROM {table}.branch_audit WHERE id = 1; "
             f"UPDATE {table}.branch_audit SET id = 20 WHERE id = 2")
    assert firn.rows(f"SELECT count(*) AS n FROM {table}") == [{"n": 2}]
    branch = spark.sql(f"SELECT id FROM {table} VERSION AS OF 'audit' ORDER BY id").collect()
    assert [row[0] for row in branch] == [3, 20]
    assert "does not exist" in firn.error(f"INSERT INTO {table}.branch_nope VALUES (3)")
    # A branch of spark.wap.branch is made by the first write to it.
    firn.run(f"ALTER TABLE {table} SET TBLPROPERTIES ('write.wap.enabled'='true'); "
             f"SET spark.wap.branch=wap; INSERT INTO {table} VALUES (50)")
    assert firn.rows(f"SELECT count(*) AS n FROM {table}") == [{"n": 2}]
    assert spark.sql(f"SELECT count(*) FROM {table} VERSION AS OF 'wap'").first()[0] == 3


def test_positions_survive_sparks_own_delete_files(firn, spark, pyiceberg, space):
    """firn updates rows of files on which Spark has left position deletes."""
    table = f"{space}.t"
    spark.sql(f"CREATE TABLE {table} (id INT, v INT) USING iceberg TBLPROPERTIES ('format-version'='2', "
              "'write.delete.mode'='merge-on-read', 'write.update.mode'='merge-on-read')")
    spark.sql(f"INSERT INTO {table} SELECT /*+ COALESCE(1) */ CAST(id AS INT), CAST(id AS INT) FROM range(0, 100)")
    spark.sql(f"DELETE FROM {table} WHERE id % 3 = 0")
    firn.run(f"UPDATE {table} SET v = -v WHERE id % 2 = 0")
    want = [{"id": i, "v": -i if i % 2 == 0 else i} for i in range(100) if i % 3]
    assert read_by_all(firn, spark, pyiceberg, table) == of_spark(
        spark, " UNION ALL ".join(f"SELECT {r['id']} AS id, {r['v']} AS v" for r in want))
    firn.run(f"ALTER TABLE {table} SET TBLPROPERTIES ('write.delete.mode'='copy-on-write'); "
             f"DELETE FROM {table} WHERE id < 50")
    assert min(r["id"] for r in read_by_all(firn, spark, pyiceberg, table)) == 50


@pytest.mark.parametrize("mode", list(MODES)[:2])
def test_two_processes_change_one_table(firn, spark, space, mode):
    """Each update lands as a whole or is refused; what landed is what the rows say."""
    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} (id INT, who STRING, n INT) USING iceberg {MODES[mode]}; "
             f"INSERT INTO {table} SELECT CAST(id AS INT), '', 0 FROM range(0, 50)")
    landed = Counter()
    for turn in range(4):
        pair = [(who, firn.start(f"UPDATE {table} SET who = '{who}', n = n + 1")) for who in ("a", "b")]
        for who, process in pair:
            _, message = process.communicate(timeout=120)
            assert process.returncode == 0 or "COMMIT_CONFLICT" in message, message
            landed[who] += process.returncode == 0
    assert sum(landed.values()) >= 4  # of two, one always gets through
    rows = firn.rows(f"SELECT count(*) AS c, min(n) AS least, max(n) AS most, count(DISTINCT who) AS w FROM {table}")
    total = sum(landed.values())
    assert rows == [{"c": 50, "least": total, "most": total, "w": 1}]
    assert spark.sql(f"SELECT count(*) FROM {table} WHERE n = {total}").first()[0] == 50


def test_a_killed_change_leaves_the_table_whole(firn, spark, space):
    """Killed at any moment, an UPDATE has happened or has not."""
    import random
    import time

    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} (id INT, n INT) USING iceberg; "
             f"INSERT INTO {table} SELECT CAST(id AS INT), 0 FROM range(0, 20000)")
    dice, done = random.Random(7), 0
    for turn in range(12):
        process = firn.start(f"UPDATE {table} SET n = n + 1")
        time.sleep(dice.uniform(0.02, 0.5))
        process.kill()
        process.communicate()
        row, = firn.rows(f"SELECT count(*) AS c, min(n) AS least, max(n) AS most FROM {table}")
        assert row["c"] == 20000 and row["least"] == row["most"], row
        assert row["least"] in (done, done + 1)
        done = row["least"]
    firn.run(f"UPDATE {table} SET n = n + 1")
    assert spark.sql(f"SELECT count(*) FROM {table} WHERE n = {done + 1}").first()[0] == 20000
