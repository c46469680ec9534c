"""How frames are read and looked at: show, count, tables of the catalog, samples, bounded reads."""

import json

import pytest
from awsglue.dynamicframe import DynamicFrame


@pytest.fixture(scope="module")
def shelf(glue, spark):
    spark.sql("CREATE DATABASE IF NOT EXISTS library")
    spark.sql("CREATE TABLE library.books (id BIGINT, topic STRING) USING iceberg PARTITIONED BY (topic)")
    for topic in ("sea", "sky", "sun"):
        spark.sql(f"INSERT INTO library.books SELECT id, '{topic}' FROM range(10)")
    return "library"


@pytest.mark.parametrize("arguments, lines", [((), 20), ((3,), 3), ((100,), 30)])
def test_show(glue, spark, capsys, arguments, lines):
    frame = DynamicFrame.fromDF(spark.range(30).selectExpr("id", "named_struct('a', array(id)) AS s"), glue, "x")
    capsys.readouterr()
    frame.show(*arguments)
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == lines
    assert all(json.loads(line)["s"] == {"a": [json.loads(line)["id"]]} for line in shown)


@pytest.mark.parametrize("options, count", [
    ({}, 30),
    ({"push_down_predicate": "topic == 'sea'"}, 10),
    ({"push_down_predicate": "topic in ('sea', 'sky') and id < 5"}, 10),
    ({"additional_options": {"catalogPartitionPredicate": "topic = 'sun'"}}, 10),
    ({"push_down_predicate": "id < 2", "additional_options": {"catalogPartitionPredicate": "topic = 'sun'"}}, 2),
    ({"push_down_predicate": "topic = 'none'"}, 0),
])
def test_from_catalog(glue, shelf, options, count):
    frame = glue.create_dynamic_frame.from_catalog(database=shelf, table_name="books", transformation_ctx="books", **options)
    assert frame.count() == count
    assert frame.toDF().schema.simpleString() == "struct<id:bigint,topic:string>"


def test_from_catalog_without_such_a_table(glue, shelf):
    with pytest.raises(Exception, match="TABLE_OR_VIEW_NOT_FOUND"):
        glue.create_dynamic_frame.from_catalog(database=shelf, table_name="nothing").count()


def test_samples(glue, shelf, tmp_path):
    for n in range(4):
        (tmp_path / f"{n}.json").write_text("".join(json.dumps({"n": n, "i": i}) + "\n" for i in range(5)))
    options = {"paths": [str(tmp_path)]}
    assert len(glue.create_sample_dynamic_frame_from_catalog(shelf, "books", 7)) == 7
    assert len(glue.create_sample_dynamic_frame_from_options("s3", options, 6, format="json")) == 6
    bounded = glue.create_dynamic_frame.from_options("s3", {**options, "boundedFiles": "2"}, "json")
    assert sorted(row.n for row in bounded.toDF().select("n").distinct().collect()) == [0, 1]
    assert bounded.count() == 10


def test_repeated_records_of_a_topic_go(spark):
    """Records are the same where key, topic, partition and offset are; one of each stays, NULL keys too."""
    schema = "key STRING, topic STRING, partition INT, offset BIGINT, at INT"
    rows = [("k", "t", 0, 1, 1), ("k", "t", 0, 1, 2), ("k", "t", 1, 1, 3), ("k", "u", 0, 1, 4), ("k", "t", 0, 2, 5),
            (None, "t", 0, 3, 6), (None, "t", 0, 3, 7)]
    left = spark.createDataFrame(rows, schema).dropDuplicates(["key", "topic", "partition", "offset"]).collect()
    keys = [tuple(row)[:4] for row in left]
    assert len(keys) == 5 and set(keys) == {row[:4] for row in rows}


def test_consent_and_what_is_refused(spark):
    """A record whose consent is unknown does not pass, and counts among the rejects."""
    events = spark.createDataFrame([(1, True), (2, False), (3, None)], "id INT, consent BOOLEAN")
    accepted = events.filter("consent = true")
    assert [row.id for row in accepted.collect()] == [1]
    assert events.count() - accepted.count() == events.filter("NOT coalesce(consent, false)").count() == 2
