"""kill -9 of UPDATE, DELETE and MERGE: the statement was done whole or not at all, and what it left are orphans that are listed."""

import os
import random
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from aftermath import check_files  # noqa: E402
from pipeline import query, start_query, table  # noqa: E402

KILLS = 12 if os.environ.get("FIRN_TEST_LONG") else 3
ROWS = 3000
MODES = ["copy-on-write", "merge-on-read"]


def make(folder, mode):
    modes = ", ".join(f"'write.{verb}.mode' = '{mode}'" for verb in ("update", "delete", "merge"))
    query(folder, "CREATE TABLE s.t (id BIGINT, n BIGINT) USING iceberg PARTITIONED BY (bucket(4, id)) "
                  f"TBLPROPERTIES ('format-version' = '2', {modes}); "
                  f"INSERT INTO s.t SELECT id, 0 FROM range({ROWS}); INSERT INTO s.t SELECT id, 0 FROM range({ROWS}, {2 * ROWS})")


def held(folder):
    """{id: n}, read by PyIceberg; each id once."""
    arrow = table(folder, "s.t").scan().to_arrow()
    pairs = list(zip(arrow["id"].to_pylist(), arrow["n"].to_pylist()))
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def update(turn):
    return (f"UPDATE s.t SET n = n + 1 WHERE id % 3 = {turn % 3}",
            lambda rows: {i: n + (i % 3 == turn % 3) for i, n in rows.items()})


def delete(turn):
    return (f"DELETE FROM s.t WHERE id % 50 = {turn}", lambda rows: {i: n for i, n in rows.items() if i % 50 != turn})


def merge(turn):
    first = ROWS + 500 * turn   # of 2,000 ids some are there and some are new

    def merged(rows):
        source = range(first, first + 2 * ROWS)
        kept = {i: n for i, n in rows.items() if not (i in source and i % 7 == 0)}
        return {**kept, **{i: rows[i] + 10 if i in rows else -1 for i in source if i % 7 or i not in rows}}
    return ("MERGE INTO s.t USING (SELECT id FROM range(%d, %d)) s ON t.id = s.id WHEN MATCHED AND s.id %% 7 = 0 THEN DELETE "
            "WHEN MATCHED THEN UPDATE SET n = n + 10 WHEN NOT MATCHED THEN INSERT (id, n) VALUES (s.id, -1)"
            % (first, first + 2 * ROWS), merged)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("statement", [update, delete, merge], ids=lambda one: one.__name__)
def test_a_killed_statement_is_whole_or_never_was(tmp_path, statement, mode):
    choice = random.Random(f"{statement.__name__} {mode}")
    make(tmp_path, mode)
    rows = {i: 0 for i in range(2 * ROWS)}
    assert held(tmp_path) == rows
    sql, effect = statement(0)
    began = time.monotonic()
    query(tmp_path, sql)
    takes = time.monotonic() - began
    rows = effect(rows)
    assert held(tmp_path) == rows
    done = 0
    for turn in range(1, KILLS + 1):
        sql, effect = statement(turn)
        process = start_query(tmp_path, sql)
        time.sleep(choice.uniform(0.3, 1.1) * takes)   # the first third is the start of the program
        process.kill()
        process.communicate()
        found = held(tmp_path)
        assert found in (rows, effect(rows)), f"turn {turn}: {len(found)} rows, neither before nor after"
        done += found != rows
        rows = found
    print(f"of {KILLS} killed statements {done} had committed")
    sql, effect = statement(KILLS + 1)
    query(tmp_path, sql)
    assert held(tmp_path) == effect(rows)
    check_files(tmp_path, "s.t")
