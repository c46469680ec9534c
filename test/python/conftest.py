"""The Python packages of the tree."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

import os  # noqa: E402

import pytest  # noqa: E402

sys.path.insert(0, str(ROOT / "test"))
from collector import collect_between_tests  # noqa: E402, F401


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    """A session on a server of the tree's own program."""
    os.environ.setdefault("FIRN", str(ROOT / "build/release/firn"))
    from firn.server import Server, connect
    folder = tmp_path_factory.mktemp("server")
    with Server(warehouse=folder / "warehouse", cwd=folder, conf={"spark.sql.session.timeZone": "UTC"}) as server:
        session = connect(server.address)
        yield session
        session.stop()


@pytest.fixture(scope="session")
def glue(spark):
    from awsglue.context import GlueContext
    return GlueContext(spark)
