"""firn's S3 store against an S3 server: the rows of src/files/file_store_test.cc, and a warehouse of tables on s3://."""

import datetime
import os
import re
import subprocess
from pathlib import Path

import pytest

from engines import FirnWith
from s3_server import BUCKET, Proxy

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("FIRN", ROOT / "build/release/firn")).parent / "test/firn_files_test"
ROWS = "SELECT id, concat('row ', id) AS name, id % 3 AS part FROM range(100)"


@pytest.fixture
def server(s3_server):
    return s3_server


class OnS3(FirnWith):
    """firn with its tables below s3://BUCKET/folder and the catalog in a local file."""

    def __init__(self, binary, folder, prefix, environment, **conf):
        self.prefix, self.database = prefix, folder / "catalog.db"
        super().__init__(binary, f"s3://{BUCKET}/{prefix}", {"firn.catalog.database": str(self.database), **conf}, environment)


@pytest.fixture
def lake(firn, server, tmp_path):
    prefix = re.sub(r"\W", "_", tmp_path.name)
    return OnS3(firn.binary, tmp_path, prefix, server.environment())


def pyiceberg_of(lake, server):
    from pyiceberg.catalog.sql import SqlCatalog

    return SqlCatalog("firn", uri=f"sqlite:///{lake.database}", warehouse=lake.warehouse, **{
        "s3.endpoint": server.endpoint, "s3.access-key-id": server.key, "s3.secret-access-key": server.secret,
        "s3.region": "us-east-1"})


# ---- the store

def run_unit_rows(server, rows, **changed):
    environment = {**os.environ, **server.environment(), "FIRN_TEST_S3_BUCKET": BUCKET, **changed}
    return subprocess.run([str(PROGRAM), f"--gtest_filter={rows}"], env=environment, capture_output=True, text=True, timeout=300)


def test_what_holds_for_every_store_holds_for_s3(server):
    done = run_unit_rows(server, "*/s3")
    assert done.returncode == 0, done.stdout
    assert "[  PASSED  ] 0 tests" not in done.stdout and "/s3" in done.stdout


def test_a_wrong_secret_is_refused(server):
    done = run_unit_rows(server, "*WritesAndReads/s3", AWS_SECRET_ACCESS_KEY="wrong")
    assert done.returncode != 0
    assert "FIRN_PERMISSION" in done.stdout


# ---- a warehouse

def test_tables_on_s3_are_read_by_pyiceberg_and_the_reverse(lake, server):
    lake.run(f"CREATE TABLE db.t (id BIGINT, name STRING, part BIGINT) USING iceberg PARTITIONED BY (part, bucket(4, name)); "
             f"INSERT INTO db.t {ROWS}; DELETE FROM db.t WHERE id = 7; UPDATE db.t SET name = 'changed' WHERE id = 8")
    table = pyiceberg_of(lake, server).load_table("db.t")
    assert table.location() == f"s3://{BUCKET}/{lake.prefix}/db/t"
    assert all(task.file.file_path.startswith(table.location()) for task in table.scan().plan_files())
    rows = table.scan().to_arrow()
    assert sorted(rows["id"].to_pylist()) == [i for i in range(100) if i != 7]
    table.append(rows.slice(0, 5))
    assert lake.rows("SELECT count(*) AS n, count_if(name = 'changed') AS c FROM db.t")[0]["n"] == 104
    assert lake.rows("SELECT count(*) AS n FROM db.t WHERE part = 1") == [
        {"n": rows["part"].to_pylist().count(1) + rows["part"].to_pylist()[:5].count(1)}]


def test_large_files_go_up_in_parts(lake, server):
    lake.run("CREATE TABLE db.big USING iceberg TBLPROPERTIES ('write.parquet.compression-codec' = 'uncompressed') AS "
             "SELECT id, repeat(md5(cast(id AS STRING)), 8) AS text FROM range(100000)")
    [data] = [key for key in server.keys(f"{lake.prefix}/db/big/data")]
    head = server.client().head_object(Bucket=BUCKET, Key=data)
    assert head["ContentLength"] > 16 << 20
    assert int(head["ETag"].strip('"').split("-")[1]) == -(-head["ContentLength"] // (8 << 20))
    assert lake.rows("SELECT count(DISTINCT text) AS n, max(id) AS m FROM db.big") == [{"n": 100000, "m": 99999}]
    assert not server.client().list_multipart_uploads(Bucket=BUCKET).get("Uploads")


def test_orphans_on_s3_go_and_live_files_stay(lake, server):
    lake.run(f"CREATE TABLE db.t USING iceberg AS {ROWS}")
    live = set(server.keys(lake.prefix))
    orphan, young = (f"{lake.prefix}/db/t/data/{name}.parquet" for name in ("aged", "young"))
    for key in (orphan, young):
        server.client().put_object(Bucket=BUCKET, Key=key, Body=b"x")
    live.add(young)
    day_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=25)
    removed = lake.rows(f"CALL system.remove_orphan_files(table => 'db.t', older_than => TIMESTAMP '{day_ago:%Y-%m-%d %H:%M:%S}')")
    assert [row["orphan_file_location"] for row in removed] == [f"s3://{BUCKET}/{orphan}"]
    assert set(server.keys(lake.prefix)) == live
    server.client().delete_object(Bucket=BUCKET, Key=young)
    lake.run("DROP TABLE db.t PURGE")
    assert not [key for key in server.keys(f"{lake.prefix}/db/t") if key.endswith(".parquet")]


def test_a_stream_with_table_and_checkpoint_on_s3(lake, server, tmp_path):
    lake.run("CREATE TABLE db.source (id BIGINT) USING iceberg; INSERT INTO db.source SELECT id FROM range(10)")
    file = tmp_path / "pipeline.sql"
    file.write_text("CREATE STREAMING TABLE db.target AS SELECT id * 2 AS twice FROM STREAM db.source;")
    words = lake.command("")
    at = words.index("sql")
    run = [*words[:at], "run", str(file), "--once",
           *(w for i, w in enumerate(words[at + 1:-2], at + 1) if w not in ("--format", "json"))]
    for more in (range(0), range(10, 20)):
        if more:
            lake.run(f"INSERT INTO db.source SELECT id FROM range({more.start}, {more.stop})")
        done = subprocess.run(run, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr + done.stdout
    assert sorted(pyiceberg_of(lake, server).load_table("db.target").scan().to_arrow()["twice"].to_pylist()) == list(range(0, 40, 2))
    assert any("/offsets/" in key for key in server.keys(lake.prefix))


def test_two_processes_append_at_once(lake):
    lake.run("CREATE TABLE db.t (w INT, i INT) USING iceberg TBLPROPERTIES ('commit.retry.num-retries' = '50', "
             "'commit.retry.min-wait-ms' = '20', 'commit.retry.max-wait-ms' = '500')")
    writers = [lake.start("; ".join(f"INSERT INTO db.t VALUES ({w}, {i})" for i in range(5))) for w in range(2)]
    for writer in writers:
        _, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors
    assert sorted((r["w"], r["i"]) for r in lake.rows("SELECT * FROM db.t")) == [(w, i) for w in range(2) for i in range(5)]


# ---- where the options come from

CATALOG = "spark.sql.catalog.firn."
HADOOP = "spark.hadoop.fs.s3a."
SPELLINGS = {
    "Iceberg's": lambda s: ({}, {CATALOG + "s3.endpoint": s.endpoint, CATALOG + "s3.access-key-id": s.key,
                                 CATALOG + "s3.secret-access-key": s.secret, CATALOG + "s3.path-style-access": "true",
                                 CATALOG + "client.region": "us-east-1"}),
    "Hadoop's": lambda s: ({}, {HADOOP + "endpoint": s.endpoint, HADOOP + "access.key": s.key, HADOOP + "secret.key": s.secret,
                                HADOOP + "path.style.access": "true", HADOOP + "endpoint.region": "us-east-1"}),
    "Hadoop's endpoint without a scheme": lambda s: ({}, {
        HADOOP + "endpoint": s.endpoint.removeprefix("http://"), HADOOP + "connection.ssl.enabled": "false",
        HADOOP + "access.key": s.key, HADOOP + "secret.key": s.secret, HADOOP + "path.style.access": "true"}),
    "the environment's": lambda s: ({"AWS_ENDPOINT_URL": s.endpoint, "AWS_ACCESS_KEY_ID": s.key, "AWS_SECRET_ACCESS_KEY": s.secret,
                                     "AWS_DEFAULT_REGION": "us-east-1"}, {}),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_options_by_every_name(firn, server, tmp_path, spelling):
    environment, conf = SPELLINGS[spelling](server)
    lake = OnS3(firn.binary, tmp_path, re.sub(r"\W", "_", tmp_path.name), environment, **conf)
    lake.run("CREATE TABLE db.t USING iceberg AS SELECT 1 AS i")
    assert lake.rows("SELECT * FROM db.t") == [{"i": 1}]
    assert server.keys(f"{lake.prefix}/db/t/metadata")


def test_credentials_of_a_profile(firn, server, tmp_path):
    (tmp_path / "credentials").write_text(f"[default]\naws_access_key_id=x\naws_secret_access_key=y\n\n"
                                          f"[lake]\naws_access_key_id={server.key}\naws_secret_access_key={server.secret}\n")
    (tmp_path / "config").write_text("[profile lake]\nregion = us-east-1\n")
    lake = OnS3(firn.binary, tmp_path, re.sub(r"\W", "_", tmp_path.name), {
        "AWS_ENDPOINT_URL_S3": server.endpoint, "AWS_PROFILE": "lake", "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_CONFIG_FILE": str(tmp_path / "config")})
    lake.run("CREATE TABLE db.t USING iceberg AS SELECT 1 AS i")
    assert lake.rows("SELECT * FROM db.t") == [{"i": 1}]


# ---- what goes wrong

REFUSALS = {
    "a wrong secret": ({"AWS_SECRET_ACCESS_KEY": "wrong"}, {}, "FIRN_PERMISSION", "SignatureDoesNotMatch"),
    "a wrong key": ({"AWS_ACCESS_KEY_ID": "wrong"}, {}, "FIRN_PERMISSION", "InvalidAccessKeyId"),
    "half of the credentials": ({"AWS_SECRET_ACCESS_KEY": ""}, {}, "FIRN_INVALID_INPUT", "s3.secret-access-key"),
    "an endpoint where nobody listens": ({"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"}, {}, "FIRN_UNAVAILABLE", "s3://"),
    "a misspelt option": ({}, {CATALOG + "s3.endpont": "x"}, "FIRN_UNKNOWN_OPTION", "s3.endpoint"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_refusals_name_what_is_wrong(lake, what):
    environment, conf, condition, named = REFUSALS[what]
    lake.environment = {**lake.environment, **environment}
    lake.conf.update(conf)
    message = lake.error("CREATE TABLE db.t USING iceberg AS SELECT 1 AS i")
    assert condition in message and named in message


def test_a_bucket_that_is_missing_is_named(lake):
    lake.warehouse = "s3://no-such-bucket/x"
    message = lake.error("CREATE TABLE db.t USING iceberg AS SELECT 1 AS i")
    assert "no-such-bucket" in message and "NoSuchBucket" in message


@pytest.mark.parametrize("trouble", ["busy", "error", "drop", "lose"])
def test_passing_trouble_is_waited_out(lake, server, trouble):
    """Every third request fails once; also one that had its effect, whose answer was lost."""
    with Proxy(server, lambda number, *_: trouble if number % 3 == 2 else "pass") as proxy:
        lake.environment = {**lake.environment, "AWS_ENDPOINT_URL_S3": proxy.endpoint}
        lake.run(f"CREATE TABLE db.t USING iceberg AS {ROWS}; INSERT INTO db.t {ROWS}; DELETE FROM db.t WHERE id < 10")
        assert lake.rows("SELECT count(*) AS n, count(DISTINCT id) AS d FROM db.t") == [{"n": 180, "d": 90}]
        assert sum(verdict == trouble for *_, verdict in proxy.seen) > 3
    assert len(pyiceberg_of(lake, server).load_table("db.t").snapshots()) == 3


def test_trouble_that_stays_is_named(lake, server):
    with Proxy(server, lambda *_: "busy") as proxy:
        lake.environment = {**lake.environment, "AWS_ENDPOINT_URL_S3": proxy.endpoint}
        message = lake.error("CREATE TABLE db.t USING iceberg AS SELECT 1 AS i")
    assert "FIRN_UNAVAILABLE" in message and "SlowDown" in message


def test_a_store_that_ignores_conditions_is_refused_where_they_decide(lake, server, tmp_path):
    """A checkpoint's prepared records are put only where there is none: two writers must not both succeed."""
    lake.run("CREATE TABLE db.source USING iceberg AS SELECT 1 AS id")
    file = tmp_path / "pipeline.sql"
    file.write_text("CREATE STREAMING TABLE db.target AS SELECT id FROM STREAM db.source;")
    with Proxy(server, lambda number, method, path, headers: "unconditional") as proxy:
        lake.environment = {**lake.environment, "AWS_ENDPOINT_URL_S3": proxy.endpoint}
        words = lake.command("")
        at = words.index("sql")
        run = [*words[:at], "run", str(file), "--once", *(w for w in words[at + 1:-2] if w not in ("--format", "json"))]
        done = subprocess.run(run, capture_output=True, text=True, timeout=120)
    assert done.returncode != 0
    assert "If-None-Match" in done.stderr + done.stdout
