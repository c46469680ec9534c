"""Spark Connect with the stock client: firn's server beside Spark's own, on the same machine in one run.

./dev bench connect [--alone] [--rows N] [--create-rows N] [--case NAME…] [--json]

Cases: start (exec of the server to the first result), small (one small query after another), toPandas, createDataFrame,
pandas_udf; of firn alone: serving (exec to the address), script (`firn run` of one query beyond importing the client).
The client is imported before a clock starts. Each figure is the median of its runs.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _measure import FIRN, free_port, machine

COMPARED = ["start", "small", "toPandas", "createDataFrame", "pandas_udf"]
OWN = ["serving", "script"]
TARGETS = {"start": 10, "small": 2, "toPandas": 2, "createDataFrame": 2, "pandas_udf": 2}  # times as quick as Spark


# ---- servers

class Firn:
    def __init__(self, folder):
        self.process = subprocess.Popen(
            [FIRN, "server", "--port", "0", "--warehouse", str(folder / "warehouse")], cwd=folder, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=dict(os.environ, FIRN_PYTHON=sys.executable))
        self.address = self.process.stdout.readline().strip()
        assert self.address.startswith("sc://"), "firn server did not start"


class Spark:
    """Spark Connect's server as start-connect-server.sh starts it, in the foreground."""

    def __init__(self, folder):
        import pyspark

        home = Path(pyspark.__file__).parent
        port = free_port()
        environment = {k: v for k, v in os.environ.items() if k not in ("SPARK_REMOTE", "SPARK_CONNECT_MODE_ENABLED")}
        environment.update(SPARK_HOME=str(home), SPARK_LOCAL_IP="127.0.0.1", PYSPARK_PYTHON=sys.executable)
        confs = {"spark.connect.grpc.binding.port": port, "spark.ui.enabled": "false", "spark.driver.memory": "4g",
                 "spark.sql.shuffle.partitions": os.cpu_count(), "spark.sql.warehouse.dir": folder / "warehouse"}
        self.log = open(folder / "spark.log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [home / "bin/spark-submit", "--master", f"local[{os.cpu_count()}]",
             *[part for key, value in confs.items() for part in ("--conf", f"{key}={value}")],
             "--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "--name", "bench"],
            cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        self.address = f"sc://127.0.0.1:{port}"
        deadline = time.monotonic() + 120
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            assert self.process.poll() is None and time.monotonic() < deadline, (folder / "spark.log").read_text()[-3000:]
            time.sleep(0.005)


ENGINES = {"firn": Firn, "spark": Spark}


def stop(server):
    import psutil

    family = [psutil.Process(server.process.pid), *psutil.Process(server.process.pid).children(recursive=True)]
    server.process.terminate()
    _, alive = psutil.wait_procs(family, timeout=20)
    for process in alive:
        process.kill()


def cpu_seconds(server):
    """Of the server and its children (a JVM's launcher, Python workers)."""
    import psutil

    root = psutil.Process(server.process.pid)
    return sum(sum(process.cpu_times()[:2]) for process in [root, *root.children(recursive=True)])


# ---- cases of a running server: what is timed, after something that warms up

def small(spark, arguments):
    def run():
        assert spark.range(1).selectExpr("id + 1 AS a").collect()[0].a == 1

    for _ in range(50):
        run()
    return [timed(run) for _ in range(arguments.queries)]


def to_pandas(spark, arguments):
    # A double: as a decimal (0.5 without D) each price becomes an object of Python's in the client, 2 s of 5 M rows.
    frame = spark.range(arguments.rows).selectExpr(
        "id", "id * 0.5D AS price", "concat('user-', cast(id % 100000 AS string)) AS user", "id % 7 = 0 AS flag")

    def run():
        assert len(frame.toPandas()) == arguments.rows

    spark.range(1000).toPandas()
    return [timed(run) for _ in range(arguments.repeats)]


def create_data_frame(spark, arguments):
    import numpy
    import pandas

    count = arguments.create_rows
    generator = numpy.random.default_rng(1)
    source = pandas.DataFrame({"id": numpy.arange(count), "price": generator.random(count),
                               "name": [f"name {i % 5000}" for i in range(count)]})
    spark.createDataFrame(source.head(1000)).count()
    samples = []
    for turn in range(arguments.repeats):
        source["id"] += 1  # other data each time: blocks that the server has are not sent again
        samples.append(timed(lambda: spark.createDataFrame(source).selectExpr("sum(id)").collect()))
    return samples


def pandas_udf_case(spark, arguments):
    import pandas as pd
    from pyspark.sql.functions import pandas_udf

    @pandas_udf("double")
    def scaled(values: pd.Series) -> pd.Series:
        return values * 1.5 + 1

    def run(rows):
        return spark.range(rows).select(scaled("id").alias("v")).selectExpr("sum(v) AS s").collect()[0].s

    run(1000)
    return [timed(lambda: run(arguments.rows)) for _ in range(arguments.repeats)]


CASES = {"small": small, "toPandas": to_pandas, "createDataFrame": create_data_frame, "pandas_udf": pandas_udf_case}


def timed(run):
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


# ---- one engine, in a process of its own

def session(address):
    from pyspark.sql import SparkSession

    return SparkSession.builder.remote(address).create()


def first_result(engine, folder):
    begin = time.perf_counter()
    server = ENGINES[engine](folder)
    spark = session(server.address)
    assert spark.sql("SELECT 1 AS one").collect()[0].one == 1
    took = time.perf_counter() - begin
    spark.stop()
    stop(server)
    return took


def serving(folder):
    begin = time.perf_counter()
    server = Firn(folder)
    took = time.perf_counter() - begin
    stop(server)
    return took


SCRIPT = """
import time
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
assert spark.sql("SELECT 1 AS one").collect()[0].one == 1
print(time.time(), flush=True)
"""
IMPORTS = """
import time
from pyspark.sql import SparkSession
import pyspark.sql.connect.session, pyspark.sql.connect.dataframe, pandas, pyarrow, grpc, google.rpc.error_details_pb2
print(time.time(), flush=True)
"""


def script(folder):
    """`firn run` of one query, less a Python that imports the client."""
    (folder / "trivial.py").write_text(SCRIPT)
    environment = dict(os.environ, FIRN_PYTHON=sys.executable)

    def moment(command):
        begin = time.time()
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
        return float(done.stdout.split()[-1]) - begin

    whole = moment([FIRN, "run", "trivial.py"])
    return whole - moment([sys.executable, "-c", IMPORTS])


def measure(engine, arguments):
    import grpc  # noqa: F401: all of the client before a clock starts
    import pandas  # noqa: F401
    import pyarrow  # noqa: F401
    import pyspark.sql.connect.dataframe  # noqa: F401
    import pyspark.sql.connect.session  # noqa: F401

    results = []

    def add(case, samples, cpu=None):
        results.append({"case": case, "engine": engine, "seconds": statistics.median(samples), "best": min(samples),
                        "runs": len(samples), "server_cpu_seconds": cpu})
        print(json.dumps(results[-1]), flush=True)

    with tempfile.TemporaryDirectory(prefix="firn-bench-") as folder:
        folder = Path(folder)
        if engine == "firn" and "serving" in arguments.case:
            add("serving", [serving(folder) for _ in range(arguments.starts)])
        if engine == "firn" and "script" in arguments.case:
            add("script", [script(folder) for _ in range(arguments.starts)])
        if "start" in arguments.case:
            add("start", [first_result(engine, folder) for _ in range(arguments.starts)])
        chosen = [case for case in CASES if case in arguments.case]
        if not chosen:
            return
        server = ENGINES[engine](folder)
        spark = session(server.address)
        for case in chosen:
            before = cpu_seconds(server)
            samples = CASES[case](spark, arguments)
            add(case, samples, cpu_seconds(server) - before)
        spark.stop()
        stop(server)


# ---- all of it

def run_engine(engine, arguments):
    command = [sys.executable, __file__, "--engine", engine, "--rows", str(arguments.rows), "--create-rows",
               str(arguments.create_rows), "--queries", str(arguments.queries), "--repeats", str(arguments.repeats),
               "--starts", str(arguments.starts), *[part for case in arguments.case for part in ("--case", case)]]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False,
                          env=dict(os.environ, SPARK_CONNECT_MODE_ENABLED="1", TZ="UTC"))
    if done.returncode != 0:
        sys.exit(f"{engine}: the run failed")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000, help="of toPandas and the pandas UDF")
    parser.add_argument("--create-rows", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=300, help="of the case small")
    parser.add_argument("--repeats", type=int, default=3, help="of the large cases")
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--case", action="append", choices=COMPARED + OWN, help="only these; all without it")
    parser.add_argument("--alone", action="store_true", help="firn without Spark beside it")
    parser.add_argument("--engine", choices=list(ENGINES), help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="one object a figure on the last lines, nothing else")
    arguments = parser.parse_args()
    arguments.case = arguments.case or COMPARED + OWN
    if arguments.engine:
        measure(arguments.engine, arguments)
        return
    say = (lambda *_: None) if arguments.json else print
    figures = run_engine("firn", arguments)
    theirs = {}
    if not arguments.alone:
        import importlib.util

        found = importlib.util.find_spec("pyspark")
        if found is None or not list((Path(found.origin).parent / "jars").glob("spark-connect_*.jar")):
            print("Spark is not installed (./dev setup --peers): left out", file=sys.stderr)
        else:
            theirs = {figure["case"]: figure for figure in run_engine("spark", arguments)}
    for figure in figures:
        figure.update(machine())
        other = theirs.get(figure["case"])
        text = f"{figure['case']:16} firn {figure['seconds'] * 1000:10,.1f} ms"
        if other:
            figure["ratio_to_spark"] = other["seconds"] / figure["seconds"]
            figure["target_ratio"] = TARGETS[figure["case"]]
            text += (f"   Spark {other['seconds'] * 1000:10,.1f} ms   {figure['ratio_to_spark']:6.1f} times as quick"
                     f" (wanted: {figure['target_ratio']})")
        say(text)
    for figure in [*figures, *theirs.values()]:
        print(json.dumps(figure))


if __name__ == "__main__":
    main()
