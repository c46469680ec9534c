"""Statements about Iceberg tables, and what real Spark answers to them. A file rows/NAME.test holds the cases, NAME.json
Spark's answers; how to ask again:

    table_cases.py spark FILE [CASE…]     asks Spark these cases (all), writes FILE's .json
    table_cases.py firn FILE [CASE…]      asks firn, prints where it answers otherwise

both with the Python that has pyspark.

A block opens with "case NAME"; its statements, one a line, run one after the other (TABLES are dropped before it): SQL,
or Python after ">>> " with the session as `spark`. Every answer counts: columns and rows, or the condition of an error.
Both engines are asked through PySpark: Spark itself in its own process, firn over Spark Connect. What no two runs have in common is
replaced: snapshot ids by S1, S2 … in the order they are met, times by TIME, UUIDs by UUID, file sizes by SIZE.
"{S2}" in a statement stands for such a snapshot id, "{FILES}" for a folder in the warehouse. "~ " before a statement: firn's answer is its own there (a
deliberate difference, docs/differences.md, or a slip of Spark's), both run it, and nothing is compared.
"""

import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TABLES = ("t", "s", "u")
TEMPORARY = ("tv", "cv", "cu", "cn", "t_changes")
SPACE = "space"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\b20(2[5-9]|3\d)-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?")
_SIZE = re.compile(r"(size(?:_in_bytes)?(?: ->|=| )\s*)\d+")
_MILLIS = re.compile(r"(?<![\w.-])1[789]\d{11}(?![\w.])")
_SNAPSHOT = re.compile(r"(?<![\w.-])\d{14,19}(?![\w.])")
# Where Spark has no condition of its own (Iceberg's exceptions), any error will do.
NO_CONDITION = re.compile(r"none|_LEGACY_ERROR_TEMP_\d+")
# What firn does not have is refused by this name, whatever Spark's reason to refuse it.
REFUSED = "UNSUPPORTED_FEATURE.FIRN"
_REFERENCE = re.compile(r"\{(S\d+)\}")


def cases_file(name):
    return HERE / "rows" / f"{name}.test"


def answers_file(name):
    return HERE / "rows" / f"{name}.json"


def read_cases(name):
    """case → statements."""
    cases, statements = {}, None
    for line in cases_file(name).read_text().splitlines():
        if line.startswith("case "):
            case = line.removeprefix("case ")
            assert case not in cases, f"twice: {case}"
            statements = cases.setdefault(case, [])
        elif line.strip() and not line.startswith("#"):
            statements.append(line.strip())
    return cases


def is_compared(statement):
    return not statement.startswith("~ ")


def read_answers(name):
    return json.loads(answers_file(name).read_text())


class Run:
    """What one engine has shown in one case: its snapshot ids by the order they came in."""

    def __init__(self, warehouse):
        self.warehouse = str(warehouse)
        self.ids = {}  # text of the id → S1

    def fill(self, statement):
        by_name = {name: text for text, name in self.ids.items()}
        statement = statement.replace("{FILES}", f"{self.warehouse}/files")
        return _REFERENCE.sub(lambda found: by_name.get(found[1], found[0]), statement)

    def _text(self, text):
        text = text.replace(f"file:{self.warehouse}", "WAREHOUSE").replace(self.warehouse, "WAREHOUSE")
        text = _MILLIS.sub("MILLIS", _TIME.sub("TIME", _UUID.sub("UUID", text)))
        text = _SIZE.sub(r"\1SIZE", text)
        return _SNAPSHOT.sub(lambda found: self.ids.setdefault(found[0], f"S{len(self.ids) + 1}"), text)

    def shown(self, answer):
        if "rows" not in answer:
            return answer
        sizes = [name.endswith("bytes_count") for name, _ in answer["columns"]]
        rows = [["SIZE" if size else cell if cell is None else self._text(cell) for cell, size in zip(row, sizes)]
                for row in answer["rows"]]
        return {"columns": answer["columns"], "rows": rows}


# ---- both engines
def _is_frame(value):
    return hasattr(value, "collect") and hasattr(value, "schema")


def ask(spark, statement):
    """The answer in a form that JSON keeps; the value of Python is shown where it is a DataFrame."""
    from pyspark.errors import PySparkException
    from pyspark.sql import functions

    statement = statement.removeprefix("~ ")
    try:
        if statement.startswith(">>> "):
            frame = eval(statement[4:], {"spark": spark, "F": functions})  # noqa: S307 - our own text
            if not _is_frame(frame):
                return {}
        else:
            frame = spark.sql(statement)
        columns = [[field.name, field.dataType.simpleString()] for field in frame.schema]
        if not columns:
            frame.collect()
            return {}
        texts = frame.toDF(*(f"c{i}" for i in range(len(columns))))
        texts = texts.select(*(texts[c].cast("string") for c in texts.columns))
        return {"columns": columns, "rows": [list(row) for row in texts.collect()]}
    except PySparkException as error:
        condition = error.getCondition() or "none"
        return {"error": condition, "message": str(error).splitlines()[0][:200]}
    except Exception as error:  # of Iceberg or the JVM, without a condition
        return {"error": "none", "message": str(error).splitlines()[0][:200]}


def run_cases(spark, warehouse, cases):
    """Yields (case, answers)."""
    spark.sql(f"CREATE NAMESPACE IF NOT EXISTS firn.{SPACE}")
    for case, statements in cases.items():
        spark.sql(f"USE firn.{SPACE}")
        for table in TABLES:
            for kind in ("VIEW", "TABLE"):
                try:
                    spark.sql(f"DROP {kind} IF EXISTS {table}")
                except Exception:  # noqa: BLE001 - it is of the other kind
                    pass
        for view in TEMPORARY:
            spark.catalog.dropTempView(view)
        run = Run(warehouse)
        yield case, [run.shown(ask(spark, run.fill(statement))) for statement in statements]


def make_spark(warehouse):
    from engines import make_spark as session_on

    session = session_on("firn", warehouse, sorted((ROOT / ".deps/peers/jars").glob("*.jar")))
    session.sparkContext.setLogLevel("OFF")
    return session


# ---- Spark's answers
def update(names, wanted):
    """Several files: NAME,NAME; with cases named, the others keep their answers."""
    with tempfile.TemporaryDirectory() as warehouse:
        spark = make_spark(warehouse)
        for name in names.split(","):
            cases = read_cases(name)
            answers = read_answers(name) if wanted else {}
            asked = {case: statements for case, statements in cases.items() if not wanted or case in wanted}
            for case, given in run_cases(spark, warehouse, asked):
                answers[case] = given
                print(case, flush=True)
            lines = ",\n".join(f"{json.dumps(c)}: {json.dumps(answers[c], ensure_ascii=False)}" for c in cases)
            answers_file(name).write_text("{\n" + lines + "\n}\n")
        spark.stop()


# ---- firn's
def of_firn(binary, warehouse, name, wanted=()):
    """case → answers, through the stock client in a process of its own: a process has one kind of session."""
    server = subprocess.Popen(
        [str(binary), "server", "--port", "0", "--warehouse", str(warehouse), "--conf",
         "spark.sql.session.timeZone=UTC"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=warehouse,
        env=dict(os.environ, TZ="UTC"))
    try:
        address = server.stdout.readline().strip()
        assert address.startswith("sc://"), address
        done = subprocess.run([sys.executable, __file__, "client", address, str(warehouse), name, *wanted],
                              capture_output=True, text=True, timeout=900,
                              env=dict(os.environ, SPARK_CONNECT_MODE_ENABLED="1", TZ="UTC"))
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout)
    finally:
        server.terminate()
        server.wait(20)


def client(address, warehouse, name, wanted):
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.remote(address).create()
    cases = {case: s for case, s in read_cases(name).items() if not wanted or case in wanted}
    print(json.dumps(dict(run_cases(spark, warehouse, cases))))
    sys.stdout.flush()
    os._exit(0)  # the client's threads need not end first


def difference(statement, wanted, given):
    """Why firn's answer is not Spark's; None where it is."""
    if not is_compared(statement):
        return None
    if "error" in wanted:
        if "error" not in given:
            return f"Spark refuses: {wanted['error']} {wanted['message']}"
        known = not NO_CONDITION.fullmatch(wanted["error"]) and given["error"] != REFUSED
        if known and given["error"] != wanted["error"]:
            return f"{given['error']} {given['message']}, not {wanted['error']} {wanted['message']}"
        return None
    if "error" in given:
        return f"refused: {given['error']} {given['message']}"
    wanted = Run("\0").shown(wanted)
    if given.get("columns") != wanted.get("columns"):
        return f"columns {given.get('columns')}\n   not {wanted.get('columns')}"
    pair = [answer.get("rows", []) for answer in (given, wanted)]
    if statement.startswith("SHOW TBLPROPERTIES"):  # of views, as a hash map has them
        pair = [sorted(rows) for rows in pair]
    return "\n".join(f"row {n}: {g}\n   not {w}" for n, (g, w) in enumerate(itertools.zip_longest(*pair)) if g != w) or None


def compare(name, wanted):
    binary = Path(os.environ.get("FIRN", ROOT / "build/release/firn"))
    with tempfile.TemporaryDirectory() as warehouse:
        answers = of_firn(binary, warehouse, name, wanted)
    spark, cases = read_answers(name), read_cases(name)
    bad = 0
    for case, given in answers.items():
        for statement, w, g in zip(cases[case], spark.get(case, []), given):
            why = difference(statement, w, g)
            if why is not None:
                bad += 1
                print(f"-- {case}\n{statement}\n{why}\n")
    print(f"{bad} answers differ")
    return bad != 0


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    if what == "client":
        client(*arguments[:3], arguments[3:])
    else:
        sys.exit({"spark": update, "firn": compare}[what](arguments[0], arguments[1:]))
