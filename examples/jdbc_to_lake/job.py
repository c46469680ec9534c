"""A PostgreSQL table into the lake; with bookmarks each run takes the rows behind the last one's keys."""

import sys

from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.transforms import ApplyMapping
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME", "connection", "dbtable", "table"])
glueContext = GlueContext(SparkContext.getOrCreate())
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args["JOB_NAME"], args)

payments = glueContext.create_dynamic_frame.from_options(
    connection_type="postgresql",
    connection_options={
        "useConnectionProperties": "true",
        "connectionName": args["connection"],
        "dbtable": args["dbtable"],
        "jobBookmarkKeys": ["id"],
        "jobBookmarkKeysSortOrder": "asc",
    },
    transformation_ctx="payments",
)
mapped = ApplyMapping.apply(
    frame=payments,
    mappings=[("id", "int", "payment_id", "long"), ("customer", "string", "customer", "string"),
              ("amount", "decimal(10,2)", "amount", "decimal(10,2)"), ("paid_at", "timestamp", "paid_at", "timestamp")],
    transformation_ctx="mapped",
)
table = "glue_catalog." + args["table"]
spark.sql(f"CREATE DATABASE IF NOT EXISTS {table.rsplit('.', 1)[0]}")
spark.sql(f"CREATE TABLE IF NOT EXISTS {table} (payment_id BIGINT, customer STRING, amount DECIMAL(10,2), "
          "paid_at TIMESTAMP) USING iceberg PARTITIONED BY (days(paid_at))")
database, name = args["table"].split(".")
glueContext.write_dynamic_frame.from_catalog(frame=mapped, database=database, table_name=name)
job.commit()
