"""firn reads files as Spark does: cases_all.py with the answers of golden.json, and the files of spark/."""

import json
from pathlib import Path

import pytest

from cases_all import CASES

HERE = Path(__file__).resolve().parent
GOLDEN = json.loads((HERE / "golden.json").read_text())
WRITTEN = json.loads((HERE / "spark.json").read_text())
ESCAPES = str.maketrans({"\n": "\\n", "\r": "\\r", "\t": "\\t"})
BATCH = 24  # cases a process


def known_differences():
    lines = (HERE / "known_differences.tsv").read_text().splitlines()
    return dict(line.split("\t", 1) for line in lines if line and not line.startswith("#"))


KNOWN = known_differences()  # where firn differs from Spark, and why


def literal(text):
    for character, escape in {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\0": "\\0"}.items():
        text = text.replace(character, escape)
    return f"'{text}'"


def select(case, folder):
    options = {key: value.replace("{folder}", str(folder)) for key, value in case.options.items()}
    if case.schema:
        options["__schema"] = case.schema
    path = f"{folder}/{case.path}" if case.path else folder
    if case.paths:
        first, *others = [str(folder / path) for path in case.paths]
        path, options["__paths"] = first, json.dumps(others)
    given = ", ".join(f"{literal(key)} = {literal(value)}" for key, value in options.items())
    where = f" WHERE {case.where}" if case.where else ""
    return f"SELECT {', '.join(case.columns)} FROM {case.format}.`{path}`" + (f" WITH ({given})" if given else "") + where


def normal(answer, order):
    if "condition" in answer:
        return {"error": answer["condition"]}
    columns = [[column["name"], column["type"]] for column in answer["columns"]]
    rows = [[cell and cell.translate(ESCAPES) for cell in row] for row in answer["rows"]]
    return {"columns": columns, "rows": sorted(rows, key=str) if order else rows}


def has_condition(error):
    """Not a bare Java exception: any refusal of firn's will do for those."""
    return error.isupper() and not error.startswith("_LEGACY_ERROR") and error != "INTERNAL_ERROR"


def agrees(got, wanted):
    return got == wanted or ("error" in got and "error" in wanted and not has_condition(wanted["error"]))


@pytest.fixture(scope="session")
def answers(tmp_path_factory, firn_in):
    """What firn says to each case: a process for those that share their configuration."""
    groups = {}
    for case in CASES:
        groups.setdefault(tuple(sorted(case.conf.items())), []).append(case)
    found = {}
    for conf, cases in groups.items():
        for start in range(0, len(cases), BATCH):
            part = cases[start:start + BATCH]
            home = tmp_path_factory.mktemp("read")
            statements = []
            for number, case in enumerate(part):
                folder = home / f"files{number}"
                folder.mkdir()
                case.write(folder)
                statements.append(select(case, folder))
            try:
                said = firn_in(home).run(*statements, conf=[f"{key}={value}" for key, value in conf])
            except AssertionError as refused:  # the configuration is
                said = [{"condition": str(refused)}] * len(part)
            found.update({case.key: normal(answer, case.order) for case, answer in zip(part, said)})
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.key)
def test_as_spark(answers, case):
    agreed = agrees(answers[case.key], GOLDEN[case.key])
    if case.key in KNOWN:
        assert not agreed, "it agrees with Spark now: take it out of known_differences.tsv"
        pytest.xfail(KNOWN[case.key])
    if not agreed:
        assert answers[case.key] == GOLDEN[case.key]


def test_known_differences_are_cases():
    assert set(KNOWN) <= {case.key for case in CASES}


@pytest.mark.parametrize("name", WRITTEN)
def test_files_of_spark(firn, name):
    format = name.split("-")[0]
    options = " WITH ('header' = 'true', 'inferSchema' = 'true')" if format == "csv" else ""
    answer = firn.run(f"SELECT * FROM {format}.`{HERE / 'spark' / name}`{options}")[0]
    assert normal(answer, True) == WRITTEN[name]


# What Spark's mapping of Avro's types gives (its guide "Apache Avro Data Source"); the files are of Apache's Java library.
AVRO_TYPES = ["int", "bigint", "float", "double", "boolean", "string", "binary", "string", "binary", "date", "timestamp", "timestamp", "timestamp_ntz",
              "decimal(6,2)", "bigint", "struct<member0:int,member1:string>", "array<int>", "map<string,string>", "struct<p:binary>"]
AVRO_ROWS = [
    ["1", "2", "1.5", "-2.5", "true", "é", "[00 FF]", "SPADES", "[61 62]", "2024-01-02", "2024-01-02 03:04:05.678", "2024-01-02 03:04:05.678901",
     "2024-01-02 03:04:05.678901", "12.34", "3000000000", "{NULL, t}", "[1, NULL]", "{k -> v}", "{[63 64]}"],
    ["-1", None, "0.0", "0.0", "false", None, "[]", "HEARTS", "[00 01]", "1969-12-31", "1969-12-31 23:59:59.999", "1969-12-31 23:59:59.999999",
     "1970-01-01 00:00:00", "-0.01", "5", None, "[]", "{}", None],
    ["0", None, "0.0", "0.0", "false", None, "[]", "HEARTS", "[00 01]", "1970-01-01", "1970-01-01 00:00:00", "1970-01-01 00:00:00",
     "1970-01-01 00:00:00", "0.00", "0", "{7, NULL}", "[NULL]", "{ -> }", None]]


@pytest.mark.parametrize("codec", ["null", "deflate", "snappy", "zstandard"])
def test_avro_of_java(firn, codec):
    columns, rows = firn.query(f"SELECT * FROM avro.`{HERE}/avro/{codec}.avro`")
    assert [type for _, type in columns] == AVRO_TYPES
    assert rows == AVRO_ROWS
    assert firn.query(f"SELECT kv['k'], r.p, i FROM avro.`{HERE}/avro/{codec}.avro` WHERE l = 2")[1] == [["v", "[63 64]", "1"]]
    # a reader's schema: wider, fewer, more
    assert firn.query(f"SELECT * FROM avro.`{HERE}/avro/{codec}.avro` WITH (__schema = 'i BIGINT, none STRING, F DOUBLE')")[1][0] == ["1", None, "1.5"]


def test_other_codecs_of_avro_are_refused(firn):
    answer = firn.run(f"SELECT * FROM avro.`{HERE}/avro/bzip2.avro`")[0]
    assert answer["condition"] == "UNSUPPORTED_FEATURE.FIRN" and "bzip2" in answer["message"]


@pytest.mark.parametrize("format, option", [("csv", "singleVariantColumn"), ("json", "singleVariantColumn"), ("json", "maxStringLen")])
def test_options_that_are_refused(firn, format, option):
    (firn.folder / f"a.{format}").write_text('{"a": 1}')
    answer = firn.run(f"SELECT * FROM {format}.`{firn.folder}/a.{format}` WITH ({option} = '1')")[0]
    assert answer["condition"] == "UNSUPPORTED_FEATURE.FIRN" and option in answer["message"]
