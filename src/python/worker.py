"""firn's Python worker: runs a user's functions over Arrow batches that come in frames on descriptor 3.

A request: a JSON frame {functions: [{eval_type, arguments, names}], zone, keys, batch_rows}, one frame with the pickle
of (function, return type) for each function, then Arrow streams (one batch each) until the end frame. The answers: Arrow
streams and an end frame, or a failure.
"""

import inspect
import itertools
import json
import os
import pickle
import socket
import struct
import sys
import time
import traceback

FAILURE = 2**64 - 1
BATCHED, ARROW_BATCHED = 100, 101
PANDAS, PANDAS_ITER, ARROW, ARROW_ITER = 200, 204, 250, 251
GROUPED_PANDAS, MAP_PANDAS, MAP_ARROW, GROUPED_ARROW = 201, 205, 207, 209

channel = socket.socket(fileno=3)


def read(size):
    parts = []
    while size:
        part = channel.recv(min(size, 1 << 20))
        if not part:
            os._exit(0)  # firn is gone, or done with this worker
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def receive():
    """The next frame; None at the end of the stream."""
    (length,) = struct.unpack("<Q", read(8))
    return read(length) if length else None


def send(data):
    channel.sendall(struct.pack("<Q", len(data)))
    channel.sendall(data)


def batches():
    import pyarrow as pa
    while (frame := receive()) is not None:
        with pa.ipc.open_stream(frame) as reader:
            schema = reader.schema
            yield from itertools.islice(itertools.chain(reader, [pa.RecordBatch.from_pylist([], schema)]), 1)


def answer(table):
    """A pyarrow Table or RecordBatch as one frame."""
    import pyarrow as pa
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        if isinstance(table, pa.RecordBatch):
            writer.write_batch(table)
        else:
            writer.write_table(table.combine_chunks())
    send(sink.getvalue())


class Kinds:
    """Conversions between Spark's values in Python, pandas and Arrow."""

    def __init__(self, zone):
        import pyarrow as pa
        from pyspark.sql import types
        from pyspark.sql.pandas import types as pandas_types
        self.pa, self.types, self.pandas_types, self.zone = pa, types, pandas_types, zone
        try:
            from pyspark.sql import conversion
        except ImportError:
            from pyspark.sql.connect import conversion
        self.conversion = conversion

    def spark_type(self, arrow_type):
        return self.pandas_types.from_arrow_type(arrow_type)

    def arrow_type(self, spark_type):
        try:
            return self.pandas_types.to_arrow_type(spark_type, timezone="UTC")
        except TypeError:
            return self.pandas_types.to_arrow_type(spark_type)

    def rows(self, column):
        """Python values of an Arrow column, as Spark's UDFs get them."""
        convert = self.conversion.ArrowTableToRowsConversion._create_converter(self.spark_type(column.type))
        values = column.to_pylist()
        return values if convert is None else [convert(value) for value in values]

    def column(self, values, spark_type):
        """An Arrow column of what a UDF returned; values of another type follow Spark's rules for Python UDFs."""
        convert = self.conversion.LocalDataToArrowConversion._create_converter(spark_type, True)
        if convert is not None:
            values = [convert(value) for value in values]
        return self.pa.array(values, type=self.arrow_type(spark_type))

    def series(self, column, as_frame=True):
        """A pandas Series (of a struct: a DataFrame) of an Arrow column."""
        pa = self.pa
        if as_frame and pa.types.is_struct(column.type):
            import pandas
            children = [self.series(child, False) for child in column.flatten()]
            return pandas.concat(children, axis=1, keys=[field.name for field in column.type])
        if pa.types.is_timestamp(column.type) and column.type.tz is not None:
            return column.cast(pa.timestamp("us", "UTC")).to_pandas().dt.tz_convert(self.zone).dt.tz_localize(None)
        spark_type = self.spark_type(column.type)
        series = column.to_pandas(date_as_object=True)
        if isinstance(spark_type, (self.types.ArrayType, self.types.MapType, self.types.StructType)):
            convert = self.pandas_types._create_converter_to_pandas(
                spark_type, True, timezone=self.zone, struct_in_pandas="dict", ndarray_as_list=False)
            series = convert(series)
        return series

    def from_series(self, series, spark_type):
        import pandas
        pa = self.pa
        if isinstance(series, pandas.DataFrame) and isinstance(spark_type, self.types.StructType):
            return pa.StructArray.from_arrays(
                self.frame_columns(series, spark_type), fields=[pa.field(f.name, self.arrow_type(f.dataType)) for f in spark_type])
        arrow_type = self.arrow_type(spark_type)
        if isinstance(spark_type, self.types.TimestampType) and hasattr(series, "dt"):
            if getattr(series.dt, "tz", None) is None:
                series = series.dt.tz_localize(self.zone, ambiguous=False, nonexistent="shift_forward")
        elif isinstance(spark_type, (self.types.ArrayType, self.types.MapType, self.types.StructType)):
            return self.column(list(series), spark_type)
        elif isinstance(spark_type, self.types.StringType) and getattr(series, "dtype", None) == "object":
            series = [None if value is None or value is pandas.NA or value != value else str(value) for value in series]
            return pa.array(series, type=arrow_type)
        array = pa.Array.from_pandas(series, type=arrow_type, safe=True)
        return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array

    def frame_columns(self, frame, schema):
        """The Arrow columns of a DataFrame: by name where its columns have names, else by position."""
        if any(isinstance(name, str) for name in frame.columns):
            missing = [f.name for f in schema if f.name not in frame.columns]
            extra = [name for name in frame.columns if name not in schema.names]
            if missing or extra:
                raise ValueError("[RESULT_COLUMN_NAMES_MISMATCH] Column names of the returned pandas.DataFrame do not "
                                 f"match specified schema. Missing: {missing} Unexpected: {extra}.")
            return [self.from_series(frame[f.name], f.dataType) for f in schema]
        if len(frame.columns) != len(schema) and len(frame.columns):
            raise ValueError("[RESULT_COLUMN_SCHEMA_MISMATCH] Number of columns of the returned pandas.DataFrame doesn't match "
                             f"specified schema. Expected: {len(schema)} Actual: {len(frame.columns)}.")
        if not len(frame.columns):
            return [self.pa.array([], type=self.arrow_type(f.dataType)) for f in schema]
        return [self.from_series(frame.iloc[:, i], f.dataType) for i, f in enumerate(schema)]

    def frame(self, batch):
        import pandas
        if batch.num_columns == 0:
            return pandas.DataFrame(index=range(batch.num_rows))
        columns = [self.series(column, False) for column in batch.columns]
        frame = pandas.concat(columns, axis=1)
        frame.columns = batch.schema.names
        return frame

    def table(self, arrays, schema):
        return self.pa.Table.from_arrays(arrays, schema=self.pa.schema(
            [self.pa.field(f.name, self.arrow_type(f.dataType)) for f in schema]))


class Call:
    """One function over columns of a batch."""

    def __init__(self, kinds, row, function, result):
        self.kinds, self.function, self.result = kinds, function, result
        self.eval_type, self.arguments, self.names = row["eval_type"], row["arguments"], row["names"]

    def split(self, values):
        plain = [value for value, name in zip(values, self.names) if not name]
        return plain, {name: value for value, name in zip(values, self.names) if name}

    def columns(self, batch):
        return [batch.column(i) for i in self.arguments]

    def __call__(self, batch):
        kinds = self.kinds
        if self.eval_type in (BATCHED, ARROW_BATCHED):
            columns = [kinds.rows(column) for column in self.columns(batch)]
            rows = zip(*columns) if columns else itertools.repeat((), batch.num_rows)
            if any(self.names):
                results = []
                for row in rows:
                    plain, named = self.split(row)
                    results.append(self.function(*plain, **named))
            else:
                results = [self.function(*row) for row in rows]
            return kinds.column(results, self.result)
        if self.eval_type == PANDAS:
            plain, named = self.split([kinds.series(column) for column in self.columns(batch)])
            return self.checked(self.function(*plain, **named), batch.num_rows, "pandas.Series")
        plain, named = self.split(self.columns(batch))
        made = self.function(*plain, **named)
        made = made.combine_chunks() if isinstance(made, kinds.pa.ChunkedArray) else made
        return self.counted(made, batch.num_rows).cast(kinds.arrow_type(self.result))

    def counted(self, made, rows):
        if len(made) != rows:
            raise ValueError(f"[SCHEMA_MISMATCH_FOR_PANDAS_UDF] Result vector from {self.function.__name__} was not the "
                             f"required length: expected {rows}, got {len(made)}.")
        return made

    def checked(self, made, rows, what):
        if not hasattr(made, "__len__"):
            raise TypeError(f"[UDF_RETURN_TYPE] Return type of the user-defined function should be {what}, "
                            f"but is {type(made).__name__}.")
        return self.kinds.from_series(self.counted(made, rows), self.result)

    def over_iterator(self, batch_list):
        """Functions from an iterator of batches to an iterator of results, cut to the batches' sizes again."""
        kinds, sizes = self.kinds, []

        def inputs():
            for batch in batch_list:
                sizes.append(batch.num_rows)
                values = self.columns(batch)
                if self.eval_type == PANDAS_ITER:
                    values = [kinds.series(column) for column in values]
                yield values[0] if len(values) == 1 else tuple(values)

        waiting, done = [], 0
        for made in self.function(inputs()):
            waiting.append(kinds.from_series(made, self.result) if self.eval_type == PANDAS_ITER
                           else made.cast(kinds.arrow_type(self.result)))
            while done < len(sizes) and sum(map(len, waiting)) >= sizes[done]:
                joined = kinds.pa.concat_arrays(waiting)
                yield joined.slice(0, sizes[done])
                waiting, done = [joined.slice(sizes[done])], done + 1
        if done < len(sizes) or sum(map(len, waiting)):
            raise ValueError("[RESULT_LENGTH_MISMATCH_FOR_SCALAR_ITER_PANDAS_UDF] The length of output in Scalar iterator "
                             "pandas UDF should be the same with the input's.")


def evaluate(kinds, calls):
    names = [f"_{i}" for i in range(len(calls))]
    if len(calls) == 1 and calls[0].eval_type in (PANDAS_ITER, ARROW_ITER):
        for column in calls[0].over_iterator(batches()):
            answer(kinds.pa.RecordBatch.from_arrays([column], names=names))
        return
    for batch in batches():
        answer(kinds.pa.RecordBatch.from_arrays([call(batch) for call in calls], names=names))


def map_batches(kinds, function, schema, eval_type):
    if eval_type == MAP_ARROW:
        for made in function(batches()):
            answer(cast_to(kinds, made, schema))
        return
    for made in function(kinds.frame(batch) for batch in batches()):
        answer(kinds.table(kinds.frame_columns(made, schema), schema))


def cast_to(kinds, made, schema):
    """A pyarrow RecordBatch or Table as the declared schema: by name."""
    missing = [f.name for f in schema if f.name not in made.schema.names]
    if missing or len(made.schema.names) != len(schema):
        raise ValueError("[RESULT_COLUMN_NAMES_MISMATCH] Column names of the returned data do not match specified schema: "
                         f"expected {schema.names}, got {made.schema.names}.")
    table = kinds.pa.Table.from_batches([made]) if isinstance(made, kinds.pa.RecordBatch) else made
    return kinds.table([table.column(f.name).cast(kinds.arrow_type(f.dataType)) for f in schema], schema)


def groups(kinds, keys):
    """Tables of consecutive rows with equal keys (the first columns)."""
    pa, waiting, current = kinds.pa, [], None
    for batch in batches():
        if batch.num_rows == 0:
            continue
        columns = [column.to_pylist() for column in batch.columns[:keys]]
        rows = [repr(row) for row in zip(*columns)] if keys else [""] * batch.num_rows
        begin = 0
        for i, row in enumerate(rows):
            if row != current:
                if i > begin:
                    waiting.append(batch.slice(begin, i - begin))
                if waiting:
                    yield pa.Table.from_batches(waiting)
                waiting, begin, current = [], i, row
        waiting.append(batch.slice(begin))
    if waiting:
        yield pa.Table.from_batches(waiting)


def map_groups(kinds, function, schema, eval_type, keys):
    wants_key = len(inspect.getfullargspec(function).args) > 1
    for table in groups(kinds, keys):
        table = table.combine_chunks()
        values = kinds.pa.Table.from_arrays(table.columns[keys:], names=table.schema.names[keys:])
        if eval_type == GROUPED_ARROW:
            key = tuple(column[0] for column in table.columns[:keys])
            made = function(key, values) if wants_key else function(values)
            answer(cast_to(kinds, made, schema))
            continue
        frame = kinds.frame(values.to_batches()[0] if values.num_rows else values)
        key = tuple(kinds.series(column.combine_chunks().slice(0, 1), False).iloc[0] for column in table.columns[:keys])
        made = function(key, frame) if wants_key else function(frame)
        answer(kinds.table(kinds.frame_columns(made, schema), schema))


def serve(request):
    os.environ["TZ"] = request["zone"]
    time.tzset()
    pickles = [receive() for _ in request["functions"]]
    kinds = Kinds(request["zone"])
    loaded = [pickle.loads(data) for data in pickles]
    rows = request["functions"]
    eval_type, (function, result) = rows[0]["eval_type"], loaded[0]
    if eval_type in (MAP_PANDAS, MAP_ARROW):
        map_batches(kinds, function, result, eval_type)
    elif eval_type in (GROUPED_PANDAS, GROUPED_ARROW):
        map_groups(kinds, function, result, eval_type, request["keys"])
    else:
        evaluate(kinds, [Call(kinds, row, f, r) for row, (f, r) in zip(rows, loaded)])


def main():
    for folder in reversed([folder for folder in sys.argv[1].split(":") if folder] if len(sys.argv) > 1 else []):
        sys.path.insert(0, folder)
    while True:
        request = json.loads(receive())
        try:
            serve(request)
            channel.sendall(struct.pack("<Q", 0))
        except BaseException as error:  # whatever the user's function raises
            text = "".join(line for line in traceback.format_exception(type(error), error, error.__traceback__))
            told = json.dumps({"class": type(error).__name__, "message": f"{type(error).__name__}: {error}", "traceback": text}).encode()
            channel.sendall(struct.pack("<Q", FAILURE) + struct.pack("<Q", len(told)) + told)
            os._exit(0)  # what is left of the input cannot be told from a new request


main()
