"""Adversarial files and texts by hand: what is damaged, how, and which words of the answer name it."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from conftest import SLOWER

FIRN = os.environ.get("FIRN", str(Path(__file__).resolve().parents[2] / "build/release/firn"))
DEEP = 10_000


def sql(folder, text, *arguments):
    done = subprocess.run([FIRN, "sql", "--warehouse", str(folder / "warehouse"), "--format", "csv", *arguments],
                          input=text, capture_output=True, text=True, errors="replace", timeout=120 * SLOWER)
    assert done.returncode in (0, 1) and "INTERNAL" not in done.stderr, (done.returncode, done.stderr[-2000:])
    return done


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    done = sql(folder, "CREATE TABLE db.t (id BIGINT, name STRING) USING iceberg; INSERT INTO db.t VALUES (1, 'a'), (2, 'b');")
    assert done.returncode == 0, done.stderr
    return folder / "warehouse"


def put(key, value):
    def change(document):
        *path, last = key.split(".")
        at = document
        for name in path:
            at = at[int(name)] if name.isdigit() else at[name]
        at[last] = value
        return json.dumps(document)
    return change


def drop(key):
    def change(document):
        *path, last = key.split(".")
        at = document
        for name in path:
            at = at[int(name)] if name.isdigit() else at[name]
        del at[last]
        return json.dumps(document)
    return change


def nested(levels):
    text = '{"type":"list","element-id":2,"element-required":true,"element":' * levels + '"int"' + "}" * levels
    return lambda document: json.dumps(document).replace('"long"', text, 1)


METADATA = [  # how, words of the answer
    ("no_version", drop("format-version"), "format-version"),
    ("version_99", put("format-version", 99), "99"),
    ("version_text", put("format-version", "2"), "format-version"),
    ("no_schemas", drop("schemas"), "schemas"),
    ("no_such_schema", put("current-schema-id", 7), "current-schema-id"),
    ("huge_id", put("current-snapshot-id", 10**30), "current-snapshot-id"),
    ("no_such_snapshot", put("current-snapshot-id", 5), "5"),
    ("unknown_type", put("schemas.0.fields.0.type", "int128"), "int128"),
    ("fixed_negative", put("schemas.0.fields.0.type", "fixed[-1]"), "fixed[-1]"),
    ("decimal_99", put("schemas.0.fields.0.type", "decimal(99, 2)"), "decimal(99, 2)"),
    ("two_fields_one_id", put("schemas.0.fields.1.id", 1), "schemas"),
    ("snapshots_null", put("snapshots", None), "snapshots"),
    ("manifest_list_number", put("snapshots.0.manifest-list", 5), "manifest-list"),
    ("no_location", drop("location"), "location"),
    ("array", lambda document: "[]", "FIRN_CORRUPT_FILE"),
    ("number", lambda document: "1e999", "FIRN_CORRUPT_FILE"),
    ("nul", lambda document: json.dumps(document).replace("format-version", "format\0version"), "FIRN_CORRUPT_FILE"),
    ("not_utf8", lambda document: json.dumps(document).encode().replace(b"owner", b"\xff\xfe"), "FIRN_CORRUPT_FILE"),
    ("deep_text", lambda document: "[" * 1_000_000, "FIRN_CORRUPT_FILE"),
    ("deep_type", nested(DEEP), "FIRN_CORRUPT_FILE"),
]


@pytest.mark.parametrize("change, words", [row[1:] for row in METADATA], ids=[row[0] for row in METADATA])
def test_metadata(made, change, words):
    file = max((made / "db/t/metadata").glob("*.metadata.json"))
    whole = file.read_bytes()
    changed = change(json.loads(whole))
    file.write_bytes(changed if isinstance(changed, bytes) else changed.encode())
    try:
        done = sql(made.parent, "SELECT * FROM db.t ORDER BY id")
    finally:
        file.write_bytes(whole)
    assert done.returncode == 1, done.stdout
    assert words in done.stderr and file.name in done.stderr, done.stderr


RECORDS = [  # the line, what becomes of it with columns a BIGINT, s STRING, _corrupt_record STRING
    ("plain", b'{"a":1,"s":"x"}', "1,x,"),
    ("deep", b'{"a":' + b"[" * DEEP + b"]" * DEEP + b"}", None),
    ("deep_unused", b'{"a":1,"z":' + b"[" * DEEP + b"]" * DEEP + b"}", None),
    ("deep_open", b"[" * DEEP, None),
    ("not_utf8", b'{"a":1,"s":"\xff\xfe"}', "1,"),
    ("duplicate", b'{"a":1,"a":2}', "2,,"),
    ("out_of_range", b'{"a":123456789012345678901234567890}', None),
    ("nul", b'{"a":1,"s":"\\u0000"}', "1,"),
    ("nul_byte", b'{"a":\x001}', None),
    ("nul_behind", b'{"a":1}\x00', "1,,"),  # Jackson does not look behind the value
    ("infinite", b'{"a":1e999}', None),
]


@pytest.mark.parametrize("line, answer", [row[1:] for row in RECORDS], ids=[row[0] for row in RECORDS])
def test_a_record_is_read_or_kept_as_it_was(tmp_path, line, answer):
    """A line that is no record stands in _corrupt_record; the lines around it are read."""
    (tmp_path / "in.json").write_bytes(b'{"a":10,"s":"before"}\n' + line + b'\n{"a":11,"s":"after"}\n')
    done = sql(tmp_path, "SELECT e.a, e.s, substring(e._corrupt_record, 1, 20) FROM (SELECT from_json(value, "
                         f"'a BIGINT, s STRING, _corrupt_record STRING') AS e FROM text.`{tmp_path}/in.json`)")
    assert done.returncode == 0, done.stderr
    rows = [row for row in done.stdout.split("\n")[1:] if row]
    assert rows[0].startswith("10,before") and rows[-1].startswith("11,after"), done.stdout[:500]
    assert len(rows) == 3, done.stdout[:500]
    if answer is None:
        assert rows[1].split(",", 2)[2] != "", rows[1]
    else:
        assert rows[1].startswith(answer), rows[1]


def test_a_value_of_100_megabytes(tmp_path):
    (tmp_path / "in.json").write_bytes(b'{"a":1,"s":"' + b"x" * 100_000_000 + b'"}\n{"a":2,"s":"y"}\n')
    done = sql(tmp_path, f"SELECT a, length(s) FROM json.`{tmp_path}/in.json`")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[1:] == ["1,100000000", "2,1"]


TEXTS = [  # SQL, words of the answer
    ("zone", "SELECT from_utc_timestamp(TIMESTAMP '2024-01-01', 'Europe')", "Europe"),
    ("open_parentheses", "SELECT " + "(" * DEEP, "FAILED_TO_PARSE_TOO_COMPLEX"),
    ("open_brackets", "SELECT " + "array(" * DEEP + ")" * DEEP, "FAILED_TO_PARSE_TOO_COMPLEX"),
    ("cases", "SELECT " + "CASE WHEN true THEN " * DEEP + "1" + " END" * DEEP, "FAILED_TO_PARSE_TOO_COMPLEX"),
    ("subqueries", "SELECT * FROM " + "(SELECT * FROM " * DEEP + "t" + ")" * DEEP, "FAILED_TO_PARSE_TOO_COMPLEX"),
    ("types", "SELECT CAST(NULL AS " + "ARRAY<" * DEEP + "INT" + ">" * DEEP + ")", "FAILED_TO_PARSE_TOO_COMPLEX"),
    ("nots", "SELECT " + "NOT " * DEEP + "true", "FAILED_TO_PARSE_TOO_COMPLEX"),
    ("minuses", "SELECT " + "- " * DEEP + "1", "FAILED_TO_PARSE_TOO_COMPLEX"),
    ("additions", "SELECT 1" + "+1" * 100_000, "FAILED_TO_PARSE_TOO_COMPLEX"),
    ("closed_parentheses", "SELECT " + "(" * 100_000 + "1" + ")" * 100_000, "FAILED_TO_PARSE_TOO_COMPLEX"),
    ("open_string", "SELECT 'abc", "PARSE_SYNTAX_ERROR"),
    ("open_comment", "SELECT 1 /* abc", "comment"),
    ("nul", "SELECT 1\0", "PARSE_SYNTAX_ERROR"),
    ("number", "SELECT " + "9" * 100_000, "DECIMAL"),
    ("empty_separator", "SELECT from_csv('a,b', 'a STRING', map('sep', ''))", "INVALID_DELIMITER_VALUE.EMPTY_STRING"),
]


@pytest.mark.parametrize("text, words", [row[1:] for row in TEXTS], ids=[row[0] for row in TEXTS])
def test_sql(tmp_path, text, words):
    done = sql(tmp_path, text)
    assert done.returncode == 1, done.stdout[:300]
    assert words in done.stderr, done.stderr[-1500:]
