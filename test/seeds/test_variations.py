"""The same blocks on other data: nothing there, nulls, other names, a second run, arguments left out."""

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[1])]
import blocks as documents  # noqa: E402
from world import World  # noqa: E402

TEXT = {block.name: block.text for block in documents.all_blocks()}
SESSION = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
"""
TRANSACTIONS = SESSION + """
spark.sql("CREATE DATABASE IF NOT EXISTS glue_catalog.sales_db")
spark.sql("CREATE TABLE glue_catalog.sales_db.raw_transactions (id BIGINT, customer_id INT, amount DECIMAL(10, 2), "
          "status STRING, created_at STRING, product_category STRING, extra ARRAY<STRING>) USING iceberg")
{insert}
"""
LOOK = SESSION + """
rows = spark.read.parquet("s3://my-bucket/processed-data/").orderBy("transaction_id").collect()
print([(r.transaction_id, r.customer_id, r.amount, r.category, str(r.transaction_date)) for r in rows])
"""


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_the_sample_job_without_rows_and_without_a_name(world):
    world.run(TRANSACTIONS.format(insert=""), name="setup.py").ok()
    for _ in range(2):
        world.run(TEXT["002-6"]).ok()
    assert not (world.folder / ".firn/s3/my-bucket/processed-data").exists()


def test_the_sample_job_with_nulls_and_other_types_twice(world):
    insert = """spark.sql("INSERT INTO glue_catalog.sales_db.raw_transactions VALUES "
        "(1, 7, 10.50, 'completed', '2026-03-01T10:00:00', 'Books', array('x')), "
        "(2, NULL, 3.25, 'completed', '2026-03-02', 'TOYS', NULL), "
        "(3, 9, NULL, 'completed', '2026-03-02', 'Toys', NULL), (4, 9, 5.00, NULL, '2026-03-02', 'Toys', NULL), "
        "(5, 9, 5.00, 'completed', NULL, 'Toys', NULL), (6, 9, 5.00, 'completed', '2026-03-02', NULL, NULL)")"""
    world.run(TRANSACTIONS.format(insert=insert), name="setup.py").ok()
    for _ in range(2):  # the sink appends
        world.run(TEXT["002-6"], ["--JOB_NAME", "n"]).ok()
    rows = eval(world.run(LOOK, name="look.py").ok().out)
    assert rows == [(1, 7, 10.5, "books", "2026-03-01")] * 2 + [(2, None, 3.25, "toys", "2026-03-02")] * 2


def test_the_firehose_job_says_which_arguments_are_missing(world):
    outcome = world.run(TEXT["001-1"], ["--JOB_NAME", "x", "--source_path", "s3://in/"])
    assert outcome.code == 1
    assert "the following arguments are required: --iceberg_table_name, --database_name" in outcome.err, outcome.err


CDC_HEAD = """
from pyspark.context import SparkContext
from awsglue.context import GlueContext
glueContext = GlueContext(SparkContext())
"""
CDC_TAIL = "\nprint('ops', inserts.count(), updates.count(), deletes.count(), cdc_data.errorsCount())\n"


@pytest.mark.parametrize("files, want", [
    ({}, "ops 0 0 0 0"),
    ({"t/1.json": [{"Op": "I", "id": 1}, {"id": 2}], "t/u/v/2.json": [{"Op": "D", "id": "x"}, {"Op": None}]}, "ops 1 0 1 0"),
], ids=["empty", "ragged"])
def test_change_records(world, files, want):
    for name, records in files.items():
        world.put_json("s3://cdc-bucket/" + name, records)
    assert want in world.run(CDC_HEAD + TEXT["002-11a"] + CDC_TAIL).ok().out


def test_masking_of_records_that_differ(world):
    world.put_json("s3://in/a.json", [{"id": 1, "ssn": "123-45-6789"}, {"id": 2, "email": "a@b.c"}, {"id": 3},
                                      {"id": 4, "ssn": 123456789}])
    outcome = world.run(CDC_HEAD + """
from awsglue.transforms import *
hash_email = lambda email: str(len(email))
source_data = glueContext.create_dynamic_frame.from_options("s3", {"paths": ["s3://in/"]}, "json")
""" + TEXT["002-19a"] + """
print(sorted((r.id, r.ssn, r.email) for r in masked_data.toDF().collect()), masked_data.errorsCount())
""").ok()
    masked = "X" * 3 + "-XX-6789"
    assert f"[(1, '{masked}', None), (2, None, '5'), (3, None, None)] 1" in outcome.out, outcome.out


def test_erasure_of_a_customer_by_text_and_of_nobody(world):
    world.run("from datetime import datetime" + SESSION + """
for name in ("bronze.bnpl_transactions_raw", "silver.bnpl_transactions_clean", "gold.customer_profiles"):
    spark.sql(f"CREATE DATABASE IF NOT EXISTS glue_catalog.{name.split('.')[0]}")
    spark.sql(f"CREATE TABLE glue_catalog.{name} (customer_id BIGINT, v STRING) USING iceberg "
              "TBLPROPERTIES ('write.delete.mode' = 'merge-on-read', 'format-version' = '2')")
    spark.sql(f"INSERT INTO glue_catalog.{name} VALUES (1, 'a'), (1, 'b'), (2, 'c'), (NULL, 'd')")
spark.sql("CREATE DATABASE IF NOT EXISTS glue_catalog.audit")
""" + TEXT["003-11"] + """
delete_customer_data(1)
delete_customer_data(99)
for name in ("bronze.bnpl_transactions_raw", "silver.bnpl_transactions_clean", "gold.customer_profiles"):
    assert sorted(r.v for r in spark.table(f"glue_catalog.{name}").collect()) == ["c", "d"], name
assert sorted(r.customer_id for r in spark.table("glue_catalog.audit.gdpr_actions").collect()) == [1, 99]
""").ok()
