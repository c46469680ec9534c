"""Very many small commits into one streaming table: does one cost the same at the end as at the beginning?

./dev bench commits [--commits N] [--rows N] [--against spark] [--json]     100,000 commits: --long

A pipeline reads the source rate-micro-batch (a batch of --rows rows as soon as the one before is done) into a table that
firn makes, through the whole path: ledger, prepared record, Parquet file, manifest, commit by compare-and-swap, expiry of
snapshots, merges of manifests. Time per commit is the distance of the snapshots' commit times, as the log gives them.
Bytes are what stands in the table's metadata folder at the end, a commit's share of what was written there (write
calls of the whole process, from /proc), and the sizes of the newest metadata file and manifest list.
--against spark: a Spark stream reads the table meanwhile; at the end it has seen every row once. The table keeps its newest
1,000 snapshots, and Iceberg's reader passes over what was expired before it came: firn is stopped (SIGSTOP) while Spark is
more than 500 commits behind. Those pauses are no part of the times per commit.
"""

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _measure import (FIRN, add_standard_options, cpu_seconds, firn_sql, folder_bytes, memory_mb, percentile,
                     print_figures, pyiceberg_catalog, sayer, spark_is_there, spark_jars)

PIPELINE = """
CREATE STREAMING TABLE bench.counter AS
SELECT value, timestamp FROM STREAM read_stream(__format => 'rate-micro-batch', rowsPerBatch => '{rows}');
"""
SPAN = 1000
BEHIND, CHECKED = 500, 20  # commits


def written_bytes(pid):
    """By write calls, metadata and data together."""
    lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("wchar"))


def run_firn(arguments, folder, say, beside):
    """Runs until the log has told of enough commits; gives the seconds each took, and what else was measured."""
    (folder / "pipeline.sql").write_text(PIPELINE.format(rows=arguments.rows))
    process = subprocess.Popen([FIRN, "run", str(folder / "pipeline.sql"), "--warehouse", str(folder / "w"), "--log-format", "json"],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    times, spans, commits, paused = [], [], 0, 0.0
    begin = time.monotonic()
    for line in process.stdout:
        if '"rows_in"' not in line:
            continue
        commits += 1
        times.append(time.monotonic() - paused)
        if commits == 1:
            beside.start()
        if commits % CHECKED == 0 and beside.is_behind(commits):
            since = time.monotonic()
            process.send_signal(signal.SIGSTOP)
            beside.wait(commits)
            process.send_signal(signal.SIGCONT)
            paused += time.monotonic() - since
        if commits % arguments.span == 0:
            spans.append({"commits": commits, "cpu": cpu_seconds(process.pid), "written": written_bytes(process.pid)})
            say(f"{commits:,} commits, {spans[-1]['cpu']:.0f} CPU s")
        if commits >= arguments.commits:
            break
    figures = {"wall_seconds": time.monotonic() - begin, "paused_seconds": paused, "cpu_seconds": cpu_seconds(process.pid), "peak_rss_mb": memory_mb(process.pid),
               "spans": spans}
    process.stdout.close()
    process.kill()
    process.wait()
    return times, figures


def by_span(times, spans, span):
    """Of each 1,000 commits: milliseconds between commits, CPU milliseconds and bytes a commit."""
    result = []
    for i, at in enumerate(spans):
        gaps = [(b - a) * 1000 for a, b in zip(times[i * span:(i + 1) * span], times[i * span + 1:(i + 1) * span])]
        before = spans[i - 1] if i else {"cpu": 0.0, "written": 0}
        result.append({"to_commit": at["commits"], "mean_ms": sum(gaps) / max(len(gaps), 1), "p50_ms": percentile(gaps, 0.5),
                       "p99_ms": percentile(gaps, 0.99), "cpu_ms_a_commit": (at["cpu"] - before["cpu"]) * 1000 / span,
                       "bytes_written_a_commit": (at["written"] - before["written"]) / span})
    return result


SPARK_READER = """
import json, sys, time
from pathlib import Path
from pyspark.sql import SparkSession, functions as F
folder, jars = json.loads(sys.argv[1])
builder = SparkSession.builder.master("local[2]")
for key, value in {"spark.jars": jars, "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
                   "spark.sql.catalog.firn": "org.apache.iceberg.spark.SparkCatalog", "spark.sql.catalog.firn.catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog",
                   "spark.sql.catalog.firn.uri": f"jdbc:sqlite:{folder}/w/catalog.db", "spark.sql.catalog.firn.warehouse": f"{folder}/w",
                   "spark.sql.catalog.firn.jdbc.schema-version": "V1", "spark.sql.catalog.firn.cache-enabled": "false", "spark.ui.enabled": "false",
                   "spark.driver.memory": "1g", "spark.sql.shuffle.partitions": "2", "spark.driver.host": "127.0.0.1"}.items():
    builder = builder.config(key, value)
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
query = (spark.readStream.format("iceberg").load("firn.bench.counter").writeStream.format("parquet").option("path", folder + "/seen")
    .option("checkpointLocation", folder + "/spark-checkpoint").trigger(processingTime="0 seconds").start())
rows = {}
while query.isActive and not Path(folder, "done").exists():
    rows.update((progress["batchId"], progress["numInputRows"]) for progress in query.recentProgress)
    Path(folder, "followed.new").write_text(str(sum(rows.values())))
    Path(folder, "followed.new").rename(Path(folder, "followed"))
    time.sleep(0.2)
query.processAllAvailable()
query.stop()
seen = spark.read.parquet(folder + "/seen").agg(F.count("*").alias("n"), F.countDistinct("value").alias("d"), F.max("value").alias("m")).first()
print("SEEN", json.dumps(seen.asDict()))
"""


class SparkReader:
    """Reads the table in a process of its own from the first commit on."""

    def __init__(self, folder, wanted, rows):
        self.folder, self.wanted, self.rows, self.process = folder, wanted, rows, None

    def start(self):
        if self.wanted:
            (self.folder / "reader.py").write_text(SPARK_READER)
            argument = json.dumps([str(self.folder), ",".join(str(jar) for jar in spark_jars() if "kafka" not in jar.name)])
            self.process = subprocess.Popen([sys.executable, str(self.folder / "reader.py"), argument], stdout=subprocess.PIPE,
                                            stderr=subprocess.STDOUT, text=True)

    def commits_followed(self):
        """None once Spark has ended."""
        if self.process.poll() is not None:
            return None
        followed = self.folder / "followed"
        return int(followed.read_text()) // self.rows if followed.exists() else 0

    def is_behind(self, commits, by=BEHIND):
        followed = None if self.process is None else self.commits_followed()
        return followed is not None and commits - followed > by

    def wait(self, commits):
        while self.is_behind(commits, BEHIND // 5):
            time.sleep(0.05)

    def finish(self):
        (self.folder / "done").touch()
        if self.process is None:
            return None
        output = self.process.communicate()[0]
        assert self.process.returncode == 0, output[-3000:]
        return next(json.loads(line[5:]) for line in output.splitlines() if line.startswith("SEEN "))


def sizes_now(folder):
    """The newest metadata file and manifest list, and what the metadata folder holds."""
    table = pyiceberg_catalog(folder / "w").load_table("bench.counter")
    size = lambda uri: Path(uri.removeprefix("file://")).stat().st_size  # noqa: E731
    metadata = Path(table.metadata_location.removeprefix("file://"))
    return {"snapshots": len(table.metadata.snapshots), "metadata_file_bytes": metadata.stat().st_size,
            "manifest_list_bytes": size(table.current_snapshot().manifest_list), "manifests": len(table.current_snapshot().manifests(table.io)),
            "metadata_folder_bytes": folder_bytes(metadata.parent)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commits", type=int, default=10_000)
    parser.add_argument("--long", action="store_true", help="100,000 commits")
    parser.add_argument("--rows", type=int, default=10, help="a commit")
    parser.add_argument("--span", type=int, default=SPAN, help="commits over which figures are taken")
    parser.add_argument("--folder", help="where the table lies, e.g. /dev/shm: without a disk's fsync, which takes most of the time otherwise")
    add_standard_options(parser)
    arguments = parser.parse_args()
    if arguments.long:
        arguments.commits = 100_000
    say = sayer(arguments)
    with tempfile.TemporaryDirectory(prefix="firn-bench-", dir=arguments.folder) as folder:
        folder = Path(folder)
        beside = SparkReader(folder, "spark" in arguments.against and spark_is_there(say), arguments.rows)
        times, figures = run_firn(arguments, folder, say, beside)
        spans = by_span(times, figures.pop("spans"), arguments.span)
        count = firn_sql(folder / "w", "SELECT count(*) AS n, count(DISTINCT value) AS d, max(value) AS m FROM bench.counter")[0]
        assert count["n"] == count["d"] == count["m"] + 1, f"rows are missing or repeated: {count}"
        result = {"case": "commits", "commits": len(times), "folder": arguments.folder or tempfile.gettempdir(), "rows": count["n"], **figures, **sizes_now(folder), "by_span": spans}
        if len(spans) > 2:
            result["p99_ratio"] = spans[-1]["p99_ms"] / spans[1]["p99_ms"]
            result["p50_ratio"] = spans[-1]["p50_ms"] / spans[1]["p50_ms"]
            result["cpu_ratio"] = spans[-1]["cpu_ms_a_commit"] / max(spans[1]["cpu_ms_a_commit"], 1e-9)
            result["bytes_ratio"] = spans[-1]["bytes_written_a_commit"] / spans[1]["bytes_written_a_commit"]
            say(f"last span against the second: p50 {result['p50_ratio']:.2f}, p99 {result['p99_ratio']:.2f}, CPU {result['cpu_ratio']:.2f}, "
                f"bytes {result['bytes_ratio']:.2f}")
        seen = beside.finish()
        if seen is not None:
            assert seen == count, f"Spark saw {seen}, the table holds {count}"
            result["spark_saw_every_row_once"] = True
    for span in spans:
        say(f"to {span['to_commit']:8,}: p50 {span['p50_ms']:.2f} ms, p99 {span['p99_ms']:.2f} ms, {span['cpu_ms_a_commit']:.2f} CPU ms, "
            f"{span['bytes_written_a_commit']:,.0f} bytes a commit")
    print_figures([result])


if __name__ == "__main__":
    main()
