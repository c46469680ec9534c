"""Deduplication that remembers very many keys: rate, memory, checkpoint, and how long a restart takes.

./dev bench state [--keys N] [--batch N] [--json]          200 M keys: --long

An Iceberg table of distinct 36-character keys (made beforehand, --file-rows a file) is streamed through DISTINCT ON into
another table, available-now. Then rows come of which half are known; the process is killed by -9 after its first commit
of them and started again. Restore time is what a start with the state takes more than a start of the same pipeline with an
empty one, from exec to the first commit of a batch of --file-rows / 10 rows.
"""

import argparse
import json
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from _measure import FIRN, add_standard_options, firn_sql, folder_bytes, measured, percentile, print_figures, sayer

KEY = "concat(substring(md5(CAST(id AS STRING)), 1, 32), '-', CAST(id % 1000 AS STRING))"
CREATE = "CREATE NAMESPACE IF NOT EXISTS bench; CREATE TABLE IF NOT EXISTS bench.{name} (event_id STRING, number BIGINT) USING iceberg;"
PIPELINE = """
CREATE STREAMING TABLE bench.{target} AS
SELECT DISTINCT ON (event_id) event_id, number FROM STREAM read_stream(__format => 'iceberg', __path => 'bench.{source}',
    `streaming-max-rows-per-micro-batch` => '{batch}');
"""


def fill(warehouse, name, first, last, step):
    inserts = [f"INSERT INTO bench.{name} SELECT {KEY} AS event_id, id AS number FROM range({begin}, {min(begin + step, last)});"
               for begin in range(first, last, step)]
    firn_sql(warehouse, CREATE.format(name=name) + "\n".join(inserts))


def pipeline(folder, source, target, batch):
    file = folder / f"{target}.sql"
    file.write_text(PIPELINE.format(source=source, target=target, batch=batch))
    return [FIRN, "run", str(file), "--warehouse", str(folder / "w"), "--log-format", "json"]


def first_commit(command, kill=False):
    """Seconds from exec to the first batch that the log tells of."""
    begin = time.monotonic()
    process = subprocess.Popen([*command, "--once"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output = []
    for line in process.stdout:
        output.append(line)
        if '"rows_in"' in line:
            took = time.monotonic() - begin
            if kill:
                process.send_signal(signal.SIGKILL)
            process.stdout.read()
            process.wait()
            return took
    raise AssertionError("no batch was run: " + "".join(output)[-2000:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keys", type=int, default=50_000_000)
    parser.add_argument("--long", action="store_true", help="200,000,000 keys")
    parser.add_argument("--batch", type=int, default=500_000, help="rows a batch")
    parser.add_argument("--file-rows", type=int, default=500_000, help="rows a source file")
    add_standard_options(parser, spark=False)
    arguments = parser.parse_args()
    if arguments.long:
        arguments.keys = 200_000_000
    say = sayer(arguments)
    with tempfile.TemporaryDirectory(prefix="firn-bench-") as folder:
        folder = Path(folder)
        warehouse = folder / "w"
        say(f"writing {arguments.keys:,} keys …")
        fill(warehouse, "source", 0, arguments.keys, arguments.file_rows)
        command = pipeline(folder, "source", "seen", arguments.batch)
        output, wall, cpu, rss = measured([*command, "--once"])
        batches = [json.loads(line) for line in output.splitlines() if '"rows_in"' in line]
        rates = [batch["rows_per_second"] for batch in batches if batch["rows_in"] >= arguments.batch // 2]
        kept = firn_sql(warehouse, "SELECT count(*) AS n FROM bench.seen")[0]["n"]
        assert kept == arguments.keys, (kept, arguments.keys)
        checkpoint = sum(folder_bytes(state) for state in folder.rglob("state") if state.is_dir())
        result = {"case": "state", "keys": arguments.keys, "batches": len(batches), "wall_seconds": wall, "cpu_seconds": cpu,
                  "events_per_cpu_second": arguments.keys / cpu, "events_per_second_p50": percentile(rates, 0.5),
                  "events_per_second_p10": percentile(rates, 0.1), "peak_rss_mb": rss, "state_bytes": checkpoint,
                  "state_bytes_a_key": checkpoint / arguments.keys}
        say(f"{result['events_per_cpu_second']:,.0f} events a CPU second, peak {rss:,.0f} MB, state {checkpoint / 1e6:,.0f} MB")
        # Half of what comes now is known; small files, so that a batch is short.
        small = max(arguments.file_rows // 10, 1)
        fill(warehouse, "source", arguments.keys - small, arguments.keys + small, small // 2)
        fill(warehouse, "fresh", 0, small, small // 2)
        command = pipeline(folder, "source", "seen", small // 2)
        first_commit(command, kill=True)
        with_state = first_commit(command)
        subprocess.run([*command, "--once"], check=True, capture_output=True)
        without = first_commit(pipeline(folder, "fresh", "other", small // 2))
        kept = firn_sql(warehouse, "SELECT count(*) AS n, count(DISTINCT event_id) AS d FROM bench.seen")[0]
        assert kept["n"] == kept["d"] == arguments.keys + small, f"after the kill: {kept}"
        result.update({"restart_to_first_commit_seconds": with_state, "empty_start_to_first_commit_seconds": without,
                       "restore_seconds": with_state - without})
        say(f"restart after kill -9 to the first commit {with_state:.2f} s, with an empty state {without:.2f} s; every key once")
    print_figures([result])


if __name__ == "__main__":
    main()
