"""Structured Streaming with the stock client: the shapes that users write, restarts, kills, listeners."""

import json
import os
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

from pyspark.errors import AnalysisException, StreamingQueryException  # noqa: E402
from pyspark.sql import functions as F  # noqa: E402
from pyspark.sql.streaming import StreamingQueryListener  # noqa: E402
from pyspark.sql.types import DoubleType, LongType, StringType, StructField, StructType, TimestampType  # noqa: E402

from conftest import Server  # noqa: E402
from kafka_broker import Broker  # noqa: E402

EVENT = StructType([
    StructField("event_id", StringType()),
    StructField("user_id", StringType()),
    StructField("occurred_at", TimestampType()),
    StructField("price", DoubleType()),
])


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    one = Broker(tmp_path_factory.mktemp("broker")).start()
    yield one
    one.stop()


@pytest.fixture
def spark(tmp_path):
    server = Server(tmp_path)
    session = server.session()
    session.server = server
    yield session
    if server.process.poll() is not None:  # killed by the test: the client would knock for ten minutes
        return
    for query in session.streams.active:
        query.stop()
    session.stop()
    server.stop()


def rate(spark, rows=10):
    return spark.readStream.format("rate-micro-batch").option("rowsPerBatch", rows).load()


def event(number, minute=0, user="u", price=1.0):
    return json.dumps({"event_id": f"e{number}", "user_id": user, "price": price,
                       "occurred_at": f"2026-03-01T12:{minute:02}:00.000Z"})


def kafka(spark, broker, topic):
    return (spark.readStream.format("kafka").option("kafka.bootstrap.servers", broker.address)
            .option("subscribe", topic).option("startingOffsets", "earliest").load()
            .select(F.from_json(F.col("value").cast("string"), EVENT).alias("e")).select("e.*"))


def drain(writer):
    query = writer.trigger(availableNow=True).start()
    assert query.awaitTermination(60)
    assert query.exception() is None
    return query


def test_kafka_to_a_table_that_is_made_exactly_once_over_restarts(spark, broker, tmp_path):
    topic = broker.create_topic("to_table", 2)
    broker.produce(topic, [event(i) for i in range(100)] + [event(i) for i in range(50)])

    def run():
        events = kafka(spark, broker, topic).filter("event_id IS NOT NULL")
        deduplicated = events.withWatermark("occurred_at", "24 hours").dropDuplicates(["event_id"])
        query = (deduplicated.writeStream.format("iceberg").outputMode("append")
                 .option("checkpointLocation", str(tmp_path / "checkpoint"))
                 .trigger(availableNow=True).toTable("silver.events"))
        assert query.awaitTermination(60)
        return query

    first = run()
    assert spark.table("silver.events").count() == 100
    progress = [p for p in first.recentProgress if p.numInputRows]
    assert sum(p.numInputRows for p in progress) == 150
    assert first.lastProgress["sources"][0]["description"] == f"KafkaV2[Subscribe[{topic}]]"
    assert topic in first.lastProgress["sources"][0]["endOffset"]
    broker.produce(topic, [event(i) for i in range(90, 120)])
    second = run()
    assert second.id == first.id and second.runId != first.runId
    assert spark.table("silver.events").count() == 120


def test_foreach_batch_upserts(spark, tmp_path):
    spark.sql("CREATE TABLE silver.latest (id BIGINT, seen BIGINT) USING iceberg")

    def upsert(frame, batch_id):
        session = frame.sparkSession
        frame.selectExpr("value % 5 AS id", "value AS seen").groupBy("id").agg(F.max("seen").alias("seen")) \
            .createOrReplaceTempView("updates")
        session.sql("""MERGE INTO silver.latest t USING updates s ON t.id = s.id
                       WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *""")

    for _ in range(2):
        drain(rate(spark).writeStream.foreachBatch(upsert).option("checkpointLocation", str(tmp_path / "c")))
    assert sorted(tuple(row) for row in spark.table("silver.latest").collect()) == [
        (i, 15 + i) for i in range(5)]


def test_foreach_batch_with_an_append_and_its_batch_ids(spark, tmp_path):
    spark.sql("CREATE TABLE silver.batches (batch BIGINT, rows BIGINT) USING iceberg")

    def note(frame, batch_id):
        count = frame.count()
        frame.sparkSession.createDataFrame([(batch_id, count)], "batch BIGINT, rows BIGINT") \
            .writeTo("silver.batches").append()

    for _ in range(3):
        drain(rate(spark, 7).writeStream.foreachBatch(note).option("checkpointLocation", str(tmp_path / "c")))
    assert sorted(tuple(row) for row in spark.table("silver.batches").collect()) == [(0, 7), (1, 7), (2, 7)]


def test_an_error_of_the_function_is_the_querys(spark):
    def fail(frame, batch_id):
        raise ValueError("no such luck")

    query = rate(spark).writeStream.foreachBatch(fail).start()
    with pytest.raises(StreamingQueryException, match="no such luck"):
        query.awaitTermination(60)
    assert not query.isActive and "no such luck" in str(query.exception())
    assert "FOREACH_BATCH_USER_FUNCTION_ERROR" in str(query.exception())


def test_a_kill_in_the_middle_of_a_batch(spark, tmp_path):
    """The batch comes again, with its id and its rows."""
    log = tmp_path / "log"

    def slow(frame, batch_id):
        rows = sorted(row.value for row in frame.collect())
        with open(log, "a", encoding="utf-8") as out:
            out.write(json.dumps([batch_id, rows]) + "\n")
        if batch_id == 1 and not os.path.exists(f"{log}.again"):
            time.sleep(600)

    def lines():
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def start(session):
        return (rate(session, 3).writeStream.foreachBatch(slow)
                .option("checkpointLocation", str(tmp_path / "c")).trigger(processingTime="200 milliseconds").start())

    start(spark)
    for _ in range(300):
        if len(lines()) == 2:
            break
        time.sleep(0.1)
    spark.server.process.kill()
    (tmp_path / "log.again").touch()
    server = Server(tmp_path)
    session = server.session()
    query = start(session)
    for _ in range(300):
        if len(lines()) >= 4:
            break
        time.sleep(0.1)
    query.stop()
    server.stop()
    assert lines()[:4] == [[0, [0, 1, 2]], [1, [3, 4, 5]], [1, [3, 4, 5]], [2, [6, 7, 8]]]


def test_an_iceberg_table_as_a_stream_into_windows(spark, tmp_path):
    spark.sql("CREATE TABLE silver.clicks (user STRING, at TIMESTAMP) USING iceberg")

    def run():
        counted = (spark.readStream.format("iceberg").load("silver.clicks")
                   .withWatermark("at", "1 minute")
                   .groupBy(F.window("at", "10 minutes"))
                   .agg(F.count("*").alias("clicks"), F.countDistinct("user").alias("users"))
                   .selectExpr("window.start AS start", "clicks", "users"))
        query = (counted.writeStream.outputMode("append").option("checkpointLocation", str(tmp_path / "c"))
                 .trigger(availableNow=True).toTable("gold.clicks"))
        assert query.awaitTermination(60)

    spark.sql("INSERT INTO silver.clicks VALUES ('a', TIMESTAMP '2026-03-01 12:01:00'), ('b', TIMESTAMP '2026-03-01 12:02:00')")
    run()
    assert spark.table("gold.clicks").count() == 0
    spark.sql("INSERT INTO silver.clicks VALUES ('a', TIMESTAMP '2026-03-01 12:03:00'), ('a', TIMESTAMP '2026-03-01 12:30:00')")
    run()
    assert [(str(row.start), row.clicks, row.users) for row in spark.table("gold.clicks").collect()] == [
        ("2026-03-01 12:00:00", 3, 2)]


def test_complete_and_update_modes_keep_state_over_restarts(spark, tmp_path):
    def counted():
        return rate(spark).groupBy((F.col("value") % 3).alias("k")).count()

    seen = []
    for _ in range(2):
        query = (counted().writeStream.format("memory").queryName("counts").outputMode("complete")
                 .option("checkpointLocation", str(tmp_path / "complete")).trigger(availableNow=True).start())
        assert query.awaitTermination(60)
        seen.append(sorted(tuple(row) for row in spark.table("counts").collect()))
    assert seen == [[(0, 4), (1, 3), (2, 3)], [(0, 7), (1, 7), (2, 6)]]
    updates = (rate(spark, 2).groupBy("value").count().writeStream.format("memory").queryName("updates")
               .outputMode("update").trigger(availableNow=True).start())
    assert updates.awaitTermination(60)
    assert spark.table("updates").count() == 2


def test_drop_duplicates_within_watermark(spark, tmp_path):
    spark.sql("CREATE TABLE silver.marks (id STRING, at TIMESTAMP) USING iceberg")

    def run():
        query = (spark.readStream.table("silver.marks").withWatermark("at", "10 minutes")
                 .dropDuplicatesWithinWatermark(["id"]).writeStream
                 .option("checkpointLocation", str(tmp_path / "c")).trigger(availableNow=True).toTable("silver.first"))
        assert query.awaitTermination(60)
        return sorted(str(row.at)[11:16] for row in spark.table("silver.first").collect())

    spark.sql("INSERT INTO silver.marks VALUES ('a', TIMESTAMP '2026-03-01 12:00:00'), ('a', TIMESTAMP '2026-03-01 12:05:00')")
    assert len(run()) == 1
    spark.sql("INSERT INTO silver.marks VALUES ('b', TIMESTAMP '2026-03-01 13:00:00')")
    run()
    spark.sql("INSERT INTO silver.marks VALUES ('a', TIMESTAMP '2026-03-01 13:01:00')")
    assert run()[-2:] == ["13:00", "13:01"]


def test_status_progress_names_and_stop(spark):
    query = rate(spark, 5).writeStream.format("noop").queryName("five").trigger(processingTime="100 milliseconds").start()
    query_again = None
    for _ in range(100):
        if query.lastProgress is not None and query.lastProgress.batchId >= 2:
            break
        time.sleep(0.1)
    progress = query.lastProgress
    assert progress.name == "five" and progress.numInputRows == 5 and progress.batchId >= 2
    assert progress.sink.numOutputRows == 5 and progress.durationMs["triggerExecution"] >= 0
    assert str(query.id) == str(progress.id) and query.isActive
    assert {"message", "isDataAvailable", "isTriggerActive"} == set(query.status)
    assert [q.name for q in spark.streams.active] == ["five"] and spark.streams.get(query.id).runId == query.runId
    with pytest.raises(Exception, match="already active in this SparkSession"):
        query_again = rate(spark).writeStream.format("noop").queryName("five").start()
    assert query_again is None
    query.stop()
    assert not query.isActive and spark.streams.active == [] and query.exception() is None
    assert query.lastProgress.numInputRows == 5      # still readable
    assert query.awaitTermination(5) is True
    assert spark.streams.awaitAnyTermination(5) is True
    spark.streams.resetTerminated()
    assert spark.streams.awaitAnyTermination(1) is False


def test_one_checkpoint_one_query(spark, tmp_path):
    def start():
        return rate(spark).writeStream.format("noop").option("checkpointLocation", str(tmp_path / "c")) \
            .trigger(processingTime="1 second").start()

    query = start()
    with pytest.raises(Exception, match="STREAM_CHECKPOINT_IN_USE"):
        start()
    query.stop()
    start().stop()


class Listener(StreamingQueryListener):
    def __init__(self):
        self.events = []

    def onQueryStarted(self, event):
        self.events.append(("started", str(event.id)))

    def onQueryProgress(self, event):
        self.events.append(("progress", str(event.progress.id), event.progress.numInputRows))

    def onQueryIdle(self, event):
        self.events.append(("idle", str(event.id)))

    def onQueryTerminated(self, event):
        self.events.append(("terminated", str(event.id), event.exception))


def test_listeners_hear_of_everything(spark):
    listener = Listener()
    spark.streams.addListener(listener)
    query = drain(rate(spark, 4).writeStream.format("noop"))
    for _ in range(50):
        if listener.events and listener.events[-1][0] == "terminated":
            break
        time.sleep(0.1)
    spark.streams.removeListener(listener)
    assert listener.events == [("started", query.id), ("progress", query.id, 4), ("terminated", query.id, None)]


def test_process_all_available(spark):
    spark.sql("CREATE TABLE silver.input (id BIGINT) USING iceberg")
    query = spark.readStream.table("silver.input").writeStream.format("memory").queryName("seen").start()
    for i in range(3):
        spark.sql(f"INSERT INTO silver.input VALUES ({i})")
        query.processAllAvailable()
        assert spark.table("seen").count() == i + 1
    query.stop()


def test_files_as_a_source_and_the_console(spark, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text("1,x\n2,y\n")
    files = spark.readStream.schema("id INT, name STRING").csv(str(folder))
    drain(files.writeStream.format("console"))
    query = drain(files.writeStream.format("memory").queryName("rows"))
    assert sorted(tuple(row) for row in spark.table("rows").collect()) == [(1, "x"), (2, "y")]
    assert query.lastProgress.sources[0].description.startswith("FileStreamSource[")


def test_kafka_as_a_sink(spark, broker, tmp_path):
    topic = broker.create_topic("sink", 1)
    out = rate(spark, 5).selectExpr("CAST(value AS STRING) AS value", "'k' AS key")
    drain(out.writeStream.format("kafka").option("kafka.bootstrap.servers", broker.address).option("topic", topic))
    read = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", broker.address)
            .option("subscribe", topic).option("startingOffsets", "earliest").load()
            .selectExpr("CAST(key AS STRING)", "CAST(value AS STRING)"))
    drain(read.writeStream.format("memory").queryName("sent"))
    assert sorted(row.value for row in spark.table("sent").collect()) == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("make, message", [
    (lambda s: rate(s).writeStream.outputMode("complete").format("noop").start(), "complete"),
    (lambda s: rate(s).groupBy("value").count().writeStream.format("noop").start(), "watermark"),
    (lambda s: rate(s).writeStream.trigger(continuous="1 second").format("noop").start(), "continuous"),
    (lambda s: rate(s).writeStream.format("socket").start(), "socket"),
    (lambda s: s.readStream.format("socket").option("host", "x").load().writeStream.format("noop").start(), "socket"),
    (lambda s: rate(s).orderBy("value").writeStream.format("noop").start(), "ORDER BY"),
    (lambda s: s.range(3).writeStream.format("noop").start(), "WRITE_STREAM_NOT_ALLOWED"),
    (lambda s: rate(s).writeStream.outputMode("update").toTable("silver.x"), "update"),
    (lambda s: s.readStream.format("json").load("/nowhere").writeStream.format("noop").start(), "Schema must be"),
])
def test_what_is_refused_is_named(spark, make, message):
    with pytest.raises(Exception, match=message):
        make(spark)
