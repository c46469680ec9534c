"""A disk that is full: an error that names the file, nothing torn, and with room again each row once.

The disk is a tmpfs of a few MB, filled up to what the test leaves. Where mounting is not permitted, and in any case once,
a limit on the size of files takes its place.
"""

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from aftermath import check, check_files  # noqa: E402
from bookings import Bookings  # noqa: E402
from pipeline import pipeline_text, rows, run  # noqa: E402

LOCATION = "spark.sql.streaming.checkpointLocation="
SIZE_KB = 8192
# What is on the disk, and how much of it is left when the query starts: from not even a folder to a few epochs.
CASES = [("warehouse", 0), ("warehouse", 60), ("warehouse", 200), ("checkpoint", 0), ("checkpoint", 24), ("both", 100)]
if os.environ.get("FIRN_TEST_LONG"):
    CASES += [("warehouse", left) for left in range(10, 260, 25)]
    CASES += [("checkpoint", left) for left in range(4, 64, 8)]
    CASES += [("both", left) for left in range(4, 260, 28)]
SQL_OPTIONS = ", maxOffsetsPerTrigger => 400"


class TmpfsDisk:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.ballast = folder / "ballast"
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_KB}k", "tmpfs", str(folder)], check=True,
                       capture_output=True)

    def leave(self, kilobytes):
        free = os.statvfs(self.folder)
        with open(self.ballast, "wb") as file:
            file.write(bytes(max(free.f_bavail * free.f_frsize - kilobytes * 1024, 0)))
        return {}

    def make_room(self):
        self.ballast.unlink()
        subprocess.run(["mount", "-o", f"remount,size={16 * SIZE_KB}k", str(self.folder)], check=True)

    def end(self):
        subprocess.run(["umount", "-l", str(self.folder)], check=False)

    reasons = ("No space left on device", "disk is full")


class SmallFiles:
    """No file may grow beyond a limit, wherever it is: so all of them are in the folder. 12 KB stop the catalog's index."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()

    def leave(self, kilobytes):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (min(kilobytes, 12) * 1024,) * 2)
        return {"preexec_fn": limit, "restore_signals": False}

    def make_room(self):
        pass

    def end(self):
        pass

    reasons = ("File too large", "disk I/O error", "disk is full")


@pytest.fixture
def disk(tmp_path):
    try:
        one = TmpfsDisk(tmp_path / "disk")
    except (subprocess.CalledProcessError, FileNotFoundError):
        one = SmallFiles(tmp_path / "small")
    yield one
    one.end()


def places(tmp_path, disk, what):
    """(folder of the run, its arguments): the warehouse, the checkpoint or both are on the disk."""
    if isinstance(disk, SmallFiles):
        return disk.folder, []
    if what == "checkpoint":
        return tmp_path / "run", ["--conf", LOCATION + str(disk.folder / "checkpoints")]
    if what == "warehouse":
        return disk.folder, ["--conf", LOCATION + str(tmp_path / "checkpoints")]
    return disk.folder, []


def whole_so_far(folder, events):
    """Rows that are committed are whole, and none is there twice."""
    try:
        found = rows(folder, "silver.booking", "event_id")
    except Exception as error:   # not even the table is there yet
        assert "NoSuchTable" in type(error).__name__ or "no such table" in str(error) or "unable to open" in str(error), error
        return
    assert max(found.values(), default=1) == 1
    assert {key for (key,) in found} <= set(events.silver)
    check_files(folder, "silver.booking")


def fill_and_go_on(broker, topic, tmp_path, disk, what, kilobytes, seed):
    first, second = Bookings(6000 + seed, 400), Bookings(6100 + seed, 2000, start_second=100)
    folder, arguments = places(tmp_path, disk, what)
    sql = pipeline_text(broker.address, topic, options=SQL_OPTIONS)
    broker.produce(topic, first.messages)
    run(folder, sql, *arguments)
    broker.produce(topic, second.messages)
    limits = disk.leave(kilobytes)
    failed = run(folder, sql, *arguments, check=False, **limits)
    assert failed.returncode == 1, f"{failed.returncode} {failed.stdout}\n{failed.stderr}"
    assert any(reason in failed.stderr for reason in disk.reasons), failed.stderr
    assert str(disk.folder) in failed.stderr, failed.stderr
    print(failed.stderr.strip().splitlines()[-1])
    disk.make_room()
    whole_so_far(folder, both(first, second))
    run(folder, sql, *arguments)
    check(folder, first, second)


def both(first, second):
    union = Bookings(0, 0)
    union.silver = first.silver + second.silver
    return union


@pytest.mark.parametrize("what, kilobytes", CASES)
def test_a_full_disk(broker, topic, tmp_path, disk, what, kilobytes):
    fill_and_go_on(broker, topic, tmp_path, disk, what, kilobytes, seed=kilobytes)


def test_files_that_may_not_grow(broker, topic, tmp_path):
    fill_and_go_on(broker, topic, tmp_path, SmallFiles(tmp_path / "small"), "both", kilobytes=12, seed=99)
