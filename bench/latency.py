"""From produce to committed: events at a steady rate on a real broker, a 1 s and a 200 ms trigger; firn beside Spark.

./dev bench latency [--rate N] [--seconds N] [--trigger MS…] [--against spark] [--json]

The job is one PySpark script for both: Kafka → from_json → filters → Iceberg (days partition, zstd), trigger(processingTime).
firn runs it through `firn run`; the script's own Python is not counted as firn's CPU time. Every event carries the moment
(µs) at which it was handed to the producer (linger 5 ms). Committed means visible: a reader polls the catalog every 2 ms for
the table's metadata location, and the moment at which it first sees one is the moment of the snapshots in it. Which rows
came with which snapshot is read from the manifests and data files afterwards. The first --warm-up seconds do not count.
CPU seconds are those of the engine while events were produced, as a share of one core.
"""

import argparse
import json
import multiprocessing
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

from _measure import (FIRN, add_standard_options, cpu_seconds, memory_mb, percentile, print_figures, pyiceberg_catalog,
                     sayer, spark_is_there, spark_jars)

PARTITIONS = 4
TARGETS = {1000: 1.2, 200: 0.5}  # seconds, p99, by the trigger's milliseconds
SCHEMA = ("event_id STRING, user_id STRING, occurred_at TIMESTAMP, gdpr_consent BOOLEAN, listing_id STRING, price DOUBLE, "
          "currency STRING, event_type STRING, produced BIGINT")
JOB = """
import json, os, sys, time
from pyspark.sql import SparkSession, functions as F
engine, address, topic, trigger, folder, jars, schema = json.loads(sys.argv[1])
builder = SparkSession.builder.config("spark.sql.session.timeZone", "UTC")
table = "silver.booking"
if engine == "spark":
    builder = builder.master("local[2]")
    table = "firn.silver.booking"
    for key, value in {"spark.jars": jars, "spark.driver.memory": "3g", "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2",
                       "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
                       "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
                       "spark.sql.catalog.firn": "org.apache.iceberg.spark.SparkCatalog",
                       "spark.sql.catalog.firn.catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog",
                       "spark.sql.catalog.firn.uri": f"jdbc:sqlite:{folder}/w/catalog.db", "spark.sql.catalog.firn.warehouse": f"{folder}/w",
                       "spark.sql.catalog.firn.jdbc.schema-version": "V1"}.items():
        builder = builder.config(key, value)
spark = builder.getOrCreate()
spark.sql("CREATE NAMESPACE IF NOT EXISTS " + table.rpartition(".")[0])
spark.sql(f"CREATE TABLE {table} ({schema}) USING iceberg PARTITIONED BY (days(occurred_at)) TBLPROPERTIES ("
          "'write.distribution-mode'='none','write.parquet.compression-codec'='zstd','write.spark.fanout.enabled'='true')")
raw = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", address).option("subscribe", topic)
    .option("startingOffsets", "earliest").load())
rows = (raw.select(F.from_json(F.col("value").cast("string"), schema).alias("e")).select("e.*")
    .where("gdpr_consent AND event_id IS NOT NULL AND occurred_at IS NOT NULL AND price >= 0"))
query = (rows.writeStream.format("iceberg").outputMode("append").option("fanout-enabled", "true")
    .option("checkpointLocation", folder + "/cp").trigger(processingTime=f"{trigger} milliseconds").toTable(table))
pid = spark._jvm.java.lang.ProcessHandle.current().pid() if engine == "spark" else os.getppid()
print("PID", pid, flush=True)
query.awaitTermination()
"""


def produce(address, topic, rate, seconds):
    """`rate` events a second in steps of 10 ms, each with the moment at which it was handed over."""
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": address, "linger.ms": 5, "queue.buffering.max.messages": 1000000})
    step, begin, sent = max(rate // 100, 1), time.monotonic(), 0
    while sent < rate * seconds:
        for i in range(sent, sent + step):
            now = time.time()
            moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
            producer.produce(topic, partition=i % PARTITIONS, value=(
                f'{{"event_id":"{uuid.UUID(int=i * 2654435761 << 32 | i)}","user_id":"u{i * 7919 % 2000000:07}","occurred_at":"{moment}.{i % 1000:03}Z",'
                f'"gdpr_consent":{"false" if i % 10 == 3 else "true"},"listing_id":"l{i % 200000:06}","price":{i % 90000 / 100},'
                f'"currency":"EUR","event_type":"booking_created","produced":{int(now * 1e6)}}}'))
        sent += step
        producer.poll(0)
        time.sleep(max(0.0, begin + sent / rate - time.monotonic()))
    producer.flush()


class CatalogReader(threading.Thread):
    """Notes when each snapshot of the table became visible."""

    def __init__(self, catalog):
        super().__init__(daemon=True)
        self.catalog, self.seen, self.stopped = catalog, {}, False

    def run(self):
        last = None
        connection = None
        while not self.stopped:
            try:
                connection = connection or sqlite3.connect(f"file:{self.catalog}?mode=ro", uri=True, timeout=5)
                row = connection.execute("SELECT metadata_location FROM iceberg_tables WHERE table_name = 'booking'").fetchone()
                now = time.time()
                if row and row[0] != last:
                    last = row[0]
                    text = Path(last.removeprefix("file://").removeprefix("file:")).read_text()
                    for snapshot in re.findall(r'"snapshot-id"\s*:\s*(\d+)', text):
                        self.seen.setdefault(int(snapshot), now)
            except (sqlite3.Error, OSError):
                pass  # not there yet, or replaced meanwhile: the next look shows it
            time.sleep(0.002)


def latencies(warehouse, seen, not_before):
    """Seconds of every row that was produced at `not_before` (µs) or later."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table = pyiceberg_catalog(warehouse).load_table("silver.booking")
    result = []
    rows = 0
    for manifest in table.current_snapshot().manifests(table.io):
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True):
            produced = pq.read_table(entry.data_file.file_path.removeprefix("file://").removeprefix("file:"), columns=["produced"])["produced"]
            rows += len(produced)
            committed = int(seen[entry.snapshot_id] * 1e6)
            counted = produced.filter(pc.greater_equal(produced, not_before))
            result += [(committed - moment) / 1e6 for moment in counted.to_pylist()]
    return result, rows


def run(engine, broker, trigger, arguments, folder, say):
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "w").mkdir(parents=True)
    (folder / "job.py").write_text(JOB)
    topic = broker.create_topic(f"latency{time.monotonic_ns()}", PARTITIONS)
    jars = ",".join(str(jar) for jar in spark_jars())
    command = {"firn": [FIRN, "run", "--warehouse", str(folder / "w"), str(folder / "job.py")], "spark": [sys.executable, str(folder / "job.py")]}[engine]
    process = subprocess.Popen([*command, json.dumps([engine, broker.address, topic, trigger, str(folder), jars, SCHEMA])], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "FIRN_PYTHON": sys.executable}, start_new_session=True)
    output = []
    try:
        for line in process.stdout:
            output.append(line)
            if line.startswith("PID "):
                break
        else:
            raise AssertionError(f"{engine} did not start: " + "".join(output)[-3000:])
        pid = int(output[-1].split()[1])
        threading.Thread(target=lambda: [output.append(line) for line in process.stdout], daemon=True).start()
        reader = CatalogReader(folder / "w/catalog.db")
        reader.start()
        producer = multiprocessing.get_context("spawn").Process(
            target=produce, args=(broker.address, topic, arguments.rate, arguments.warm_up + arguments.seconds))
        producer.start()
        time.sleep(arguments.warm_up)
        not_before, before, begin = time.time(), cpu_seconds(pid), time.monotonic()
        producer.join()
        cpu, span = cpu_seconds(pid) - before, time.monotonic() - begin
        expected = arguments.rate * (arguments.warm_up + arguments.seconds) * 9 // 10
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            time.sleep(max(1.0, trigger / 1000))
            values, rows = latencies(folder / "w", dict(reader.seen), int(not_before * 1e6))
            if rows >= expected:
                break
        rss = memory_mb(pid)
        reader.stopped = True
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert rows == expected, f"{engine} committed {rows} rows of {expected}: " + "".join(output)[-2000:]
    result = {"case": "latency", "engine": engine, "trigger_ms": trigger, "rate": arguments.rate, "rows": len(values), "snapshots": len(reader.seen),
              "p50_seconds": percentile(values, 0.5), "p99_seconds": percentile(values, 0.99), "max_seconds": max(values),
              "cpu_seconds": cpu, "wall_seconds": span, "busy_cores": cpu / span, "peak_rss_mb": rss, "target_p99_seconds": TARGETS.get(trigger)}
    say(f"{engine:5} trigger {trigger} ms: p50 {result['p50_seconds']:.3f} s, p99 {result['p99_seconds']:.3f} s, {result['busy_cores']:.3f} busy cores, "
        f"{rss:.0f} MB")
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=10_000, help="events a second")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--warm-up", type=int, default=15, help="seconds")
    parser.add_argument("--trigger", type=int, action="append", help="milliseconds; 1000 and 200 without it")
    add_standard_options(parser)
    arguments = parser.parse_args()
    from kafka_broker import Broker

    say = sayer(arguments)
    results = []
    with tempfile.TemporaryDirectory(prefix="firn-bench-") as folder:
        folder = Path(folder)
        broker = Broker(folder / "broker", heap="1g").start()
        try:
            for trigger in arguments.trigger or list(TARGETS):
                results.append(run("firn", broker, trigger, arguments, folder / "firn", say))
                if "spark" in arguments.against and spark_is_there(say):
                    results.append(run("spark", broker, trigger, arguments, folder / "spark", say))
                    ours, theirs = results[-2:]
                    ours["cpu_ratio_to_spark"] = theirs["busy_cores"] / max(ours["busy_cores"], 1e-9)
                    say(f"    Spark takes {ours['cpu_ratio_to_spark']:.1f} times the CPU time")
        finally:
            broker.stop()
    print_figures(results)


if __name__ == "__main__":
    main()
