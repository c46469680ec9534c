"""Runs one block with its fixture: what the text presumes, the block's own text unmodified, then the checks."""

import importlib.util
import re
from pathlib import Path

import blocks as documents

FIXTURES = Path(__file__).resolve().parent / "fixtures"

# The block's text is a file of its own and is executed as it stands, in the namespace of what comes before it.
JOB = """
import sys
namespace = globals()
def _run(name):
    with open(name) as file:
        exec(compile(file.read(), name, "exec"), namespace)
for _name in {files!r}:
    _run(_name)
"""


def fixture_of(block):
    path = FIXTURES / ("s" + block.name.replace("-", "_") + ".py")
    if not path.exists():
        return None
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pending():
    """{name: reason} of what does not run yet: pending.tsv."""
    lines = (Path(__file__).resolve().parent / "pending.tsv").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines if line and not line.startswith("#"))


def options_of(fixture, broker):
    options = []
    if getattr(fixture, "MAP", None):
        options += ["--map", f"{fixture.MAP}={broker.address}"]
    return options


def status_of(fixture):
    """(word, remark) for docs/seeds.md."""
    if getattr(fixture, "REFUSED", None):
        return "refused by name", fixture.REFUSED
    if getattr(fixture, "FAILS", None):
        return "fails as in Spark", fixture.LENIENT
    if getattr(fixture, "LENIENT", None):
        return "runs leniently", fixture.LENIENT
    return "runs", ""


def _text_of(block, fixture):
    wrap = getattr(fixture, "WRAP", None)
    return wrap.replace("{block}", block.text) if wrap else block.text


def _job_of(world, block, fixture):
    """The text to give firn: the block itself where nothing surrounds it."""
    before, after = getattr(fixture, "BEFORE", ""), getattr(fixture, "AFTER", "")
    earlier = getattr(fixture, "AFTER_BLOCKS", ())
    text = _text_of(block, fixture)
    if not before and not after and not earlier:
        return text
    known = {one.name: one for one in documents.all_blocks()}
    files = []
    for name, part in [("before.py", before), *[(f"block_{one}.py", known[one].text) for one in earlier],
                       (f"block_{block.name}.py", text), ("after.py", after)]:
        if part:
            (world.folder / name).write_text(part)
            files.append(name)
    return JOB.format(files=files)


def run_block(world, block, fixture):
    if hasattr(fixture, "prepare"):
        fixture.prepare(world)
    if getattr(fixture, "SETUP", None):
        world.run(fixture.SETUP, name="setup.py").ok()
    if hasattr(fixture, "after_setup"):
        fixture.after_setup(world)
    outcome = _run_sql(world, block, fixture) if block.kind == "sql" else _run_python(world, block, fixture)
    pattern = getattr(fixture, "FAILS", None)
    if pattern:
        assert outcome.code != 0, f"it was to fail with {pattern}:\n{outcome.out}"
        assert re.search(pattern, outcome.err, re.S), f"it was to fail with {pattern}:\n{outcome.err}"
    else:
        outcome.ok()
    if hasattr(fixture, "check"):
        fixture.check(world, outcome)


def _run_python(world, block, fixture):
    job, arguments = _job_of(world, block, fixture), getattr(fixture, "ARGUMENTS", ())
    if not getattr(fixture, "STREAM", False):
        return world.run(job, arguments)
    process = world.start(job, arguments)
    try:
        fixture.drive(world, process)
    except BaseException:
        world.interrupt(process)
        raise
    outcome = world.interrupt(process)
    if not getattr(fixture, "INTERRUPTED", False) and outcome.code == 130:
        outcome.code = 0  # the job waits for its stream until it is stopped
    return outcome


def _run_sql(world, block, fixture):
    split = getattr(fixture, "SPLIT_AFTER", 0)
    if not split:
        return world.sql(block.text)
    statements = [one for one in re.split(r"(?<=;)\n", block.text)]
    world.sql("\n".join(statements[:split])).ok()
    fixture.between(world)
    return world.sql("\n".join(statements[split:]))
