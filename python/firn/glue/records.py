"""Records as the user's Python functions see them, and what a function makes of one: a result, or an error record.

This module runs in the server's Python workers too (firn.glue.workers carries it there).
"""

import json
import traceback

from pyspark.sql.types import ArrayType, StructType


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


# What a predicate may raise for a record that lacks a field or has another type there: the record does not pass.
NOT_MATCHED = (KeyError, ValueError, TypeError)


def filter_record(record, f):
    """(whether the record passes, the error or None)."""
    try:
        return bool(f(record)), None
    except NOT_MATCHED:
        return False, None
    except AttributeError as error:
        # An absent field reads as None here, where Glue raises KeyError.
        return False, None if record._sparse else error
    except Exception as error:
        return False, error


def map_record(record, f):
    """([the result], None), or ([], error). None, or what is no record, is an error."""
    try:
        result = f(record)
        if not isinstance(result, dict):
            raise ValueError(f"{getattr(f, '__name__', 'the function')} gave {type(result).__name__}, not a record")
        return [result], None
    except Exception as error:
        return [], error


def flat_map_record(record, f):
    """(the results, None), or ([], error)."""
    try:
        return list(f(record)), None
    except Exception as error:
        return [], error


def error_row(record, error):
    """(message, traceback from the function's own frame on, the record as JSON)."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    return (f"{type(error).__name__}: {error}", "".join(traceback.format_exception(type(error), error, frames)),
            json.dumps(dict(record), default=str))
