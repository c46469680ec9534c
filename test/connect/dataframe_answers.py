"""Answers of rows in a form that JSON keeps: schema and rows of a DataFrame, or a Python value, or an error's condition."""

import datetime
import decimal
import json
import math
import pathlib

GOLDEN = pathlib.Path(__file__).parent / "golden" / "dataframes.json"


def plain(value):
    """A value as JSON has it; what JSON lacks is tagged text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        return float(f"{value:.12g}") if not math.isinf(value) else str(value)
    if isinstance(value, decimal.Decimal):
        return f"decimal {value}"
    if isinstance(value, datetime.datetime):
        return f"timestamp {value.isoformat()}"
    if isinstance(value, datetime.date):
        return f"date {value.isoformat()}"
    if isinstance(value, datetime.timedelta):
        return f"interval {value}"
    if isinstance(value, (bytes, bytearray)):
        return f"bytes {bytes(value).hex()}"
    if isinstance(value, dict):
        return {"map": sorted(([plain(k), plain(v)] for k, v in value.items()), key=json.dumps)}
    if hasattr(value, "__fields__"):
        return {name: plain(value[name]) for name in value.__fields__}
    if isinstance(value, (list, tuple)) or hasattr(value, "tolist"):
        return [plain(item) for item in (value.tolist() if hasattr(value, "tolist") else value)]
    return str(value)


def condition_of(error):
    for name in ("getCondition", "getErrorClass"):
        if hasattr(error, name) and getattr(error, name)():
            return getattr(error, name)()
    return type(error).__name__


def answer(function, session, ordered):
    try:
        made = function(session)
        if hasattr(made, "schema") and hasattr(made, "collect"):
            rows = [[plain(value) for value in row] for row in made.collect()]
            if not ordered:
                rows.sort(key=lambda row: json.dumps(row, sort_keys=True))
            return {"schema": made.schema.simpleString(), "rows": rows}
        return {"value": plain(made)}
    except Exception as error:  # noqa: BLE001 - any error is an answer
        return {"error": condition_of(error)}
