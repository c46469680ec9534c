"""What a power cut leaves on a disk that says it has synced and has not: the newest files of a checkpoint are empty.

The query says which file it is, or goes on. With the empty file taken away it goes on or stops by name. Whatever it does,
no row is lost and none is there twice, and with the file back it goes on to the end.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from aftermath import check  # noqa: E402
from bookings import Bookings  # noqa: E402
from pipeline import pipeline_text, rows, run  # noqa: E402

STEPS = ["offsets", "table0", "commit"]
if os.environ.get("FIRN_TEST_LONG"):
    STEPS += ["written", "prepared", "tables"]
LOGS = ["offsets", "commits", "firn/prepared", "state"]
CHECKPOINT = "warehouse/_checkpoints/silver.booking"


def newest(folder):
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return max(files, key=lambda path: (path.stat().st_mtime_ns, int(path.name) if path.name.isdigit() else -1), default=None)


def tail(checkpoint, kind):
    """The newest file of a log, or of all of them."""
    found = [newest(checkpoint / log) for log in (LOGS if kind == "all" else [kind])]
    return [path for path in found if path is not None and path.stat().st_size > 0]


def goes_on_or_stops(folder, sql, events, *named):
    """True where it went on to the end."""
    done = run(folder, sql, check=False)
    if done.returncode == 0:
        check(folder, events)
        return True
    assert done.returncode == 1 and "FIRN_INTERNAL" not in done.stderr, done.stderr
    assert not named or any(str(path) in done.stderr for path in named), done.stderr
    found = rows(folder, "silver.booking", "event_id")
    assert max(found.values(), default=1) == 1 and {key for (key,) in found} <= set(events.silver)
    return False


@pytest.fixture(scope="module")
def cut(broker):
    """Events and the pipeline that reads them, one topic a step."""
    made = {}

    def at(step):
        if step not in made:
            events, topic = Bookings(9000 + len(made), 2000), broker.create_topic(f"cut-{step}")
            broker.produce(topic, events.messages)
            sql = pipeline_text(broker.address, topic, options=", maxOffsetsPerTrigger => 400")
            made[step] = events, sql
        return made[step]
    return at


@pytest.mark.parametrize("kind", [*LOGS, "all"])
@pytest.mark.parametrize("step", STEPS)
def test_empty_files_at_the_end_of_a_checkpoint(cut, tmp_path, step, kind):
    events, sql = cut(step)
    killed = run(tmp_path, sql, "--test-crash", f"{step}:2", check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    checkpoint, whole = tmp_path / CHECKPOINT, tmp_path / "whole"
    shutil.copytree(checkpoint, whole)
    emptied = tail(checkpoint, kind)
    assert emptied or kind == "state", "nothing to empty"
    for path in emptied:
        path.write_bytes(b"")
    if goes_on_or_stops(tmp_path, sql, events, *emptied):
        return
    for path in emptied:
        path.unlink()
    if goes_on_or_stops(tmp_path, sql, events):
        return
    shutil.rmtree(checkpoint)
    shutil.copytree(whole, checkpoint)
    run(tmp_path, sql)
    check(tmp_path, events)
