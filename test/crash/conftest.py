"""One real broker for the suite."""

import itertools
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from kafka_broker import Broker  # noqa: E402

_numbers = itertools.count()


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    one = Broker(tmp_path_factory.mktemp("broker")).start()
    yield one
    one.stop()


@pytest.fixture
def topic(broker):
    return broker.create_topic(f"bookings{next(_numbers)}")
