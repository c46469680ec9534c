"""Kafka → from_json → filters → days partition → Iceberg zstd, available-now, on a real broker; firn beside Spark.

./dev bench stream [--events N] [--front pyspark] [--against spark] [--json]
"""

import argparse
import json
import multiprocessing
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from confluent_kafka import Producer

from _measure import FIRN, machine, measured, percentile, spark_is_there, spark_jars

from kafka_broker import Broker  # in test/, which _measure puts on the path

PARTITIONS = 4
SCHEMA = ("event_id STRING, user_id STRING, occurred_at TIMESTAMP, gdpr_consent BOOLEAN, listing_id STRING, "
          "price DOUBLE, currency STRING, event_type STRING, payload STRING")
PIPELINE = """
SET spark.sql.session.timeZone = UTC;
CREATE TEMPORARY VIEW events AS
SELECT from_json(CAST(value AS STRING), '{schema}') AS e
FROM STREAM read_kafka(bootstrapServers => '{brokers}', subscribe => '{topic}', startingOffsets => 'earliest', maxOffsetsPerTrigger => {batch});
CREATE STREAMING TABLE silver.booking PARTITIONED BY (days(occurred_at)) AS
SELECT {distinct} event_id, user_id, occurred_at, gdpr_consent, listing_id, price, currency, event_type, payload
FROM (SELECT e.* FROM events) {watermark}
WHERE gdpr_consent AND event_id IS NOT NULL AND occurred_at IS NOT NULL AND price >= 0;
"""


def pipeline_text(broker, topic, batch, dedup):
    return PIPELINE.format(schema=SCHEMA, brokers=broker.address, topic=topic, batch=batch,
                           distinct="DISTINCT ON (event_id)" if dedup else "",
                           watermark="WATERMARK occurred_at DELAY OF INTERVAL 24 HOURS" if dedup else "")


def load_partition(arguments):
    """Events of about 259 bytes; 2,000 a second of event time, 90 % with consent."""
    address, topic, partition, count = arguments
    producer = Producer({"bootstrap.servers": address, "linger.ms": 50, "batch.num.messages": 20000,
                         "queue.buffering.max.messages": 1000000, "queue.buffering.max.kbytes": 1048576})
    numbers = random.Random(partition)
    for i in range(partition, count, PARTITIONS):
        second = i // 2000
        value = (f'{{"event_id":"{uuid.UUID(int=numbers.getrandbits(128))}","user_id":"u{numbers.randrange(2000000):07}",'
                 f'"occurred_at":"2026-01-01T{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}.{i // 2 % 1000:03}Z",'
                 f'"gdpr_consent":{"true" if numbers.random() < 0.9 else "false"},"listing_id":"l{numbers.randrange(200000):06}",'
                 f'"price":{numbers.randrange(90000) / 100},"currency":"{("EUR", "USD", "GBP", "CHF")[i & 3]}",'
                 f'"event_type":"booking_{("created", "changed", "paid", "viewed", "left")[i % 5]}","payload":"{{\\"k\\":{i}}}"}}')
        while True:
            try:
                producer.produce(topic, value, partition=partition)
                break
            except BufferError:
                producer.poll(0.05)
        if i % 4096 < PARTITIONS:
            producer.poll(0)
    producer.flush()


def load(broker, topic, count):
    broker.create_topic(topic, PARTITIONS)
    with multiprocessing.Pool(2) as pool:
        pool.map(load_partition, [(broker.address, topic, p, count) for p in range(PARTITIONS)])


# The same job in PySpark's DataFrame functions, through `firn run`.
PYSPARK_JOB = """
import json, sys
from pyspark.sql import SparkSession, functions as F
address, topic, batch, dedup, schema, checkpoint = json.loads(sys.argv[1])
spark = SparkSession.builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
spark.sql("CREATE NAMESPACE IF NOT EXISTS silver")
spark.sql(f"CREATE TABLE silver.booking ({schema}) USING iceberg PARTITIONED BY (days(occurred_at))")
raw = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", address).option("subscribe", topic)
    .option("startingOffsets", "earliest").option("maxOffsetsPerTrigger", batch).load())
rows = raw.select(F.from_json(F.col("value").cast("string"), schema).alias("e")).select("e.*")
if dedup:
    rows = rows.withWatermark("occurred_at", "24 hours")
rows = rows.where("gdpr_consent AND event_id IS NOT NULL AND occurred_at IS NOT NULL AND price >= 0")
if dedup:
    rows = rows.dropDuplicates(["event_id"])
query = (rows.writeStream.format("iceberg").outputMode("append").option("checkpointLocation", checkpoint)
    .trigger(availableNow=True).toTable("silver.booking"))
query.awaitTermination()
for p in query.recentProgress:
    print("BATCH", json.dumps({"rows": p["numInputRows"], "ms": p["batchDuration"]}))
"""


def pyspark_command(broker, topic, batch, dedup, folder, *options):
    """The job's file in `folder` and the command that runs it."""
    (folder / "job.py").write_text(PYSPARK_JOB)
    argument = json.dumps([broker.address, topic, batch, dedup, SCHEMA, str(folder / "cp")])
    return [FIRN, "run", "--warehouse", str(folder / "w"), *options, str(folder / "job.py"), argument]


def rows_written(folder):
    done = subprocess.run([FIRN, "sql", "--warehouse", str(folder / "w"), "--format", "json", "-e",
                           "SELECT count(*) AS n FROM silver.booking"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)["n"]


def counted_python(folder):
    """A python that notes its CPU time, from start to end, in `folder`/python.times."""
    script = folder / "python"
    script.write_text(f'#!/bin/bash\n"{sys.executable}" "$@"\ncode=$?\ntimes >> "{folder}/python.times"\nexit $code\n')
    script.chmod(0o755)
    return script


def counted_seconds(folder):
    return sum(int(minutes) * 60 + float(seconds)
               for minutes, seconds in re.findall(r"(\d+)m([\d.]+)s", (folder / "python.times").read_text()))


def run_pyspark(broker, topic, events, batch, dedup, folder):
    """`cpu_seconds` is firn's process alone; the script's Python is `client_cpu_seconds`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    environment = {**os.environ, "FIRN_PYTHON": str(counted_python(folder))}
    output, wall, cpu, rss = measured(pyspark_command(broker, topic, batch, dedup, folder), env=environment)
    lines = output.splitlines()
    client = counted_seconds(folder)
    batches = [json.loads(line[6:]) for line in lines if line.startswith("BATCH ")]
    batches = [b for b in batches if b["rows"]]  # the last one may only move the watermark
    rates = [b["rows"] * 1000 / max(b["ms"], 1) for b in batches if b["rows"] >= batch // 2]
    cpu -= client
    return {"engine": "firn, front pyspark", "deduplication": dedup, "events": events, "rows_written": rows_written(folder),
            "batches": len(batches), "events_per_second_p10": percentile(rates, 0.1), "events_per_second_p50": percentile(rates, 0.5),
            "wall_seconds": wall, "cpu_seconds": cpu, "client_cpu_seconds": client, "events_per_cpu_second": events / cpu,
            "peak_rss_mb": rss}


def run_fronts(broker, topic, events, batch, dedup, folder, rounds):
    """Both fronts in turn, `rounds` times; of each front the run with the median CPU time, and the ratio of the two."""
    runs = {"firn": [], "pyspark": []}
    for _ in range(rounds):
        runs["firn"].append(run_firn(broker, topic, events, batch, dedup, folder / "firn"))
        runs["pyspark"].append(run_pyspark(broker, topic, events, batch, dedup, folder / "pyspark"))
    sql, python = (sorted(some, key=lambda run: run["cpu_seconds"])[len(some) // 2] for some in runs.values())
    assert sql["rows_written"] == python["rows_written"], (sql["rows_written"], python["rows_written"])
    python["ratio_to_sql_per_cpu_second"] = python["events_per_cpu_second"] / sql["events_per_cpu_second"]
    return [sql, python]


def run_firn(broker, topic, events, batch, dedup, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "pipeline.sql").write_text(pipeline_text(broker, topic, batch, dedup))
    output, wall, cpu, rss = measured([FIRN, "run", str(folder / "pipeline.sql"), "--once", "--warehouse", str(folder / "w"), "--log-format", "json"])
    batches = [json.loads(line) for line in output.splitlines() if '"rows_in"' in line]
    rates = [b["rows_per_second"] for b in batches if b["rows_in"] >= batch // 2]
    return {"engine": "firn", "deduplication": dedup, "events": events, "rows_written": rows_written(folder), "batches": len(batches),
            "events_per_second_p10": percentile(rates, 0.1), "events_per_second_p50": percentile(rates, 0.5),
            "wall_seconds": wall, "cpu_seconds": cpu, "events_per_cpu_second": events / cpu, "peak_rss_mb": rss}


def first_commit(run, broker, dedup, folder):
    """From exec of the one or the other engine to the end of the process, with 10,000 events waiting: one snapshot."""
    topic = broker.create_topic(f"first{time.monotonic_ns()}", PARTITIONS)
    with multiprocessing.Pool(1) as pool:
        pool.map(load_partition, [(broker.address, topic, p, 10000) for p in range(PARTITIONS)])
    return run(broker, topic, 10000, 10000, dedup, folder)["wall_seconds"]


SPARK_JOB = """
import json, os, sys, time
from pyspark.sql import SparkSession, functions as F
address, topic, batch, dedup, folder, jars, schema, events = json.loads(sys.argv[1])
start = time.monotonic()
spark = (SparkSession.builder.master("local[2]").config("spark.jars", jars).config("spark.driver.memory", "3g")
    .config("spark.sql.session.timeZone", "UTC").config("spark.ui.enabled", "false").config("spark.sql.shuffle.partitions", "2")
    .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions")
    .config("spark.sql.catalog.c", "org.apache.iceberg.spark.SparkCatalog").config("spark.sql.catalog.c.type", "hadoop")
    .config("spark.sql.catalog.c.warehouse", folder + "/w").getOrCreate())
spark.sparkContext.setLogLevel("ERROR")
spark.sql(f"CREATE TABLE c.silver.booking ({schema}) USING iceberg PARTITIONED BY (days(occurred_at)) "
          "TBLPROPERTIES ('write.distribution-mode'='none','write.parquet.compression-codec'='zstd','write.spark.fanout.enabled'='true')")
raw = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", address).option("subscribe", topic)
    .option("startingOffsets", "earliest").option("maxOffsetsPerTrigger", batch).load())
rows = (raw.select(F.from_json(F.col("value").cast("string"), schema).alias("e")).select("e.*")
    .where("gdpr_consent AND event_id IS NOT NULL AND occurred_at IS NOT NULL AND price >= 0"))
if dedup:
    rows = rows.withWatermark("occurred_at", "24 hours").dropDuplicates(["event_id"])
query = rows.writeStream.format("iceberg").outputMode("append").option("fanout-enabled", "true").option("checkpointLocation", folder + "/cp").trigger(availableNow=True).toTable("c.silver.booking")
# The JVM's CPU seconds, sampled: all of them, and from the end of the second batch on (warm).
pid = spark._jvm.java.lang.ProcessHandle.current().pid()
def cpu_seconds():
    fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
samples = []
while not query.awaitTermination(0.5):
    samples.append((len(query.recentProgress), cpu_seconds()))
total = cpu_seconds()
done = query.recentProgress
warm = next((s for s in samples if s[0] >= min(2, len(done) - 1)), (0, 0.0))
hwm = next(int(line.split()[1]) for line in open(f"/proc/{pid}/status") if line.startswith("VmHWM"))
print("USAGE", json.dumps({"cpu": total, "warm_cpu": total - warm[1], "warm_rows": sum(p["numInputRows"] for p in done[warm[0]:]), "rss_mb": hwm / 1024}))
for p in query.recentProgress:
    print("BATCH", json.dumps({"rows": p["numInputRows"], "ms": p["batchDuration"]}))
print("ROWS", spark.table("c.silver.booking").count())
"""


def run_spark(broker, topic, events, batch, dedup, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "job.py").write_text(SPARK_JOB)
    jars = ",".join(map(str, spark_jars()))
    argument = json.dumps([broker.address, topic, batch, dedup, str(folder), jars, SCHEMA, events])
    start = time.monotonic()
    done = subprocess.run([sys.executable, str(folder / "job.py"), argument], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    wall = time.monotonic() - start
    assert done.returncode == 0, done.stdout[-3000:]
    lines = done.stdout.splitlines()
    usage = next(json.loads(line[6:]) for line in lines if line.startswith("USAGE"))
    batches = [json.loads(line[6:]) for line in lines if line.startswith("BATCH")]
    rates = [b["rows"] * 1000 / max(b["ms"], 1) for b in batches if b["rows"] >= batch // 2]
    return {"engine": "spark", "deduplication": dedup, "events": events, "rows_written": int(re.search(r"ROWS (\d+)", done.stdout).group(1)),
            "batches": len(batches), "events_per_second_p10": percentile(rates, 0.1), "events_per_second_p50": percentile(rates, 0.5),
            "wall_seconds": wall, "cpu_seconds": usage["cpu"], "events_per_cpu_second": events / usage["cpu"],
            "events_per_cpu_second_warm": usage["warm_rows"] / max(usage["warm_cpu"], 1e-9), "peak_rss_mb": usage["rss_mb"]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=3000000)
    parser.add_argument("--batch", type=int, default=500000, help="maxOffsetsPerTrigger")
    parser.add_argument("--front", choices=["pyspark"], help="also the same job in PySpark through firn run, and the ratio of the two")
    parser.add_argument("--rounds", type=int, default=1, help="runs of each front, in turn; the median counts")
    parser.add_argument("--against", choices=["spark"], action="append", default=[])
    parser.add_argument("--no-dedup", action="store_true", help="leave the case with deduplication out")
    parser.add_argument("--json", action="store_true", help="one object a case on the last lines, nothing else")
    arguments = parser.parse_args()
    say = (lambda *_: None) if arguments.json else print
    results = []
    with tempfile.TemporaryDirectory(prefix="firn-bench-") as folder:
        folder = Path(folder)
        broker = Broker(folder / "broker", heap="1g").start()
        try:
            say(f"loading {arguments.events:,} events …")
            load(broker, "booking_events", arguments.events)
            cases = [False] if arguments.no_dedup else [False, True]
            for dedup in cases:
                if arguments.front:
                    results += run_fronts(broker, "booking_events", arguments.events, arguments.batch, dedup, folder, arguments.rounds)
                    continue
                results.append(run_firn(broker, "booking_events", arguments.events, arguments.batch, dedup, folder / "firn"))
                results[-1]["start_to_first_commit_seconds"] = first_commit(run_firn, broker, dedup, folder / "first")
                if "spark" in arguments.against:
                    if not spark_is_there(say):
                        continue
                    results.append(run_spark(broker, "booking_events", arguments.events, arguments.batch, dedup, folder / "spark"))
                    ours, theirs = results[-2:]
                    theirs["start_to_first_commit_seconds"] = first_commit(run_spark, broker, dedup, folder / "first")
                    ours["ratio_to_spark_per_cpu_second"] = ours["events_per_cpu_second"] / theirs["events_per_cpu_second"]
                    ours["ratio_to_spark_warm"] = ours["events_per_cpu_second"] / theirs["events_per_cpu_second_warm"]
                    ours["ratio_to_spark_first_commit"] = theirs["start_to_first_commit_seconds"] / ours["start_to_first_commit_seconds"]
        finally:
            broker.stop()
    for result in results:
        result.update(machine())
        say(f"{result['engine']:6} {'with' if result['deduplication'] else 'without'} deduplication: "
            f"{result['events_per_cpu_second']:,.0f} events a CPU second, {result['events_per_second_p50']:,.0f} a second (p50), "
            f"peak {result['peak_rss_mb']:,.0f} MB, {result['wall_seconds']:.1f} s"
            + (f", {result['start_to_first_commit_seconds']:.2f} s to the first commit" if "start_to_first_commit_seconds" in result else "")
            + (f", {result['ratio_to_sql_per_cpu_second']:.3f} of the SQL front's rate a CPU second; the script's Python "
               f"(not counted) {result['client_cpu_seconds']:.2f} s" if "ratio_to_sql_per_cpu_second" in result else "")
            + (f", {result['ratio_to_spark_warm']:.1f} times Spark's warm rate a CPU second" if "ratio_to_spark_warm" in result else ""))
    for result in results:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
