"""Runs SQL on firn in a folder of its own; `spark` is a session of the real one, started where a test asks for it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "test"))
TIMEOUT_S = 120 * int(os.environ.get("FIRN_TEST_SLOWER", "1"))


class Firn:
    def __init__(self, folder):
        self.binary = Path(os.environ.get("FIRN", ROOT / "build/release/firn"))
        self.folder = folder

    def run(self, *statements, conf=(), environment=None):
        command = [self.binary, "sql", "--format", "typed-json", "--keep-going", "--conf", "spark.sql.session.timeZone=UTC"]
        for pair in conf:
            command += ["--conf", pair]
        for sql in statements:
            command += ["-e", sql]
        hidden = {name: "" for name in os.environ if name.startswith("AWS_")}
        variables = dict(os.environ, HOME=str(self.folder), TZ="UTC", **hidden, **(environment or {}))
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, env=variables, timeout=TIMEOUT_S)
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        assert len(answers) == len(statements), done.stderr
        return answers

    def query(self, *statements, **more):
        """Columns and rows of the last statement; all must succeed."""
        answers = self.run(*statements, **more)
        for sql, answer in zip(statements, answers):
            assert "condition" not in answer, (sql, answer)
        columns = [[column["name"], column["type"]] for column in answers[-1].get("columns", [])]
        return columns, answers[-1].get("rows", [])


@pytest.fixture(scope="session")
def firn_in():
    """Makes one in a folder."""
    return Firn


@pytest.fixture
def firn(tmp_path):
    return Firn(tmp_path)


@pytest.fixture(scope="session")
def spark():
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.sql.session.timeZone", "UTC")
    for key, value in {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
                       "spark.driver.extraJavaOptions": "-Duser.timezone=UTC", "spark.sql.shuffle.partitions": "1"}.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    yield session
    session.stop()
