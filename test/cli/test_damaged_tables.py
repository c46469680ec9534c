"""Files of a table, damaged at random places: the answer is an error that names the file, or the rows that stand in it."""

import csv
import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from conftest import SLOWER

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from damage import damages  # noqa: E402

FIRN = os.environ.get("FIRN", str(Path(__file__).resolve().parents[2] / "build/release/firn"))
DAMAGES = 600 if os.environ.get("FIRN_TEST_LONG") else 60  # of each kind of file
SEED = int(os.environ.get("FIRN_TEST_SEED", "20240501"))
MAKE = """
CREATE TABLE db.t (id BIGINT, name STRING, at TIMESTAMP, tags ARRAY<STRING>) USING iceberg
  PARTITIONED BY (bucket(2, id)) TBLPROPERTIES ('write.delete.mode' = 'merge-on-read');
INSERT INTO db.t SELECT id, concat('name ', id), TIMESTAMP '2024-01-01 00:00:00' + make_dt_interval(id), array('x', 'y')
  FROM range(200);
INSERT INTO db.t VALUES (1000, NULL, NULL, NULL), (1001, 'é', NULL, array());
DELETE FROM db.t WHERE id % 10 = 3;
"""
ROWS = "SELECT id, name, at, tags FROM db.t ORDER BY id"


def newest(folder, pattern):
    return max(folder.glob(pattern), key=lambda path: (path.stat().st_mtime_ns, path.name))


def smallest(folder, pattern):
    return min(folder.glob(pattern), key=lambda path: (path.stat().st_size, path.name))


KINDS = {
    "metadata": lambda table: newest(table, "metadata/*.metadata.json"),
    "manifest_list": lambda table: newest(table, "metadata/snap-*.avro"),
    "data_manifest": lambda table: min(table.glob("metadata/*-m0.avro"), key=lambda path: path.stat().st_mtime_ns),
    "delete_manifest": lambda table: newest(table, "metadata/*-m*.avro"),
    "data_file": lambda table: max(table.glob("data/*/*.parquet"), key=lambda path: path.stat().st_size),
    "delete_file": lambda table: smallest(table, "data/*/*deletes*.parquet"),
    "catalog": lambda table: table.parents[1] / "catalog.db",
}


class Table:
    def __init__(self, folder):
        self.warehouse = folder
        self.folder = folder / "db/t"
        made = self.sql(MAKE)
        assert made.returncode == 0, made.stderr
        self.right = self.sql(ROWS).stdout
        assert self.right.count("\n") == 182 + 1

    def sql(self, text):
        return subprocess.run(
            [FIRN, "sql", "--warehouse", str(self.warehouse), "--format", "csv", "-e", text],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=60 * SLOWER)

    def others_see(self, out):
        """Whether PyIceberg reads the same ids and names: the damage then made another table of it, and a sound one."""
        from pyiceberg.catalog.sql import SqlCatalog
        try:
            catalog = SqlCatalog("firn", uri=f"sqlite:///{self.warehouse / 'catalog.db'}", warehouse=str(self.warehouse))
            rows = catalog.load_table("db.t").scan(selected_fields=("id", "name")).to_arrow().to_pylist()
        except Exception:
            return False
        seen = sorted(("" if row["id"] is None else str(row["id"]), row["name"] or "") for row in rows)
        return seen == sorted((row[0], row[1]) for row in list(csv.reader(io.StringIO(out)))[1:])


def try_damage(table, file, what, damaged, whole):
    """What is wrong with the answer; None where it is as it should be."""
    file.write_bytes(damaged)
    try:
        done = table.sql(ROWS)
        if done.returncode == 0:
            if done.stdout == table.right or table.others_see(done.stdout):
                return None
            return f"{what}: wrong rows, no error"
        if done.returncode != 1:
            return f"{what}: exit code {done.returncode}: {done.stderr[-300:]}"
        # Metadata that names another file, or a catalog without tables, is sound by itself.
        named = file.name in done.stderr or (file.suffix == ".json" and "[FIRN_NOT_FOUND]" in done.stderr)
        named = named or (file.name == "catalog.db" and not damaged and "[TABLE_OR_VIEW_NOT_FOUND]" in done.stderr)
        if "[" not in done.stderr or "INTERNAL" in done.stderr:
            return f"{what}: no error of ours: {done.stderr[-300:]}"
        return None if named else f"{what}: the error does not name the file: {done.stderr[-300:]}"
    except subprocess.TimeoutExpired:
        return f"{what}: no end"
    finally:
        file.write_bytes(whole)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    return [Table(tmp_path_factory.mktemp("warehouse")) for _ in range(2)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_named_or_read_right(tables, kind):
    def lane(number):
        table = tables[number]
        file = KINDS[kind](table.folder)
        whole = file.read_bytes()
        found = [try_damage(table, file, what, damaged, whole)
                 for what, damaged in damages(whole, f"{SEED} {kind} {number}", DAMAGES // 2)]
        return [problem for problem in found if problem]

    with ThreadPoolExecutor(2) as lanes:
        problems = [problem for part in lanes.map(lane, range(2)) for problem in part]
    assert not problems, f"seed {SEED}, {len(problems)} of {DAMAGES}:\n" + "\n".join(problems[:20])
