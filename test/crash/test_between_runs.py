"""What happens to table, catalog and checkpoint while a query is down, or half through a commit."""

import json
import shutil
import signal
import sqlite3
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from aftermath import check  # noqa: E402
from bookings import Bookings  # noqa: E402
from pipeline import pipeline_text, query, run, start, table  # noqa: E402

OPTIONS = ", maxOffsetsPerTrigger => 400"
COMPACT = "CALL firn.system.rewrite_data_files(table => 'silver.booking', options => map('min-input-files', '2'))"
EXPIRE = "CALL firn.system.expire_snapshots(table => 'silver.booking', retain_last => 1, older_than => current_timestamp())"


def epochs_in_snapshots(folder):
    summaries = [snapshot.summary.additional_properties for snapshot in table(folder, "silver.booking").snapshots()]
    return [int(one["spark.sql.streaming.epochId"]) for one in summaries if "spark.sql.streaming.epochId" in one]


@pytest.mark.parametrize("step", ["table0", "tables"])
@pytest.mark.parametrize("upkeep", [[COMPACT], [COMPACT, EXPIRE]], ids=["compacted", "expired"])
def test_upkeep_between_a_crash_and_the_recovery(broker, topic, tmp_path, step, upkeep):
    """The snapshot of the epoch in doubt is not the newest any more, or not there at all: its token still counts."""
    events = Bookings(40 + len(step), 1600)
    broker.produce(topic, events.messages)
    sql = pipeline_text(broker.address, topic, options=OPTIONS)
    killed = run(tmp_path, sql, "--test-crash", f"{step}:2", check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert 2 in epochs_in_snapshots(tmp_path)
    for call in upkeep:
        query(tmp_path, call)
    newest = table(tmp_path, "silver.booking").current_snapshot().summary
    assert "spark.sql.streaming.epochId" not in newest.additional_properties
    if EXPIRE in upkeep:
        assert epochs_in_snapshots(tmp_path) == []
    run(tmp_path, sql)
    check(tmp_path, events)


def test_a_checkpoint_from_an_older_copy_is_refused_by_name(broker, topic, tmp_path):
    first, second, third = (Bookings(45 + n, 900, start_second=40 * n) for n in range(3))
    sql = pipeline_text(broker.address, topic, options=OPTIONS)
    checkpoints, older, newer = tmp_path / "warehouse/_checkpoints", tmp_path / "older", tmp_path / "newer"
    broker.produce(topic, first.messages)
    run(tmp_path, sql)
    shutil.copytree(checkpoints, older)
    broker.produce(topic, second.messages)
    run(tmp_path, sql)
    checkpoints.rename(newer)
    older.rename(checkpoints)
    refused = run(tmp_path, sql, check=False)
    assert refused.returncode == 1 and "STREAM_CHECKPOINT_BEHIND_TABLE" in refused.stderr, refused.stderr
    assert "silver.booking" in refused.stderr and str(checkpoints) in refused.stderr
    check(tmp_path, first, second)
    shutil.rmtree(checkpoints)
    newer.rename(checkpoints)
    broker.produce(topic, third.messages)
    run(tmp_path, sql)
    check(tmp_path, first, second, third)


def test_another_query_into_the_table_starts_at_epoch_0(broker, topic, tmp_path):
    """A new checkpoint counts from 0 again, maybe for a cluster made anew: epochs of the earlier query hide nothing."""
    first, second = Bookings(48, 900), Bookings(49, 900, start_second=100)
    broker.produce(topic, first.messages)
    run(tmp_path, pipeline_text(broker.address, topic, options=OPTIONS))
    broker.create_topic(topic + "_anew")
    broker.produce(topic + "_anew", second.messages)
    run(tmp_path, pipeline_text(broker.address, topic + "_anew", options=OPTIONS),
        "--conf", f"spark.sql.streaming.checkpointLocation={tmp_path / 'anew'}")
    assert sorted(epochs_in_snapshots(tmp_path))[:4] == [0, 0, 1, 1]
    check_silver_of_two(tmp_path, first, second)


def check_silver_of_two(folder, first, second):
    found = query(folder, "SELECT count(*) AS n, count(DISTINCT event_id) AS d FROM silver.booking")
    wanted = sum((first.silver + second.silver).values())
    assert found == [{"n": wanted, "d": wanted}]


def test_a_catalog_that_fails_loses_nothing(broker, topic, tmp_path):
    """Somebody holds the catalog's lock for as long as firn waits: the query ends by name, with the epoch undecided or not begun."""
    first, second = Bookings(46, 900), Bookings(47, 900, start_second=100)
    sql = pipeline_text(broker.address, topic, options=OPTIONS)
    broker.produce(topic, first.messages)
    run(tmp_path, sql)
    # The table's retries are few, so that the test is short.
    query(tmp_path, "ALTER TABLE silver.booking SET TBLPROPERTIES ('commit.retry.num-retries' = '0')")
    broker.produce(topic, second.messages)
    with sqlite3.connect(tmp_path / "warehouse/catalog.db", isolation_level=None) as holder:
        holder.execute("BEGIN IMMEDIATE")
        failed = run(tmp_path, sql, check=False)
        holder.execute("ROLLBACK")
    assert failed.returncode == 1 and "locked" in failed.stderr, failed.stderr
    check(tmp_path, first)
    run(tmp_path, sql)
    check(tmp_path, first, second)


POISON = [
    b"", b"\x00", b"\xff\xfe\xfd", b"[]", b"null", b'"text"', b"{", b'{"event_id":', b"{" * 2000,
    b'{"event_id": "nul\\u0000", "occurred_at": "2026-01-01T00:00:00Z", "gdpr_consent": true, "price": 1.0}',
    b'{"event_id": "\xff\xfe", "occurred_at": "2026-01-01T00:00:00Z", "gdpr_consent": true, "price": 1.0}',
    b'{"event_id": "huge", "occurred_at": "2026-01-01T00:00:00Z", "gdpr_consent": true, "price": 1e400}',
    b'{"event_id": "nan", "occurred_at": "2026-01-01T00:00:00Z", "gdpr_consent": true, "price": "NaN"}',
    b'{"event_id": "far", "occurred_at": "+294247-01-10T04:00:54Z", "gdpr_consent": true, "price": 1.0}',
    b'{"event_id": "no day", "occurred_at": "2026-13-45T00:00:00Z", "gdpr_consent": true, "price": 1.0}',
    b'{"event_id": "twice", "event_id": "twice2", "occurred_at": "2026-01-01T00:00:00Z", "gdpr_consent": true, "price": 1.0}',
    b'{"event_id": "long", "occurred_at": "2026-01-01T00:00:00Z", "gdpr_consent": true, "price": 1.0, "payload": "' + b"x" * 500_000 + b'"}',
    None,
]


def test_poison_records_do_not_end_the_query(broker, topic, tmp_path):
    """Each of them ends in silver or in the quarantine, none ends the query, and what comes after it is read."""
    before, after = Bookings(51, 300), Bookings(52, 300, start_second=100)
    sql = pipeline_text(broker.address, topic)
    broker.produce(topic, before.messages)
    broker.produce(topic, [(number % 4, None, value) for number, value in enumerate(POISON)])
    broker.produce(topic, after.messages)
    run(tmp_path, sql)
    ids = set(table(tmp_path, "silver.booking").scan(selected_fields=("event_id",)).to_arrow().column("event_id").to_pylist())
    assert set(before.silver) | set(after.silver) <= ids
    rest = ids - set(before.silver) - set(after.silver)
    quarantined = table(tmp_path, "quarantine.booking").scan().to_arrow().num_rows - before.quarantine - after.quarantine
    print(f"of {len(POISON)} poison records {sorted(rest)} are in silver, {quarantined} in the quarantine")
    assert len(rest) + quarantined == len(POISON)
    run(tmp_path, sql)   # and the next run finds nothing left


def test_the_ledger_says_which_epochs_wrote(broker, topic, tmp_path):
    """An epoch without rows for a table commits nothing to it; the next one's token still follows the last that did."""
    sql = pipeline_text(broker.address, topic, options=OPTIONS)
    one, two = Bookings(53, 400), Bookings(54, 400, start_second=100)
    broker.produce(topic, one.messages)
    run(tmp_path, sql)
    bad = [(0, None, json.dumps({"event_id": f"b{n}", "occurred_at": "2026-01-01T00:00:00Z", "price": -1.0})) for n in range(900)]
    broker.produce(topic, bad)   # epochs that write to the quarantine alone
    process = start(tmp_path, sql, "--test-crash", "tables:2")
    process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL
    broker.produce(topic, two.messages)
    run(tmp_path, sql)
    two.quarantine += len(bad)
    check(tmp_path, one, two)
