"""One `firn server` for all docstrings; another where it died. A session of its own for each docstring."""

import importlib.util
import os
from pathlib import Path

import pytest

import documents

_spec = importlib.util.spec_from_file_location(
    "connect_conftest", Path(__file__).resolve().parent.parent / "connect/conftest.py")
connect = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(connect)
collect_between_tests = connect.collect_between_tests
pytest_sessionfinish = connect.pytest_sessionfinish
pytest_unconfigure = connect.pytest_unconfigure


class Servers:
    """The running server; a new one in a new folder where the old one has died."""

    def __init__(self, factory):
        self.factory = factory
        self.current = None

    def get(self):
        if self.current is None or self.current.process.poll() is not None:
            self.current = connect.Server(self.factory.mktemp("server"))
            documents.furnish(self.current.folder)
            os.environ["SPARK_REMOTE"] = self.current.address  # of SparkSession.builder.getOrCreate()
        return self.current


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    servers = Servers(tmp_path_factory)
    yield servers
    if servers.current is not None:
        servers.current.stop()


@pytest.fixture
def server(servers):
    return servers.get()


@pytest.fixture
def spark(server):
    session = server.session()
    yield session
    if server.process.poll() is None:
        clean(server)
        if not session.is_stopped:
            session.stop()


def clean(server):
    """Drops what a docstring left in the catalog: the next one is to find it empty."""
    session = server.session()
    for table in session.catalog.listTables("default"):
        session.sql(f"DROP TABLE IF EXISTS `{table.name}`")
    session.stop()
