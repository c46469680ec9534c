"""Processes of firn and one Spark commit to one table at once, for a while: every commit is in its history exactly once, every row is
there exactly once, nothing that a snapshot names is missing, and a change that met another is done again or refused, never lost.

Some seconds; minutes with FIRN_TEST_LONG=1. FIRN_CONCURRENT_SECONDS: so many. FIRN_INTEROP_SPARK=0: without Spark.
"""

import collections
import json
import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

LONG = os.environ.get("FIRN_TEST_LONG") == "1"
SECONDS = float(os.environ.get("FIRN_CONCURRENT_SECONDS", 200 if LONG else 4))
SPARK = os.environ.get("FIRN_INTEROP_SPARK") != "0"
RETRIES = "'commit.retry.num-retries' = '200', 'commit.retry.min-wait-ms' = '10', 'commit.retry.max-wait-ms' = '300'"
DEFAULTS = "'write.metadata.previous-versions-max' = '100'"  # no property of commits
# How a change that met another ends where it is not done again.
CONFLICTS = ("conflict", "CommitFailed", "ValidationException", "Cannot commit", "SQLITE_BUSY", "locked", "Missing required files",
             "another commit", "changed since")


@pytest.fixture
def peer(request):
    return request.getfixturevalue("spark") if SPARK else None


class Writer(threading.Thread):
    """Calls `step(n)` until the time is over. `done`: the numbers that succeeded; `refused`: number → message."""

    def __init__(self, step, until):
        super().__init__()
        self.step, self.until, self.done, self.refused, self.failure = step, until, [], {}, None

    def run(self):
        number = 0
        try:
            while time.monotonic() < self.until:
                for n, message in self.step(number):
                    number = n + 1
                    if message is None:
                        self.done.append(n)
                    else:
                        self.refused[n] = message
        except Exception as failure:  # noqa: BLE001 - the main thread reports it
            self.failure = failure


def by_firn(firn, statement, batch=6):
    """Some statements a process. `statement(n)`: its text."""
    def step(first):
        numbers = range(first, first + batch)
        command = [*firn.command("")[:-2]]
        command[command.index("--format") + 1] = "typed-json"
        command.append("--keep-going")
        for n in numbers:
            command += ["-e", statement(n)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        lines = done.stdout.splitlines()
        assert len(lines) == batch, f"firn ended ({done.returncode}): {done.stderr[-2000:]}"
        for n, line in zip(numbers, lines):
            answer = json.loads(line)
            yield n, None if "rows" in answer else answer["message"]
    return step


def by_spark(spark, statement):
    def step(number):
        try:
            spark.sql(statement(number))
            yield number, None
        except Exception as failure:  # noqa: BLE001 - what it says is judged later
            yield number, str(failure)[:2000]
    return step


def run_all(steps):
    """name → Writer, when all are through."""
    until = time.monotonic() + SECONDS
    writers = {name: Writer(step, until) for name, step in steps.items()}
    for writer in writers.values():
        writer.start()
    for writer in writers.values():
        writer.join()
    failures = {name: writer.failure for name, writer in writers.items() if writer.failure}
    assert not failures, failures
    return writers


def check_history(table):
    """One chain from the first commit to the last, and every file that the snapshots name is there."""
    snapshots = sorted(table.snapshots(), key=lambda snapshot: snapshot.sequence_number)
    assert [s.sequence_number for s in snapshots] == list(range(1, len(snapshots) + 1))
    assert [s.parent_snapshot_id for s in snapshots[1:]] == [s.snapshot_id for s in snapshots[:-1]]
    assert snapshots[-1].snapshot_id == table.current_snapshot().snapshot_id
    assert len({s.snapshot_id for s in snapshots}) == len(snapshots)
    assert len({s.manifest_list for s in snapshots}) == len(snapshots)
    times = [s.timestamp_ms for s in snapshots]
    assert all(later - earlier > -60_000 for earlier, later in zip(times, times[1:]))
    logged = [entry.snapshot_id for entry in table.metadata.snapshot_log]
    assert logged == [s.snapshot_id for s in snapshots]
    seen = {}
    for snapshot in snapshots:
        for manifest in snapshot.manifests(table.io):
            if manifest.manifest_path not in seen:
                seen[manifest.manifest_path] = [entry.data_file.file_path for entry in
                                                manifest.fetch_manifest_entry(table.io, discard_deleted=False)]
    named = {path for paths in seen.values() for path in paths}
    missing = [path for path in named if not there(path)]
    assert not missing, missing[:5]
    return snapshots, named


def there(path):
    return Path(path.removeprefix("file://").removeprefix("file:")).exists()


def check_totals(snapshots, rows):
    total = 0
    for snapshot in snapshots:
        total += int(snapshot.summary["added-records"] or 0) - int(snapshot.summary["deleted-records"] or 0)
        assert int(snapshot.summary["total-records"]) == total, snapshot
    assert total == rows


@pytest.mark.parametrize("partitioned,retries", [(False, RETRIES), (True, RETRIES), (False, "")],
                         ids=["unpartitioned", "partitioned", "default retries"])
def test_appends(firn, peer, pyiceberg, space, partitioned, retries):
    """With Iceberg's default of four retries some appends are refused, by name, and leave nothing."""
    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} (writer STRING, i INT) USING iceberg {'PARTITIONED BY (writer, bucket(2, i))' * partitioned} "
             f"TBLPROPERTIES ({retries or DEFAULTS})")

    def insert(name):
        return lambda n: f"INSERT INTO {table} VALUES ('{name}', {n}), ('{name}', {-n - 1})"

    writers = run_all({"one": by_firn(firn, insert("one")), "two": by_firn(firn, insert("two")),
                       "spark": by_spark(peer, insert("spark")) if peer else by_firn(firn, insert("spark"), 1)})
    print({name: (len(writer.done), len(writer.refused)) for name, writer in writers.items()})
    print(collections.Counter(message[:160] for writer in writers.values() for message in writer.refused.values()))
    if retries:
        assert not [writer.refused for name, writer in writers.items() if name != "spark" and writer.refused]
    unnamed = [message for writer in writers.values() for message in writer.refused.values()
               if not any(word in message for word in CONFLICTS)]
    assert not unnamed, unnamed[:3]
    assert min(len(writer.done) for writer in writers.values()) > 0  # nobody starves
    want = collections.Counter((name, i) for name, writer in writers.items() for n in writer.done for i in (n, -n - 1))
    maybe = {("spark", i) for n in writers["spark"].refused for i in (n, -n - 1)}  # it does not know itself
    loaded = pyiceberg.load_table(table)
    got = collections.Counter((r["writer"], r["i"]) for r in loaded.scan().to_arrow().to_pylist())
    assert not want - got and set(got - want) <= maybe and max(got.values()) == 1
    assert collections.Counter((r["writer"], r["i"]) for r in firn.rows(f"SELECT * FROM {table}")) == got
    if peer:
        assert collections.Counter((r["writer"], int(r["i"])) for r in peer.sql(f"SELECT * FROM {table}").collect()) == got
    snapshots, named = check_history(loaded)
    check_totals(snapshots, sum(got.values()))
    assert {int(s.summary["added-records"]) for s in snapshots} == {2}
    assert len(snapshots) == sum(got.values()) / 2
    on_disk = {str(p) for p in Path(loaded.location().removeprefix("file://")).glob("data/**/*.parquet")}
    assert maybe or on_disk == {path.removeprefix("file://").removeprefix("file:") for path in named}


@pytest.mark.parametrize("mode", ["copy-on-write", "merge-on-read"])
def test_changes_and_compaction_beside_appends(firn, peer, pyiceberg, space, mode):
    """Counters that two firns and Spark increment say how many of the changes took effect: as many as were acknowledged."""
    table, bin_size = f"{space}.t", 5000
    modes = ", ".join(f"'write.{change}.mode' = '{mode}'" for change in ("delete", "update", "merge"))
    firn.run(f"CREATE TABLE {table} (writer STRING, i INT, n INT) USING iceberg TBLPROPERTIES ({RETRIES}, {modes}, 'format-version' = '2'); "
             f"INSERT INTO {table} SELECT 'bin', CAST(id AS INT), 0 FROM range({bin_size}); "
             f"INSERT INTO {table} VALUES ('counter', 0, 0), ('counter', 1, 0), ('counter', 2, 0)")

    def insert(name):
        return lambda n: f"INSERT INTO {table} VALUES ('{name}', {n}, 0)"

    def change(name):
        def statement(n):
            return [f"UPDATE {table} SET n = n + 1 WHERE writer = 'counter' AND i = 0",
                    f"DELETE FROM {table} WHERE writer = 'bin' AND i = {n}" if name == "changes" else
                    f"UPDATE {table} SET n = n + 1 WHERE writer = 'counter' AND i = 2",
                    f"MERGE INTO {table} t USING (SELECT 'counter' AS writer, 1 AS i UNION ALL SELECT '{name}', {n}) s "
                    "ON t.writer = s.writer AND t.i = s.i WHEN MATCHED THEN UPDATE SET n = t.n + 1 "
                    "WHEN NOT MATCHED THEN INSERT (writer, i, n) VALUES (s.writer, s.i, 0)"][n % 3]
        return statement

    def upkeep(n):
        return [f"CALL firn.system.rewrite_data_files(table => '{table}', options => map('rewrite-all', 'true'))",
                f"CALL firn.system.rewrite_manifests('{table}')", f"SELECT count(*) FROM {table}"][n % 3]

    writers = run_all({"one": by_firn(firn, insert("one")), "changes": by_firn(firn, change("changes"), 3), "others": by_firn(firn, change("others"), 3),
                       "upkeep": by_firn(firn, upkeep, 3), "spark": by_spark(peer, change("spark")) if peer else by_firn(firn, change("spark"), 1)})
    unnamed = [(name, message) for name, writer in writers.items() for message in writer.refused.values()
               if not any(word in message for word in CONFLICTS)]
    assert not unnamed, unnamed[:3]
    assert not writers["one"].refused
    loaded = pyiceberg.load_table(table)
    rows = {(r["writer"], r["i"]): r["n"] for r in firn.rows(f"SELECT * FROM {table}")}
    assert len(rows) == firn.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"]
    changers = {name: writers[name] for name in ("changes", "others", "spark")}

    def acknowledged(kind, *names):
        return [n for name in names for n in changers[name].done if n % 3 == kind]

    unsure = {kind: sum(n % 3 == kind for n in writers["spark"].refused) if peer else 0 for kind in range(3)}
    for counter, count, kind in ((0, len(acknowledged(0, *changers)), 0), (1, len(acknowledged(2, *changers)), 2),
                                 (2, len(acknowledged(1, "others", "spark")), 1)):
        assert count <= rows["counter", counter] <= count + unsure[kind], (counter, count, rows["counter", counter])
    assert {i for name, i in rows if name == "one"} == set(writers["one"].done)
    gone = {n for n in acknowledged(1, "changes") if n < bin_size}
    assert {i for name, i in rows if name == "bin"} == set(range(bin_size)) - gone
    for name in ("changes", "others"):
        assert {i for writer, i in rows if writer == name} == {n for n in writers[name].done if n % 3 == 2}
    check_history(loaded)
    want = sorted((*key, n) for key, n in rows.items())
    assert sorted((r["writer"], r["i"], r["n"]) for r in loaded.scan().to_arrow().to_pylist()) == want
    if peer:
        assert sorted((r["writer"], r["i"], r["n"]) for r in peer.sql(f"SELECT * FROM {table}").collect()) == want
    print({name: (len(writer.done), len(writer.refused)) for name, writer in writers.items()})
    print(collections.Counter(message[:160] for writer in writers.values() for message in writer.refused.values()))
