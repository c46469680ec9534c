"""What the benches share: the program, the machine, processes that are measured, servers, peers, and how figures are printed."""

import json
import os
import platform
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIRN = os.environ.get("FIRN", str(ROOT / "build/release/firn"))
PEERS = Path(os.environ.get("FIRN_PEERS", str(ROOT / ".deps/peers")))
sys.path.insert(0, str(ROOT / "test"))


# ---- the machine

def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        return next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def machine():
    return {"cores": os.cpu_count(), "processor": processor()}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# ---- processes

def measured(command, **options):
    """Runs a command; gives its output, wall seconds, CPU seconds and peak RSS in MB."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, output[-3000:]
    return output, time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def cpu_seconds(pid):
    """User and system of a running process, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid, key="VmHWM"):
    """VmHWM: the peak so far; VmRSS: now."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key + ":")) / 1024


def folder_bytes(folder):
    return sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file())


class FirnServer:
    """`firn server` on a free port; `address` is what a client connects to."""

    def __init__(self, warehouse, *options):
        self.process = subprocess.Popen(
            [FIRN, "server", "--port", "0", "--warehouse", str(warehouse), *options], text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, env=dict(os.environ, FIRN_PYTHON=sys.executable))
        self.address = self.process.stdout.readline().strip()
        assert self.address.startswith("sc://"), "firn server did not start"
        self.pid = self.process.pid

    def session(self):
        from pyspark.sql import SparkSession

        return SparkSession.builder.remote(self.address).create()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)


def firn_sql(warehouse, text, **options):
    """Runs statements; the rows of the last one that gives rows."""
    done = subprocess.run([FIRN, "sql", "--warehouse", str(warehouse), "--format", "json", "--conf", "spark.sql.session.timeZone=UTC", "-e", text],
                          capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


class FirnProgram:
    """`firn sql` in a conversation through pipes: no protocol between the bench and the engine but lines of JSON."""

    def __init__(self, warehouse, *options):
        self.process = subprocess.Popen([FIRN, "sql", "--warehouse", str(warehouse), "--format", "typed-json", *options], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self.process.pid

    def run(self, statement):
        """The statement's answer: {"columns": …, "rows": …}."""
        self.process.stdin.write(statement + ";\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "rows" in answer, answer
        return answer

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(30)


def pyiceberg_catalog(warehouse):
    """The catalog that firn keeps in a warehouse, through PyIceberg."""
    from pyiceberg.catalog.sql import SqlCatalog

    return SqlCatalog("firn", uri=f"sqlite:///{warehouse}/catalog.db", warehouse=str(warehouse))


# ---- Spark beside it

def spark_jars():
    return sorted((PEERS / "jars").glob("*.jar"))


def spark_is_there(say=print):
    if any(jar.name.startswith("iceberg-spark-runtime") for jar in spark_jars()):
        return True
    say("Spark is not installed (./dev setup --peers): left out")
    return False


# ---- figures

def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0


def add_standard_options(parser, spark=True):
    parser.add_argument("--json", action="store_true", help="one object a case on the last lines, nothing else")
    if spark:
        parser.add_argument("--against", choices=["spark"], action="append", default=[],
                            help="the same job on Spark in the same run; left out with a notice where it is not installed")


def sayer(arguments):
    """What prints for people: nothing with --json, where stdout holds the objects alone (notices go to stderr)."""
    return (lambda *text: print(*text, file=sys.stderr)) if arguments.json else print


def print_figures(results):
    for result in results:
        print(json.dumps({**result, **machine()}))
