"""A customer erased: rows from every layer, then the files and snapshots that still held them, with an audit row."""

import sys
from datetime import datetime, timezone

from awsglue.context import GlueContext
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME", "customer_id", "tables"])
spark = GlueContext(SparkContext()).spark_session
customer = int(args["customer_id"])

spark.sql("CREATE DATABASE IF NOT EXISTS glue_catalog.audit")
spark.sql("CREATE TABLE IF NOT EXISTS glue_catalog.audit.erasures (customer_id BIGINT, table_name STRING, rows_deleted BIGINT, "
          "erased_at TIMESTAMP) USING iceberg")
for name in args["tables"].split(","):
    table = f"glue_catalog.{name}"
    found = spark.table(table).where(f"customer_id = {customer}").count()
    if found:
        spark.sql(f"DELETE FROM {table} WHERE customer_id = {customer}")
        # What was deleted is still in old files: rewrite them, then forget the snapshots that name them.
        spark.sql(f"CALL glue_catalog.system.rewrite_data_files(table => '{name}', options => map('min-input-files', '1'))")
        now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")
        spark.sql(f"CALL glue_catalog.system.expire_snapshots(table => '{name}', older_than => TIMESTAMP '{now}', retain_last => 1)")
    left = spark.table(table).where(f"customer_id = {customer}").count()
    assert left == 0, f"{left} rows of customer {customer} are left in {table}"
    audit = spark.createDataFrame([(customer, name, found, datetime.now())],
                                  "customer_id BIGINT, table_name STRING, rows_deleted BIGINT, erased_at TIMESTAMP")
    audit.writeTo("glue_catalog.audit.erasures").append()
    print(f"{name}: {found} rows erased")
