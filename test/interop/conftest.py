"""The peers that share a catalog file with firn: Spark (JdbcCatalog), PyIceberg (SqlCatalog), and firn itself.

One warehouse and one Spark session serve the whole run; each test has a namespace of its own. Runs with the Python of
.deps/peers/venv, which `./dev test` puts in place.
"""

import functools
import itertools
import os
import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from collector import collect_between_tests  # noqa: E402, F401
from data import COLUMNS, NESTED, insert_select, which_rows
from engines import Firn, make_spark, of_spark
from s3_server import S3Server

ROOT = Path(__file__).resolve().parents[2]
JARS = ROOT / ".deps/peers/jars"
_numbers = itertools.count()
CATALOG = "firn"  # every engine must call the catalog by one name: rows are found by it


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory):
    return tmp_path_factory.mktemp("warehouse")


@pytest.fixture(scope="session")
def firn(warehouse):
    binary = Path(os.environ.get("FIRN", ROOT / "build/release/firn"))
    assert binary.exists(), f"{binary} is missing: ./dev build makes it"
    runner = Firn(binary, warehouse)
    runner.rows("SELECT 1")  # makes the catalog file
    return runner


@pytest.fixture(scope="session")
def spark(warehouse, firn):
    session = make_spark(CATALOG, warehouse, sorted(JARS.glob("*.jar")))
    yield session
    session.stop()


@pytest.fixture(scope="session")
def s3_server():
    """S3 and Glue, with signatures checked."""
    one = S3Server()
    yield one
    one.stop()


@pytest.fixture(scope="session")
def reference(spark):
    """The rows of data.py as a view of Spark's, no table involved."""
    spark.sql(" UNION ALL ".join(insert_select())).toDF(
        "id", *(c[0] for c in COLUMNS + NESTED)).createOrReplaceTempView("reference")
    return "reference"


@pytest.fixture(scope="session")
def expected_rows(spark, reference):
    """expected_rows(column): which of those rows meet which condition on it."""
    return functools.cache(lambda column: of_spark(spark, which_rows(reference, column)))


@pytest.fixture
def pyiceberg(warehouse, firn):
    from pyiceberg.catalog.sql import SqlCatalog

    catalog = SqlCatalog(CATALOG, uri=f"sqlite:///{warehouse}/catalog.db", warehouse=str(warehouse))
    yield catalog
    catalog.engine.dispose()


@pytest.fixture
def space(request, firn):
    """A fresh namespace, named after the test."""
    name = re.sub(r"\W+", "_", request.node.name).strip("_").lower()[:50] + f"_{next(_numbers)}"
    firn.run(f"CREATE NAMESPACE {name}")
    return name
