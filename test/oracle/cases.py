"""Rows of the oracle: SQL that Spark and firn must answer alike, as the files rows/*.test have them.

A file is blocks with blank lines between them. A block's first line says what it holds, the others are statements, one
a line (lines that open with a space go on with the one before):

    setup                               run first, on both; not compared (temporary views)
    query [unordered] [(conf: ansi=false, tz=Asia/Tokyo)]
                                        names, types and rows are Spark's; unordered: in any order
    error CONDITION SQLSTATE [(conf: …)]
                                        fails with this condition

`./dev oracle --update` asks Spark, moves what it refuses under `error` with its condition, and writes golden/*.json.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONF_NAMES = {"ansi": "spark.sql.ansi.enabled", "tz": "spark.sql.session.timeZone"}
HEAD = re.compile(r"(setup|query unordered|query|error)\b([^(]*)(?:\(conf: (.*)\))?$")


# Errors of firn that never stand for one of Spark's.
NO_ANSWERS = ("FIRN_INTERNAL", "UNSUPPORTED_FEATURE.FIRN", "UNRESOLVED_ROUTINE")


@dataclass
class Row:
    file: str
    line: int
    kind: str  # setup, query, query unordered, error
    sql: str
    conf: str = ""  # as written
    condition: str = ""  # error rows: "CONDITION SQLSTATE"

    @property
    def settings(self):
        pairs = (part.split("=", 1) for part in self.conf.split(", ") if part)
        return [(CONF_NAMES.get(key, key), value) for key, value in pairs]

    @property
    def key(self):
        return self.conf, self.sql


@dataclass
class File:
    path: Path
    parts: list = field(default_factory=list)  # comment lines ("# …", "") and Rows, in order

    @property
    def rows(self):
        return [part for part in self.parts if isinstance(part, Row)]

    @property
    def golden(self):
        return HERE / "golden" / f"{self.path.stem}.json"


def read_file(path):
    found = File(path)
    head = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        where = f"{path.name}:{number}"
        if not line.strip() or line.startswith("#"):
            found.parts.append(line)
            head = None if not line.strip() else head
        elif head is None:
            head = HEAD.match(line)
            assert head, f"{where}: a block opens with setup, query or error, not {line!r}"
        elif line[0] == " ":
            found.rows[-1].sql += "\n" + line
        else:
            kind, condition, conf = head.groups()
            found.parts.append(Row(path.stem, number, kind, line, conf or "", condition.strip()))
    keys = [row.key for row in found.rows if row.kind != "setup"]
    twice = {key for key in keys if keys.count(key) > 1}
    assert not twice, f"{path.name}: twice: {twice}"
    return found


def write_file(found):
    """The file again, each row under the head that it has now."""
    lines, head = [], None
    for part in found.parts:
        if not isinstance(part, Row):
            lines.append(part)
            head = None if not part else head
            continue
        wanted = " ".join(filter(None, (part.kind, part.condition, part.conf and f"(conf: {part.conf})")))
        if wanted != head:
            if head is not None:
                lines.append("")
            lines.append(wanted)
            head = wanted
        lines.append(part.sql)
    found.path.write_text(re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip("\n") + "\n")


def read_files():
    return [read_file(path) for path in sorted((HERE / "rows").glob("*.test"))]


def read_golden(found):
    """(conf, sql) → Spark's answer."""
    if not found.golden.exists():
        return {}
    return {(answer["conf"], answer["sql"]): answer for answer in json.loads(found.golden.read_text())}


def write_golden(found, answers):
    lines = ",\n".join(json.dumps(answer, ensure_ascii=False) for answer in answers)
    found.golden.write_text(f"[\n{lines}\n]\n")


DIFFERENCES = HERE / "known_differences.tsv"


def key_of_difference(line):
    """(file, conf, sql) of a line of known_differences.tsv; None for a comment."""
    if not line or line.startswith("#"):
        return None
    file, conf, sql, _ = line.split("\t")
    return file, conf, sql.replace("\\n ", "\n ")  # a statement's further lines open with a space


def read_known_differences():
    """(file, conf, sql) → why firn answers otherwise."""
    lines = [line for line in DIFFERENCES.read_text().splitlines() if key_of_difference(line)]
    return {key_of_difference(line): line.split("\t")[3] for line in lines}


def forget_differences(settled):
    """Takes these (file, conf, sql) out of known_differences.tsv."""
    lines = DIFFERENCES.read_text().splitlines()
    DIFFERENCES.write_text("".join(f"{line}\n" for line in lines if key_of_difference(line) not in settled))


def comparable(row, answer, spark):
    """What of an answer counts: names, types, rows (in order or not); condition and SQLSTATE of an error."""
    if "columns" in answer:
        columns = [column[:2] for column in answer["columns"]]
        return columns, sorted(answer["rows"], key=str) if row.kind == "query unordered" else answer["rows"]
    if "error" not in answer:
        return answer
    if spark.get("sqlstate", "") is None and answer["error"] not in NO_ANSWERS:
        return "an error"  # Spark has no public condition for it: any that firn names will do
    return answer["error"], answer["sqlstate"]


def agree(row, spark, answer):
    return comparable(row, answer, spark) == comparable(row, spark, spark)
