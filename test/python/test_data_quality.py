"""Rules of DQDL, one row a rule, with what AWS documents of NULLs, empty texts, bounds and thresholds."""

import pytest
from awsglue.dynamicframe import DynamicFrame
from awsgluedq.transforms import EvaluateDataQuality
from firn.errors import NotSupported

SCHEMA = "id INT, age INT, zip STRING, country STRING, born DATE, city STRING, state STRING"
ROWS = [
    (1, 30, "12345", "US", "2020-01-01", "a", "x"),
    (2, 21, "1234", "CA", "2020-06-01", "b", "y"),
    (3, None, None, "", "2021-01-01", "a", "y"),
    (4, 45, "12345", "  ", "2021-01-01", None, "x"),
]


@pytest.fixture(scope="module")
def frame(glue, spark):
    data = spark.createDataFrame(ROWS, SCHEMA.replace("born DATE", "born STRING"))
    return DynamicFrame.fromDF(data.withColumn("born", data["born"].cast("date")).select(*[c.split()[0] for c in SCHEMA.split(", ")]), glue, "f")


@pytest.fixture(scope="module")
def sources(glue, spark):
    return {"reference": DynamicFrame.fromDF(spark.createDataFrame([(1, "a", "x"), (2, "a", "y"), (3, "b", "z"), (3, "b", "z")],
                                                                   "key INT, ref_city STRING, ref_state STRING"), glue, "r")}


def outcomes(frame, ruleset, sources=None):
    return EvaluateDataQuality.apply(frame=frame, ruleset=f"Rules = [ {ruleset} ]", additional_data_sources=sources).toDF().collect()


PASSED = [
    'ColumnValues "id" between 0 and 5', 'ColumnValues "id" > 0', 'ColumnValues "id" >= 1', 'ColumnValues "id" < 5', 'ColumnValues "id" != 7',
    'ColumnValues "id" in [1, 2, 3, 4]', 'ColumnValues "id" not in [7, 8]', 'ColumnValues "id" not between 5 and 9', 'ColumnValues "id" != NULL',
    'ColumnValues "age" != 7', 'ColumnValues "age" not in [7, 8]', 'ColumnValues "age" in [30, 21, 45, NULL]',
    'ColumnValues "age" > 20 with threshold > 0.7', 'ColumnValues "age" > 20 where "id <> 3"',
    'ColumnValues "age" > 20 with threshold = 0.75', 'ColumnValues "age" > 25 where "id <> 3" with threshold between 0.6 and 0.7',
    'ColumnValues "country" in ["US", "CA", EMPTY, WHITESPACES_ONLY]', 'ColumnValues "city" matches "[ab]" where "city is not null"',
    'ColumnValues "state" not matches "z.*"', 'ColumnValues "country" not in ["UK", "D\\"E"]',
    'ColumnValues "born" < (now() - 3 days)', 'ColumnValues "born" <= now()', 'ColumnValues "born" between "2019-12-31" and "2021-01-02"',
    'ColumnLength "zip" < 6', 'ColumnLength "zip" in [0, 4, 5]', 'ColumnLength "zip" between 3 and 6 where "zip is not null"',
    'ColumnLength "country" = 2 with threshold >= 0.75', 'ColumnLength "zip" != 3', 'ColumnLength "zip" not between 6 and 9',
    'ReferentialIntegrity "id" "reference.key" >= 0.75', 'ReferentialIntegrity "city,state" "reference.{ref_city,ref_state}" = 0.5',
    'ReferentialIntegrity "city" "reference.ref_city" between 0.7 and 0.8',
    '(RowCount > 9) or ((IsComplete "id") and (IsUnique "id"))', 'RowCount not between 5 and 9', 'Completeness "age" > 0.9 where "id < 3"',
]
FAILED = {
    'ColumnValues "id" between 1 and 5': "0.75",   # bounds are not among them
    'ColumnValues "age" > 20': "NULL", 'ColumnValues "age" in [30, 21, 45]': "NULL", 'ColumnValues "age" not between 1 and 2': "NULL",
    'ColumnValues "age" not in [7, NULL]': "NULL", 'ColumnValues "age" = NULL': "0.25", 'ColumnValues "age" != NULL': "NULL",
    'ColumnValues "age" > 20 with threshold > 0.75': "0.75", 'ColumnValues "state" matches "[xz]"': "0.5", 'ColumnValues "zip" matches "123"': "NULL",
    'ColumnValues "country" in ["US", "CA", EMPTY]': "0.75", 'ColumnValues "country" != EMPTY': "0.75", 'ColumnValues "born" > (now() - 3 days)': "0",
    'ColumnLength "zip" > 3': "NULL", 'ColumnLength "country" = 2': "0.75", 'ColumnLength "zip" not in [0]': "NULL",
    'ReferentialIntegrity "id" "reference.key" = 1.0': "0.75", '(IsUnique "id") and (RowCount > 9)': "4",
}


def test_rules_that_pass(frame, sources):
    found = outcomes(frame, ", ".join(PASSED), sources)
    assert [row.Rule for row in found] == PASSED
    assert [row.Rule for row in found if row.Outcome != "Passed" or row.FailureReason is not None] == []


def test_rules_that_fail_with_their_reason(frame, sources):
    found = outcomes(frame, ",\n".join(FAILED), sources)
    assert {row.Rule: row.FailureReason for row in found} == {
        rule: f"Value: {value} does not meet the constraint requirement!" for rule, value in FAILED.items()}
    assert {row.Outcome for row in found} == {"Failed"}


def test_metrics(frame, sources):
    rules = 'ColumnValues "age" > 20, ColumnLength "zip" < 6, ReferentialIntegrity "id" "reference.key" > 0, (RowCount > 0) and (IsUnique "id")'
    assert [row.EvaluatedMetrics for row in outcomes(frame, rules, sources)] == [
        {"Column.age.ColumnValues.Compliance": 0.75}, {"Column.zip.ColumnLength.Compliance": 1.0},
        {"Column.reference.ReferentialIntegrity": 0.75}, {"Dataset.*.RowCount": 4.0, "Column.id.Uniqueness": 1.0}]


def test_and_and_or_by_data_set_or_by_row(frame):
    rules = 'Rules = [ (ColumnValues "age" > 20) OR (ColumnValues "age" = NULL), (ColumnLength "zip" > 3) and (ColumnValues "zip" != NULL) ]'
    found = {method: [row.Outcome for row in EvaluateDataQuality.apply(
        frame=frame, ruleset=rules, additional_options={"compositeRuleEvaluation.method": method}).toDF().collect()]
        for method in ("DATASET", "ROW")}
    assert found == {"DATASET": ["Failed", "Failed"], "ROW": ["Passed", "Failed"]}


def test_a_reference_that_was_not_given(frame):
    row, = outcomes(frame, 'ReferentialIntegrity "id" "other.key" = 1.0')
    assert (row.Outcome, row.FailureReason) == ("Failed", "other not found in additional sources")


@pytest.mark.parametrize("rule, error, named", [
    ('Entropy "a" > 1', NotSupported, "Entropy"), ('RowCount > avg(last(10))', NotSupported, "avg"),
    ('ColumnValues "a"', ValueError, "condition"), ('ColumnValues "a" > NULL', NotSupported, "NULL"),
    ('ColumnLength "a" matches "x"', NotSupported, "ColumnLength"), ('RowCount > 1 with threshold > 0.5', NotSupported, "threshold"),
    ('ColumnValues "a" > (now() - 3 fortnights)', NotSupported, "fortnights"), ('ReferentialIntegrity "a,b" "r.{c}" = 1.0', ValueError, "as many"),
    ('(RowCount > 1) and (RowCount > 2) or (RowCount > 3)', ValueError, "brackets"), ('RowCount "', ValueError, "is expected"),
    ('RowCount > 1 IsUnique "a"', NotSupported, "IsUnique"), ('Completeness "a"', NotSupported, "without a condition"),
])
def test_what_is_not_known_is_refused_before_anything_runs(frame, rule, error, named):
    with pytest.raises(error, match=named):
        outcomes(frame, rule)
