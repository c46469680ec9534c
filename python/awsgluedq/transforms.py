"""EvaluateDataQuality over rules of DQDL; a rule that is not known is refused by name before anything runs."""

import functools
import operator
import re
from dataclasses import dataclass

from awsglue.dynamicframe import DynamicFrame, DynamicFrameCollection
from awsglue.transforms import GlueTransform
from awsgluedq import rows
from awsgluedq.dqdl import Combined, Condition, parse, simple_rules
from firn.errors import NotSupported
from firn.glue import paths
from pyspark.sql import functions as F

OUTCOMES = "Rule STRING, Outcome STRING, FailureReason STRING, EvaluatedMetrics MAP<STRING, DOUBLE>"
COMBINED_BY = "compositeRuleEvaluation.method"   # ROW: and, or of what holds for a row; else of the rules' outcomes
IS_ONE = Condition("=", (1.0,))
REFERENCE = re.compile(r"^(\w+)\.(?:\{(.*)\}|(.*))$")


@dataclass
class Outcome:
    passed: bool
    reason: str
    metrics: dict


# ---- Rules that measure one number
def _complete(frame, columns):
    count, there = frame.agg(F.count(F.lit(1)), F.count(paths.column(columns[0]))).collect()[0]
    return there / count if count else 1.0


def _unique(frame, columns):
    groups = frame.groupBy(*[paths.column(name) for name in columns]).count()
    count, once = groups.agg(F.sum("count"), F.sum(F.expr("CASE WHEN count = 1 THEN 1 ELSE 0 END"))).collect()[0]
    return once / count if count else 1.0


def _exists(frame, columns):
    return float(columns[0].lower() in {name.lower() for name in frame.columns})


# Rule → (metric's name, function of the DataFrame and the columns, the condition where the rule has none of its own).
MEASURES = {
    "RowCount": ("Dataset.*.RowCount", lambda frame, columns: float(frame.count()), None),
    "ColumnCount": ("Dataset.*.ColumnCount", lambda frame, columns: float(len(frame.columns)), None),
    "ColumnExists": ("Column.{}.ColumnExists", _exists, IS_ONE),
    "IsComplete": ("Column.{}.Completeness", _complete, IS_ONE),
    "Completeness": ("Column.{}.Completeness", _complete, None),
    "IsUnique": ("Column.{}.Uniqueness", _unique, IS_ONE),
    "Uniqueness": ("Column.{}.Uniqueness", _unique, None),
    "IsPrimaryKey": ("Column.{}.Uniqueness", lambda frame, columns: min(
        _unique(frame, columns), *[_complete(frame, [name]) for name in columns]), IS_ONE),
}


def _measured(rule, data, sources):
    name, measure, default = MEASURES[rule.name]
    value = measure(data, rule.parameters)
    passed = (rule.condition or default).test(value)
    return Outcome(passed, None if passed else f"Value: {value:g} does not meet the constraint requirement!",
                   {name.format(",".join(rule.parameters)): value})


# ---- Rules over each row
def _each_row(rule, data, sources):
    column = paths.column(rule.parameters[0])
    whole = rows.ROW_RULES[rule.name](column, rule.condition)
    metric = f"Column.{rule.parameters[0]}.{rule.name}.Compliance"
    count, good, nulls = data.agg(
        F.count(F.lit(1)), F.sum(whole.cast("int")), F.sum((~whole & column.isNull()).cast("int"))).collect()[0]
    ratio = good / count if count else 1.0
    passed = (rule.threshold or IS_ONE).test(ratio)
    value = "NULL" if nulls and not rule.threshold else f"{ratio:g}"
    return Outcome(passed, None if passed else f"Value: {value} does not meet the constraint requirement!", {metric: ratio})


# ---- Rules over another data set
def _references(rule, data, sources):
    """The share of rows whose values are among the reference's; NULL is among none."""
    names = [name.strip() for name in rule.parameters[0].split(",")]
    alias, several, single = REFERENCE.match(rule.parameters[1]).groups()
    if alias not in sources:
        return Outcome(False, f"{alias} not found in additional sources", {})
    others = [name.strip() for name in (several or single).split(",")]
    keys = sources[alias].select(*[paths.column(name).alias(f"reference_{i}") for i, name in enumerate(others)]).distinct()
    left = data.select(*[paths.column(name).alias(f"primary_{i}") for i, name in enumerate(names)])
    same = [F.col(f"primary_{i}") == F.col(f"reference_{i}") for i in range(len(names))]
    count, found = left.count(), left.join(keys, same, "left_semi").count()
    ratio = found / count if count else 1.0
    passed = (rule.condition or IS_ONE).test(ratio)
    return Outcome(passed, None if passed else f"Value: {ratio:g} does not meet the constraint requirement!",
                   {f"Column.{alias}.ReferentialIntegrity": ratio})


def _check_references(rule):
    there = rule.parameters[1:] and REFERENCE.match(rule.parameters[1])
    if len(rule.parameters) != 2 or not there or len(rule.parameters[0].split(",")) != len((there[2] or there[3]).split(",")):
        raise ValueError(f'ReferentialIntegrity wants "a,b" "alias.{{c,d}}", as many columns here as there, not {rule.text!r}')


RULES = {**{name: _measured for name in MEASURES}, **{name: _each_row for name in rows.ROW_RULES}, "ReferentialIntegrity": _references}


def _check(rule):
    """Refuses a rule before anything runs."""
    if rule.name not in RULES:
        raise NotSupported(f"the data quality rule {rule.name}", f"there are {', '.join(RULES)}")
    if rule.name in rows.ROW_RULES:
        if len(rule.parameters) != 1 or rule.condition is None:
            raise ValueError(f"the data quality rule {rule.text!r} wants one column and a condition")
        rows.ROW_RULES[rule.name](F.lit(None), rule.condition)
        return
    if rule.threshold is not None:
        raise NotSupported(f"with threshold in the data quality rule {rule.name}", "it is for ColumnValues and ColumnLength")
    if rule.name == "ReferentialIntegrity":
        return _check_references(rule)
    if rule.condition is None and MEASURES[rule.name][2] is None:
        raise NotSupported(f"the data quality rule {rule.text!r} without a condition", "write > n, between a and b or the like")
    (rule.condition or IS_ONE).test(0.0)


def _holds(rule):
    """A rule over each row, or a combination of such, as a BOOLEAN of the row; None for others."""
    if isinstance(rule, Combined):
        parts = [_holds(part) for part in rule.parts]
        if any(part is None for part in parts):
            return None
        return functools.reduce(operator.or_ if rule.operator == "or" else operator.and_, parts)
    if rule.name not in rows.ROW_RULES or rule.where or rule.threshold:
        return None
    return rows.ROW_RULES[rule.name](paths.column(rule.parameters[0]), rule.condition)


def _outcome(rule, data, sources, by_row=False):
    if isinstance(rule, Combined):
        parts = [_outcome(part, data, sources, by_row) for part in rule.parts]
        passed = any(part.passed for part in parts) if rule.operator == "or" else all(part.passed for part in parts)
        whole = _holds(rule) if by_row else None
        if whole is not None:
            passed = data.where(~whole).isEmpty()
        reasons = " ".join(part.reason for part in parts if not part.passed and part.reason)
        return Outcome(passed, None if passed else reasons, {name: value for part in parts for name, value in part.metrics.items()})
    return RULES[rule.name](rule, data.where(rule.where) if rule.where else data, sources)


class EvaluateDataQuality(GlueTransform):
    """Checks a frame against rules of DQDL."""

    def __call__(self, frame, ruleset, publishing_options=None, additional_options=None, additional_data_sources=None,
                 transformation_ctx=""):
        rules, data = parse(ruleset), frame.toDF()
        for rule in simple_rules(rules):
            _check(rule)
        sources = {alias: source.toDF() for alias, source in (additional_data_sources or {}).items()}
        by_row = (additional_options or {}).get(COMBINED_BY) == "ROW"
        found = [(rule.text, _outcome(rule, data, sources, by_row)) for rule in rules]
        outcomes = data.sparkSession.createDataFrame(
            [(text, "Passed" if one.passed else "Failed", one.reason, one.metrics) for text, one in found], OUTCOMES)
        return DynamicFrame(outcomes, frame.glue_ctx, "EvaluateDataQuality")

    def process_rows(self, frame, ruleset, publishing_options=None, additional_options=None,
                     additional_data_sources=None):
        """ruleOutcomes and originalData; outcomes by row are not computed."""
        outcomes = self(frame, ruleset, additional_options=additional_options, additional_data_sources=additional_data_sources)
        return _Outcomes({"ruleOutcomes": outcomes, "originalData": frame}, frame.glue_ctx)


class _Outcomes(DynamicFrameCollection):
    def __getitem__(self, key):
        if key == "rowLevelOutcomes":
            raise NotSupported("EvaluateDataQuality's rowLevelOutcomes", "select the rows with DataFrame conditions")
        return super().__getitem__(key)

    def select(self, key, transformation_ctx=""):
        return self[key]
