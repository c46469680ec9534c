"""Flows of a pipeline file: what is checked before anything is made, checkpoints by name, views that fail."""

import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from pipeline import query, rows, run, start  # noqa: E402

VIEW = """CREATE TEMPORARY VIEW events AS SELECT partition, offset, CAST(value AS STRING) AS text FROM STREAM
  read_kafka(bootstrapServers => '{brokers}', subscribe => '{topic}', startingOffsets => 'earliest');
"""
FIRST = "CREATE STREAMING TABLE s.first AS SELECT partition, offset FROM events;\n"
SECOND = "CREATE STREAMING TABLE s.second AS SELECT partition, offset, text FROM events;\n"
EVENTS = [(0, None, str(i)) for i in range(20)]


@pytest.fixture
def view(broker, topic):
    broker.produce(topic, EVENTS)
    return VIEW.format(brokers=broker.address, topic=topic)


def test_a_checkpoint_whose_name_has_left_the_file(broker, topic, view, tmp_path):
    run(tmp_path, view + FIRST + SECOND)
    once = {(0, i): 1 for i in range(20)}
    folder = tmp_path / "warehouse/_checkpoints"
    refused = run(tmp_path, view + SECOND, check=False)
    assert refused.returncode == 1
    for word in ["flow s.second", "query s.first", f"{folder}/s.first to {folder}/s.second"]:
        assert word in refused.stderr
    assert rows(tmp_path, "s.second", "partition", "offset") == once
    (folder / "s.first").rename(folder / "s.second")                    # as the message says
    broker.produce(topic, [(0, None, "more")])
    run(tmp_path, view + SECOND)
    assert rows(tmp_path, "s.second", "partition", "offset") == {**once, (0, 20): 1}


@pytest.mark.parametrize("mistake", [
    "CREATE STREAMING TABLE s.bad AS SELECT count(*) AS n FROM events;",
    "CREATE STREAMING TABLE s.bad AS SELECT offset FROM events ORDER BY offset;",
    "CREATE STREAMING TABLE s.bad AS SELECT nothing FROM events;",
    "CREATE STREAMING TABLE s.bad AS SELECT 1 AS one;"])
def test_a_mistake_in_one_flow_makes_no_table(view, tmp_path, mistake):
    refused = run(tmp_path, view + FIRST + mistake, check=False)
    assert refused.returncode == 1 and "created table" not in refused.stderr
    assert query(tmp_path, "SHOW NAMESPACES") in ([], [{"namespace": "default"}])


def test_a_table_takes_its_columns_from_its_flow(view, tmp_path):
    run(tmp_path, view + "CREATE STREAMING TABLE s.t;\nCREATE FLOW f AS INSERT INTO s.t BY NAME SELECT offset, text FROM events;")
    assert rows(tmp_path, "s.t", "offset", "text") == {(i, str(i)): 1 for i in range(20)}


@pytest.mark.parametrize("once", [True, False])
def test_a_view_that_fails_ends_the_run_by_name(view, tmp_path, once):
    broken = "CREATE MATERIALIZED VIEW s.gold AS SELECT 1 / (count(*) - 20) AS x FROM s.first;"
    process = start(tmp_path, view + FIRST + broken, once=once)
    try:
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1 and "DIVIDE_BY_ZERO" in err
    assert rows(tmp_path, "s.first", "partition", "offset") == {(0, i): 1 for i in range(20)}


def test_a_reader_sees_each_commit_whole(broker, topic, tmp_path):
    """Batches of 100 records: any count in between would be a part of one."""
    broker.produce(topic, [(0, None, str(i)) for i in range(3000)])
    sql = (VIEW + FIRST).format(brokers=broker.address, topic=topic).replace("'earliest'", "'earliest', maxOffsetsPerTrigger => 100")
    process = start(tmp_path, sql)
    seen = set()
    try:
        for _ in range(200):
            try:
                seen.add(query(tmp_path, "SELECT count(*) AS n FROM s.first")[0]["n"])
            except Exception:  # noqa: BLE001: the table may not be there yet
                continue
            if 3000 in seen:
                break
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert 3000 in seen and all(count % 100 == 0 for count in seen), seen
