"""The broker goes down under a running query, or has deleted what the query was about to read."""

import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource, ResourceType

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from aftermath import check, check_files  # noqa: E402
from bookings import Bookings  # noqa: E402
from pipeline import pipeline_text, rows, run, start  # noqa: E402
from test_second_instance import end_of, pause, wait_for_commit, wake  # noqa: E402

OPTIONS = ", maxOffsetsPerTrigger => 400"
FIRST_KEPT = 1400   # of about 1,700 a partition
ROUNDS = 5 if os.environ.get("FIRN_TEST_LONG") else 1


@pytest.mark.parametrize("hard", [False, True], ids=["stopped", "killed"])
def test_the_broker_goes_down_in_mid_run(broker, topic, tmp_path, hard):
    """The query waits for the broker and goes on, or ends by name and goes on when it is started again."""
    batches = [Bookings(60 + hard, 6000)]
    broker.produce(topic, batches[0].messages)
    sql = pipeline_text(broker.address, topic, options=OPTIONS)
    process = start(tmp_path, sql)
    wait_for_commit(process, tmp_path)
    for number in range(ROUNDS):
        if hard:
            broker.process.kill()
            broker.process.wait()
            broker.process = None
        else:
            broker.stop()
        time.sleep(1)
        broker.start()
        batches.append(Bookings(600 + number, 400, start_second=500 + 10 * number))
        broker.produce(topic, batches[-1].messages)
    wanted = sum(sum(batch.silver.values()) for batch in batches)
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end and sum(rows(tmp_path, "silver.booking", "event_id").values()) < wanted:
        time.sleep(0.5)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    code, said = end_of(process)
    print(f"the query {'went on' if code == 0 else 'ended: ' + said.strip().splitlines()[-1]}")
    assert code == 0 or "KAFKA_" in said, said
    run(tmp_path, sql)
    check(tmp_path, *batches)


# ---- records that are gone before they were read
def places_of(batch):
    """[(partition, offset, value)] as produced into an empty topic."""
    next_offset, places = Counter(), []
    for partition, _, value in batch.messages:
        places.append((partition, next_offset[partition], value))
        next_offset[partition] += 1
    return places


def delete_records(broker, topic, before):
    admin = broker.admin()   # held until the answer is there
    for future in admin.delete_records([TopicPartition(topic, p, before) for p in range(4)]).values():
        future.result()


def let_retention_delete(broker, topic):
    """Everything that is there; what comes later stays."""
    set_retention(broker, topic, "1")
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "watermarks"})
    end = time.monotonic() + 60
    while any(len(set(consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=10))) > 1 for p in range(4)):
        assert time.monotonic() < end, "retention deletes nothing"
        time.sleep(0.5)
    consumer.close()
    set_retention(broker, topic, "-1")


def set_retention(broker, topic, milliseconds):
    entry = ConfigEntry("retention.ms", milliseconds, incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    admin = broker.admin()
    for future in admin.incremental_alter_configs([resource]).values():
        future.result()


def check_with_gap(folder, events, also=()):
    """Each record from FIRST_KEPT on is there once, each earlier one at most once."""
    found = Counter({key: n for (key,), n in rows(folder, "silver.booking", "event_id").items()})
    bad = rows(folder, "quarantine.booking", "partition", "offset")
    assert max(found.values()) == 1 and max(bad.values(), default=1) == 1
    later = sum((batch.silver for batch in also), Counter())
    assert set(found) <= set(events.silver) | set(later) and set(later) <= set(found)
    for partition, offset, value in places_of(events):
        if offset < FIRST_KEPT:
            continue
        key = next((key for key in keys_in(value) if key in events.silver), None)
        assert key is None or key in found, (partition, offset)
    check_files(folder, "silver.booking", "quarantine.booking")
    return len(found)


def keys_in(value):
    text = value if isinstance(value, str) else value.decode()
    start = text.find('"event_id": "')
    return [text[start + 13:start + 49]] if start >= 0 else []


def lose_some(broker, topic, folder, sql, seed):
    """(a query that has read the first records and sleeps, all records): of those that came meanwhile most are deleted.

    What the broker had sent before it slept is in the client's memory: a few of them may still be read.
    """
    events = Bookings(seed, 800)
    broker.produce(topic, events.messages)
    process = start(folder, sql)
    wait_for_rows(process, folder, events)
    pause(process)
    meanwhile = Bookings(seed + 100, 6000, start_second=100)
    broker.produce(topic, meanwhile.messages)
    delete_records(broker, topic, FIRST_KEPT)
    events.messages += meanwhile.messages
    events.silver += meanwhile.silver
    wake(process)
    return process, events


def wait_for_rows(process, folder, batch, seconds=60):
    end = time.monotonic() + seconds
    while True:
        try:
            if set(batch.silver) <= {key for (key,) in rows(folder, "silver.booking", "event_id")}:
                return
        except Exception:   # the table is not there yet
            pass
        assert process.poll() is None and time.monotonic() < end, process.communicate()
        time.sleep(0.3)


def test_records_deleted_under_a_running_query_end_it_by_name(broker, topic, tmp_path):
    sql = pipeline_text(broker.address, topic, options=OPTIONS)
    process, events = lose_some(broker, topic, tmp_path, sql, 62)
    code, said = end_of(process)
    assert code == 1 and "KAFKA_DATA_LOSS" in said and topic in said and "failOnDataLoss" in said, said
    before = sum(rows(tmp_path, "silver.booking", "event_id").values())
    again = run(tmp_path, sql, check=False)
    assert again.returncode == 1 and "KAFKA_DATA_LOSS" in again.stderr
    told = run(tmp_path, pipeline_text(broker.address, topic, options=OPTIONS + ", failOnDataLoss => 'false'"))
    assert "failOnDataLoss=false" in told.stderr
    assert before < check_with_gap(tmp_path, events) < len(events.silver)


def test_records_deleted_under_a_query_that_may_lose_them(broker, topic, tmp_path):
    sql = pipeline_text(broker.address, topic, options=OPTIONS + ", failOnDataLoss => 'false'")
    process, events = lose_some(broker, topic, tmp_path, sql, 63)
    more = Bookings(64, 400, start_second=500)
    broker.produce(topic, more.messages)
    wait_for_rows(process, tmp_path, more)
    process.send_signal(signal.SIGINT)
    code, said = end_of(process)
    assert code == 0 and "failOnDataLoss=false" in said, said
    assert check_with_gap(tmp_path, events, [more]) < len(events.silver) + len(more.silver)


@pytest.mark.parametrize("fails", [True, False], ids=["failOnDataLoss", "without"])
def test_retention_deletes_what_was_not_read(broker, topic, tmp_path, fails):
    first, lost, last = (Bookings(65 + n, 800, start_second=100 * n) for n in range(3))
    sql = pipeline_text(broker.address, topic, options=f"{OPTIONS}, failOnDataLoss => '{str(fails).lower()}'")
    broker.produce(topic, first.messages)
    run(tmp_path, sql)
    broker.produce(topic, lost.messages)
    let_retention_delete(broker, topic)
    broker.produce(topic, last.messages)
    ended = run(tmp_path, sql, check=False)
    if fails:
        assert ended.returncode == 1 and "KAFKA_DATA_LOSS" in ended.stderr and topic in ended.stderr, ended.stderr
        return check(tmp_path, first)
    assert ended.returncode == 0 and "failOnDataLoss=false" in ended.stderr, ended.stderr
    check(tmp_path, first, last)
    return None
