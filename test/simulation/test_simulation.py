"""The simulation of streams under faults: `firn_simulation` prints each seed that fails, with the command that replays it."""

import os
import subprocess
from pathlib import Path

import pytest

PROGRAM = Path(os.environ["FIRN"]).resolve().parent / "test" / "firn_simulation"
RUNS = 2500 if os.environ.get("FIRN_TEST_LONG") else 500
PARTS = 20 if os.environ.get("FIRN_TEST_LONG") else 4


@pytest.mark.parametrize("part", range(PARTS))
def test_seeds(part):
    first = 1 + part * RUNS
    done = subprocess.run(
        [PROGRAM, "--seeds", f"{first}..{first + RUNS - 1}"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1].startswith(f"{RUNS} runs"), done.stdout


def test_a_seed_replays_exactly():
    command = [PROGRAM, "--seed", "7", "--trace"]
    runs = [subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout for _ in range(2)]
    without_time = [[line for line in run.splitlines() if " runs in " not in line] for run in runs]
    assert without_time[0] == without_time[1]
    assert len(without_time[0]) > 100
