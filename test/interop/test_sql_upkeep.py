"""What a statement does to a table's files and to the catalog file, as PyIceberg and the file system see it."""

import os
import time
from pathlib import Path

import pyarrow.parquet as pq

from engines import assert_same, of_arrow, of_firn


def data_files(firn, table):
    return [Path(row["file_path"].removeprefix("file://").removeprefix("file:"))
            for row in firn.rows(f"SELECT file_path FROM {table}.data_files ORDER BY 1")]


def metadata_folder(firn, table):
    file = firn.rows(f"SELECT file FROM {table}.metadata_log_entries ORDER BY timestamp DESC LIMIT 1")[0]["file"]
    return Path(file.removeprefix("file://").removeprefix("file:")).parent


def codecs(files):
    return {pq.ParquetFile(f).metadata.row_group(0).column(0).compression for f in files}


def same_rows(firn, pyiceberg, table):
    theirs = of_arrow(pyiceberg.load_table(table).scan().to_arrow())
    assert_same(of_firn(firn.rows(f"SELECT * FROM {table}"), theirs), theirs, table)


# ---- options of one write beat the table's properties
def test_the_codec_of_one_write(firn, pyiceberg, space):
    firn.run(f"CREATE TABLE {space}.t (id BIGINT, v STRING) TBLPROPERTIES ('write.parquet.compression-codec' = 'zstd');"
             f"INSERT INTO {space}.t SELECT id, 'x' FROM range(100)")
    assert codecs(data_files(firn, f"{space}.t")) == {"ZSTD"}
    for option, codec in (("compression-codec", "GZIP"), ("write.parquet.compression-codec", "SNAPPY")):
        before = set(data_files(firn, f"{space}.t"))
        firn.run(f"INSERT INTO {space}.t WITH (`{option}` '{codec.lower()}') SELECT id, 'y' FROM range(100)")
        assert codecs(set(data_files(firn, f"{space}.t")) - before) == {codec}, option
    same_rows(firn, pyiceberg, f"{space}.t")


def test_the_file_size_of_one_write(firn, space):
    firn.run(f"CREATE TABLE {space}.t (id BIGINT, v STRING)")
    rows = "SELECT id, sha2(CAST(id AS STRING), 512) AS v FROM range(400000)"
    firn.run(f"INSERT INTO {space}.t {rows}")
    assert len(data_files(firn, f"{space}.t")) == 1
    firn.run(f"INSERT INTO {space}.t WITH (`target-file-size-bytes` '5000000') {rows}")
    assert len(data_files(firn, f"{space}.t")) >= 4
    firn.run(f"CALL firn.system.rewrite_data_files(table => '{space}.t', options => map('rewrite-all', 'true'))")
    assert len(data_files(firn, f"{space}.t")) == 1
    assert firn.rows(f"SELECT count(*) AS n, count(DISTINCT v) AS d FROM {space}.t") == [{"n": 800000, "d": 400000}]


# ---- metadata files
def test_metadata_in_gzip(firn, pyiceberg, space):
    firn.run(f"CREATE TABLE {space}.t (id INT) TBLPROPERTIES ('write.metadata.compression-codec' = 'gzip');"
             f"INSERT INTO {space}.t VALUES (1), (2)")
    files = [f.name for f in metadata_folder(firn, f"{space}.t").iterdir() if f.name.endswith(".metadata.json")]
    assert files and all(name.endswith(".gz.metadata.json") for name in files)
    same_rows(firn, pyiceberg, f"{space}.t")


def test_old_metadata_goes(firn, pyiceberg, space):
    firn.run(f"CREATE TABLE {space}.t (id INT) TBLPROPERTIES ('write.metadata.delete-after-commit.enabled' = 'true', "
             "'write.metadata.previous-versions-max' = '2');"
             + ";".join(f"INSERT INTO {space}.t VALUES ({n})" for n in range(6)))
    assert len([f for f in metadata_folder(firn, f"{space}.t").iterdir() if f.name.endswith(".metadata.json")]) == 3
    same_rows(firn, pyiceberg, f"{space}.t")


# ---- orphans
def test_orphans_go_and_nothing_else(firn, pyiceberg, space):
    firn.run(f"CREATE TABLE {space}.t (id INT); INSERT INTO {space}.t VALUES (1); INSERT INTO {space}.t VALUES (2)")
    folder = metadata_folder(firn, f"{space}.t").parent
    old = time.time() - 10 * 24 * 3600
    for file in folder.rglob("*"):
        if file.is_file():
            os.utime(file, (old, old))
    orphan, young = folder / "data" / "left.parquet", folder / "data" / "new.parquet"
    orphan.write_bytes(b"nobody's")
    young.write_bytes(b"somebody's yet")
    os.utime(orphan, (old, old))
    shown = firn.rows(f"CALL firn.system.remove_orphan_files(table => '{space}.t', dry_run => true)")
    assert [Path(row["orphan_file_location"]).name for row in shown] == ["left.parquet"] and orphan.exists()
    firn.run(f"CALL firn.system.remove_orphan_files(table => '{space}.t')")
    assert not orphan.exists() and young.exists()
    same_rows(firn, pyiceberg, f"{space}.t")


# ---- delete files
def test_position_deletes_are_rewritten(firn, pyiceberg, space):
    firn.run(f"CREATE TABLE {space}.t (id INT, p INT) PARTITIONED BY (p) TBLPROPERTIES ('write.delete.mode' = "
             f"'merge-on-read'); INSERT INTO {space}.t SELECT CAST(id AS INT), CAST(id % 2 AS INT) FROM range(100);"
             + ";".join(f"DELETE FROM {space}.t WHERE id = {n}" for n in range(0, 60, 3)))
    count = f"SELECT count(*) AS n FROM {space}.t.delete_files"
    assert firn.rows(count) == [{"n": 20}]
    done = firn.rows(f"CALL firn.system.rewrite_position_delete_files(table => '{space}.t', where => 'p = 0')")
    assert (done[0]["rewritten_delete_files_count"], done[0]["added_delete_files_count"]) == (10, 1)
    assert firn.rows(count) == [{"n": 11}]
    done = firn.rows(f"CALL firn.system.rewrite_position_delete_files(table => '{space}.t', "
                     "options => map('min-input-files', '2'))")
    assert (done[0]["rewritten_delete_files_count"], done[0]["added_delete_files_count"]) == (10, 1)
    assert len(firn.rows(f"SELECT * FROM {space}.t")) == 80
    same_rows(firn, pyiceberg, f"{space}.t")
    firn.run(f"DELETE FROM {space}.t WHERE id = 99")
    same_rows(firn, pyiceberg, f"{space}.t")


def test_dangling_deletes_go(firn, pyiceberg, space):
    firn.run(f"CREATE TABLE {space}.t (id INT, p INT) PARTITIONED BY (p) TBLPROPERTIES ('write.delete.mode' = "
             f"'merge-on-read'); INSERT INTO {space}.t SELECT CAST(id AS INT), CAST(id % 2 AS INT) FROM range(10);"
             f"DELETE FROM {space}.t WHERE id = 2; DELETE FROM {space}.t WHERE id = 3;"
             f"INSERT INTO {space}.t VALUES (20, 0)")
    firn.run(f"CALL firn.system.rewrite_data_files(table => '{space}.t', where => 'p = 0', options => map("
             "'delete-file-threshold', '1', 'remove-dangling-deletes', 'true'))")
    left = firn.rows(f"SELECT partition.p FROM {space}.t.delete_files")
    assert [row["p"] for row in left] == [1]
    same_rows(firn, pyiceberg, f"{space}.t")


# ---- tables of files, and Iceberg tables made of them
def test_a_table_of_files_leaves_the_catalog_to_others(firn, pyiceberg, space):
    firn.run(f"CREATE TABLE {space}.files (id INT, p STRING) USING parquet PARTITIONED BY (p);"
             f"INSERT INTO {space}.files VALUES (1, 'x'), (2, 'y'); CREATE TABLE {space}.t (id INT)")
    assert pyiceberg.list_tables(space) == [(space, "t")]
    shown = [row["tableName"] for row in firn.rows(f"SHOW TABLES IN {space}")]
    assert shown == ["files", "t"]
    assert [row["partition"] for row in firn.rows(f"SHOW PARTITIONS {space}.files")] == ["p=x", "p=y"]
    assert "SCHEMA_NOT_EMPTY" in firn.error(f"DROP TABLE {space}.t; DROP NAMESPACE {space}")
    for statement in (f"CREATE TABLE {space}.files (id INT) USING iceberg", f"CREATE TABLE {space}.files (id INT) USING csv"):
        assert "TABLE_OR_VIEW_ALREADY_EXISTS" in firn.error(statement)
    for statement in (f"DELETE FROM {space}.files WHERE id = 1", f"ALTER TABLE {space}.files ADD COLUMN v INT",
                      f"UPDATE {space}.files SET id = 3"):
        assert "USING parquet" in firn.error(statement), statement
    firn.run(f"DROP TABLE {space}.files; DROP NAMESPACE {space}")


def test_managed_files_go_with_their_table(firn, warehouse, space, tmp_path):
    firn.run(f"CREATE TABLE {space}.own USING json AS SELECT 1 AS id;"
             f"CREATE TABLE {space}.other (id INT) USING json LOCATION '{tmp_path}/other'; INSERT INTO {space}.other VALUES (1)")
    folder = Path(warehouse) / space / "own"
    assert folder.exists()
    created = firn.rows(f"SHOW CREATE TABLE {space}.other")[0]["createtab_stmt"]
    firn.run(f"DROP TABLE {space}.own; DROP TABLE {space}.other")
    assert not folder.exists() and list((tmp_path / "other").glob("*.json"))
    firn.run(created)
    assert firn.rows(f"SELECT * FROM {space}.other") == [{"id": 1}]


def test_migrate(firn, pyiceberg, space):
    firn.run(f"CREATE TABLE {space}.t (id BIGINT, v STRING, p DATE) USING parquet PARTITIONED BY (p);"
             f"INSERT INTO {space}.t SELECT id, concat('v', id), date_add(DATE '2024-01-01', CAST(id % 3 AS INT)) FROM range(30)")
    before = firn.rows(f"SELECT * FROM {space}.t")
    assert firn.rows(f"CALL firn.system.migrate('{space}.t')") == [{"migrated_files_count": 3}]
    assert_same(of_firn(firn.rows(f"SELECT * FROM {space}.t")), of_firn(before))
    same_rows(firn, pyiceberg, f"{space}.t")
    table = pyiceberg.load_table(f"{space}.t")
    assert table.properties["migrated"] == "true" and "schema.name-mapping.default" in table.properties
    assert len(firn.rows(f"SELECT * FROM {space}.t WHERE p = DATE '2024-01-02' AND id > 20")) == 3
    assert len(firn.rows(f"SELECT * FROM {space}.t_BACKUP_")) == 30
    firn.run(f"UPDATE {space}.t SET v = 'new' WHERE id = 7; INSERT INTO {space}.t VALUES (100, 'own', DATE '2024-01-01')")
    same_rows(firn, pyiceberg, f"{space}.t")
    firn.run(f"DROP TABLE {space}.t_BACKUP_")
    same_rows(firn, pyiceberg, f"{space}.t")


def test_a_failed_migration_changes_nothing(firn, space):
    firn.run(f"CREATE TABLE {space}.t (id INT) USING csv; INSERT INTO {space}.t VALUES (1)")
    assert "csv" in firn.error(f"CALL firn.system.migrate('{space}.t')")
    assert firn.rows(f"SELECT * FROM {space}.t") == [{"id": 1}]
    assert [row["tableName"] for row in firn.rows(f"SHOW TABLES IN {space}")] == ["t"]


def test_changes_of_nothing_but_carried_rows(firn, space):
    """A row that a copy-on-write rewrite carries over is no change; equal rows are counted."""
    firn.run(f"CREATE TABLE {space}.t (id INT, v STRING); INSERT INTO {space}.t VALUES (1, 'a'), (1, 'a'), (2, 'b'), (NULL, NULL);"
             f"UPDATE {space}.t SET v = 'B' WHERE id = 2; DELETE FROM {space}.t WHERE id = 1; INSERT INTO {space}.t VALUES (1, 'a')")
    view = "CALL firn.system.create_changelog_view(table => '{}.t', changelog_view => 'c'{});"
    select = "SELECT id, v, _change_type AS c, _change_ordinal AS o FROM c"

    def changes(more):
        rows = firn.rows(view.format(space, more) + select)
        return sorted((r["id"] or 0, r["v"] or "", r["c"], r["o"]) for r in rows if "c" in r)

    inserted = [(0, "", "INSERT", 0), (1, "a", "INSERT", 0), (1, "a", "INSERT", 0), (2, "b", "INSERT", 0)]
    deleted = [(1, "a", "DELETE", 2), (1, "a", "DELETE", 2), (1, "a", "INSERT", 3)]
    assert changes("") == sorted(inserted + [(2, "b", "DELETE", 1), (2, "B", "INSERT", 1)] + deleted)
    assert changes(", net_changes => true") == sorted([(0, "", "INSERT", 2), (2, "B", "INSERT", 2), (1, "a", "INSERT", 3)])
    ids = ", identifier_columns => array('id'), options => map('end-snapshot-id', '{}')"
    second = firn.rows(f"SELECT snapshot_id FROM {space}.t.snapshots ORDER BY committed_at")[1]["snapshot_id"]
    assert changes(ids.format(second)) == sorted(
        inserted + [(2, "b", "UPDATE_BEFORE", 1), (2, "B", "UPDATE_AFTER", 1)])
    assert "multiple rows with the same identifier" in firn.error(
        view.format(space, ", identifier_columns => array('id')") + select)
