"""The cases of rows/row_changes.test, Spark's answers to them (rows/row_changes.json), and how to ask again:

    row_changes.py [CASE…]      with the Python that has pyspark: asks Spark these cases (all), writes row_changes.json
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CASES = HERE / "rows/row_changes.test"
ANSWERS = HERE / "rows/row_changes.json"
ROOT = HERE.parents[1]
TABLES = ("t", "s")  # what a case may make
CONDITION = re.compile(r"^\[([A-Z0-9_.]+)\]")


def read_cases():
    """name → statements."""
    cases, statements = {}, None
    for line in CASES.read_text().splitlines():
        if line.startswith("case "):
            statements = cases.setdefault(line.removeprefix("case "), [])
            assert not statements, f"twice: {line}"
        elif line.strip() and not line.startswith("#"):
            statements.append(line)
    return cases


def read_answers():
    return json.loads(ANSWERS.read_text())


def is_query(statement):
    return statement.startswith("SELECT")


# ---- Spark
def ask_spark(spark, statement):
    from pyspark.errors import PySparkException

    try:
        frame = spark.sql(statement)
        if not is_query(statement):
            return {}
        texts = frame.toDF(*(f"c{i}" for i in range(len(frame.columns))))
        texts = texts.select(*(texts[c].cast("string") for c in texts.columns))
        return {"rows": [list(row) for row in texts.collect()]}
    except PySparkException as error:
        return {"error": error.getCondition() or error.getErrorClass() or "none", "message": str(error).splitlines()[0]}
    except Exception as error:  # of Iceberg or the JVM, without a condition
        return {"error": "none", "message": str(error).splitlines()[0][:200]}


def make_spark(warehouse):
    from pyspark.sql import SparkSession

    jars = sorted((ROOT / ".deps/peers/jars").glob("*.jar"))
    builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    for key, value in {
            "spark.jars": ",".join(str(jar) for jar in jars if "kafka" not in jar.name),
            "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
            "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
            "spark.sql.catalog.lake.type": "hadoop",
            "spark.sql.catalog.lake.warehouse": str(warehouse),
            "spark.sql.defaultCatalog": "lake",
            "spark.sql.shuffle.partitions": "2",
            "spark.sql.session.timeZone": "UTC",
    }.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def update(names):
    answers = read_answers() if names else {}
    with tempfile.TemporaryDirectory() as warehouse:
        spark = make_spark(warehouse)
        spark.sparkContext.setLogLevel("OFF")
        spark.sql("CREATE NAMESPACE IF NOT EXISTS lake.rows")
        spark.sql("USE lake.rows")
        for name, statements in read_cases().items():
            if names and name not in names:
                continue
            for table in TABLES:
                spark.sql(f"DROP TABLE IF EXISTS {table}")
            answers[name] = [ask_spark(spark, statement) for statement in statements]
            print(name, flush=True)
        spark.stop()
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(answers[name])}" for name in read_cases())
    ANSWERS.write_text("{\n" + lines + "\n}\n")


# ---- firn
def of_firn(answer):
    if "columns" in answer:
        return {"rows": answer["rows"]} if answer["columns"] else {}
    if "condition" in answer:
        return {"error": answer["condition"], "message": answer["message"]}
    return answer


def run_firn(binary, warehouse, cases, properties=""):
    """name → answers, all cases in one process. `properties`: of every table that a case makes."""
    sent = []  # (case or None, SQL)
    for name, statements in cases.items():
        sent += [(None, f"DROP TABLE IF EXISTS {table}") for table in TABLES]
        for statement in statements:
            if properties and statement.startswith("CREATE TABLE"):
                statement += f" TBLPROPERTIES ({properties})"
            sent.append((name, statement))
    command = [str(binary), "sql", "--warehouse", str(warehouse), "--format", "typed-json", "--keep-going",
               "--conf", "spark.sql.session.timeZone=UTC"]
    for _, statement in sent:
        command += ["-e", statement]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    lines = done.stdout.splitlines()
    assert len(lines) == len(sent), f"{len(lines)} answers to {len(sent)} statements: {done.stderr[-2000:]}"
    answers = {name: [] for name in cases}
    for (name, statement), line in zip(sent, lines):
        if name is not None:
            answer = of_firn(json.loads(line))
            answers[name].append(answer if is_query(statement) or "error" in answer else {})
    return answers


if __name__ == "__main__":
    sys.exit(update(sys.argv[1:]))
