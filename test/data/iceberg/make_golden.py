"""Writes the golden tables of this folder with the reference implementation (through Spark) and with PyIceberg.

    python make_golden.py JAR FOLDER

JAR is iceberg-spark-runtime, FOLDER an empty working folder that becomes the tables' location. Needs pyspark, pyiceberg
with pyarrow, sql-sqlite and pyiceberg-core, and fastavro with cramjam and backports.zstd, which reads every Avro file once more for expected.json. Kept of each table:
its newest metadata file, the manifest lists and manifests that it reaches, and what fastavro sees in them.
"""

import datetime
import decimal
import json
import pathlib
import shutil
import struct
import sys
import uuid

import fastavro

HERE = pathlib.Path(__file__).parent


def spark_session(jar, folder):
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").appName("golden")
    for key, value in {
        "spark.jars": jar,
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.g": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.g.type": "hadoop",
        "spark.sql.catalog.g.warehouse": str(folder / "spark"),
        "spark.sql.defaultCatalog": "g",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


COLUMNS = """b boolean, i int COMMENT 'a number', l bigint NOT NULL, f float, d double, n decimal(9,2), m decimal(20,4),
    day date, ts timestamp, ntz timestamp_ntz, s string, x binary, st struct<a: int, inner: struct<c: string>>,
    arr array<int>, m1 map<string, double>, m2 map<int, struct<z: bigint>>"""
ROW = """{b}, {i}, {l}, float(1.5), double('NaN'), 12.34, -99999999999999.1234, date'2017-11-16',
    timestamp'2017-11-16 22:31:08.123456', timestamp_ntz'1969-12-31 23:59:59', '{s}', x'00ff', struct({i}, struct('é')),
    array(1, null), map('k', 2.5), map(7, struct(8))"""
NULLS = "null, null, {l}, " + ", ".join(["null"] * 13)


def spark_tables(spark):
    spark.sql(f"""CREATE TABLE g.db.spark_v2 ({COLUMNS}) USING iceberg
        PARTITIONED BY (b, bucket(4, l), truncate(2, s), months(day), days(ntz), hours(ts), n, x)
        TBLPROPERTIES ('format-version'='2', 'write.delete.mode'='merge-on-read', 'write.parquet.compression-codec'='zstd',
                       'commit.manifest.min-count-to-merge'='3')""")
    for number in range(3):
        spark.sql("INSERT INTO g.db.spark_v2 VALUES (" + ROW.format(b="true", i=number, l=number, s="日本語") + "), (" +
                  ROW.format(b="true", i=number + 100, l=number, s="日本語") + "), (" +
                  ROW.format(b="false", i=-1, l=-number, s="abc") + "), (" + NULLS.format(l=100 + number) + ")")
    spark.sql("DELETE FROM g.db.spark_v2 WHERE i = 1")  # one row of a file: a position delete
    spark.sql("ALTER TABLE g.db.spark_v2 ADD COLUMN added string AFTER b")
    spark.sql("ALTER TABLE g.db.spark_v2 WRITE ORDERED BY i DESC NULLS LAST, bucket(4, l)")
    spark.sql("ALTER TABLE g.db.spark_v2 CREATE TAG first AS OF VERSION " + str(
        spark.sql("SELECT snapshot_id FROM g.db.spark_v2.snapshots ORDER BY committed_at").first()[0]) + " RETAIN 3 DAYS")
    spark.sql("ALTER TABLE g.db.spark_v2 CREATE BRANCH dev WITH SNAPSHOT RETENTION 2 SNAPSHOTS 5 DAYS")
    spark.sql("DELETE FROM g.db.spark_v2 WHERE l = 2 AND b")  # a whole file: its manifest keeps the others as EXISTING

    spark.sql("""CREATE TABLE g.db.spark_v1 (id bigint, at timestamp, s string) USING iceberg
        PARTITIONED BY (years(at), s) TBLPROPERTIES ('format-version'='1')""")
    spark.sql("INSERT INTO g.db.spark_v1 VALUES (1, timestamp'2020-01-01 00:00:00', 'a'), (2, null, null)")
    spark.sql("ALTER TABLE g.db.spark_v1 DROP PARTITION FIELD s")
    spark.sql("INSERT INTO g.db.spark_v1 VALUES (3, timestamp'2020-01-02 00:00:00', 'b')")

    spark.sql("""CREATE TABLE g.db.spark_v3 (id bigint, v variant, s string) USING iceberg
        PARTITIONED BY (truncate(1, s)) TBLPROPERTIES ('format-version'='3', 'write.delete.mode'='merge-on-read')""")
    spark.sql("INSERT INTO g.db.spark_v3 SELECT id, parse_json('{\"a\": 1}'), 'abc' FROM range(5)")
    spark.sql("INSERT INTO g.db.spark_v3 SELECT id, null, null FROM range(5, 8)")
    spark.sql("DELETE FROM g.db.spark_v3 WHERE id IN (1, 6)")
    return [(name, newest(folder_of(spark, name))) for name in ("spark_v1", "spark_v2", "spark_v3")]


def folder_of(spark, name):
    location = spark.sql(f"DESCRIBE EXTENDED g.db.{name}").where("col_name = 'Location'").first()[1]
    return pathlib.Path(location.removeprefix("file:")) / "metadata"


def newest(folder):
    return max(folder.glob("*.metadata.json"), key=lambda path: (path.stat().st_mtime_ns, path.name))


def pyiceberg_tables(folder):
    import pyarrow as pa
    from pyiceberg.catalog.sql import SqlCatalog
    from pyiceberg.partitioning import PartitionField, PartitionSpec
    from pyiceberg.schema import Schema
    from pyiceberg.table.sorting import SortField, SortOrder
    from pyiceberg.transforms import parse_transform
    from pyiceberg import types as t

    warehouse = folder / "py"
    warehouse.mkdir()
    catalog = SqlCatalog("g", uri=f"sqlite:///{folder}/py.db", warehouse=f"file://{warehouse}")
    catalog.create_namespace("db")
    kinds = {
        "b": (t.BooleanType(), pa.bool_(), [True, False, None]),
        "i": (t.IntegerType(), pa.int32(), [1, -2**31, None]),
        "l": (t.LongType(), pa.int64(), [2**40, -1, None]),
        "f": (t.FloatType(), pa.float32(), [1.5, -0.5, None]),
        "d": (t.DoubleType(), pa.float64(), [2.5, float("inf"), None]),
        "n": (t.DecimalType(9, 2), pa.decimal128(9, 2), [decimal.Decimal("12.34"), decimal.Decimal("-0.01"), None]),
        "m": (t.DecimalType(38, 4), pa.decimal128(38, 4), [decimal.Decimal("-1234567890123456789012.1234"), decimal.Decimal("1"), None]),
        "day": (t.DateType(), pa.date32(), [datetime.date(2017, 11, 16), datetime.date(1969, 12, 31), None]),
        "tm": (t.TimeType(), pa.time64("us"), [datetime.time(22, 31, 8, 123456), datetime.time(0), None]),
        "ts": (t.TimestampType(), pa.timestamp("us"), [datetime.datetime(2017, 11, 16, 22, 31, 8, 1), datetime.datetime(1969, 12, 31, 23), None]),
        "tz": (t.TimestamptzType(), pa.timestamp("us", "UTC"),
               [datetime.datetime(2017, 11, 16, 22, 31, 8, tzinfo=datetime.timezone.utc),
                datetime.datetime(1960, 1, 1, tzinfo=datetime.timezone.utc), None]),
        "s": (t.StringType(), pa.string(), ["日本語", "", None]),
        "u": (t.UUIDType(), pa.binary(16), [uuid.UUID(int=2**127 + 5).bytes, uuid.UUID(int=1).bytes, None]),
        "fx": (t.FixedType(3), pa.binary(3), [b"\0\1\xff", b"abc", None]),
        "x": (t.BinaryType(), pa.binary(), [b"\0\xff", b"", None]),
    }
    specs = {
        "pyiceberg_identity": [(name, "identity") for name in kinds if name not in ("f", "d", "fx")],
        "pyiceberg_transforms": [("i", "bucket[4]"), ("l", "truncate[10]"), ("n", "truncate[50]"), ("m", "bucket[7]"),
                                 ("day", "month"), ("ts", "hour"), ("tz", "day"), ("s", "truncate[1]"), ("u", "bucket[3]"),
                                 ("b", "void"), ("x", "truncate[1]")],
    }
    names = list(kinds)
    schema = Schema(*(t.NestedField(at + 1, name, kinds[name][0], required=False) for at, name in enumerate(names)))
    rows = pa.table({name: pa.array(values, kind) for name, (_, kind, values) in kinds.items()})
    for table_name, spec in specs.items():
        fields = [PartitionField(names.index(column) + 1, 1000 + at, parse_transform(transform), f"{column}_p{at}")
                  for at, (column, transform) in enumerate(spec)]
        table = catalog.create_table(
            f"db.{table_name}", schema, partition_spec=PartitionSpec(*fields),
            sort_order=SortOrder(SortField(source_id=2, transform=parse_transform("identity"))), properties={"owner": "golden"})
        table.append(rows.slice(0, 2))
        table.append(rows.slice(2, 1))
    return [(name, newest(warehouse / "db" / name / "metadata")) for name in specs]


# ---- what fastavro sees, in a form that has no types of its own


def plain(value):
    if isinstance(value, dict):
        if set(value) == {"key", "value"}:
            return [plain(value["key"]), plain(value["value"])]
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return "hex:" + value.hex()
    if isinstance(value, decimal.Decimal):
        return "dec:" + str(int(value.scaleb(-value.as_tuple().exponent)))
    if isinstance(value, uuid.UUID):
        return "hex:" + value.bytes.hex()
    if isinstance(value, datetime.datetime):
        epoch = datetime.datetime(1970, 1, 1, tzinfo=value.tzinfo)
        return (value - epoch) // datetime.timedelta(microseconds=1)
    if isinstance(value, datetime.date):
        return (value - datetime.date(1970, 1, 1)).days
    if isinstance(value, datetime.time):
        return ((value.hour * 60 + value.minute) * 60 + value.second) * 1000000 + value.microsecond
    if isinstance(value, float):
        return "f64:" + struct.pack(">d", value).hex()
    return value


def records(path):
    with open(path, "rb") as file:
        return [plain(record) for record in fastavro.reader(file)]


def keep(name, metadata_file):
    target = HERE / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    shutil.copy(metadata_file, target / "metadata.json")
    expected = {"lists": {}, "manifests": {}}
    for snapshot in json.loads(metadata_file.read_text())["snapshots"]:
        path = pathlib.Path(snapshot["manifest-list"].removeprefix("file://").removeprefix("file:"))
        shutil.copy(path, target / path.name)
        expected["lists"][path.name] = records(path)
        for row in expected["lists"][path.name]:
            manifest = pathlib.Path(row["manifest_path"].removeprefix("file://").removeprefix("file:"))
            shutil.copy(manifest, target / manifest.name)
            expected["manifests"][manifest.name] = records(manifest)
    (target / "expected.json").write_text(pretty(expected))


def codecs():
    """One manifest in each of Avro's codecs, written by fastavro."""
    target = HERE / "codecs"
    target.mkdir(exist_ok=True)
    with open(min((HERE / "pyiceberg_identity").glob("*-m0.avro")), "rb") as file:
        reader = fastavro.reader(file)
        rows = list(reader)
    keys = {key: value for key, value in reader.metadata.items() if not key.startswith("avro.")}
    schema = json.loads(reader.metadata["avro.schema"])
    for codec in ("null", "deflate", "snappy", "zstandard"):
        with open(target / f"{codec}.avro", "wb") as file:
            fastavro.writer(file, schema, rows, codec=codec, metadata=keys, sync_interval=200)


def pretty(expected):
    """One record a line."""
    lines = ["{"]
    for kind, files in expected.items():
        lines.append(f' "{kind}": {{')
        for number, (file, rows) in enumerate(files.items()):
            lines.append(f'  "{file}": [')
            lines.append(",\n".join("   " + json.dumps(row, ensure_ascii=False) for row in rows))
            lines.append("  ]" + ("," if number + 1 < len(files) else ""))
        lines.append(" }" + ("," if kind == "lists" else ""))
    return "\n".join(lines + ["}", ""])


def main():
    jar, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    for name, metadata_file in pyiceberg_tables(folder) + spark_tables(spark_session(jar, folder)):
        keep(name, metadata_file)
    codecs()


if __name__ == "__main__":
    main()
