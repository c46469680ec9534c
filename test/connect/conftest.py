"""A `firn server` on a free port, and stock PySpark as its client."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "test"))
from collector import collect_between_tests  # noqa: E402, F401

os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
os.environ.setdefault("SPARK_USER", "tester")

# AddressSanitizer keeps 256 MB of freed memory, counted without the padding, which makes small blocks three times as large.
HELD_BACK = 3 * 256 << 20 if "ASAN_OPTIONS" in os.environ else 0


class Server:
    """A running server; its address comes from its first line."""

    def __init__(self, folder, *arguments):
        binary = Path(os.environ.get("FIRN", ROOT / "build/release/firn"))
        self.folder = folder
        self.process = subprocess.Popen(
            [binary, "server", "--port", "0", *map(str, arguments)], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder,
            env=dict(os.environ, HOME=str(folder), TZ="UTC", FIRN_PYTHON=sys.executable))
        self.address = self.process.stdout.readline().strip()
        self.errors = []
        self.sessions = []
        threading.Thread(target=self._drain, daemon=True).start()
        assert self.address.startswith("sc://"), self.stop()

    def _drain(self):
        for line in self.process.stderr:
            self.errors.append(line)

    @property
    def target(self):
        return self.address.removeprefix("sc://").partition("/")[0]

    @property
    def rss(self):
        return psutil.Process(self.process.pid).memory_info().rss

    @property
    def threads(self):
        return psutil.Process(self.process.pid).num_threads()

    def cpu_share(self):
        """CPU seconds a second, of the next one."""
        process = psutil.Process(self.process.pid)
        before = sum(process.cpu_times()[:2])
        time.sleep(1)
        return sum(process.cpu_times()[:2]) - before

    def session(self):
        from pyspark.sql.connect.session import SparkSession

        session = SparkSession.builder.remote(self.address).create()
        # Kept: the client's own clean-up of a lost session may run while a lock that it needs is held.
        self.sessions.append(session)
        # `create` leaves a session active that nobody stopped, be its server gone: udf() would ask that one.
        SparkSession._default_session = SparkSession._active_session.session = session
        return session

    def stop(self):
        from pyspark.sql.connect.session import SparkSession

        if SparkSession._default_session in self.sessions:
            SparkSession._default_session = SparkSession._active_session.session = None
        self.process.terminate()
        self.process.wait(20)
        return "".join(self.errors)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    assert server.process.poll() is None, "the server has died: " + server.stop()
    server.stop()


@pytest.fixture
def spark(server):
    session = server.session()
    yield session
    session.stop()


def pytest_sessionfinish(session, exitstatus):
    session.config.exit_status = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """Ends at once: the client's own end would knock at servers that are gone for ten minutes."""
    import sys

    if hasattr(config, "exit_status"):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.exit_status)
