"""kill -9 of `firn server` under the streaming queries of a stock PySpark script; the same script on a new server goes on."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from aftermath import check  # noqa: E402
from bookings import Bookings  # noqa: E402
from pipeline import FIRN, SCHEMA  # noqa: E402

SEEDS = 8 if os.environ.get("FIRN_TEST_LONG") else 2
KILLS = 3
READS = """
import os, signal, sys
from pyspark.sql import SparkSession, functions as F

address, brokers, topic, checkpoints = sys.argv[1:5]
spark = SparkSession.builder.remote(address).getOrCreate()
events = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", brokers).option("subscribe", topic)
          .option("startingOffsets", "earliest").option("maxOffsetsPerTrigger", 300).load()
          .select(F.from_json(F.col("value").cast("string"), "{schema}").alias("e"), "topic", "partition", "offset", "value")
          .select("e.*", "topic", "partition", "offset", F.col("value").alias("raw"))
          .withColumn("reason", F.when(F.col("event_id").isNull(), "no event_id")
                      .when(F.col("occurred_at").isNull(), "no occurred_at").when(F.col("price") < 0, "negative price")))
GOOD, BAD = "reason IS NULL AND gdpr_consent", "reason IS NOT NULL"
"""
TWO_QUERIES = READS + """
def to(rows, name):
    return (rows.writeStream.format("iceberg").outputMode("append").option("checkpointLocation", checkpoints + "/" + name)
            .trigger(availableNow=True).toTable(name))

silver = (events.where(GOOD).withWatermark("occurred_at", "24 hours").dropDuplicates(["event_id"])
          .select("event_id", "user_id", "occurred_at", "listing_id", "price"))
quarantine = events.where(BAD).select("topic", "partition", "offset", "raw", "reason")
queries = [to(silver, "silver.booking"), to(quarantine, "quarantine.booking")]
print("started", flush=True)
for query in queries:
    query.awaitTermination()
    assert query.exception() is None, query.exception()
"""
# As the documentation has it: a batch may come again, and MERGE makes that harmless.
FOREACH_BATCH = READS + """
for name, columns in (("silver.booking", "event_id STRING, occurred_at TIMESTAMP, price DOUBLE"),
                      ("quarantine.booking", "topic STRING, partition INT, offset BIGINT, reason STRING")):
    spark.sql(f"CREATE TABLE IF NOT EXISTS {{name}} ({{columns}}) USING iceberg")

server, die_at = int(sys.argv[5]), sys.argv[6:7]   # the function runs in a process of its own

def into_both(frame, batch_id):
    session = frame.sparkSession
    frame.createOrReplaceTempView("batch")
    session.sql(f"MERGE INTO silver.booking t USING (SELECT DISTINCT event_id, occurred_at, price FROM batch WHERE {{GOOD}}) s "
                "ON t.event_id = s.event_id WHEN NOT MATCHED THEN INSERT *")
    if [str(batch_id)] == die_at:
        os.kill(server, signal.SIGKILL)
    session.sql(f"MERGE INTO quarantine.booking t USING (SELECT topic, partition, offset, reason FROM batch WHERE {{BAD}}) s "
                "ON t.topic = s.topic AND t.partition = s.partition AND t.offset = s.offset WHEN NOT MATCHED THEN INSERT *")

query = (events.writeStream.foreachBatch(into_both).option("checkpointLocation", checkpoints + "/both")
         .trigger(availableNow=True).start())
print("started", flush=True)
query.awaitTermination()
assert query.exception() is None, query.exception()
"""


class Pair:
    """A server and the script that is its client; both end with a kill."""

    def __init__(self, folder, script, broker, topic, *conf, more=()):
        (folder / "job.py").write_text(script.format(schema=SCHEMA))
        self.said = open(folder / "server.txt", "a", encoding="utf-8")
        environment = {**os.environ, "HOME": str(folder), "TZ": "UTC", "FIRN_PYTHON": sys.executable,
                       "PYSPARK_PYTHON": sys.executable}
        self.server = subprocess.Popen(
            [FIRN, "server", "--port", "0", "--warehouse", str(folder / "warehouse"), *conf],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.said, text=True, env=environment)
        address = self.server.stdout.readline().strip()
        assert address.startswith("sc://"), self.end()
        arguments = [address, broker.address, topic, str(folder / "checkpoints"), str(self.server.pid), *map(str, more)]
        self.client = subprocess.Popen([sys.executable, str(folder / "job.py"), *arguments], cwd=folder, env=environment,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def wait_until_started(self):
        line = self.client.stdout.readline()
        assert line.strip() == "started", line + self.client.stderr.read()

    def finish(self):
        """The script to its end."""
        try:
            out, err = self.client.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            self.client.kill()
            raise
        finally:
            self.end()
        assert self.client.returncode == 0, out + err

    def end(self):
        for process in (self.server, self.client) if hasattr(self, "client") else (self.server,):
            process.kill()
            process.wait()
        self.said.close()


@pytest.mark.parametrize("seed", range(SEEDS), ids=lambda seed: f"seed-{seed}")
def test_kills_at_any_moment(broker, topic, tmp_path, seed):
    choice = random.Random(seed)
    events = Bookings(9500 + seed, 5000)
    broker.produce(topic, events.messages)
    for _ in range(KILLS):
        pair = Pair(tmp_path, TWO_QUERIES, broker, topic)
        pair.wait_until_started()
        time.sleep(choice.uniform(0.0, 0.8))
        pair.end()
    Pair(tmp_path, TWO_QUERIES, broker, topic).finish()
    check(tmp_path, events)


@pytest.mark.parametrize("step", ["prepared", "table0", "commit"])
def test_kills_at_steps_of_a_commit(broker, topic, tmp_path, step):
    events = Bookings(9600 + len(step), 2400)
    broker.produce(topic, events.messages)
    for epoch in (0, 3):
        pair = Pair(tmp_path, TWO_QUERIES, broker, topic, "--conf", f"firn.test.crash={step}:{epoch}")
        assert pair.server.wait(60) == -signal.SIGKILL
        pair.end()
    Pair(tmp_path, TWO_QUERIES, broker, topic).finish()
    check(tmp_path, events)


@pytest.mark.parametrize("batch", [0, 2])
def test_foreach_batch_between_its_two_tables(broker, topic, tmp_path, batch):
    """The first table has the batch, the second has not: the batch comes again with its rows, and MERGE finds those."""
    events = Bookings(9700 + batch, 2400)
    broker.produce(topic, events.messages)
    for _ in range(2):
        pair = Pair(tmp_path, FOREACH_BATCH, broker, topic, more=[batch])
        assert pair.server.wait(60) == -signal.SIGKILL
        pair.end()
    Pair(tmp_path, FOREACH_BATCH, broker, topic).finish()
    check(tmp_path, events)
