"""kill -9 of compaction, expiry and the removal of orphans while a stream writes to the same tables; now and then of the stream too."""

import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from aftermath import OLD_S, Files, check, path_of  # noqa: E402
from bookings import Bookings  # noqa: E402
from pipeline import pipeline_text, run, start, start_query, table  # noqa: E402
from test_second_instance import end_of, wait_for_commit  # noqa: E402

SEEDS = 6 if os.environ.get("FIRN_TEST_LONG") else 2
TURNS = 5
NAMES = ("silver.booking", "quarantine.booking")
UPKEEP = {
    "compaction": "CALL firn.system.rewrite_data_files(table => '{0}', options => map('min-input-files', '2'))",
    "manifests": "CALL firn.system.rewrite_manifests('{0}')",
    "expiry": "CALL firn.system.expire_snapshots(table => '{0}', retain_last => 1, older_than => current_timestamp())",
    "orphans": "CALL firn.system.remove_orphan_files(table => '{0}')",
}


def strew_orphans(folder, name, turn):
    """Copies of a live file, old enough to be removed: there is something to do for the removal."""
    live = next(iter(Files(folder, name).live))
    for number in range(20):
        copy = live.with_name(f"stray-{turn}-{number}.parquet")
        shutil.copy(live, copy)
        os.utime(copy, (time.time() - OLD_S,) * 2)


def strays(folder, name):
    return list(path_of(table(folder, name).location()).rglob("stray-*.parquet"))


@pytest.mark.parametrize("seed", range(SEEDS), ids=lambda seed: f"seed-{seed}")
def test_killed_upkeep_beside_a_stream(broker, topic, tmp_path, seed):
    choice = random.Random(seed)
    sql = pipeline_text(broker.address, topic, options=", maxOffsetsPerTrigger => 100")
    batches = [Bookings(8000 + 10 * seed, 1200)]
    broker.produce(topic, batches[0].messages)
    stream = start(tmp_path, sql)
    wait_for_commit(stream, tmp_path)
    time.sleep(0.5)   # the second table has its first commit
    for turn in range(TURNS):
        batches.append(Bookings(8001 + 10 * seed + turn, 1000, start_second=100 * (turn + 1)))
        broker.produce(topic, batches[-1].messages)
        strew_orphans(tmp_path, NAMES[0], turn)
        order = choice.sample(sorted(UPKEEP), len(UPKEEP))
        upkeep = start_query(tmp_path, ";".join(UPKEEP[what].format(name) for what in order for name in NAMES))
        time.sleep(choice.uniform(0.1, 1.2))
        upkeep.kill()
        upkeep.communicate()
        if choice.random() < 0.3:
            stream.kill()
            stream.communicate()
            stream = start(tmp_path, sql)
    stream.send_signal(signal.SIGINT)
    code, said = end_of(stream)
    assert code in (0, -signal.SIGINT), said   # the latter where it was started just now
    run(tmp_path, sql)
    whole = start_query(tmp_path, ";".join(call.format(name) for call in UPKEEP.values() for name in NAMES))
    code, said = end_of(whole)
    assert code == 0, said
    assert strays(tmp_path, NAMES[0]) == []
    check(tmp_path, *batches)
