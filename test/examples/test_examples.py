"""The jobs under examples/, each on its own data, and what they make."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test/seeds"), str(ROOT / "test")]
from postgres_server import Postgres  # noqa: E402
from world import World  # noqa: E402


def pending():
    """Tests of test/examples/pending.tsv may fail: the reason stands there."""
    lines = (Path(__file__).resolve().parent / "pending.tsv").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines if line and not line.startswith("#"))


@pytest.fixture(autouse=True)
def may_fail(request):
    reason = pending().get(request.node.name)
    if reason:
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def job(world, name, *arguments):
    data = ROOT / "examples" / name / "data"
    if data.exists() and not (world.folder / ".firn/s3").exists():
        shutil.copytree(data, world.folder / ".firn/s3")
    text = (ROOT / "examples" / name / "job.py").read_text()
    return world.run(text, ["--JOB_NAME", name, *arguments])


def test_studio_generated(world):
    job(world, "studio_generated").ok()
    assert {name.split("/")[0] for name in world.objects("s3://sales-lake/daily")} == {"region=eu-west",
                                                                                      "region=eu-north"}
    world.run("""
from pyspark.sql import SparkSession
frame = SparkSession.builder.getOrCreate().read.parquet("s3://sales-lake/daily/")
rows = sorted((r.region, str(r.order_date), r.revenue, r.orders) for r in frame.collect())
assert rows == [("eu-north", "2026-01-02", 7.0, 1), ("eu-west", "2026-01-01", 15.0, 2)], rows
""", name="look.py").ok()


def test_cdc_upsert(world):
    arguments = ["--source", "s3://dms/shop/customers/", "--table", "shop.customers",
                 "--job-bookmark-option", "job-bookmark-enable"]
    job(world, "cdc_upsert", *arguments).ok()
    want = [{"id": 1, "city": "Oslo"}, {"id": 3, "city": "Rome"}, {"id": 4, "city": "Bonn"}]
    assert world.rows("SELECT id, city FROM glue_catalog.shop.customers ORDER BY id") == want
    world.put("s3://dms/shop/customers/2026/01/02/20260102.csv",
              "Op,id,name,city,ts,seq\nD,4,Dan,Bonn,2026-01-02 00:00:00,8\nU,3,Cyd,Nice,2025-01-01 00:00:00,9\n")
    job(world, "cdc_upsert", *arguments).ok()
    assert world.rows("SELECT id, city FROM glue_catalog.shop.customers ORDER BY id") == want[:2]


def test_relationalize(world):
    outcome = job(world, "relationalize", "--TempDir", "s3://temp/").ok()
    assert "orders_items 3" in outcome.out and "total: choice" in outcome.out, outcome.out
    world.run("""
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
root, items = spark.read.parquet("s3://flat/orders"), spark.read.parquet("s3://flat/orders_items")
joined = root.join(items, root["items"] == items["id"])
rows = sorted((r.order_id, r["customer.name"], r["items.val.sku"], r["items.val.price"]) for r in joined.collect())
assert rows == [(1, "Ada", "a", 10.0), (1, "Ada", "b", 20.5), (2, "Bob", "c", 7.0)], rows
assert root.where("order_id = 3").collect()[0]["total"] == 0.0
""", name="look.py").ok()


def test_bookmarks(world):
    marks = ["--job-bookmark-option", "job-bookmark-enable"]
    assert job(world, "bookmarks", "--fail", "yes", *marks).code == 1
    assert "2 new events" in job(world, "bookmarks", "--fail", "no", *marks).ok().out
    assert "0 new events" in job(world, "bookmarks", "--fail", "no", *marks).ok().out
    world.put_json("s3://events/raw/2026-01-02/b.json", [{"id": 3, "day": "2026-01-02"}])
    assert "1 new events" in job(world, "bookmarks", "--fail", "yes", *marks).out
    paused = ["--job-bookmark-option", "job-bookmark-pause"]
    assert "1 new events" in job(world, "bookmarks", "--fail", "no", *paused).ok().out
    assert "1 new events" in job(world, "bookmarks", "--fail", "yes", *marks).out, "a paused run moved the bookmark"
    assert world.rows("SELECT day, sum(events) AS n FROM glue_catalog.counts.daily GROUP BY day ORDER BY day") == [
        {"day": "2026-01-01", "n": 2}, {"day": "2026-01-02", "n": 1}]


def test_gdpr_erasure(world):
    for layer in ("bronze", "gold"):
        world.sql(f"CREATE DATABASE IF NOT EXISTS glue_catalog.{layer}; CREATE TABLE glue_catalog.{layer}.c USING "
                  "iceberg AS SELECT * FROM VALUES (1, 'a'), (2, 'b') AS t(customer_id, v);").ok()
    outcome = job(world, "gdpr_erasure", "--customer_id", "1", "--tables", "bronze.c,gold.c").ok()
    assert "bronze.c: 1 rows erased" in outcome.out
    assert world.rows("SELECT customer_id, table_name, rows_deleted FROM glue_catalog.audit.erasures "
                      "ORDER BY table_name") == [{"customer_id": 1, "table_name": "bronze.c", "rows_deleted": 1},
                                                 {"customer_id": 1, "table_name": "gold.c", "rows_deleted": 1}]
    assert world.value("SELECT count(*) FROM glue_catalog.bronze.c.snapshots") == 1
    files = [Path(path) for path in (world.folder / "warehouse").rglob("*.parquet") if "bronze" in str(path)]
    import pyarrow.parquet as pq
    assert all(1 not in pq.read_table(path).column("customer_id").to_pylist() for path in files), "bytes are left"


def test_slowly_changing_dimension(world):
    for day in ("2026-01-01", "2026-02-01", "2026-02-01"):  # the same snapshot twice changes nothing
        job(world, "slowly_changing_dimension", "--snapshot", f"s3://crm/{day}/", "--as_of", day).ok()
    rows = world.rows("SELECT customer_id, city, valid_from, valid_to, is_current FROM glue_catalog.dim.customer "
                      "ORDER BY customer_id, valid_from")
    assert [(r["customer_id"], r["city"], r["valid_from"], r["valid_to"], r["is_current"]) for r in rows] == [
        (1, "London", "2026-01-01", "2026-02-01", False), (1, "Oslo", "2026-02-01", None, True),
        (2, "Paris", "2026-01-01", None, True), (3, "Rome", "2026-02-01", None, True)], rows


def test_sessionisation(world):
    job(world, "sessionisation", "--clicks", "s3://web/clicks/").ok()
    rows = world.rows("SELECT `user`, session, clicks, landing, pages FROM glue_catalog.web.sessions "
                      "ORDER BY `user`, session")
    assert rows == [{"user": "u1", "session": 1, "clicks": 2, "landing": "/", "pages": ["/", "/cart"]},
                    {"user": "u1", "session": 2, "clicks": 1, "landing": "/", "pages": ["/"]},
                    {"user": "u2", "session": 1, "clicks": 1, "landing": "/help", "pages": ["/help"]}], rows


def test_maintenance(world):
    world.sql("CREATE DATABASE IF NOT EXISTS glue_catalog.db; CREATE TABLE glue_catalog.db.t (id INT) USING iceberg;"
              + "".join(f"INSERT INTO glue_catalog.db.t VALUES ({n});" for n in range(5))).ok()
    outcome = job(world, "maintenance", "--tables", "db.t", "--keep_days", "0").ok()
    assert "db.t: 5 files -> 1, 2 snapshots" in outcome.out, outcome.out
    assert world.value("SELECT count(*) FROM glue_catalog.db.t") == 5


def test_streaming_upsert(world, tmp_path_factory):
    from kafka_broker import Broker
    broker = Broker(tmp_path_factory.mktemp("broker")).start()
    try:
        broker.create_topic("orders", 2)
        broker.produce("orders", [(None, f"o{n}", json.dumps({"order_id": f"o{n}", "status": status,
                                                              "at": f"2026-01-01T10:0{minute}:00Z"}))
                                  for n in range(10) for status, minute in (("new", 0), ("paid", 1))])
        text = (ROOT / "examples/streaming_upsert/job.py").read_text()
        process = world.start(text, ["--JOB_NAME", "up", "--brokers", broker.address, "--checkpoint", "s3://cp/up/"])
        world.until(lambda: world.value("SELECT count(*) FROM glue_catalog.orders.current WHERE status = 'paid'") == 10,
                    60, process)
        world.interrupt(process).ok()
        assert world.value("SELECT count(*) FROM glue_catalog.orders.current") == 10
    finally:
        broker.stop()


@pytest.fixture
def postgres():
    server = Postgres()
    yield server
    server.stop()


def test_jdbc_to_lake(world, postgres):
    postgres.sql((ROOT / "examples/jdbc_to_lake/payments.sql").read_text())
    (world.folder / ".firn").mkdir()
    (world.folder / ".firn/connections.json").write_text(json.dumps({"shop": {
        "url": postgres.jdbc, "user": "firn", "password": ""}}))
    arguments = ["--connection", "shop", "--dbtable", "public.payments", "--table", "lake.payments",
                 "--job-bookmark-option", "job-bookmark-enable"]
    job(world, "jdbc_to_lake", *arguments).ok()
    postgres.sql("INSERT INTO payments VALUES (3, 'Cyd', 9.99, '2026-01-03 00:00:00')")
    job(world, "jdbc_to_lake", *arguments).ok()
    rows = world.rows("SELECT payment_id, customer, CAST(amount AS STRING) AS amount FROM glue_catalog.lake.payments "
                      "ORDER BY payment_id")
    assert rows == [{"payment_id": 1, "customer": "Ada", "amount": "10.50"},
                    {"payment_id": 2, "customer": "Bob", "amount": "3.25"},
                    {"payment_id": 3, "customer": "Cyd", "amount": "9.99"}], rows
