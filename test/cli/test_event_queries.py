"""Queries that event tables are asked: names that look reserved, nested values, dates as text, anomalies, growth."""

import json

import pytest

EVENTS = """
CREATE DATABASE ev;
CREATE TABLE ev.events (
    timestamp TIMESTAMP, topic STRING, partition INT, offset LONG,  -- as Kafka names them
    day STRING, properties MAP<STRING, STRING>,
    device STRUCT<kind: STRING, os: STRUCT<name: STRING, version: LONG>>,
    tags ARRAY<STRUCT<key: STRING, value: INT>>)
USING iceberg PARTITIONED BY (day, bucket(4, offset));
INSERT INTO ev.events VALUES
    (TIMESTAMP '2026-01-01 00:00:30', 't', 0, 7, date_format(current_date(), 'yyyy-MM-dd'), map('a', '1'),
     named_struct('kind', 'm', 'os', named_struct('name', 'x', 'version', 2L)), array(named_struct('key', 'q', 'value', 1))),
    (TIMESTAMP '2026-01-01 00:01:30', 't', 1, 8, date_format(date_sub(current_date(), 30), 'yyyy-MM-dd'), NULL, NULL, array());
"""


@pytest.fixture
def answer(firn):
    def ask(query, before=EVENTS):
        run = firn("sql", "--format", "json", stdin=before + query)
        assert run.code == 0, run.err
        return [list(json.loads(line).values()) for line in run.out.splitlines()]
    return ask


def test_names_that_look_reserved(answer):
    assert answer("SELECT timestamp, partition, offset FROM ev.events WHERE offset = 7 AND timestamp < '2026-01-02'") == [
        ["2026-01-01 00:00:30", 0, 7]]
    assert answer("""
        MERGE INTO ev.events t USING (SELECT 't' AS topic, 1 AS partition, 8L AS offset) s
        ON t.topic = s.topic AND t.partition = s.partition AND t.offset = s.offset
        WHEN MATCHED THEN UPDATE SET offset = s.offset + 1, timestamp = TIMESTAMP '2026-01-03';
        SELECT timestamp, partition, max(offset) AS offset FROM ev.events e GROUP BY timestamp, partition ORDER BY offset""", before="")[-1] == [
        "2026-01-03 00:00:00", 1, 9]


def test_nested_values(answer):
    assert answer("""
        SELECT properties['a'], properties['none'], device.os.version, get(tags, 0).key, size(tags), typeof(device)
        FROM ev.events ORDER BY offset""") == [
        ["1", None, 2, "q", 1, "struct<kind:string,os:struct<name:string,version:bigint>>"],
        [None, None, None, None, 0, "struct<kind:string,os:struct<name:string,version:bigint>>"]]


@pytest.mark.parametrize("condition, offsets", [
    ("day = CURRENT_DATE()", [7]), ("day = CURRENT_DATE", [7]), ("day < current_date()", [8]),
    ("day >= CURRENT_DATE() - INTERVAL '7' DAY", [7]), ("CURRENT_DATE() > day", [8]),
    ("day BETWEEN date_sub(CURRENT_DATE(), 40) AND CURRENT_DATE() - 1", [8]),
])
def test_a_text_beside_the_current_date(answer, condition, offsets):
    assert answer(f"SELECT offset FROM ev.events WHERE {condition} ORDER BY offset") == [[one] for one in offsets]


def test_anomalies(answer):
    """Rates of sliding windows against their mean and deviation: 1 event a minute, then 40 in one."""
    assert answer("""
        CREATE DATABASE an;
        CREATE TABLE an.clicks (kind STRING, timestamp TIMESTAMP) USING iceberg;
        INSERT INTO an.clicks SELECT 'a', timestamp_seconds(1767225600 + id * 60) FROM range(60);
        INSERT INTO an.clicks SELECT 'a', timestamp_seconds(1767225600 + 3570) FROM range(40);
        WITH rates AS (
            SELECT window.start AS window_start, window.end AS window_end, kind, count(*) AS n, count(*) / 300.0 AS rate
            FROM (SELECT kind, timestamp, window(timestamp, '5 minutes', '1 minute') AS window FROM an.clicks)
            GROUP BY window.start, window.end, kind),
        past AS (
            SELECT kind, avg(rate) AS mean, stddev(rate) AS deviation, count(*) AS windows FROM rates
            WHERE window_start < TIMESTAMP '2026-01-01 00:30:00' GROUP BY kind)
        SELECT r.window_start, r.window_end, r.n, p.windows, round(p.deviation * 300, 3),
               CASE WHEN r.rate > p.mean + 2 * p.deviation THEN 'HIGH'
                    WHEN r.rate < p.mean - 2 * p.deviation THEN 'LOW' ELSE 'NORMAL' END AS status
        FROM rates r JOIN past p ON r.kind = p.kind
        WHERE r.window_start IN (TIMESTAMP '2026-01-01 00:40:00', TIMESTAMP '2026-01-01 00:58:00', TIMESTAMP '2026-01-01 00:55:00')
        ORDER BY r.window_start DESC""", before="") == ANOMALIES


def deviation():
    """Of the windows that begin from 23:56 to 00:29: 1, 2, 3, 4 events in the first four, 5 in the 30 others."""
    counts = [1, 2, 3, 4] + [5] * 30
    mean = sum(counts) / len(counts)
    return round((sum((one - mean) ** 2 for one in counts) / (len(counts) - 1)) ** 0.5, 3)


ANOMALIES = [
    ["2026-01-01 00:58:00", "2026-01-01 01:03:00", 42, 34, deviation(), "HIGH"],
    ["2026-01-01 00:55:00", "2026-01-01 01:00:00", 45, 34, deviation(), "HIGH"],
    ["2026-01-01 00:40:00", "2026-01-01 00:45:00", 5, 34, deviation(), "NORMAL"],
]


def test_references_that_lead_nowhere(answer):
    assert answer("""
        SELECT o.id FROM VALUES (1, 10), (2, 20), (3, NULL) AS o(id, customer)
        LEFT ANTI JOIN VALUES (10), (30) AS c(id) ON o.customer = c.id ORDER BY o.id""", before="") == [[2], [3]]


def test_growth_against_an_earlier_snapshot_into_a_table_of_metrics(firn):
    base = "CREATE DATABASE q; CREATE TABLE q.t (id INT) USING iceberg; CREATE TABLE q.metrics (name STRING, value LONG) USING iceberg;"
    assert firn("sql", stdin=base + "INSERT INTO q.t VALUES (1), (2)").code == 0
    first = firn("sql", "--format", "csv", "-e", "SELECT snapshot_id FROM q.t.snapshots").out.split()[1]
    for rows in ("(3)", "(4), (5)"):
        run = firn("sql", stdin=f"""INSERT INTO q.t VALUES {rows};
            INSERT INTO q.metrics SELECT 'growth', (SELECT count(*) FROM q.t) - (SELECT count(*) FROM q.t VERSION AS OF {first})""")
        assert run.code == 0, run.err
    run = firn("sql", "--format", "csv", "-e", "SELECT value FROM q.metrics ORDER BY 1", "-e",
               "SELECT count(*), count(DISTINCT operation), max(operation) FROM q.metrics.snapshots")
    assert run.out.split() == ["value", "1", "3", "count(1),count(DISTINCT", "operation),max(operation)", "2,1,append"]
