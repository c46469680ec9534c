"""What the stock client does first, as a user types it."""

import datetime
import decimal
import uuid

import pandas as pd
import pytest
from pyspark.errors import (
    AnalysisException, ArithmeticException, NumberFormatException, ParseException)
from pyspark.sql import functions as F
from pyspark.sql.types import (
    ArrayType, IntegerType, LongType, MapType, StringType, StructField, StructType)


def test_sql(spark):
    assert spark.sql("select 1 as one, 'a' as letter").collect() == [(1, "a")]


def test_range_count(spark):
    assert spark.range(10).count() == 10
    assert [row.id for row in spark.range(3).collect()] == [0, 1, 2]


def test_version(spark):
    assert spark.version.startswith("4.")


def test_types_arrive(spark):
    row = spark.sql("""
        select cast(1 as tinyint) a, 2S b, 3 c, 4L d, cast(1.5 as float) e, 2.5D f, 1.25 g, 'x' h,
               X'0102' i, true j, date'2020-01-02' k, timestamp_ntz'2020-01-02 03:04:05' l,
               array(1, null) m, map('k', 1) n, named_struct('p', 1, 'q', 'r') o, null s,
               interval '1 02:03:04' day to second t, timestamp'2020-01-02 03:04:05' u
    """).collect()[0]
    assert row.asDict(recursive=True) == {
        "a": 1, "b": 2, "c": 3, "d": 4, "e": 1.5, "f": 2.5, "g": decimal.Decimal("1.25"), "h": "x",
        "i": b"\x01\x02", "j": True, "k": datetime.date(2020, 1, 2),
        "l": datetime.datetime(2020, 1, 2, 3, 4, 5), "m": [1, None], "n": {"k": 1},
        "o": {"p": 1, "q": "r"}, "s": None,
        "t": datetime.timedelta(days=1, hours=2, minutes=3, seconds=4),
        "u": row.u}


def test_empty_result(spark):
    frame = spark.sql("select 1 as a, 'b' as b where false")
    assert frame.collect() == []
    assert list(frame.toPandas().columns) == ["a", "b"]


def test_many_batches(spark):
    table = spark.range(3_000_000).selectExpr("id", "cast(id as string) as text").toArrow()
    assert table.num_rows == 3_000_000
    assert table["id"][2_999_999].as_py() == 2_999_999


def test_one_huge_row_comes_in_chunks(spark):
    assert len(spark.sql("select repeat('x', 20000000) as t").collect()[0].t) == 20_000_000


def test_create_dataframe(spark):
    rows = [(1, "a", [1, 2], {"k": 1.5}), (2, None, [], None)]
    schema = "id long, name string, numbers array<int>, weights map<string,double>"
    assert spark.createDataFrame(rows, schema).collect() == rows


def test_create_dataframe_from_pandas(spark):
    frame = pd.DataFrame({"i": [1, 2], "s": ["x", None], "t": pd.to_datetime(["2020-01-01", "2021-02-03"])})
    back = spark.createDataFrame(frame).toPandas()
    pd.testing.assert_frame_equal(back, frame, check_dtype=False)


def test_create_dataframe_of_nothing(spark):
    frame = spark.createDataFrame([], "a int, b string")
    assert frame.collect() == []
    assert frame.columns == ["a", "b"]


def test_large_local_data_are_sent_as_artifacts(spark):
    rows = [(i, "text %d" % i) for i in range(100_000)]
    frame = spark.createDataFrame(rows, "id long, text string")
    assert frame.count() == 100_000
    assert frame.filter("id = 99999").collect() == [(99999, "text 99999")]


def test_local_rows_keep_their_order(spark):
    rows = [(i,) for i in range(50_000)]
    assert spark.createDataFrame(rows, "id long").collect() == rows


def test_local_frame_joins_itself(spark):
    frame = spark.createDataFrame([(1, "a"), (2, "b")], "id int, t string")
    assert frame.alias("x").join(frame.alias("y"), F.col("x.id") == F.col("y.id")).count() == 2


def test_schema(spark):
    schema = StructType([
        StructField("id", LongType(), False), StructField("tags", ArrayType(StringType())),
        StructField("sizes", MapType(StringType(), IntegerType()))])
    assert spark.createDataFrame([], schema).schema == schema


def test_print_schema(spark, capsys):
    spark.createDataFrame([], "id int, s struct<a: array<string>>").printSchema()
    assert capsys.readouterr().out == (
        "root\n |-- id: integer (nullable = true)\n |-- s: struct (nullable = true)\n"
        " |    |-- a: array (nullable = true)\n |    |    |-- element: string (containsNull = true)\n\n")


def test_show(spark, capsys):
    spark.sql("select 1 as a, 'x' as b").show()
    assert capsys.readouterr().out == "+---+---+\n|  a|  b|\n+---+---+\n|  1|  x|\n+---+---+\n\n"


def test_explain(spark, capsys):
    spark.range(3).filter("id > 1").explain(True)
    out = capsys.readouterr().out
    assert "== Analyzed Logical Plan ==" in out and "== Physical Plan ==" in out


def test_conf(spark):
    spark.conf.set("spark.sql.shuffle.partitions", "7")
    assert spark.conf.get("spark.sql.shuffle.partitions") == "7"
    spark.conf.unset("spark.sql.shuffle.partitions")
    assert spark.conf.get("spark.sql.shuffle.partitions") == "200"
    assert spark.conf.get("no.such.key", "fallback") == "fallback"
    assert spark.conf.get("no.such.key", None) is None
    assert spark.conf.isModifiable("spark.sql.shuffle.partitions")
    assert not spark.conf.isModifiable("no.such.key")
    with pytest.raises(Exception, match="SQL_CONF_NOT_FOUND"):
        spark.conf.get("no.such.key")


def test_confs_are_a_sessions_own(server, spark):
    spark.conf.set("spark.sql.session.timeZone", "Asia/Tokyo")
    other = server.session()
    assert other.conf.get("spark.sql.session.timeZone") == "UTC"
    other.stop()


ERRORS = [
    ("select * form t", ParseException, "PARSE_SYNTAX_ERROR", "42601"),
    ("select * from no_such_table", AnalysisException, "TABLE_OR_VIEW_NOT_FOUND", "42P01"),
    ("select nope from range(1)", AnalysisException, "UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703"),
    ("select 1 / 0", ArithmeticException, "DIVIDE_BY_ZERO", "22012"),
    ("select cast('x' as int)", NumberFormatException, "CAST_INVALID_INPUT", "22018"),
]


@pytest.mark.parametrize("text,kind,condition,state", ERRORS, ids=[row[2] for row in ERRORS])
def test_errors(spark, text, kind, condition, state):
    with pytest.raises(kind) as caught:
        spark.sql(text).collect()
    assert type(caught.value).__name__ == kind.__name__
    assert caught.value.getCondition() == condition
    assert caught.value.getSqlState() == state
    assert f"[{condition}]" in str(caught.value)


def test_error_has_parameters_and_place(spark):
    with pytest.raises(AnalysisException) as caught:
        spark.sql("select nope from range(1)").collect()
    assert caught.value.getMessageParameters()["objectName"] == "`nope`"
    assert caught.value.getQueryContext()[0].fragment() == "nope"


def test_command_runs_once_and_answers(spark):
    name = "ns_" + uuid.uuid4().hex
    spark.sql(f"create namespace {name}")
    assert name in [row[0] for row in spark.sql("show namespaces").collect()]
    spark.sql(f"create table {name}.t (a int) using iceberg")
    spark.sql(f"insert into {name}.t values (1), (2)")
    assert spark.table(f"{name}.t").count() == 2
    assert len(spark.table(f"{name}.t").inputFiles()) >= 1


def test_cache(spark):
    frame = spark.range(100).selectExpr("id", "rand() as r")
    frame.cache()
    assert frame.storageLevel.useMemory
    assert frame.collect() == frame.collect()
    assert frame.filter("id = 1").count() == 1
    frame.unpersist()
    assert not frame.storageLevel.useMemory


def test_cached_rows_follow_writes(spark):
    name = "ns_" + uuid.uuid4().hex
    spark.sql(f"create namespace {name}")
    spark.sql(f"create table {name}.t (a int) using iceberg")
    frame = spark.table(f"{name}.t").cache()
    assert frame.count() == 0
    spark.sql(f"insert into {name}.t values (1)")
    assert frame.count() == 1


def test_checkpoint(spark):
    frame = spark.range(10).selectExpr("id", "rand() as r").checkpoint()
    assert frame.collect() == frame.collect()


def test_analysis(spark):
    frame = spark.range(5).filter("id > 1")
    assert not frame.isStreaming
    assert frame.sameSemantics(spark.range(5).filter("id > 1"))
    assert not frame.sameSemantics(spark.range(5).filter("id > 2"))
    assert frame.semanticHash() == spark.range(5).filter("id > 1").semanticHash()
    assert spark.createDataFrame([(1,)], "a int").isLocal()
    assert not frame.isLocal()


def test_ddl(spark):
    assert spark.createDataFrame([], "a int, b array<string>").schema.simpleString() == (
        "struct<a:int,b:array<string>>")
    schema = StructType([StructField("a b", IntegerType(), False), StructField("c", StringType())])
    assert spark._client._analyze(method="json_to_ddl", json_string=schema.json()).ddl_string == (
        "`a b` INT NOT NULL,c STRING")


def test_clone(spark):
    spark.conf.set("spark.sql.shuffle.partitions", "9")
    copy = spark.cloneSession()
    assert copy.conf.get("spark.sql.shuffle.partitions") == "9"
    copy.conf.set("spark.sql.shuffle.partitions", "10")
    assert spark.conf.get("spark.sql.shuffle.partitions") == "9"


def test_compressed_plan(spark):
    spark.conf.set("spark.connect.session.planCompression.threshold", "10")
    other = "a" * 5000
    assert spark.sql(f"select '{other}' as a").collect() == [(other,)]
