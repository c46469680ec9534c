"""The table of what the shim has is true, and nothing that AWS documents is missing."""

import importlib
import sys
from pathlib import Path

import pytest
from firn.errors import NotSupported

sys.path.insert(0, str(Path(__file__).resolve().parent))
import surface  # noqa: E402

ROWS = list(surface.rows())


def test_the_table_is_up_to_date():
    assert surface.PATH.read_text(encoding="utf-8") == surface.text(), "python test/python/surface.py writes it"


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
