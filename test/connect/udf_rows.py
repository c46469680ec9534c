"""Python functions as rows: what a user writes, run by firn and by real Spark. Each function gets a session and gives a
DataFrame (or a list of them); its rows and types are compared with udf_answers.json, which says where an answer is from.

Update the answers with `python test/connect/update_udfs.py` (starts real Spark)."""

import datetime
import decimal

import pandas as pd
import pyarrow as pa
from pyspark.errors import PythonException
from pyspark.sql import Row, Window, functions as F, types as T

ROWS = {}


def row(function):
    ROWS[function.__name__] = function
    return function


def people(spark):
    return spark.createDataFrame(
        [(1, "a", 1.0), (1, "b", 2.0), (2, "c", 3.0), (2, None, 5.0), (2, "e", 10.0), (None, "f", None)],
        "id long, name string, v double")


def mean_of(kind="double"):
    @F.pandas_udf(kind)
    def mean_udf(v: pd.Series) -> float:
        return v.mean()
    return mean_udf


# ---- grouped aggregates


@row
def grouped_aggregate(spark):
    return people(spark).groupBy("id").agg(mean_of()("v"))


@row
def grouped_aggregates_two_and_global(spark):
    @F.pandas_udf("long")
    def count_udf(v: pd.Series, w: pd.Series) -> int:
        return len(v) + len(w)
    frame = people(spark)
    return [frame.groupBy((F.col("id") % 2).alias("odd")).agg(mean_of()("v").alias("m"), count_udf("v", "name").alias("n")),
            frame.agg(count_udf("v", "id")), frame.where("id = 2").groupBy().agg(mean_of()(F.col("v") + 1).alias("m")),
            frame.where("false").groupBy("id").agg(mean_of()("v"))]


@row
def grouped_aggregate_in_expressions(spark):
    frame = people(spark)
    return [frame.groupBy("id").agg((mean_of()("v") + F.lit(1)).alias("m")),
            frame.groupBy("id").agg(mean_of()("v").alias("m")).where("m > 1").orderBy("id")]


@row
def grouped_aggregate_of_types(spark):
    @F.pandas_udf("string")
    def first(v: pd.Series) -> str:
        return min(v.dropna())

    @F.pandas_udf("array<double>")
    def all_of(v: pd.Series) -> list:
        return sorted(v.dropna().tolist())
    return people(spark).groupBy("id").agg(first("name").alias("f"), all_of("v").alias("l"))


@row
def grouped_aggregate_registered(spark):
    spark.udf.register("my_mean", mean_of())
    people(spark).createOrReplaceTempView("people_udaf")
    return [spark.sql("SELECT id, my_mean(v) AS m FROM people_udaf GROUP BY id"),
            spark.sql("SELECT id, my_mean(v) AS m FROM people_udaf GROUP BY id HAVING my_mean(v) > 2"),
            spark.sql("SELECT id, v, my_mean(v) OVER (PARTITION BY id) AS m FROM people_udaf")]


@row
def arrow_grouped_aggregate(spark):
    import pyarrow.compute as pc

    @F.arrow_udf("double")
    def mean_arrow(v: pa.Array) -> float:
        return pc.mean(v)
    w = Window.partitionBy("id")
    return [people(spark).groupBy("id").agg(mean_arrow("v").alias("m")), people(spark).select("id", mean_arrow("v").over(w).alias("m"))]


# ---- windows


@row
def windows_of_all_kinds(spark):
    frame = people(spark).where("v IS NOT NULL")
    whole = Window.partitionBy("id")
    ordered = whole.orderBy("v")
    return [frame.select("id", "v", mean_of()("v").over(window).alias("m")) for window in (
        whole, ordered, whole.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing),
        ordered.rowsBetween(-1, 0), ordered.rowsBetween(-1, 1), ordered.rowsBetween(Window.currentRow, Window.unboundedFollowing),
        ordered.rangeBetween(-2, 0), ordered.rangeBetween(Window.unboundedPreceding, 2))]


@row
def windows_beside_others(spark):
    w = Window.partitionBy("id").orderBy("v")
    frame = people(spark).where("v IS NOT NULL")
    return [frame.withColumn("m", mean_of()("v").over(w)).withColumn("d", F.col("v") - F.col("m")),
            frame.select("id", "v", mean_of()("v").over(w).alias("m"), mean_of()("v").over(Window.partitionBy("name")).alias("n"))]


# ---- groups


@row
def cogrouped_pandas(spark):
    left = spark.createDataFrame([(1, 1.0), (1, 2.0), (2, 3.0)], "id int, a double")
    right = spark.createDataFrame([(1, "x"), (3, "y"), (3, "z")], "id int, b string")

    def both(one, other):
        return pd.DataFrame({"n": [len(one)], "m": [len(other)], "names": [",".join(list(one.columns) + list(other.columns))]})

    def keyed(key, one, other):
        return pd.DataFrame([[key[0], one.a.sum(), len(other)]], columns=["id", "s", "m"])
    groups = left.groupBy("id").cogroup(right.groupBy("id"))
    return [groups.applyInPandas(both, "n long, m long, names string"), groups.applyInPandas(keyed, "id int, s double, m long")]


@row
def cogrouped_arrow(spark):
    left = spark.createDataFrame([(1, 1.0), (1, 2.0), (2, 3.0)], "id int, a double")
    right = spark.createDataFrame([(1, "x"), (3, "y")], "id int, b string")

    def both(key, one, other):
        return pa.table({"id": pa.array([key[0].as_py()], pa.int32()), "n": pa.array([one.num_rows], pa.int64()), "m": pa.array([other.num_rows], pa.int64())})
    return left.groupBy("id").cogroup(right.groupBy("id")).applyInArrow(both, "id int, n long, m long")


@row
def grouped_iterators(spark):
    from typing import Iterator

    def total(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            yield frame.assign(v=frame.v * 2)[["id", "v"]]

    def count(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        n = sum(batch.num_rows for batch in batches)
        yield pa.RecordBatch.from_pydict({"n": pa.array([n], pa.int64())})
    frame = people(spark).where("id IS NOT NULL")
    return [frame.groupBy("id").applyInPandas(total, "id long, v double"), frame.groupBy("id").applyInArrow(count, "n long")]


@row
def grouped_map_keys(spark):
    def keyed(key, frame):
        return pd.DataFrame([[*key, len(frame)]])
    frame = people(spark)
    return [frame.groupBy("id", F.col("name") > "b").applyInPandas(keyed, "id long, late boolean, n long"),
            frame.groupBy().applyInPandas(lambda one: pd.DataFrame({"n": [len(one)]}), "n long")]


# ---- table functions


@row
def table_function(spark):
    @F.udtf(returnType="n int, square int")
    class Squares:
        def eval(self, first: int, last: int):
            for n in range(first, last):
                yield n, n * n
    spark.udtf.register("squares", Squares)
    return [Squares(F.lit(1), F.lit(4)), spark.sql("SELECT * FROM squares(1, 3)"), spark.sql("SELECT * FROM squares(last => 3, first => 2)"),
            spark.sql("SELECT t.a, s.* FROM VALUES (1), (2), (3) AS t(a), LATERAL squares(0, t.a) AS s"),
            spark.sql("SELECT t.a, s.x FROM VALUES (0), (2) AS t(a) LEFT JOIN LATERAL squares(0, t.a) AS s(x, y)"),
            spark.sql("SELECT count(*), sum(square) FROM squares(0, 100)")]


@row
def table_function_terminates(spark):
    @F.udtf(returnType="what string, n long")
    class Counter:
        def __init__(self):
            self.n = 0

        def eval(self, row: Row):
            self.n += row["id"] or 0
            if row.id == 2:
                yield "two", row.id

        def terminate(self):
            yield "sum", self.n
    spark.udtf.register("counter", Counter)
    people(spark).createOrReplaceTempView("people_udtf")
    return [spark.sql("SELECT * FROM counter(TABLE(people_udtf) WITH SINGLE PARTITION)"),
            spark.sql("SELECT * FROM counter(TABLE(people_udtf) PARTITION BY id)"),
            spark.sql("SELECT * FROM counter(TABLE(SELECT * FROM people_udtf WHERE id = 2) PARTITION BY (id) ORDER BY (v DESC))"),
            spark.sql("SELECT * FROM counter(row => TABLE(people_udtf) PARTITION BY id ORDER BY v)"),
            Counter(people(spark).asTable().partitionBy("id"))]


@row
def table_function_analyzes(spark):
    from pyspark.sql.udtf import AnalyzeArgument, AnalyzeResult, OrderingColumn, PartitioningColumn

    @F.udtf
    class Split:
        @staticmethod
        def analyze(text: AnalyzeArgument, count: AnalyzeArgument) -> AnalyzeResult:
            return AnalyzeResult(T.StructType([T.StructField(f"w{i}", T.StringType()) for i in range(count.value)]))

        def eval(self, text, count):
            words = text.split(" ")
            yield tuple(words[i] if i < len(words) else None for i in range(count))

    @F.udtf
    class Partitioned:
        def __init__(self):
            self.seen = []

        @staticmethod
        def analyze(table: AnalyzeArgument) -> AnalyzeResult:
            return AnalyzeResult(T.StructType().add("id", T.LongType()).add("names", T.StringType()),
                                 partitionBy=[PartitioningColumn("id")], orderBy=[OrderingColumn("v", ascending=False)])

        def eval(self, row):
            self.seen.append(row)

        def terminate(self):
            yield self.seen[0].id, ",".join(str(row.name) for row in self.seen)
    spark.udtf.register("split_words", Split)
    spark.udtf.register("partitioned", Partitioned)
    people(spark).createOrReplaceTempView("people_udtf")
    return [spark.sql("SELECT * FROM split_words('a b c', 2)"), spark.sql("SELECT w2 FROM split_words('a b c', count => 4)"),
            spark.sql("SELECT * FROM partitioned(TABLE(people_udtf))")]


@row
def table_function_types(spark):
    @F.udtf(returnType="d date, t timestamp, m decimal(10,2), a array<int>, p map<string,int>, s struct<x:int,y:string>, b binary")
    class Types:
        def eval(self):
            yield (datetime.date(2026, 1, 2), datetime.datetime(2026, 1, 2, 3, 4, 5), decimal.Decimal("1.25"), [1, 2],
                   {"k": 1}, (1, "y"), b"ab")
            yield (None,) * 7

    @F.udtf(returnType="x int", useArrow=True)
    class Arrow:
        def eval(self, n):
            for i in range(n):
                yield i,
    return [Types(), Arrow(F.lit(3))]


@row
def arrow_table_function(spark):
    @F.arrow_udtf(returnType="x long, y long")
    class Doubles:
        def eval(self, n: pa.Array):
            values = n.to_pylist()
            yield pa.table({"x": pa.array(values, pa.int64()), "y": pa.array([2 * v for v in values], pa.int64())})
    return Doubles(F.lit(7).cast("long"))


# ---- values


@row
def default_type_is_string(spark):
    return spark.range(2).select(F.udf(lambda x: x + 1)("id").alias("v"), F.udf(lambda x: x > 0)("id").alias("b"))


@row
def values_of_other_types(spark):
    values = [1, "1", 1.5, True, None]
    return [spark.range(5).select("id", F.udf(lambda i, values=values: values[i], kind, useArrow=False)("id").alias("v"))
            for kind in ("int", "string", "double", "boolean", "long", "float", "short")]


@row
def values_of_other_types_in_arrow(spark):
    return [spark.range(1).select(F.udf(lambda i, value=value: value, kind, useArrow=True)("id").alias("v"))
            for kind, value in (("string", 1), ("string", True), ("string", 1.5), ("int", "3"), ("double", 3), ("long", True), ("int", None))]


@row
def every_type_back(spark):
    made = {
        "date": datetime.date(2026, 3, 1), "timestamp": datetime.datetime(2026, 3, 1, 12, 30), "binary": b"xy",
        "timestamp_ntz": datetime.datetime(2026, 3, 1, 12, 30), "decimal(12,3)": decimal.Decimal("1.5"),
        "interval day to second": datetime.timedelta(days=1, seconds=5), "array<string>": ["a", None],
        "map<string,array<int>>": {"a": [1], "b": None}, "struct<a:int,b:struct<c:string>>": (1, ("x",)),
        "array<struct<a:int>>": [(1,), None], "byte": 1, "short": 2, "float": 0.5,
    }
    return [spark.range(2).select(F.udf(lambda i, value=value: value if i == 0 else None, kind, useArrow=arrow)("id").alias("v"))
            for kind, value in made.items() for arrow in (True, False)]


@row
def every_type_there(spark):
    frame = spark.sql("""SELECT * FROM VALUES (DATE'2026-01-02', TIMESTAMP'2026-01-02 03:04:05', TIMESTAMP_NTZ'2026-01-02 03:04:05',
        INTERVAL '1 02:03:04' DAY TO SECOND, CAST(1.5 AS DECIMAL(10,2)), array(1, NULL), map('a', 1), named_struct('x', 1, 'y', array('z')), X'AB', CAST(1 AS FLOAT), true),
        (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) AS t(d, t, n, i, m, a, p, s, b, f, o)""")
    return [frame.select(*[F.udf(lambda v: repr(v), useArrow=arrow)(name).alias(name) for name in frame.columns]) for arrow in (True, False)]


@row
def pandas_types(spark):
    frame = spark.sql("SELECT * FROM VALUES (1, 1.5D, 'a', true, DATE'2026-01-02', TIMESTAMP'2026-01-02 03:04:05', CAST(1.5 AS DECIMAL(10,2)), array(1,2)), "
                      "(2, 2.5D, 'b', false, DATE'2026-01-03', TIMESTAMP'2026-01-02 03:04:06', CAST(2.5 AS DECIMAL(10,2)), array(3)) AS t(i, d, s, b, e, t, m, a)")
    kinds = [F.pandas_udf(lambda s: pd.Series([f"{s.dtype} {type(v).__name__}" for v in s]), "string")(name).alias(name) for name in frame.columns]
    same = [F.pandas_udf(lambda s: s, frame.schema[name].dataType)(name).alias(name) for name in frame.columns]
    return [frame.select(*kinds), frame.select(*same)]


@row
def session_time_zone(spark):
    spark.conf.set("spark.sql.session.timeZone", "America/New_York")
    frame = spark.sql("SELECT TIMESTAMP'2026-07-01 15:30:00' AS t")
    try:
        made = [frame.select(F.udf(lambda t: str(t), "string")("t").alias("v")),
                frame.select(F.udf(lambda t: t + datetime.timedelta(hours=1), "timestamp")("t").cast("string").alias("v")),
                frame.select(F.pandas_udf(lambda t: t + pd.Timedelta(hours=1), "timestamp")("t").cast("string").alias("v"))]
        return [spark.createDataFrame(one.collect(), one.schema) for one in made]
    finally:
        spark.conf.set("spark.sql.session.timeZone", "UTC")


# ---- places


@row
def every_place(spark):
    plus = F.udf(lambda x: None if x is None else x + 1, "long")
    frame = people(spark)
    a, b = spark.range(4).withColumnRenamed("id", "a"), spark.range(4).withColumnRenamed("id", "b")
    return [frame.where(plus("id") == 2), frame.groupBy(plus("id").alias("k")).count(), frame.orderBy(plus("id"), "name").select("name"),
            frame.select(plus(plus("id")).alias("two"), (plus("id") * plus("id")).alias("square"), F.sum(plus("id")).over(Window.partitionBy("id")).alias("s")),
            a.join(b, plus("a") == F.col("b")), a.join(b, plus("a") == plus("b"), "left"), a.join(b, plus("a") == F.col("b"), "left_semi"),
            frame.agg(F.sum(plus("id")).alias("s"), plus(F.max("id")).alias("m")), frame.select(F.when(plus("id") > 2, plus("id")).otherwise(0).alias("c")),
            frame.select(F.array(plus("id"), plus("id")).alias("l")), frame.select("id", "v").distinct().withColumn("p", plus("id")).drop("v").dropDuplicates(["p"])]


@row
def registered_in_sql(spark):
    spark.udf.register("plus_one", lambda x: None if x is None else x + 1, "bigint")
    spark.udf.register("shout", lambda s: s and s.upper())
    people(spark).createOrReplaceTempView("people_sql")
    spark.sql("SELECT plus_one(id) AS p, shout(name) AS n FROM people_sql").createOrReplaceTempView("shouted")
    return [spark.sql("SELECT * FROM shouted"), spark.sql("SELECT shout(n) FROM shouted WHERE plus_one(p) > 2"),
            spark.sql("SELECT plus_one(id) AS k, count(*) AS n FROM people_sql GROUP BY plus_one(id) HAVING count(*) > 1"),
            spark.sql("SELECT * FROM people_sql WHERE id IN (SELECT plus_one(id) FROM people_sql)"),
            spark.sql("SELECT max(plus_one(id)) FROM people_sql"), spark.sql("SELECT id, plus_one(x => id) AS p FROM people_sql WHERE plus_one(id) = 2"),
            spark.sql("WITH t AS (SELECT plus_one(id) AS p FROM people_sql) SELECT a.p FROM t a JOIN t b ON a.p = b.p")]


@row
def chains_pass_values_on(spark):
    inner = F.udf(lambda x: x, "string")
    outer = F.udf(lambda x: type(x).__name__, "string")
    series = F.pandas_udf(lambda s: s + 1, "long")
    return [spark.range(1).select(outer(inner("id")).alias("t")), spark.range(3).select(series(series(series("id"))).alias("v")),
            spark.range(2).select(F.udf(lambda a, b: f"{a}{b}", "string")(inner("id"), inner(F.lit(1))).alias("v"))]


@row
def maps_of_partitions(spark):
    def twice(frames):
        for frame in frames:
            yield pd.concat([frame, frame])

    def arrow(batches):
        for batch in batches:
            yield pa.RecordBatch.from_pydict({"id": batch.column("id"), "text": pa.array([str(v) for v in batch.column("id").to_pylist()])})
    return [people(spark).select("id", "name").mapInPandas(twice, "id long, name string"), spark.range(3).mapInArrow(arrow, "id long, text string")]


@row
def iterators(spark):
    from typing import Iterator, Tuple

    @F.pandas_udf("long")
    def added(pairs: Iterator[Tuple[pd.Series, pd.Series]]) -> Iterator[pd.Series]:
        for a, b in pairs:
            yield a + b
    return spark.range(5).select(added("id", F.col("id") * 10).alias("v"))


# ---- errors: the condition, or the class


ERRORS = {}


def error(function):
    ERRORS[function.__name__] = function
    return function


@error
def mixed_aggregates(spark):
    people(spark).groupBy("id").agg(mean_of()("v"), F.sum("v")).collect()


@error
def function_in_a_lambda(spark):
    spark.range(1).select(F.transform(F.array("id"), lambda x: F.udf(lambda v: v, "long")(x))).collect()


@error
def function_in_an_outer_join(spark):
    a, b = spark.range(2).withColumnRenamed("id", "a"), spark.range(2).withColumnRenamed("id", "b")
    a.join(b, F.udf(lambda x, y: x == y, "boolean")("a", "b"), "left").collect()


@error
def scalar_function_over_a_window(spark):
    spark.range(2).select(F.udf(lambda v: v, "long")("id").over(Window.partitionBy("id"))).collect()


@error
def aggregate_in_where(spark):
    people(spark).where(mean_of()("v") > 1).collect()


@error
def unknown_table_function(spark):
    spark.sql("SELECT * FROM no_such_function(1)").collect()


@error
def analyze_fails(spark):
    @F.udtf
    class Fails:
        @staticmethod
        def analyze(n):
            raise ValueError("not today")

        def eval(self, n):
            yield 1,
    Fails(F.lit(1)).collect()


@error
def eval_of_other_arguments(spark):
    @F.udtf(returnType="x int")
    class One:
        def eval(self, a):
            yield 1,
    One(F.lit(1), F.lit(2)).collect()


@error
def rows_of_another_width(spark):
    @F.udtf(returnType="x int, y int")
    class Wide:
        def eval(self):
            yield 1,
    Wide().collect()


@error
def function_raises(spark):
    def broken(x):
        raise ValueError("no such thing")
    spark.range(1).select(F.udf(broken, "long")("id")).collect()


@error
def wrong_length(spark):
    spark.range(3).select(F.pandas_udf(lambda s: s[:1], "bigint")("id")).collect()


@error
def wrong_names(spark):
    spark.range(3).groupBy("id").applyInPandas(lambda f: pd.DataFrame({"x": [1]}), "y long").collect()


@error
def two_tables(spark):
    @F.udtf(returnType="x int")
    class Two:
        def eval(self, a, b):
            yield 1,
    spark.udtf.register("two_tables", Two)
    spark.range(1).createOrReplaceTempView("two_t")
    spark.sql("SELECT * FROM two_tables(TABLE(two_t), TABLE(two_t))").collect()


def shown(frame):
    """Rows and types of a DataFrame as text; rows in any order. What the function's process refuses is an answer too."""
    try:
        rows = sorted(repr(row) for row in frame.collect())
    except PythonException:
        return {"schema": frame.schema.simpleString(), "rows": "PythonException"}
    return {"schema": frame.schema.simpleString(), "rows": rows}


def outcome(spark, name):
    """What a row gives, as JSON."""
    if name in ROWS:
        made = ROWS[name](spark)
        return [shown(frame) for frame in (made if isinstance(made, list) else [made])]
    try:
        ERRORS[name](spark)
        return "no error"
    except Exception as failure:
        condition = failure.getCondition() if hasattr(failure, "getCondition") else None
        lines = [line for line in str(failure).splitlines() if line.strip()]
        told = next((line for line in lines if line.lstrip().startswith(("ValueError", "pyspark.errors", "TypeError"))), "")
        return {"class": type(failure).__name__, "condition": condition, "told": told.rpartition("[")[2].partition("]")[0] if "[" in told else told}
