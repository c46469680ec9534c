"""A script as its users write them; test_run_on.py runs it on firn and on a real Spark and compares what it prints."""

import datetime
import sys
from decimal import Decimal

import pandas as pd
from pyspark import SparkConf, SparkContext
from pyspark.errors import AnalysisException
from pyspark.sql import SparkSession, Window, functions as F

spark = SparkSession.builder.appName("orders").master("local[*]").config("spark.sql.shuffle.partitions", "2").getOrCreate()
folder = sys.argv[sys.argv.index("--folder") + 1]
orders = spark.createDataFrame(
    [(1, "a", Decimal("10.50"), datetime.date(2026, 1, 2)), (2, "b", None, datetime.date(2026, 1, 3)),
     (3, "a", Decimal("7.25"), None)], "id INT, customer STRING, price DECIMAL(8,2), day DATE")
orders.printSchema()
orders.orderBy("id").show()
orders.createOrReplaceTempView("orders")
spark.sql("SELECT customer, sum(price) AS total, count(*) AS n FROM orders GROUP BY customer ORDER BY customer").show()
print(orders.withColumn("rank", F.row_number().over(Window.partitionBy("customer").orderBy(F.desc("id")))).orderBy("id").collect())
print(orders.orderBy("id").toPandas().to_string())
print(spark.range(5).select(F.udf(lambda x: x * 2, "bigint")("id").alias("d")).agg(F.sum("d")).first())


@F.pandas_udf("double")
def half(v: pd.Series) -> pd.Series:
    return v / 2


print([row.h for row in spark.range(4).select(half("id").alias("h")).orderBy("h").collect()])
print(spark.range(6).withColumn("k", F.col("id") % 2).groupBy("k").applyInPandas(
    lambda f: pd.DataFrame({"k": [f.k.iloc[0]], "s": [f.id.sum()]}), "k long, s long").orderBy("k").collect())
orders.write.mode("overwrite").parquet(folder + "/orders")
print(spark.read.parquet(folder + "/orders").count(), spark.conf.get("my.conf"), sys.argv[1])
print(spark.sparkContext.parallelize([3, 1, 2]).map(lambda x: x * 10).sum(), orders.rdd.map(lambda row: row.id).max())
for wrong in ("SELECT nothing FROM orders", "SELECT * FROM no_such_table", "SELEC 1"):
    try:
        spark.sql(wrong).collect()
    except AnalysisException as failure:
        print(type(failure).__name__, failure.getCondition(), failure.getSqlState(), sorted(failure.getMessageParameters().items()))
try:
    spark.sql("SELECT 1 / 0").collect()
except Exception as failure:
    print(type(failure).__name__, failure.getCondition(), str(failure).splitlines()[0])
spark.stop()
