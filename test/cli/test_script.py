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


def test_arguments_come_as_they_were_given(script):
    words = ["[1, 2]", '["a", "b"]', "", "{x}", "a,b", "-x", "--k=[v]", "more.py"]
    run = script("import sys\nprint(sys.argv[1:])", *words)
    assert run.out == f"{words}\n", run.err


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


def test_the_session_by_its_other_names(script):
    run = script("""
from pyspark import SparkConf, SparkContext
from pyspark.sql import HiveContext, SparkSession, SQLContext
sc = SparkContext.getOrCreate(SparkConf().setAppName("n").set("spark.my.own", "7"))
spark = SparkSession(sc)
assert spark is SparkSession.builder.getOrCreate() and spark.sparkContext is sc
print(SQLContext(sc).sql("SELECT 1 AS a").collect(), HiveContext(sc).range(2).count(), sc.getConf().get("spark.my.own"))
numbers = sc.broadcast({1: "one"})
print(sc.parallelize([1, 2], 2).map(lambda n: numbers.value.get(n)).filter(lambda w: w).collect())
spark.stop()
print(SparkSession.builder.getOrCreate().range(3).count())
for name, call in (("_jvm", lambda: SparkContext.getOrCreate()._jvm.java), ("accumulator", lambda: sc.accumulator(0)),
                   ("pipe", lambda: SparkContext.getOrCreate().parallelize([1]).pipe("cat"))):
    try:
        call()
    except NotImplementedError as error:
        assert name in str(error) and "not supported by firn: " in str(error), error
        print(name)
""")
    assert run.code == 0, run.err
    assert run.out.splitlines() == ["[Row(a=1)] 2 7", "['one']", "3", "_jvm", "accumulator", "pipe"]


def test_the_script_is_main(script, tmp_path):
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs/beside.py").write_text("def twice(x):\n    return 2 * x\n")
    (tmp_path / "jobs/names.txt").write_text("a name")
    (tmp_path / "jobs/job.py").write_text(SESSION + """
import os, sys
from beside import twice
from pyspark.sql import functions as F
HERE = os.path.dirname(os.path.abspath(__file__))
def main():
    assert os.path.isabs(__file__) and sys.modules["__main__"].twice is twice
    print(open(os.path.join(HERE, "names.txt")).read(), sys.stdin.read())
    # The worker of the function imports what the script imports.
    print(spark.range(3).select(F.udf(twice, "bigint")("id").alias("t")).agg(F.sum("t")).collect()[0][0])
    sys.exit(5)
if __name__ == "__main__":
    main()
""")
    import subprocess
    done = subprocess.run([os.environ.get("FIRN", "firn"), "run", "jobs/job.py"], input="from stdin", text=True,
                          capture_output=True, cwd=tmp_path, timeout=120)
    assert (done.returncode, done.stdout) == (5, "a name from stdin\n6\n"), done.stderr


def test_a_script_that_is_no_python(script):
    run = script("x = 1\nif x\n    print(x)\n")
    assert run.code == 1 and 'File "job.py", line 2' in run.err and "SyntaxError" in run.err
    assert "launcher.py" not in run.err


FOREACH = SESSION + """
import threading
total, lock = [0], threading.Lock()  # cannot be pickled: the function runs here
def add(batch, number):
    with lock:
        total[0] += spark.sql("SELECT 1 AS one").count() * batch.count()
    {statement}
query = (spark.readStream.schema("a INT").json("in/").writeStream.foreachBatch(add)
         .option("checkpointLocation", "cp").trigger(availableNow=True).start())
query.awaitTermination()
print("rows", total[0])
"""


def test_for_each_batch_in_the_scripts_process(script, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.json").write_text('{"a": 1}\n{"a": 2}\n')
    run = script(FOREACH.format(statement="pass"))
    assert run.code == 0 and "rows 2" in run.out.splitlines(), run.err
    (tmp_path / "in/b.json").write_text('{"a": 3}\n')
    assert "rows 1" in script(FOREACH.format(statement="pass")).out.splitlines()
    (tmp_path / "in/c.json").write_text('{"a": 3}\n')
    run = script(FOREACH.format(statement="raise ValueError('no more')"))
    assert run.code == 1 and "ValueError: no more" in run.err and 'File "job.py", line 9, in add' in run.err, run.err


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
try:
    print("ready", flush=True)
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


@pytest.mark.parametrize("name, said", [("job.scala", "Scala"), ("job.jar", "JVM"), ("job.ipynb", "firn server")])
def test_other_languages_are_refused_by_name(firn, tmp_path, name, said):
    (tmp_path / name).write_text("object Job {}")
    run = firn("run", name)
    assert run.code == 1 and said in run.err and "UNSUPPORTED_FEATURE" in run.err


def test_a_pipeline_takes_no_arguments(firn, tmp_path):
    (tmp_path / "p.sql").write_text("SELECT 1")
    run = firn("run", "p.sql", "more")
    assert run.code != 0 and "more" in run.err
