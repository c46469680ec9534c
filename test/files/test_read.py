"""firn reads files as Spark does: cases.py with the answers of golden.json, and the files of spark/."""

import json
from pathlib import Path

import pytest

from cases import CASES

HERE = Path(__file__).resolve().parent
GOLDEN = json.loads((HERE / "golden.json").read_text())
WRITTEN = json.loads((HERE / "spark.json").read_text())
ESCAPES = str.maketrans({"\n": "\\n", "\r": "\\r", "\t": "\\t"})

# Where firn differs from Spark, and why.
KNOWN = {
    "csv/multi line": "Spark changes \\r\\n within quotes only where the first line of the file ends so",
    "csv/file name": "the answer was asked of a view, which hides _metadata",
}


def literal(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def select(case, folder):
    options = {key: value.replace("{folder}", str(folder)) for key, value in case.options.items()}
    if case.schema:
        options["__schema"] = case.schema
    path = folder / case.path if case.path else folder
    given = ", ".join(f"{literal(key)} = {literal(value)}" for key, value in options.items())
    return f"SELECT {case.select} FROM {case.format}.`{path}`" + (f" WITH ({given})" if given else "")


def normal(answer, order):
    if "condition" in answer:
        return {"error": answer["condition"]}
    columns = [[column["name"], column["type"]] for column in answer["columns"]]
    rows = [[cell and cell.translate(ESCAPES) for cell in row] for row in answer["rows"]]
    return {"columns": columns, "rows": sorted(rows, key=str) if order else rows}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
def test_as_spark(firn, tmp_path, case):
    from update import write_files

    if case.key in KNOWN:
        pytest.xfail(KNOWN[case.key])
    folder = tmp_path / "files"
    folder.mkdir()
    write_files(case, folder)
    assert normal(firn.run(select(case, folder))[0], case.order) == GOLDEN[case.key]


@pytest.mark.parametrize("name", WRITTEN)
def test_files_of_spark(firn, name):
    format = name.split("-")[0]
    options = " WITH ('header' = 'true', 'inferSchema' = 'true')" if format == "csv" else ""
    answer = firn.run(f"SELECT * FROM {format}.`{HERE / 'spark' / name}`{options}")[0]
    assert normal(answer, True) == WRITTEN[name]
