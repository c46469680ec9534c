"""The table of what the shim has is true, and nothing that AWS documents is missing."""

import importlib
import inspect
import sys
from pathlib import Path

import pytest
from firn.errors import NotSupported

sys.path.insert(0, str(Path(__file__).resolve().parent))
import surface  # noqa: E402

ROWS = list(surface.rows())


def test_the_table_is_up_to_date():
    assert surface.PATH.read_text(encoding="utf-8") == surface.text(), "python test/python/surface.py writes it"


SIGNATURES = [line.rstrip("\n").split("\t") for line in (surface.HERE / "signatures.tsv").read_text().splitlines()
              if not line.startswith("#")]


@pytest.mark.parametrize("owner, name, documented", SIGNATURES)
def test_parameters_are_those_documented(owner, name, documented):
    value = surface.found(owner, name)
    held = inspect.signature(value.__call__ if isinstance(value, type) else value).parameters
    wanted = [word for word in documented.split() if not word.startswith("**")]
    assert [word for word in held if word in wanted and held[word].kind != inspect.Parameter.KEYWORD_ONLY] == [
        word for word in wanted if word not in held or held[word].kind != inspect.Parameter.KEYWORD_ONLY]
    if "**" in documented:
        assert any(one.kind == inspect.Parameter.VAR_KEYWORD for one in held.values())


def test_types_of_the_extensions():
    from awsglue.gluetypes import ChoiceType, EnumType, Field, IntegerType, LongType, StringType, StructType
    choice = ChoiceType([IntegerType()])
    choice.merge([LongType(), StringType()])
    choice.merge(ChoiceType([StringType()]))
    assert sorted(choice.choices) == ["int", "long", "string"]
    struct = StructType([Field("a", choice)])
    struct.add(Field("b", EnumType(["x", "y"])))
    assert struct.hasField("b") and not struct.hasField("c") and struct.getField("b").dataType.options == ["x", "y"]


def test_nothing_is_missing():
    assert [row for row in ROWS if row[2] == "missing"] == []


@pytest.mark.parametrize("owner, name", [row[:2] for row in ROWS if row[2] == "refused"])
def test_what_is_refused_says_what_to_write(owner, name):
    value = surface.found(owner, name)
    with pytest.raises(NotSupported, match="not supported by firn: .+"):
        value.apply(frame=None) if isinstance(value, type) else value(None)


def test_modules_of_studio():
    with pytest.raises(NotSupported, match="gs_explode.*F.explode"):
        importlib.import_module("gs_explode")
    from awsglue import DynamicFrame
    from awsglue.dynamicframe import DynamicFrame as same
    assert DynamicFrame is same


RULES = """
Rules = [
    RowCount > 2,   # a remark
    RowCount between 1 and 10, ColumnCount = 2, ColumnExists "b", IsComplete "id", IsComplete "b",
    Completeness "b" >= 0.5, IsUnique "id", IsPrimaryKey "id" "b", Uniqueness "b" < 0.5
]
"""


def test_data_quality_rules(glue, spark):
    from awsglue import DynamicFrame
    from awsgluedq.transforms import EvaluateDataQuality
    frame = DynamicFrame.fromDF(spark.createDataFrame([(1, "x"), (2, None), (3, "x")], "id INT, b STRING"), glue, "f")
    outcomes = EvaluateDataQuality().process_rows(
        frame=frame, ruleset=RULES, publishing_options={"dataQualityEvaluationContext": "n"},
        additional_options={"observations.scope": "ALL"})
    rows = {row.Rule: row.Outcome for row in outcomes.select("ruleOutcomes").toDF().collect()}
    assert [name for name, outcome in rows.items() if outcome == "Failed"] == ['IsComplete "b"', 'IsPrimaryKey "id" "b"']
    assert len(rows) == 10 and outcomes["originalData"] is frame
    with pytest.raises(NotSupported, match="rowLevelOutcomes"):
        outcomes["rowLevelOutcomes"]
    with pytest.raises(NotSupported, match="DataFreshness"):
        EvaluateDataQuality.apply(frame=frame, ruleset='Rules = [ DataFreshness "t" <= 24 hours ]')
    with pytest.raises(ValueError, match="Rules ="):
        EvaluateDataQuality.apply(frame=frame, ruleset="RowCount > 0")
