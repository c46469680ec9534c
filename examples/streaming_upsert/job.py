"""Events from Kafka into a table, batch by batch, the newest state of each order winning."""

import sys

from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql import functions as F
from pyspark.sql.window import Window

args = getResolvedOptions(sys.argv, ["JOB_NAME", "brokers", "checkpoint"])
glueContext = GlueContext(SparkContext())
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args["JOB_NAME"], args)

spark.sql("CREATE DATABASE IF NOT EXISTS glue_catalog.orders")
spark.sql("CREATE TABLE IF NOT EXISTS glue_catalog.orders.current (order_id STRING, status STRING, at TIMESTAMP) "
          "USING iceberg TBLPROPERTIES ('format-version' = '2')")

events = glueContext.create_data_frame.from_options(
    connection_type="kafka",
    connection_options={"bootstrap.servers": args["brokers"], "topicName": "orders", "startingOffsets": "earliest",
                        "classification": "json", "schema": "order_id STRING, status STRING, at TIMESTAMP"})


def upsert(batch, batch_id):
    if batch.isEmpty():
        return
    newest = Window.partitionBy("order_id").orderBy(F.col("at").desc())
    latest = batch.withColumn("place", F.row_number().over(newest)).where("place = 1").drop("place")
    latest.createOrReplaceTempView("batch")
    latest.sparkSession.sql("""
        MERGE INTO glue_catalog.orders.current t USING batch s ON t.order_id = s.order_id
        WHEN MATCHED AND s.at > t.at THEN UPDATE SET *
        WHEN NOT MATCHED THEN INSERT *
    """)


glueContext.forEachBatch(frame=events, batch_function=upsert,
                         options={"windowSize": "1 second", "checkpointLocation": args["checkpoint"]})
job.commit()
