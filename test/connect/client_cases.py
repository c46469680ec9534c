"""What every stock client must be able to do: run by test_client_versions.py with each version's own package.

python client_cases.py ADDRESS FOLDER prints one JSON line a case: its name, and what went wrong or null.
"""

import datetime
import decimal
import faulthandler
import gc
import json
import os
import sys
import time
import traceback
import uuid
from pathlib import Path

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


@case
def sql(spark, folder):
    assert [tuple(row) for row in spark.sql("SELECT 1 AS one, 'a' AS letter").collect()] == [(1, "a")]
    assert spark.sql("SELECT * FROM range(5) WHERE id > :low", args={"low": 3}).count() == 1
    assert spark.sql("SELECT ? + 1 AS a", args=[2]).collect()[0].a == 3


@case
def types(spark, folder):
    row = spark.sql("""SELECT CAST(1 AS TINYINT) a, 2S b, 3 c, 4L d, CAST(1.5 AS FLOAT) e, 2.5D f, 1.25 g, X'0102' h, true i,
                       DATE'2020-01-02' j, TIMESTAMP_NTZ'2020-01-02 03:04:05' k, array(1, NULL) l, map('k', 1) m,
                       named_struct('p', 1, 'q', 'r') n, NULL o""").collect()[0]
    assert row.asDict(recursive=True) == {
        "a": 1, "b": 2, "c": 3, "d": 4, "e": 1.5, "f": 2.5, "g": decimal.Decimal("1.25"), "h": b"\x01\x02", "i": True,
        "j": datetime.date(2020, 1, 2), "k": datetime.datetime(2020, 1, 2, 3, 4, 5), "l": [1, None], "m": {"k": 1},
        "n": {"p": 1, "q": "r"}, "o": None}


@case
def dataframe(spark, folder):
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    people = spark.createDataFrame([(1, "ann", 30), (2, "bob", 40), (3, "cyd", 40)], "id int, name string, age int")
    counted = people.groupBy("age").agg(F.count("*").alias("n"), F.max("name").alias("last")).orderBy("age")
    assert [tuple(row) for row in counted.collect()] == [(30, 1, "ann"), (40, 2, "cyd")]
    ranked = people.withColumn("r", F.row_number().over(Window.partitionBy("age").orderBy(F.desc("id"))))
    assert sorted(row.id for row in ranked.filter(F.col("r") == 1).collect()) == [1, 3]
    joined = people.alias("a").join(people.alias("b"), F.col("a.age") == F.col("b.age"), "left_semi")
    assert joined.count() == 3
    assert people.select(people.name, (people.age + 1).alias("next")).where("next > 35").union(
        spark.createDataFrame([("dan", 9)], "name string, next int")).count() == 3
    assert people.withColumnRenamed("age", "years").drop("id").columns == ["name", "years"]
    assert people.na.fill({"name": "?"}).dropDuplicates(["age"]).count() == 2
    assert people.select(F.explode(F.array(F.lit(1), F.lit(2))).alias("e")).count() == 6
    assert [row.name for row in people.sort("id").limit(2).collect()] == ["ann", "bob"]
    assert people.sort("id").tail(1)[0].id == 3 and people.sort("id").head(2)[1].id == 2 and people.first() is not None


@case
def create_data_frame(spark, folder):
    import pandas as pd

    rows = [(1, "a", [1, 2], {"k": 1.5}), (2, None, [], None)]
    made = spark.createDataFrame(rows, "id long, name string, numbers array<int>, weights map<string,double>")
    assert [tuple(row) for row in made.collect()] == rows
    assert spark.createDataFrame([], "a int").columns == ["a"]
    assert spark.createDataFrame(pd.DataFrame({"i": [1, 2], "s": ["x", None]})).count() == 2
    large = spark.createDataFrame([(i, f"text {i}") for i in range(100_000)], "id long, text string")
    assert large.filter("id = 99999").first().text == "text 99999"


@case
def to_pandas(spark, folder):
    frame = spark.range(10000).selectExpr("id", "CAST(id AS STRING) AS text", "DATE'2020-01-01' AS day").toPandas()
    assert list(frame.columns) == ["id", "text", "day"] and len(frame) == 10000 and frame.text[77] == "77"
    assert list(spark.sql("SELECT 1 AS a WHERE false").toPandas().columns) == ["a"]
    assert [row.id for row in spark.range(5).toLocalIterator()] == [0, 1, 2, 3, 4]


@case
def python_functions(spark, folder):
    import pandas as pd
    from pyspark.sql.functions import pandas_udf, udf

    plain = udf(lambda text: None if text is None else text.upper(), "string")
    assert [row.u for row in spark.sql("SELECT * FROM VALUES ('a'), (NULL) AS t(x)").select(plain("x").alias("u")).collect()] == ["A", None]
    spark.udf.register("plus_two", lambda number: number + 2, "int")
    assert spark.sql("SELECT plus_two(3) AS a").collect()[0].a == 5

    @pandas_udf("double")
    def half(values: pd.Series) -> pd.Series:
        return values / 2

    assert spark.range(4).select(half("id").alias("h")).toPandas()["h"].sum() == 3.0

    def double(frames):
        for frame in frames:
            yield frame.assign(id=frame.id * 2)

    assert spark.range(4).mapInPandas(double, "id long").selectExpr("sum(id) AS s").first().s == 12
    grouped = spark.range(6).selectExpr("id % 2 AS k", "id").groupBy("k").applyInPandas(
        lambda frame: frame.assign(id=frame.id.sum()).head(1), "k long, id long")
    assert sorted(tuple(row) for row in grouped.collect()) == [(0, 6), (1, 9)]


@case
def python_errors(spark, folder):
    from pyspark.sql.functions import udf

    fails = udf(lambda number: 1 // 0, "int")
    try:
        spark.range(1).select(fails("id")).collect()
    except Exception as error:  # noqa: BLE001: any class with the user's traceback
        assert "ZeroDivisionError" in str(error), str(error)
    else:
        raise AssertionError("no error")


@case
def errors(spark, folder):
    from pyspark.errors import AnalysisException, ParseException

    for text, kind, condition in [("SELECT * FORM t", ParseException, "PARSE_SYNTAX_ERROR"),
                                  ("SELECT * FROM no_such_table", AnalysisException, "TABLE_OR_VIEW_NOT_FOUND"),
                                  ("SELECT 1 / 0", Exception, "DIVIDE_BY_ZERO")]:
        try:
            spark.sql(text).collect()
        except kind as error:
            named = error.getErrorClass() if hasattr(error, "getErrorClass") else ""
            assert named == condition or f"[{condition}]" in str(error), str(error)
        else:
            raise AssertionError(f"{text}: no error")


@case
def catalog(spark, folder):
    space = "cat_" + uuid.uuid4().hex
    spark.sql(f"CREATE NAMESPACE {space}")
    spark.range(3).writeTo(f"{space}.t").using("iceberg").create()
    spark.range(3, 5).write.mode("append").saveAsTable(f"{space}.t")
    assert spark.catalog.tableExists(f"{space}.t") and not spark.catalog.tableExists(f"{space}.u")
    assert [table.name for table in spark.catalog.listTables(space)] == ["t"]
    assert [column.name for column in spark.catalog.listColumns(f"{space}.t")] == ["id"]
    assert space in [database.name for database in spark.catalog.listDatabases()]
    spark.range(2).createOrReplaceTempView("two")
    assert spark.table("two").count() == 2 and spark.catalog.dropTempView("two")
    spark.catalog.setCurrentDatabase(space)
    assert spark.catalog.currentDatabase() == space and spark.table("t").count() == 5
    spark.catalog.setCurrentDatabase("default")


@case
def files(spark, folder):
    path = str(folder / "parquet")
    spark.range(10).selectExpr("id", "id % 2 AS k").write.partitionBy("k").parquet(path)
    assert spark.read.parquet(path).filter("k = 1").count() == 5
    spark.range(3).write.mode("overwrite").option("header", True).csv(str(folder / "csv"))
    assert spark.read.option("header", True).schema("id int").csv(str(folder / "csv")).agg({"id": "sum"}).collect()[0][0] == 3


@case
def configuration(spark, folder):
    spark.conf.set("spark.sql.shuffle.partitions", "7")
    assert spark.conf.get("spark.sql.shuffle.partitions") == "7"
    spark.conf.unset("spark.sql.shuffle.partitions")
    assert spark.conf.get("no.such.key", "fallback") == "fallback"
    assert spark.version.startswith("4.")


@case
def analysis(spark, folder):
    frame = spark.range(5).filter("id > 1")
    assert frame.schema.simpleString() == "struct<id:bigint>" and not frame.isStreaming
    frame.explain()
    frame.printSchema()
    frame.show()
    assert frame.sameSemantics(spark.range(5).filter("id > 1")) and frame.describe().count() == 5
    frame.cache()
    assert frame.storageLevel.useMemory and frame.count() == 3
    frame.unpersist()


@case
def artifacts(spark, folder):
    from pyspark.sql.functions import udf

    module = "module_" + uuid.uuid4().hex
    (folder / f"{module}.py").write_text("def answer():\n    return 42\n")
    if hasattr(spark, "addArtifact"):
        spark.addArtifact(str(folder / f"{module}.py"), pyfile=True)
    else:
        spark.addArtifacts(str(folder / f"{module}.py"), pyfile=True)

    def use(number):
        return number + __import__(module).answer()

    assert spark.range(1).select(udf(use, "long")("id").alias("a")).collect()[0].a == 42


@case
def streaming(spark, folder):
    rows = spark.readStream.format("rate").option("rowsPerSecond", 50).load()
    query = (rows.selectExpr("value * 2 AS v").writeStream.format("memory").queryName("doubled").outputMode("append")
             .option("checkpointLocation", str(folder / "checkpoint")).start())
    assert query.isActive and query.name == "doubled" and query.id and query.runId
    deadline = time.time() + 60
    while time.time() < deadline and spark.table("doubled").count() < 10:
        time.sleep(0.2)
    assert spark.table("doubled").count() >= 10
    assert query.lastProgress is not None and query.exception() is None and spark.streams.active[0].id == query.id
    query.stop()
    assert not query.isActive and query.awaitTermination(10)


@case
def streaming_for_each_batch(spark, folder):
    space = "each_" + uuid.uuid4().hex
    spark.sql(f"CREATE NAMESPACE {space}")
    spark.sql(f"CREATE TABLE {space}.t (n BIGINT) USING iceberg")

    def keep(frame, number):
        frame.selectExpr("value AS n").writeTo(f"{space}.t").append()

    query = (spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 5).load().writeStream
             .foreachBatch(keep).trigger(availableNow=True).start())
    assert query.awaitTermination(120)
    assert spark.table(f"{space}.t").count() == 5


@case
def tags(spark, folder):
    import threading

    spark.addTag("mine")
    assert spark.getTags() == {"mine"}
    spark.removeTag("mine")
    failures = []

    def run():
        spark.addTag("long")
        try:
            spark.sql("SELECT count(*) FROM range(3000000) a JOIN range(3000000) b ON a.id % 7 = b.id % 11").collect()
        except Exception as error:  # noqa: BLE001
            failures.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    interrupted = []
    for _ in range(100):
        interrupted = spark.interruptTag("long")
        if interrupted:
            break
        time.sleep(0.1)
    thread.join(60)
    assert interrupted and not thread.is_alive()
    assert len(failures) == 1 and "OPERATION_CANCELED" in failures[0], failures


def main():
    from pyspark import __version__
    from pyspark.sql import SparkSession

    gc.disable()  # see test/collector.py
    print(json.dumps({"version": __version__}), flush=True)
    kept = []  # sessions: a client's own clean-up of a lost one may run while a lock that it needs is held
    for name in sys.argv[3:]:
        function = CASES[name]
        folder = Path(sys.argv[2]) / name
        folder.mkdir(exist_ok=True)
        faulthandler.dump_traceback_later(100, exit=True)  # where a client waits that hangs
        spark = SparkSession.builder.remote(sys.argv[1]).create()
        kept.append(spark)
        trouble = None
        try:
            function(spark, folder)
        except BaseException:  # noqa: BLE001: told by the test
            trouble = traceback.format_exc()
        print("\n" + json.dumps({"case": name, "trouble": trouble}), flush=True)
        try:
            spark.stop()
        except Exception:  # noqa: BLE001, S110
            pass
    faulthandler.cancel_dump_traceback_later()
    sys.stdout.flush()
    os._exit(0)  # the clients' own threads have hung at the end


if __name__ == "__main__":
    main()
