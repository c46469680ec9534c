"""Python functions of every kind, in worker processes: values, types, groups, failures, time-outs, death."""

import datetime
import decimal
import os
import time

import pandas as pd
import pyarrow as pa
import pytest
from pyspark.errors import PythonException, PySparkException
from pyspark.sql import Row, functions as F, types as T


def rows(frame):
    return [tuple(row) for row in frame.collect()]


# ---- scalar functions, row by row

VALUES = [
    ("int", "id + 1", lambda x: None if x is None else x + 1, [2, None, 4]),
    ("string", "CAST(id AS STRING)", lambda x: x and x * 2, ["11", None, "33"]),
    ("double", "id / 2", lambda x: x and x * 10, [5.0, None, 15.0]),
    ("boolean", "id > 1", lambda x: None if x is None else not x, [True, None, False]),
    ("date", "date_add(DATE'2026-01-01', id)", lambda x: x and x + datetime.timedelta(days=1),
     [datetime.date(2026, 1, 3), None, datetime.date(2026, 1, 5)]),
    ("decimal(10,2)", "CAST(id AS DECIMAL(10,2))", lambda x: x and x + decimal.Decimal("0.25"),
     [decimal.Decimal("1.25"), None, decimal.Decimal("3.25")]),
    ("array<int>", "array(id, id)", lambda x: [v for v in x if v is not None], [[1, 1], [], [3, 3]]),
    ("map<string,int>", "map('k', id)", lambda x: {"n": len(x)}, [{"n": 1}] * 3),
    ("struct<a:int,b:string>", "named_struct('a', id, 'b', 'x')", lambda x: (x.a, x["b"] + "y"),
     [Row(a=1, b="xy"), Row(a=None, b="xy"), Row(a=3, b="xy")]),
    ("binary", "CAST('ab' AS BINARY)", lambda x: bytes(x) + b"c", [bytearray(b"abc")] * 3),
    ("timestamp", "TIMESTAMP'2026-03-01 12:00:00'", lambda x: x + datetime.timedelta(hours=1),
     [datetime.datetime(2026, 3, 1, 13, 0)] * 3),
]


@pytest.fixture
def three(spark):
    return spark.sql("SELECT CAST(id AS INT) AS id FROM VALUES (1), (NULL), (3) AS t(id)")


@pytest.mark.parametrize("result, argument, function, expected", VALUES, ids=[row[0] for row in VALUES])
def test_values_go_there_and_back(spark, three, result, argument, function, expected):
    if argument == "id + 1":
        argument = "id"
    made = three.select(F.udf(function, result)(F.expr(argument)).alias("v"))
    assert made.schema["v"].dataType.simpleString() == result
    assert [row.v for row in made.collect()] == expected


def test_several_calls_and_a_chain(spark):
    double = F.udf(lambda x: x * 2, "bigint")
    text = F.udf(lambda x, suffix: f"{x}{suffix}", "string")
    frame = spark.range(3).select("id", double("id").alias("d"), text(double(double("id")), F.lit("!")).alias("t"))
    assert rows(frame.where(double("id") > 0).orderBy("id")) == [(1, 2, "4!"), (2, 4, "8!")]


def test_named_arguments_and_none(spark):
    nothing = F.udf(lambda: 7, "int")
    pair = F.udf(lambda a, b: f"{a}-{b}", "string")
    assert rows(spark.range(2).select(nothing(), pair(b=F.lit("x"), a="id"))) == [(7, "0-x"), (7, "1-x")]


def test_in_groups_joins_and_sorts(spark):
    parity = F.udf(lambda x: x % 2, "bigint")
    counted = spark.range(10).groupBy(parity("id").alias("p")).agg(F.count("*").alias("n"), F.sum(parity("id")).alias("s"))
    assert rows(counted.orderBy("p")) == [(0, 5, 0), (1, 5, 5)]
    left, right = spark.range(3).withColumnRenamed("id", "a"), spark.range(3).withColumnRenamed("id", "b")
    same = F.udf(lambda a, b: a == b, "boolean")
    assert sorted(rows(left.join(right, same("a", "b")))) == [(0, 0), (1, 1), (2, 2)]
    assert rows(spark.range(4).orderBy(F.udf(lambda x: -x, "bigint")("id"))) == [(3,), (2,), (1,), (0,)]


def test_registered_functions_in_sql(spark):
    spark.udf.register("plus_ten", lambda x: x + 10, "bigint")
    assert rows(spark.sql("SELECT plus_ten(id) AS v FROM range(2)")) == [(10,), (11,)]


def test_many_rows_in_order(spark):
    frame = spark.range(100_000).select("id", F.udf(lambda x: x + 1, "bigint")("id").alias("next"))
    assert rows(frame.agg(F.count("*"), F.sum(F.expr("next - id")))) == [(100_000, 100_000)]


# ---- over pandas and Arrow

def test_pandas_and_arrow_scalars(spark):
    plus = F.pandas_udf(lambda s: s + 1, "bigint")
    both = F.pandas_udf(lambda a, b: a.astype(str) + b, "string")
    frame = spark.range(30_000).select(plus("id").alias("p"), both("id", F.lit("x")).alias("t"))
    assert rows(frame.where("p <= 3")) == [(1, "0x"), (2, "1x"), (3, "2x")]
    assert frame.count() == 30_000


def test_pandas_iterator(spark):
    from typing import Iterator

    @F.pandas_udf("bigint")
    def plus(series: Iterator[pd.Series]) -> Iterator[pd.Series]:
        for one in series:
            yield one + 100

    assert rows(spark.range(25_000).select(F.sum(plus("id") - F.col("id")))) == [(2_500_000,)]


def test_pandas_structs_and_timestamps(spark):
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    try:
        seen = F.pandas_udf(lambda s: s.dt.hour.astype("int64"), "bigint")
        assert rows(spark.sql("SELECT TIMESTAMP'2026-07-01 15:30:00' AS t").select(seen("t"))) == [(15,)]
        split = F.pandas_udf(lambda s: pd.DataFrame({"a": s, "b": s * 2}), "a bigint, b bigint")
        assert rows(spark.range(2).select(split("id").alias("v")).select("v.*")) == [(0, 0), (1, 2)]
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")


def test_map_in_pandas_and_arrow(spark):
    def keep_even(frames):
        for frame in frames:
            yield frame[frame.id % 2 == 0]

    def twice(batches):
        for batch in batches:
            yield batch
            yield batch

    assert rows(spark.range(5).mapInPandas(keep_even, "id bigint")) == [(0,), (2,), (4,)]
    assert sorted(rows(spark.range(2).mapInArrow(twice, "id bigint"))) == [(0,), (0,), (1,), (1,)]
    assert rows(spark.range(0).mapInPandas(keep_even, "id bigint")) == []


def test_grouped_maps(spark):
    frame = spark.createDataFrame([("a", 1.0), ("b", 2.0), ("a", 3.0), (None, 5.0)], "k string, v double")

    def centred(one):
        return one.assign(v=one.v - one.v.mean())

    def counted(key, one):
        return pd.DataFrame([[key[0], len(one)]])

    assert sorted(rows(frame.where("k IS NOT NULL").groupBy("k").applyInPandas(centred, "k string, v double"))) == [
        ("a", -1.0), ("a", 1.0), ("b", 0.0)]
    made = frame.groupBy("k").applyInPandas(counted, "k string, n bigint")
    assert sorted(rows(made), key=str) == [("a", 2), ("b", 1), (None, 1)]

    def total(table):
        return pa.table({"k": table.column("k").slice(0, 1), "s": [sum(table.column("v").to_pylist())]})

    assert sorted(rows(frame.where("k = 'a'").groupBy("k").applyInArrow(total, "k string, s double"))) == [("a", 4.0)]


# ---- failures

def test_an_exception_names_its_cause(spark):
    def broken(x):
        raise ValueError(f"no {x} here")

    with pytest.raises(PythonException, match="ValueError: no 0 here"):
        spark.range(1).select(F.udf(broken, "int")("id")).collect()
    assert spark.range(1).count() == 1


def test_a_dead_worker_is_that_query_s_error(spark):
    with pytest.raises(PySparkException, match="exited unexpectedly with code 3|closed"):
        spark.range(1).select(F.udf(lambda x: os._exit(3), "int")("id")).collect()
    assert rows(spark.range(1).select(F.udf(lambda x: x, "bigint")("id"))) == [(0,)]


def test_a_late_worker_is_killed(spark):
    spark.conf.set("firn.python.timeout", "1s")
    try:
        begin = time.monotonic()
        with pytest.raises(PySparkException, match="firn.python.timeout"):
            spark.range(1).select(F.udf(lambda x: time.sleep(60), "int")("id")).collect()
        assert time.monotonic() - begin < 30
    finally:
        spark.conf.unset("firn.python.timeout")


def test_a_wrong_length_is_refused(spark):
    with pytest.raises(PythonException, match="required length"):
        spark.range(3).select(F.pandas_udf(lambda s: s[:1], "bigint")("id")).collect()


def test_limit_does_not_wait_for_all(spark):
    slow = F.udf(lambda x: x, "bigint")
    assert len(spark.range(1_000_000).select(slow("id")).limit(3).collect()) == 3


def test_the_child_s_error_wins(spark):
    frame = spark.sql("SELECT CAST(concat('x', CAST(id AS STRING)) AS INT) AS v FROM range(3)")
    with pytest.raises(PySparkException, match="CAST_INVALID_INPUT"):
        frame.select(F.udf(lambda x: x, "int")("v")).collect()


def test_types_are_declared(spark):
    assert spark.range(1).select(F.udf(lambda x: x, T.ArrayType(T.StringType()))("id")).schema.simpleString().endswith("array<string>>")
