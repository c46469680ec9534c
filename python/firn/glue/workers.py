"""The user's Python functions over records, run in the server's Python workers: mapInArrow, batch after batch.

What a function makes of records has no schema before it has run: one pass over the data finds the shape of its
results (a few hundred bytes come back), the frame that follows runs the function again when it is read, as Spark
recomputes what is not cached. Error records are a plan of their own, run when somebody asks for them.
The functions that go to the workers are carried by value: a worker needs PySpark, not this package.
"""

import inspect
import json
import sys

from firn.glue.infer import Shape
from firn.glue.records import error_row, filter_record, record_of
from pyspark.sql.types import StringType, StructField, StructType

BATCH = 10_000
# Functions and classes of these modules travel with what uses them. No function below may name a module of ours.
CARRIED = ("firn.glue.infer", "firn.glue.records", "firn.glue.types", __name__)
ERRORS = StructType([StructField(name, StringType(), True) for name in ("msg", "stackTrace", "dynamicRecord")])
SHAPE = "shape STRING"


def filtered(frame, choices, sparse, f):
    """The DataFrame with the rows that pass."""
    schema = frame.schema

    def keep(batches):
        import pyarrow as pa
        for batch in batches:
            passes = [filter_record(record, f)[0] for record in records_in(batch, schema, choices, sparse)]
            yield batch.filter(pa.array(passes, pa.bool_()))
    return map_in_arrow(frame, keep, schema)


def errors_of(frame, choices, sparse, step, f):
    """The error records of `step` (filter_record, map_record, flat_map_record), as the schema ERRORS."""
    schema = frame.schema

    def failed(batches):
        for batch in batches:
            rows = []
            for record in records_in(batch, schema, choices, sparse):
                before = record.copy()
                error = step(record, f)[1]
                if error is not None:
                    rows.append(error_row(before, error))
            yield from batches_of(rows, ERRORS)
    return map_in_arrow(frame, failed, ERRORS)


def mapped(frame, choices, sparse, step, f):
    """(DataFrame, its choices) of the results of `step` (map_record, flat_map_record)."""
    schema = frame.schema

    def results(batches):
        for batch in batches:
            for record in records_in(batch, schema, choices, sparse):
                yield from step(record, f)[0]
    return shaped(frame, results, schema)


def mapped_partitions(frame, choices, sparse, f):
    """(DataFrame, its choices) of f(index, iterator of all records)."""
    schema = frame.schema

    def results(batches):
        for result in f(0, (record for batch in batches for record in records_in(batch, schema, choices, sparse))):
            if not isinstance(result, dict):
                raise ValueError(f"the function gave {type(result).__name__}, not a record")
            yield result
    return shaped(frame, results, schema)


def parsed(lines):
    """(DataFrame, its choices) of a DataFrame of one column with JSON texts; what is no JSON object is left out."""
    def results(batches):
        for batch in batches:
            for text in batch.column(0).to_pylist():
                yield from objects_in(text)
    return shaped(lines, results, None)


def shape_of_texts(lines):
    """The Shape of a DataFrame of one column with JSON texts, objects or not."""
    def values(batches):
        for batch in batches:
            for text in batch.column(0).to_pylist():
                try:
                    yield json.loads(text)
                except (TypeError, ValueError):
                    continue
    return _shape(lines, values, None)


def shaped(frame, results, hint):
    """(DataFrame, its choices) of the records that `results` makes of all batches. `hint`: the schema before."""
    shape = _shape(frame, results, hint)
    if not shape.fields and hint is not None:
        return frame.sparkSession.createDataFrame([], hint), frozenset()
    schema = StructType([StructField(name, one.data_type(), True) for name, one in shape.fields.items()])
    if not schema.fields:
        return frame.sparkSession.createDataFrame([], StructType([])), frozenset()

    def fit(batches):
        rows = []
        for record in results(batches):
            rows.append(shape.fit(record))
            if len(rows) == BATCH:
                yield from batches_of(rows, schema)
                rows = []
        yield from batches_of(rows, schema)
    return map_in_arrow(frame, fit, schema), frozenset(shape.choices())


def _shape(frame, results, hint):
    def find(batches):
        shape = Shape()
        for value in results(batches):
            shape.add(value, hint)
        yield from batches_of([(json.dumps(shape.state()),)], StructType([StructField("shape", StringType(), True)]))
    shape = Shape()
    for row in map_in_arrow(frame, find, SHAPE).collect():
        shape.merge(json.loads(row[0]))
    return shape


def map_in_arrow(frame, function, schema):
    from pyspark import cloudpickle
    for name in CARRIED:
        cloudpickle.register_pickle_by_value(sys.modules[name])
    return frame.mapInArrow(function, schema)


# ---- in the workers

def records_in(batch, schema, choices, sparse):
    import pyarrow as pa
    try:
        from pyspark.sql.conversion import ArrowTableToRowsConversion
    except ImportError:
        from pyspark.sql.connect.conversion import ArrowTableToRowsConversion
    for row in ArrowTableToRowsConversion.convert(pa.Table.from_batches([batch]), schema):
        yield record_of(row, schema, choices, sparse)


def batches_of(rows, schema):
    if not rows:
        return []
    try:
        from pyspark.sql.conversion import LocalDataToArrowConversion
    except ImportError:
        from pyspark.sql.connect.conversion import LocalDataToArrowConversion
    convert = LocalDataToArrowConversion.convert
    options = [False] if len(inspect.signature(convert).parameters) > 2 else []
    return convert(rows, schema, *options).combine_chunks().to_batches()


def objects_in(text):
    try:
        found = json.loads(text) if text and text.strip() else []
    except ValueError:
        return []
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]
