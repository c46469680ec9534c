"""The catalog's server goes away in the middle of a stream's commit, and comes back: each row once.

Iceberg's own REST server is killed before a commit reaches it, or when the commit is done and its answer is not sent, and
started again on its tables. The double of Glue keeps its tables in memory: there the way to it is cut.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[1] / "interop")]
from engines import NO_CREDENTIALS  # noqa: E402
from pipeline import FIRN  # noqa: E402
from rest_server import RestServer  # noqa: E402
from s3_server import BUCKET, Proxy, S3Server  # noqa: E402
from test_second_instance import end_of  # noqa: E402

FILES, ROWS = 12, 20
STREAM = ("CREATE STREAMING TABLE far.silver.t AS SELECT id FROM STREAM read_stream(__format => 'json', __path => '{folder}', "
          "__schema => 'id BIGINT', maxFilesPerTrigger => '1');")
FAR = "spark.sql.catalog.far"
GONE_S = 3


class Stream:
    """`firn run` with the catalog `far`; files of a folder, one a batch."""

    def __init__(self, folder, conf, environment=None):
        source = folder / "in"
        source.mkdir()
        for number in range(FILES):
            (source / f"{number:02}.json").write_text("".join(f'{{"id": {ROWS * number + i}}}\n' for i in range(ROWS)))
        (folder / "pipeline.sql").write_text(STREAM.format(folder=source))
        self.folder, self.conf = folder, {FAR: "org.apache.iceberg.spark.SparkCatalog", **conf}
        kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
        self.environment = {**kept, **NO_CREDENTIALS, **(environment or {})}

    def start(self):
        conf = [word for key, value in self.conf.items() for word in ("--conf", f"{key}={value}")]
        return subprocess.Popen(
            [FIRN, "run", str(self.folder / "pipeline.sql"), "--once", "--warehouse", str(self.folder / "own"), *conf],
            env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish(self):
        """To the end; a query that gave up by name is started again, as whoever runs it would."""
        end = time.monotonic() + 180
        while True:
            code, said = end_of(self.start(), 120)
            if code == 0:
                return
            assert code == 1 and ("FIRN_UNAVAILABLE" in said or "COMMIT_UNKNOWN" in said) and time.monotonic() < end, said
            print("it ended: " + said.strip().splitlines()[-1])
            time.sleep(1)


def check(one):
    """`one` is PyIceberg's table: each row once, each commit once, no file twice. After a kill a batch may have more files."""
    ids = Counter(one.scan().to_arrow()["id"].to_pylist())
    assert ids == Counter(range(FILES * ROWS))
    summaries = [snapshot.summary.additional_properties for snapshot in one.snapshots()]
    epochs = [int(summary["spark.sql.streaming.epochId"]) for summary in summaries if "spark.sql.streaming.epochId" in summary]
    assert sorted(epochs) == list(range(len(epochs)))
    files = [task.file.file_path for task in one.scan().plan_files()]
    assert len(files) == len(set(files))


class Outage:
    """A rule for the proxy: at the commits of these numbers the server goes away, with or without the commit done."""

    def __init__(self, is_commit, at, done, go):
        self.is_commit, self.at, self.done, self.go = is_commit, set(at), done, go
        self.commits = 0
        self.until = 0.0

    def __call__(self, number, method, path, headers):
        if not self.is_commit(method, path, headers):
            return "pass" if time.monotonic() >= self.until else "drop"
        if time.monotonic() < self.until:
            return "drop"
        self.commits += 1
        if self.commits not in self.at:
            return "pass"
        self.until = time.monotonic() + GONE_S
        return self.go(self.done)


@pytest.fixture(scope="module")
def rest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rest")
    one = RestServer(folder, f"file:{folder}/warehouse")
    yield one
    one.stop()


def of_rest(server):
    from pyiceberg.catalog.rest import RestCatalog

    return RestCatalog("rest", uri=server.uri)


@pytest.fixture
def fresh(rest):
    """The server without tables of an earlier test."""
    yield rest
    catalog = of_rest(rest)
    if catalog.table_exists("silver.t"):
        catalog.drop_table("silver.t")


@pytest.mark.parametrize("killed_too", [False, True], ids=["firn lives", "firn is killed"])
@pytest.mark.parametrize("done", [False, True], ids=["not done", "done"])
def test_a_rest_server_is_killed_at_a_commit(fresh, tmp_path, done, killed_too):
    """Killed while the answer is on its way, or before the request arrives; firn waits for it, or is killed meanwhile."""
    restarts, firn = [], []

    def go(is_done):
        def come_back():
            time.sleep(GONE_S / 2)
            fresh.start()
        thread = threading.Thread(target=come_back)
        restarts.append(thread)
        if not is_done:
            fresh.stop()
        else:
            threading.Timer(0.5, fresh.stop).start()   # when the commit is done: "lose" answers nobody
        thread.start()
        if killed_too:
            threading.Timer(0.7, lambda: firn[-1].kill()).start()
        return "lose" if is_done else "drop"

    def is_commit(method, path, headers):
        return method == "POST" and path.endswith("/tables/t")

    with Proxy(fresh, Outage(is_commit, [4, 9], done, go)) as proxy:
        stream = Stream(tmp_path, {f"{FAR}.type": "rest", f"{FAR}.uri": proxy.endpoint})
        for _ in range(2 if killed_too else 0):
            firn.append(stream.start())
            firn[-1].communicate(timeout=120)
            assert firn[-1].returncode == -signal.SIGKILL
            restarts[-1].join()
        stream.finish()
    for thread in restarts:
        thread.join()
    assert len(restarts) == 2
    check(of_rest(fresh).load_table("silver.t"))


@pytest.fixture(scope="module")
def aws():
    one = S3Server()
    yield one
    one.stop()


@pytest.mark.parametrize("done", [False, True], ids=["not done", "done"])
def test_glue_is_away_from_a_commit_on(aws, tmp_path, done):
    from pyiceberg.catalog.glue import GlueCatalog

    def is_commit(method, path, headers):
        return headers.get("X-Amz-Target", "").endswith(".UpdateTable")

    warehouse = f"s3://{BUCKET}/gone-{'done' if done else 'not'}"
    with Proxy(aws, Outage(is_commit, [4, 9], done, lambda is_done: "lose" if is_done else "drop")) as proxy:
        stream = Stream(
            tmp_path, {f"{FAR}.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog", f"{FAR}.warehouse": warehouse,
                       f"{FAR}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO"},
            {"AWS_ENDPOINT_URL": aws.endpoint, "AWS_ENDPOINT_URL_GLUE": proxy.endpoint, "AWS_ACCESS_KEY_ID": aws.key,
             "AWS_SECRET_ACCESS_KEY": aws.secret, "AWS_REGION": "us-east-1"})
        stream.finish()
        assert sum(verdict in ("lose", "drop") for *_, verdict in proxy.seen) >= 2
    catalog = GlueCatalog("glue", warehouse=warehouse, **{
        "glue.endpoint": aws.endpoint, "glue.region": "us-east-1", "glue.access-key-id": aws.key,
        "glue.secret-access-key": aws.secret, "s3.endpoint": aws.endpoint, "s3.access-key-id": aws.key,
        "s3.secret-access-key": aws.secret, "s3.region": "us-east-1"})
    check(catalog.load_table("silver.t"))
    catalog.drop_table("silver.t")
