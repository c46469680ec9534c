"""kill -9 and restart: nothing is lost, nothing is repeated. Seeded: a failing seed runs again alone with `-k seed-N`."""

import os
import random
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from aftermath import check  # noqa: E402
from bookings import Bookings  # noqa: E402
from pipeline import pipeline_text, run, start  # noqa: E402

STEPS = ["written", "offsets", "prepared", "table0", "table1", "tables", "commit"]
KILLS = 100 if os.environ.get("FIRN_TEST_LONG") else 15
OPTIONS = ", maxOffsetsPerTrigger => 400"


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_each_step_of_a_commit(broker, topic, tmp_path, step):
    events = Bookings(len(step), 2000)
    broker.produce(topic, events.messages)
    sql = pipeline_text(broker.address, topic, options=OPTIONS)
    for epoch in (0, 2):
        killed = run(tmp_path, sql, "--test-crash", f"{step}:{epoch}", check=False)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    run(tmp_path, sql)
    check(tmp_path, events)


@pytest.mark.parametrize("seed", range(KILLS // 3), ids=lambda seed: f"seed-{seed}")
def test_kills_at_any_moment(broker, topic, tmp_path, seed):
    """Three kills each, at moments drawn from the seed, then a run to the end."""
    choice = random.Random(seed)
    events = Bookings(1000 + seed, 4000)
    broker.produce(topic, events.messages)
    sql = pipeline_text(broker.address, topic, options=OPTIONS)
    for _ in range(3):
        process = start(tmp_path, sql)
        time.sleep(choice.uniform(0.02, 0.6))
        process.kill()
        process.communicate()
    run(tmp_path, sql)
    check(tmp_path, events)
