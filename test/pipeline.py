"""Running pipelines with the firn binary and reading what they made with a reader that is not firn."""

import json
import os
import subprocess
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIRN = os.environ.get("FIRN", str(ROOT / "build/release/firn"))

SCHEMA = ("event_id STRING, user_id STRING, occurred_at TIMESTAMP, gdpr_consent BOOLEAN, listing_id STRING, "
          "price DOUBLE, currency STRING, event_type STRING, payload STRING")

# Silver with deduplication and a quarantine, from one pass over the source.
TWO_TABLES = """
CREATE TEMPORARY VIEW events AS
SELECT from_json(CAST(value AS STRING), '{schema}') AS e, topic, partition, offset, value
FROM STREAM read_kafka(bootstrapServers => '{brokers}', subscribe => '{topic}', startingOffsets => 'earliest'{options});
CREATE TEMPORARY VIEW checked AS
SELECT e.*, topic, partition, offset, value,
       CASE WHEN e.event_id IS NULL THEN 'no event_id' WHEN e.occurred_at IS NULL THEN 'no occurred_at'
            WHEN e.price < 0 THEN 'negative price' END AS reason
FROM events;
CREATE STREAMING TABLE silver.booking PARTITIONED BY (days(occurred_at)) AS
SELECT DISTINCT ON (event_id) event_id, user_id, occurred_at, listing_id, price
FROM checked WATERMARK occurred_at DELAY OF INTERVAL 24 HOURS
WHERE reason IS NULL AND gdpr_consent;
CREATE STREAMING TABLE quarantine.booking AS
SELECT topic, partition, offset, value AS raw, reason FROM checked WHERE reason IS NOT NULL;
"""


def pipeline_text(brokers, topic, text=TWO_TABLES, options=""):
    return text.format(schema=SCHEMA, brokers=brokers, topic=topic, options=options)


def run(folder, sql, *arguments, once=True, check=True, timeout=120, **options):
    """Runs `firn run` to its end; gives the finished process."""
    process = start(folder, sql, *arguments, once=once, **options)
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"firn run did not end: {out}\n{err}") from None
    if check:
        assert process.returncode == 0, f"{out}\n{err}"
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def start(folder, sql, *arguments, once=False, **options):
    """`options` are Popen's."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pipeline.sql").write_text(sql)
    command = [FIRN, "run", str(folder / "pipeline.sql"), "--warehouse", str(folder / "warehouse"),
               *(["--once"] if once else []), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", **options)


def table(folder, name):
    """The table through PyIceberg."""
    from pyiceberg.catalog.sql import SqlCatalog
    warehouse = Path(folder) / "warehouse"
    return SqlCatalog("firn", uri=f"sqlite:///{warehouse / 'catalog.db'}", warehouse=str(warehouse)).load_table(name)


def rows(folder, name, *columns):
    """A Counter of the rows' tuples: a multiset, so that repeats show."""
    arrow = table(folder, name).scan(selected_fields=columns or ("*",)).to_arrow()
    return Counter(zip(*(arrow.column(column).to_pylist() for column in (columns or arrow.column_names))))


def live_files_exist(folder, name):
    for task in table(folder, name).scan().plan_files():
        assert Path(task.file.file_path.removeprefix("file://")).exists(), task.file.file_path


def start_query(folder, sql):
    command = [FIRN, "sql", "--warehouse", str(Path(folder) / "warehouse"), "--format", "json", "-e", sql]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def query(folder, sql):
    process = start_query(folder, sql)
    out, err = process.communicate()
    assert process.returncode == 0, f"{sql}\n{out}\n{err}"
    return [json.loads(line) for line in out.splitlines()]
