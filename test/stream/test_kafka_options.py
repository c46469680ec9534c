"""Options of the Kafka source on a real broker: which records they choose, what is said where they make no sense."""

import json
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import NewPartitions

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from pipeline import rows, run, start, table  # noqa: E402

FIRST_MS = 1_700_000_000_000
KEPT = {"retention.ms": "-1"}   # the records are years old


@pytest.fixture(scope="module")
def events(broker):
    """30 records a second apart, round the three partitions, and a topic beside them."""
    producer = Producer({"bootstrap.servers": broker.address})
    name = broker.create_topic("chosen.events", 3, KEPT)
    for i in range(30):
        headers = [("trace", b"x"), ("empty", b""), ("null", None), ("trace", b"y")] if i % 5 == 0 else None
        producer.produce(name, [f"v{i}", "", None][min(i % 10, 2)], key=f"k{i}" if i % 3 else None, partition=i % 3,
                         timestamp=FIRST_MS + 1000 * i, headers=headers)
    assert producer.flush(30) == 0
    other = broker.create_topic("chosen.others", 1)
    broker.produce(other, ["o1", "o2"])
    return name


def sql(broker, options, columns="topic, partition, offset"):
    return (f"CREATE STREAMING TABLE s.t AS SELECT {columns} FROM STREAM "
            f"read_kafka(bootstrapServers => '{broker.address}', {options});")


EARLIEST = "startingOffsets => 'earliest'"
EVENTS = {("chosen.events", p, o) for p in range(3) for o in range(10)}
OTHERS = {("chosen.others", 0, 0), ("chosen.others", 0, 1)}


def part(*ranges):
    return {("chosen.events", p, o) for p, first in ranges for o in range(first, 10)}


CHOSEN = {
    "subscribe": (f"subscribe => 'chosen.events', {EARLIEST}", EVENTS),
    "two topics": (f"subscribe => 'chosen.events, chosen.others', {EARLIEST}", EVENTS | OTHERS),
    "pattern": (f"subscribePattern => 'chosen\\\\..*s', {EARLIEST}", EVENTS | OTHERS),
    "pattern over whole names": (f"subscribePattern => 'chosen', {EARLIEST}", set()),
    "assign": (f"assign => '{{\"chosen.events\":[0,2]}}', {EARLIEST}", part((0, 0), (2, 0))),
    "latest is the default": ("subscribe => 'chosen.events'", set()),
    "offsets": ("subscribe => 'chosen.events', startingOffsets => '{\"chosen.events\":{\"0\":3,\"1\":-2,\"2\":-1}}'",
                part((0, 3), (1, 0))),
    "timestamp": (f"subscribe => 'chosen.events', startingTimestamp => {FIRST_MS + 15000}",
                  part((0, 5), (1, 5), (2, 5))),
    "timestamp wins over offsets": (f"subscribe => 'chosen.events', startingTimestamp => {FIRST_MS + 27000}, {EARLIEST}",
                                    part((0, 9), (1, 9), (2, 9))),
    "timestamps": ("subscribe => 'chosen.events', startingOffsetsByTimestamp => '{\"chosen.events\":"
                   f"{{\"0\":{FIRST_MS + 3000},\"1\":{FIRST_MS + 20000},\"2\":0}}}}'", part((0, 1), (1, 7), (2, 0))),
    "no record that new": ("subscribe => 'chosen.events', startingTimestamp => 9900000000000, "
                           "startingOffsetsByTimestampStrategy => 'latest'", set()),
    "names in any case": ("SUBSCRIBE => 'chosen.events', STARTINGOFFSETS => 'Earliest'", EVENTS),
    "hints": (f"subscribe => 'chosen.events', {EARLIEST}, minPartitions => 9, groupIdPrefix => 'p', "
              "`kafka.group.id` => 'g', `kafka.session.timeout.ms` => '9000', `kafka.request.timeout.ms` => '40000', "
              "`kafka.max.poll.records` => '5', `kafka.fetch.max.wait.ms` => '50'", EVENTS),
}


@pytest.mark.parametrize("name", CHOSEN)
def test_what_is_read(broker, events, tmp_path, name):
    options, want = CHOSEN[name]
    run(tmp_path, sql(broker, options))
    assert rows(tmp_path, "s.t", "topic", "partition", "offset") == {row: 1 for row in want}


REFUSED = {
    "subscribePattern => 'a['": ["subscribePattern", "a["],
    "assign => '{\"chosen.events\":[0,7]}'": ["chosen.events", "no partition 7"],
    "assign => 'chosen.events'": ["assign", '{"topicA":[0,1]'],
    "subscribe => 'chosen.events', assign => '{\"chosen.events\":[0]}'": ["exactly one", "several"],
    "subscribe => 'chosen.events', startingOffsets => '{\"chosen.events\":{\"0\":3}}'": ["partition 1 is missing"],
    "subscribe => 'chosen.events', startingOffsets => '{\"chosen.events\":{\"0\":0,\"1\":0,\"2\":0,\"9\":1}}'":
        ["partition 9"],
    "subscribe => 'chosen.events', startingOffsets => 'first'": ["startingOffsets", "earliest", "'first'"],
    "subscribe => 'chosen.events', startingTimestamp => 9900000000000":
        ["9900000000000", "startingOffsetsByTimestampStrategy"],
    "subscribe => 'chosen.events', endingOffsets => 'latest'": ["endingOffsets", "--once"],
    "subscribe => 'chosen.events', failOnDataLoss => 'maybe'": ["failOnDataLoss", "'maybe'"],
    "subscribe => 'chosen.events', `kafka.fetch.mim.bytes` => '1'": ["kafka.fetch.mim.bytes", "kafka.fetch.min.bytes"],
    "subscribe => 'chosen.event'": ["KAFKA_UNKNOWN_TOPIC", "`chosen.events`"],
}


@pytest.mark.parametrize("options", REFUSED)
def test_what_makes_no_sense_is_named(broker, events, tmp_path, options):
    finished = run(tmp_path, sql(broker, options), check=False)
    assert finished.returncode == 1
    for word in REFUSED[options]:
        assert word in finished.stderr
    assert "bug in firn" not in finished.stderr


def test_keys_values_times_and_headers_as_spark_has_them(broker, events, tmp_path):
    run(tmp_path, sql(broker, f"subscribe => 'chosen.events', {EARLIEST}, includeHeaders => true",
                      "partition * 100 + offset AS id, key, value, timestamp, timestampType, headers"))
    files = [task.file.file_path.removeprefix("file://") for task in table(tmp_path, "s.t").scan().plan_files()]
    # Not through PyIceberg, which reads a list that is NULL as an empty one.
    found = {row["id"]: row for file in files for row in pq.ParquetFile(file).read().to_pylist()}
    for i in range(30):
        row = found[i % 3 * 100 + i // 3]
        assert row["key"] == (f"k{i}".encode() if i % 3 else None)
        assert row["value"] == [f"v{i}".encode(), b"", None][min(i % 10, 2)]
        assert row["timestamp"].timestamp() * 1000 == FIRST_MS + 1000 * i and row["timestampType"] == 0
        assert row["headers"] == ([{"key": "trace", "value": b"x"}, {"key": "empty", "value": b""},
                                   {"key": "null", "value": None}, {"key": "trace", "value": b"y"}] if i % 5 == 0 else None)


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def wait_for(folder, want, seconds=60):
    end = time.monotonic() + seconds
    found = None
    while time.monotonic() < end:
        try:
            found = rows(folder, "s.t", "topic", "partition", "offset")
            if found == want:
                return
        except Exception:  # noqa: BLE001: the table may not be there yet
            pass
        time.sleep(0.2)
    raise AssertionError(f"it did not happen in time; there is {found}")


def test_partitions_and_topics_that_come_later_are_read_from_their_start(broker, tmp_path):
    stamp = time.time_ns()
    first, second = f"later{stamp}a", f"later{stamp}b"
    broker.create_topic(first, 1)
    broker.produce(first, [(0, None, "0")])
    process = start(tmp_path, sql(broker, f"subscribePattern => 'later{stamp}[ab]'"))     # latest: the first record is not read
    try:
        wait_until((tmp_path / "warehouse/_checkpoints/s.t/sources/0/0").exists)
        admin = broker.admin()     # held until the answer is there
        for future in admin.create_partitions([NewPartitions(first, 2)]).values():
            future.result()
        broker.create_topic(second, 1)
        broker.produce(first, [(1, None, "1")])
        broker.produce(second, [(0, None, "2")])
        wait_for(tmp_path, {(first, 1, 0): 1, (second, 0, 0): 1})
    finally:
        process.terminate()
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, out + err


def recreate(broker, name, count):
    admin = broker.admin()
    for future in admin.delete_topics([name]).values():
        future.result()
    for _ in range(50):
        time.sleep(0.2)
        try:
            broker.create_topic(name, 1)
            break
        except Exception:  # noqa: BLE001: the old one is still going
            pass
    broker.produce(name, [(0, None, f"new{i}") for i in range(count)])


@pytest.mark.parametrize("fails", [True, False])
def test_a_topic_that_was_made_anew(broker, tmp_path, fails):
    name = broker.create_topic(f"anew{fails}".lower(), 1)
    broker.produce(name, [(0, None, "old")] * 20)
    text = sql(broker, f"subscribe => '{name}', {EARLIEST}, failOnDataLoss => {str(fails).lower()}")
    run(tmp_path, text)
    recreate(broker, name, 5)
    finished = run(tmp_path, text, check=False)
    said = "the log ends at offset 5, before offset 20"
    if fails:
        assert finished.returncode == 1 and "KAFKA_DATA_LOSS" in finished.stderr and said in finished.stderr
        return
    assert finished.returncode == 0 and said in finished.stderr     # on from the log's end, as Spark
    broker.produce(name, [(0, None, "newer")] * 2)
    run(tmp_path, text)
    want = {(name, 0, o): 1 for o in range(20)}
    want[name, 0, 5] = want[name, 0, 6] = 2
    assert rows(tmp_path, "s.t", "topic", "partition", "offset") == want


def test_a_topic_that_is_made_anew_while_it_is_read(broker, tmp_path):
    name = broker.create_topic("anew.live", 1)
    broker.produce(name, [(0, None, "old")] * 20)
    process = start(tmp_path, sql(broker, f"subscribe => '{name}', {EARLIEST}"))
    wait_for(tmp_path, {(name, 0, o): 1 for o in range(20)})
    recreate(broker, name, 5)
    out, err = process.communicate(timeout=60)       # it does not wait for offset 20 to come again
    assert process.returncode == 1 and ("KAFKA_DATA_LOSS" in err or "KAFKA_UNKNOWN_TOPIC" in err), out + err


def test_batches_begin_at_multiples_of_the_interval(broker, tmp_path):
    name = broker.create_topic("paced", 1)
    process = start(tmp_path, sql(broker, f"subscribe => '{name}', {EARLIEST}"), "--trigger-interval", "1500 ms",
                    "--log-format", "json")
    try:
        for i in range(12):
            broker.produce(name, [(0, None, str(i))])
            time.sleep(0.4)
        wait_for(tmp_path, {(name, 0, o): 1 for o in range(12)})
    finally:
        process.terminate()
        _, err = process.communicate(timeout=30)
    batches = [json.loads(line) for line in err.splitlines() if '"progress"' in line]
    assert 3 <= len(batches) <= 6
    assert all(batch["timestamp_ms"] % 1500 < 400 for batch in batches[1:]), [b["timestamp_ms"] % 1500 for b in batches]
