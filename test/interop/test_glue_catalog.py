"""firn's GlueCatalog against a Glue server (moto): the tables that PyIceberg's GlueCatalog sees, the reverse, and what Glue
itself is told. Data is on S3 of the same server."""

import os
import re
import subprocess
import sys

import boto3
import pytest

from engines import FirnWith
from s3_server import BUCKET, Proxy

# As scripts for Glue jobs spell it.
CATALOG = "spark.sql.catalog.glue_catalog"
GLUE_CONF = {CATALOG: "org.apache.iceberg.spark.SparkCatalog",
             f"{CATALOG}.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
             f"{CATALOG}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO"}


@pytest.fixture
def server(s3_server):
    return s3_server


class OnGlue(FirnWith):
    """firn with glue_catalog on the server; its own catalog is a local folder."""

    def __init__(self, binary, folder, warehouse, environment, conf):
        super().__init__(binary, folder, {**conf, f"{CATALOG}.warehouse": warehouse}, environment)
        self.glue_warehouse = warehouse

    def run_script(self, script, *arguments, options=()):
        """What `firn run` of a script's text prints; its own catalog is another folder."""
        file = self.warehouse / "job.py"
        file.write_text(script)
        command = [*self.around(), f"FIRN_PYTHON={sys.executable}", str(self.binary), "run", "--warehouse", str(self.warehouse / "own"),
                   *options, str(file), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, cwd=self.warehouse)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout


def everything(server):
    return {"AWS_ENDPOINT_URL": server.endpoint, "AWS_ACCESS_KEY_ID": server.key, "AWS_SECRET_ACCESS_KEY": server.secret,
            "AWS_REGION": "us-east-1"}


@pytest.fixture
def space(request):
    return re.sub(r"\W+", "_", request.node.name).strip("_").lower()[:50]


@pytest.fixture
def lake(firn, server, tmp_path, space):
    return OnGlue(firn.binary, tmp_path, f"s3://{BUCKET}/{space}", everything(server), GLUE_CONF)


@pytest.fixture
def glue(server):
    return boto3.client("glue", endpoint_url=server.endpoint, region_name="us-east-1", aws_access_key_id=server.key,
                        aws_secret_access_key=server.secret)


@pytest.fixture
def pyiceberg(server, lake):
    from pyiceberg.catalog.glue import GlueCatalog

    return GlueCatalog("glue", warehouse=lake.glue_warehouse, **{
        "glue.endpoint": server.endpoint, "glue.region": "us-east-1", "glue.access-key-id": server.key,
        "glue.secret-access-key": server.secret, "s3.endpoint": server.endpoint, "s3.access-key-id": server.key,
        "s3.secret-access-key": server.secret, "s3.region": "us-east-1"})


# ---- tables

def test_what_firn_makes_pyiceberg_reads_and_the_reverse(lake, pyiceberg, space):
    table = f"glue_catalog.{space}.t"
    lake.run(f"CREATE NAMESPACE glue_catalog.{space}; CREATE TABLE {table} (id BIGINT, name STRING, part BIGINT) USING iceberg "
             f"PARTITIONED BY (part); INSERT INTO {table} SELECT id, concat('row ', id), id % 3 FROM range(100); "
             f"DELETE FROM {table} WHERE id = 7; UPDATE {table} SET name = 'changed' WHERE id = 8")
    seen = pyiceberg.load_table(f"{space}.t")
    assert seen.location() == f"s3://{BUCKET}/{space}/{space}.db/t"
    rows = seen.scan().to_arrow()
    assert sorted(rows["id"].to_pylist()) == [i for i in range(100) if i != 7]
    seen.append(rows.slice(0, 5))
    assert lake.rows(f"SELECT count(*) AS n, count_if(name = 'changed') AS c FROM {table}")[0]["n"] == 104
    pyiceberg.create_table(f"{space}.theirs", schema=rows.schema).append(rows.slice(0, 9))
    lake.run(f"INSERT INTO glue_catalog.{space}.theirs VALUES (1000, 'ours', 1)")
    assert lake.rows(f"SELECT count(*) AS n, max(id) AS m FROM glue_catalog.{space}.theirs") == [{"n": 10, "m": 1000}]
    assert len(pyiceberg.load_table(f"{space}.theirs").scan().to_arrow()) == 10


def test_what_glue_is_told(lake, glue, space):
    table = f"glue_catalog.{space}.t"
    lake.run(f"CREATE NAMESPACE glue_catalog.{space}; CREATE TABLE {table} (id BIGINT NOT NULL COMMENT 'the key', "
             f"price DECIMAL(9, 2), at TIMESTAMP, gone INT, tags ARRAY<STRING>, at_home STRUCT<street: STRING, no: INT>, "
             f"counts MAP<STRING, BIGINT>) USING iceberg COMMENT 'a table'")
    made = glue.get_table(DatabaseName=space, Name="t")["Table"]
    first = made["Parameters"]["metadata_location"]
    assert made["TableType"] == "EXTERNAL_TABLE" and made["Description"] == "a table"
    assert made["Parameters"] == {"table_type": "ICEBERG", "metadata_location": first}
    assert re.fullmatch(rf"s3://{BUCKET}/{space}/{space}\.db/t/metadata/00000-[0-9a-f-]{{36}}\.metadata\.json", first)
    lake.run(f"INSERT INTO {table} (id) VALUES (1); ALTER TABLE {table} DROP COLUMN gone")
    changed = glue.get_table(DatabaseName=space, Name="t")["Table"]
    assert changed["VersionId"] == "3"
    assert changed["Parameters"]["previous_metadata_location"].split("/")[-1].startswith("00001-")
    assert changed["StorageDescriptor"]["Location"] == f"s3://{BUCKET}/{space}/{space}.db/t"
    columns = {c["Name"]: c for c in changed["StorageDescriptor"]["Columns"]}
    assert {name: c["Type"] for name, c in columns.items()} == {
        "id": "bigint", "price": "decimal(9,2)", "at": "timestamp", "tags": "array<string>",
        "at_home": "struct<street:string,no:int>", "counts": "map<string,bigint>", "gone": "int"}
    assert columns["id"]["Comment"] == "the key"
    assert columns["id"]["Parameters"] == {"iceberg.field.id": "1", "iceberg.field.optional": "false", "iceberg.field.current": "true"}
    assert columns["gone"]["Parameters"]["iceberg.field.current"] == "false"


def test_places_of_tables(lake, glue, space):
    """Below the database's location where it has one, else <warehouse>/<database>.db."""
    glue.create_database(DatabaseInput={"Name": space, "LocationUri": f"s3://{BUCKET}/elsewhere/{space}"})
    lake.run(f"CREATE TABLE glue_catalog.{space}.t USING iceberg AS SELECT 1 AS i; "
             f"CREATE TABLE glue_catalog.{space}.said (i INT) USING iceberg LOCATION 's3://{BUCKET}/said/{space}'")
    places = {t["Name"]: t["StorageDescriptor"]["Location"] for t in glue.get_tables(DatabaseName=space)["TableList"]}
    assert places == {"t": f"s3://{BUCKET}/elsewhere/{space}/t", "said": f"s3://{BUCKET}/said/{space}"}


def test_databases_and_lists_in_pages(lake, glue, space):
    for n in range(5):
        glue.create_database(DatabaseInput={"Name": f"{space}_{n}"})
    lake.run(f"CREATE NAMESPACE glue_catalog.{space} COMMENT 'of the test' LOCATION 's3://{BUCKET}/x' WITH DBPROPERTIES ('k' = 'v'); "
             + "; ".join(f"CREATE TABLE glue_catalog.{space}.t{n} (i INT) USING iceberg" for n in range(5)))
    database = glue.get_database(Name=space)["Database"]
    assert (database["Description"], database["LocationUri"], database["Parameters"]["k"]) == ("of the test", f"s3://{BUCKET}/x", "v")
    glue.create_table(DatabaseName=space, TableInput={"Name": "not_iceberg", "Parameters": {}})
    assert [r["tableName"] for r in lake.rows(f"SHOW TABLES IN glue_catalog.{space}")] == [f"t{n}" for n in range(5)]
    shown = [row["namespace"] for row in lake.rows("SHOW NAMESPACES IN glue_catalog")]
    assert {space, *(f"{space}_{n}" for n in range(5))} <= set(shown)
    lake.run(f"ALTER NAMESPACE glue_catalog.{space} SET PROPERTIES ('k' = 'w', 'l' = 'm')")
    assert glue.get_database(Name=space)["Database"]["Parameters"]["k"] == "w"
    assert "SCHEMA_NOT_EMPTY" in lake.error(f"DROP NAMESPACE glue_catalog.{space}")
    lake.run(f"DROP NAMESPACE glue_catalog.{space}_0")
    assert f"{space}_0" not in [d["Name"] for d in glue.get_paginator("get_databases").paginate().build_full_result()["DatabaseList"]]
    assert "not_iceberg" in lake.error(f"SELECT * FROM glue_catalog.{space}.not_iceberg")


def test_rename_register_and_drop(lake, server, glue, space):
    spaced = f"glue_catalog.{space}"
    lake.run(f"CREATE NAMESPACE {spaced}; CREATE TABLE {spaced}.a USING iceberg AS SELECT 1 AS i; "
             f"ALTER TABLE {spaced}.a RENAME TO {spaced}.b")
    assert lake.rows(f"SELECT * FROM {spaced}.b") == [{"i": 1}]
    assert "TABLE_OR_VIEW_NOT_FOUND" in lake.error(f"SELECT * FROM {spaced}.a")
    file = glue.get_table(DatabaseName=space, Name="b")["Table"]["Parameters"]["metadata_location"]
    lake.run(f"CALL glue_catalog.system.register_table(table => '{space}.c', metadata_file => '{file}')")
    assert lake.rows(f"SELECT * FROM {spaced}.c") == [{"i": 1}]
    assert "ALREADY_EXISTS" in lake.error(f"CREATE TABLE {spaced}.b (i INT) USING iceberg")
    lake.run(f"DROP TABLE {spaced}.c; DROP TABLE {spaced}.b PURGE")
    assert not server.keys(f"{space}/{space}.db/a/data")
    assert glue.get_tables(DatabaseName=space)["TableList"] == []


def test_two_processes_append_at_once(lake, glue, space):
    table = f"glue_catalog.{space}.t"
    lake.run(f"CREATE NAMESPACE glue_catalog.{space}; CREATE TABLE {table} (w INT, i INT) USING iceberg TBLPROPERTIES "
             "('commit.retry.num-retries' = '50', 'commit.retry.min-wait-ms' = '20', 'commit.retry.max-wait-ms' = '500')")
    writers = [lake.start("; ".join(f"INSERT INTO {table} VALUES ({w}, {i})" for i in range(8))) for w in range(2)]
    for writer in writers:
        _, errors = writer.communicate(timeout=240)
        assert writer.returncode == 0, errors
    assert sorted((r["w"], r["i"]) for r in lake.rows(f"SELECT * FROM {table}")) == [(w, i) for w in range(2) for i in range(8)]
    assert glue.get_table(DatabaseName=space, Name="t")["Table"]["VersionId"] == "17"


@pytest.mark.parametrize("trouble", ["busy", "error", "drop", "lose"])
def test_passing_trouble_is_waited_out(lake, server, space, trouble):
    """Every third request fails once; also one that had its effect, whose answer was lost. Nothing is lost or done twice."""
    table = f"glue_catalog.{space}.t"
    with Proxy(server, lambda number, *_: trouble if number % 3 == 2 else "pass") as proxy:
        lake.environment = {**lake.environment, "AWS_ENDPOINT_URL_GLUE": proxy.endpoint}
        lake.run(f"CREATE NAMESPACE glue_catalog.{space}; CREATE TABLE {table} (i INT) USING iceberg; "
                 + "; ".join(f"INSERT INTO {table} VALUES ({i})" for i in range(4)))
        assert sorted(r["i"] for r in lake.rows(f"SELECT i FROM {table}")) == [0, 1, 2, 3]
        assert sum(verdict == trouble for *_, verdict in proxy.seen) > 3


# ---- which catalog a name means

def test_without_credentials_glue_is_the_embedded_catalog(lake, space):
    lake.environment = {}
    lake.run(f"CREATE NAMESPACE glue_catalog.{space}; CREATE TABLE glue_catalog.{space}.t USING iceberg AS SELECT 1 AS i")
    assert lake.rows(f"SELECT * FROM {space}.t") == [{"i": 1}]


def test_options_of_the_catalog_are_enough(lake, server, pyiceberg, space):
    """No variable of AWS: endpoints and credentials are the catalog's own."""
    lake.environment = {}
    lake.conf.update({f"{CATALOG}.glue.endpoint": server.endpoint, f"{CATALOG}.client.region": "us-east-1",
                      f"{CATALOG}.client.access-key-id": server.key, f"{CATALOG}.client.secret-access-key": server.secret,
                      f"{CATALOG}.s3.endpoint": server.endpoint, f"{CATALOG}.s3.access-key-id": server.key,
                      f"{CATALOG}.s3.secret-access-key": server.secret})
    lake.run(f"CREATE NAMESPACE glue_catalog.{space}; CREATE TABLE glue_catalog.{space}.t USING iceberg AS SELECT 1 AS i")
    assert pyiceberg.load_table(f"{space}.t").scan().to_arrow().to_pylist() == [{"i": 1}]


def test_a_script_as_glue_jobs_are_written(lake, pyiceberg, space):
    printed = lake.run_script(f"""
import sys
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext
from pyspark.sql import SparkSession

args = getResolvedOptions(sys.argv, ["JOB_NAME"])
spark = SparkSession.builder \\
    .config("spark.sql.extensions", "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions") \\
    .config("spark.sql.catalog.glue_catalog", "org.apache.iceberg.spark.SparkCatalog") \\
    .config("spark.sql.catalog.glue_catalog.warehouse", "{lake.glue_warehouse}") \\
    .config("spark.sql.catalog.glue_catalog.catalog-impl", "org.apache.iceberg.aws.glue.GlueCatalog") \\
    .config("spark.sql.catalog.glue_catalog.io-impl", "org.apache.iceberg.aws.s3.S3FileIO") \\
    .getOrCreate()
job = Job(GlueContext(SparkContext.getOrCreate()))
job.init(args["JOB_NAME"], args)
spark.sql("CREATE DATABASE IF NOT EXISTS glue_catalog.{space}")
spark.range(10).writeTo("glue_catalog.{space}.t").using("iceberg").createOrReplace()
spark.range(10, 20).writeTo("glue_catalog.{space}.t").append()
print("rows:", spark.table("glue_catalog.{space}.t").count())
job.commit()
""", "--JOB_NAME", "x")
    assert "rows: 20" in printed
    assert sorted(pyiceberg.load_table(f"{space}.t").scan().to_arrow()["id"].to_pylist()) == list(range(20))


def test_from_catalog_reads_and_writes_glue_without_a_conf(lake, pyiceberg, space):
    """As in a job, whose Data Catalog is there without being named."""
    lake.run(f"CREATE NAMESPACE glue_catalog.{space}; CREATE TABLE glue_catalog.{space}.t USING iceberg AS SELECT 1 AS i")
    printed = lake.run_script(f"""
from awsglue.context import GlueContext
from pyspark.context import SparkContext

glue = GlueContext(SparkContext.getOrCreate())
frame = glue.create_dynamic_frame.from_catalog(database="{space}", table_name="t")
print("rows:", frame.count())
glue.write_dynamic_frame.from_catalog(frame=frame, database="{space}", table_name="t")
""", options=["--conf", f"{CATALOG}.warehouse={lake.glue_warehouse}"])
    assert "rows: 1" in printed
    assert pyiceberg.load_table(f"{space}.t").scan().to_arrow()["i"].to_pylist() == [1, 1]


# ---- what goes wrong

REFUSALS = {
    "a wrong secret": ({"AWS_SECRET_ACCESS_KEY": "wrong"}, {}, "FIRN_PERMISSION", "signature"),
    "an endpoint where nobody listens": ({"AWS_ENDPOINT_URL_GLUE": "http://127.0.0.1:9"}, {}, "FIRN_UNAVAILABLE", "127.0.0.1"),
    "roles": ({}, {f"{CATALOG}.client.assume-role.arn": "arn:aws:iam::1:role/x"}, "UNSUPPORTED_FEATURE", "client.assume-role.arn"),
    "Lake Formation": ({}, {f"{CATALOG}.glue.lakeformation-enabled": "true"}, "UNSUPPORTED_FEATURE", "lakeformation"),
    "Hive": ({}, {f"{CATALOG}.catalog-impl": "org.apache.iceberg.hive.HiveCatalog"}, "UNSUPPORTED_FEATURE", "HiveCatalog"),
    "Hadoop": ({}, {f"{CATALOG}.catalog-impl": "", f"{CATALOG}.type": "hadoop"}, "UNSUPPORTED_FEATURE", "hadoop"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_refusals_name_what_is_wrong(lake, what):
    environment, conf, condition, named = REFUSALS[what]
    lake.environment = {**lake.environment, **environment}
    lake.conf.update(conf)
    message = lake.error("CREATE NAMESPACE glue_catalog.x")
    assert condition in message and named.lower() in message.lower()


def test_aws_without_credentials_is_refused(lake):
    lake.environment = {}
    lake.conf["firn.aws"] = "true"
    message = lake.error("CREATE NAMESPACE glue_catalog.x")
    assert "FIRN_PERMISSION" in message and "AWS_ACCESS_KEY_ID" in message


def test_unqualified_names_do_not_go_elsewhere(lake):
    """spark_catalog is set to Hive's: with AWS in use nothing of it is silently firn's own."""
    lake.conf.update({"spark.sql.catalog.spark_catalog": "org.apache.iceberg.spark.SparkSessionCatalog",
                      "spark.sql.catalog.spark_catalog.type": "hive"})
    assert "hive" in lake.error("CREATE TABLE db.t (i INT) USING iceberg")
    lake.environment = {}
    lake.run("CREATE TABLE db.t (i INT) USING iceberg")


@pytest.mark.parametrize("name", ["Upper", "with-dash", "a" * 256])
def test_names_that_glue_cannot_have(lake, space, name):
    lake.run(f"CREATE NAMESPACE glue_catalog.{space}_{len(name)}")
    assert "lower-case" in lake.error(f"CREATE TABLE glue_catalog.{space}_{len(name)}.`{name}` (i INT) USING iceberg")


def test_a_place_is_needed(lake, space):
    del lake.conf[f"{CATALOG}.warehouse"]
    lake.run(f"CREATE NAMESPACE glue_catalog.{space}")
    assert ".warehouse" in lake.error(f"CREATE TABLE glue_catalog.{space}.t (i INT) USING iceberg")
