"""Reading: firn over an Iceberg table beside plain DuckDB over the same Parquet files; planning over very many files.

./dev bench scan [--rows N] [--files N] [--case read|plan] [--repeats N] [--json]

read: the queries of QUERIES, in turn on firn (`firn sql` in a conversation through pipes), on firn's server (through Spark
      Connect, with PySpark's client) and on DuckDB of the same version with as many threads, in this process; medians of
      wall and CPU seconds, and firn's over DuckDB's (wanted: 1.1 at most of wall seconds). What the protocol and its client
      cost, about 4 ms a query, is in the server's wall times alone.
plan: a table of --files data files in manifests of 1,000, nine columns with counts and bounds, partitioned by days();
      there are no data files, for EXPLAIN opens none. A day (manifests pruned by the list), a user (every manifest read,
      files told apart by their bounds), both. EXPLAIN as the client sees it: cold is the first one of a fresh server that
      has run SELECT 1, warm are the following ones with other literals (the median). Beside it PyIceberg's plan_files().
"""

import argparse
import datetime
import math
import os
import statistics
import struct
import tempfile
import time
from pathlib import Path

from _measure import (FirnProgram, FirnServer, add_standard_options, cpu_seconds, firn_sql, memory_mb, print_figures,
                     pyiceberg_catalog, sayer)

FILES_A_MANIFEST = 1000
FIRST_DAY = datetime.date(2026, 1, 1)

# ---- reading

CREATE = """
CREATE NAMESPACE bench;
CREATE TABLE bench.listing USING iceberg AS
SELECT id AS listing_id, concat('city', CAST(id % 500 AS STRING)) AS city, CAST(id % 7 AS INT) AS stars FROM range({listings});
CREATE TABLE bench.booking USING iceberg TBLPROPERTIES ('write.parquet.compression-codec' = 'zstd') AS
SELECT id AS event_id, (id * 7919) % 2000003 AS user_id, (id * 104729) % {listings} AS listing_id,
       timestamp_micros(1767225600000000 + id * 500) AS occurred_at, CAST((id * 31) % 90000 AS DOUBLE) / 100 AS price,
       element_at(array('EUR', 'USD', 'GBP', 'CHF'), CAST(id % 4 AS INT) + 1) AS currency,
       element_at(array('created', 'changed', 'paid', 'viewed', 'left'), CAST(id % 5 AS INT) + 1) AS event_type,
       concat('{{"k":', CAST(id % 1000 AS STRING), '}}') AS payload
FROM range({rows});
"""
# Text that both understand; {booking} and {listing} are the tables.
QUERIES = {
    "aggregate": "SELECT count(*) AS n, sum(price) AS p, min(user_id) AS a, max(listing_id) AS b FROM {booking}",
    "filter": "SELECT count(*) AS n, avg(price) AS p FROM {booking} WHERE price > 850 AND event_type = 'paid'",
    "selective": "SELECT count(*) AS n, max(payload) AS p FROM {booking} WHERE event_id BETWEEN 1000000 AND 1010000",
    "projection": "SELECT max(payload) AS a, max(currency) AS b, max(event_type) AS c, max(occurred_at) AS d, sum(event_id) AS e FROM {booking}",
    "group by": "SELECT event_type, currency, count(*) AS n, sum(price) AS p FROM {booking} GROUP BY event_type, currency ORDER BY event_type, currency",
    "group by, many": "SELECT count(*) AS n, max(s) AS s FROM (SELECT listing_id, sum(price) AS s FROM {booking} GROUP BY listing_id)",
    "join": "SELECT l.stars, count(*) AS n, sum(b.price) AS p FROM {booking} b JOIN {listing} l ON b.listing_id = l.listing_id GROUP BY l.stars ORDER BY l.stars",
}


def data_files(catalog, name):
    return [task.file.file_path.removeprefix("file://") for task in catalog.load_table(name).scan().plan_files()]


def same(ours, theirs):
    """Sums of doubles differ in their last digits, and times come with a zone or without."""
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=1e-9)
    if isinstance(ours, datetime.datetime):
        return ours.replace(tzinfo=None) == theirs.replace(tzinfo=None)
    return ours == theirs


def same_rows(ours, theirs):
    return len(ours) == len(theirs) and all(len(a) == len(b) and all(map(same, a, b)) for a, b in zip(ours, theirs))


def timed(run, pid):
    cpu, wall = cpu_seconds(pid), time.perf_counter()
    result = run()
    return time.perf_counter() - wall, cpu_seconds(pid) - cpu, result


VALUES = {"int": int, "bigint": int, "double": float, "string": str, "timestamp": datetime.datetime.fromisoformat}


def rows_of(answer):
    columns = [VALUES[column["type"]] for column in answer["columns"]]
    return [tuple(value if value is None else column(value) for column, value in zip(columns, row)) for row in answer["rows"]]


def read_cases(arguments, folder, say):
    import duckdb

    warehouse = folder / "read"
    say(f"writing {arguments.rows:,} rows …")
    firn_sql(warehouse, CREATE.format(rows=arguments.rows, listings=arguments.listings))
    catalog = pyiceberg_catalog(warehouse)
    views = {name: data_files(catalog, f"bench.{name}") for name in ("booking", "listing")}
    duck = duckdb.connect(config={"threads": os.cpu_count()})
    duck.execute("SET TimeZone = 'UTC'")
    utc = ("--conf", "spark.sql.session.timeZone=UTC")
    results = []
    with FirnProgram(warehouse, *utc) as program, FirnServer(warehouse, *utc) as server:
        spark = server.session()
        for name, query in QUERIES.items():
            ours = query.format(booking="bench.booking", listing="bench.listing")
            theirs = query.format(**{view: f"read_parquet({files})" for view, files in views.items()})
            runs = {"firn": [], "server": [], "duckdb": []}
            for turn in range(arguments.repeats + 1):
                firn = timed(lambda: program.run(ours), program.pid)
                served = timed(lambda: [tuple(row) for row in spark.sql(ours).collect()], server.pid)
                other = timed(lambda: duck.execute(theirs).fetchall(), os.getpid())
                for rows in (rows_of(firn[2]), served[2]):
                    assert same_rows(rows, other[2]), (name, rows, other[2])
                if turn:  # the first one fills caches of either
                    runs["firn"].append(firn)
                    runs["server"].append(served)
                    runs["duckdb"].append(other)
            wall, cpu = ({engine: statistics.median(run[i] for run in all_runs) for engine, all_runs in runs.items()} for i in (0, 1))
            results.append({"case": "read", "query": name, "rows": arguments.rows, "files": len(views["booking"]), "runs": arguments.repeats,
                            "wall_seconds": wall["firn"], "cpu_seconds": cpu["firn"], "duckdb_wall_seconds": wall["duckdb"],
                            "duckdb_cpu_seconds": cpu["duckdb"], "ratio_wall": wall["firn"] / wall["duckdb"],
                            "ratio_cpu": cpu["firn"] / max(cpu["duckdb"], 0.01), "peak_rss_mb": memory_mb(program.pid),
                            "connect_wall_seconds": wall["server"], "connect_ratio_wall": wall["server"] / wall["duckdb"]})
            say(f"{name:15} firn {wall['firn']:.4f} s, {cpu['firn']:.2f} CPU s; DuckDB {wall['duckdb']:.4f} s, {cpu['duckdb']:.2f} CPU s; "
                f"{results[-1]['ratio_wall']:.2f} times its wall, {results[-1]['ratio_cpu']:.2f} times its CPU seconds; "
                f"through Spark Connect {wall['server']:.4f} s, {results[-1]['connect_ratio_wall']:.2f} times")
        spark.stop()
    return results


# ---- planning

COLUMNS = [("event_id", "string"), ("user_id", "long"), ("occurred_at", "timestamptz"), ("gdpr_consent", "boolean"),
           ("listing_id", "long"), ("price", "double"), ("currency", "string"), ("event_type", "string"), ("payload", "string")]
CREATE_WIDE = """
CREATE NAMESPACE big;
CREATE TABLE big.events (event_id STRING, user_id BIGINT, occurred_at TIMESTAMP, gdpr_consent BOOLEAN, listing_id BIGINT, price DOUBLE,
                         currency STRING, event_type STRING, payload STRING) USING iceberg PARTITIONED BY (days(occurred_at));
"""


def bounds(kind, number, upper):
    """Single-value bytes of a lower or upper bound that depends on `number`."""
    if kind == "string":
        return f"{number * 2654435761 % 2**32:08x}-{'f' if upper else '0'}000".encode()
    if kind == "boolean":
        return bytes([upper])
    if kind == "double":
        return struct.pack("<d", number % 100 + 800 * upper)
    return struct.pack("<q", number * 1000 + 999 * upper)


def data_file(number, day, rows, location):
    from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
    from pyiceberg.typedef import Record

    ids = range(1, len(COLUMNS) + 1)
    # Users lie in narrow ranges, but a manifest's files are all over them; times lie within the day.
    user = number * 7919 % 100003
    begin = int(datetime.datetime.combine(day, datetime.time(), datetime.timezone.utc).timestamp()) * 1_000_000
    lower = {i: bounds(COLUMNS[i - 1][1], user, False) for i in ids}
    upper = {i: bounds(COLUMNS[i - 1][1], user, True) for i in ids}
    second = number % FILES_A_MANIFEST * 86_000_000
    lower[3], upper[3] = struct.pack("<q", begin + second), struct.pack("<q", begin + second + 80_000_000)
    return DataFile.from_args(
        content=DataFileContent.DATA, file_path=f"{location}/data/occurred_at_day={day}/{number:05}-{number * 40503 % 65536:04x}-0001.parquet",
        file_format=FileFormat.PARQUET, partition=Record((day - datetime.date(1970, 1, 1)).days), record_count=rows,
        file_size_in_bytes=rows * 80 + number % 5000, column_sizes={i: 1000 * i + number % 997 for i in ids}, value_counts={i: rows for i in ids},
        null_value_counts={i: 0 for i in ids}, nan_value_counts={6: 0}, lower_bounds=lower, upper_bounds=upper, split_offsets=[4],
        equality_ids=None, key_metadata=None, sort_order_id=0)


def make_wide(warehouse, files, say):
    """Appended through PyIceberg, a manifest a commit."""
    say(f"writing the metadata of {files:,} files …")
    firn_sql(warehouse, CREATE_WIDE)
    table = pyiceberg_catalog(warehouse).load_table("big.events")
    for first in range(0, files, FILES_A_MANIFEST):
        day = FIRST_DAY + datetime.timedelta(days=first // FILES_A_MANIFEST)
        with table.transaction() as transaction, transaction.update_snapshot().fast_append() as append:
            for number in range(first, min(files, first + FILES_A_MANIFEST)):
                file = data_file(number, day, 100_000, table.location())
                file.spec_id = table.spec().spec_id
                append.append_data_file(file)
    return sum(manifest.manifest_length for manifest in table.current_snapshot().manifests(table.io))


def plan_filter(case, turn, files):
    """SQL text and PyIceberg's; every turn asks for others."""
    day = FIRST_DAY + datetime.timedelta(days=turn % max(1, files // FILES_A_MANIFEST))
    user = (files // 2 + turn * 37) % files * 7919 % 100003 * 1000 + 17
    texts = {"day": (f"occurred_at >= TIMESTAMP '{day} 10:00:00' AND occurred_at < TIMESTAMP '{day} 10:05:00'",
                     f"occurred_at >= '{day}T10:00:00+00:00' and occurred_at < '{day}T10:05:00+00:00'"),
             "user": (f"user_id = {user}", f"user_id == {user}")}
    return texts[case]


def explained(spark, filter_text):
    begin = time.perf_counter()
    text = spark.sql(f"EXPLAIN SELECT event_id, price FROM big.events WHERE {filter_text}").collect()[0][0]
    return time.perf_counter() - begin, text


def plan_cases(arguments, folder, say):
    warehouse = folder / "plan"
    metadata_bytes = make_wide(warehouse, arguments.files, say)
    results = []
    for case in ("day", "user"):
        with FirnServer(warehouse, "--conf", "spark.sql.session.timeZone=UTC") as server:
            spark = server.session()
            spark.sql("SELECT 1").collect()
            before = cpu_seconds(server.pid)
            cold, text = explained(spark, plan_filter(case, 0, arguments.files)[0])
            cold_cpu = cpu_seconds(server.pid) - before
            warm = [explained(spark, plan_filter(case, turn, arguments.files)[0])[0] for turn in range(1, arguments.repeats * 4 + 1)]
            rss = memory_mb(server.pid)
            spark.stop()
        result = {"case": "plan", "filter": case, "files": arguments.files, "manifest_bytes": metadata_bytes, "cold_ms": cold * 1000,
                  "cold_cpu_seconds": cold_cpu, "warm_ms": statistics.median(warm) * 1000, "peak_rss_mb": rss}
        say(f"plan, one {case}: cold {result['cold_ms']:.0f} ms ({cold_cpu:.2f} CPU s), warm {result['warm_ms']:.1f} ms, peak {rss:.0f} MB")
        if "pyiceberg" not in arguments.without:
            table = pyiceberg_catalog(warehouse).load_table("big.events")
            wanted = plan_filter(case, 0, arguments.files)[1]
            begin = time.perf_counter()
            found = len(list(table.scan(row_filter=wanted).plan_files()))
            result.update({"files_found": found, "pyiceberg_cold_ms": (time.perf_counter() - begin) * 1000})
            say(f"    PyIceberg: {result['pyiceberg_cold_ms']:.0f} ms, {found} files")
        if arguments.show:
            say(text)
        results.append(result)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the table that is read")
    parser.add_argument("--listings", type=int, default=200_000, help="rows of the table that it is joined with")
    parser.add_argument("--files", type=int, default=100_000, help="of the table that is planned over")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--case", choices=["read", "plan"], action="append", help="only these; both without it")
    parser.add_argument("--without", choices=["pyiceberg"], action="append", default=[])
    parser.add_argument("--show", action="store_true", help="the EXPLAINs")
    add_standard_options(parser, spark=False)
    arguments = parser.parse_args()
    say = sayer(arguments)
    results = []
    with tempfile.TemporaryDirectory(prefix="firn-bench-") as folder:
        if "plan" in (arguments.case or ["plan"]):
            results += plan_cases(arguments, Path(folder), say)
        if "read" in (arguments.case or ["read"]):
            results += read_cases(arguments, Path(folder), say)
    print_figures(results)


if __name__ == "__main__":
    main()
