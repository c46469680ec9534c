"""`firn run --on`: the same script on another server, with its arguments, confs and functions; on a real Spark too."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

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


FIRN = Path(os.environ.get("FIRN", Path(__file__).resolve().parents[2] / "build/release/firn"))


def run(server, folder, *arguments):
    (folder / "job.py").write_text(SCRIPT)
    return firn_run(folder, "--on", server.address, "--conf", "my.conf=7", "job.py", *arguments)


def firn_run(folder, *arguments, timeout=120):
    return subprocess.run([FIRN, "run", *arguments], cwd=folder, capture_output=True, text=True, timeout=timeout,
                          env=dict(os.environ, FIRN_PYTHON=sys.executable, HOME=str(folder), TZ="UTC"))


def test_a_script_runs_elsewhere(server, tmp_path):
    done = run(server, tmp_path, "--day", "2026-01-01")
    assert (done.returncode, done.stdout) == (0, "['--day', '2026-01-01'] 7\n[Row(sum(v)=10)]\n"), done.stderr
    assert not (tmp_path / ".firn").exists(), "no server of its own was started"


def test_its_failure_is_told(server, tmp_path):
    done = run(server, tmp_path, "--fail")
    assert done.returncode == 1
    assert "ValueError: the script's own" in done.stderr and "job.py" in done.stderr


@pytest.fixture
def spark_server(tmp_path):
    """The address of a Spark Connect server of the installed Spark, in a JVM."""
    import pyspark

    home = Path(pyspark.__file__).parent
    if not list((home / "jars").glob("spark-connect_*.jar")):
        pytest.fail("Spark's jars are not installed (./dev setup --peers)")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {k: v for k, v in os.environ.items() if k not in ("SPARK_REMOTE", "SPARK_CONNECT_MODE_ENABLED")}
    confs = {"spark.connect.grpc.binding.port": port, "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": 2,
             "spark.sql.warehouse.dir": tmp_path / "spark-warehouse"}
    with open(tmp_path / "spark.log", "w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [home / "bin/spark-submit", "--master", "local[2]", *[w for k, v in confs.items() for w in ("--conf", f"{k}={v}")],
             "--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "--name", "on"],
            cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=dict(
                kept, SPARK_HOME=str(home), SPARK_LOCAL_IP="127.0.0.1", PYSPARK_PYTHON=sys.executable, TZ="UTC"))
    deadline = time.monotonic() + 300
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert process.poll() is None and time.monotonic() < deadline, (tmp_path / "spark.log").read_text()[-3000:]
        time.sleep(0.1)
    yield f"sc://127.0.0.1:{port}"
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    process.terminate()
    for left in psutil.wait_procs(family, timeout=20)[1]:
        left.kill()


def test_a_real_spark_prints_the_same(spark_server, tmp_path):
    """Not one line of the script changes between firn and Spark, and neither does what it prints."""
    script = Path(__file__).with_name("on_job.py")
    told = []
    for on in ([], ["--on", spark_server]):
        done = firn_run(tmp_path, *on, "--conf", "my.conf=7", script, "--folder", tmp_path / "files", timeout=300)
        assert done.returncode == 0, done.stderr
        told.append(done.stdout)
    assert told[1] == told[0] and len(told[0].splitlines()) > 30
