"""How to run a query on each engine, and rows in one form that can be compared."""

import base64
import datetime
import decimal
import functools
import json
import math
import os
import struct
import subprocess
import uuid


NO_CREDENTIALS = {"AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "HOME": "/nowhere"}


class Firn:
    """The firn program on one warehouse, a process a call."""

    def __init__(self, binary, warehouse):
        self.binary = binary
        self.warehouse = warehouse

    def command(self, sql):
        return [str(self.binary), "sql", "--warehouse", str(self.warehouse), "--format", "json",
                "--conf", "spark.sql.session.timeZone=UTC", "-e", sql]

    def start(self, sql):
        return subprocess.Popen(self.command(sql), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, sql, timeout=120):
        """Runs statements; an AssertionError carries firn's message where one fails."""
        done = subprocess.run(self.command(sql), capture_output=True, text=True, timeout=timeout)
        assert done.returncode == 0, f"firn failed ({done.returncode})\n{sql}\n{done.stderr}{done.stdout}"
        return done.stdout

    def run_file(self, file, timeout=120):
        """Runs the statements of a file, which may be longer than an argument."""
        command = [*self.command("")[:-2], "-f", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
        assert done.returncode == 0, f"firn failed ({done.returncode})\n{done.stderr}{done.stdout}"
        return done.stdout

    def error(self, sql):
        """The message of a statement that must fail."""
        done = subprocess.run(self.command(sql), capture_output=True, text=True, timeout=120)
        assert done.returncode not in (0, -6, -11), f"firn did not refuse (exit {done.returncode}): {sql}\n{done.stdout}"
        return done.stderr + done.stdout

    def rows(self, sql):
        """One dict a row."""
        text = self.run(sql)
        if text.lstrip().startswith("["):
            return json.loads(text, parse_float=decimal.Decimal)
        return [json.loads(line, parse_float=decimal.Decimal) for line in text.splitlines() if line.strip()]


class FirnWith(Firn):
    """firn with confs and an environment of its own, and without this machine's credentials of AWS."""

    def __init__(self, binary, warehouse, conf, environment=None):
        super().__init__(binary, warehouse)
        self.conf, self.environment = dict(conf), dict(environment or {})

    def around(self):
        """What stands before a command so that it runs in that environment."""
        clean = [f"--unset={name}" for name in os.environ if name.startswith("AWS_")]
        return ["env", *clean, *(f"{key}={value}" for key, value in {**NO_CREDENTIALS, **self.environment}.items())]

    def command(self, sql):
        command = super().command(sql)
        pairs = [word for key, value in self.conf.items() for word in ("--conf", f"{key}={value}")]
        return [*self.around(), *command[:-2], *pairs, *command[-2:]]


def make_spark(catalog, warehouse, jars):
    from pyspark.sql import SparkSession

    prefix = f"spark.sql.catalog.{catalog}"
    conf = {
        "spark.jars": ",".join(str(jar) for jar in jars if "kafka" not in jar.name),
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        prefix: "org.apache.iceberg.spark.SparkCatalog",
        f"{prefix}.catalog-impl": "org.apache.iceberg.jdbc.JdbcCatalog",
        f"{prefix}.uri": f"jdbc:sqlite:{warehouse}/catalog.db",
        f"{prefix}.warehouse": str(warehouse),
        f"{prefix}.jdbc.schema-version": "V1",  # with views
        f"{prefix}.cache-enabled": "false",  # others commit too
        "spark.sql.defaultCatalog": catalog,
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
        "spark.driver.memory": "1g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.warehouse.dir": f"{warehouse}/hive",
    }
    builder = SparkSession.builder.master("local[2]").appName("firn-interop")
    for key, value in conf.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    return session


# ---- rows in one form

_UTC = datetime.timezone.utc
_EXACT = decimal.Context(prec=80)  # the default one rounds to 28 digits


def plain(value):
    """A value of any engine as what it means: numbers as Decimal or float, instants as UTC text, bytes as hex."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return decimal.Decimal(value)
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value
    if isinstance(value, decimal.Decimal):
        return _EXACT.plus(value.normalize(_EXACT))
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(_UTC).replace(tzinfo=None)
        return value.isoformat(sep=" ", timespec="microseconds")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return "0x" + bytes(value).hex()
    if hasattr(value, "asDict"):
        return {key: plain(child) for key, child in value.asDict().items()}
    if isinstance(value, dict):
        return {_key(key): plain(child) for key, child in value.items()}
    return [plain(child) for child in value]


def _single(value):
    """A 4-byte float as the shortest text that means it, which is how JSON shows it."""
    if value is None or not math.isfinite(value):
        return plain(value)
    for digits in range(6, 10):
        short = float(f"{value:.{digits}g}")
        if struct.pack("f", short) == struct.pack("f", value):
            return short
    raise AssertionError(value)


def _key(key):
    key = plain(key)
    return key if isinstance(key, str) else str(key)


def of_spark(session, sql):
    """Sorted rows of a query on Spark. Zoned timestamps come as instants."""
    frame = session.sql(sql)
    return ordered([{f.name: _spark(row[i], f.dataType) for i, f in enumerate(frame.schema)} for row in frame.collect()])


def _spark(value, data_type):
    from pyspark.sql import types as t

    if value is None:
        return None
    if isinstance(data_type, t.TimestampType):  # collected in the local zone of this process
        return plain(value.astimezone(_UTC))
    if isinstance(data_type, t.FloatType):
        return _single(value)
    if isinstance(data_type, t.StructType):
        return {f.name: _spark(value[i], f.dataType) for i, f in enumerate(data_type)}
    if isinstance(data_type, t.ArrayType):
        return [_spark(child, data_type.elementType) for child in value]
    if isinstance(data_type, t.MapType):
        return {_key(k): _spark(v, data_type.valueType) for k, v in value.items()}
    return plain(value)


def of_arrow(table):
    """Sorted rows of a pyarrow table."""
    import pyarrow as pa

    def convert(value, data_type):
        if value is None:
            return None
        if pa.types.is_float32(data_type):
            return _single(value)
        if pa.types.is_map(data_type):
            return {_key(k): convert(v, data_type.item_type) for k, v in value}
        if pa.types.is_struct(data_type):
            return {f.name: convert(value[f.name], f.type) for f in data_type}
        if pa.types.is_list(data_type) or pa.types.is_large_list(data_type):
            return [convert(child, data_type.value_type) for child in value]
        return plain(value)

    return ordered([{f.name: convert(row[f.name], f.type) for f in table.schema} for row in table.to_pylist()])


def of_firn(rows, like=None):
    """Sorted rows of firn's JSON. `like`: rows of another engine that say which column holds what."""
    kinds = {}
    for row in like or []:
        kinds = _kind(kinds, row)
    return ordered([{name: _firn(value, kinds.get(name)) for name, value in row.items()} for row in rows])


def _kind(known, value):
    """`known` with what `value` shows of kinds that it does not have yet, at every depth."""
    if known is None or value is None:
        return value if known is None else known
    if isinstance(known, dict) and isinstance(value, dict):
        return {key: _kind(known.get(key), value.get(key)) for key in {**known, **value}}
    if isinstance(known, list) and isinstance(value, list):
        return [functools.reduce(_kind, known + value, None)]
    return known


def _firn(value, kind):
    if value is None or isinstance(value, bool):
        return value
    if isinstance(kind, dict) and isinstance(value, dict):
        sample = next((v for v in kind.values() if v is not None), None)
        return {_key(k): _firn(v, kind.get(k, sample)) for k, v in value.items()}
    if isinstance(kind, list) and isinstance(value, list):
        sample = next((v for v in kind if v is not None), None)
        return [_firn(child, sample) for child in value]
    if isinstance(value, str):
        if isinstance(kind, decimal.Decimal):
            return plain(decimal.Decimal(value))
        if isinstance(kind, float) or kind == value == "NaN":
            return plain(float(value))
        if isinstance(kind, str) and kind.startswith("0x") and not value.startswith("0x"):
            return "0x" + base64.b64decode(value).hex()
        if isinstance(kind, str) and len(kind) == 26 and kind[4] == "-" and kind[10] == " ":
            return _instant(value)
        return value
    return plain(float(value) if isinstance(kind, float) or kind == "NaN" else value)


def _instant(text):
    return plain(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")))


def ordered(rows):
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True, default=str))


def assert_same(got, want, what=""):
    """Equal rows; else the first few cells that differ."""
    differences = [f"row {n}, {name}: {g.get(name, 'missing')!r} instead of {w.get(name, 'missing')!r}"
                   for n, (g, w) in enumerate(zip(got, want)) for name in {**w, **g}
                   if g.get(name, "missing") != w.get(name, "missing")]
    if len(got) != len(want):
        differences.insert(0, f"{len(got)} rows instead of {len(want)}")
    assert not differences, "\n".join([what] + differences[:12])
