"""Hundreds of operations chained, as loops over columns write them: right, and in time that grows with their number alone."""

import time

import pytest
from pyspark.sql import functions as F

STEPS = 450  # a message nests at most 1,024 levels


def chain(frame, step, count=STEPS):
    for number in range(count):
        frame = step(frame, number)
    return frame


CHAINS = {
    "columns beside each other": (
        lambda s: chain(s.range(3), lambda d, i: d.withColumn(f"c{i}", F.col("id") + i)).select("id", f"c{STEPS - 1}"),
        [(i, i + STEPS - 1) for i in range(3)]),
    "columns of the DataFrame": (
        lambda s: chain(s.range(3), lambda d, i: d.withColumn(f"c{i}", d["id"] + i)).select("id", f"c{STEPS - 1}"),
        [(i, i + STEPS - 1) for i in range(3)]),
    "each column of the one before": (
        lambda s: chain(s.range(3), lambda d, i: d.withColumn(f"c{i}", F.col(f"c{i - 1}" if i else "id") + 1)).select(f"c{STEPS - 1}"),
        [(i + STEPS,) for i in range(3)]),
    "one column again and again": (
        lambda s: chain(s.range(3), lambda d, i: d.withColumn("id", d["id"] + 1)), [(i + STEPS,) for i in range(3)]),
    "selects": (
        lambda s: chain(s.range(3), lambda d, i: d.select((F.col("id") + 1).alias("id"))), [(i + STEPS,) for i in range(3)]),
    "filters": (lambda s: chain(s.range(500), lambda d, i: d.filter(d["id"] != i)), [(i,) for i in range(STEPS, 500)]),
    "columns and filters": (
        lambda s: chain(s.range(3), lambda d, i: d.withColumn(f"c{i}", F.col("id") + i).filter(F.col(f"c{i}") >= i), STEPS // 2).select("id"),
        [(i,) for i in range(3)]),
    "limits": (lambda s: chain(s.range(30), lambda d, i: d.limit(1000 - i)).limit(2), [(0,), (1,)]),
    "renames": (
        lambda s: chain(s.range(3), lambda d, i: d.withColumnRenamed(f"c{i - 1}" if i else "id", f"c{i}")), [(i,) for i in range(3)]),
    "unions": (lambda s: chain(s.range(1), lambda d, i: d.union(s.range(1)), 200).selectExpr("count(*)"), [(201,)]),
    "aggregates": (
        lambda s: chain(s.range(3), lambda d, i: d.groupBy("id").agg(F.count("*").alias("n")).select("id"), 60), [(i,) for i in range(3)]),
    "joins": (lambda s: chain(s.range(3), lambda d, i: d.join(s.range(10), "id"), 40), [(i,) for i in range(3)]),
}


@pytest.mark.parametrize("name", list(CHAINS))
def test_chain(spark, name):
    make, expected = CHAINS[name]
    frame = make(spark)
    begin = time.monotonic()
    assert sorted(tuple(row) for row in frame.collect()) == expected
    assert time.monotonic() - begin < 60  # of a debug build on a busy machine; a release build needs half a second at most
