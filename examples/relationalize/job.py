"""Nested orders as flat tables: the root, and one for each array, which join by key."""

import sys

from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.transforms import Relationalize, ResolveChoice, SelectFromCollection
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

args = getResolvedOptions(sys.argv, ["JOB_NAME", "TempDir"])
glueContext = GlueContext(SparkContext())
job = Job(glueContext)
job.init(args["JOB_NAME"], args)

orders = glueContext.create_dynamic_frame.from_options(
    "s3", {"paths": ["s3://shop/orders/"]}, "json", transformation_ctx="orders")
orders.printSchema()
resolved = ResolveChoice.apply(frame=orders, specs=[("total", "cast:double"), ("items[].price", "cast:double")])
tables = Relationalize.apply(frame=resolved, staging_path=args["TempDir"], name="orders")
for name in tables.keys():
    frame = SelectFromCollection.apply(dfc=tables, key=name)
    glueContext.write_dynamic_frame.from_options(
        frame=frame, connection_type="s3", connection_options={"path": "s3://flat/" + name.replace(".", "_")},
        format="parquet")
    print(name, frame.count())
job.commit()
