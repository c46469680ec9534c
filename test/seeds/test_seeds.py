"""Every Python and SQL block of the seed documents, unmodified, through `firn run` and `firn sql`."""

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]
import blocks as documents  # noqa: E402
import report  # noqa: E402
from kafka_topics import KafkaTopics  # noqa: E402
from running import fixture_of, options_of, pending, run_block  # noqa: E402
from world import World  # noqa: E402

BLOCKS = documents.all_blocks()
RUNNABLE = [block for block in BLOCKS if block.runs]


@pytest.fixture(scope="session")
def brokers(tmp_path_factory):
    """One broker, started for the first block that reads Kafka."""
    held = []

    def get():
        if not held:
            from kafka_broker import Broker
            held.append(Broker(tmp_path_factory.mktemp("broker")).start())
        return held[0]
    yield get
    for one in held:
        one.stop()


def test_there_are_blocks():
    assert len(RUNNABLE) == 43, [block.name for block in RUNNABLE]


def cases():
    """Each block; one of pending.tsv fails, and the test says so once it does not."""
    waiting = pending()
    for block in RUNNABLE:
        marks = [pytest.mark.xfail(reason=waiting[block.name], strict=True)] if block.name in waiting else []
        yield pytest.param(block, id=block.name, marks=marks)


@pytest.mark.parametrize("block", list(cases()))
def test_block(block, tmp_path, brokers):
    fixture = fixture_of(block)
    assert fixture is not None, f"{block.name} has no fixture"
    broker = None
    if getattr(fixture, "TOPICS", None):
        broker = KafkaTopics(brokers(), fixture.TOPICS)
    run_block(World(tmp_path, broker, options_of(fixture, broker)), block, fixture)


def test_the_report_is_up_to_date():
    assert report.PATH.read_text(encoding="utf-8") == report.text(), "python test/seeds/report.py writes it"
