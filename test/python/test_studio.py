"""What Glue Studio's nodes generate: joins, aggregates, filters, samples."""

import re

import pytest
from awsglue.dynamicframe import DynamicFrame
from awsglue.transforms import Filter, Join
from pyspark.sql import functions as SqlFuncs


def frame_of(glue, spark, rows, schema):
    return DynamicFrame.fromDF(spark.createDataFrame(rows, schema), glue, "node")


@pytest.fixture
def left(glue, spark):
    return frame_of(glue, spark, [(1, "a"), (2, "b"), (2, "c"), (None, "d")], "id INT, l STRING")


@pytest.fixture
def right(glue, spark):
    return frame_of(glue, spark, [(2, "x"), (3, "y"), (None, "z")], "id INT, r STRING")


@pytest.mark.parametrize("kind, want", [
    ("left", [(1, "a", None, None), (2, "b", 2, "x"), (2, "c", 2, "x"), (None, "d", None, None)]),
    ("right", [(2, "b", 2, "x"), (2, "c", 2, "x"), (None, None, 3, "y"), (None, None, None, "z")]),
    ("outer", [(1, "a", None, None), (2, "b", 2, "x"), (2, "c", 2, "x"), (None, "d", None, None),
               (None, None, 3, "y"), (None, None, None, "z")]),
    ("leftsemi", [(2, "b"), (2, "c")]),
    ("leftanti", [(1, "a"), (None, "d")]),
])
def test_join(glue, left, right, kind, want):
    """Studio writes all but equijoins over DataFrames, with the right side's names changed first."""
    l, r = left.toDF(), right.toDF().withColumnRenamed("id", "right_id")
    joined = DynamicFrame.fromDF(l.join(r, (l["id"] == r["right_id"]), kind), glue, "Join")
    assert sorted(map(tuple, joined.toDF().collect()), key=str) == sorted(want, key=str)


def test_equijoin(left, right):
    joined = Join.apply(frame1=left, frame2=right, keys1=["id"], keys2=["id"], transformation_ctx="Join").toDF()
    assert joined.columns == ["id", "l", ".id", "r"]
    assert sorted(map(tuple, joined.collect())) == [(2, "b", 2, "x"), (2, "c", 2, "x")]


AGGREGATES = {"avg": 2.5, "countDistinct": 4, "count": 5, "first": 1.0, "last": 1.0, "max": 5.0, "min": 1.0,
              "sum": 12.5, "kurtosis": -1.2, "skewness": 0.3, "stddev_samp": 1.7, "stddev_pop": 1.5}


def spark_aggregate(glue, parent, groups, aggs):
    functions = [getattr(SqlFuncs, function)(column) for column, function in aggs]
    frame = parent.toDF()
    return DynamicFrame.fromDF(frame.groupBy(*groups).agg(*functions) if groups else frame.agg(*functions), glue, "Aggregate")


@pytest.mark.parametrize("groups", [["k"], []])
def test_aggregate(glue, spark, groups):
    values = [1.0, 2.0, 3.5, 5.0, 1.0, None]
    frame = frame_of(glue, spark, [("a", value) for value in values], "k STRING, v DOUBLE")
    row = spark_aggregate(glue, frame, groups, [["v", name] for name in AGGREGATES]).toDF().collect()[0].asDict()
    found = {re.sub(r"count\(DISTINCT v\)", "countDistinct", name).split("(")[0]: value
             for name, value in row.items() if name != "k"}
    there = [value for value in values if value is not None]
    mean = sum(there) / len(there)
    m2, m3, m4 = (sum((value - mean) ** power for value in there) / len(there) for power in (2, 3, 4))
    want = {**AGGREGATES, "last": None, "stddev_pop": m2 ** 0.5, "stddev_samp": (m2 * 5 / 4) ** 0.5,
            "skewness": m3 / m2 ** 1.5, "kurtosis": m4 / m2 ** 2 - 3}
    assert found == {name: value if value is None else pytest.approx(value) for name, value in want.items()}


@pytest.mark.parametrize("condition, want", [
    (lambda row: (row["v"] == 5), [2]),
    (lambda row: (row["v"] < 5), [1]),
    (lambda row: (row["v"] > 5), [3]),
    (lambda row: (row["v"] <= 5), [1, 2]),
    (lambda row: (row["v"] >= 5), [2, 3]),
    (lambda row: (bool(re.match("eu-.*", row["s"]))), [1, 3]),
    (lambda row: (not(bool(re.match("eu-.*", row["s"])))), [2]),
    (lambda row: (row["v"] is None), [4]),
    (lambda row: (not(row["v"] is None) and row["v"] > 1 or row["s"] == "eu-x"), [1, 2, 3]),
])
def test_filter(glue, spark, condition, want):
    """A record whose value a comparison cannot take (None) does not pass."""
    frame = frame_of(glue, spark, [(1, 1, "eu-x"), (2, 5, "us"), (3, 9, "eu-y"), (4, None, None)],
                     "id INT, v INT, s STRING")
    passed = Filter.apply(frame=frame, f=condition, transformation_ctx="Filter")
    assert sorted(row.id for row in passed.toDF().collect()) == want
    assert passed.errorsCount() == 0
