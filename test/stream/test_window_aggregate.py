"""Windowed aggregation in append mode against a real broker: a plain model, late rows, kills, Spark's answer."""

import json
import random
import signal
import sys
import time
from collections import defaultdict
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from pipeline import ROOT, live_files_exist, pipeline_text, rows, run, start, table  # noqa: E402

START = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
DELAY = timedelta(seconds=30)

AGGREGATES = """window.start AS opened, window.end AS closed, listing_id, count(*) AS bookings,
       count(price) AS priced, count(DISTINCT user_id) AS users, sum(price) AS gmv, avg(price) AS mean,
       min(event_id) AS first_id, max(price) AS top, sum(CAST(price AS DECIMAL(10,2))) AS exact"""
COLUMNS = ["opened", "closed", "listing_id", "bookings", "priced", "users", "gmv", "mean", "first_id", "top", "exact"]

WINDOWS = """
CREATE TEMPORARY VIEW events AS
SELECT from_json(CAST(value AS STRING), '{schema}') AS e
FROM STREAM read_kafka(bootstrapServers => '{brokers}', subscribe => '{topic}', startingOffsets => 'earliest'{options});
CREATE STREAMING TABLE gold.bookings AS
SELECT """ + AGGREGATES + """
FROM (SELECT e.* FROM events) WATERMARK occurred_at DELAY OF INTERVAL 30 SECONDS
GROUP BY window(occurred_at, WINDOW), listing_id;
"""
SHAPES = {  # length, slide
    "tumbling": (timedelta(minutes=1), timedelta(minutes=1)),
    "sliding": (timedelta(minutes=2), timedelta(seconds=45)),
}


def window_arguments(shape):
    length, slide = (f"'{int(part.total_seconds())} seconds'" for part in SHAPES[shape])
    return length if length == slide else f"{length}, {slide}"


def windows_sql(broker, topic, shape, options=""):
    text = WINDOWS.replace("WINDOW)", window_arguments(shape) + ")")
    return pipeline_text(broker.address, topic, text, options)


def event(number, at, choice=random):
    price = None if choice.random() < 0.1 else choice.randrange(400) / 4   # quarters: sums of doubles are exact
    return {"event_id": f"e{number:06}", "user_id": f"u{choice.randrange(40)}", "listing_id": choice.choice("abc"),
            "price": price, "occurred_at": at}


def in_order(seed, count, spread=timedelta(seconds=20)):
    """Events over ten minutes, out of order by less than the watermark's delay."""
    choice = random.Random(seed)
    step = timedelta(minutes=10) / count
    return [event(i, START + step * i - choice.random() * spread, choice) for i in range(count)]


def messages(events, partition=0):
    return [(partition, None, json.dumps({**e, "occurred_at": e["occurred_at"].strftime("%Y-%m-%dT%H:%M:%S.%fZ")}))
            for e in events]


def model(events, shape, watermark=None):
    """The rows of all windows that the watermark has passed, each once."""
    length, slide = SHAPES[shape]
    if watermark is None:
        newest = max(e["occurred_at"] for e in events) - DELAY
        watermark = newest.replace(microsecond=newest.microsecond // 1000 * 1000)
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    groups = defaultdict(list)
    for e in events:
        opened = e["occurred_at"] - (e["occurred_at"] - epoch) % slide
        while opened + length > e["occurred_at"]:
            groups[opened, e["listing_id"]].append(e)
            opened -= slide
    result = {}
    for (opened, listing), members in groups.items():
        if opened + length > watermark:
            continue
        prices = [e["price"] for e in members if e["price"] is not None]
        total = sum(prices) if prices else None
        result[(opened, opened + length, listing, len(members), len(prices), len({e["user_id"] for e in members}), total,
                total / len(prices) if prices else None, min(e["event_id"] for e in members),
                max(prices, default=None), Decimal(str(total)).quantize(Decimal("0.01")) if prices else None)] = 1
    return result


def late_of(finished):
    lines = [json.loads(line) for line in (finished.stdout + finished.stderr).splitlines() if '"totals"' in line]
    return lines[-1]["totals"]["late"]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("batch", [150, 100000])
def test_closed_windows_come_out_once(broker, topic, tmp_path, shape, batch):
    events = in_order(1, 3000)
    broker.produce(topic, messages(events))
    run(tmp_path, windows_sql(broker, topic, shape, f", maxOffsetsPerTrigger => {batch}"))
    want = model(events, shape)
    assert len(want) > 20 and rows(tmp_path, "gold.bookings", *COLUMNS) == want


def test_open_windows_wait_in_the_checkpoint(broker, topic, tmp_path):
    events = in_order(2, 2000)
    sql = windows_sql(broker, topic, "tumbling")
    for first in range(0, 2000, 500):
        broker.produce(topic, messages(events[first:first + 500]))
        run(tmp_path, sql)
        assert rows(tmp_path, "gold.bookings", *COLUMNS) == model(events[:first + 500], "tumbling")
    run(tmp_path, sql)                                                  # nothing new
    assert rows(tmp_path, "gold.bookings", *COLUMNS) == model(events, "tumbling")
    checkpoint = next((tmp_path / "warehouse/_checkpoints").iterdir())
    assert any((checkpoint / "state/0").iterdir()) and not list((checkpoint / "scratch").iterdir())


def test_a_row_is_late_when_its_window_is_closed(broker, topic, tmp_path):
    sql = windows_sql(broker, topic, "tumbling")
    kept = [event(0, START), event(1, START + timedelta(seconds=150))]
    broker.produce(topic, messages(kept))
    run(tmp_path, sql)                         # the watermark is at 12:02:00: the first window is closed
    at = lambda seconds: START + timedelta(seconds=seconds)  # noqa: E731
    late = [event(2, at(0)), event(3, at(119.999999))]
    in_time = [event(4, at(120)), event(5, at(130))]     # older than the watermark plus delay, but of an open window
    broker.produce(topic, messages(late + in_time))
    finished = run(tmp_path, sql, "--log-format", "json")
    assert late_of(finished) == 2
    last = [event(6, at(600))]
    broker.produce(topic, messages(last))
    run(tmp_path, sql)
    assert rows(tmp_path, "gold.bookings", *COLUMNS) == model(kept + in_time + last, "tumbling")


@pytest.mark.parametrize("step", ["written", "offsets", "prepared", "table0", "tables", "commit"])
def test_a_kill_at_each_step_of_a_commit(broker, topic, tmp_path, step):
    events = in_order(len(step), 2000)
    broker.produce(topic, messages(events))
    sql = windows_sql(broker, topic, "sliding", ", maxOffsetsPerTrigger => 200")
    for epoch in (1, 6):
        killed = run(tmp_path, sql, "--test-crash", f"{step}:{epoch}", check=False)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    run(tmp_path, sql)
    assert rows(tmp_path, "gold.bookings", *COLUMNS) == model(events, "sliding")
    live_files_exist(tmp_path, "gold.bookings")


@pytest.mark.parametrize("seed", range(3), ids=lambda seed: f"seed-{seed}")
def test_kills_at_any_moment(broker, topic, tmp_path, seed):
    choice = random.Random(seed)
    events = in_order(100 + seed, 4000)
    broker.produce(topic, messages(events))
    sql = windows_sql(broker, topic, "tumbling", ", maxOffsetsPerTrigger => 100")
    for _ in range(4):
        process = start(tmp_path, sql)
        time.sleep(choice.uniform(0.1, 1.0))
        process.kill()
        process.communicate()
    run(tmp_path, sql)
    assert rows(tmp_path, "gold.bookings", *COLUMNS) == model(events, "tumbling")
    scratch = next((tmp_path / "warehouse/_checkpoints").iterdir()) / "scratch"
    assert not list(scratch.iterdir())          # what killed processes left is gone


# Keys and aggregates of other types, windows of windows, expressions over aggregates, HAVING.
SHAPED = """
CREATE TEMPORARY VIEW events AS
SELECT from_json(CAST(value AS STRING), '{schema}') AS e
FROM STREAM read_kafka(bootstrapServers => '{brokers}', subscribe => '{topic}', startingOffsets => 'earliest', maxOffsetsPerTrigger => 100);
CREATE TEMPORARY VIEW marked AS SELECT * FROM (SELECT e.* FROM events) WATERMARK occurred_at DELAY OF INTERVAL 30 SECONDS;
CREATE STREAMING TABLE gold.shaped AS QUERY;
"""
KEYS = "IF(price > 50, NULL, listing_id), price * -0.0D, array(listing_id, user_id)"


def shaped_sql(broker, topic, query):
    return pipeline_text(broker.address, topic, SHAPED.replace("QUERY", query))


def closed_minutes(events):
    """(the minute, its events) of what the watermark has passed."""
    watermark = max(e["occurred_at"] for e in events) - DELAY
    minutes = defaultdict(list)
    for e in events:
        minutes[e["occurred_at"].replace(second=0, microsecond=0)].append(e)
    return {at: members for at, members in minutes.items() if at + timedelta(minutes=1) <= watermark}


def test_keys_of_many_types(broker, topic, tmp_path):
    events = in_order(11, 1500)
    broker.produce(topic, messages(events))
    run(tmp_path, shaped_sql(broker, topic, "SELECT window.start AS at, IF(price > 50, NULL, listing_id) AS a, price * -0.0D AS b, "
                             f"array(listing_id, user_id) AS c, count(*) AS n FROM marked GROUP BY window(occurred_at, '1 minute'), {KEYS}"))
    want = defaultdict(int)
    for at, members in closed_minutes(events).items():
        for e in members:
            price = e["price"]
            want[at, None if (price or 0) > 50 else e["listing_id"], None if price is None else 0.0,
                 (e["listing_id"], e["user_id"])] += 1
    got = table(tmp_path, "gold.shaped").scan().to_arrow().to_pylist()
    assert len(got) == len(want) > 100
    assert {(r["at"], r["a"], r["b"], tuple(r["c"])): r["n"] for r in got} == want


def test_expressions_over_aggregates_and_having(broker, topic, tmp_path):
    events = in_order(12, 1500)
    broker.produce(topic, messages(events))
    run(tmp_path, shaped_sql(broker, topic, "SELECT window.end AS closed, user_id, sum(price) / count(*) + 1 AS x, count_if(price > 50) AS y, "
                             "max(named) AS z FROM (SELECT *, concat('a long name of ', event_id) AS named FROM marked) "
                             "GROUP BY window(occurred_at, '1 minute'), user_id HAVING count(*) > 3"))
    want = {}
    for at, members in closed_minutes(events).items():
        for user in {e["user_id"] for e in members}:
            own = [e for e in members if e["user_id"] == user]
            prices = [e["price"] for e in own if e["price"] is not None]
            if len(own) > 3:
                want[at + timedelta(minutes=1), user, sum(prices) / len(own) + 1 if prices else None,
                     sum(1 for p in prices if p > 50), "a long name of " + max(e["event_id"] for e in own)] = 1
    assert len(want) > 50 and rows(tmp_path, "gold.shaped", "closed", "user_id", "x", "y", "z") == want


def test_windows_of_windows(broker, topic, tmp_path):
    events = in_order(13, 1500)
    broker.produce(topic, messages(events))
    run(tmp_path, shaped_sql(broker, topic, "SELECT window.start AS at, sum(n) AS n, count(*) AS minutes FROM "
                             "(SELECT window AS minute, count(*) AS n FROM marked GROUP BY window(occurred_at, '1 minute')) GROUP BY window(minute, '3 minutes')"))
    watermark = max(e["occurred_at"] for e in events) - DELAY
    want = defaultdict(lambda: [0, 0])
    for at, members in closed_minutes(events).items():
        wide = at - timedelta(minutes=at.minute % 3)
        if wide + timedelta(minutes=3) <= watermark:
            want[wide][0] += len(members)
            want[wide][1] += 1
    assert len(want) >= 2
    assert rows(tmp_path, "gold.shaped", "at", "n", "minutes") == {(at, n, minutes): 1 for at, (n, minutes) in want.items()}


def test_deduplicated_rows_are_aggregated(broker, topic, tmp_path):
    events = in_order(14, 1000)
    broker.produce(topic, messages([e for e in events for _ in range(2)]))
    run(tmp_path, shaped_sql(broker, topic, "SELECT window.start AS at, count(*) AS n FROM (SELECT DISTINCT ON (event_id) * FROM marked) "
                             "GROUP BY window(occurred_at, '1 minute')"))
    assert rows(tmp_path, "gold.shaped", "at", "n") == {(at, len(m)): 1 for at, m in closed_minutes(events).items()}


@pytest.mark.parametrize("query, named", [
    ("SELECT user_id, count(*) AS n FROM marked GROUP BY user_id", "UNSUPPORTED_STREAMING_OPERATOR_WITHOUT_WATERMARK"),
    ("SELECT window.start AS at, count(*) AS n FROM (SELECT e.* FROM events) GROUP BY window(occurred_at, '1 minute')",
     "UNSUPPORTED_STREAMING_OPERATOR_WITHOUT_WATERMARK"),
    ("SELECT window.start AS at, median(price) AS n FROM marked GROUP BY window(occurred_at, '1 minute')", "median(price)"),
    ("SELECT window.start AS at, sum(DISTINCT price) AS n FROM marked GROUP BY window(occurred_at, '1 minute')", "sum(DISTINCT price)"),
    ("SELECT window.start AS at, user_id, count(*) AS n FROM marked GROUP BY ROLLUP(window(occurred_at, '1 minute'), user_id)", "stream"),
])
def test_what_a_stream_cannot_aggregate_is_named(broker, topic, tmp_path, query, named):
    finished = run(tmp_path, shaped_sql(broker, topic, query), check=False)
    assert finished.returncode == 1 and named in finished.stderr, finished.stderr


def test_spark_gives_the_same_rows(broker, topic, tmp_path):
    """Two runs each over the same ranges, with rows of the second that are late."""
    choice = random.Random(7)
    first = in_order(7, 1000)
    second = [event(2000 + i, START + timedelta(seconds=choice.uniform(-100, 1500)), choice) for i in range(1000)]
    spark = make_spark(tmp_path)
    try:
        frames = {shape: spark_query(spark, broker, topic, tmp_path / f"spark_{shape}", shape) for shape in SHAPES}
        for part in (first, second):
            broker.produce(topic, messages(part))
            for shape in SHAPES:
                run(tmp_path / shape, windows_sql(broker, topic, shape))
                frames[shape]()
        for shape in SHAPES:
            got = rows(tmp_path / shape, "gold.bookings", *COLUMNS)
            answer = spark.read.parquet(str(tmp_path / f"spark_{shape}/out")).select(COLUMNS)
            want = defaultdict(int)
            for row in answer.collect():
                want[tuple(v.replace(tzinfo=timezone.utc) if isinstance(v, datetime) else v for v in row)] += 1
            assert len(want) > 30 and got == dict(want)
    finally:
        spark.stop()


def make_spark(folder):
    from pyspark.sql import SparkSession
    jars = [str(jar) for jar in (ROOT / ".deps/peers/jars").glob("*.jar") if "iceberg" not in jar.name and "sqlite" not in jar.name]
    spark = (SparkSession.builder.master("local[2]").config("spark.jars", ",".join(jars))
             .config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "2")
             .config("spark.ui.enabled", "false").config("spark.driver.memory", "1g").config("spark.driver.host", "127.0.0.1")
             .config("spark.driver.bindAddress", "127.0.0.1").config("spark.sql.warehouse.dir", str(folder / "hive")).getOrCreate())
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def spark_query(spark, broker, topic, folder, shape):
    """Runs what is available of the same aggregation; count(DISTINCT) as the size of a set, since Spark refuses it here."""
    from pipeline import SCHEMA
    aggregates = AGGREGATES.replace("count(DISTINCT user_id)", "CAST(size(collect_set(user_id)) AS BIGINT)")

    def go():
        source = (spark.readStream.format("kafka").option("kafka.bootstrap.servers", broker.address)
                  .option("subscribe", topic).option("startingOffsets", "earliest").load())
        events = source.selectExpr(f"from_json(CAST(value AS STRING), '{SCHEMA}') AS e").select("e.*")
        events.withWatermark("occurred_at", "30 seconds").createOrReplaceTempView("windowed")
        result = spark.sql(f"SELECT {aggregates} FROM windowed GROUP BY window(occurred_at, {window_arguments(shape)}), listing_id")
        (result.writeStream.format("parquet").option("path", str(folder / "out")).option("checkpointLocation", str(folder / "check"))
         .trigger(availableNow=True).start().awaitTermination())
    return go
