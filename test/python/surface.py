"""docs/awsglue.md: what AWS documents of its Python library and what becomes of it here, told by looking at the code.

`python test/python/surface.py` writes it; test_surface.py checks it.
"""

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PATH = HERE.parents[1] / "docs/awsglue.md"
sys.path.insert(0, str(HERE.parents[1] / "python"))

HEAD = """# awsglue: what there is

Written by `python test/python/surface.py`, checked by `./dev test --suite python`. The names are those that AWS
documents; "works" says that a script may use it (the tests of `test/python` and `examples/` do), "refused" that the
call raises an error with what to write instead. How the shim behaves: [python.md](python.md).

"""


def documented():
    """(owner, name, remark) of awsglue.tsv."""
    for line in (HERE / "awsglue.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield (line.split("\t") + ["", ""])[:3]


def found(owner, name):
    """What the name stands for; None where there is nothing."""
    module, parts = owner, [name]
    while True:
        try:
            value = importlib.import_module(module)
            break
        except ModuleNotFoundError:
            module, _, last = module.rpartition(".")
            parts.insert(0, last)
    for part in parts:
        value = getattr(value, part, None)
    return value


def rows():
    """(owner, name, state, remark); state: works, refused, missing."""
    for owner, name, remark in documented():
        value = found(owner, name)
        instead = getattr(value, "refused", None)
        state = "missing" if value is None else "refused" if instead else "works"
        yield owner, name, state, instead or remark


def sources():
    """Connection types and formats."""
    from firn.glue import sinks, sources as held
    yield "read", sorted({*held.FILES, *held.JDBC, "iceberg", "delta", "kafka (as a stream)"})
    yield "formats read", sorted(held.READERS)
    yield "formats written", sorted(sinks.FORMATS)
    yield "refused by name", sorted({*held.REFUSED, *held.FORMATS_REFUSED, "marketplace.*", "custom.*"})


def text():
    lines, owner = [HEAD], None
    for one, name, state, remark in rows():
        if one != owner:
            owner = one
            lines.append(f"\n## {owner}\n\n| name | | |\n|---|---|---|\n")
        lines.append(f"| `{name}` | {state} | {remark} |\n")
    lines.append("\n## Connection types and formats\n\n| | |\n|---|---|\n")
    lines += [f"| {word} | {', '.join(f'`{name}`' for name in names)} |\n" for word, names in sources()]
    return "".join(lines)


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
