"""The bookings pipeline against a real broker: rows, quarantine, restarts, options, offsets."""

import json
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bookings import Bookings  # noqa: E402
from pipeline import live_files_exist, pipeline_text, query, rows, run, start, table  # noqa: E402


def ids(folder):
    return rows(folder, "silver.booking", "event_id")


def expected(*batches):
    total = sum((batch.silver for batch in batches), type(batches[0].silver)())
    return {(event_id,): count for event_id, count in total.items()}


def test_silver_and_quarantine_from_one_pass(broker, topic, tmp_path):
    events = Bookings(1, 5000)
    broker.produce(topic, events.messages)
    run(tmp_path, pipeline_text(broker.address, topic))
    assert ids(tmp_path) == expected(events)
    quarantined = table(tmp_path, "quarantine.booking").scan().to_arrow()
    assert quarantined.num_rows == events.quarantine
    assert set(quarantined.column("reason").to_pylist()) == {"no event_id", "negative price"}
    raw = quarantined.column("raw").to_pylist()
    assert b"{not json" in raw


def test_a_second_run_goes_on_where_the_first_ended(broker, topic, tmp_path):
    first, second = Bookings(2, 3000), Bookings(3, 3000, start_second=100)
    sql = pipeline_text(broker.address, topic)
    broker.produce(topic, first.messages)
    run(tmp_path, sql)
    broker.produce(topic, second.messages + first.messages[:500])      # duplicates across runs
    run(tmp_path, sql)
    run(tmp_path, sql)                                                 # nothing new
    assert ids(tmp_path) == expected(first, second)
    live_files_exist(tmp_path, "silver.booking")


def test_the_checkpoint_is_in_sparks_format(broker, topic, tmp_path):
    broker.produce(topic, Bookings(4, 1000).messages)
    run(tmp_path, pipeline_text(broker.address, topic))
    folder = next((tmp_path / "warehouse/_checkpoints").iterdir())
    assert set(json.loads((folder / "metadata").read_text())) == {"id"}
    initial = (folder / "sources/0/0").read_bytes()
    assert initial.startswith(b"\x00v1\n") and json.loads(initial[4:]) == {topic: {str(p): 0 for p in range(4)}}
    version, metadata, offsets = (folder / "offsets/0").read_text().split("\n")
    assert version == "v1" and {"batchWatermarkMs", "batchTimestampMs", "conf"} == set(json.loads(metadata))
    assert sum(json.loads(offsets)[topic].values()) == 1000
    assert (folder / "commits/0").read_text().split("\n")[0] == "v1"
    snapshot = table(tmp_path, "silver.booking").current_snapshot()
    assert snapshot.summary.additional_properties["spark.sql.streaming.epochId"] == "0"


def test_max_offsets_per_trigger_splits_the_range(broker, topic, tmp_path):
    events = Bookings(5, 4000)
    broker.produce(topic, events.messages)
    run(tmp_path, pipeline_text(broker.address, topic, options=", maxOffsetsPerTrigger => 1000"))
    offsets = sorted((next((tmp_path / "warehouse/_checkpoints").iterdir()) / "offsets").iterdir(), key=lambda p: int(p.name))
    totals = [sum(json.loads(p.read_text().split("\n")[2])[topic].values()) for p in offsets]
    steps = [b - a for a, b in zip([0] + totals, totals)]
    assert max(steps) <= 1003 and totals[-1] == 4000 and len([s for s in steps if s]) >= 4
    assert ids(tmp_path) == expected(events)


def test_late_rows_are_dropped_and_counted(broker, topic, tmp_path):
    event = {"gdpr_consent": True, "listing_id": "l1", "price": 1.0, "user_id": "u"}
    at = lambda day, name: (0, None, json.dumps({**event, "event_id": name, "occurred_at": f"2026-02-{day:02}T00:00:00Z"}))  # noqa: E731
    sql = pipeline_text(broker.address, topic)
    broker.produce(topic, [at(10, "a")])
    run(tmp_path, sql)                       # batch 0 moves the watermark to 9 February
    broker.produce(topic, [at(8, "late"), at(9, "at the watermark"), at(10, "b")])
    finished = run(tmp_path, sql, "--log-format", "json")
    assert ids(tmp_path) == {("a",): 1, ("b",): 1}
    assert '"late":2' in finished.stdout.replace(" ", "") + finished.stderr.replace(" ", "")


def test_it_runs_until_it_is_told_to_stop(broker, topic, tmp_path):
    first, second = Bookings(6, 2000), Bookings(7, 2000, start_second=50)
    process = start(tmp_path, pipeline_text(broker.address, topic))
    try:
        broker.produce(topic, first.messages)
        wait_for(lambda: query(tmp_path, "SELECT count(*) AS n FROM silver.booking")[0]["n"] == sum(first.silver.values()))
        broker.produce(topic, second.messages)
        wait_for(lambda: query(tmp_path, "SELECT count(*) AS n FROM silver.booking")[0]["n"] == sum((first.silver + second.silver).values()))
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, out + err
    assert ids(tmp_path) == expected(first, second)


def test_a_second_process_on_the_checkpoint_is_refused(broker, topic, tmp_path):
    broker.produce(topic, Bookings(8, 500).messages)
    sql = pipeline_text(broker.address, topic)
    process = start(tmp_path, sql)
    try:
        wait_for(lambda: (tmp_path / "warehouse/_checkpoints").exists() and any((tmp_path / "warehouse/_checkpoints").rglob("commits/0")))
        second = run(tmp_path, sql, check=False)
        assert second.returncode == 1 and "STREAM_CHECKPOINT_IN_USE" in second.stderr
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_an_unknown_topic_is_named(broker, tmp_path):
    finished = run(tmp_path, pipeline_text(broker.address, "bookngs0"), check=False)
    assert finished.returncode == 1 and "bookngs0" in finished.stderr and "KAFKA_UNKNOWN_TOPIC" in finished.stderr


def test_an_unreachable_broker_is_named(tmp_path):
    finished = run(tmp_path, pipeline_text("127.0.0.1:1", "bookings"), check=False, timeout=60)
    assert finished.returncode == 1 and "127.0.0.1:1" in finished.stderr and "KAFKA_UNREACHABLE" in finished.stderr


@pytest.mark.parametrize("option, meant", [(", startingOfsets => 'earliest'", "startingOffsets"), (", maxOffsetPerTrigger => 5", "maxOffsetsPerTrigger")])
def test_a_misspelt_option_names_the_right_one(broker, topic, tmp_path, option, meant):
    finished = run(tmp_path, pipeline_text(broker.address, topic, options=option), check=False)
    assert finished.returncode == 1 and meant in finished.stderr


def test_a_broker_restart_in_the_middle_loses_nothing(broker, topic, tmp_path):
    first, second = Bookings(9, 3000), Bookings(10, 3000, start_second=80)
    broker.produce(topic, first.messages)
    process = start(tmp_path, pipeline_text(broker.address, topic))
    try:
        wait_for(lambda: query(tmp_path, "SELECT count(*) AS n FROM silver.booking")[0]["n"] == sum(first.silver.values()))
        broker.restart()
        broker.produce(topic, second.messages)
        wait_for(lambda: query(tmp_path, "SELECT count(*) AS n FROM silver.booking")[0]["n"] == sum((first.silver + second.silver).values()))
    finally:
        process.terminate()
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, out + err
    assert ids(tmp_path) == expected(first, second)


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return
        except Exception:  # noqa: BLE001: the table may not be there yet
            pass
        time.sleep(0.2)
    raise AssertionError("it did not happen in time")
