"""Files of a checkpoint, damaged at random places: the next run says which, or goes on and has each row once."""

import json
import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from damage import damages  # noqa: E402
from pipeline import query, run  # noqa: E402

DAMAGES = 200 if os.environ.get("FIRN_TEST_LONG") else 10  # of each kind of file
SEED = int(os.environ.get("FIRN_TEST_SEED", "20240502"))
STREAM = """CREATE STREAMING TABLE silver.events AS
SELECT DISTINCT ON (id) id, name, at FROM STREAM bronze.events WATERMARK at DELAY OF INTERVAL 24 HOURS;"""
BEFORE = [f"({number}, 'n{number}', TIMESTAMP '2024-01-01 00:00:{number:02}')" for number in range(20)]
AFTER = ["(7, 'again', TIMESTAMP '2024-01-01 00:00:07')", "(30, 'new', TIMESTAMP '2024-01-01 00:00:30')"]
OLD, WHOLE = sorted(range(20)), sorted([*range(20), 30])
KINDS = {  # below the checkpoint's folder; the newest in that order
    "metadata": "metadata",
    "source_start": "sources/0/offsets/*",
    "offsets": "offsets/*",
    "commits": "commits/*",
    "prepared": "firn/prepared/*",
    "flows": "firn/flows",
    "state": "state/**/*",
}


def silver(folder):
    return sorted(row["id"] for row in query(folder, "SELECT id FROM silver.events"))


class Stream:
    """A stream with two batches behind it and a third one waiting, as often as it is asked for."""

    def __init__(self, folder):
        self.folder = folder
        self.kept = folder.with_suffix(".kept")
        query(folder, "CREATE TABLE bronze.events (id BIGINT, name STRING, at TIMESTAMP) USING iceberg")
        for half in (BEFORE[:10], BEFORE[10:]):
            query(folder, "INSERT INTO bronze.events VALUES " + ", ".join(half))
            run(folder, STREAM)
        assert silver(folder) == OLD
        query(folder, "INSERT INTO bronze.events VALUES " + ", ".join(AFTER))
        shutil.copytree(folder, self.kept)

    def anew(self):
        shutil.rmtree(self.folder)
        shutil.copytree(self.kept, self.folder)
        return self.folder / "warehouse/_checkpoints/silver.events"


def newest(checkpoint, pattern):
    files = [path for path in checkpoint.glob(pattern) if path.is_file()]
    return max(files, key=lambda path: (int(path.name) if path.name.isdigit() else -1, path.stat().st_mtime_ns, path.name))


def try_damage(stream, pattern, what, damaged):
    """What is wrong; None where all is as it should be."""
    file = newest(stream.anew(), pattern)
    file.write_bytes(damaged)
    done = run(stream.folder, STREAM, check=False)
    said = done.stdout + done.stderr
    seen = silver(stream.folder)
    if done.returncode == 0:
        return None if seen == WHOLE else f"{what}: no error, but {json.dumps(seen)}"
    if done.returncode != 1 or "INTERNAL" in said:
        return f"{what}: exit code {done.returncode}: {said[-300:]}"
    if seen not in (OLD, WHOLE):
        return f"{what}: an error, and rows {json.dumps(seen)}: {said[-300:]}"
    name = str(file.relative_to(stream.folder / "warehouse/_checkpoints/silver.events"))
    # Another query's id, or another file's name, is sound by itself: what does not fit is named then.
    others = {"metadata": ["[STREAM_TABLE_"], "firn/prepared/*": ["[STREAM_TABLE_", "[FIRN_NOT_FOUND]"]}.get(pattern, [])
    if any(other in said for other in others):
        return None
    return None if name in said or file.name in said and not file.name.isdigit() else f"{what}: {name} is not named: {said[-300:]}"


@pytest.fixture(scope="module")
def streams(tmp_path_factory):
    base = tmp_path_factory.mktemp("streams")
    return [Stream(base / str(number)) for number in range(2)]


def test_the_third_batch_of_a_sound_checkpoint(streams):
    streams[0].anew()
    run(streams[0].folder, STREAM)
    assert silver(streams[0].folder) == WHOLE


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_named_or_does_not_matter(streams, kind):
    def lane(number):
        stream = streams[number]
        whole = newest(stream.anew(), KINDS[kind]).read_bytes()
        found = [try_damage(stream, KINDS[kind], what, damaged)
                 for what, damaged in damages(whole, f"{SEED} {kind} {number}", DAMAGES // 2)]
        return [problem for problem in found if problem]

    with ThreadPoolExecutor(2) as lanes:
        problems = [problem for part in lanes.map(lane, range(2)) for problem in part]
    assert not problems, f"seed {SEED}, {len(problems)} of {DAMAGES}:\n" + "\n".join(problems[:20])
