"""One real broker for the suite."""

import itertools
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from kafka_broker import Broker  # noqa: E402

_numbers = itertools.count()

# A shell's background jobs ignore SIGINT, and so do the programs that they start. One that comes before firn takes care of
# signals is then lost, where otherwise it ends the process.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    one = Broker(tmp_path_factory.mktemp("broker")).start()
    yield one
    one.stop()


@pytest.fixture
def topic(broker):
    return broker.create_topic(f"bookings{next(_numbers)}")


@pytest.fixture
def tmp_path(tmp_path):
    """In memory where there is room: kill -9 can't see what a disk would have lost, and these tests sync a lot."""
    shared = Path("/dev/shm")
    if not shared.is_dir() or not os.access(shared, os.W_OK) or shutil.disk_usage(shared).free < 2 << 30:
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="firn-crash-", dir=shared))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
