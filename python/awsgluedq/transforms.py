"""EvaluateDataQuality over a few rules of DQDL; a rule that is not known is refused by name before anything runs."""

import re

from awsglue.dynamicframe import DynamicFrame, DynamicFrameCollection
from awsglue.transforms import GlueTransform
from firn.errors import NotSupported
from firn.glue import paths
from pyspark.sql import functions as F

OUTCOMES = "Rule STRING, Outcome STRING, FailureReason STRING, EvaluatedMetrics MAP<STRING, DOUBLE>"
COMPARISONS = {
    ">": lambda value, bound: value > bound, ">=": lambda value, bound: value >= bound,
    "<": lambda value, bound: value < bound, "<=": lambda value, bound: value <= bound,
    "=": lambda value, bound: value == bound, "!=": lambda value, bound: value != bound,
}
RULE = re.compile(r'^(\w+)((?:\s+"[^"]*")*)\s*(.*)$', re.S)
BOUND = re.compile(r"^(>=|<=|!=|>|<|=)\s*(-?[\d.]+)$")
BETWEEN = re.compile(r"^between\s+(-?[\d.]+)\s+and\s+(-?[\d.]+)$", re.I)


def _complete(frame, columns):
    rows, there = frame.agg(F.count(F.lit(1)), F.count(paths.column(columns[0]))).collect()[0]
    return there / rows if rows else 1.0


def _unique(frame, columns):
    groups = frame.groupBy(*[paths.column(name) for name in columns]).count()
    rows, once = groups.agg(F.sum("count"), F.sum(F.expr("CASE WHEN count = 1 THEN 1 ELSE 0 END"))).collect()[0]
    return once / rows if rows else 1.0


def _exists(frame, columns):
    return float(columns[0].lower() in {name.lower() for name in frame.columns})


# Rule → (metric's name, function of the DataFrame and the columns, the bound where the rule has none of its own).
RULES = {
    "RowCount": ("Dataset.*.RowCount", lambda frame, columns: float(frame.count()), None),
    "ColumnCount": ("Dataset.*.ColumnCount", lambda frame, columns: float(len(frame.columns)), None),
    "ColumnExists": ("Column.{}.ColumnExists", _exists, "= 1"),
    "IsComplete": ("Column.{}.Completeness", _complete, "= 1"),
    "Completeness": ("Column.{}.Completeness", _complete, None),
    "IsUnique": ("Column.{}.Uniqueness", _unique, "= 1"),
    "Uniqueness": ("Column.{}.Uniqueness", _unique, None),
    "IsPrimaryKey": ("Column.{}.Uniqueness", lambda frame, columns: min(
        _unique(frame, columns), *[_complete(frame, [name]) for name in columns]), "= 1"),
}


def _parsed(ruleset):
    """[(text, name, columns, test of the metric)]."""
    found = re.search(r"Rules\s*=\s*\[(.*)\]", re.sub(r"#[^\n]*", "", ruleset), re.S)
    if not found:
        raise ValueError(f"a ruleset is Rules = [ rule, … ], not {ruleset!r}")
    rules = []
    for text in filter(None, map(str.strip, re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', found.group(1)))):
        name, quoted, rest = RULE.match(text).groups() if RULE.match(text) else (text, "", "")
        if name not in RULES:
            raise NotSupported(f"the data quality rule {name}", f"there are {', '.join(RULES)}")
        rest = rest.strip() or RULES[name][2] or ""
        bound, between = BOUND.match(rest), BETWEEN.match(rest)
        if bound:
            test = lambda value, b=bound: COMPARISONS[b.group(1)](value, float(b.group(2)))  # noqa: E731
        elif between:
            test = lambda value, b=between: float(b.group(1)) < value < float(b.group(2))  # noqa: E731
        else:
            raise NotSupported(f"the condition {rest!r} of the data quality rule {text!r}",
                               "write > n, >= n, < n, <= n, = n or between a and b")
        rules.append((text, name, re.findall(r'"([^"]*)"', quoted), test))
    return rules


class EvaluateDataQuality(GlueTransform):
    """Checks a frame against rules of DQDL."""

    def __call__(self, frame, ruleset, publishing_options=None, additional_options=None, additional_data_sources=None,
                 transformation_ctx=""):
        data, rows = frame.toDF(), []
        for text, name, columns, test in _parsed(ruleset):
            metric, measure, _ = RULES[name]
            value = measure(data, columns)
            passed = test(value)
            rows.append((text, "Passed" if passed else "Failed",
                         None if passed else f"Value: {value:g} does not meet the constraint requirement!",
                         {metric.format(",".join(columns)): value}))
        outcomes = data.sparkSession.createDataFrame(rows, OUTCOMES)
        return DynamicFrame(outcomes, frame.glue_ctx, "EvaluateDataQuality")

    def process_rows(self, frame, ruleset, publishing_options=None, additional_options=None,
                     additional_data_sources=None):
        """ruleOutcomes and originalData; outcomes by row are not computed."""
        return _Outcomes({"ruleOutcomes": self(frame, ruleset), "originalData": frame}, frame.glue_ctx)


class _Outcomes(DynamicFrameCollection):
    def __getitem__(self, key):
        if key == "rowLevelOutcomes":
            raise NotSupported("EvaluateDataQuality's rowLevelOutcomes", "select the rows with DataFrame conditions")
        return super().__getitem__(key)

    def select(self, key, transformation_ctx=""):
        return self[key]
