"""New files only: each run counts what came since the last run that committed."""

import sys

from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql import functions as F

args = getResolvedOptions(sys.argv, ["JOB_NAME", "fail"])
glueContext = GlueContext(SparkContext.getOrCreate())
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args["JOB_NAME"], args)

events = glueContext.create_dynamic_frame.from_options(
    connection_type="s3", connection_options={"paths": ["s3://events/raw/"], "recurse": True, "groupFiles": "inPartition"},
    format="json", transformation_ctx="events")
print(f"{events.count()} new events")
if args["fail"] == "yes":
    raise SystemExit("failed before the commit")
if events.count() > 0:
    daily = events.toDF().groupBy("day").agg(F.count("*").alias("events"))
    spark.sql("CREATE DATABASE IF NOT EXISTS glue_catalog.counts")
    spark.sql("CREATE TABLE IF NOT EXISTS glue_catalog.counts.daily (day STRING, events BIGINT) USING iceberg")
    daily.writeTo("glue_catalog.counts.daily").append()
job.commit()
