import sys
from awsglue.transforms import *
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.dynamicframe import DynamicFrame
from pyspark.sql import functions as SqlFuncs
import re


def sparkAggregate(glueContext, parentFrame, groups, aggs, transformation_ctx) -> DynamicFrame:
    aggsFuncs = []
    for column, func in aggs:
        aggsFuncs.append(getattr(SqlFuncs, func)(column))
    result = parentFrame.toDF().groupBy(*groups).agg(*aggsFuncs) if len(groups) > 0 else parentFrame.toDF().agg(*aggsFuncs)
    return DynamicFrame.fromDF(result, glueContext, transformation_ctx)


def sparkSqlQuery(glueContext, query, mapping, transformation_ctx) -> DynamicFrame:
    for alias, frame in mapping.items():
        frame.toDF().createOrReplaceTempView(alias)
    result = spark.sql(query)
    return DynamicFrame.fromDF(result, glueContext, transformation_ctx)


args = getResolvedOptions(sys.argv, ["JOB_NAME"])
sc = SparkContext()
glueContext = GlueContext(sc)
spark = glueContext.spark_session
job = Job(glueContext)
job.init(args["JOB_NAME"], args)

# Script generated for node Amazon S3
AmazonS3_node1700000000001 = glueContext.create_dynamic_frame.from_options(format_options={"quoteChar": "\"", "withHeader": True, "separator": ","}, connection_type="s3", format="csv", connection_options={"paths": ["s3://sales-landing/orders/"], "recurse": True}, transformation_ctx="AmazonS3_node1700000000001")

# Script generated for node Change Schema
ChangeSchema_node1700000000002 = ApplyMapping.apply(frame=AmazonS3_node1700000000001, mappings=[("order_id", "string", "order_id", "long"), ("region", "string", "region", "string"), ("ordered_on", "string", "order_date", "date"), ("amount", "string", "amount", "double"), ("coupon", "string", "coupon", "string")], transformation_ctx="ChangeSchema_node1700000000002")

# Script generated for node Filter
Filter_node1700000000003 = Filter.apply(frame=ChangeSchema_node1700000000002, f=lambda row: (row["amount"] > 0 and bool(re.match("eu-.*", row["region"]))), transformation_ctx="Filter_node1700000000003")

# Script generated for node Drop Null Fields
DropNullFields_node1700000000004 = DropNullFields.apply(frame=Filter_node1700000000003, transformation_ctx="DropNullFields_node1700000000004")

# Script generated for node Aggregate
Aggregate_node1700000000005 = sparkAggregate(glueContext, parentFrame=DropNullFields_node1700000000004, groups=["region", "order_date"], aggs=[["amount", "sum"], ["order_id", "countDistinct"]], transformation_ctx="Aggregate_node1700000000005")

# Script generated for node Rename Field
RenameField_node1700000000008 = RenameField.apply(frame=Aggregate_node1700000000005, old_name="`count(DISTINCT order_id)`", new_name="orders", transformation_ctx="RenameField_node1700000000008")

# Script generated for node SQL Query
SqlQuery0 = '''
select region, order_date, `sum(amount)` as revenue, orders from myDataSource
'''
SQLQuery_node1700000000006 = sparkSqlQuery(glueContext, query=SqlQuery0, mapping={"myDataSource": RenameField_node1700000000008}, transformation_ctx="SQLQuery_node1700000000006")

# Script generated for node Amazon S3
AmazonS3_node1700000000007 = glueContext.write_dynamic_frame.from_options(frame=SQLQuery_node1700000000006, connection_type="s3", format="glueparquet", connection_options={"path": "s3://sales-lake/daily/", "partitionKeys": ["region"]}, format_options={"compression": "snappy"}, transformation_ctx="AmazonS3_node1700000000007")

job.commit()
