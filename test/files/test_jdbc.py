"""JDBC against a real PostgreSQL server, which the test starts for itself on loopback."""

import pytest
from postgres_server import Postgres

@pytest.fixture(scope="module")
def postgres():
    server = Postgres()
    yield server
    server.stop()


def source(postgres, **options):
    given = ", ".join(f"'{key}' = '{value}'" for key, value in {"url": postgres.url, **options}.items())
    return f"jdbc.`url` WITH ({given})"


def test_types(firn, postgres):
    postgres.sql("""CREATE TABLE types (i2 SMALLINT, i4 INT, i8 BIGINT, f4 REAL, f8 FLOAT8, n NUMERIC(10,2), nn NUMERIC, b BOOLEAN, t TEXT, v VARCHAR(9),
        c CHAR(3), d DATE, ts TIMESTAMP, tz TIMESTAMPTZ, by BYTEA, u UUID, j JSONB, a INT[], ta TEXT[]);
        INSERT INTO types VALUES (1, 2, 3000000000, 1.5, 'NaN', 12.34, 1.5, true, 'é', 'v', 'c', '2024-02-29', '2024-01-02 03:04:05.678',
        '2024-01-02 03:04:05+02', '\\x00ff', '00010203-0405-0607-0809-0a0b0c0d0e0f', '{"a": 1}', '{1,NULL,3}', '{"a b","c\\"d",NULL}');
        INSERT INTO types DEFAULT VALUES""")
    columns, rows = firn.query("SELECT * FROM " + source(postgres, dbtable="types"))
    assert [type for _, type in columns] == [
        "smallint", "int", "bigint", "float", "double", "decimal(10,2)", "decimal(38,18)", "boolean", "string", "string", "string",
        "date", "timestamp", "timestamp", "binary", "string", "string", "array<int>", "array<string>"]
    assert rows[0][:14] == ["1", "2", "3000000000", "1.5", "NaN", "12.34", "1.500000000000000000", "true", "é", "v", "c  ",
                            "2024-02-29", "2024-01-02 03:04:05.678", "2024-01-02 01:04:05"]
    assert rows[0][15:] == ["00010203-0405-0607-0809-0a0b0c0d0e0f", '{"a": 1}', "[1, NULL, 3]", '[a b, c"d, NULL]']
    assert rows[1] == [None] * len(columns)


def test_other_types(firn, postgres):
    postgres.sql("""CREATE TYPE mood AS ENUM ('ok', 'bad');
        CREATE TABLE others (m mood, i INET, iv INTERVAL, x XML, p POINT, o OID, b1 BIT(1), b4 BIT(4), mo MONEY, r INT4RANGE, t TIME, a2 INT[][], ta2 TEXT[][], na NUMERIC(5,1)[]);
        INSERT INTO others VALUES ('ok', '10.0.0.1/8', '1 day 02:00', '<a/>', '(1,2)', 7, B'1', B'1010', 12.5, '[1,5)', '03:04:05', '{{1,2},{3,NULL}}', '{{"a,b","c}"},{"d","NULL"}}', '{1.5,NULL}');
        CREATE TABLE ends (d DATE, ts TIMESTAMP, tz TIMESTAMPTZ);
        INSERT INTO ends VALUES ('infinity', 'infinity', '-infinity'), ('-infinity', '-infinity', 'infinity')""")
    columns, rows = firn.query("SELECT * FROM " + source(postgres, dbtable="others"))
    assert [type for _, type in columns] == ["string", "string", "string", "string", "string", "bigint", "boolean", "string", "string", "string",
                                             "timestamp", "array<array<int>>", "array<array<string>>", "array<decimal(5,1)>"]
    assert rows == [["ok", "10.0.0.1/8", "1 day 02:00:00", "<a/>", "(1,2)", "7", "true", "1010", rows[0][8], "[1,5)",
                     "1970-01-01 03:04:05", "[[1, 2], [3, NULL]]", "[[a,b, c}], [d, NULL]]", "[1.5, NULL]"]]
    assert firn.query("SELECT * FROM " + source(postgres, dbtable="ends"))[1] == [
        ["9999-12-31", "9999-12-31 23:59:59", "0001-01-01 00:00:00"], ["0001-01-01", "0001-01-01 00:00:00", "9999-12-31 23:59:59"]]
    assert firn.query("SELECT ts FROM " + source(postgres, dbtable="ends", preferTimestampNTZ="true"))[0] == [["ts", "timestamp_ntz"]]


def test_custom_schema(firn, postgres):
    postgres.sql("CREATE TABLE loose (id NUMERIC, name TEXT, day TEXT); INSERT INTO loose VALUES (12345678901234567890, 'n', '2024-01-02')")
    columns, rows = firn.query("SELECT * FROM " + source(postgres, dbtable="loose", customSchema="id DECIMAL(38,0), DAY DATE, none INT"))
    assert columns == [["id", "decimal(38,0)"], ["name", "string"], ["day", "date"]]
    assert rows == [["12345678901234567890", "n", "2024-01-02"]]


@pytest.mark.parametrize("options, text", [
    ({"query": "SELECT 1 AS id", "partitionColumn": "id", "lowerBound": "0", "upperBound": "9", "numPartitions": "2"}, "can not be specified together"),
    ({"dbtable": "pg_class", "partitionColumn": "none", "lowerBound": "0", "upperBound": "9", "numPartitions": "2"}, "not found in the JDBC relation"),
    ({"dbtable": "(SELECT 'a' AS t) x", "partitionColumn": "t", "lowerBound": "0", "upperBound": "9", "numPartitions": "2"}, "should be numeric, date, or timestamp"),
    ({"dbtable": "pg_class", "partitionColumn": "oid", "lowerBound": "9", "upperBound": "0", "numPartitions": "2"}, "lower bound"),
    ({"dbtable": "pg_class", "partitionColumn": "oid"}, "all or none"),
    ({"dbtable": "pg_class", "lowerBound": "0"}, "all or none"),
    ({"dbtable": "pg_class", "fetchsize": "-1"}, "fetchsize"),
    ({"dbtable": ""}, "can not be empty"),
])
def test_wrong_options(firn, postgres, options, text):
    options = {key: value.replace("'", "\\'") for key, value in options.items()}
    answer = firn.run("SELECT count(*) FROM " + source(postgres, **options))[0]
    assert answer["condition"] == "FIRN_INVALID_INPUT" and text in answer["message"]


def test_partitions_by_time(firn, postgres):
    postgres.sql("CREATE TABLE days AS SELECT d::date AS d, d AS t FROM generate_series('2024-01-01'::timestamp, '2024-03-31', '1 day') d; INSERT INTO days VALUES (NULL, NULL)")
    for column in ("d", "t"):
        parts = {"partitionColumn": column, "lowerBound": "2024-01-10", "upperBound": "2024-03-01", "numPartitions": "5"}
        assert firn.query("SELECT count(*), count(d) FROM " + source(postgres, dbtable="days", **parts))[1] == [["92", "91"]]


def test_queries_partitions_and_projection(firn, postgres):
    postgres.sql("CREATE TABLE numbers AS SELECT i AS id, 'n' || i AS name FROM generate_series(1, 1000) i; INSERT INTO numbers VALUES (NULL, 'none')")
    parts = {"partitionColumn": "id", "lowerBound": "0", "upperBound": "1000", "numPartitions": "4"}
    assert firn.query("SELECT count(*), sum(id), count(name) FROM " + source(postgres, dbtable="numbers", **parts))[1] == [["1001", "500500", "1001"]]
    assert firn.query("SELECT name FROM " + source(postgres, query="SELECT * FROM numbers WHERE id < 3") + " ORDER BY 1")[1] == [["n1"], ["n2"]]
    assert firn.query("SELECT max(n) FROM " + source(postgres, dbtable="(SELECT id + 1 AS n FROM numbers) t"))[1] == [["1001"]]
    assert firn.query("SELECT current FROM " + source(postgres, query="SELECT current_setting(''work_mem'') AS current".replace("''", "\\'"),
                                                      sessionInitStatement="SET work_mem = \\'7MB\\'"))[1] == [["7MB"]]


def test_write_modes(firn, postgres):
    def write(query, **options):
        given = ", ".join(f"'{key}' = '{value}'" for key, value in {"url": postgres.url, "dbtable": "written", **options}.items())
        return firn.run(f"INSERT OVERWRITE DIRECTORY USING jdbc OPTIONS ({given}) {query}")[0]

    sample = """SELECT 1 AS id, 'a\\tb\\n\\\\' AS name, DATE'2024-01-02' AS day, TIMESTAMP'2024-01-02 03:04:05.5' AS at, 1.25BD AS price,
        array('x', NULL, 'y"z') AS xs, CAST('hi' AS BINARY) AS raw, true AS ok"""
    assert "condition" not in write(sample)
    assert postgres.sql("SELECT id, name = E'a\\tb\\n\\\\', day, at, price, xs, raw, ok FROM written") == [
        '1|t|2024-01-02|2024-01-02 03:04:05.5|1.25|{x,NULL,"y\\"z"}|\\x6869|t']
    assert firn.query("SELECT * FROM " + source(postgres, dbtable="written"))[1] == firn.query(sample)[1]
    assert "condition" not in write("SELECT 2 AS id", createTableColumnTypes="id SMALLINT")
    assert postgres.sql("SELECT pg_typeof(id), id FROM written") == ["smallint|2"]
    postgres.sql("ALTER TABLE written ADD COLUMN more INT DEFAULT 7")
    assert "condition" not in write("SELECT 3 AS id", truncate="true")
    assert postgres.sql("SELECT id, more FROM written") == ["3|7"]
    assert "condition" in write("SELECT raise_error('no') AS id FROM range(3)")
    assert postgres.sql("SELECT id, more FROM written") == ["3|7"]


@pytest.mark.parametrize("options, condition, text", [
    ({"url": "jdbc:mysql://h/d", "dbtable": "t"}, "UNSUPPORTED_FEATURE.FIRN", "MySQL"),
    ({"url": "jdbc:oracle:thin:@h", "dbtable": "t"}, "UNSUPPORTED_FEATURE.FIRN", "Oracle"),
    ({"url": "jdbc:sqlserver://h", "dbtable": "t"}, "UNSUPPORTED_FEATURE.FIRN", "SQL Server"),
    ({"url": "jdbc:postgresql://127.0.0.1:1/x", "dbtable": "t"}, "FIRN_UNAVAILABLE", "127.0.0.1"),
    ({"dbtable": "nothing"}, "FIRN_INVALID_INPUT", "nothing"),
    ({"dbtable": "t", "query": "SELECT 1"}, "FIRN_INVALID_INPUT", "same time"),
    ({}, "FIRN_INVALID_INPUT", "dbtable"),
])
def test_errors(firn, postgres, options, condition, text):
    answer = firn.run("SELECT * FROM " + source(postgres, **options))[0]
    assert answer["condition"] == condition and text in answer["message"]
