"""Files of a checkpoint that are whole and say what cannot be: the next run names the file, and no row comes twice or is lost."""

import json
import shutil
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from pipeline import query, run  # noqa: E402

DEEP = "[" * 100_000 + "]" * 100_000


def sql(folder):
    return ("CREATE STREAMING TABLE silver.events AS SELECT id, name FROM STREAM read_stream("
            f"__format => 'json', __path => '{folder}/in', __schema => 'id BIGINT, name STRING', maxFilesPerTrigger => '1');")


def write(folder, number):
    (folder / "in").mkdir(exist_ok=True, parents=True)
    (folder / f"in/{number}.json").write_text(json.dumps({"id": number, "name": "n"}) + "\n")
    time.sleep(0.01)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A stream of files with three batches behind it, and one file that waits."""
    folder = tmp_path_factory.mktemp("lying") / "made"
    for number in range(3):
        write(folder, number)
    run(folder, sql(folder))
    write(folder, 3)
    shutil.copytree(folder, folder.with_suffix(".kept"))
    return folder


def lines(number, text):
    """Puts the text in the place of that line."""
    def change(whole):
        found = whole.split("\n")
        found[number] = text
        return "\n".join(found)
    return change


def fields(number, **values):
    """Changes fields of the JSON in that line."""
    def change(whole):
        found = whole.split("\n")
        found[number] = json.dumps({**json.loads(found[number]), **values})
        return "\n".join(found)
    return change


LIES = [  # name, the file, what becomes of it, words besides its name
    ("offset_huge", "offsets/2", lines(2, '{"logOffset":18446744073709551615}'), ""),
    ("offset_far", "offsets/2", lines(2, '{"logOffset":9223372036854775807}'), ""),
    ("offset_negative", "offsets/2", lines(2, '{"logOffset":-2}'), ""),
    ("offset_fraction", "offsets/2", lines(2, '{"logOffset":1e300}'), ""),
    ("offset_text", "offsets/2", lines(2, '{"logOffset":"2"}'), ""),
    ("offset_deep", "offsets/2", lines(2, DEEP), ""),
    ("offsets_of_two_sources", "offsets/2", lambda text: text + '\n{"logOffset":2}', "offsets of 2 sources"),
    ("offsets_version", "offsets/2", lines(0, "v9"), "9"),
    ("offsets_watermark_text", "offsets/2", fields(1, batchWatermarkMs="x"), "batchWatermarkMs"),
    ("offsets_watermark_huge", "offsets/2", fields(1, batchWatermarkMs=2**64 - 1), "batchWatermarkMs"),
    ("commit_version", "commits/2", lines(0, "v9"), "9"),
    ("commit_watermark_text", "commits/2", fields(1, nextBatchWatermarkMs=[1]), "nextBatchWatermarkMs"),
    ("log_version", "sources/0/2", lines(0, "v2"), "v1"),
    ("log_line_no_json", "sources/0/2", lines(1, "{"), "line 2"),
    ("log_line_deep", "sources/0/2", lines(1, DEEP), "line 2"),
    ("log_path_number", "sources/0/2", fields(1, path=5), "line 2"),
    ("log_batch_text", "sources/0/2", fields(1, batchId="2"), "line 2"),
    ("log_batch_huge", "sources/0/2", fields(1, batchId=2**64 - 1), "line 2"),
    ("log_batch_of_another", "sources/0/2", fields(1, batchId=1), "batch 2"),
    ("log_without_lines", "sources/0/1", lambda text: "v1", "batch 1"),
    ("identity_number", "metadata", lambda text: '{"id":5}', ""),
    ("identity_deep", "metadata", lambda text: '{"id":' + DEEP + "}", ""),
]


@pytest.mark.parametrize("name, change, words", [row[1:] for row in LIES], ids=[row[0] for row in LIES])
def test_it_is_named(made, name, change, words):
    shutil.rmtree(made)
    shutil.copytree(made.with_suffix(".kept"), made)
    checkpoint = made / "warehouse/_checkpoints/silver.events"
    file = checkpoint / name
    whole = file.read_text()
    file.write_text(change(whole))
    done = run(made, sql(made), check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 1 and "INTERNAL" not in said, (done.returncode, said[-2000:])
    assert words in said and str(checkpoint) in said and (words or name in said), said[-2000:]
    file.write_text(whole)
    run(made, sql(made))  # nothing was written meanwhile
    assert sorted(row["id"] for row in query(made, "SELECT id FROM silver.events")) == [0, 1, 2, 3]


@pytest.mark.parametrize("number", ["9223372036854775807", "99999999999999999999", "-1"])
@pytest.mark.parametrize("log", ["offsets", "commits", "firn/prepared", "sources/0"])
def test_a_file_with_a_number_that_no_batch_has(made, log, number):
    shutil.rmtree(made)
    shutil.copytree(made.with_suffix(".kept"), made)
    folder = made / "warehouse/_checkpoints/silver.events" / log
    shutil.copy(max(path for path in folder.iterdir() if path.name.isdigit()), folder / number)
    done = run(made, sql(made), check=False)
    said = done.stdout + done.stderr
    assert done.returncode in (0, 1) and "INTERNAL" not in said, (done.returncode, said[-2000:])
    (folder / number).unlink()
    if done.returncode == 1:
        run(made, sql(made))
    assert sorted(row["id"] for row in query(made, "SELECT id FROM silver.events")) == [0, 1, 2, 3]
