"""Changes of a database as DMS writes them (Op: I, U, D), merged into an Iceberg table: the last state of each key."""

import sys

from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql import functions as F
from pyspark.sql.window import Window

args = getResolvedOptions(sys.argv, ["JOB_NAME", "source", "table"])
glueContext = GlueContext(SparkContext.getOrCreate())
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args["JOB_NAME"], args)
table = "glue_catalog." + args["table"]

changes = glueContext.create_dynamic_frame.from_options(
    connection_type="s3",
    connection_options={"paths": [args["source"]], "recurse": True},
    format="csv",
    format_options={"withHeader": True},
    transformation_ctx="changes",
).toDF()

if changes.columns:
    newest_first = Window.partitionBy("id").orderBy(F.col("ts").desc(), F.col("seq").cast("bigint").desc())
    latest = (changes
              .withColumn("place", F.row_number().over(newest_first))
              .where("place = 1")
              .select("Op", F.col("id").cast("bigint").alias("id"), "name", "city", F.col("ts").cast("timestamp").alias("ts")))
    latest.createOrReplaceTempView("latest")
    spark.sql(f"CREATE DATABASE IF NOT EXISTS {table.rsplit('.', 1)[0]}")
    spark.sql(f"CREATE TABLE IF NOT EXISTS {table} (id BIGINT, name STRING, city STRING, ts TIMESTAMP) USING iceberg "
              "TBLPROPERTIES ('format-version' = '2')")
    spark.sql(f"""
        MERGE INTO {table} t USING latest s ON t.id = s.id
        WHEN MATCHED AND s.Op = 'D' THEN DELETE
        WHEN MATCHED AND s.ts >= t.ts THEN UPDATE SET name = s.name, city = s.city, ts = s.ts
        WHEN NOT MATCHED AND s.Op <> 'D' THEN INSERT (id, name, city, ts) VALUES (s.id, s.name, s.city, s.ts)
    """)
    print(f"{table}: {spark.table(table).count()} rows")

job.commit()
