"""The user's Python functions over records, run in the server's Python workers: mapInArrow, batch after batch.

What a function makes of records has no schema before it has run: one pass runs it, finds the shape of its results (a
few hundred bytes come back) and leaves results and error records with the server, until nobody refers to them. What
is read then are those. A filter changes no schema: it runs when it is read; its error records are a plan of their own.
The functions that go to the workers are carried by value: a worker needs PySpark, not this package.
"""

import inspect
import json
import pickle
import sys

from firn.glue.infer import Shape
from firn.glue.records import error_row, filter_record, record_of
from pyspark.sql.types import BinaryType, StringType, StructField, StructType

BATCH = 10_000
# Functions and classes of these modules travel with what uses them. No function below may name a module of ours.
CARRIED = ("firn.glue.infer", "firn.glue.records", "firn.glue.types", __name__)
ERRORS = StructType([StructField(name, StringType(), True) for name in ("msg", "stackTrace", "dynamicRecord")])
SHAPE = "shape STRING"
# Of one pass: blobs with many records each, a shape a worker, error records.
KEPT = StructType([StructField("records", BinaryType(), True), StructField("shape", StringType(), True), *ERRORS.fields])
BLOB = 1_000  # records


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
    """The error records of `step` (filter_record), as the schema ERRORS."""
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


class Results:
    """What a function makes of all records: `run(batches)` yields records and error rows. It runs once, when the frame or
    the errors are first asked for."""

    def __init__(self, frame, run):
        self._frame, self._run, self._kept = frame, run, None

    def _rows(self):
        if self._kept is None:
            self._kept = map_in_arrow(self._frame, keeper(self._run, self._frame.schema), KEPT).localCheckpoint()
        return self._kept

    def frame(self):
        """(DataFrame, its choices)."""
        shape = Shape()
        for row in self._rows().where("shape IS NOT NULL").select("shape").collect():
            shape.merge(json.loads(row[0]))
        records = self._rows().where("records IS NOT NULL").select("records")
        return fitted(records, pickled_in, shape, self._frame.schema)

    def errors(self):
        """A DataFrame with the schema ERRORS."""
        return self._rows().where("msg IS NOT NULL").select(*ERRORS.names)


def mapped(frame, choices, sparse, step, f):
    """Results of `step` (map_record, flat_map_record) with f."""
    schema = frame.schema

    def run(batches):
        for batch in batches:
            for record in records_in(batch, schema, choices, sparse):
                before = record.copy()
                results, error = step(record, f)
                for result in results:
                    yield result, None
                if error is not None:
                    yield None, error_row(before, error)
    return Results(frame, run)


def mapped_partitions(frame, choices, sparse, f):
    """Results of f(index, iterator of all records)."""
    schema = frame.schema

    def run(batches):
        for result in f(0, (record for batch in batches for record in records_in(batch, schema, choices, sparse))):
            if not isinstance(result, dict):
                raise ValueError(f"the function gave {type(result).__name__}, not a record")
            yield result, None
    return Results(frame, run)


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
    return fitted(frame, results, _shape(frame, results, hint), hint)


def fitted(frame, results, shape, hint):
    """The same where the shape is known."""
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

def keeper(run, hint):
    """The pass of Results: batches with the schema KEPT."""
    def keep(batches):
        shape, records, rows = Shape(), [], []

        def blob():
            rows.append((pickle.dumps(records, pickle.HIGHEST_PROTOCOL), None, None, None, None))
            records.clear()
        for record, error in run(batches):
            if error is None:
                shape.add(record, hint)
                records.append(record)
            else:
                rows.append((None, None, *error))
            if len(records) == BLOB:
                blob()
            if len(rows) >= BLOB or (rows and not records):
                yield from batches_of(rows, KEPT)
                rows = []
        if records:
            blob()
        yield from batches_of([*rows, (None, json.dumps(shape.state()), None, None, None)], KEPT)
    return keep


def pickled_in(batches):
    """The records of blobs."""
    for batch in batches:
        for blob in batch.column(0):
            yield from pickle.loads(blob.as_py())


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
