"""A schema for Python values, with choices where records disagree, and the rows that fit it.

A choice is a struct with one nullable field a type (named int, string, …) of which one is set: what toDF() shows.
"""

import datetime
import decimal

from pyspark.sql import types as T

from firn.glue.types import glue_name

INT_MAX = 2**31 - 1


def type_of(value, hint=None):
    """The Spark type of a Python value; `hint`: the type it had before, kept where it still fits."""
    if value is None:
        return T.NullType()
    if isinstance(value, bool):
        return T.BooleanType()
    if isinstance(value, int):
        if isinstance(hint, (T.ByteType, T.ShortType, T.IntegerType, T.LongType)):
            return hint
        return T.IntegerType() if -INT_MAX - 1 <= value <= INT_MAX else T.LongType()
    if isinstance(value, float):
        return hint if isinstance(hint, T.FloatType) else T.DoubleType()
    if isinstance(value, str):
        return T.StringType()
    if isinstance(value, (bytes, bytearray)):
        return T.BinaryType()
    if isinstance(value, decimal.Decimal):
        if isinstance(hint, T.DecimalType):
            return hint
        return T.DecimalType(38, max(0, min(38, -value.as_tuple().exponent)))
    if isinstance(value, datetime.datetime):
        return hint if isinstance(hint, T.TimestampNTZType) else T.TimestampType()
    if isinstance(value, datetime.date):
        return T.DateType()
    if isinstance(value, dict):
        fields = {field.name: field.dataType for field in hint.fields} if isinstance(hint, T.StructType) else {}
        if isinstance(hint, T.MapType):
            return hint
        return T.StructType([T.StructField(str(name), type_of(one, fields.get(name)), True)
                             for name, one in dict.items(value)])
    if isinstance(value, (list, tuple, set)):
        element = T.NullType()
        shape = Shape()
        for one in value:
            shape.add(one, hint.elementType if isinstance(hint, T.ArrayType) else None)
        element = shape.data_type() if shape.kinds else element
        return T.ArrayType(element, True)
    raise TypeError(f"a record holds a {type(value).__name__}, which is no type of a DynamicFrame")


class Shape:
    """What was seen at one place of the records: kinds by Glue's name, fields of structs, elements of arrays."""

    def __init__(self):
        self.kinds = {}    # glue name → Spark type of atoms
        self.fields = {}   # of structs: name → Shape
        self.element = None  # of arrays: Shape

    def add(self, value, hint=None):
        if value is None:
            return
        if isinstance(value, dict) and not isinstance(hint, T.MapType):
            self.kinds["struct"] = None
            hints = {field.name: field.dataType for field in hint.fields} if isinstance(hint, T.StructType) else {}
            for name, one in dict.items(value):
                name = str(name)
                if name not in self.fields:
                    self.fields[name] = Shape()
                self.fields[name].add(one, hints.get(name))
            return
        if isinstance(value, (list, tuple, set)):
            self.kinds["array"] = None
            self.element = self.element or Shape()
            for one in value:
                self.element.add(one, hint.elementType if isinstance(hint, T.ArrayType) else None)
            return
        kind = type_of(value, hint)
        name = glue_name(kind)
        held = self.kinds.get(name)
        self.kinds[name] = _wider(held, kind) if held is not None else kind

    def state(self):
        """As values of JSON: what merge() takes."""
        return {"kinds": {name: kind and kind.jsonValue() for name, kind in self.kinds.items()},
                "fields": {name: shape.state() for name, shape in self.fields.items()},
                "element": self.element and self.element.state()}

    def merge(self, state):
        """Adds what another shape has seen."""
        for name, text in state["kinds"].items():
            kind = text and spark_type_of_json(text)
            held = self.kinds.get(name)
            self.kinds[name] = _wider(held, kind) if held is not None else kind
        for name, below in state["fields"].items():
            if name not in self.fields:
                self.fields[name] = Shape()
            self.fields[name].merge(below)
        if state["element"] is not None:
            self.element = self.element or Shape()
            self.element.merge(state["element"])

    def names(self):
        """The kinds that remain; int beside long is long."""
        found = list(self.kinds)
        if "long" in found and "int" in found:
            found.remove("int")
        return found

    def is_choice(self):
        return len(self.names()) > 1

    def _kind(self, name):
        if name == "struct":
            return T.StructType([T.StructField(field, shape.data_type(), True)
                                 for field, shape in self.fields.items()])
        if name == "array":
            return T.ArrayType(self.element.data_type(), True)
        return self.kinds[name]

    def data_type(self):
        names = self.names()
        if not names:
            return T.StringType()  # only nulls: a type that every sink takes
        if len(names) == 1:
            return self._kind(names[0])
        return T.StructType([T.StructField(name, self._kind(name), True) for name in names])

    def choices(self, path=()):
        """Paths of the choices below."""
        if self.is_choice():
            yield path
            inner = [(name, (*path, name)) for name in self.names()]
        else:
            inner = [(name, path) for name in self.names()]
        for name, at in inner:
            if name == "struct":
                for field, shape in self.fields.items():
                    yield from shape.choices((*at, field))
            elif name == "array":
                yield from self.element.choices((*at, "[]"))

    def fit(self, value):
        """The value as createDataFrame takes it for data_type()."""
        if value is None:
            return None
        name = ("struct" if isinstance(value, dict) and "struct" in self.kinds
                else "array" if isinstance(value, (list, tuple, set)) else glue_name(type_of(value)))
        if name == "struct":
            fitted = tuple(shape.fit(dict.get(value, field)) for field, shape in self.fields.items())
        elif name == "array":
            fitted = [self.element.fit(one) for one in value]
        elif isinstance(value, dict):
            name, fitted = "map", dict(value)
        else:
            fitted = value
        names = self.names()
        if len(names) < 2:
            return fitted
        if name not in names:
            name = next(one for one in ("long", "double", "timestamp", *names) if one in names)
        return tuple(fitted if one == name else None for one in names)


def spark_type_of_json(value):
    """A type from DataType.jsonValue()."""
    return T.StructType.fromJson({"type": "struct", "fields": [
        {"name": "v", "type": value, "nullable": True, "metadata": {}}]}).fields[0].dataType


def _wider(left, right):
    if isinstance(left, T.DecimalType) and isinstance(right, T.DecimalType):
        scale = max(left.scale, right.scale)
        return T.DecimalType(min(38, max(left.precision - left.scale, right.precision - right.scale) + scale), scale)
    return left


def frame_of(session, records, hint=None):
    """Records (dicts) → (DataFrame, its choices as paths)."""
    shape = Shape()
    shape.kinds["struct"] = None
    for field in hint.fields if hint is not None and not records else ():
        shape.fields[field.name] = Shape()
    for record in records:
        shape.add(record, hint)
    if not records and hint is not None:
        return session.createDataFrame([], hint), frozenset()
    schema = T.StructType([T.StructField(name, one.data_type(), True) for name, one in shape.fields.items()])
    if not schema.fields:
        return session.createDataFrame([], T.StructType([])), frozenset()
    return session.createDataFrame([shape.fit(record) for record in records], schema), frozenset(shape.choices())


def to_row(record, schema, choices, path=()):
    """A record that records.record_of made, as a tuple for the schema it came from."""
    return tuple(_to_value(dict.get(record, field.name), field.dataType, choices, (*path, field.name))
                 for field in schema.fields)


def _to_value(value, kind, choices, path):
    if value is None:
        return None
    if isinstance(kind, T.StructType):
        if path in choices:
            name = "struct" if isinstance(value, dict) else glue_name(type_of(value))
            names = [field.name for field in kind.fields]
            if name not in names:
                name = "long" if name == "int" else names[0]
            return tuple(_to_value(value, field.dataType, choices, (*path, field.name)) if field.name == name else None
                         for field in kind.fields)
        return to_row(value, kind, choices, path)
    if isinstance(kind, T.ArrayType):
        return [_to_value(one, kind.elementType, choices, (*path, "[]")) for one in value]
    return value
