"""`firn run --on`: the same script on another server, with its arguments, confs and functions."""

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from pyspark.sql import SparkSession, functions as F
spark = SparkSession.builder.appName("job").getOrCreate()
spark.range(4).createOrReplaceTempView("numbers")
print(sys.argv[1:], spark.conf.get("my.conf"))
print(spark.sql("SELECT * FROM numbers").select(F.udf(lambda x: x + 1, "long")("id").alias("v")).agg(F.sum("v")).collect())
if "--fail" in sys.argv:
    raise ValueError("the script's own")
"""


def run(server, folder, *arguments):
    (folder / "job.py").write_text(SCRIPT)
    binary = Path(os.environ.get("FIRN", Path(__file__).resolve().parents[2] / "build/release/firn"))
    return subprocess.run([binary, "run", "--on", server.address, "--conf", "my.conf=7", "job.py", *arguments], cwd=folder,
                          capture_output=True, text=True, timeout=120,
                          env=dict(os.environ, FIRN_PYTHON=sys.executable, HOME=str(folder)))


def test_a_script_runs_elsewhere(server, tmp_path):
    done = run(server, tmp_path, "--day", "2026-01-01")
    assert (done.returncode, done.stdout) == (0, "['--day', '2026-01-01'] 7\n[Row(sum(v)=10)]\n"), done.stderr
    assert not (tmp_path / ".firn").exists(), "no server of its own was started"


def test_its_failure_is_told(server, tmp_path):
    done = run(server, tmp_path, "--fail")
    assert done.returncode == 1
    assert "ValueError: the script's own" in done.stderr and "job.py" in done.stderr
