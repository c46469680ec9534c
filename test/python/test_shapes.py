"""Schemas of Python records, paths, and what is refused without an account."""

import json

import pytest
from firn.cloud import services
from firn.errors import NotSupported
from firn.glue import infer, paths
from firn.glue.records import DynamicRecord, error_row, filter_record, map_record
from firn.glue.types import glue_type, spark_type, tree_lines


def shape_of(*records):
    shape = infer.Shape()
    for record in records:
        shape.add(record)
    return shape


@pytest.mark.parametrize("values, want", [
    ([1, 2], "int"),
    ([1, 2**40], "bigint"),
    ([1, 2.5], "struct<int:int,double:double>"),
    ([1, "a", None], "struct<int:int,string:string>"),
    ([None], "string"),
    ([[1], ["a"]], "array<struct<int:int,string:string>>"),
    ([{"a": 1}, {"b": "x"}], "struct<a:int,b:string>"),
    ([{"a": 1}, "x"], "struct<struct:struct<a:int>,string:string>"),
    ([True, "x"], "struct<boolean:boolean,string:string>"),
])
def test_types_of_values(values, want):
    assert shape_of(*[{"v": value} for value in values]).data_type()["v"].dataType.simpleString() == want


def test_values_that_fit_their_choice():
    shape = shape_of({"v": 1, "n": {"x": [1]}}, {"v": "a", "n": {"x": ["b"]}})
    assert set(shape.choices()) == {("v",), ("n", "x", "[]")}
    assert shape.fit({"v": "a", "n": {"x": [1, "b"]}}) == ((None, "a"), ([(1, None), (None, "b")],))
    assert shape.fit({"v": None}) == (None, None)


def test_the_printed_tree():
    shape = shape_of({"v": 1, "l": [{"a": 1}]}, {"v": "a"})
    lines = list(tree_lines(glue_type(shape.data_type(), frozenset(shape.choices()))))
    assert lines == ["|-- v: choice", "|    |-- int", "|    |-- string", "|-- l: array", "|    |-- element: struct",
                     "|    |    |-- a: int"]


@pytest.mark.parametrize("text, want", [
    ("a", ("a",)), ("a.b", ("a", "b")), ("`a.b`.c", ("a.b", "c")), ("l[].x", ("l", "[]", "x")),
    ("l[][]", ("l", "[]", "[]")),
])
def test_paths(text, want):
    assert paths.parse(text) == want


@pytest.mark.parametrize("text", ["", "a..b", "`a"])
def test_what_is_no_path(text):
    with pytest.raises(ValueError, match="no path"):
        paths.parse(text)


def test_types_by_name():
    assert spark_type("decimal(12,3)").simpleString() == "decimal(12,3)"
    assert spark_type("struct") is None
    with pytest.raises(ValueError, match="no type"):
        spark_type("number")


def record(sparse=True, **fields):
    made = DynamicRecord(fields)
    object.__setattr__(made, "_sparse", sparse)
    return made


def test_records_by_item_and_attribute():
    one = record(a=1, gone=None)
    assert (one["a"], one.a, "a" in one, "gone" in one, one["gone"], one.get("x")) == (1, 1, True, False, None, None)
    assert "gone" in record(sparse=False, gone=None)
    one.b = 2
    assert one["b"] == 2


def test_what_a_predicate_may_raise():
    rows = [record(id=1, v=5), record(id=2, v=None), record(id=3, v="x"), record(id=0, v=9)]
    found = [filter_record(row, lambda r: r["v"] > 1 and 1 / r["id"]) for row in rows]
    assert [passes for passes, _ in found] == [True, False, False, False]
    assert [type(error) for _, error in found] == [type(None)] * 3 + [ZeroDivisionError]
    message, stack, text = error_row(rows[3], found[3][1])
    assert "ZeroDivisionError" in message and "<lambda>" in stack and json.loads(text) == {"id": 0, "v": 9}
    assert "in filter_record" not in stack


def test_what_a_map_may_give():
    def change(r):
        return {"id": r["id"]} if r["id"] == 1 else None if r["id"] == 2 else r["nothing"]
    found = [map_record(record(id=n), change) for n in (1, 2, 3)]
    assert [results for results, _ in found] == [[{"id": 1}], [], []]
    assert [type(error) for _, error in found] == [type(None), ValueError, KeyError]


def test_shapes_of_several_workers_are_merged():
    import itertools
    rows = [{"a": 1, "n": {"x": [1, "t"]}}, {"a": "s", "b": 2.5}, {"a": 2**40, "n": {"y": None}}, {}]
    for order in itertools.permutations(rows):
        whole, merged = infer.Shape(), infer.Shape()
        for row in order:
            whole.add(row)
            one = infer.Shape()
            one.add(row)
            merged.merge(json.loads(json.dumps(one.state())))
        assert merged.data_type() == whole.data_type() and set(merged.choices()) == set(whole.choices())


def test_metrics_land_in_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("FIRN_METRICS_FILE", str(tmp_path / "m.jsonl"))
    services.client("cloudwatch").put_metric_data(Namespace="N", MetricData=[
        {"MetricName": "a", "Value": 1, "Unit": "Count", "Dimensions": [{"Name": "d", "Value": "x"}]},
        {"MetricName": "b", "Values": [1, 2]}])
    lines = [json.loads(line) for line in (tmp_path / "m.jsonl").read_text().splitlines()]
    assert [(line["name"], line.get("value"), line.get("values"), line["dimensions"]) for line in lines] == [
        ("a", 1.0, None, {"d": "x"}), ("b", None, [1.0, 2.0], {})]


@pytest.mark.parametrize("call, words", [
    (lambda: services.client("s3"), r"boto3.client\('s3'\)"),
    (lambda: services.resource("dynamodb"), r"boto3.resource\('dynamodb'\)"),
    (lambda: services.client("cloudwatch").get_metric_data(), "cloudwatch.get_metric_data"),
])
def test_other_services_are_refused_by_name(call, words):
    with pytest.raises(NotSupported, match=words):
        call()


@pytest.mark.parametrize("data, words", [
    ({"Value": 1}, "MetricName"), ({"MetricName": "a"}, "needs one of"),
    ({"MetricName": "a", "Value": 1, "Unit": "Apples"}, "Apples"),
])
def test_metrics_that_are_none(data, words):
    with pytest.raises(ValueError, match=words):
        services.client("cloudwatch").put_metric_data(Namespace="N", MetricData=[data])
