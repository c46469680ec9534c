"""A dimension with validity (type 2): a changed customer closes the old row and opens a new one."""

import sys

from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql import functions as F

args = getResolvedOptions(sys.argv, ["JOB_NAME", "snapshot", "as_of"])
glueContext = GlueContext(SparkContext())
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args["JOB_NAME"], args)

TABLE = "glue_catalog.dim.customer"
spark.sql("CREATE DATABASE IF NOT EXISTS glue_catalog.dim")
spark.sql(f"CREATE TABLE IF NOT EXISTS {TABLE} (customer_id BIGINT, name STRING, city STRING, valid_from DATE, "
          "valid_to DATE, is_current BOOLEAN) USING iceberg TBLPROPERTIES ('format-version' = '2')")

incoming = spark.read.schema("customer_id BIGINT, name STRING, city STRING").json(args["snapshot"]) \
    .withColumn("as_of", F.lit(args["as_of"]).cast("date"))
current = spark.table(TABLE).where("is_current")
changed = (incoming.alias("n").join(current.alias("o"), "customer_id")
           .where("n.name <> o.name OR n.city <> o.city").select("n.*"))
fresh = incoming.join(current, "customer_id", "left_anti")
# A changed customer comes twice: once by key, to close the row, once without, to be inserted.
staged = (changed.withColumn("merge_key", F.col("customer_id"))
          .unionByName(changed.unionByName(fresh).withColumn("merge_key", F.lit(None).cast("bigint"))))
staged.createOrReplaceTempView("staged")
spark.sql(f"""
    MERGE INTO {TABLE} t USING staged s ON t.customer_id = s.merge_key AND t.is_current
    WHEN MATCHED THEN UPDATE SET is_current = false, valid_to = s.as_of
    WHEN NOT MATCHED THEN INSERT (customer_id, name, city, valid_from, valid_to, is_current)
        VALUES (s.customer_id, s.name, s.city, s.as_of, NULL, true)
""")
job.commit()
