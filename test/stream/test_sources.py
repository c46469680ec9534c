"""Sources other than Kafka: an Iceberg table, files, rates; current_timestamp; tables beside a stream; the order of flows."""

import json
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from bookings import Bookings  # noqa: E402
from pipeline import pipeline_text, query, rows, run, start, table  # noqa: E402


def insert(folder, *values):
    listed = ", ".join(values)
    query(folder, f"INSERT INTO bronze.events VALUES {listed}")


def make_bronze(folder):
    query(folder, "CREATE TABLE bronze.events (id BIGINT, name STRING, at TIMESTAMP) USING iceberg")


STREAM = "CREATE STREAMING TABLE silver.events AS SELECT id, upper(name) AS name FROM STREAM bronze.events;"


def silver(folder):
    return sorted(rows(folder, "silver.events", "id", "name").elements())


def offsets(folder, flow="silver.events"):
    found = {}
    for file in (folder / f"warehouse/_checkpoints/{flow}/offsets").iterdir():
        if file.name.isdigit():
            found[int(file.name)] = file.read_text().split("\n")[2]
    return [json.loads(found[number]) for number in sorted(found)]


def test_appends_of_an_iceberg_table_once_each(tmp_path):
    make_bronze(tmp_path)
    insert(tmp_path, "(1, 'a', NULL)", "(2, 'b', NULL)")
    insert(tmp_path, "(3, 'c', NULL)")
    run(tmp_path, STREAM)
    assert silver(tmp_path) == [(1, "A"), (2, "B"), (3, "C")]
    run(tmp_path, STREAM)                    # nothing new
    insert(tmp_path, "(4, 'd', NULL)")
    run(tmp_path, STREAM)
    assert silver(tmp_path) == [(1, "A"), (2, "B"), (3, "C"), (4, "D")]
    current = table(tmp_path, "bronze.events").current_snapshot().snapshot_id
    assert offsets(tmp_path)[-1] == {"version": 1, "snapshot_id": current, "position": 1, "scan_all_files": False}
    start_file = tmp_path / "warehouse/_checkpoints/silver.events/sources/0/offsets/0"
    assert json.loads(start_file.read_text())["position"] == 0


def test_a_table_that_is_empty_at_first(tmp_path):
    make_bronze(tmp_path)
    run(tmp_path, STREAM)
    insert(tmp_path, "(1, 'a', NULL)")
    run(tmp_path, STREAM)
    assert silver(tmp_path) == [(1, "A")]


def test_files_of_an_append_in_several_batches(tmp_path):
    make_bronze(tmp_path)
    for i in range(5):
        insert(tmp_path, f"({i}, 'x', NULL)")
    sql = STREAM.replace("STREAM bronze.events",
                         "STREAM read_stream(__format => 'iceberg', __path => 'bronze.events', "
                         "`streaming-max-files-per-micro-batch` => '2')")
    run(tmp_path, sql)
    assert [row[0] for row in silver(tmp_path)] == list(range(5))
    assert len(offsets(tmp_path)) == 3


def test_overwrites_end_the_stream_unless_they_are_skipped(tmp_path):
    make_bronze(tmp_path)
    insert(tmp_path, "(1, 'a', NULL)")
    run(tmp_path, STREAM)
    query(tmp_path, "INSERT OVERWRITE bronze.events VALUES (9, 'z', NULL)")
    insert(tmp_path, "(2, 'b', NULL)")
    failed = run(tmp_path, STREAM, check=False)
    assert failed.returncode != 0 and "streaming-skip-overwrite-snapshots=true" in failed.stderr
    run(tmp_path, STREAM.replace("STREAM bronze.events",
                                 "STREAM read_stream(__format => 'iceberg', __path => 'bronze.events', "
                                 "`streaming-skip-overwrite-snapshots` => 'true')"))
    assert silver(tmp_path) == [(1, "A"), (2, "B")]


def files_sql(folder, options=""):
    return ("CREATE STREAMING TABLE silver.events AS SELECT id, upper(name) AS name FROM STREAM read_stream("
            f"__format => 'json', __path => '{folder}', __schema => 'id BIGINT, name STRING'{options});")


def test_files_of_a_folder_once_each(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(3):
        (folder / f"{i}.json").write_text(json.dumps({"id": i, "name": "n"}) + "\n")
        time.sleep(0.01)
    sql = files_sql(folder, ", maxFilesPerTrigger => '2'")
    run(tmp_path, sql)
    (folder / "3.json").write_text(json.dumps({"id": 3, "name": "m"}) + "\n")
    run(tmp_path, sql)
    run(tmp_path, sql)
    assert silver(tmp_path) == [(0, "N"), (1, "N"), (2, "N"), (3, "M")]
    assert offsets(tmp_path) == [{"logOffset": 0}, {"logOffset": 1}, {"logOffset": 2}]
    log = (tmp_path / "warehouse/_checkpoints/silver.events/sources/0/0").read_text().split("\n")
    assert log[0] == "v1" and [json.loads(line)["path"] for line in log[1:]] == [
        f"file://{folder}/0.json", f"file://{folder}/1.json"]


def test_files_need_a_schema(tmp_path):
    failed = run(tmp_path, files_sql(tmp_path).replace(", __schema => 'id BIGINT, name STRING'", ""), check=False)
    assert failed.returncode != 0 and "Schema must be specified" in failed.stderr


def test_a_file_log_with_more_than_ten_batches(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for i in range(13):
        (folder / f"{i:02}.json").write_text(json.dumps({"id": i, "name": "n"}) + "\n")
    sql = files_sql(folder, ", maxFilesPerTrigger => '1'")
    run(tmp_path, sql)
    assert (tmp_path / "warehouse/_checkpoints/silver.events/sources/0/9.compact").exists()
    run(tmp_path, sql)
    assert [row[0] for row in silver(tmp_path)] == list(range(13))


def test_rates(tmp_path):
    sql = ("CREATE STREAMING TABLE silver.events AS SELECT value AS id, 'r' AS name FROM STREAM "
           "read_stream(__format => 'rate-micro-batch', rowsPerBatch => '10', startTimestamp => '1000');")
    run(tmp_path, sql)
    run(tmp_path, sql)
    assert [row[0] for row in silver(tmp_path)] == list(range(20))
    assert offsets(tmp_path) == [{"offset": 10, "timestamp": 2000}, {"offset": 20, "timestamp": 3000}]


def test_a_source_that_is_not_there_is_refused_by_name(tmp_path):
    failed = run(tmp_path, "CREATE STREAMING TABLE silver.events AS SELECT * FROM STREAM socket(host => 'x');", check=False)
    assert failed.returncode != 0 and "streaming from socket" in failed.stderr


def test_the_time_of_a_batch_and_a_table_beside_the_stream(tmp_path):
    make_bronze(tmp_path)
    query(tmp_path, "CREATE TABLE bronze.names (id BIGINT, long_name STRING) USING iceberg")
    query(tmp_path, "INSERT INTO bronze.names VALUES (1, 'one')")
    sql = ("CREATE STREAMING TABLE silver.events AS SELECT e.id, n.long_name AS name, current_timestamp() AS seen "
           "FROM STREAM bronze.events e LEFT JOIN bronze.names n ON e.id = n.id;")
    insert(tmp_path, "(1, 'a', NULL)")
    run(tmp_path, sql)
    query(tmp_path, "INSERT INTO bronze.names VALUES (2, 'two')")
    insert(tmp_path, "(2, 'b', NULL)")
    run(tmp_path, sql)
    assert silver(tmp_path) == [(1, "one"), (2, "two")]
    seen = [row[0] for row in rows(tmp_path, "silver.events", "seen")]
    assert len(set(seen)) == 2 and None not in seen


def test_the_order_of_flows_does_not_matter_to_the_checkpoint(broker, topic, tmp_path):
    events = Bookings(21, 500)
    broker.produce(topic, events.messages)
    sql = pipeline_text(broker.address, topic)
    run(tmp_path, sql)
    before = rows(tmp_path, "quarantine.booking", "partition", "offset")
    at = sql.index("CREATE STREAMING TABLE silver.booking"), sql.index("CREATE STREAMING TABLE quarantine.booking")
    run(tmp_path, sql[:at[0]] + sql[at[1]:] + sql[at[0]:at[1]])
    assert rows(tmp_path, "quarantine.booking", "partition", "offset") == before
    assert [folder.name for folder in (tmp_path / "warehouse/_checkpoints").iterdir()] == ["silver.booking"]


def test_a_broker_that_says_nothing_does_not_hold_up_a_stop(tmp_path):
    import socket
    silent = socket.create_server(("127.0.0.1", 0))          # takes connections and never answers
    address = f"127.0.0.1:{silent.getsockname()[1]}"
    process = start(tmp_path, pipeline_text(address, "bookings"))
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    began = time.time()
    process.communicate(timeout=30)
    assert time.time() - began < 6


@pytest.mark.parametrize("step", ["written", "offsets", "prepared", "table0", "commit"])
def test_a_kill_while_an_iceberg_table_is_read(tmp_path, step):
    make_bronze(tmp_path)
    for i in range(4):
        insert(tmp_path, f"({2 * i}, 'x', NULL)", f"({2 * i + 1}, 'y', NULL)")
    sql = STREAM.replace("STREAM bronze.events",
                         "STREAM read_stream(__format => 'iceberg', __path => 'bronze.events', "
                         "`streaming-max-files-per-micro-batch` => '1')")
    for epoch in (0, 2):
        killed = run(tmp_path, sql, "--test-crash", f"{step}:{epoch}", check=False)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    run(tmp_path, sql)
    assert [row[0] for row in silver(tmp_path)] == list(range(8))
