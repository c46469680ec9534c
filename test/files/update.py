"""Asks Spark the cases of cases_all.py and writes golden.json: all, those that are missing (--missing), or those whose
name holds a word; --written: those of cases_write.py, into written.json. --files makes the files of spark/ anew. Run with the Python that has pyspark."""

import json
import logging
import shutil
import sys
import tempfile
from pathlib import Path

from cases_all import CASES

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "oracle"))

# Every type that all formats have, NULLs and nested values.
SAMPLE = """SELECT id, CAST(id AS TINYINT) t, CAST(id * 100 AS SMALLINT) s, CAST(id AS INT) i, id * 3000000000 l,
 CAST(id / 4 AS FLOAT) f, id / 3 d, CAST(id * 1.25 AS DECIMAL(9,2)) m, CAST(id AS DECIMAL(38,10)) w, concat('x', id) c,
 CAST(concat('b', id) AS BINARY) y, id % 2 = 0 b, date_add(DATE'2024-02-28', CAST(id AS INT)) day,
 TIMESTAMP'1969-12-31 23:59:59.123Z' + id * INTERVAL '100000.5' SECOND at,
 array(id, NULL, 2) xs, named_struct('p', id, 'q', concat('q', id)) st,
 array(named_struct('k', id)) ss FROM range(5)
 UNION ALL SELECT 9,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL"""


def rows_of(frame):
    jdf = frame._jdf
    fields = [jdf.schema().apply(i) for i in range(jdf.schema().size())]
    columns = [[f.name(), f.dataType().catalogString()] for f in fields]
    values = list(jdf.collectAsList()) if columns else []
    texts = jdf.getRows(len(values) + 1, 0) if values else None
    return columns, [
        [None if value.isNullAt(i) else texts.apply(number).apply(i) for i in range(len(columns))]
        for number, value in enumerate(values, 1)
    ]


def answer(spark, case, folder):
    from update_oracle import condition_of

    options = {key: value.replace("{folder}", str(folder)) for key, value in case.options.items()}
    paths = [str(folder / path) for path in case.paths] or (str(folder / case.path) + "/" * case.path.endswith("/") if case.path else str(folder))
    for key, value in case.conf.items():
        spark.conf.set(key, value)
    try:
        reader = spark.read.format(case.format).options(**options)
        if case.schema:
            reader = reader.schema(case.schema)
        frame = reader.load(paths)
        if case.where:
            frame = frame.where(case.where)
        columns, rows = rows_of(frame.selectExpr(*case.columns) if case.columns != ["*"] else frame)
    except Exception as error:  # Spark's, by way of Py4J
        return {"error": condition_of(spark, error)[0]}
    finally:
        for key in case.conf:
            spark.conf.unset(key)
    return {"columns": columns, "rows": sorted(rows, key=str) if case.order else rows}


def text_of(folder):
    """The content of the files that a job left, by the ends of their names."""
    files = sorted(path for path in folder.iterdir() if not path.name.startswith(("_", "."))) if folder.exists() else []
    return [[path.name[path.name.rindex("-c"):], path.read_bytes().decode("utf-8", "backslashreplace")] for path in files]


def written(spark, folder):
    from cases_write import CASES as WRITES
    from update_oracle import condition_of

    kept = {}
    for number, case in enumerate(WRITES):
        target = folder / f"w{number}"
        try:
            spark.sql(case.statement(target))
        except Exception as error:
            kept[case.key] = {"error": condition_of(spark, error)[0]}
            continue
        kept[case.key] = {"files": text_of(target)}
    return kept


def wanted_cases(arguments, golden):
    if "--missing" in arguments:
        return [case for case in CASES if case.key not in golden]
    words = [word for word in arguments if not word.startswith("--")]
    return [case for case in CASES if not words or any(word in case.key for word in words)]


def spark_files(spark):
    """What Spark writes, for firn to read: a folder a format and codec, and its rows."""
    target = HERE / "spark"
    shutil.rmtree(target, ignore_errors=True)
    frame = spark.sql(SAMPLE).coalesce(1)
    flat = frame.drop("y", "xs", "st", "ss")
    kept = {}
    for name, format, options, data in [
        ("parquet", "parquet", {}, frame),
        ("parquet-micros", "parquet", {"compression": "gzip"}, frame),
        ("parquet-partitioned", "parquet", {"compression": "zstd"}, frame.select("id", "c", "st", "b", "day")),
        ("orc", "orc", {}, frame),
        ("orc-snappy", "orc", {"compression": "snappy"}, flat),
        ("avro", "avro", {}, frame),
        ("json", "json", {"compression": "gzip"}, frame),
        ("json-bzip2", "json", {"compression": "bzip2"}, flat),
        ("csv", "csv", {"header": "true", "compression": "gzip"}, flat),
        ("text", "text", {"compression": "deflate"}, frame.select("c")),
    ]:
        spark.conf.set("spark.sql.parquet.outputTimestampType",
                       "TIMESTAMP_MICROS" if name == "parquet-micros" else "INT96")
        writer = data.write.format(format).options(**options)
        if name == "parquet-partitioned":
            writer = writer.partitionBy("b", "day")
        try:
            writer.save(str(target / name))
        except Exception as error:
            print(f"{name}: {error}", file=sys.stderr)
            continue
        reader = spark.read.format(format)
        if format == "csv":
            reader = reader.options(header="true", inferSchema="true")
        columns, rows = rows_of(reader.load(str(target / name)))
        kept[name] = {"columns": columns, "rows": sorted(rows, key=str)}
    for junk in [*target.rglob(".*.crc"), *target.rglob("_SUCCESS")]:
        junk.unlink()
    return kept


def main():
    import importlib.util

    spec = importlib.util.spec_from_file_location("update_oracle", HERE.parent / "oracle/update.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["update_oracle"] = module
    spec.loader.exec_module(module)
    from pyspark.sql import SparkSession

    with tempfile.TemporaryDirectory() as scratch:
        builder = SparkSession.builder.master("local[1]").config("spark.sql.session.timeZone", "UTC")
        builder = builder.config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1")
        # Little work for the compilers: each case runs once.
        builder = builder.config("spark.driver.extraJavaOptions", "-Duser.timezone=UTC -XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        builder = builder.config("spark.sql.codegen.wholeStage", "false").config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        builder = builder.config("spark.ui.showConsoleProgress", "false").config("spark.sql.shuffle.partitions", "1")
        avro = next((HERE.parents[1] / ".deps/peers").rglob("spark-avro*.jar"), None)
        if avro:
            builder = builder.config("spark.jars", str(avro))
        spark = builder.config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
        spark.sparkContext.setLogLevel("OFF")
        logging.disable(logging.ERROR)
        if "--written" in sys.argv:
            return store("written.json", written(spark, Path(scratch)))
        golden = json.loads((HERE / "golden.json").read_text())
        for number, case in enumerate(wanted_cases(sys.argv[1:], golden)):
            folder = Path(scratch) / f"files{number}"
            folder.mkdir()
            case.write(folder)
            golden[case.key] = answer(spark, case, folder)
            if number % 20 == 19:
                keep(golden)
        kept = spark_files(spark) if "--files" in sys.argv else None
        spark.stop()
    keep(golden)
    if kept is not None:
        store("spark.json", kept)


def keep(golden):
    store("golden.json", {case.key: golden[case.key] for case in CASES if case.key in golden})


def store(name, answers):
    lines = [f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in answers.items()]
    (HERE / name).write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
