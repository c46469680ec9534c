"""Records as the user's Python functions see them, and the one place where such functions run.

`run` fetches the frame's rows, runs the function here and makes a frame of the results: exact types, choices and
error records. It refuses more rows than firn.glue.records (2,000,000 by default); a filter over more than that runs
in the engine's Python workers where the server has them.
"""

import os
import traceback

from pyspark.sql.types import ArrayType, StructType

LIMIT = int(os.environ.get("FIRN_GLUE_RECORDS", "2000000"))


class DynamicRecord(dict):
    """A record: record["a"], record.a, "a" in record. A field that is null in a source whose records may lack fields
    (JSON) counts as absent for `in`, and reads as None."""
    __slots__ = ("_sparse",)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name, value):
        if name == "_sparse":
            object.__setattr__(self, name, value)
        else:
            self[name] = value

    def __contains__(self, name):
        return dict.__contains__(self, name) and not (getattr(self, "_sparse", False) and self[name] is None)

    def __reduce__(self):
        return (dict, (dict(self),))

    def __copy__(self):
        return self._like(dict(self))

    copy = __copy__

    def __deepcopy__(self, memo):
        import copy
        return self._like({name: copy.deepcopy(value, memo) for name, value in self.items()})

    def _like(self, values):
        record = DynamicRecord(values)
        object.__setattr__(record, "_sparse", getattr(self, "_sparse", False))
        return record


def record_of(row, schema, choices, sparse, path=()):
    """A Row as a DynamicRecord; a choice is the one value that is set."""
    record = DynamicRecord()
    object.__setattr__(record, "_sparse", sparse)
    for position, field in enumerate(schema.fields):
        dict.__setitem__(record, field.name, _value(row[position], field.dataType, choices, sparse,
                                                    (*path, field.name)))
    return record


def _value(value, kind, choices, sparse, path):
    if value is None:
        return None
    if isinstance(kind, StructType):
        if path in choices:
            for position, field in enumerate(kind.fields):
                if value[position] is not None:
                    return _value(value[position], field.dataType, choices, sparse, (*path, field.name))
            return None
        return record_of(value, kind, choices, sparse, path)
    if isinstance(kind, ArrayType):
        return [_value(one, kind.elementType, choices, sparse, (*path, "[]")) for one in value]
    return value


class ErrorRecord:
    """A record on which the user's function failed."""

    def __init__(self, record, error, function):
        self.record = dict(record)
        self.message = f"{type(error).__name__}: {error}"
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
            frames = frames.tb_next
        self.stack = "".join(traceback.format_exception(type(error), error, frames))
        self.function = getattr(function, "__name__", "")


class TooManyRecords(RuntimeError):
    pass


def records_of(frame, choices, sparse):
    """All records of a DataFrame."""
    schema = frame.schema
    rows = frame.limit(LIMIT + 1).collect() if LIMIT else frame.collect()
    if LIMIT and len(rows) > LIMIT:
        raise TooManyRecords(
            f"a Python function of a DynamicFrame would run over more than {LIMIT:,} records in this process: use the "
            "DataFrame functions (frame.toDF()), or raise the bound with FIRN_GLUE_RECORDS")
    return [record_of(row, schema, choices, sparse) for row in rows]


# What a predicate may raise for a record that lacks a field or has another type there: the record does not pass.
NOT_MATCHED = (KeyError, ValueError, TypeError)


def run_filter(records, f):
    """(records that pass, error records)."""
    kept, errors = [], []
    for record in records:
        try:
            if f(record):
                kept.append(record)
        except NOT_MATCHED:
            continue
        except Exception as error:
            # An absent field reads as None here, where Glue raises KeyError.
            if not (isinstance(error, AttributeError) and record._sparse):
                errors.append(ErrorRecord(record, error, f))
    return kept, errors


def run_map(records, f):
    """(results, error records). None, or what is no record, is an error."""
    results, errors = [], []
    for record in records:
        before = record.copy()
        try:
            result = f(record)
            if not isinstance(result, dict):
                raise ValueError(f"{getattr(f, '__name__', 'the function')} gave {type(result).__name__}, not a record")
            results.append(result)
        except Exception as error:
            errors.append(ErrorRecord(before, error, f))
    return results, errors
