"""Python functions in the life of a session: artifacts, streams, statements, interruptions, bounds of time and memory."""

import collections
import threading
import time

import pandas as pd
import psutil
import pytest
from pyspark.errors import PySparkException, PythonException
from pyspark.sql import functions as F


def rows(frame):
    return [tuple(row) for row in frame.collect()]


def workers(server):
    return [child for child in psutil.Process(server.process.pid).children(recursive=True) if "python" in child.name()]


# ---- what a function brings with it


def test_closures_globals_and_imports(spark):
    table = {0: "none", 1: "one"}
    counts = collections.Counter()

    def name(i):
        import string
        counts[i] += 1
        return table[i] + string.digits[:2] + str(HERE)

    assert rows(spark.range(2).select(F.udf(name)("id"))) == [("none017",), ("one017",)]


HERE = 7


def test_modules_as_artifacts(server, tmp_path):
    spark = server.session()
    (tmp_path / "firn_pricing.py").write_text("def price(x):\n    return x * 3\n")
    package = tmp_path / "firn_package"
    package.mkdir()
    (package / "__init__.py").write_text("answer = 42\n")
    import shutil
    archive = shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, "firn_package")
    spark.addArtifact(str(tmp_path / "firn_pricing.py"), pyfile=True)

    def priced(x):
        import firn_pricing
        return firn_pricing.price(x)

    assert rows(spark.range(2).select(F.udf(priced, "long")("id"))) == [(0,), (3,)]
    spark.addArtifact(archive, pyfile=True)

    def packed(x):
        from firn_package import answer
        return answer

    assert rows(spark.range(1).select(F.udf(packed, "long")("id"))) == [(42,)]
    with pytest.raises(PythonException, match="No module named 'firn_pricing'"):
        other = server.session()
        other.range(1).select(F.udf(priced, "long")("id")).collect()


def test_files_as_artifacts(server, tmp_path):
    spark = server.session()
    (tmp_path / "rates.txt").write_text("12")
    spark.addArtifact(str(tmp_path / "rates.txt"), file=True)

    def rate(x):
        import os
        from pyspark import SparkFiles
        with open(os.path.join(SparkFiles.getRootDirectory(), "rates.txt")) as file:
            return int(file.read()) + x

    assert rows(spark.range(1).select(F.udf(rate, "long")("id"))) == [(12,)]


# ---- statements


def test_in_statements(spark):
    spark.udf.register("twice", lambda x: None if x is None else 2 * x, "bigint")
    spark.udf.register("tag", lambda x: f"<{x}>")
    spark.sql("DROP TABLE IF EXISTS udf_target")
    spark.sql("CREATE TABLE udf_target (id BIGINT, t STRING) USING iceberg")
    spark.sql("INSERT INTO udf_target SELECT twice(id), tag(id) FROM range(3)")
    assert sorted(rows(spark.table("udf_target"))) == [(0, "<0>"), (2, "<1>"), (4, "<2>")]
    spark.sql("UPDATE udf_target SET t = tag(twice(id)) WHERE twice(id) > 2")
    assert sorted(rows(spark.table("udf_target"))) == [(0, "<0>"), (2, "<4>"), (4, "<8>")]
    spark.sql("""MERGE INTO udf_target t USING (SELECT twice(id) AS id FROM range(1, 4)) s ON t.id = s.id
                 WHEN MATCHED THEN UPDATE SET t = tag(s.id) WHEN NOT MATCHED THEN INSERT (id, t) VALUES (s.id, tag(twice(s.id)))""")
    assert sorted(rows(spark.table("udf_target"))) == [(0, "<0>"), (2, "<2>"), (4, "<4>"), (6, "<12>")]
    spark.sql("DELETE FROM udf_target WHERE twice(id) = 8")
    assert sorted(rows(spark.table("udf_target"))) == [(0, "<0>"), (2, "<2>"), (6, "<12>")]
    spark.sql("CREATE OR REPLACE TABLE udf_copy USING iceberg AS SELECT tag(t) AS t FROM udf_target")
    assert spark.table("udf_copy").count() == 3


def test_not_deterministic_is_called_once_a_row(spark):
    import random
    draw = F.udf(lambda: random.random(), "double").asNondeterministic()
    frame = spark.range(100).select(draw().alias("r"))
    assert rows(frame.select((F.col("r") - F.col("r")).alias("d")).distinct()) == [(0.0,)]
    assert frame.where("r >= 0").count() == 100


# ---- streams


def finished(query):
    query.awaitTermination(60)
    assert query.exception() is None
    return query


def test_in_a_stream(spark, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text('{"id": 1}\n{"id": 2}\n')
    twice = F.udf(lambda x: 2 * x, "long")
    series = F.pandas_udf(lambda s: s + 1, "long")
    stream = spark.readStream.schema("id long").json(str(tmp_path / "in"))
    made = stream.where(twice("id") > 2).select("id", twice("id").alias("t"), series("id").alias("s"))
    finished(made.writeStream.format("memory").queryName("udf_stream").trigger(availableNow=True)
             .option("checkpointLocation", str(tmp_path / "c")).start())
    assert rows(spark.table("udf_stream")) == [(2, 4, 3)]


def test_map_in_pandas_in_a_stream(spark, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text('{"id": 1}\n{"id": 2}\n')

    def odd(frames):
        for frame in frames:
            yield frame[frame.id % 2 == 1]

    stream = spark.readStream.schema("id long").json(str(tmp_path / "in"))
    finished(stream.mapInPandas(odd, "id long").writeStream.format("memory").queryName("odd_stream")
             .trigger(availableNow=True).option("checkpointLocation", str(tmp_path / "c")).start())
    assert rows(spark.table("odd_stream")) == [(1,)]


def test_foreach_function(spark, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text('{"id": 1, "name": "x"}\n{"id": 2, "name": null}\n')
    log = str(tmp_path / "log.txt")

    def write(row):
        with open(log, "a") as file:
            file.write(f"{row.id} {row['name']}\n")

    stream = spark.readStream.schema("id long, name string").json(str(tmp_path / "in"))
    finished(stream.writeStream.foreach(write).trigger(availableNow=True).option("checkpointLocation", str(tmp_path / "c")).start())
    assert open(log).read().splitlines() == ["1 x", "2 None"]


def test_foreach_object(spark, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text('{"id": 1}\n{"id": 2}\n')
    log = str(tmp_path / "log.txt")

    class Writer:
        def open(self, partition_id, epoch_id):
            self.file = open(log, "a")
            self.file.write(f"open {epoch_id}\n")
            return True

        def process(self, row):
            self.file.write(f"{row.id}\n")

        def close(self, error):
            self.file.write(f"close {error}\n")
            self.file.close()

    stream = spark.readStream.schema("id long").json(str(tmp_path / "in"))
    finished(stream.writeStream.foreach(Writer()).trigger(availableNow=True).option("checkpointLocation", str(tmp_path / "c")).start())
    assert open(log).read().splitlines() == ["open 0", "1", "2", "close None"]


def test_foreach_raises(spark, tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text('{"id": 1}\n')

    def broken(row):
        raise ValueError("not this row")

    stream = spark.readStream.schema("id long").json(str(tmp_path / "in"))
    query = stream.writeStream.foreach(broken).trigger(availableNow=True).option("checkpointLocation", str(tmp_path / "c")).start()
    with pytest.raises(PySparkException, match="not this row"):
        query.awaitTermination(60)


def test_state_of_the_user_is_refused_by_name(spark, tmp_path):
    (tmp_path / "in").mkdir()
    stream = spark.readStream.schema("id long").json(str(tmp_path / "in"))
    with pytest.raises(PySparkException, match="applyInPandasWithState"):
        stream.groupBy("id").applyInPandasWithState(
            lambda key, frames, state: frames, "id long", "n long", "append", "NoTimeout").schema


# ---- bounds


def test_interrupt_ends_a_running_function(server):
    spark = server.session()
    failure = []

    def run():
        try:
            spark.range(1).select(F.udf(lambda x: time.sleep(300), "int")("id")).collect()
        except Exception as error:
            failure.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(3)
    before = len(workers(server))
    begin = time.monotonic()
    spark.interruptAll()
    thread.join(30)
    assert not thread.is_alive() and time.monotonic() - begin < 20
    assert "OPERATION_CANCELED" in str(failure[0])
    assert len(workers(server)) < before


def test_memory_of_a_worker_is_bounded(server):
    spark = server.session()
    spark.conf.set("spark.executor.pyspark.memory", "2g")
    with pytest.raises(PythonException, match="MemoryError"):
        spark.range(1).select(F.udf(lambda x: len(bytearray(8 << 30)), "long")("id")).collect()
    spark.conf.unset("spark.executor.pyspark.memory")
    assert rows(spark.range(1).select(F.udf(lambda x: x, "long")("id"))) == [(0,)]


def test_memory_stays_flat_over_many_rows(server):
    spark = server.session()
    plus = F.pandas_udf(lambda s: s + 1, "long")
    spark.range(100_000).select(F.sum(plus("id"))).collect()
    before = server.rss
    assert rows(spark.range(5_000_000).select(F.sum(plus("id") - F.col("id")))) == [(5_000_000,)]
    assert server.rss - before < 300 << 20


def test_batches_are_as_large_as_asked(spark):
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "7")
    try:
        size = F.pandas_udf(lambda s: pd.Series([len(s)] * len(s)), "long")
        assert rows(spark.range(0, 20, 1, 1).select(size("id").alias("n")).groupBy("n").count().orderBy("n")) == [(6, 6), (7, 14)]
    finally:
        spark.conf.unset("spark.sql.execution.arrow.maxRecordsPerBatch")


def test_an_iterator_that_reads_ahead(spark):
    from typing import Iterator

    @F.pandas_udf("long")
    def all_first(series: Iterator[pd.Series]) -> Iterator[pd.Series]:
        held = list(series)
        total = sum(len(one) for one in held)
        for one in held:
            yield one * 0 + total

    assert rows(spark.range(200_000).select(all_first("id").alias("n")).distinct()) == [(200_000,)]


def test_a_group_of_many_batches(spark):

    @F.pandas_udf("double")
    def average(v: pd.Series) -> float:
        return v.mean()

    from pyspark.sql import Window
    frame = spark.range(100_000).select("id", (F.col("id") % 3).alias("k"))
    assert rows(frame.groupBy("k").agg(average("id").alias("m")).orderBy("k")) == [(0, 49999.5), (1, 49999.0), (2, 50000.0)]
    assert rows(frame.select("k", average("id").over(Window.partitionBy("k")).alias("m")).distinct().orderBy("k")) == [
        (0, 49999.5), (1, 49999.0), (2, 50000.0)]
