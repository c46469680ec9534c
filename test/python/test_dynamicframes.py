"""DynamicFrames over a firn server: choices, shapes, error records, joins, files."""

import json

import pytest
from awsglue.dynamicframe import DynamicFrame, ResolveOption
from awsglue.transforms import (ApplyMapping, DropNullFields, Filter, FlatMap, Join, Map, MapToCollection, Relationalize,
                                SelectFromCollection, Spigot, SplitFields, SplitRows, Unbox, UnnestFrame)
from firn.errors import NotSupported

RECORDS = [
    {"id": 1, "amount": 10.5, "tags": ["a", "b"], "addr": {"city": "x", "zip": 1},
     "items": [{"sku": "s1", "parts": [1, 2]}, {"sku": "s2"}]},
    {"id": 2, "amount": "n/a", "tags": [], "addr": {"city": "y", "zip": 2}},
    {"id": 3, "amount": "7", "ssn": "123456789"},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("in")
    (path / "a.json").write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    return path


@pytest.fixture
def orders(glue, folder):
    return glue.create_dynamic_frame.from_options("s3", {"paths": [str(folder)]}, "json")


def rows(frame):
    return sorted(tuple(row) for row in frame.toDF().collect())


def tree(frame, capsys):
    capsys.readouterr()
    frame.printSchema()
    return capsys.readouterr().out.split("\n")


def test_a_choice_in_the_schema(orders, capsys):
    lines = tree(orders, capsys)
    assert lines[:5] == ["root", "|-- id: int", "|-- amount: choice", "|    |-- double", "|    |-- string"], lines
    assert orders.count() == 3
    assert orders.toDF().schema["amount"].dataType.simpleString() == "struct<double:double,string:string>"


@pytest.mark.parametrize("specs, choice, want", [
    ([("amount", "cast:double")], "", [(1, 10.5), (2, None), (3, 7.0)]),
    ([("amount", "cast:string")], "", [(1, "10.5"), (2, "n/a"), (3, "7")]),
    ([("amount", "project:string")], "", [(1, None), (2, "n/a"), (3, "7")]),
    ([("id", "cast:string")], "", None),
    (None, "make_cols", [(1, 10.5, None), (2, None, "n/a"), (3, None, "7")]),
    (None, "make_struct", None),
    (None, "cast:double", [(1, 10.5), (2, None), (3, 7.0)]),
])
def test_resolve_choice(orders, specs, choice, want):
    resolved = orders.select_fields(["id", "amount"]).resolveChoice(specs=specs, choice=choice)
    if want is not None:
        assert rows(resolved) == want
    if specs is None:
        assert not resolved._choices
    if choice == "make_cols":
        assert resolved.toDF().columns == ["id", "amount_double", "amount_string"]


def test_resolve_choice_refuses(orders):
    with pytest.raises(ValueError, match="both"):
        orders.resolveChoice(specs=[("id", "cast:int")], choice="make_cols")
    with pytest.raises(ValueError, match="make_columns"):
        orders.resolveChoice(choice="make_columns")
    with pytest.raises(ValueError, match="no field 'nothing'"):
        orders.resolveChoice(specs=[("nothing", "cast:int")])


def test_to_df_with_options(orders):
    frame = orders.toDF([ResolveOption("amount", "Project", "double")])
    assert frame.schema["amount"].dataType.simpleString() == "double"


def test_fields(orders, capsys):
    changed = orders.rename_field("addr.city", "addr.town").drop_fields(["items", "addr.zip", "tags"])
    assert tree(changed, capsys)[:7] == ["root", "|-- id: int", "|-- amount: choice", "|    |-- double", "|    |-- string",
                                         "|-- addr: struct", "|    |-- town: string"]
    assert tree(orders.select_fields(["id", "addr.city"]), capsys)[1:4] == [
        "|-- id: int", "|-- addr: struct", "|    |-- city: string"]


def test_apply_mapping(orders):
    mapped = ApplyMapping.apply(frame=orders, mappings=[
        ("id", "int", "key.id", "string"), ("addr.city", "string", "city", "string"),
        ("amount", "string", "amount", "string"), ("nothing", "string", "nothing", "string")])
    assert mapped.toDF().columns == ["key", "city", "amount"]
    assert [(r.key.id, r.city, r.amount) for r in mapped.toDF().orderBy("key.id").collect()] == [
        ("1", "x", None), ("2", "y", "n/a"), ("3", None, "7")]


def test_relationalize(orders):
    tables = Relationalize.apply(frame=orders, staging_path="s3://t/", name="root")
    assert set(tables.keys()) == {"root", "root_tags", "root_items", "root_items_items.val.parts"}
    root = tables["root"].toDF()
    assert {"addr.city", "addr.zip", "tags", "items"} <= set(root.columns)
    tags = {(r["id"], r["index"], r["tags.val"]) for r in tables["root_tags"].toDF().collect()}
    key = {r.id: r.tags for r in root.collect()}[1]
    assert tags == {(key, 0, "a"), (key, 1, "b")}
    items = tables["root_items"].toDF()
    parts = tables["root_items_items.val.parts"].toDF()
    joined = items.join(parts, items["`items.val.parts`"] == parts["id"])
    assert sorted(r["items.val.parts.val"] for r in joined.select("`items.val.parts.val`").collect()) == [1, 2]


def test_unnest_and_null_fields(glue, spark, orders):
    assert {"addr.city", "addr.zip"} <= set(UnnestFrame.apply(frame=orders).toDF().columns)
    frame = spark.createDataFrame([(1, None)], "a INT, b STRING")
    assert DropNullFields.apply(frame=DynamicFrame.fromDF(frame, glue, "x")).toDF().columns == ["a"]


def test_filter_and_map(orders):
    assert rows(Filter.apply(frame=orders, f=lambda r: r["amount"] > 8).select_fields(["id"])) == [(1,)]

    def change(record):
        if "ssn" in record:
            record["ssn"] = "*" + record["ssn"][-4:]
        record["inverse"] = 1 / (record["id"] - 2)
        return record
    mapped = Map.apply(frame=orders, f=change)
    assert rows(mapped.select_fields(["id", "ssn", "inverse"])) == [(1, None, -1.0), (3, "*6789", 1.0)]
    assert (mapped.errorsCount(), mapped.stageErrorsCount()) == (1, 1)
    error = mapped.errorsAsDynamicFrame().toDF().collect()[0].error
    assert "ZeroDivisionError" in error.msg and json.loads(error.dynamicRecord)["id"] == 2
    later = mapped.map(lambda r: r)
    assert (later.errorsCount(), later.stageErrorsCount()) == (1, 0)
    with pytest.raises(RuntimeError, match="threshold of 1"):
        orders.map(lambda r: 1 / 0, stageThreshold=1)


def test_a_function_runs_once_for_a_record(orders, tmp_path):
    """For the shape, the rows, their count and the error records together."""
    log = str(tmp_path / "calls")

    def noted(record):
        with open(log, "a") as file:
            file.write(f"{record['id']}\n")
        if record["id"] == 2:
            raise ValueError("not this one")
        return record
    mapped = orders.map(noted)
    assert not (tmp_path / "calls").exists(), "it runs when it is read"
    assert mapped.count() == 2 and len(mapped.toDF().columns) > 2 and mapped.errorsCount() == 1
    assert sorted(row.id for row in mapped.toDF().collect()) == [1, 3]
    assert sorted((tmp_path / "calls").read_text().split()) == ["1", "2", "3"]
    flat = orders.flatMap(lambda record: [{"n": record["id"]}] * record["id"])
    assert flat.count() == 6 and flat.mapPartitions(lambda part: ({"n": one["n"]} for one in part)).count() == 6


def test_many_records_pass_a_function(glue, spark):
    frame = DynamicFrame.fromDF(spark.range(25_000), glue, "many").map(lambda r: {"n": r["id"], "s": str(r["id"])})
    assert frame.toDF().selectExpr("count(*)", "sum(n)", "max(length(s))").collect()[0] == (25_000, 312_487_500, 5)
    failing = DynamicFrame.fromDF(spark.range(5_000), glue, "many").map(lambda r: 1 / (r["id"] % 2) and {"n": r["id"]})
    assert (failing.count(), failing.errorsCount()) == (2_500, 2_500)


def test_splits(orders):
    parts = SplitRows.apply(frame=orders, comparison_dict={"id": {">": 1, "<=": 3}}, name1="hi", name2="lo")
    assert (parts["hi"].count(), parts["lo"].count()) == (2, 1)
    fields = SplitFields.apply(frame=orders, paths=["id"], name1="ids", name2="rest")
    assert fields.select("ids").toDF().columns == ["id"] and "id" not in fields.select("rest").toDF().columns
    doubled = MapToCollection.apply(dfc=parts, BaseTransform=Filter, frame_name="frame", f=lambda r: r["id"] == 3)
    assert SelectFromCollection.apply(dfc=doubled, key="hi").count() == 1
    ids = MapToCollection.apply(parts, lambda frame, context: frame.select_fields(["id"]))
    assert ids.select("lo").toDF().columns == ["id"]
    assert len(FlatMap.apply(dfc=parts, BaseTransform=SplitRows, frame_name="frame", comparison_dict={"id": {"=": 1}},
                             name1="a", name2="b")) == 4


def test_join_and_merge(orders, capsys):
    joined = Join.apply(orders.select_fields(["id", "ssn"]), orders.select_fields(["id", "amount"]), ["id"], ["id"])
    assert joined.toDF().columns == ["id", "ssn", ".id", "amount"] and joined.count() == 3
    staged = Map.apply(frame=orders.select_fields(["id"]), f=lambda r: {"id": r["id"] + 1, "amount": True})
    merged = orders.select_fields(["id", "amount"]).mergeDynamicFrame(staged, ["id"])
    assert sorted(r.id for r in merged.toDF().collect()) == [1, 2, 3, 4]
    assert "|    |-- boolean" in tree(merged, capsys)


def test_unbox(glue, spark):
    frame = spark.createDataFrame([(1, '{"a": 1, "b": {"c": "x"}}', "p|q"), (2, "{broken", "r|s")],
                                  "id INT, doc STRING, line STRING")
    boxed = DynamicFrame.fromDF(frame, glue, "x")
    unboxed = Unbox.apply(frame=boxed, path="doc", format="json")
    row = unboxed.toDF().collect()
    assert len(row) == 1 and (row[0].doc.a, row[0].doc.b.c) == (1, "x")
    assert unboxed.errorsCount() == 1
    assert [r.line.col1 for r in Unbox.apply(frame=boxed, path="line", format="csv", separator="|").toDF()
            .orderBy("id").collect()] == ["q", "s"]


def test_dynamodb_json(glue, spark):
    frame = spark.sql("SELECT named_struct('name', named_struct('S', 'x'), 'n', named_struct('N', '1')) AS Item")
    assert rows(DynamicFrame.fromDF(frame, glue, "x").simplify_ddb_json()) == [("x", "1")]


def test_files(glue, orders, tmp_path):
    path = str(tmp_path / "out")
    # A second column that is never NULL: a line of CSV with nothing in it is no record.
    simple = orders.resolveChoice(specs=[("amount", "cast:double")]).apply_mapping(
        [("id", "long", "id", "long"), ("id", "long", "number", "long"), ("amount", "double", "amount", "double")])
    for format, options in (("json", {}), ("csv", {"separator": "|"}), ("parquet", {}), ("glueparquet", {})):
        target = f"{path}/{format}"
        for _ in range(2):  # appended, never overwritten
            glue.write_dynamic_frame.from_options(frame=simple, connection_type="s3",
                                                  connection_options={"path": target, "partitionKeys": ["id"]},
                                                  format=format, format_options=options)
        read = {"withHeader": True, **options} if format == "csv" else options
        back = glue.create_dynamic_frame.from_options("s3", {"paths": [target]}, format, read)
        assert back.count() == 6, format
        assert sorted({int(r.id) for r in back.toDF().collect()}) == [1, 2, 3], format
    assert (tmp_path / "out/parquet/id=1").is_dir()
    Spigot.apply(frame=orders, path=path + "/sample", options={"topk": 1})
    assert glue.create_dynamic_frame.from_options("s3", {"paths": [path + "/sample"]}, "json").count() == 1


def test_csv_without_a_header(glue, tmp_path):
    (tmp_path / "a.csv").write_text("x;1\ny;2\n")
    frame = glue.create_dynamic_frame.from_options("s3", {"paths": [str(tmp_path)]}, "csv", {"separator": ";"})
    assert rows(frame) == [("x", "1"), ("y", "2")] and frame.toDF().columns == ["col0", "col1"]


def test_sources_and_sinks_by_object(glue, folder, tmp_path):
    source = glue.getSource("file", paths=[str(folder)])
    source.setFormat("json")
    sink = glue.getSink("s3", path=str(tmp_path / "sunk"))
    sink.setFormat("json")
    sink.writeFrame(source.getFrame())
    assert glue.create_dynamic_frame.from_options("s3", {"paths": [str(tmp_path / "sunk")]}, "json").count() == 3


def test_catalog(glue, spark):
    spark.sql("CREATE DATABASE IF NOT EXISTS shelf")
    spark.sql("CREATE TABLE shelf.books (id BIGINT, title STRING) USING iceberg")
    records = glue.create_dynamic_frame_from_rdd([{"title": "a", "id": 1}, {"title": "b", "id": 2}], "r")
    glue.write_dynamic_frame.from_catalog(frame=records, database="shelf", table_name="books")
    read = glue.create_dynamic_frame.from_catalog(database="shelf", table_name="books", push_down_predicate="id > 1")
    assert rows(read) == [(2, "b")]
    with pytest.raises(ValueError, match="no columns extra"):
        glue.write_dynamic_frame.from_catalog(
            frame=glue.create_dynamic_frame_from_rdd([{"id": 1, "extra": 2}], "r"), database="shelf",
            table_name="books")


@pytest.mark.parametrize("call, words", [
    (lambda g: g.create_data_frame.from_options("kinesis", {}), "kinesis"),
    (lambda g: g.create_dynamic_frame.from_options("dynamodb", {}), "dynamodb"),
    (lambda g: g.create_dynamic_frame.from_options("marketplace.spark", {}), "marketplace.spark"),
    (lambda g: g.create_dynamic_frame.from_options("s3", {"paths": ["x"]}, "ion"), "ion"),
    (lambda g: g.purge_table("a", "b"), "purge_table"),
    (lambda g: g.transition_s3_path("a", "b"), "transition_s3_path"),
    (lambda g: g.create_dynamic_frame.from_catalog("a", "b", catalog_id="1"), "another account"),
])
def test_refused_by_name(glue, call, words):
    with pytest.raises(NotSupported, match=words):
        call(glue)


def test_purge_s3_path(glue, tmp_path):
    import os
    for name, age in (("old.json", 10 * 86400), ("new.json", 0)):
        (tmp_path / name).write_text("{}")
        past = os.path.getmtime(tmp_path / name) - age
        os.utime(tmp_path / name, (past, past))
    glue.purge_s3_path(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["new.json"]
