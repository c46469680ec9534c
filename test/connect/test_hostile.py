"""Clients that send what no DataFrame makes, that go away in the midst of things, that come in crowds."""

import os
import threading
import time
import uuid

import pytest
from conftest import HELD_BACK, Server
from dataframe_rows import ROWS
from plan_mutants import recorded, run
from pyspark.sql.connect.proto import base_pb2
from test_protocol import LONG, Raw

KEPT_BY_MUTANTS = (400 << 20) + HELD_BACK


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("hostile"))
    yield server
    assert server.process.poll() is None, "the server has died: " + server.stop()
    server.stop()


def test_mutants_of_plans(alone):
    """plan_mutants.py sends more of them."""
    plans = recorded(alone.address, list(ROWS.values())[::3])
    before = alone.rss
    findings = run(alone.address, plans, 1500, seed=int(os.environ.get("FIRN_MUTANT_SEED", "7")))
    assert not findings, "\n".join(f"{count} × {text}: {plan.hex()[:4000]}" for text, (count, plan) in findings.items())
    deadline = time.time() + 30  # what interrupted queries held is given back, if not at once
    while time.time() < deadline and alone.rss >= before + KEPT_BY_MUTANTS:
        time.sleep(0.5)
    assert alone.rss < before + KEPT_BY_MUTANTS


@pytest.mark.parametrize("name", ["and", "or", "||"])
def test_chains_without_links(alone, name):
    """Found by a mutant: AND of nothing was resolved as AND of itself."""
    from pyspark.errors import AnalysisException
    from pyspark.sql.connect.functions.builtin import _invoke_function, lit

    session = alone.session()
    for arguments in [[], [lit(True)]]:
        try:
            session.range(1).select(_invoke_function(name, *arguments)).collect()
        except AnalysisException as error:
            assert error.getCondition().startswith("WRONG_NUM_ARGS"), error
        else:
            assert name == "||"
    session.stop()


def test_streams_cut_in_the_middle(alone):
    """Queries whose clients go after the first rows end, and their memory is given back."""
    def cut(reattachable):
        client = Raw(alone)
        stream = client.stub.ExecutePlan(client.sql("SELECT id, repeat('x', 100) AS t FROM range(5000000)", reattachable))
        for _ in zip(range(3), stream):
            pass
        stream.cancel()
        client.stub.ReleaseSession(client.of(base_pb2.ReleaseSessionRequest))
        client.channel.close()

    for _ in range(10):
        cut(True)
    before = alone.rss
    for number in range(60):
        cut(number % 2 == 0)
    deadline = time.time() + 30
    while time.time() < deadline and alone.cpu_share() > 0.2:
        pass
    assert alone.cpu_share() <= 0.2
    assert alone.rss < before + (150 << 20)


def test_a_write_does_not_hold_up_the_clients_other_threads(alone):
    session = alone.session()
    space = "busy_" + uuid.uuid4().hex
    session.sql(f"CREATE NAMESPACE {space}")
    session.sql(f"CREATE TABLE {space}.t (a BIGINT) USING iceberg")
    ended = []
    failures = []

    def write():
        try:
            session.addTag("write")
            session.sql(f"INSERT INTO {space}.t {LONG}")
        except Exception as error:  # noqa: BLE001
            failures.append(str(error))
        ended.append(time.monotonic())

    thread = threading.Thread(target=write)
    thread.start()
    time.sleep(1)
    begin = time.monotonic()
    assert session.range(3).count() == 3 and session.conf.get("spark.sql.ansi.enabled")
    took = time.monotonic() - begin
    still_writing = not ended
    session.interruptTag("write")
    thread.join(60)
    assert still_writing and took < 20 and not thread.is_alive()
    assert failures and "OPERATION_CANCELED" in failures[0]
    assert session.table(f"{space}.t").count() == 0
    session.stop()


def test_fifty_sessions_with_mixed_queries(alone):
    """Frames, SQL, writes, views, errors and interrupts of fifty clients at once; nobody sees another's."""
    failures = []

    def work(number):
        try:
            client = Raw(alone)

            def rows(text, **how):
                answers = list(client.stub.ExecutePlan(client.sql(text, **how)))
                assert answers[-1].HasField("result_complete")
                return sum(answer.arrow_batch.row_count for answer in answers)

            def command(text):
                request = client.sql(text)
                request.plan.command.sql_command.input.sql.query = text
                assert list(client.stub.ExecutePlan(request))[-1].HasField("result_complete")

            command(f"CREATE TEMPORARY VIEW mine AS SELECT * FROM range({number + 1})")
            command(f"CREATE TABLE fifty.t{number} (a BIGINT) USING iceberg")
            for _ in range(2):
                command(f"INSERT INTO fifty.t{number} SELECT id FROM mine")
                assert rows("SELECT * FROM mine") == number + 1
                with pytest.raises(Exception, match="DIVIDE_BY_ZERO"):
                    rows("SELECT 1 / 0")
            assert rows(f"SELECT * FROM fifty.t{number}") == 2 * (number + 1)
            if number % 5 == 0:
                request = client.sql(LONG, tags=["slow"])
                stream = client.stub.ExecutePlan(request)
                time.sleep(0.2)
                told = client.stub.Interrupt(client.of(base_pb2.InterruptRequest, interrupt_type=2, operation_tag="slow"))
                assert list(told.interrupted_ids) == [request.operation_id]
                with pytest.raises(Exception, match="OPERATION_CANCELED"):
                    list(stream)
            client.stub.ReleaseSession(client.of(base_pb2.ReleaseSessionRequest))
            client.channel.close()
        except BaseException as failure:  # noqa: BLE001: told by the main thread
            failures.append((number, failure))

    first = Raw(alone)
    request = first.sql("x")
    request.plan.command.sql_command.input.sql.query = "CREATE NAMESPACE IF NOT EXISTS fifty"
    list(first.stub.ExecutePlan(request))
    threads = [threading.Thread(target=work, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240)
    assert failures == []
