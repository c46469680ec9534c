"""unnest and relationalize: nested columns as flat ones, arrays as tables of their own."""

from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, MapType, StructType
from pyspark.sql.window import Window

from firn.glue import paths


def flat_columns(expression, kind, name, choices=frozenset(), path=()):
    """[(dotted name, expression, type)] of a column and the structs in it."""
    if isinstance(kind, StructType) and path not in choices:
        for field in kind.fields:
            yield from flat_columns(paths.child(expression, field.name), field.dataType, f"{name}.{field.name}",
                                    choices, (*path, field.name))
    else:
        yield name, expression, kind


def unnest(frame, choices=frozenset()):
    """(DataFrame with dotted names, choices at their new names)."""
    columns, kept = [], set()
    for field in frame.schema.fields:
        for name, expression, kind in flat_columns(paths.column(field.name), field.dataType, field.name, choices,
                                                   (field.name,)):
            columns.append(expression.alias(name))
            if isinstance(kind, StructType):  # a choice stays one
                kept.add((name,))
    return frame.select(*columns), frozenset(kept)


def relationalize(frame, root):
    """{table name: DataFrame}: the root, and a table (id, index, column.val…) for each array, at any depth.

    In the place of an array stands a key: the `id` of its rows. Keys are numbers of the rows in an order given by
    their content, so that root and tables agree however often each is computed.
    """
    tables = {}
    _add_table(tables, frame, root, root)
    return tables


def _add_table(tables, frame, name, prefix):
    flat = []
    arrays = []
    for field in frame.schema.fields:
        for called, expression, kind in flat_columns(paths.column(field.name), field.dataType, field.name):
            flat.append((called, expression, kind))
            if isinstance(kind, (ArrayType, MapType)):
                arrays.append(called)
    plain = frame.select(*[expression.alias(called) for called, expression, _ in flat])
    if not arrays:
        tables[name] = plain
        return
    key = "\x01key"
    content = F.to_json(F.struct(*[paths.column(called) for called, _, _ in flat]))
    keyed = plain.withColumn(key, F.row_number().over(Window.partitionBy(F.lit(0)).orderBy(content)).cast("bigint"))
    tables[name] = keyed.select(*[
        F.when(paths.column(called).isNotNull(), paths.column(key)).alias(called) if called in arrays
        else paths.column(called) for called, _, _ in flat])
    for called, _, kind in flat:
        if called not in arrays:
            continue
        if isinstance(kind, MapType):
            value = F.map_entries(paths.column(called))
        else:
            value = paths.column(called)
        exploded = keyed.select(paths.column(key).alias("id"), F.posexplode(value).alias("index", f"{called}.val"))
        _add_table(tables, exploded, f"{prefix}_{called}", f"{prefix}_{called}")
