"""The simulation of streams under faults: `firn_simulation` prints each seed that fails, with the command that replays it."""

import functools
import os
import re
import subprocess
from collections import Counter
from pathlib import Path

import pytest

PROGRAM = Path(os.environ["FIRN"]).resolve().parent / "test" / "firn_simulation"
IS_LONG = bool(os.environ.get("FIRN_TEST_LONG"))
RUNS = 2500 if IS_LONG else 500
PARTS = 20 if IS_LONG else 4
WHOLE_RUNS = 400 if IS_LONG else 20

# What must have taken effect in the first 2,000 seeds, by what it is about; the names are those of `--counts`.
FAULTS = {
    "a kill at every step": [
        "kill",
        *(f"kill before: {step}" for step in (
            "ask", "commit", "finish", "list", "load", "open", "put", "read", "remove", "reply", "stat", "what follows"
        )),
    ],
    "a commit's reply lost": ["reply lost", "killed in commit"],
    "a commit that lands late": ["late", "a late commit lands", "a late commit is refused"],
    "replies sent twice and out of order": ["sent twice", "duplicated", "reply out of order"],
    "5xx": ["5xx", "no answer", "refused"],
    "409": ["409"],
    "a torn file": ["breaks off", "tear checkpoint"],
    "a full disk": ["disk full", "disk full for a put"],
    "a disk that fails": ["put fails", "put reply lost", "read fails"],
    "a paused zombie": ["pause"],
    "compaction and expiry by others": ["compact", "expire", "merge", "foreign rows"],
    "a crash between two tables' commits": ["killed between tables"],
    "a checkpoint from a copy": ["copy checkpoint", "an old checkpoint is refused"],
    "two writers on copies of a checkpoint": ["two writers on copies", "a writer's copy of the checkpoint takes over"],
    "a table made anew or set back": ["recreate table", "restore table", "roll back"],
    "a foreign property beside an unknown outcome": ["property", "late beside a property"],
    "unsynced writes lost": ["power cut", "power cut in a sync", "unsynced writes at a power cut"],
    "stale reads of the catalog": ["stale read"],
    "leader election": ["leader changes"],
    "a stale high watermark": ["stale watermark"],
    "a broker's restart": ["broker restarts"],
    "a cut topic, failOnDataLoss both ways": ["truncate topic", "data loss ends the query", "data loss is let pass"],
    "poison records": ["poison record"],
}  # fmt: skip


@functools.cache
def simulate(first, runs, *options):
    return subprocess.run(
        [PROGRAM, "--seeds", f"{first}..{first + runs - 1}", "--counts", *options],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=7200,
    )  # fmt: skip


def counts_of(done):
    return Counter({what: int(times) for times, what in re.findall(r"^ *(\d+)  (.+)$", done.stdout, re.MULTILINE)})


@pytest.mark.parametrize("part", range(PARTS))
def test_seeds(part):
    done = simulate(1 + part * RUNS, RUNS)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1].startswith(f"{RUNS} runs"), done.stdout


def test_seeds_with_duckdb_and_parquet():
    done = simulate(1, WHOLE_RUNS, "--whole", "1")
    assert done.returncode == 0, done.stdout
    assert f", {WHOLE_RUNS} of them whole," in done.stdout.splitlines()[-1], done.stdout


@pytest.mark.parametrize("what", FAULTS)
def test_each_fault_takes_effect(what):
    counts = sum((counts_of(simulate(1 + part * RUNS, RUNS)) for part in range(2000 // RUNS or 1)), Counter())
    assert [name for name in FAULTS[what] if counts[name] == 0] == []


def test_no_fault_is_left_out():
    named = {name for names in FAULTS.values() for name in names}
    listed = subprocess.run([PROGRAM, "--kinds"], stdout=subprocess.PIPE, text=True).stdout.splitlines()
    assert len(listed) > 30
    assert [name for name in listed if name not in named] == []


@pytest.mark.parametrize("whole", [[], ["--whole", "1"]], ids=["tiny", "whole"])
def test_a_seed_replays_exactly(whole):
    command = [PROGRAM, "--seed", "7", "--trace", *whole]
    runs = [subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout for _ in range(2)]
    without_time = [[line for line in run.splitlines() if " runs in " not in line] for run in runs]
    assert without_time[0] == without_time[1]
    assert len(without_time[0]) > 100
