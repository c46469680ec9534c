"""firn run job.py: arguments, streams, exit codes, tracebacks, signals, the profile without an account."""

import json
import os
import signal
import sys
import time

import pytest


@pytest.fixture
def script(firn, tmp_path, monkeypatch):
    """Writes a script and runs it with the suite's own Python."""
    monkeypatch.setenv("FIRN_PYTHON", sys.executable)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)

    def run(text, *arguments, options=(), name="job.py"):
        (tmp_path / name).write_text(text)
        return firn("run", *options, name, *arguments, timeout=120)
    return run


SESSION = "from pyspark.sql import SparkSession\nspark = SparkSession.builder.getOrCreate()\n"


def test_a_query(script):
    run = script(SESSION + "print(spark.sql('SELECT 1 + 1 AS two').collect())")
    assert (run.code, run.out) == (0, "[Row(two=2)]\n"), run.err


def test_arguments_are_the_scripts_own(script):
    run = script("import sys\nprint(sys.argv)", "--JOB_NAME", "x", "--conf", "a=b", "--", "--help")
    assert run.out == "['job.py', '--JOB_NAME', 'x', '--conf', 'a=b', '--', '--help']\n", run.err


def test_confs_before_the_script(script):
    run = script(SESSION + "print(spark.conf.get('spark.sql.ansi.enabled'), spark.conf.get('spark.my.own'))",
                 options=("--glue-version", "5.0", "--conf", "spark.my.own=1"))
    assert run.out == "false 1\n", run.err
    run = script("", options=("--glue-version", "9"))
    assert run.code == 1 and "5.0" in run.err


@pytest.mark.parametrize("text, code", [
    ("import sys; sys.exit(3)", 3), ("raise SystemExit('no')", 1), ("raise ValueError('x')", 1), ("1", 0),
    ("import os; os._exit(7)", 7), ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137),
])
def test_exit_codes(script, text, code):
    assert script(text).code == code


def test_a_traceback_begins_at_the_script(script):
    run = script("def work():\n    raise ValueError('broken')\n\nwork()\n")
    assert run.err.splitlines() == [
        "Traceback (most recent call last):", '  File "job.py", line 4, in <module>', "    work()",
        '  File "job.py", line 2, in work', "    raise ValueError('broken')", "ValueError: broken"]


def test_imports_beside_the_script_and_from_py_files(script, tmp_path):
    (tmp_path / "beside.py").write_text("x = 1")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/extra.py").write_text("y = 2")
    run = script("import beside, extra\nprint(beside.x, extra.y)", options=("--py-files", "lib/extra.py"))
    assert run.out == "1 2\n", run.err


def test_a_python_without_pyspark_says_what_to_install(script, firn, tmp_path):
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare/python").write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    (tmp_path / "bare/python").chmod(0o755)
    run = script(SESSION, options=("--conf", f"firn.python={tmp_path}/bare/python"))
    assert run.code == 1
    assert "pip install pyspark-client" in run.err
    run = script(SESSION, options=("--conf", "firn.python=/no/python"))
    assert run.code == 1 and "/no/python" in run.err


def test_sparkcontext_and_rdds(script):
    run = script("""
from pyspark import SparkConf
from pyspark.context import SparkContext
sc = SparkContext(conf=SparkConf().setMaster("local[2]").setAppName("mine"))
assert SparkContext.getOrCreate() is sc and sc.appName == "mine"
sc.setLogLevel("ERROR")
print(sc.parallelize(range(10)).map(lambda x: (x % 2, x)).reduceByKey(lambda a, b: a + b).collectAsMap())
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[*]").enableHiveSupport().getOrCreate()
print(spark.sparkContext is sc, spark.range(3).rdd.map(lambda r: r.id).sum(), sc.parallelize([(1,)]).toDF(["a"]).count())
for f in (lambda: sc._jvm, lambda: spark._jsc, lambda: sc.accumulator(0), lambda: sc.hadoopFile("x")):
    try:
        f()
    except NotImplementedError as error:
        print(str(error).split(":")[0])
""")
    assert run.code == 0, run.err
    assert run.out.splitlines() == ["{0: 20, 1: 25}", "True 3 1", "SparkContext._jvm is not supported by firn",
                                    "_jsc is not supported by firn", "SparkContext.accumulator is not supported by firn",
                                    "SparkContext.hadoopFile is not supported by firn"]


def test_metrics_and_services_without_an_account(script, tmp_path):
    run = script("""
import boto3
boto3.client("cloudwatch").put_metric_data(Namespace="N", MetricData=[{"MetricName": "m", "Value": 2}])
boto3.client("s3")
""")
    assert run.code == 1 and "boto3.client('s3')" in run.err and "--aws" in run.err
    assert json.loads((tmp_path / ".firn/metrics/cloudwatch.jsonl").read_text())["value"] == 2.0


def test_an_interrupt_reaches_the_script(script, firn, tmp_path):
    (tmp_path / "job.py").write_text(SESSION + """
import time
print("ready", flush=True)
try:
    time.sleep(60)
except KeyboardInterrupt:
    print("stopping")
""")
    process = firn.start("run", "job.py")
    assert process.stdout.readline() == "ready\n"
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (0, "stopping\n"), err
    assert time.monotonic() - start < 10


def test_a_missing_script(script, firn):
    run = firn("run", "nothing.py")
    assert run.code == 1 and "nothing.py" in run.err


def test_a_pipeline_takes_no_arguments(firn, tmp_path):
    (tmp_path / "p.sql").write_text("SELECT 1")
    run = firn("run", "p.sql", "more")
    assert run.code != 0 and "more" in run.err
