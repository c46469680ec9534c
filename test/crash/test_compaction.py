"""kill -9 amid compaction and expiry, with an appender beside them: rows and files stay whole."""

import json
import os
import random
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FIRN = Path(os.environ.get("FIRN", ROOT / "build/release/firn"))
SEEDS = 12 if os.environ.get("FIRN_TEST_LONG") else 4
MAINTAIN = ("CALL firn.system.rewrite_data_files(table => 's.t', options => map('min-input-files', '2'));"
            "CALL firn.system.rewrite_manifests('s.t');"
            "CALL firn.system.expire_snapshots(table => 's.t', retain_last => 1, older_than => current_timestamp())")


def command(warehouse, sql):
    return [str(FIRN), "sql", "--warehouse", str(warehouse), "--format", "json", "-e", sql]


def start(warehouse, sql):
    return subprocess.Popen(command(warehouse, sql), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def rows(warehouse, sql):
    done = subprocess.run(command(warehouse, sql), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr + done.stdout
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]


@pytest.mark.parametrize("seed", range(SEEDS), ids=lambda seed: f"seed-{seed}")
def test_killed_maintenance_loses_nothing(tmp_path, seed):
    choice = random.Random(seed)
    rows(tmp_path, "CREATE TABLE s.t (id BIGINT, name STRING) USING iceberg PARTITIONED BY (bucket(2, id));" +
         ";".join(f"INSERT INTO s.t SELECT id + {1000 * n}, 'x' FROM range(1000)" for n in range(6)))
    expected = 6000
    for turn in range(4):
        maintenance = start(tmp_path, MAINTAIN)
        appender = start(tmp_path, f"INSERT INTO s.t SELECT id + {100_000 * (turn + 1)}, 'y' FROM range(10)")
        time.sleep(choice.uniform(0.02, 0.5))
        maintenance.kill()
        maintenance.communicate()
        appender.communicate()
        assert appender.returncode == 0
        expected += 10
        assert rows(tmp_path, "SELECT count(*) AS n, count(DISTINCT id) AS d FROM s.t") == [{"n": expected, "d": expected}]
    rows(tmp_path, MAINTAIN)
    assert rows(tmp_path, "SELECT count(*) AS n, count(DISTINCT id) AS d FROM s.t") == [{"n": expected, "d": expected}]
    files = rows(tmp_path, "SELECT file_path FROM s.t.files")
    assert files and all(Path(row["file_path"].removeprefix("file://")).exists() for row in files)
