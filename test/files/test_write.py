"""What firn writes: the folder as Spark leaves it, and rows that Spark and firn read back equal."""

import pytest

from update import SAMPLE, rows_of

FLAT = f"SELECT * EXCEPT (y, xs, st, ss) FROM ({SAMPLE})"
# Times before 1970 with a fraction of a second are refused for ORC.
LATER = SAMPLE.replace("1969-12-31 23:59:59.123Z", "1970-01-01 00:00:01.123Z")
FORMATS = {
    "parquet": (SAMPLE, {}), "parquet zstd": (SAMPLE, {"compression": "zstd"}), "parquet gzip": (SAMPLE, {"compression": "gzip"}),
    "orc": (LATER, {}), "orc snappy": (LATER, {"compression": "snappy"}),
    "json": (SAMPLE, {}), "json gzip": (SAMPLE, {"compression": "gzip"}), "json bzip2": (FLAT, {"compression": "bzip2"}),
    "csv": (FLAT, {"header": "true"}), "csv deflate": (FLAT, {"header": "true", "compression": "deflate"}),
    "csv quotes": ("SELECT * FROM VALUES ('a,b', 'x\"y', ''), (' c ', 'l\\nm', NULL), ('\\\\', '#', 'z') t(a, b, c)", {"header": "true", "multiLine": "true"}),
}


def write(firn, name, options, query):
    folder = firn.folder / "out"
    given = ", ".join(f"'{key}' = '{value}'" for key, value in options.items())
    firn.query(f"INSERT OVERWRITE DIRECTORY '{folder}' USING {name.split()[0]}" + (f" OPTIONS ({given})" if given else "") + " " + query)
    return folder


@pytest.mark.parametrize("name", FORMATS)
def test_spark_reads_it(firn, spark, name):
    query, options = FORMATS[name]
    folder = write(firn, name, options, query)
    format = name.split()[0]
    wanted = spark.sql(query)
    reader = spark.read.format(format).options(**options)
    got = (reader.schema(wanted.schema) if format in ("csv", "json") else reader).load(str(folder))
    assert got.schema.simpleString() == wanted.schema.simpleString()
    # CSV keeps no white space at the ends, and reads "" as NULL.
    expected = [[cell and ((cell.strip(" ") or None) if name == "csv quotes" else cell) for cell in row] for row in rows_of(wanted)[1]]
    expected = [[cell or None for cell in row] for row in expected] if name == "csv quotes" else expected
    assert sorted(rows_of(got)[1], key=str) == sorted(expected, key=str)


@pytest.mark.parametrize("name", [*FORMATS, "avro", "avro deflate"])
def test_firn_reads_it(firn, name):
    query, options = FORMATS.get(name, (SAMPLE, {"compression": "deflate"} if "deflate" in name else {}))
    folder = write(firn, name, options, query)
    format = name.split()[0]
    wanted = firn.query(query)
    if format in ("csv", "json"):
        options = dict(options, __schema=", ".join(f"`{column}` {type}" for column, type in wanted[0]))
    given = ", ".join(f"'{key}' = '{value}'" for key, value in options.items())
    got = firn.query(f"SELECT * FROM {format}.`{folder}`" + (f" WITH ({given})" if given else ""))
    if name == "csv quotes":
        wanted = wanted[0], [[cell and cell.strip(" ") or None for cell in row] for row in wanted[1]]  # "" reads as NULL
        assert sorted(got[1], key=str) == sorted(wanted[1], key=str)
    elif format in ("orc", "avro"):  # byte and short have no type of their own in Avro
        assert sorted(got[1], key=str) == sorted(wanted[1], key=str)
    else:
        assert sorted(got[1], key=str) == sorted(wanted[1], key=str)
        assert got[0] == wanted[0]


def test_the_folder(firn):
    folder = write(firn, "csv", {"header": "true"}, "SELECT 1 AS a")
    names = sorted(path.name for path in folder.iterdir())
    assert names[0] == "_SUCCESS" and len(names) == 2
    assert names[1].startswith("part-00000-") and names[1].endswith("-c000.csv")
    (folder / "old.csv").write_text("a\n9\n")
    write(firn, "csv", {"header": "true"}, "SELECT 2 AS a")
    assert [row for row in firn.query(f"SELECT * FROM csv.`{folder}` WITH (header = true)")[1]] == [["2"]]
    assert not (folder / "old.csv").exists() and not (folder / "_temporary").exists()


def test_a_failed_write_leaves_the_old_rows(firn):
    folder = write(firn, "csv", {}, "SELECT 1 AS a")
    answer = firn.run(f"INSERT OVERWRITE DIRECTORY '{folder}' USING csv SELECT raise_error('no') AS a FROM range(3)")[0]
    assert answer["condition"]
    assert firn.query(f"SELECT * FROM csv.`{folder}`")[1] == [["1"]]
    assert not (folder / "_temporary").exists()


@pytest.mark.parametrize("format, query, condition", [
    ("text", "SELECT 1 AS a", "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE"),
    ("text", "SELECT 'a' AS a, 'b' AS b", "FIRN_INVALID_INPUT"),
    ("csv", "SELECT array(1) AS a", "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE"),
    ("parquet", "SELECT NULL AS a", "UNSUPPORTED_DATA_TYPE_FOR_DATASOURCE"),
    ("csv", "SELECT 1 AS a, 2 AS A", "COLUMN_ALREADY_EXISTS"),
    ("nothing", "SELECT 1 AS a", "UNSUPPORTED_FEATURE.FIRN"),
    ("parquet OPTIONS (compression = 'brotli')", "SELECT 1 AS a", "CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION"),
    ("parquet OPTIONS (compression = 'lzo')", "SELECT 1 AS a", "CODEC_NOT_AVAILABLE.WITH_AVAILABLE_CODECS_SUGGESTION"),
])
def test_refused(firn, format, query, condition):
    answer = firn.run(f"INSERT OVERWRITE DIRECTORY '{firn.folder}/out' USING {format} {query}")[0]
    assert answer["condition"] == condition
    assert not (firn.folder / "out").exists()


@pytest.mark.parametrize("value", ["TIMESTAMP'1969-12-31 23:59:59.5'", "array(TIMESTAMP_NTZ'1960-01-01 00:00:00.5')"])
def test_times_that_orc_cannot_hold(firn, value):
    answer = firn.run(f"INSERT OVERWRITE DIRECTORY '{firn.folder}/out' USING orc SELECT {value} AS a")[0]
    assert answer["condition"] == "UNSUPPORTED_FEATURE.FIRN" and "1970" in answer["message"]
    assert not list((firn.folder / "out").rglob("*.orc"))


def test_buckets_are_folders(firn):
    for uri in ("s3://bucket/a/b", "s3a://bucket/a/b"):
        firn.query(f"INSERT OVERWRITE DIRECTORY '{uri}' USING json SELECT 1 AS a, '{uri}' AS u")
        assert list((firn.folder / ".firn/s3/bucket/a/b").glob("part-*.json"))
        assert firn.query("SELECT a, u FROM json.`s3n://bucket/a/b`")[1] == [["1", uri]]
    firn.query("INSERT OVERWRITE DIRECTORY 's3://x/y' USING json SELECT 1 AS a", conf=["firn.s3.root=elsewhere"])
    assert (firn.folder / "elsewhere/x/y/_SUCCESS").exists()
    answer = firn.run("SELECT * FROM csv.`s3://bucket/a`", conf=["firn.aws=true"])[0]
    assert answer["condition"] == "FIRN_PERMISSION"
    for uri in ("hdfs://nn/a", "dbfs:/a"):
        answer = firn.run(f"SELECT * FROM csv.`{uri}`")[0]
        assert answer["condition"] == "UNSUPPORTED_FEATURE.FIRN" and uri.split(":")[0] in answer["message"]
    assert firn.run("SELECT * FROM csv.`s3://bucket/../../x`")[0]["condition"] == "FIRN_INVALID_INPUT"
