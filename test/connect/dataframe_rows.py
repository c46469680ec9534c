"""What DataFrames answer, one row a rule: a name and a function of the session. The answers of real Spark stand in
golden/dataframes.json (update_dataframes.py asks it); test_dataframes.py asks firn through the stock client.

A row gives a DataFrame (its schema and rows are compared, sorted unless the name is in ORDERED), or any Python value.
An error counts as the answer {"error": condition}.
"""

import datetime
import decimal

from pyspark.sql import Window
from pyspark.sql import functions as F
from pyspark.sql import types as T

ROWS = {}
ORDERED = set()


def row(name, ordered=False):
    def keep(function):
        assert name not in ROWS, name
        ROWS[name] = function
        if ordered:
            ORDERED.add(name)
        return function

    return keep


def rows(family, table, ordered=False):
    for name, function in table.items():
        row(f"{family}: {name}", ordered)(function)


# ---- the tables that rows start from


def people(s):
    return s.createDataFrame(
        [(1, "ann", 30, 1.5), (2, "bob", None, 2.5), (3, "cid", 25, None), (4, None, 41, float("nan")), (5, "ann", 30, -1.0)],
        "id INT, name STRING, age INT, score DOUBLE",
    )


def towns(s):
    return s.createDataFrame([(1, "rome"), (2, "oslo"), (2, "bonn"), (9, "lima")], "id INT, town STRING")


def sales(s):
    return s.createDataFrame(
        [("a", 2020, 10), ("a", 2020, 5), ("a", 2021, 7), ("b", 2020, 3), ("b", 2022, None), ("c", 2021, 8)],
        "shop STRING, year INT, amount INT",
    )


def nested(s):
    return s.createDataFrame(
        [
            (1, {"x": 1, "y": "p"}, [1, 2, 3], {"k": 1.0, "l": 2.0}),
            (2, {"x": None, "y": "q"}, [], {}),
            (3, None, None, None),
        ],
        "id INT, s STRUCT<x: INT, y: STRING>, a ARRAY<INT>, m MAP<STRING, DOUBLE>",
    )


def times(s):
    return s.createDataFrame(
        [
            (1, datetime.datetime(2024, 1, 31, 10, 20, 30), datetime.date(2024, 1, 31)),
            (2, datetime.datetime(2024, 2, 29, 23, 59, 59, 123456), datetime.date(2023, 12, 25)),
            (3, None, None),
        ],
        "id INT, at TIMESTAMP, day DATE",
    )


# ---- sources

rows("source", {
    "range": lambda s: s.range(4),
    "range with start and step": lambda s: s.range(10, 0, -3),
    "range empty": lambda s: s.range(5, 5),
    "createDataFrame with names": lambda s: s.createDataFrame([(1, "a"), (2, None)], ["n", "t"]),
    "createDataFrame with a schema": people,
    "createDataFrame without rows": lambda s: s.createDataFrame([], "a INT, b STRING"),
    "createDataFrame of dicts": lambda s: s.createDataFrame([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]),
    "createDataFrame of nested values": nested,
    "createDataFrame of times": times,
    "createDataFrame of decimals": lambda s: s.createDataFrame([(decimal.Decimal("1.50"),), (None,)], "d DECIMAL(10,2)"),
    "createDataFrame of bytes and booleans": lambda s: s.createDataFrame([(b"\x01\xff", True), (None, None)], "b BINARY, f BOOLEAN"),
    "sql": lambda s: s.sql("SELECT 1 AS a, 'x' AS b"),
    "sql with named arguments": lambda s: s.sql("SELECT :a + 1 AS n, :t AS t", args={"a": 41, "t": "x"}),
    "sql with positional arguments": lambda s: s.sql("SELECT ? AS a, ? AS b", args=[1, "two"]),
    "sql with a column as argument": lambda s: s.sql("SELECT :d AS d", args={"d": F.lit(datetime.date(2024, 5, 1))}),
    "sql with an argument in LIMIT": lambda s: s.sql("SELECT id FROM range(10) ORDER BY id LIMIT :n", args={"n": 2}),
    "sql over a DataFrame": lambda s: s.sql("SELECT name, count(*) AS n FROM {p} GROUP BY name", p=people(s)),
    "sql without its argument": lambda s: s.sql("SELECT :a", args={"b": 1}),
    "temporary view": lambda s: (people(s).createOrReplaceTempView("v_people"), s.sql("SELECT id FROM v_people WHERE age > 26"))[1],
    "global temporary view": lambda s: (towns(s).createOrReplaceGlobalTempView("g_towns"), s.table("global_temp.g_towns"))[1],
    "temporary view that is there": lambda s: (towns(s).createOrReplaceTempView("v_twice"), towns(s).createTempView("v_twice"))[1],
    "table that is not there": lambda s: s.table("no_such_table"),
})

# ---- columns

rows("column", {
    "names": lambda s: people(s).select("id", "name"),
    "star": lambda s: people(s).select("*"),
    "star and more": lambda s: towns(s).select("*", (F.col("id") + 1).alias("next")),
    "df.column": lambda s: (lambda p: p.select(p.id, p["name"]))(people(s)),
    "df star": lambda s: (lambda p: p.select(p["*"], F.lit(1).alias("one")))(towns(s)),
    "alias": lambda s: people(s).select(F.col("id").alias("x")),
    "without an alias": lambda s: people(s).select(F.col("id") + 1, -F.col("id"), F.upper("name")),
    "arithmetic": lambda s: s.range(3).select((F.col("id") * 2 + 1).alias("a"), (F.col("id") / 2).alias("b"), (F.col("id") % 2).alias("c")),
    "reversed arithmetic": lambda s: s.range(3).select((10 - F.col("id")).alias("a"), (2 * F.col("id")).alias("b"), (1 + F.col("id")).alias("c")),
    "power": lambda s: s.range(4).select((F.col("id") ** 2).alias("p")),
    "comparisons": lambda s: people(s).select((F.col("age") == 30).alias("a"), (F.col("age") != 30).alias("b"), (F.col("age") >= 30).alias("c"), F.col("age").eqNullSafe(None).alias("d")),
    "and or not": lambda s: people(s).select(((F.col("id") > 1) & (F.col("id") < 4)).alias("a"), ((F.col("id") == 1) | (F.col("id") == 5)).alias("b"), (~(F.col("id") == 1)).alias("c")),
    "bits": lambda s: s.range(4).select(F.col("id").bitwiseAND(2).alias("a"), F.col("id").bitwiseOR(4).alias("b"), F.col("id").bitwiseXOR(1).alias("c"), F.bitwise_not("id").alias("d")),
    "isNull": lambda s: people(s).select(F.col("age").isNull(), F.col("age").isNotNull()),
    "isNaN": lambda s: people(s).select(F.col("score").isNaN().alias("n")),
    "isin": lambda s: people(s).select(F.col("id").isin(1, 3, 5).alias("i")),
    "isin strings": lambda s: people(s).filter(F.col("name").isin(["ann", "cid"])),
    "between": lambda s: people(s).filter(F.col("age").between(25, 30)),
    "like": lambda s: people(s).select(F.col("name").like("a%").alias("a"), F.col("name").rlike("^[ab]").alias("b"), F.col("name").ilike("A%").alias("c")),
    "contains": lambda s: people(s).select(F.col("name").contains("n").alias("a"), F.col("name").startswith("b").alias("b"), F.col("name").endswith("d").alias("c")),
    "substr": lambda s: people(s).select(F.col("name").substr(2, 2).alias("s")),
    "cast by name": lambda s: people(s).select(F.col("id").cast("string"), F.col("id").cast("double").alias("d")),
    "cast by type": lambda s: people(s).select(F.col("id").cast(T.LongType()).alias("l"), F.col("id").astype(T.DecimalType(10, 2)).alias("d")),
    "cast that fails": lambda s: people(s).select(F.col("name").cast("int")).collect(),
    "try_cast": lambda s: people(s).select(F.col("name").try_cast("int").alias("n")),
    "when": lambda s: people(s).select(F.when(F.col("id") < 2, "low").when(F.col("id") < 4, "mid").otherwise("high").alias("w")),
    "when without otherwise": lambda s: people(s).select(F.when(F.col("id") == 1, F.lit(10)).alias("w")),
    "expr": lambda s: people(s).select(F.expr("id * 2 AS twice"), F.expr("upper(name)")),
    "selectExpr": lambda s: people(s).selectExpr("id", "age + 1 AS older", "'x' AS c"),
    "literals": lambda s: s.range(1).select(F.lit(1).alias("i"), F.lit(2**40).alias("l"), F.lit(1.5).alias("d"), F.lit("t").alias("s"), F.lit(True).alias("b"), F.lit(None).alias("n")),
    "literals of times": lambda s: s.range(1).select(F.lit(datetime.date(2024, 2, 29)).alias("d"), F.lit(datetime.datetime(2024, 2, 29, 1, 2, 3)).alias("t"), F.lit(datetime.timedelta(days=1, hours=2)).alias("i")),
    "literals of decimals and bytes": lambda s: s.range(1).select(F.lit(decimal.Decimal("12.345")).alias("d"), F.lit(b"ab").alias("b")),
    "literal array": lambda s: s.range(1).select(F.lit([1, 2, 3]).alias("a")),
    "df.colRegex": lambda s: (lambda p: p.select(p.colRegex("`[ia].*`")))(people(s)),
    "struct field": lambda s: nested(s).select("s.x", F.col("s.y").alias("y"), F.col("s")["x"].alias("z")),
    "struct star": lambda s: nested(s).select("id", "s.*"),
    "getField": lambda s: nested(s).select(F.col("s").getField("y").alias("y")),
    "getItem of a map": lambda s: nested(s).select(F.col("m").getItem("k").alias("k"), F.col("m")["l"].alias("l")),
    "withField": lambda s: nested(s).select(F.col("s").withField("z", F.lit(9)).alias("s")),
    "withField replaces": lambda s: nested(s).select(F.col("s").withField("x", F.col("id") * 10).alias("s")),
    "dropFields": lambda s: nested(s).select(F.col("s").dropFields("x").alias("s")),
    "dropFields of all": lambda s: nested(s).select(F.col("s").dropFields("x", "y").alias("s")),
    "withField deep": lambda s: nested(s).select(F.struct(F.col("s").alias("t")).alias("u")).select(F.col("u").withField("t.x", F.lit(5)).alias("u")),
    "column that is not there": lambda s: people(s).select("nme"),
    "struct field that is not there": lambda s: nested(s).select("s.q"),
    "metadata of an alias": lambda s: people(s).select(F.col("id").alias("i", metadata={"k": "v"})),
    "names with dots": lambda s: s.range(1).select(F.lit(1).alias("a.b")).select("`a.b`"),
    "name syntax": lambda s: people(s).select(F.col("a`b")),
    "lower and upper case": lambda s: people(s).select("ID", "Name"),
})

# ---- rows: filter, sort, limit

rows("filter", {
    "by a condition": lambda s: people(s).filter(F.col("age") > 26),
    "by text": lambda s: people(s).where("age > 26 AND name IS NOT NULL"),
    "twice": lambda s: people(s).filter("id > 1").filter("id < 4"),
    "by a column that was not selected": lambda s: (lambda p: p.select("name").filter(p.age > 26))(people(s)),
    "by a dropped column": lambda s: (lambda p: p.drop("age").filter(p["age"] > 26))(people(s)),
    "by a column of another DataFrame": lambda s: people(s).filter(towns(s)["id"] == 1),
    "by no boolean": lambda s: people(s).filter(F.col("id")),
    "limit 0": lambda s: people(s).limit(0),
})
rows("sort", {
    "by a name": lambda s: people(s).orderBy("id"),
    "descending": lambda s: people(s).orderBy(F.col("id").desc()),
    "nulls": lambda s: people(s).select("id", "age").orderBy(F.col("age").asc_nulls_last(), "id"),
    "nulls first when descending": lambda s: people(s).select("id", "age").orderBy(F.col("age").desc_nulls_first(), "id"),
    "by two": lambda s: people(s).sort("name", F.desc("id")),
    "ascending list": lambda s: people(s).orderBy(["name", "id"], ascending=[False, True]),
    "by an expression": lambda s: people(s).orderBy(-F.col("id")),
    "by a column that was not selected": lambda s: (lambda p: p.select("name").orderBy(p.id.desc()))(people(s)),
    "by a name that was not selected": lambda s: people(s).select("name").orderBy("id"),
    "by a column that was replaced": lambda s: (lambda p: p.withColumn("id", -F.col("id")).orderBy(p.id))(people(s)),
    "limit": lambda s: people(s).orderBy("id").limit(2),
    "offset": lambda s: people(s).orderBy("id").offset(3),
    "limit and offset": lambda s: people(s).orderBy("id").offset(1).limit(2),
    "tail": lambda s: [tuple(r) for r in people(s).select("id").orderBy("id").tail(2)],
    "tail of more than there is": lambda s: [tuple(r) for r in s.range(3).tail(10)],
    "head and first": lambda s: [people(s).orderBy("id").head(2)[1].name, people(s).orderBy("id").first().id],
    "take": lambda s: [r.id for r in people(s).orderBy("id").take(3)],
    "sortWithinPartitions": lambda s: people(s).coalesce(1).sortWithinPartitions("id"),
}, ordered=True)

# ---- columns of a DataFrame changed

rows("columns", {
    "withColumn": lambda s: people(s).withColumn("next", F.col("id") + 1),
    "withColumn replaces in place": lambda s: people(s).withColumn("name", F.upper("name")),
    "withColumn in another case": lambda s: towns(s).withColumn("ID", F.col("id") * 2),
    "withColumns see the old ones": lambda s: towns(s).withColumns({"id": F.col("id") + 1, "old": F.col("id")}),
    "withColumn chain": lambda s: towns(s).withColumn("a", F.col("id") + 1).withColumn("b", F.col("a") * 2).withColumn("c", F.col("b") - F.col("a")),
    "withColumn of a literal": lambda s: towns(s).withColumn("one", F.lit(1)),
    "withColumn of a window": lambda s: towns(s).withColumn("n", F.row_number().over(Window.orderBy("id", "town"))).withColumn("m", F.col("n") + 1),
    "withColumn of an exploded array": lambda s: nested(s).withColumn("e", F.explode("a")).select("id", "e"),
    "withColumns twice the same": lambda s: towns(s).withColumns({"a": F.lit(1), "A": F.lit(2)}),
    "withColumn then df.column": lambda s: (lambda p: p.withColumn("id", p.id + 1).select("id"))(towns(s)),
    "withColumnRenamed": lambda s: people(s).withColumnRenamed("name", "first_name"),
    "withColumnRenamed of nothing": lambda s: towns(s).withColumnRenamed("nothing", "x"),
    "withColumnsRenamed": lambda s: towns(s).withColumnsRenamed({"id": "a", "town": "b"}),
    "renamed after another": lambda s: towns(s).withColumnRenamed("id", "x").withColumnRenamed("x", "y"),
    "drop": lambda s: people(s).drop("age", "score"),
    "drop of nothing": lambda s: towns(s).drop("nothing"),
    "drop of a column": lambda s: (lambda p: p.drop(p.age))(people(s)),
    "drop of all": lambda s: s.range(2).drop("id"),
    "toDF": lambda s: towns(s).toDF("a", "b"),
    "to a schema": lambda s: people(s).select("id", "name").to(T.StructType([T.StructField("name", T.StringType()), T.StructField("id", T.LongType())])),
    "to a schema with a missing column": lambda s: towns(s).to(T.StructType([T.StructField("id", T.IntegerType()), T.StructField("extra", T.StringType())])),
    "to a schema that does not fit": lambda s: towns(s).to(T.StructType([T.StructField("town", T.BooleanType())])),
    "transform": lambda s: towns(s).transform(lambda d: d.withColumn("x", F.lit(0))),
    "select after rename": lambda s: towns(s).withColumnRenamed("id", "k").select("k"),
    "alias of a DataFrame": lambda s: towns(s).alias("t").select("t.id", "t.*"),
    "hint": lambda s: towns(s).hint("broadcast"),
    "repartition": lambda s: towns(s).repartition(4),
    "repartition by a column": lambda s: towns(s).repartition(4, "id"),
    "repartition by a column that is not there": lambda s: towns(s).repartition("nope"),
    "coalesce": lambda s: towns(s).coalesce(1),
})

# ---- NULLs and values

rows("na", {
    "fill a number": lambda s: people(s).na.fill(0),
    "fill a real": lambda s: people(s).fillna(0.5),
    "fill text": lambda s: people(s).na.fill("none"),
    "fill a boolean": lambda s: s.createDataFrame([(None, 1), (True, None)], "b BOOLEAN, i INT").na.fill(False),
    "fill some columns": lambda s: people(s).na.fill(0, subset=["age"]),
    "fill a column of another type": lambda s: people(s).na.fill(0, subset=["name"]),
    "fill one each": lambda s: people(s).na.fill({"age": 50, "name": "unknown"}),
    "fill a column that is not there": lambda s: people(s).na.fill(0, subset=["nope"]),
    "drop": lambda s: people(s).na.drop(),
    "drop where all": lambda s: s.createDataFrame([(None, None), (1, None), (1, 2)], "a INT, b INT").na.drop("all"),
    "drop by a subset": lambda s: people(s).dropna(subset=["name"]),
    "drop by a threshold": lambda s: people(s).na.drop(thresh=4),
    "replace": lambda s: people(s).na.replace("ann", "eve"),
    "replace numbers": lambda s: people(s).na.replace([30, 25], [31, 26]),
    "replace with NULL": lambda s: people(s).na.replace("bob", None),
    "replace by a map": lambda s: people(s).replace({"ann": "a", "bob": "b"}, subset=["name"]),
    "replace in a subset": lambda s: people(s).na.replace(1, 100, subset=["id"]),
})

# ---- aggregates

rows("group", {
    "count": lambda s: people(s).groupBy("name").count(),
    "agg": lambda s: sales(s).groupBy("shop").agg(F.sum("amount").alias("s"), F.avg("amount").alias("a"), F.count("*").alias("n")),
    "agg names": lambda s: sales(s).groupBy("shop").agg(F.sum("amount"), F.max("year"), F.count("*"), F.count("amount")),
    "agg by a map": lambda s: sales(s).groupBy("shop").agg({"amount": "sum"}),
    "sum avg min max": lambda s: sales(s).groupBy("shop").sum("amount"),
    "avg": lambda s: sales(s).groupBy("shop").avg("amount"),
    "min": lambda s: sales(s).groupBy("shop").min("amount", "year"),
    "by two": lambda s: sales(s).groupBy("shop", "year").agg(F.sum("amount").alias("s")),
    "by an expression": lambda s: sales(s).groupBy((F.col("year") % 2).alias("odd")).count(),
    "by df.column": lambda s: (lambda d: d.groupBy(d.shop).agg(F.sum(d.amount).alias("s")))(sales(s)),
    "of all": lambda s: sales(s).agg(F.sum("amount"), F.countDistinct("shop")),
    "of no rows": lambda s: sales(s).filter("false").agg(F.count("*"), F.sum("amount")),
    "of no rows by a key": lambda s: sales(s).filter("false").groupBy("shop").count(),
    "countDistinct": lambda s: sales(s).groupBy("shop").agg(F.countDistinct("year").alias("y")),
    "countDistinct of two": lambda s: sales(s).agg(F.count_distinct("shop", "year").alias("n")),
    "sumDistinct": lambda s: sales(s).agg(F.sum_distinct("year").alias("n")),
    "collect": lambda s: sales(s).groupBy("shop").agg(F.sort_array(F.collect_list("amount")).alias("l"), F.sort_array(F.collect_set("year")).alias("t")),
    "first and last": lambda s: s.range(5).agg(F.first("id").alias("f"), F.last("id").alias("l")),
    "stddev and variance": lambda s: sales(s).agg(F.round(F.stddev("amount"), 6).alias("s"), F.round(F.var_pop("amount"), 6).alias("v")),
    "expression of aggregates": lambda s: sales(s).groupBy("shop").agg((F.sum("amount") / F.count("*")).alias("q")),
    "rollup": lambda s: sales(s).rollup("shop", "year").agg(F.sum("amount").alias("s")),
    "cube": lambda s: sales(s).cube("shop", "year").count(),
    "grouping sets": lambda s: sales(s).groupingSets([("shop", "year"), ("shop",), ()], "shop", "year").agg(F.sum("amount").alias("s")),
    "grouping": lambda s: sales(s).cube("shop").agg(F.grouping("shop").alias("g"), F.sum("amount").alias("s")),
    "filter after": lambda s: sales(s).groupBy("shop").agg(F.sum("amount").alias("s")).filter("s > 5"),
    "sort after": lambda s: sales(s).groupBy("shop").agg(F.sum("amount").alias("s")).orderBy(F.desc("s")),
    "aggregate in select": lambda s: sales(s).select(F.sum("amount").alias("s"), F.max("year").alias("y")),
    "mixed select": lambda s: sales(s).select("shop", F.sum("amount")),
    "pivot with values": lambda s: sales(s).groupBy("shop").pivot("year", [2020, 2021]).sum("amount"),
    "pivot without values": lambda s: sales(s).groupBy("shop").pivot("year").sum("amount"),
    "pivot of two aggregates": lambda s: sales(s).groupBy("shop").pivot("year", [2020]).agg(F.sum("amount").alias("s"), F.count("amount").alias("n")),
    "distinct": lambda s: sales(s).select("shop").distinct(),
    "dropDuplicates": lambda s: sales(s).select("shop", "year").dropDuplicates(),
    "dropDuplicates of a key": lambda s: s.createDataFrame([(1, "a"), (1, "a"), (2, "b")], "k INT, v STRING").dropDuplicates(["k"]),
    "dropDuplicates of nothing": lambda s: sales(s).dropDuplicates(["nope"]),
    "count of rows": lambda s: sales(s).count(),
    "isEmpty": lambda s: [sales(s).isEmpty(), sales(s).filter("false").isEmpty()],
    "max_by": lambda s: sales(s).groupBy("shop").agg(F.max_by("year", "amount").alias("y")),
    "any_value and bool": lambda s: people(s).agg(F.bool_and(F.col("id") > 0).alias("a"), F.bool_or(F.col("id") > 4).alias("o")),
})

# ---- joins

rows("join", {
    "by a name": lambda s: people(s).join(towns(s), "id"),
    "by names": lambda s: people(s).join(towns(s), ["id"], "left"),
    "right by a name": lambda s: people(s).join(towns(s), "id", "right"),
    "full by a name": lambda s: people(s).select("id", "name").join(towns(s), "id", "outer"),
    "semi": lambda s: people(s).join(towns(s), "id", "leftsemi"),
    "anti": lambda s: people(s).join(towns(s), "id", "leftanti"),
    "cross": lambda s: towns(s).crossJoin(s.range(2)),
    "by a condition": lambda s: (lambda p, t: p.join(t, p.id == t.id))(people(s), towns(s)),
    "by a condition, then one side's column": lambda s: (lambda p, t: p.join(t, p.id == t.id).select(p.id, t.town))(people(s), towns(s)),
    "by a condition, then drop a column": lambda s: (lambda p, t: p.join(t, p.id == t.id).drop(t.id))(people(s), towns(s)),
    "left by a condition": lambda s: (lambda p, t: p.join(t, p.id == t.id, "left").select(p.id, t.id.alias("tid"), "town"))(people(s), towns(s)),
    "name that both have": lambda s: (lambda p, t: p.join(t, p.id == t.id).select("id"))(people(s), towns(s)),
    "with an alias each": lambda s: people(s).alias("p").join(towns(s).alias("t"), F.col("p.id") == F.col("t.id")).select("p.id", "t.town"),
    "self by a name": lambda s: (lambda t: t.join(t, "id"))(towns(s)),
    "self with itself": lambda s: (lambda t: t.join(t, t.id == t.id))(towns(s)),
    "self with a filtered one": lambda s: (lambda t: (lambda u: t.join(u, t.id == u.id).select(t.town, u.id))(t.filter("id > 1")))(towns(s)),
    "self with a renamed one": lambda s: (lambda t: (lambda u: t.join(u, t.id == u.k))(t.withColumnRenamed("id", "k").drop("town")))(towns(s)),
    "self with aliases": lambda s: (lambda t: t.alias("a").join(t.alias("b"), F.col("a.id") == F.col("b.id")).select("a.town", F.col("b.town").alias("other")))(towns(s)),
    "three": lambda s: people(s).join(towns(s), "id").join(s.range(3).withColumnRenamed("id", "id2"), F.col("id") == F.col("id2")).select("id", "town", "id2"),
    "two conditions": lambda s: (lambda p, t: p.join(t, [p.id == t.id, p.id > 1]))(people(s), towns(s)),
    "by an inequality": lambda s: (lambda p, t: p.join(t, p.id > t.id).select(p.id, t.id.alias("t")))(people(s), towns(s)),
    "by a name that one lacks": lambda s: people(s).join(towns(s), "name"),
    "using, then the other side's column": lambda s: (lambda p, t: p.join(t, "id", "left").select(p.id, t.id.alias("t")))(people(s), towns(s)),
    "select a column of neither": lambda s: people(s).join(towns(s), "id").select(sales(s)["shop"]),
    "without a condition": lambda s: towns(s).join(s.range(2).toDF("n")),
    "null-safe": lambda s: (lambda p: p.alias("a").join(p.alias("b"), F.col("a.name").eqNullSafe(F.col("b.name"))).select("a.id", F.col("b.id").alias("o")))(people(s)),
})

# ---- set operations

rows("set", {
    "union": lambda s: towns(s).union(towns(s)),
    "unionAll of other types": lambda s: s.range(2).toDF("id").union(s.createDataFrame([(1.5,)], "d DOUBLE")),
    "union of other names": lambda s: s.range(1).toDF("a").union(s.range(1).toDF("b")),
    "unionByName": lambda s: towns(s).unionByName(towns(s).select("town", "id")),
    "unionByName with missing columns": lambda s: towns(s).unionByName(s.range(1).withColumn("x", F.lit("y")), allowMissingColumns=True),
    "unionByName without": lambda s: towns(s).unionByName(s.range(1).select("id", F.lit(1).alias("x"))),
    "union of other widths": lambda s: towns(s).union(s.range(1)),
    "intersect": lambda s: s.range(5).intersect(s.range(3, 8)),
    "intersectAll": lambda s: s.range(3).union(s.range(3)).intersectAll(s.range(2).union(s.range(2))),
    "subtract": lambda s: s.range(5).subtract(s.range(2)),
    "exceptAll": lambda s: s.range(3).union(s.range(3)).exceptAll(s.range(2)),
    "union chain": lambda s: s.range(1).union(s.range(1, 2)).union(s.range(2, 3)).union(s.range(3, 4)),
    "union then distinct": lambda s: towns(s).union(towns(s)).distinct(),
    "union then filter": lambda s: (lambda t: t.union(t).filter(t.id > 1))(towns(s)),
})

# ---- windows



def by_shop():
    return Window.partitionBy("shop").orderBy("year", "amount")


rows("window", {
    "row_number": lambda s: sales(s).select("shop", "year", "amount", F.row_number().over(by_shop()).alias("n")),
    "rank": lambda s: sales(s).select("shop", "year", F.rank().over(Window.partitionBy("shop").orderBy("year")).alias("r"), F.dense_rank().over(Window.partitionBy("shop").orderBy("year")).alias("d")),
    "lag and lead": lambda s: sales(s).select("shop", "year", F.lag("amount").over(by_shop()).alias("a"), F.lead("amount", 1, -1).over(by_shop()).alias("b")),
    "running sum": lambda s: sales(s).select("shop", F.sum("amount").over(by_shop()).alias("s")),
    "rows between": lambda s: s.range(5).select("id", F.sum("id").over(Window.orderBy("id").rowsBetween(-1, 1)).alias("s")),
    "rows between open ends": lambda s: s.range(5).select("id", F.sum("id").over(Window.orderBy("id").rowsBetween(Window.unboundedPreceding, Window.currentRow)).alias("s")),
    "range between": lambda s: s.range(5).select("id", F.sum("id").over(Window.orderBy("id").rangeBetween(-2, 0)).alias("s")),
    "whole partition": lambda s: sales(s).select("shop", F.max("amount").over(Window.partitionBy("shop")).alias("m")),
    "descending": lambda s: sales(s).select("shop", "year", F.first("year").over(Window.partitionBy("shop").orderBy(F.desc("year"))).alias("f")),
    "ntile": lambda s: s.range(6).select("id", F.ntile(3).over(Window.orderBy("id")).alias("n")),
    "filter on it": lambda s: sales(s).withColumn("n", F.row_number().over(by_shop())).filter("n = 1").drop("n"),
    "name": lambda s: s.range(2).select(F.row_number().over(Window.orderBy("id"))),
})

# ---- functions of arrays, maps, structs, text, times

rows("function", {
    "explode": lambda s: nested(s).select("id", F.explode("a")),
    "explode_outer": lambda s: nested(s).select("id", F.explode_outer("a").alias("e")),
    "posexplode": lambda s: nested(s).select("id", F.posexplode("a")),
    "explode of a map": lambda s: nested(s).select("id", F.explode("m").alias("key1", "value1")),
    "inline": lambda s: s.range(1).select(F.array(F.struct(F.lit(1).alias("a"), F.lit("x").alias("b"))).alias("l")).select(F.inline("l")),
    "size and contains": lambda s: nested(s).select(F.size("a").alias("n"), F.array_contains("a", 2).alias("c")),
    "transform": lambda s: nested(s).select(F.transform("a", lambda x: x + 1).alias("t")),
    "transform with the index": lambda s: nested(s).select(F.transform("a", lambda x, i: x * i).alias("t")),
    "filter": lambda s: nested(s).select(F.filter("a", lambda x: x > 1).alias("f")),
    "exists and forall": lambda s: nested(s).select(F.exists("a", lambda x: x > 2).alias("e"), F.forall("a", lambda x: x > 0).alias("f")),
    "aggregate": lambda s: nested(s).select(F.aggregate("a", F.lit(0), lambda acc, x: acc + x).alias("s")),
    "zip_with": lambda s: s.range(1).select(F.zip_with(F.array(F.lit(1), F.lit(2)), F.array(F.lit(10), F.lit(20)), lambda x, y: x + y).alias("z")),
    "map functions": lambda s: nested(s).select(F.map_keys("m").alias("k"), F.map_values("m").alias("v")),
    "transform_values": lambda s: nested(s).select(F.transform_values("m", lambda k, v: v * 2).alias("m")),
    "map_filter": lambda s: nested(s).select(F.map_filter("m", lambda k, v: v > 1).alias("m")),
    "create_map": lambda s: s.range(1).select(F.create_map(F.lit("a"), F.lit(1), F.lit("b"), F.lit(2)).alias("m")),
    "struct": lambda s: people(s).select(F.struct("id", "name").alias("s")),
    "array": lambda s: s.range(2).select(F.array("id", F.col("id") + 1).alias("a")),
    "sort_array": lambda s: s.range(1).select(F.sort_array(F.array(F.lit(3), F.lit(1), F.lit(2)), asc=False).alias("a")),
    "element_at": lambda s: nested(s).limit(1).select(F.element_at("a", -1).alias("e")),
    "split and join": lambda s: s.range(1).select(F.split(F.lit("a,b,c"), ",").alias("s"), F.array_join(F.split(F.lit("a,b,c"), ","), "-").alias("j")),
    "concat": lambda s: people(s).select(F.concat("name", F.lit("!")).alias("a"), F.concat_ws("-", "name", "id").alias("b")),
    "text": lambda s: s.range(1).select(F.lower(F.lit("AB")).alias("a"), F.initcap(F.lit("ab cd")).alias("b"), F.trim(F.lit("  x ")).alias("c"), F.lpad(F.lit("7"), 3, "0").alias("d"), F.length(F.lit("abc")).alias("e")),
    "regexp": lambda s: s.range(1).select(F.regexp_replace(F.lit("a1b2"), r"\d", "#").alias("a"), F.regexp_extract(F.lit("x=42"), r"(\d+)", 1).alias("b")),
    "format": lambda s: s.range(1).select(F.format_string("%d-%s", F.lit(1), F.lit("a")).alias("a"), F.format_number(F.lit(1234.567), 2).alias("b")),
    "dates": lambda s: times(s).select(F.year("day").alias("y"), F.month("day").alias("m"), F.dayofmonth("day").alias("d"), F.dayofweek("day").alias("w"), F.quarter("day").alias("q")),
    "date arithmetic": lambda s: times(s).select(F.date_add("day", 1).alias("a"), F.add_months("day", 1).alias("b"), F.last_day("day").alias("c"), F.datediff(F.col("day"), F.lit("2024-01-01")).alias("d")),
    "times": lambda s: times(s).select(F.hour("at").alias("h"), F.minute("at").alias("m"), F.second("at").alias("s"), F.date_trunc("month", "at").alias("t")),
    "date_format": lambda s: times(s).select(F.date_format("at", "yyyy/MM/dd HH:mm").alias("f")),
    "to_date and to_timestamp": lambda s: s.range(1).select(F.to_date(F.lit("2024-03-01")).alias("d"), F.to_timestamp(F.lit("01.03.2024 10:11"), "dd.MM.yyyy HH:mm").alias("t")),
    "unix time": lambda s: s.range(1).select(F.unix_timestamp(F.lit("2024-01-01 00:00:00")).alias("u"), F.from_unixtime(F.lit(86400)).alias("f")),
    "window of time": lambda s: times(s).filter("id < 3").groupBy(F.window("at", "1 day")).count(),
    "json": lambda s: s.range(1).select(F.from_json(F.lit('{"a":1,"b":"x"}'), "a INT, b STRING").alias("j"), F.get_json_object(F.lit('{"a":{"b":2}}'), "$.a.b").alias("g")),
    "from_json with a type": lambda s: s.range(1).select(F.from_json(F.lit('{"a":1}'), T.StructType([T.StructField("a", T.IntegerType())])).alias("j")),
    "to_json": lambda s: people(s).select(F.to_json(F.struct("id", "name")).alias("j")),
    "coalesce and nvl": lambda s: people(s).select(F.coalesce("age", F.lit(0)).alias("a"), F.ifnull("name", F.lit("?")).alias("b"), F.nullif(F.col("id"), F.lit(1)).alias("c")),
    "greatest and least": lambda s: s.range(1).select(F.greatest(F.lit(1), F.lit(3)).alias("g"), F.least(F.lit(1), F.lit(3)).alias("l")),
    "math": lambda s: s.range(1).select(F.round(F.lit(2.345), 2).alias("a"), F.floor(F.lit(-1.5)).alias("b"), F.ceil(F.lit(1.2)).alias("c"), F.sqrt(F.lit(16)).alias("d"), F.abs(F.lit(-3)).alias("e")),
    "hashes": lambda s: s.range(1).select(F.md5(F.lit("a")).alias("m"), F.sha2(F.lit("a"), 256).alias("s"), F.hash(F.lit(1)).alias("h"), F.xxhash64(F.lit(1)).alias("x")),
    "call_function": lambda s: s.range(1).select(F.call_function("upper", F.lit("x")).alias("u")),
    "function that is not there": lambda s: s.range(1).select(F.call_function("no_such_function", F.lit(1))),
    "stack": lambda s: s.range(1).select(F.stack(F.lit(2), F.lit(1), F.lit("a"), F.lit(2), F.lit("b"))),
    "monotonically_increasing_id": lambda s: s.range(0, 3, 1, 1).select(F.monotonically_increasing_id().alias("m")),
    "melt": lambda s: s.createDataFrame([(1, 10, 20)], "id INT, x INT, y INT").unpivot("id", ["x", "y"], "var", "val"),
    "melt of all": lambda s: s.createDataFrame([(1, 10, 20)], "id INT, x INT, y INT").melt("id", None, "var", "val"),
})

# ---- statistics

rows("stat", {
    "describe": lambda s: people(s).filter("id < 4").describe(),
    "describe some": lambda s: people(s).describe("id", "name"),
    "summary": lambda s: people(s).select("id", "age").summary(),
    "summary of some": lambda s: people(s).select("id").summary("count", "min", "25%", "max"),
    "summary of nonsense": lambda s: people(s).summary("wrong").collect(),
    "cov": lambda s: round(s.createDataFrame([(1, 2), (2, 4), (3, 7)], "a INT, b INT").stat.cov("a", "b"), 6),
    "corr": lambda s: round(s.createDataFrame([(1, 2), (2, 4), (3, 7)], "a INT, b INT").stat.corr("a", "b"), 6),
    "approxQuantile": lambda s: s.range(1, 11).approxQuantile("id", [0.25, 0.5, 1.0], 0.0),
    "approxQuantile of two": lambda s: s.createDataFrame([(1, 5.0), (2, 6.0), (3, 7.0)], "a INT, b DOUBLE").approxQuantile(["a", "b"], [0.5], 0.0),
    "crosstab": lambda s: sales(s).crosstab("shop", "year"),
    "freqItems": lambda s: [sorted(x) for x in s.createDataFrame([(1,), (2,), (1,)], "a INT").freqItems(["a"], 0.4).first()],
    "sample all": lambda s: s.range(10).sample(1.0, seed=1),
    "sample none": lambda s: s.range(10).sample(0.0, seed=1),
    "sampleBy": lambda s: s.range(10).withColumn("k", F.col("id") % 2).sampleBy("k", {0: 1.0, 1: 0.0}, seed=3),
    "randomSplit": lambda s: sum(d.count() for d in s.range(50).randomSplit([0.5, 0.5], 7)),
    "transpose": lambda s: s.createDataFrame([("a", 1, 2), ("b", 3, 4)], "k STRING, x INT, y INT").transpose(),
    "transpose by a column": lambda s: s.createDataFrame([(1, "a"), (2, "b")], "x INT, k STRING").transpose(F.col("k")),
})

# ---- show


def shown(frame, **options):
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        frame.show(**options)
    return out.getvalue().split("\n")


rows("show", {
    "table": lambda s: shown(people(s).orderBy("id")),
    "cut": lambda s: shown(s.range(1).select(F.lit("abcdefghijklmnopqrstuvwxyz").alias("t"))),
    "cut to 5": lambda s: shown(s.range(1).select(F.lit("abcdefghij").alias("t")), truncate=5),
    "cut to 3": lambda s: shown(s.range(1).select(F.lit("abcdefghij").alias("t")), truncate=3),
    "not cut": lambda s: shown(s.range(1).select(F.lit("abcdefghijklmnopqrstuvwxyz").alias("t"), F.lit(1).alias("n")), truncate=False),
    "more rows": lambda s: shown(s.range(30), n=3),
    "one of more rows": lambda s: shown(s.range(30), n=1),
    "no rows": lambda s: shown(s.range(0)),
    "vertical": lambda s: shown(people(s).orderBy("id"), n=2, vertical=True),
    "vertical of nothing": lambda s: shown(s.range(0), vertical=True),
    "nested": lambda s: shown(nested(s).orderBy("id"), truncate=False),
    "bytes and lines": lambda s: shown(s.range(1).select(F.lit(b"\x01\xab").alias("b"), F.lit("a\nb\tc").alias("l"))),
    "wide characters": lambda s: shown(s.range(1).select(F.lit("日本語").alias("t"))),
    "times": lambda s: shown(times(s).orderBy("id"), truncate=False),
    "no columns": lambda s: shown(s.range(2).drop("id")),
    "html": lambda s: (s.conf.set("spark.sql.repl.eagerEval.enabled", "true"), towns(s).orderBy("id", "town")._repr_html_(), s.conf.unset("spark.sql.repl.eagerEval.enabled"))[1].split("\n"),
})

# ---- schemas and other questions

rows("ask", {
    "columns": lambda s: people(s).columns,
    "dtypes": lambda s: [list(x) for x in nested(s).dtypes],
    "isStreaming": lambda s: people(s).isStreaming,
    "schema of an aggregate": lambda s: sales(s).groupBy("shop").agg(F.sum("amount"), F.avg("amount"), F.collect_list("year")).schema.simpleString(),
    "toPandas": lambda s: towns(s).orderBy("id", "town").toPandas().to_dict("list"),
    "toLocalIterator": lambda s: sorted(r.id for r in towns(s).toLocalIterator()),
    "exists subquery": lambda s: people(s).filter(F.col("id").isin([r.id for r in towns(s).collect()])),
    "scalar subquery": lambda s: people(s).select("id", s.range(3).agg(F.max("id").alias("m")).scalar().alias("m")),
    "sameSemantics": lambda s: (lambda t: t.select("id").sameSemantics(t.select("id")))(towns(s)),
})
rows("catalog", {
    "currentDatabase": lambda s: s.catalog.currentDatabase(),
    "databaseExists": lambda s: [s.catalog.databaseExists("default"), s.catalog.databaseExists("nope")],
    "tableExists": lambda s: (towns(s).createOrReplaceTempView("v_exists"), [s.catalog.tableExists("v_exists"), s.catalog.tableExists("v_none")])[1],
    "listTables": lambda s: (towns(s).createOrReplaceTempView("v_listed"), [(t.name, t.tableType, t.isTemporary) for t in s.catalog.listTables(pattern="v_listed")])[1],
    "listColumns": lambda s: (towns(s).createOrReplaceTempView("v_columns"), [(c.name, c.dataType, c.nullable, c.isPartition, c.isBucket) for c in s.catalog.listColumns("v_columns")])[1],
    "getTable": lambda s: (towns(s).createOrReplaceTempView("v_got"), (lambda t: [t.name, t.tableType, t.isTemporary])(s.catalog.getTable("v_got")))[1],
    "getTable of nothing": lambda s: s.catalog.getTable("v_none"),
    "functionExists": lambda s: [s.catalog.functionExists("upper"), s.catalog.functionExists("no_such_function")],
    "dropTempView": lambda s: (towns(s).createOrReplaceTempView("v_drop"), [s.catalog.dropTempView("v_drop"), s.catalog.dropTempView("v_drop")])[1],
    "dropGlobalTempView": lambda s: (towns(s).createOrReplaceGlobalTempView("g_drop"), [s.catalog.dropGlobalTempView("g_drop"), s.catalog.dropGlobalTempView("g_drop")])[1],
    "listFunctions": lambda s: [f.name for f in s.catalog.listFunctions(pattern="array_remove")],
})


# ---- where Spark's answer depends on the client: what the server of Spark Connect says, by its own rules of plan ids
# (ColumnResolutionHelper.resolveDataFrameColumn)

CONNECT = {
    "filter: by a column of another DataFrame": {"error": "CANNOT_RESOLVE_DATAFRAME_COLUMN"},
    "join: select a column of neither": {"error": "CANNOT_RESOLVE_DATAFRAME_COLUMN"},
    "join: self with itself": {"error": "AMBIGUOUS_COLUMN_REFERENCE"},
    "join: self with a filtered one": {
        "schema": "struct<town:string,id:int>",
        "rows": [["bonn", 2], ["bonn", 2], ["lima", 9], ["oslo", 2], ["oslo", 2]],
    },
    "sort: by a column that was replaced": {
        "schema": "struct<id:int,name:string,age:int,score:double>",
        "rows": [[-5, "ann", 30, -1.0], [-4, None, 41, "NaN"], [-3, "cid", 25, None], [-2, "bob", None, 2.5], [-1, "ann", 30, 1.5]],
    },
}
