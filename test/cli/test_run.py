"""firn run: plain files, sources that cannot be reached, signals."""

import json
import signal
import socket
import time

STREAM = """
CREATE STREAMING TABLE bronze AS
SELECT cast(value AS STRING) AS text FROM STREAM read_kafka(bootstrapServers => '${brokers}', subscribe => 'events');
"""


def test_plain_statements(firn, tmp_path):
    (tmp_path / "plain.sql").write_text("SET x = 5;\nCREATE TABLE t AS SELECT ${x} AS a;\nSELECT * FROM t;")
    run = firn("run", "plain.sql")
    assert run.code == 0, run.err
    assert "│ 5 │" in run.out


def test_errors_have_the_place_in_the_file(firn, tmp_path):
    (tmp_path / "bad.sql").write_text("SELECT 1;\n\nCREATE TABLE t AS SELECT 1 FORM x;")
    run = firn("run", "bad.sql")
    assert run.code == 1
    assert "--> bad.sql:3:28" in run.err
    as_json = firn("run", "bad.sql", "--log-format", "json")
    error = json.loads(as_json.err.splitlines()[-1])
    assert (error["file"], error["line"]) == ("bad.sql", 3)


def test_a_wrong_interval_is_named(firn, tmp_path):
    (tmp_path / "p.sql").write_text("SELECT 1")
    run = firn("run", "p.sql", "--trigger-interval", "soon")
    assert run.code == 1
    assert "'soon'" in run.err


def test_unreachable_broker_is_named_and_nothing_hangs(firn, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        brokers = f"127.0.0.1:{closed.getsockname()[1]}"
    (tmp_path / "p.sql").write_text(STREAM)
    start = time.monotonic()
    run = firn("run", "p.sql", "--conf", f"brokers={brokers}", timeout=60)
    assert run.code == 1
    assert "[KAFKA_UNREACHABLE]" in run.err
    assert brokers in run.err
    assert time.monotonic() - start < 20


def test_sigint_while_waiting_for_a_broker(firn, tmp_path):
    (tmp_path / "p.sql").write_text(STREAM)
    with socket.socket() as silent:  # takes connections, answers nothing
        silent.bind(("127.0.0.1", 0))
        silent.listen(64)
        process = firn.start("run", "p.sql", "--conf", f"brokers=127.0.0.1:{silent.getsockname()[1]}")
        firn.wait_until_heeding_signals(process)
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode in (0, 1)


def test_a_variable_without_a_value_is_named(firn, tmp_path):
    (tmp_path / "p.sql").write_text("SELECT '${brokers}' AS a")
    run = firn("run", "p.sql")
    assert run.code == 0
    assert "${brokers}" in run.out
    assert "--conf brokers=" in run.err


def test_metrics_port_that_is_taken(firn, tmp_path):
    (tmp_path / "p.sql").write_text("SELECT 1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = firn("run", "p.sql", "--metrics-port", port)
    assert run.code == 1
    assert str(port) in run.err
