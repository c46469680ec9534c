"""firn demo: every event accounted for, by its own sums and by questions to its tables."""

import json
import re
import signal
import threading
import time
import urllib.request

import pytest

KINDS = ["silver", "duplicates", "no_consent", "quarantined", "late"]


def last_object(text):
    return json.loads(text.splitlines()[-1])


def ask(firn, warehouse, query):
    run = firn("sql", "--warehouse", warehouse, "-e", query, "--format", "json")
    assert run.code == 0, run.err
    return [json.loads(line) for line in run.out.splitlines()]


def check(firn, sums, events):
    assert sums["produced"] == events
    assert sum(sums[kind] for kind in KINDS) == events
    assert all(sums[kind] > 0 for kind in KINDS)
    warehouse = sums["catalog"].rsplit("/", 1)[0]
    assert ask(firn, warehouse, "SELECT count(*) AS n, count(DISTINCT event_id) AS ids FROM silver.booking") == [
        {"n": sums["silver"], "ids": sums["silver"]}]
    assert ask(firn, warehouse, "SELECT count(*) AS n FROM quarantine.booking WHERE reason IS NOT NULL") == [
        {"n": sums["quarantined"]}]
    assert ask(firn, warehouse, "SELECT count(*) AS n, sum(bookings) AS b FROM gold.booking_minute") == [
        {"n": sums["gold_rows"], "b": sums["silver"]}]


def test_it_reconciles(firn, tmp_path):
    run = firn("demo", "--events", 20000, "--json", timeout=120)
    assert run.code == 0, run.err
    sums = last_object(run.out)
    check(firn, sums, 20000)
    assert sums["catalog"] == str(tmp_path / "firn-demo/catalog.db")
    assert sums["catalog_name"] == "firn"
    assert sums["tables"] == ["silver.booking", "quarantine.booking", "gold.booking_minute"]
    assert sums["gold_bookings"] == sums["silver"]
    for word in ["firn sql --warehouse", "pyiceberg", "spark-sql"]:
        assert word in run.out
    assert re.search(r"^batch 0 silver\.booking: [\d,]+ in", run.err, re.M)

    again = firn("demo", "--events", 3000, "--json", timeout=120)  # an ended demo is left alone
    assert again.code == 0, again.err
    assert last_object(again.out)["catalog"] == str(tmp_path / "firn-demo-2/catalog.db")
    refused = firn("demo", "--warehouse", "firn-demo")
    assert refused.code == 1
    assert "has ended" in refused.err


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_demo_goes_on(firn, stop):
    process = firn.start("demo", "--events", 30000, "--rate", 6000)
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(process.stderr))
    reader.start()
    deadline = time.monotonic() + 60
    while not any(line.startswith("batch 2 ") for line in lines) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(stop)
    process.wait(timeout=30)
    reader.join()
    assert process.returncode != 0
    run = firn("demo", "--json", timeout=120)
    assert run.code == 0, run.err
    assert "going on with" in run.err
    check(firn, last_object(run.out), 30000)


def test_options_that_make_no_sense(firn, tmp_path):
    run = firn("demo", "--events", 0)
    assert run.code == 1 and "--events" in run.err
    run = firn("demo", "--rate", -1)
    assert run.code == 1 and "--rate" in run.err
    assert list(tmp_path.glob("firn-demo*")) == []


def test_a_pipeline_without_the_demos_tables_is_refused(firn, tmp_path):
    (tmp_path / "p.sql").write_text(
        "CREATE STREAMING TABLE bronze AS SELECT value FROM STREAM "
        "read_kafka(bootstrapServers => '${brokers}', subscribe => 'booking_events')")
    run = firn("demo", "--events", 100, "--pipeline", "p.sql", timeout=60)
    assert run.code == 1
    assert "p.sql" in run.err and "silver.booking" in run.err


def test_metrics_of_a_run(firn, tmp_path):
    """A pipeline against the broker of a demo that is under way in another process."""
    demo = firn.start("demo", "--events", 100000, "--rate", 2000, "--warehouse", "slow")
    brokers = None
    for line in demo.stderr:
        found = re.search(r"at (127\.0\.0\.1:\d+|\S+:\d+) into", line)
        if found:
            brokers = found.group(1)
            break
    assert brokers
    threading.Thread(target=demo.stderr.read, daemon=True).start()
    (tmp_path / "p.sql").write_text(
        "CREATE STREAMING TABLE bronze AS SELECT offset, value FROM STREAM "
        "read_kafka(bootstrapServers => '${brokers}', subscribe => 'booking_events', startingOffsets => 'earliest')")
    port = 19000 + hash(str(tmp_path)) % 1000
    run = firn.start("run", "p.sql", "--conf", f"brokers={brokers}", "--metrics-port", port, "--log-format", "json")
    try:
        progress = next(line for line in map(json.loads, run.stderr) if line.get("event") == "progress")
        assert progress["query"] == "bronze" or progress["query"].endswith(".bronze")
        text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10).read().decode()
        assert "firn_rows_in_total{" in text
        assert 'topic="booking_events"' in text
        threading.Thread(target=run.stderr.read, daemon=True).start()
        run.send_signal(signal.SIGTERM)
        assert run.wait(timeout=30) == 0
    finally:
        for process in (run, demo):
            process.kill()
            process.wait()
