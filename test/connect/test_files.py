"""Readers and writers of files from stock PySpark: modes, partitions, hidden columns."""

import pytest


def rows(frame):
    return sorted(map(tuple, frame.collect()), key=str)


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "out")


def names(path, pattern="part-*"):
    from pathlib import Path

    return sorted(str(file.relative_to(path)) for file in Path(path).rglob(pattern))


def test_modes(spark, path):
    one, two = spark.sql("SELECT 1 AS a"), spark.sql("SELECT 2 AS a")
    one.write.csv(path)
    with pytest.raises(Exception, match="PATH_ALREADY_EXISTS"):
        two.write.csv(path)
    two.write.mode("ignore").csv(path)
    assert rows(spark.read.csv(path)) == [("1",)]
    two.write.mode("append").csv(path)
    assert rows(spark.read.csv(path)) == [("1",), ("2",)]
    two.write.mode("overwrite").csv(path)
    assert rows(spark.read.csv(path)) == [("2",)]
    assert names(path, "_SUCCESS") == ["_SUCCESS"] and not names(path, "_temporary")


def test_no_format_is_parquet(spark, path):
    spark.sql("SELECT 1 AS a").write.save(path)
    assert all(name.endswith(".parquet") for name in names(path)) and names(path)
    assert rows(spark.read.load(path)) == [(1,)]
    stream = spark.readStream.schema("a int").load(path)
    query = stream.writeStream.option("checkpointLocation", path + "-c").trigger(availableNow=True).start(path + "-s")
    query.awaitTermination(60)
    assert query.exception() is None and rows(spark.read.parquet(path + "-s")) == [(1,)]


@pytest.mark.parametrize("format", ["parquet", "csv", "json", "orc", "avro"])
def test_partitions(spark, path, format):
    frame = spark.sql("SELECT * FROM VALUES (1, 'a/b', DATE'2024-01-01'), (2, NULL, DATE'2024-01-02'), (3, 'x=y z', DATE'2024-01-01') AS t(id, name, day)")
    frame.write.format(format).partitionBy("name", "day").option("header", True).save(path)
    folders = sorted({name.rpartition("/")[0] for name in names(path)})
    assert folders == ["name=__HIVE_DEFAULT_PARTITION__/day=2024-01-02", "name=a%2Fb/day=2024-01-01", "name=x%3Dy z/day=2024-01-01"]
    back = spark.read.format(format).option("header", True).schema("id INT, name STRING, day DATE").load(path)
    assert rows(back.select("id", "name", "day")) == rows(frame)
    assert rows(back.where("name = 'a/b'").select("id")) == [(1,)]


def test_dynamic_overwrite(spark, path):
    spark.sql("SELECT id, id % 2 AS k FROM range(4)").write.partitionBy("k").parquet(path)
    more = spark.sql("SELECT 10L AS id, 1 AS k")
    more.write.mode("overwrite").option("partitionOverwriteMode", "dynamic").partitionBy("k").parquet(path)
    assert rows(spark.read.parquet(path).select("id", "k")) == [(0, 0), (10, 1), (2, 0)]
    more.write.mode("overwrite").partitionBy("k").parquet(path)
    assert rows(spark.read.parquet(path).select("id", "k")) == [(10, 1)]


def test_max_records_and_names(spark, path):
    spark.range(25).write.option("maxRecordsPerFile", 10).option("compression", "gzip").json(path)
    assert [name[-12:] for name in names(path)] == ["c000.json.gz", "c001.json.gz", "c002.json.gz"]
    assert spark.read.json(path).count() == 25


def test_several_paths_and_schema(spark, tmp_path):
    for name, text in {"a": '{"x":1}\n', "b": '{"x":2}\n', "c": '{"x":3}\n'}.items():
        (tmp_path / f"{name}.json").write_text(text)
    frame = spark.read.schema("x STRING").json([f"{tmp_path}/a.json", f"{tmp_path}/b.json"])
    assert rows(frame) == [("1",), ("2",)]


def test_where_rows_come_from(spark, tmp_path):
    from pyspark.sql import functions as F

    (tmp_path / "a b.csv").write_text("1\n2\n")
    frame = spark.read.csv(str(tmp_path)).withColumn("f", F.input_file_name())
    assert rows(frame) == [("1", f"file://{tmp_path}/a%20b.csv"), ("2", f"file://{tmp_path}/a%20b.csv")]
    frame = spark.read.csv(str(tmp_path)).select("_c0", "_metadata.file_name", "_metadata.file_size")
    assert rows(frame) == [("1", "a%20b.csv", 4), ("2", "a%20b.csv", 4)]
    assert spark.read.csv(str(tmp_path)).columns == ["_c0"]


@pytest.mark.parametrize("write, condition", [
    (lambda w, path: w.bucketBy(4, "id").save(path), "bucketBy"),
    (lambda w, path: w.partitionBy("none").parquet(path), "PARTITION_COLUMN_NOT_FOUND_IN_SCHEMA"),
    (lambda w, path: w.partitionBy("id").parquet(path), "ALL_PARTITION_COLUMNS_NOT_ALLOWED"),
    (lambda w, path: w.option("compression", "lzo").parquet(path), "CODEC_NOT_AVAILABLE"),
    (lambda w, path: w.format("xml").save(path), "xml"),
])
def test_refused(spark, path, write, condition):
    with pytest.raises(Exception, match=condition):
        write(spark.range(3).write, path)
    assert not names(path)
