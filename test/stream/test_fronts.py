"""The benchmark's job as SQL and in PySpark: equal rows, and the same stages built of both."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))
import stream as bench  # noqa: E402

EVENTS = 3000


def stages_of(log):
    """The lines of the built stages; attribute ids and slots are counted anew."""
    numbers = {}
    text = "\n".join(re.findall(r"stage: (.*)$", log, re.M))
    return re.sub(r"(#|Slot )(\d+)", lambda found: found.group(1) + str(numbers.setdefault(found.group(0), len(numbers))),
                  text).replace("silver.booking", "booking").splitlines()


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120,
                          env={**os.environ, "FIRN_PYTHON": sys.executable})
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.mark.parametrize("dedup", [False, True], ids=["plain", "deduplication"])
def test_both_fronts_build_the_same_stages(broker, topic, tmp_path, dedup):
    for partition in range(bench.PARTITIONS):
        bench.load_partition((broker.address, topic, partition, EVENTS))
    sql, python = tmp_path / "sql", tmp_path / "python"
    sql.mkdir()
    python.mkdir()
    (sql / "pipeline.sql").write_text(bench.pipeline_text(broker, topic, 1000, dedup))
    debug = ["--conf", "firn.log.level=debug"]
    from_sql = run([bench.FIRN, "run", str(sql / "pipeline.sql"), "--once", "--warehouse", str(sql / "w"), *debug])
    from_python = run(bench.pyspark_command(broker, topic, 1000, dedup, python, *debug))
    stages = stages_of(from_sql.stderr)
    assert len(stages) >= (5 if dedup else 3) and stages[0].startswith("source kafka json struct<"), stages
    assert stages_of(from_python.stderr) == stages
    assert bench.rows_written(python) == bench.rows_written(sql) > EVENTS // 2
    assert from_python.stdout.count('"rows": 1000') == 3
