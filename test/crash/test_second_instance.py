"""Two processes for one query: the second is refused, or one of them finds that it has been overtaken and stops by name.

SIGSTOP makes a zombie of the first at a moment drawn from a seed: it holds what it read, has perhaps prepared it or has a
commit half done, and goes on with it when it is woken.
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from aftermath import check  # noqa: E402
from bookings import Bookings  # noqa: E402
from pipeline import pipeline_text, run, start  # noqa: E402

SEEDS = 12 if os.environ.get("FIRN_TEST_LONG") else 2
LOCATION = "spark.sql.streaming.checkpointLocation="
OVERTAKEN = "STREAM_CHECKPOINT_BEHIND_TABLE"
OFTEN = ", maxOffsetsPerTrigger => 60"   # more than 100 batches of some milliseconds: a pause falls into them


def pause(process):
    process.send_signal(signal.SIGSTOP)
    while Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        time.sleep(0.01)


def wake(process):
    process.send_signal(signal.SIGCONT)


def waiting_threads(pid):
    """Name, state, what it waits for in the kernel, pending signals; the whole stack of each where gdb is there."""
    lines = []
    for task in sorted(Path(f"/proc/{pid}/task").iterdir()):
        told = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
        lines.append(f"{task.name} {told['Name']}: {told['State']}, {(task / 'wchan').read_text()}, "
                     f"SigPnd {told['SigPnd']} ShdPnd {told['ShdPnd']} SigBlk {told['SigBlk']}")
    if shutil.which("gdb"):
        command = ["gdb", "-p", str(pid), "-batch", "-ex", "thread apply all backtrace 16"]
        lines.append(subprocess.run(command, capture_output=True, text=True).stdout)
    return "\n".join(lines)


def end_of(process, seconds=60):
    """(exit code, what it said) of a process that ends by itself."""
    try:
        out, err = process.communicate(timeout=seconds)
    except Exception:
        threads = waiting_threads(process.pid)
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"it did not end\n{out}\n{err}\n{threads}") from None
    return process.returncode, out + err


def wait_for_commit(process, folder, seconds=60):
    end = time.monotonic() + seconds
    while not any(Path(folder).rglob("commits/0")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end, "no commit"
        time.sleep(0.02)


@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
def test_a_second_firn_on_a_checkpoint_is_refused_by_name(broker, topic, tmp_path, paused):
    events = Bookings(50 + paused, 3000)
    broker.produce(topic, events.messages)
    sql = pipeline_text(broker.address, topic, options=", maxOffsetsPerTrigger => 400")
    first = start(tmp_path, sql)
    try:
        wait_for_commit(first, tmp_path)
        if paused:
            pause(first)
        second = run(tmp_path, sql, check=False)
        assert second.returncode == 1 and "STREAM_CHECKPOINT_IN_USE" in second.stderr, second.stderr
        assert f"process {first.pid}" in second.stderr and socket.gethostname() in second.stderr, second.stderr
        assert "_checkpoints/silver.booking" in second.stderr
    finally:
        wake(first)
        first.send_signal(signal.SIGINT)
        code, said = end_of(first)
    assert code == 0, said
    run(tmp_path, sql)
    check(tmp_path, events)


@pytest.mark.parametrize("seed", range(SEEDS), ids=lambda seed: f"seed-{seed}")
def test_a_zombie_beside_its_successor_on_a_copy(broker, topic, tmp_path, seed):
    """The successor works with a copy of the checkpoint, in ranges of its own, on the same tables."""
    choice = random.Random(seed)
    events = Bookings(5100 + seed, 8000)
    broker.produce(topic, events.messages)
    first_base, second_base = tmp_path / "first", tmp_path / "second"
    first = start(tmp_path, pipeline_text(broker.address, topic, options=OFTEN), "--conf", LOCATION + str(first_base))
    wait_for_commit(first, first_base)
    time.sleep(choice.uniform(0, 0.2))
    pause(first)
    shutil.copytree(first_base, second_base)
    sql = pipeline_text(broker.address, topic, options=f", maxOffsetsPerTrigger => {choice.randrange(250, 390)}")
    second = run(tmp_path, sql, "--conf", LOCATION + str(second_base), check=False)
    wake(first)
    if second.returncode != 0:   # the zombie held the catalog's lock: then the successor is the one to go
        assert "locked" in second.stderr, second.stderr
        time.sleep(3)
        first.kill()
        first.communicate()
        run(tmp_path, sql, "--conf", LOCATION + str(first_base))
        return check(tmp_path, events)
    code, said = end_of(first)
    assert code == 1 and OVERTAKEN in said, said
    check(tmp_path, events)
    more = Bookings(5200 + seed, 1000, start_second=900)
    broker.produce(topic, more.messages)
    run(tmp_path, sql, "--conf", LOCATION + str(second_base))
    check(tmp_path, events, more)
    return None


@pytest.mark.parametrize("seed", range(SEEDS), ids=lambda seed: f"seed-{seed}")
def test_a_zombie_beside_its_successor_where_nothing_locks(broker, topic, tmp_path, seed):
    """A checkpoint in a bucket has no lock: the successor takes the folder over, and the zombie loses its next put."""
    choice = random.Random(100 + seed)
    events = Bookings(5300 + seed, 8000)
    broker.produce(topic, events.messages)
    sql = pipeline_text(broker.address, topic, options=OFTEN)
    place = {"cwd": tmp_path, "env": {**os.environ, "HOME": str(tmp_path)}}
    base = ["--conf", LOCATION + "s3://lake/checkpoints"]
    first = start(tmp_path, sql, *base, **place)
    wait_for_commit(first, tmp_path)
    time.sleep(choice.uniform(0, 0.2))
    pause(first)
    second = run(tmp_path, sql, *base, check=False, **place)
    wake(first)
    if second.returncode != 0:
        assert "locked" in second.stderr, second.stderr
        time.sleep(3)
        first.kill()
        first.communicate()
        run(tmp_path, sql, *base, **place)
        return check(tmp_path, events)
    more = Bookings(5400 + seed, 1000, start_second=900)
    broker.produce(topic, more.messages)   # what a zombie that had nothing under way trips over
    run(tmp_path, sql, *base, **place)
    code, said = end_of(first)
    assert code == 1 and any(name in said for name in ("STREAM_CHECKPOINT_IN_USE", "CONCURRENT_STREAM_LOG_UPDATE", OVERTAKEN)), said
    check(tmp_path, events, more)
    return None
