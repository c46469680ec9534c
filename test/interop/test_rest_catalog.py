"""firn as a client of Iceberg's REST catalog protocol, against Iceberg's own server, beside PyIceberg's client."""

import re

import pytest

from engines import FirnWith
from rest_server import RestServer
from s3_server import BUCKET, Proxy

CATALOG = "spark.sql.catalog.rest"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rest")
    one = RestServer(folder, f"file:{folder}/warehouse")
    yield one
    one.stop()


class OnRest(FirnWith):
    """firn with the catalog `rest` at a server; its own catalog is a local folder."""

    def __init__(self, binary, folder, uri, **options):
        super().__init__(binary, folder, {
            CATALOG: "org.apache.iceberg.spark.SparkCatalog", f"{CATALOG}.type": "rest", f"{CATALOG}.uri": uri,
            **{f"{CATALOG}.{key}": value for key, value in options.items()}})


@pytest.fixture
def space(request):
    return re.sub(r"\W+", "_", request.node.name).strip("_").lower()[:50]


@pytest.fixture
def lake(firn, server, tmp_path):
    return OnRest(firn.binary, tmp_path, server.uri)


@pytest.fixture
def pyiceberg(server):
    from pyiceberg.catalog.rest import RestCatalog

    return RestCatalog("rest", uri=server.uri)


# ---- tables

def test_what_firn_makes_pyiceberg_reads_and_the_reverse(lake, pyiceberg, space):
    table = f"rest.{space}.t"
    lake.run(f"CREATE NAMESPACE rest.{space}; CREATE TABLE {table} (id BIGINT NOT NULL COMMENT 'the key', name STRING, part BIGINT) "
             f"USING iceberg PARTITIONED BY (part, bucket(4, name)) TBLPROPERTIES ('k' = 'v'); "
             f"INSERT INTO {table} SELECT id, concat('row ', id), id % 3 FROM range(100); "
             f"DELETE FROM {table} WHERE id = 7; UPDATE {table} SET name = 'changed' WHERE id = 8")
    seen = pyiceberg.load_table(f"{space}.t")
    assert seen.properties["k"] == "v" and [f.name for f in seen.spec().fields] == ["part", "name_bucket"]
    assert seen.schema().find_field("id").required and seen.schema().find_field("id").doc == "the key"
    rows = seen.scan().to_arrow()
    assert sorted(rows["id"].to_pylist()) == [i for i in range(100) if i != 7]
    theirs = pyiceberg.create_table(f"{space}.theirs", schema=rows.schema)
    theirs.append(rows.slice(0, 9))
    lake.run(f"INSERT INTO rest.{space}.theirs VALUES (1000, 'ours', 1)")
    assert lake.rows(f"SELECT count(*) AS n, max(id) AS m FROM rest.{space}.theirs") == [{"n": 10, "m": 1000}]
    assert len(pyiceberg.load_table(f"{space}.theirs").scan().to_arrow()) == 10


def test_every_kind_of_change_arrives(lake, pyiceberg, space):
    table = f"rest.{space}.t"
    lake.run(f"CREATE TABLE {table} USING iceberg AS SELECT 1 AS i, 'a' AS s; ALTER TABLE {table} ADD COLUMN n INT; "
             f"ALTER TABLE {table} RENAME COLUMN s TO text; ALTER TABLE {table} ALTER COLUMN n TYPE BIGINT; "
             f"ALTER TABLE {table} ADD PARTITION FIELD bucket(4, i); ALTER TABLE {table} SET TBLPROPERTIES ('a' = 'b'); "
             f"ALTER TABLE {table} CREATE BRANCH audit; ALTER TABLE {table} CREATE TAG t1; "
             f"INSERT INTO {table} VALUES (2, 'b', 20); "
             f"CREATE OR REPLACE TABLE {table} USING iceberg AS SELECT * FROM {table} WHERE i = 2")
    seen = pyiceberg.load_table(f"{space}.t")
    assert set(seen.refs()) == {"main", "audit", "t1"} and seen.properties["a"] == "b"
    assert seen.scan().to_arrow().to_pylist() == [{"i": 2, "text": "b", "n": 20}]
    assert lake.rows(f"SELECT i, s FROM {table} VERSION AS OF 't1'") == [{"i": 1, "s": "a"}]
    assert len(lake.rows(f"SELECT * FROM {table}.snapshots")) == len(seen.snapshots())


def test_names_spaces_and_lists_in_pages(firn, server, lake, pyiceberg, tmp_path, space):
    lake.conf[f"{CATALOG}.rest-page-size"] = "2"
    spaced = f"rest.{space}"
    lake.run(f"CREATE NAMESPACE {spaced} COMMENT 'of the test' WITH DBPROPERTIES ('k' = 'v'); "
             f"CREATE NAMESPACE {spaced}.`in ner/x`; CREATE TABLE {spaced}.`in ner/x`.`a b` (i INT) USING iceberg; "
             + "; ".join(f"CREATE TABLE {spaced}.t{n} (i INT) USING iceberg" for n in range(5)))
    assert pyiceberg.load_namespace_properties(space)["k"] == "v"
    assert (space, "in ner/x") in pyiceberg.list_namespaces(space)
    assert pyiceberg.list_tables((space, "in ner/x")) == [(space, "in ner/x", "a b")]
    assert [r["tableName"] for r in lake.rows(f"SHOW TABLES IN {spaced}")] == [f"t{n}" for n in range(5)]
    lake.run(f"ALTER NAMESPACE {spaced} SET PROPERTIES ('k' = 'w'); ALTER TABLE {spaced}.t0 RENAME TO {spaced}.moved; "
             f"DROP TABLE {spaced}.t1; DROP TABLE {spaced}.t2 PURGE")
    assert pyiceberg.load_namespace_properties(space)["k"] == "w"
    assert sorted(name for _, name in pyiceberg.list_tables(space)) == ["moved", "t3", "t4"]
    file = pyiceberg.load_table(f"{space}.moved").metadata_location
    lake.run(f"DROP TABLE {spaced}.moved; CALL rest.system.register_table(table => '{space}.again', metadata_file => '{file}')")
    assert pyiceberg.table_exists(f"{space}.again")
    assert "SCHEMA_NOT_EMPTY" in lake.error(f"DROP NAMESPACE {spaced}")
    assert "ALREADY_EXISTS" in lake.error(f"CREATE TABLE {spaced}.t3 (i INT) USING iceberg")
    assert "TABLE_OR_VIEW_NOT_FOUND" in lake.error(f"SELECT * FROM {spaced}.none")
    assert "SCHEMA_NOT_FOUND" in lake.error("SHOW TABLES IN rest.none")


def test_views(lake, pyiceberg, space):
    lake.run(f"CREATE NAMESPACE rest.{space}; USE rest.{space}; CREATE TABLE t USING iceberg AS SELECT id FROM range(10); "
             "CREATE VIEW v AS SELECT id * 2 AS twice FROM t WHERE id < 5")
    assert [i for _, i in pyiceberg.list_views(space)] == ["v"]
    assert len(lake.rows(f"SELECT * FROM rest.{space}.v")) == 5
    lake.run(f"USE rest.{space}; CREATE OR REPLACE VIEW v AS SELECT id, id + 1 AS next FROM t WHERE id < 3")
    assert lake.rows(f"SELECT max(next) AS m FROM rest.{space}.v") == [{"m": 3}]
    lake.run(f"DROP VIEW rest.{space}.v")
    assert pyiceberg.list_views(space) == []


# ---- many writers, lost answers

def test_two_processes_append_at_once(lake, space):
    table = f"rest.{space}.t"
    lake.run(f"CREATE TABLE {table} (w INT, i INT) USING iceberg TBLPROPERTIES "
             "('commit.retry.num-retries' = '50', 'commit.retry.min-wait-ms' = '20', 'commit.retry.max-wait-ms' = '500')")
    writers = [lake.start("; ".join(f"INSERT INTO {table} VALUES ({w}, {i})" for i in range(8))) for w in range(2)]
    for writer in writers:
        _, errors = writer.communicate(timeout=240)
        assert writer.returncode == 0, errors
    assert sorted((r["w"], r["i"]) for r in lake.rows(f"SELECT * FROM {table}")) == [(w, i) for w in range(2) for i in range(8)]


def test_answers_to_commits_are_lost(lake, server, space):
    """Each second commit is done and its answer lost: nothing is lost, nothing comes twice."""
    table = f"rest.{space}.t"
    lake.run(f"CREATE TABLE {table} (i INT) USING iceberg")
    commits = []

    def rule(number, method, path, headers):
        if method != "POST" or not path.endswith("/tables/t"):
            return "pass"
        commits.append(path)
        return "lose" if len(commits) % 2 == 1 else "pass"

    with Proxy(server, rule) as proxy:
        lake.conf[f"{CATALOG}.uri"] = proxy.endpoint
        lake.run("; ".join(f"INSERT INTO {table} VALUES ({i})" for i in range(4)))
        assert sum(verdict == "lose" for *_, verdict in proxy.seen) >= 2
    lake.conf[f"{CATALOG}.uri"] = server.uri
    assert sorted(r["i"] for r in lake.rows(f"SELECT i FROM {table}")) == [0, 1, 2, 3]
    assert len(lake.rows(f"SELECT * FROM {table}.snapshots")) == 4


def test_a_busy_server_is_waited_for(lake, server, space):
    with Proxy(server, lambda number, method, *_: "busy" if method == "GET" and number % 2 == 0 else "pass") as proxy:
        lake.conf[f"{CATALOG}.uri"] = proxy.endpoint
        lake.run(f"CREATE TABLE rest.{space}.t USING iceberg AS SELECT 1 AS i")
        assert lake.rows(f"SELECT * FROM rest.{space}.t") == [{"i": 1}]


# ---- tokens, credentials for files, refusals

def test_tokens_and_lent_credentials(firn, s3_server, tmp_path, space):
    """The server keeps its tables on S3 and lends its key for them; it wants a token."""
    from pyiceberg.catalog.rest import RestCatalog

    lends = {"include-credentials": "true", "s3.access-key-id": s3_server.key, "s3.secret-access-key": s3_server.secret}
    server = RestServer(tmp_path, f"s3://{BUCKET}/lent", token="required", **{
        "io-impl": "org.apache.iceberg.aws.s3.S3FileIO", "s3.endpoint": s3_server.endpoint, "s3.path-style-access": "true",
        "client.region": "us-east-1", **lends})
    try:
        lake = OnRest(firn.binary, tmp_path / "own", server.uri, credential="me:secret", **{
            "s3.endpoint": s3_server.endpoint, "client.region": "us-east-1"})
        lake.run(f"CREATE TABLE rest.{space}.t USING iceberg AS SELECT id FROM range(10); INSERT INTO rest.{space}.t VALUES (10)")
        assert lake.rows(f"SELECT count(*) AS n FROM rest.{space}.t") == [{"n": 11}]
        assert any(key.startswith("lent/") and key.endswith(".parquet") for key in s3_server.keys())
        client = RestCatalog("rest", uri=server.uri, credential="me:secret", **{"s3.endpoint": s3_server.endpoint, "s3.region": "us-east-1"})
        assert len(client.load_table(f"{space}.t").scan().to_arrow()) == 11
        without = OnRest(firn.binary, tmp_path / "own", server.uri)
        message = without.error("SHOW NAMESPACES IN rest")
        assert "FIRN_PERMISSION" in message and "401" in message
        del lake.conf[f"{CATALOG}.credential"]
        lake.conf[f"{CATALOG}.token"] = "client-credentials-token:sub=me"
        assert lake.rows(f"SELECT count(*) AS n FROM rest.{space}.t") == [{"n": 11}]
    finally:
        server.stop()


REFUSALS = {
    "no address": ({"uri": ""}, "embedded", ""),
    "an address of another kind": ({"uri": "thrift://x:1"}, "FIRN_INVALID_INPUT", "http"),
    "nobody there": ({"uri": "http://127.0.0.1:9"}, "FIRN_UNAVAILABLE", "127.0.0.1:9"),
    "signatures": ({"rest.sigv4-enabled": "true"}, "UNSUPPORTED_FEATURE", "rest.sigv4-enabled"),
}


@pytest.mark.parametrize("what", REFUSALS)
def test_refusals_name_what_is_wrong(lake, what):
    options, condition, named = REFUSALS[what]
    lake.conf.update({f"{CATALOG}.{key}": value for key, value in options.items()})
    if condition == "embedded":
        lake.run("CREATE NAMESPACE rest.x")
    else:
        message = lake.error("CREATE NAMESPACE rest.x")
        assert condition in message and named in message
