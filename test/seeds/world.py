"""What a block runs in: a folder with its buckets and tables, the firn program, the clock of old snapshots."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FIRN = os.environ.get("FIRN", str(ROOT / "build/release/firn"))
TIMEOUT = 180


@dataclass
class Outcome:
    code: int
    out: str
    err: str

    def ok(self):
        assert self.code == 0, f"exit code {self.code}\n{self.out}\n{self.err}"
        return self


class World:
    def __init__(self, folder, broker=None, options=()):
        self.folder = Path(folder)
        self.broker = broker
        self.options = list(options)
        self.metrics_file = self.folder / ".firn/metrics/cloudwatch.jsonl"

    # ---- objects
    def object(self, uri):
        """The file of s3://bucket/key in the embedded profile."""
        path = self.folder / ".firn/s3" / uri.split("://", 1)[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def put(self, uri, text):
        self.object(uri).write_text(text)

    def put_json(self, uri, records):
        self.put(uri, "".join(json.dumps(record) + "\n" for record in records))

    def objects(self, uri):
        """Data files below a prefix, as paths relative to it."""
        base = self.folder / ".firn/s3" / uri.split("://", 1)[1]
        return sorted(str(path.relative_to(base)) for path in base.rglob("*")
                      if path.is_file() and not path.name.startswith(("_", ".")))

    # ---- firn
    def _environment(self):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        return {**kept, "HOME": str(self.folder), "TZ": "UTC", "FIRN_PYTHON": os.environ.get("FIRN_PYTHON",
                                                                                         sys.executable)}

    def run(self, text, arguments=(), name="job.py", options=()):
        (self.folder / name).write_text(text)
        done = subprocess.run([FIRN, "run", *self.options, *options, name, *arguments], cwd=self.folder,
                              env=self._environment(), capture_output=True, text=True, timeout=TIMEOUT,
                              stdin=subprocess.DEVNULL)
        return Outcome(done.returncode, done.stdout, done.stderr)

    def start(self, text, arguments=(), name="job.py"):
        (self.folder / name).write_text(text)
        self._logs = open(self.folder / "out.txt", "w"), open(self.folder / "err.txt", "w")
        return subprocess.Popen([FIRN, "run", *self.options, name, *arguments], cwd=self.folder,
                                env=self._environment(), stdout=self._logs[0], stderr=self._logs[1], text=True,
                                stdin=subprocess.DEVNULL)

    def interrupt(self, process):
        """Ctrl-C, then its outcome."""
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for log in self._logs:
            log.close()
        return Outcome(process.returncode, (self.folder / "out.txt").read_text(),
                       (self.folder / "err.txt").read_text())

    def sql(self, text, options=()):
        (self.folder / "block.sql").write_text(text)
        done = subprocess.run([FIRN, "sql", *options, "-f", "block.sql"], cwd=self.folder,
                              env=self._environment(), capture_output=True, text=True, timeout=TIMEOUT,
                              stdin=subprocess.DEVNULL)
        return Outcome(done.returncode, done.stdout, done.stderr)

    def rows(self, query):
        """The rows of a query as dicts."""
        done = subprocess.run([FIRN, "sql", "--format", "json", "-e", query], cwd=self.folder,
                              env=self._environment(), capture_output=True, text=True, timeout=TIMEOUT,
                              stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    def value(self, query):
        return next(iter(self.rows(query)[0].values()))

    def until(self, condition, seconds=60, process=None):
        """Waits for a condition; what it raises on the way counts as not yet."""
        end, last = time.monotonic() + seconds, None
        while time.monotonic() < end:
            try:
                if condition():
                    return
            except Exception as error:  # the table is not there yet
                last = error
            if process is not None and process.poll() is not None:
                raise AssertionError("the job ended: " + (self.folder / "err.txt").read_text()[-2000:])
            time.sleep(0.3)
        raise AssertionError(f"not within {seconds} s ({last})\n" + (self.folder / "err.txt").read_text()[-2000:])

    # ---- time
    def metadata_of(self, table):
        """The current metadata file of db.table."""
        space, name = table.split(".")
        with sqlite3.connect(self.folder / "warehouse/catalog.db") as catalog:
            found = catalog.execute("SELECT metadata_location FROM iceberg_tables WHERE table_namespace = ? "
                                    "AND table_name = ?", (space, name)).fetchone()
        assert found, f"no table {table}"
        location = found[0]
        if location.startswith("s3"):
            return self.object(location)
        return Path(location.removeprefix("file://").removeprefix("file:"))

    def backdate(self, table, times_ms):
        """Gives the table's snapshots, oldest first, other times: the past that a text presumes."""
        path = self.metadata_of(table)
        metadata = json.loads(path.read_text())
        snapshots = sorted(metadata["snapshots"], key=lambda one: one["timestamp-ms"])
        times = dict(zip([one["snapshot-id"] for one in snapshots], times_ms))
        for one in [*metadata["snapshots"], *metadata["snapshot-log"]]:
            one["timestamp-ms"] = times.get(one["snapshot-id"], one["timestamp-ms"])
        metadata["metadata-log"] = []
        path.write_text(json.dumps(metadata))
        return [one["snapshot-id"] for one in snapshots]
