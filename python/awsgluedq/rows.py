"""Conditions of DQDL on a column's values: a BOOLEAN that is never NULL. NULL fails, except where != or not in allow it."""

from awsgluedq.dqdl import COMPARISONS, Keyword, Moment
from firn.errors import NotSupported
from pyspark.sql import functions as F

OPERATORS = {
    ">": lambda column, value: column > value, ">=": lambda column, value: column >= value,
    "<": lambda column, value: column < value, "<=": lambda column, value: column <= value,
    "=": lambda column, value: column == value, "!=": lambda column, value: column != value,
}
KEYWORDS = {
    "NULL": lambda column: column.isNull(),
    "EMPTY": lambda column: column == "",
    "WHITESPACES_ONLY": lambda column: (F.length(F.trim(column)) == 0) & (F.length(column) > 0),
}


def _operand(column, value):
    """(the column, the value) as they are compared: days with days."""
    if isinstance(value, Moment):
        now = F.current_timestamp() - F.expr(f"INTERVAL '{value.number:g}' {value.unit.rstrip('s').upper()}")
        return (F.to_date(column), F.to_date(now)) if value.unit == "days" else (column.cast("timestamp"), now)
    return column, F.lit(value)


def _is(column, value):
    """Never NULL."""
    found = KEYWORDS[value.name](column) if isinstance(value, Keyword) else OPERATORS["="](*_operand(column, value))
    return F.coalesce(found, F.lit(False))


def _is_one_of(column, condition):
    found = F.lit(False)
    for value in condition.values:
        found = found | _is(column, value)
    return ~found if condition.negated or condition.operator == "!=" else found


def of_values(column, condition):
    """ColumnValues"""
    operator, values = condition.operator, condition.values
    if operator in ("=", "!=", "in"):
        return _is_one_of(column, condition)
    if any(isinstance(value, Keyword) for value in values):
        raise NotSupported(f"{operator} {values[0].name} in the data quality rule ColumnValues", "write =, != or in")
    if operator in COMPARISONS:
        found = OPERATORS[operator](*_operand(column, values[0]))
    elif operator == "between":
        low, high = (_operand(column, value) for value in values)
        found = (low[0] > low[1]) & (high[0] < high[1])
    else:
        found = column.cast("string").rlike(f"^(?:{values[0]})$")
    return F.coalesce(~found if condition.negated else found, F.lit(False))


def of_lengths(column, condition):
    """ColumnLength: NULL is as long as the empty text."""
    if condition.operator == "matches" or not all(isinstance(value, float) for value in condition.values):
        raise NotSupported(f"{condition.operator} {condition.values} in the data quality rule ColumnLength", "compare with numbers")
    return of_values(F.length(F.coalesce(column.cast("string"), F.lit(""))), condition)


ROW_RULES = {"ColumnValues": of_values, "ColumnLength": of_lengths}
