"""The streaming job of the first seed document in its own Python, on a real broker: nothing lost, nothing twice.

Its three blocks run unmodified through `firn run job.py`; the events are the demo's kinds with known numbers, and
kill -9 hits the program at moments drawn from a seed.
"""

import json
import os
import random
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

TEST = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TEST), str(TEST / "seeds")]
import blocks as documents  # noqa: E402
from bookings import Bookings  # noqa: E402
from kafka_topics import KafkaTopics  # noqa: E402
from pipeline import live_files_exist, rows  # noqa: E402
from world import World  # noqa: E402

TOPIC = "booking_events"
SILVER = "analytics.silver_booking"
CHECKPOINT = "s3://my-bucket/checkpoints/bronze_to_silver/"
KILLS = 5 if os.environ.get("FIRN_TEST_LONG") else 3
SEEDS = 10 if os.environ.get("FIRN_TEST_LONG") else 3
# The three blocks, then what a job that is left alone does: it waits.
JOB = """
for _name in ("source.py", "transform.py", "sink.py"):
    with open(_name) as _file:
        exec(compile(_file.read(), _name, "exec"))
{end}
"""
WAITS = "silver_query.awaitTermination()"
# Until the query has read all that there is.
DRAINS = "silver_query.processAllAvailable(); silver_query.stop()"
# Until Ctrl-C, then the query's own numbers.
COUNTS = """
import json
try:
    silver_query.awaitTermination()
except KeyboardInterrupt:
    pass
with open("progress.json", "w") as _out:
    json.dump([json.loads(one.json) for one in silver_query.recentProgress], _out)
"""


@pytest.fixture
def job(broker, tmp_path):
    topics = KafkaTopics(broker, {TOPIC: 4})
    world = World(tmp_path, topics, ["--map", f"b-1.msk-cluster:9092={broker.address}"])
    for name, file in (("000-1", "source.py"), ("000-2", "transform.py"), ("000-3", "sink.py")):
        block = next(one for one in documents.all_blocks() if one.name == name)
        (tmp_path / file).write_text(block.text)
    return world


def start_and_wait(world, end=WAITS):
    """The job's first start: with startingOffsets=latest only what comes after it counts."""
    process = world.start(JOB.format(end=end))
    world.until(lambda: world.object(CHECKPOINT + "sources/0/0").exists(), 60, process)
    return process


def send(world, messages):
    world.broker._broker.produce(TOPIC, messages)


def finish(world):
    return world.run(JOB.format(end=DRAINS), name="last.py").ok()


def found(world):
    """{event_id: rows}, read by PyIceberg."""
    return Counter({key: count for (key,), count in rows(world.folder, SILVER, "event_id").items()})


@pytest.mark.parametrize("seed", range(SEEDS), ids=lambda seed: f"seed-{seed}")
def test_kills_at_any_moment(job, seed):
    choice = random.Random(seed)
    events = Bookings(7000 + seed, 6000)
    process = start_and_wait(job)
    parts = [events.messages[i::20] for i in range(20)]  # duplicates stay within the whole

    def feed():
        for part in parts:
            send(job, part)
            time.sleep(0.2)
    feeder = threading.Thread(target=feed)
    feeder.start()
    for _ in range(KILLS):
        time.sleep(choice.uniform(0.05, 2.5))
        process.kill()
        process.wait()
        process = job.start(JOB.format(end=WAITS))
    feeder.join()
    time.sleep(choice.uniform(0.05, 1.0))
    process.kill()
    process.wait()
    finish(job)
    assert found(job) == events.silver
    live_files_exist(job.folder, SILVER)


def test_the_reconciliation_of_the_demo(job):
    """Each event sent is in Silver, or is one of the duplicates, refused, faulty or late ones; Gold adds up to Silver."""
    events = Bookings(1, 4000)
    process = start_and_wait(job, COUNTS)
    send(job, events.messages)
    good = sum(events.silver.values())
    wait_for(job, good, process)
    # The watermark stands a day behind the newest event once a batch has seen it; then the late ones come.
    newest = {"event_id": "newest", "user_id": "u", "occurred_at": "2026-02-01T00:00:00Z", "gdpr_consent": True,
              "listing_id": "l0", "price": 1.0, "currency": "EUR", "event_type": "x", "payload": ""}
    send(job, [json.dumps(newest)])
    wait_for(job, good + 1, process)
    late = [json.dumps({**newest, "event_id": f"late{n}", "occurred_at": "2026-01-20T00:00:00Z"}) for n in range(7)]
    send(job, late)
    send(job, [json.dumps({**newest, "event_id": "last"})])
    wait_for(job, good + 2, process)
    job.interrupt(process)

    sent = fates([value for _, _, value in events.messages])
    assert sent["silver"] == good
    progress = json.loads((job.folder / "progress.json").read_text())
    state = [one["stateOperators"][0] for one in progress if one["stateOperators"]]
    assert {"read": sum(one["numInputRows"] for one in progress),
            "duplicates": sum(one["customMetrics"]["numDroppedDuplicateRows"] for one in state),
            "late": sum(one["numRowsDroppedByWatermark"] for one in state),
            "silver": sum(found(job).values())} == {
        "read": len(events.messages) + len(late) + 2, "duplicates": sent["duplicates"], "late": len(late),
        "silver": good + 2}
    assert sum(sent.values()) == len(events.messages)
    assert max(found(job).values()) == 1

    block = next(one for one in documents.all_blocks() if one.name == "000-4")
    job.run(block.text.replace("(spark.write", "(gold.write"), name="gold.py").ok()
    gold = job.rows("SELECT sum(bookings) AS n, round(sum(gmv), 2) AS gmv "
                    "FROM glue_catalog.analytics.gold_booking_minute")
    assert gold == job.rows(f"SELECT count(*) AS n, round(sum(price), 2) AS gmv FROM glue_catalog.{SILVER}")


def wait_for(world, count, process):
    world.until(lambda: world.value(f"SELECT count(*) FROM glue_catalog.{SILVER}") == count, 90, process)


def fates(values):
    """What must become of each event, told by a program that is not firn."""
    counts, seen = Counter(), set()
    for value in values:
        try:
            event = json.loads(value)
        except ValueError:
            counts["faulty"] += 1
            continue
        if event.get("gdpr_consent") is not True:
            counts["refused"] += 1
        elif event.get("event_id") is None or event.get("occurred_at") is None or not event.get("price", -1) >= 0:
            counts["faulty"] += 1
        elif event["event_id"] in seen:
            counts["duplicates"] += 1
        else:
            seen.add(event["event_id"])
            counts["silver"] += 1
    return counts
