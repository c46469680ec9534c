"""Asks Spark every row of rows/*.test and rewrites golden/*.json. Run with the Python that has pyspark.

update.py [--missing] [FILE…]: only these files (`strings` is rows/strings.test); --missing: only
files in which a row has no answer yet.
"""

import logging
import sys
import tempfile
from pathlib import Path

import cases

ROOT = Path(__file__).resolve().parents[2]
CATALOG = "firn"


def start_spark(warehouse):
    from pyspark.sql import SparkSession

    prefix = f"spark.sql.catalog.{CATALOG}"
    jars = [str(jar) for jar in (ROOT / ".deps/peers/jars").glob("*.jar") if "kafka" not in jar.name]
    conf = {
        "spark.jars": ",".join(jars),
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        prefix: "org.apache.iceberg.spark.SparkCatalog",
        f"{prefix}.catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog",
        f"{prefix}.uri": f"jdbc:sqlite:{warehouse}/catalog.db",
        f"{prefix}.jdbc.schema-version": "V1",  # the version that knows views
        f"{prefix}.warehouse": f"{warehouse}/tables",
        "spark.sql.warehouse.dir": f"{warehouse}/hive",
        "spark.sql.defaultCatalog": CATALOG,
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
    }
    builder = SparkSession.builder.master("local[1]").appName("oracle")
    for key, value in conf.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    logging.disable(logging.ERROR)  # PySpark logs each error that it hands over
    spark.sql("CREATE NAMESPACE IF NOT EXISTS default")
    spark.sql("USE default")
    return spark


def condition_of(spark, error):
    """(condition, SQLSTATE) of the first exception in the chain of causes that has one."""
    from py4j.java_gateway import is_instance_of

    gateway = spark.sparkContext._gateway
    cause = getattr(error, "_origin", None) or getattr(error, "java_exception", None)
    while cause is not None:
        if is_instance_of(gateway, cause, "org.apache.spark.SparkThrowable") and cause.getCondition():
            return cause.getCondition(), cause.getSqlState()
        cause = cause.getCause()
    return type(error).__name__, None


def answer(spark, row):
    try:
        frame = spark.sql(row.sql)._jdf
        fields = [frame.schema().apply(i) for i in range(frame.schema().size())]
        columns = [[f.name(), f.dataType().catalogString(), f.nullable()] for f in fields]
        values = list(frame.collectAsList()) if columns else []
        texts = frame.getRows(len(values) + 1, 0) if values else None  # as show() prints them; the names first
    except Exception as error:  # Spark's, by way of Py4J
        condition, state = condition_of(spark, error)
        return {"conf": row.conf, "sql": row.sql, "error": condition, "sqlstate": state}
    rows = [
        [None if value.isNullAt(i) else texts.apply(number).apply(i) for i in range(len(columns))]
        for number, value in enumerate(values, 1)
    ]
    return {"conf": row.conf, "sql": row.sql, "columns": columns, "rows": rows}


def ask(spark, row):
    for key, value in row.settings:
        spark.conf.set(key, value)
    try:
        return answer(spark, row)
    finally:
        for key, _ in row.settings:
            spark.conf.set(key, "UTC") if key == cases.CONF_NAMES["tz"] else spark.conf.unset(key)


def update(spark, found, only_missing):
    known = cases.read_golden(found)
    if only_missing and all(row.key in known for row in found.rows if row.kind != "setup"):
        return 0
    answers = []
    for row in found.rows:
        if row.kind == "setup":
            spark.sql(row.sql)
            continue
        got = ask(spark, row)
        answers.append(got)
        if "error" in got:
            row.kind, row.condition = "error", f"{got['error']} {got['sqlstate']}"
        elif row.kind == "error":
            row.kind, row.condition = "query", ""
    cases.write_golden(found, answers)
    cases.write_file(found)
    return len(answers)


def main(arguments):
    only_missing = "--missing" in arguments
    names = [argument for argument in arguments if not argument.startswith("-")]
    files = [found for found in cases.read_files() if not names or found.path.stem in names]
    with tempfile.TemporaryDirectory() as warehouse:
        spark = start_spark(warehouse)
        total = sum(update(spark, found, only_missing) for found in files)
        print(f"{total} rows answered by Spark {spark.version}", file=sys.stderr)
        spark.stop()


if __name__ == "__main__":
    main(sys.argv[1:])
