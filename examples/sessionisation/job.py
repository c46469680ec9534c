"""Clicks to sessions: half an hour of silence ends one."""

import sys

from awsglue.context import GlueContext
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql import functions as F
from pyspark.sql.window import Window

args = getResolvedOptions(sys.argv, ["JOB_NAME", "clicks"])
spark = GlueContext(SparkContext()).spark_session

clicks = spark.read.schema("user STRING, page STRING, at TIMESTAMP").json(args["clicks"])
by_user = Window.partitionBy("user").orderBy("at")
marked = clicks.withColumn("gap", F.unix_timestamp("at") - F.unix_timestamp(F.lag("at").over(by_user)))
numbered = marked.withColumn(
    "session", F.sum(F.when(F.col("gap").isNull() | (F.col("gap") > 1800), 1).otherwise(0)).over(
        by_user.rowsBetween(Window.unboundedPreceding, Window.currentRow)))
sessions = numbered.groupBy("user", "session").agg(
    F.min("at").alias("began"), F.max("at").alias("ended"), F.count("*").alias("clicks"),
    F.first("page").alias("landing"), F.sort_array(F.collect_set("page")).alias("pages"))
spark.sql("CREATE DATABASE IF NOT EXISTS glue_catalog.web")
sessions.writeTo("glue_catalog.web.sessions").using("iceberg").partitionedBy(F.days("began")).createOrReplace()
spark.table("glue_catalog.web.sessions").orderBy("user", "session").show(truncate=False)
