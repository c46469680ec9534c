"""Paths as Glue writes them (a.b, `dotted.name`.c, list[].x) and edits of columns at a path."""

from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StructType

DROP = object()


def parse(path):
    """"a.`b.c`.list[].x" → ("a", "b.c", "list", "[]", "x")."""
    steps, word, quoted = [], "", False
    for character in path:
        if character == "`":
            quoted = not quoted
        elif character == "." and not quoted:
            steps.append(word)
            word = ""
        else:
            word += character
    steps.append(word)
    if quoted or not all(steps):
        raise ValueError(f"{path!r} is no path: write a.b, or `a.b` for a name with a dot")
    result = []
    for step in steps:
        name = step
        brackets = 0
        while name.endswith("[]"):
            name, brackets = name[:-2], brackets + 1
        result += [name, *["[]"] * brackets]
    return tuple(result)


def quote(name):
    return "`" + name.replace("`", "``") + "`"


def column(name):
    """A top-level column by its exact name, dots and all."""
    return F.col(quote(name))


def child(expression, name):
    return expression.getField(name)


def resolve(schema, path, case_sensitive=False):
    """The path with the schema's own spelling; None where there is no such field. A name that has dots itself wins."""
    names = {field.name: field for field in schema.fields}
    lowered = {} if case_sensitive else {field.name.lower(): field for field in reversed(schema.fields)}

    def field_of(word):
        return names.get(word) or lowered.get(word if case_sensitive else word.lower())

    for length in range(len(path), 0, -1):  # "a.b" may be a column of that name (unnest makes them)
        if "[]" in path[:length]:
            continue
        field = field_of(".".join(path[:length]))
        if field is None:
            continue
        rest, kind, found = path[length:], field.dataType, (field.name,)
        while rest and rest[0] == "[]" and isinstance(kind, ArrayType):
            kind, rest, found = kind.elementType, rest[1:], (*found, "[]")
        if not rest:
            return found
        if isinstance(kind, StructType):
            below = resolve(kind, rest, case_sensitive)
            if below is not None:
                return (*found, *below)
    return None


def type_at(schema, path):
    """The type at a resolved path."""
    kind = schema
    for step in path:
        kind = kind.elementType if step == "[]" else kind[step].dataType
    return kind


def expression_at(path):
    """The column at a resolved path without array steps."""
    result = column(path[0])
    for step in path[1:]:
        result = child(result, step)
    return result


def edited(expression, kind, edits):
    """`expression` of type `kind` with edits: {path below it: function(expression, type) → expression or DROP}."""
    if () in edits:
        return edits[()](expression, kind)
    if isinstance(kind, ArrayType):
        below = {path[1:]: edit for path, edit in edits.items() if path[0] == "[]"}
        return F.transform(expression, lambda element: edited(element, kind.elementType, below))
    fields = []
    for field in kind.fields:
        below = {path[1:]: edit for path, edit in edits.items() if path[0] == field.name}
        value = child(expression, field.name)
        value = edited(value, field.dataType, below) if below else value
        fields += _named(field.name, value)
    if not fields:
        return DROP
    return F.when(expression.isNotNull(), F.struct(*fields))


def _named(name, value):
    """An edit's result as columns: nothing, one, or several (a list of (name, expression))."""
    if value is DROP:
        return []
    if isinstance(value, list):
        return [each.alias(called) for called, each in value]
    return [value.alias(name)]


def edit_frame(frame, edits):
    """The DataFrame with edits at paths from its root."""
    columns = []
    for field in frame.schema.fields:
        below = {path[1:]: edit for path, edit in edits.items() if path[0] == field.name}
        value = column(field.name)
        columns += _named(field.name, edited(value, field.dataType, below)) if below else [value]
    return frame.select(*columns)


def try_cast(expression, data_type):
    """A cast that gives null for what cannot be cast, whatever the session's ANSI mode."""
    if hasattr(expression, "try_cast"):
        return expression.try_cast(data_type)
    return expression.cast(data_type)
