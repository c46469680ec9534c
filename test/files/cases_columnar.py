"""Parquet and ORC files made by Arrow's writers: every physical and logical type, layout and codec, and other schemas."""

import datetime
import decimal

from case import Case

D = decimal.Decimal
AT = datetime.datetime(2024, 1, 2, 3, 4, 5, 678901)
OLD = datetime.datetime(1500, 3, 1, 0, 0)


def table(columns, types=None):
    import pyarrow as pa

    if types is None:
        return pa.table(columns)
    return pa.table([pa.array(values, types[name]) for name, values in columns.items()], names=list(columns))


def parquet(name, columns, types=None, schema="", options=None, file=None, **more):
    """`types`: of columns, by a function of pyarrow; `file`: options of the writer."""

    def make(folder):
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(table(columns, types and types(pa)), folder / "a.parquet", **(file or {}))

    return Case(name, "parquet", make, options or {}, schema=schema, **more)


def parquet_files(name, *tables, options=None, **more):
    def make(folder):
        import pyarrow.parquet as pq

        for number, columns in enumerate(tables):
            pq.write_table(table(columns), folder / f"{chr(97 + number)}.parquet")

    return Case(name, "parquet", make, options or {}, order=True, **more)


def orc(name, columns, types=None, schema="", options=None, file=None, **more):
    def make(folder):
        import pyarrow as pa
        from pyarrow import orc

        orc.write_table(table(columns, types and types(pa)), folder / "a.orc", **(file or {}))

    return Case(name, "orc", make, options or {}, schema=schema, **more)


def orc_files(name, *tables, options=None, **more):
    def make(folder):
        from pyarrow import orc

        for number, columns in enumerate(tables):
            orc.write_table(table(columns), folder / f"{chr(97 + number)}.orc")

    return Case(name, "orc", make, options or {}, order=True, **more)


def read_as(name, kind, wanted, values=(1, None, 100)):
    """A column of `kind` read as another type."""

    def make(folder):
        import pyarrow as pa
        import pyarrow.parquet as pq

        of = kind(pa) if callable(kind) else getattr(pa, kind)()
        pq.write_table(pa.table({"a": pa.array(list(values), of)}), folder / "a.parquet")

    return Case(f"read {name} as {wanted}", "parquet", make, schema=f"a {wanted}")


NESTED = {"xs": [[1, None, 3], [], None], "ss": [[{"k": 1, "v": "a"}, None], [], None], "s": [{"x": 1, "y": {"z": 2.5}}, {"x": None, "y": None}, None],
          "m": [[("a", 1), ("b", None)], [], None], "xxs": [[[1], [], None], [[2, 3]], None]}


def nested_types(pa):
    return {"xs": pa.list_(pa.int32()), "ss": pa.list_(pa.struct([("k", pa.int64()), ("v", pa.string())])),
            "s": pa.struct([("x", pa.int32()), ("y", pa.struct([("z", pa.float64())]))]), "m": pa.map_(pa.string(), pa.int32()),
            "xxs": pa.list_(pa.list_(pa.int32()))}


def codec(name):
    return parquet(f"codec {name}", {"a": [1, 2, 3] * 100}, select=("count(*)", "sum(a)"), file={"compression": name})


READ_AS = [
    ("int8", "INT"), ("int32", "BIGINT"), ("int32", "SMALLINT"), ("int32", "DOUBLE"), ("int32", "FLOAT"), ("int32", "STRING"), ("int32", "DATE"),
    ("int32", "DECIMAL(10,0)"), ("int32", "DECIMAL(12,2)"), ("int32", "DECIMAL(5,2)"), ("int32", "BOOLEAN"), ("int32", "TIMESTAMP"), ("int64", "INT"), ("int64", "DOUBLE"),
    ("int64", "DECIMAL(20,0)"), ("int64", "DECIMAL(10,0)"), ("int64", "TIMESTAMP"), ("int64", "STRING"), ("float32", "DOUBLE"), ("float64", "FLOAT"), ("float64", "INT"),
    ("uint8", "SMALLINT"), ("uint16", "INT"), ("uint32", "BIGINT"), ("uint32", "INT"), ("uint64", "DECIMAL(20,0)"), ("uint64", "BIGINT"),
]
TEXT_AS = [("string", "BINARY"), ("string", "INT"), ("binary", "STRING"), ("string", "CHAR(3)"), ("string", "VARCHAR(1)"), ("string", "DATE")]

CASES = [
    # ---- types
    parquet("integers", {"a": [1, -128, None], "b": [1, -32768, None], "c": [1, -2**31, None], "d": [1, -2**63, None], "e": [1, 255, None], "f": [1, 65535, None],
                         "g": [1, 2**32 - 1, None], "h": [1, 2**64 - 1, None]},
            lambda pa: {"a": pa.int8(), "b": pa.int16(), "c": pa.int32(), "d": pa.int64(), "e": pa.uint8(), "f": pa.uint16(), "g": pa.uint32(), "h": pa.uint64()}),
    parquet("floats", {"a": [1.5, float("nan"), float("-inf"), None], "b": [1.5, float("nan"), -0.0, None]}, lambda pa: {"a": pa.float32(), "b": pa.float64()}),
    parquet("half floats", {"a": [1.5, None]}, lambda pa: {"a": pa.float16()}),
    parquet("texts", {"a": ["x", "", None], "b": [b"\x00\xff", b"", None], "c": ["é", "y", None], "d": [b"ab", b"cd", None], "e": [True, False, None]},
            lambda pa: {"a": pa.string(), "b": pa.binary(), "c": pa.large_string(), "d": pa.binary(2), "e": pa.bool_()}),
    parquet("text of binary by option", {"b": [b"abc"]}, conf={"spark.sql.parquet.binaryAsString": "true"}),
    parquet("texts by dictionary", {"a": ["x", "y", "x", None]}, lambda pa: {"a": pa.dictionary(pa.int32(), pa.string())}),
    parquet("decimals", {"a": [D("1.23"), None], "b": [D("1234567890.12"), None], "c": [D("-12345678901234567890.123456789"), None]},
            lambda pa: {"a": pa.decimal128(5, 2), "b": pa.decimal128(18, 2), "c": pa.decimal128(38, 9)}),
    parquet("decimals as integers", {"a": [D("1.23"), D("-9.99")], "b": [D("1234567890.12"), None]}, lambda pa: {"a": pa.decimal128(5, 2), "b": pa.decimal128(18, 2)},
            file={"store_decimal_as_integer": True}),
    parquet("decimals too wide", {"a": [D("1.2")]}, lambda pa: {"a": pa.decimal256(50, 2)}),
    parquet("dates", {"a": [datetime.date(2024, 2, 29), datetime.date(1969, 12, 31), None]}, lambda pa: {"a": pa.date32()}),
    parquet("old dates", {"a": [datetime.date(1500, 1, 1), datetime.date(1, 1, 1)]}, lambda pa: {"a": pa.date32()}),
    parquet("old dates corrected", {"a": [datetime.date(1500, 1, 1)]}, lambda pa: {"a": pa.date32()}, options={"datetimeRebaseMode": "CORRECTED"}),
    parquet("old dates refused", {"a": [datetime.date(1500, 1, 1)]}, lambda pa: {"a": pa.date32()}, options={"datetimeRebaseMode": "EXCEPTION"}),
    parquet("rebase mode word", {"a": [datetime.date(2000, 1, 1)]}, lambda pa: {"a": pa.date32()}, options={"datetimeRebaseMode": "x"}),
    parquet("timestamps", {"a": [AT, None], "b": [AT.replace(microsecond=678000), None], "c": [AT, None], "d": [AT.replace(microsecond=678000), None]},
            lambda pa: {"a": pa.timestamp("us", "UTC"), "b": pa.timestamp("ms", "UTC"), "c": pa.timestamp("us"), "d": pa.timestamp("ms")}),
    parquet("local timestamps not inferred", {"c": [AT, None]}, lambda pa: {"c": pa.timestamp("us")}, conf={"spark.sql.parquet.inferTimestampNTZ.enabled": "false"}),
    parquet("timestamps of nanos", {"a": [AT, None]}, lambda pa: {"a": pa.timestamp("ns", "UTC")}),
    parquet("timestamps of nanos as long", {"a": [AT, None]}, lambda pa: {"a": pa.timestamp("ns", "UTC")}, conf={"spark.sql.legacy.parquet.nanosAsLong": "true"}),
    parquet("timestamps of 96 bits", {"a": [AT, None, datetime.datetime(1969, 12, 31, 23, 59, 59)]}, lambda pa: {"a": pa.timestamp("us")}, file={"use_deprecated_int96_timestamps": True}),
    parquet("old timestamps of 96 bits", {"a": [OLD]}, lambda pa: {"a": pa.timestamp("us")}, file={"use_deprecated_int96_timestamps": True}),
    parquet("old timestamps of 96 bits corrected", {"a": [OLD]}, lambda pa: {"a": pa.timestamp("us")}, file={"use_deprecated_int96_timestamps": True}, options={"int96RebaseMode": "CORRECTED"}),
    parquet("times", {"a": [datetime.time(3, 4, 5)]}, lambda pa: {"a": pa.time64("us")}),
    parquet("times of millis", {"a": [datetime.time(3, 4, 5)]}, lambda pa: {"a": pa.time32("ms")}),
    parquet("only nulls", {"a": [None, None], "b": [1, 2]}, lambda pa: {"a": pa.null(), "b": pa.int64()}),
    parquet("durations", {"a": [datetime.timedelta(1)]}, lambda pa: {"a": pa.duration("us")}),
    parquet("required", {"a": [1, 2]}, lambda pa: {"a": pa.int32()}, select="a"),
    # ---- layouts
    parquet("nested", NESTED, nested_types),
    parquet("nested by field", NESTED, nested_types, select=("s.y.z", "ss.k", "xs[0]", "m['a']", "size(xxs)")),
    parquet("nested of two levels", NESTED, nested_types, file={"use_compliant_nested_type": False}),
    parquet("nested of version 2 pages", NESTED, nested_types, file={"data_page_version": "2.0"}),
    parquet("nested without dictionary", NESTED, nested_types, file={"use_dictionary": False}),
    parquet("nested of old version", NESTED, nested_types, file={"version": "1.0"}),
    parquet("delta encodings", {"a": list(range(100)), "b": [f"x{i}" for i in range(100)], "c": [f"same{i}" for i in range(100)]}, select=("sum(a)", "max(b)", "max(c)"),
            file={"use_dictionary": False, "column_encoding": {"a": "DELTA_BINARY_PACKED", "b": "DELTA_LENGTH_BYTE_ARRAY", "c": "DELTA_BYTE_ARRAY"}}),
    parquet("byte stream split", {"a": [1.5, 2.5, None]}, file={"use_dictionary": False, "column_encoding": {"a": "BYTE_STREAM_SPLIT"}}),
    parquet("many row groups", {"a": list(range(50))}, select=("count(*)", "sum(a)"), where="a >= 45", file={"row_group_size": 10}),
    parquet("no rows", {"a": []}, lambda pa: {"a": pa.int32()}),
    parquet("no columns", {}),
    parquet("names of columns", {"a b": [1], "c.d": [2], "e`f": [3], "ü": [4], "X": [5]}),
    parquet("duplicate names", {"a": [1], "A": [2]}),
    parquet("duplicate names by case", {"a": [1], "A": [2]}, conf={"spark.sql.caseSensitive": "true"}),
    parquet("duplicate names with schema", {"a": [1], "A": [2]}, schema="a BIGINT"),
    parquet("case of names", {"Ab": [1]}, schema="aB BIGINT"),
    parquet("case of names sensitive", {"Ab": [1]}, schema="aB BIGINT", conf={"spark.sql.caseSensitive": "true"}),
    codec("none"), codec("snappy"), codec("gzip"), codec("zstd"), codec("lz4"), codec("brotli"),
    # ---- other schemas
    parquet("schema of fewer", {"a": [1], "b": ["x"]}, schema="b STRING"),
    parquet("schema of more", {"a": [1]}, schema="a BIGINT, z STRING"),
    parquet("schema in other order", {"a": [1], "b": ["x"]}, schema="b STRING, a BIGINT"),
    parquet("schema of none", {"a": [1]}, schema="z STRING"),
    parquet("schema of struct fields", {"s": [{"x": 1, "y": "a"}, None]}, schema="s STRUCT<y: STRING, q: INT>"),
    parquet("schema of list items", {"s": [[{"x": 1, "y": "a"}], None]}, schema="s ARRAY<STRUCT<y: STRING>>"),
    parquet("schema struct of none", {"s": [{"x": 1}, None]}, schema="s STRUCT<q: INT>"),
    *[read_as(kind, kind, wanted) for kind, wanted in READ_AS],
    *[read_as(kind, kind, wanted, [b"ab" if kind == "binary" else "ab", None]) for kind, wanted in TEXT_AS],
    read_as("date", "date32", "TIMESTAMP_NTZ", [datetime.date(2024, 1, 2), None]),
    read_as("date", "date32", "TIMESTAMP", [datetime.date(2024, 1, 2), None]),
    read_as("date", "date32", "STRING", [datetime.date(2024, 1, 2), None]),
    read_as("timestamp", lambda pa: pa.timestamp("us", "UTC"), "TIMESTAMP_NTZ", [AT, None]),
    read_as("local timestamp", lambda pa: pa.timestamp("us"), "TIMESTAMP", [AT, None]),
    read_as("timestamp", lambda pa: pa.timestamp("us", "UTC"), "DATE", [AT, None]),
    read_as("timestamp", lambda pa: pa.timestamp("us", "UTC"), "BIGINT", [AT, None]),
    read_as("decimal", lambda pa: pa.decimal128(5, 2), "DECIMAL(7,2)", [D("1.25"), None]),
    read_as("decimal", lambda pa: pa.decimal128(5, 2), "DECIMAL(7,3)", [D("1.25"), None]),
    read_as("decimal", lambda pa: pa.decimal128(5, 2), "DECIMAL(6,3)", [D("1.25"), None]),
    read_as("decimal", lambda pa: pa.decimal128(5, 2), "DECIMAL(4,2)", [D("1.25"), None]),
    read_as("decimal", lambda pa: pa.decimal128(5, 2), "DECIMAL(5,1)", [D("1.25"), None]),
    read_as("decimal", lambda pa: pa.decimal128(5, 2), "DOUBLE", [D("1.25"), None]),
    read_as("decimal", lambda pa: pa.decimal128(20, 0), "BIGINT", [D(1), None]),
    read_as("list", lambda pa: pa.list_(pa.int32()), "INT", [[1], None]),
    read_as("list", lambda pa: pa.list_(pa.int32()), "ARRAY<BIGINT>", [[1], None]),
    # ---- several files
    parquet_files("first schema", {"a": [1]}, {"a": [2], "b": ["x"]}),
    parquet_files("merged schema", {"a": [1]}, {"a": [2], "b": ["x"]}, options={"mergeSchema": "true"}),
    parquet_files("merged schema by conf", {"a": [1]}, {"b": ["x"]}, conf={"spark.sql.parquet.mergeSchema": "true"}),
    parquet_files("merged option wins", {"a": [1]}, {"b": ["x"]}, options={"mergeSchema": "false"}, conf={"spark.sql.parquet.mergeSchema": "true"}),
    parquet_files("merged types that differ", {"a": [1]}, {"a": ["x"]}, options={"mergeSchema": "true"}),
    parquet_files("types that differ", {"a": [1]}, {"a": ["x"]}),
    parquet_files("merged structs", {"s": [{"x": 1}]}, {"s": [{"y": "a"}]}, options={"mergeSchema": "true"}),
    parquet_files("merged case", {"a": [1]}, {"A": [2]}, options={"mergeSchema": "true"}),
    # ---- damaged files
    Case("not parquet", "parquet", {"a.parquet": "hello, this is no Parquet file"}),
    Case("not parquet with schema", "parquet", {"a.parquet": "hello, this is no Parquet file"}, schema="a INT"),
    Case("not parquet ignored", "parquet", {"a.parquet": "hello, this is no Parquet file"}, {"ignoreCorruptFiles": "true"}, schema="a INT"),
    Case("not parquet ignored by conf", "parquet", {"a.parquet": "hello, this is no Parquet file"}, schema="a INT", conf={"spark.sql.files.ignoreCorruptFiles": "true"}),
    Case("empty file", "parquet", {"a.parquet": ""}),
    Case("empty folder", "parquet", {"_x": ""}),
    Case("empty folder with schema", "parquet", {"_x": ""}, schema="a INT"),
    # ---- ORC
    orc("integers", {"a": [1, -128, None], "b": [1, -32768, None], "c": [1, -2**31, None], "d": [1, -2**63, None]},
        lambda pa: {"a": pa.int8(), "b": pa.int16(), "c": pa.int32(), "d": pa.int64()}),
    orc("others", {"a": [1.5, None], "b": [2.5, None], "c": ["x", None], "d": [b"\x00", None], "e": [True, None], "f": [D("1.25"), None], "g": [datetime.date(2024, 2, 29), None]},
        lambda pa: {"a": pa.float32(), "b": pa.float64(), "c": pa.string(), "d": pa.binary(), "e": pa.bool_(), "f": pa.decimal128(9, 2), "g": pa.date32()}),
    orc("timestamps", {"a": [AT, datetime.datetime(1960, 1, 2, 3, 4, 5, 678000), datetime.datetime(1960, 1, 2, 3, 4, 5), None]}, lambda pa: {"a": pa.timestamp("ns")}),
    orc("instants", {"a": [AT, datetime.datetime(1960, 1, 2, 3, 4, 5), None]}, lambda pa: {"a": pa.timestamp("ns", "UTC")}),
    orc("nested", {k: v for k, v in NESTED.items()}, nested_types),
    orc("nested by field", NESTED, nested_types, select=("s.y.z", "ss.k", "xs[0]")),
    orc("schema of more", {"a": [1]}, schema="a BIGINT, z STRING"),
    orc("schema in other order", {"a": [1], "b": ["x"]}, schema="b STRING, a BIGINT"),
    orc("schema of struct fields", {"s": [{"x": 1, "y": "a"}, None]}, schema="s STRUCT<y: STRING, q: INT>"),
    orc("case of names", {"Ab": [1]}, schema="aB BIGINT"),
    orc("duplicate names", {"a": [1], "A": [2]}),
    orc("wider integers", {"a": [1, None]}, lambda pa: {"a": pa.int32()}, schema="a BIGINT"),
    orc("narrower integers", {"a": [1, None]}, lambda pa: {"a": pa.int64()}, schema="a INT"),
    orc("integers as text", {"a": [1, None]}, schema="a STRING"),
    orc("text as integers", {"a": ["x", None]}, schema="a INT"),
    orc("floats as doubles", {"a": [1.5, None]}, lambda pa: {"a": pa.float32()}, schema="a DOUBLE"),
    orc("char and varchar", {"a": ["x", None]}, schema="a VARCHAR(3)"),
    orc("columns by position", {"_col0": [1], "_col1": ["x"]}, schema="a BIGINT, b STRING"),
    orc("columns by position forced", {"x": [1], "y": ["x"]}, schema="a BIGINT, b STRING", conf={"orc.force.positional.evolution": "true"}),
    orc("no rows", {"a": []}, lambda pa: {"a": pa.int32()}),
    orc("filtered", {"a": list(range(100))}, select=("count(*)", "min(a)"), where="a > 90"),
    *[orc(f"codec {name}", {"a": [1, 2, 3] * 100}, select=("count(*)", "sum(a)"), file={"compression": name}) for name in ("uncompressed", "snappy", "zlib", "zstd", "lz4")],
    orc_files("merged schema", {"a": [1]}, {"a": [2], "b": ["x"]}, options={"mergeSchema": "true"}),
    orc_files("merged types that differ", {"a": [1]}, {"a": ["x"]}, options={"mergeSchema": "true"}),
    Case("not orc", "orc", {"a.orc": "hello, this is no ORC file at all, not at all"}),
    Case("not orc with schema", "orc", {"a.orc": "hello, this is no ORC file at all, not at all"}, schema="a INT"),
    Case("not orc ignored", "orc", {"a.orc": "hello, this is no ORC file at all, not at all"}, {"ignoreCorruptFiles": "true"}, schema="a INT"),
    Case("empty file", "orc", {"a.orc": ""}),
]
