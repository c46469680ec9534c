"""firn's Python worker: runs a user's functions over Arrow batches that come in frames on descriptor 3.

A request: a JSON frame {functions: [{eval_type, name, arguments, names, …}], zone, settings, keys, …}, one frame with
the pickle of each function, then Arrow streams (one batch each) until the end frame. The answers: Arrow streams and an
end frame, or a failure. worker_groups.py has what works on groups, windows and tables; both are one program.
"""

import datetime
import decimal
import importlib
import itertools
import json
import os
import pickle
import socket
import struct
import sys
import traceback

FAILURE = 2**64 - 1
FOREACH = 0
PICKLED, ARROW_BATCHED = 100, 101
PANDAS, PANDAS_ITER, ARROW, ARROW_ITER = 200, 204, 250, 251
MAP_PANDAS, MAP_ARROW = 205, 207

channel = socket.socket(fileno=3)


def read(size):
    data = bytearray(size)
    view, got = memoryview(data), 0
    while got < size:
        part = channel.recv_into(view[got:])
        if not part:
            os._exit(0)  # firn is gone, or done with this worker
        got += part
    return data


def receive():
    """The next frame; None at the end of the stream."""
    (length,) = struct.unpack("<Q", read(8))
    return read(length) if length else None


def send(data):
    """A frame, with one call where the socket takes it whole."""
    parts = [memoryview(struct.pack("<Q", len(data))), memoryview(data).cast("B")]
    while parts:
        sent = channel.sendmsg(parts)
        while parts and sent >= len(parts[0]):
            sent -= len(parts.pop(0))
        if sent:
            parts[0] = parts[0][sent:]


def failed(condition, text):
    """PySpark's own error, as its worker raises it."""
    from pyspark import errors
    kind = errors.PySparkTypeError if condition == "UDF_RETURN_TYPE" else errors.PySparkRuntimeError
    return kind(f"[{condition}] {text}")


def batches():
    import pyarrow as pa
    while (frame := receive()) is not None:
        with pa.ipc.open_stream(pa.py_buffer(frame)) as reader:
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


def pickled_value(types, spark_type):
    """What Spark keeps of a value that a pickled function (no Arrow) returned: those of another type become None."""
    def only(*python_types):
        return lambda value: value if type(value) in python_types else None

    def integer(bits):
        half, whole = 1 << (bits - 1), 1 << bits
        return lambda value: (value + half) % whole - half if type(value) is int else None

    def text(value):
        return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)

    def binary(value):
        return value.encode() if isinstance(value, str) else bytes(value) if isinstance(value, (bytes, bytearray)) else None

    if isinstance(spark_type, types.BooleanType):
        return only(bool)
    for kind, bits in ((types.ByteType, 8), (types.ShortType, 16), (types.IntegerType, 32), (types.LongType, 64)):
        if isinstance(spark_type, kind):
            return integer(bits)
    if isinstance(spark_type, (types.FloatType, types.DoubleType)):
        return only(float)
    if isinstance(spark_type, types.DecimalType):
        return lambda value: value if isinstance(value, decimal.Decimal) else None
    if isinstance(spark_type, types.StringType):
        return text
    if isinstance(spark_type, types.BinaryType):
        return binary
    if isinstance(spark_type, types.ArrayType):
        element = pickled_value(types, spark_type.elementType)
        return lambda value: [element(item) for item in value] if isinstance(value, (list, tuple)) else None
    if isinstance(spark_type, types.MapType):
        key, item = pickled_value(types, spark_type.keyType), pickled_value(types, spark_type.valueType)
        return lambda value: {key(k): item(v) for k, v in value.items()} if isinstance(value, dict) else None
    if isinstance(spark_type, types.StructType):
        return pickled_struct(types, spark_type)
    if isinstance(spark_type, (types.DateType, types.TimestampType, types.TimestampNTZType, types.DayTimeIntervalType)):
        def moment(value):
            spark_type.toInternal(value)  # raises what Spark's worker raises
            return value
        return moment
    return lambda value: value


def pickled_struct(types, spark_type):
    names, fields = spark_type.names, [pickled_value(types, field.dataType) for field in spark_type]

    def convert(value):
        if value is None:
            return None
        if isinstance(value, dict):
            value = [value.get(name) for name in names]
        elif not isinstance(value, (list, tuple)):
            value = [getattr(value, name, None) for name in names]
        if len(value) != len(names):
            raise ValueError("Input row doesn't have expected number of values required by the schema. "
                             f"{len(names)} fields are required while {len(value)} values are provided.")
        return tuple(field(item) for field, item in zip(fields, value))
    return convert


class Kinds:
    """Conversions between Spark's values in Python, pandas and Arrow."""

    def __init__(self, zone, settings):
        import pyarrow as pa
        from pyspark.sql import types
        from pyspark.sql.pandas import types as pandas_types
        self.pa, self.types, self.pandas_types, self.zone, self.settings = pa, types, pandas_types, zone, settings
        self.by_name = settings.get(
            "spark.sql.legacy.execution.pandas.groupedMap.assignColumnsByName", "true").lower() == "true"
        try:
            from pyspark.sql import conversion
        except ImportError:
            from pyspark.sql.connect import conversion
        self.conversion = conversion
        # Types whose values need no look at each where all are of this one.
        self.exact = {types.BooleanType: bool, types.StringType: str, types.FloatType: float, types.DoubleType: float,
                      types.ByteType: int, types.ShortType: int, types.IntegerType: int, types.LongType: int}
        self.known = {}
        import pandas
        self.to_pandas = {"coerce_temporal_nanoseconds": True} if int(pandas.__version__.split(".")[0]) >= 2 else {}

    def spark_type(self, arrow_type):
        return self.pandas_types.from_arrow_type(arrow_type)

    def arrow_type(self, spark_type):
        key = ("arrow", id(spark_type))
        if key not in self.known:
            try:
                made = self.pandas_types.to_arrow_type(spark_type, timezone="UTC")
            except TypeError:
                made = self.pandas_types.to_arrow_type(spark_type)
            self.known[key] = made, spark_type  # kept, so that its id stays its own
        return self.known[key][0]

    def converter(self, of, *arguments):
        try:
            return of._create_converter(*arguments, none_on_identity=True)
        except TypeError:
            return of._create_converter(*arguments)

    def rows(self, column):
        """Python values of an Arrow column, as Spark's UDFs get them."""
        pa, kind = self.pa, column.type
        if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_string(kind):
            return column.to_pandas(integer_object_nulls=True).tolist()
        if pa.types.is_floating(kind) and column.null_count == 0:
            return column.to_numpy(zero_copy_only=False).tolist()
        key = ("rows", kind)
        if key not in self.known:
            self.known[key] = self.converter(self.conversion.ArrowTableToRowsConversion, self.spark_type(kind))
        convert, values = self.known[key], column.to_pylist()
        return values if convert is None else [convert(value) for value in values]

    def all_exact(self, values, spark_type):
        wanted = self.exact.get(type(spark_type))
        return wanted is not None and set(map(type, values)) <= {wanted, type(None)}

    def column(self, values, spark_type, pickled=False):
        """An Arrow column of what a UDF returned; values of another type follow Spark's rules for Python UDFs."""
        pa, arrow_type = self.pa, self.arrow_type(spark_type)
        if self.all_exact(values, spark_type):
            try:
                return pa.array(values, type=arrow_type)
            except pa.lib.ArrowException:  # too large: what follows knows what Spark makes of it
                pass
        if pickled:
            key = ("pickled", id(spark_type))
            if key not in self.known:
                self.known[key] = pickled_value(self.types, spark_type)
            values = [self.known[key](value) for value in values]
        key = ("column", id(spark_type))
        if key not in self.known:
            self.known[key] = self.converter(self.conversion.LocalDataToArrowConversion, spark_type, True)
        convert = self.known[key]
        if convert is not None:
            values = [convert(value) for value in values]
        try:
            return pa.array(values, type=arrow_type)
        except pa.lib.ArrowException as error:
            if isinstance(error, TypeError) and not pickled:
                raise  # Spark casts values that do not fit, not those of another type: no integer is made of True
            return pa.array(values).cast(arrow_type)

    def series(self, column, as_frame=True):
        """A pandas Series (of a struct: a DataFrame) of an Arrow column."""
        pa = self.pa
        if as_frame and pa.types.is_struct(column.type):
            import pandas
            children = [self.series(child, False) for child in column.flatten()]
            return pandas.concat(children, axis=1, keys=[field.name for field in column.type])
        if pa.types.is_timestamp(column.type) and column.type.tz is not None:
            series = column.cast(pa.timestamp("us", "UTC")).to_pandas(**self.to_pandas)
            return series.dt.tz_convert(self.zone).dt.tz_localize(None)
        series = column.to_pandas(date_as_object=True, **self.to_pandas)
        if pa.types.is_nested(column.type):
            key = ("series", column.type)
            if key not in self.known:
                self.known[key] = self.pandas_types._create_converter_to_pandas(
                    self.spark_type(column.type), True, timezone=self.zone, struct_in_pandas="dict",
                    ndarray_as_list=False)
            series = self.known[key](series)
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
            return self.column([None if value is None else list(value) if hasattr(value, "dtype") else value
                                for value in series], spark_type)
        elif isinstance(spark_type, self.types.StringType) and getattr(series, "dtype", None) == "object":
            values = series.tolist()
            if not self.all_exact(values, spark_type):
                values = [None if value is None or value is pandas.NA or value != value else str(value) for value in values]
            return pa.array(values, type=arrow_type)
        try:
            array = pa.Array.from_pandas(series, type=arrow_type, safe=True)
        except pa.lib.ArrowException:
            array = pa.Array.from_pandas(series).cast(arrow_type)
        return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array

    def frame_columns(self, frame, schema):
        """The Arrow columns of a DataFrame: by name where its columns have names, else by position."""
        import pandas
        if not isinstance(frame, pandas.DataFrame):
            raise failed("UDF_RETURN_TYPE", "Return type of the user-defined function should be pandas.DataFrame, "
                            f"but is {type(frame).__name__}.")
        if self.by_name and any(isinstance(name, str) for name in frame.columns):
            missing = sorted(f.name for f in schema if f.name not in frame.columns)
            extra = sorted(name for name in frame.columns if name not in schema.names)
            if missing or extra:
                raise failed("RESULT_COLUMN_NAMES_MISMATCH", "Column names of the returned data do not match specified schema."
                                 + (f" Missing: {', '.join(missing)}." if missing else "")
                                 + (f" Unexpected: {', '.join(extra)}." if extra else ""))
            return [self.from_series(frame[f.name], f.dataType) for f in schema]
        if len(frame.columns) != len(schema) and len(frame.columns):
            raise failed("RESULT_COLUMN_SCHEMA_MISMATCH", "Number of columns of the returned data doesn't match "
                             f"specified schema. Expected: {len(schema)} Actual: {len(frame.columns)}")
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

    def arrow(self, made, spark_type):
        """What a function over Arrow returned, as the declared type."""
        if isinstance(made, self.pa.ChunkedArray):
            made = made.combine_chunks()
        arrow_type = self.arrow_type(spark_type)
        return made if made.type == arrow_type else made.cast(arrow_type)


class Call:
    """One function over columns of a batch, with those that take its results in turn."""

    def __init__(self, kinds, row, function, result):
        self.kinds, self.function, self.result, self.name = kinds, function, result, row["name"]
        self.eval_type, self.arguments, self.names = row["eval_type"], row["arguments"], row["names"]
        self.frame = row.get("frame")
        self.then, self.composed = [], function

    def chain(self, row, function, result):
        """The result, as it is, goes into one more function."""
        name = row["names"][0]
        last, before = (lambda value: function(**{name: value})) if name else function, self.composed
        self.then.append(last)
        self.composed = lambda *values: last(before(*values))
        self.result = result

    def split(self, values):
        plain = [value for value, name in zip(values, self.names) if not name]
        return plain, {name: value for value, name in zip(values, self.names) if name}

    def columns(self, batch):
        return [batch.column(i) for i in self.arguments]

    def called(self, values):
        plain, named = self.split(values)
        made = self.function(*plain, **named)
        for function in self.then:
            made = function(made)
        return made

    def over_rows(self, batch):
        columns = [self.kinds.rows(column) for column in self.columns(batch)]
        if any(self.names):
            results = [self.called(row) for row in zip(*columns)]
        elif columns:
            results = list(map(self.composed, *columns))
        else:
            function = self.composed
            results = [function() for _ in range(batch.num_rows)]
        return self.kinds.column(results, self.result, self.eval_type == PICKLED)

    def __call__(self, batch):
        kinds = self.kinds
        if self.eval_type in (PICKLED, ARROW_BATCHED):
            try:
                return self.over_rows(batch)
            except StopIteration as error:
                raise RuntimeError("Caught StopIteration thrown from user's code; failing the task") from error
        if self.eval_type == PANDAS:
            made = self.called([kinds.series(column) for column in self.columns(batch)])
            return kinds.from_series(self.counted(made, batch.num_rows, "pandas_udf", "pandas.Series"), self.result)
        made = self.called(self.columns(batch))
        return kinds.arrow(self.counted(made, batch.num_rows, "arrow_udf", "pyarrow.Array"), self.result)

    def counted(self, made, rows, kind, what):
        if not hasattr(made, "__len__"):
            what = "pandas.DataFrame" if isinstance(self.result, self.kinds.types.StructType) and kind == "pandas_udf" else what
            raise failed("UDF_RETURN_TYPE", f"Return type of the user-defined function should be {what}, "
                            f"but is {type(made).__name__}.")
        if len(made) != rows:
            raise failed("SCHEMA_MISMATCH_FOR_PANDAS_UDF", f"Result vector from {kind} was not the "
                             f"required length: expected {rows}, got {len(made)}.")
        return made

    def over_iterator(self, batch_list):
        """Functions from an iterator of batches to an iterator of results."""
        kinds, given, taken = self.kinds, 0, 0

        def inputs():
            nonlocal given
            for batch in batch_list:
                given += batch.num_rows
                values = self.columns(batch)
                if self.eval_type == PANDAS_ITER:
                    values = [kinds.series(column) for column in values]
                yield values[0] if len(values) == 1 else tuple(values)

        source = inputs()
        made_list = self.function(source)
        if not hasattr(made_list, "__iter__"):
            raise failed("UDF_RETURN_TYPE", "Return type of the user-defined function should be iterator of "
                            f"pandas.Series, but is {type(made_list).__name__}.")
        for made in made_list:
            taken += len(made)
            if taken > given:
                raise failed("OUTPUT_EXCEEDS_INPUT_ROWS", "The number of output rows must not exceed the number of input rows.")
            yield kinds.from_series(made, self.result) if self.eval_type == PANDAS_ITER else kinds.arrow(made, self.result)
        for _ in source:
            raise failed("INPUT_NOT_FULLY_CONSUMED", "The input iterator must be fully consumed.")
        if taken != given:
            raise failed("RESULT_ROWS_MISMATCH", f"The number of output rows ({taken}) must match the number of input rows ({given}).")


def evaluate(kinds, calls):
    names = [f"_{i}" for i in range(len(calls))]
    if len(calls) == 1 and calls[0].eval_type in (PANDAS_ITER, ARROW_ITER):
        for column in calls[0].over_iterator(batches()):
            if len(column):
                answer(kinds.pa.RecordBatch.from_arrays([column], names=names))
        return
    for batch in batches():
        answer(kinds.pa.RecordBatch.from_arrays([call(batch) for call in calls], names=names))


def map_batches(kinds, function, schema, eval_type):
    what = "pandas.DataFrame" if eval_type == MAP_PANDAS else "pyarrow.RecordBatch"
    made_list = function(batches() if eval_type == MAP_ARROW else (kinds.frame(batch) for batch in batches()))
    if not hasattr(made_list, "__iter__"):
        raise failed("UDF_RETURN_TYPE", f"Return type of the user-defined function should be iterator of {what}, "
                        f"but is {type(made_list).__name__}.")
    for made in made_list:
        if eval_type == MAP_ARROW:
            answer(first_columns(kinds, made, schema))
        else:
            answer(kinds.table(kinds.frame_columns(made, schema), schema))


def first_columns(kinds, made, schema):
    """A pyarrow RecordBatch as the declared schema: by place; columns beyond it are left out, as Spark does."""
    if not isinstance(made, kinds.pa.RecordBatch):
        raise failed("UDF_RETURN_TYPE", "Return type of the user-defined function should be iterator of "
                        f"pyarrow.RecordBatch, but is iterator of {type(made).__name__}.")
    if made.num_columns < len(schema):
        raise failed("RESULT_COLUMN_SCHEMA_MISMATCH", "Result columns do not match specified schema: expected "
                         f"{schema.names}, got {made.schema.names}.")
    return kinds.table([made.column(i).cast(kinds.arrow_type(f.dataType)) for i, f in enumerate(schema)], schema)


def cast_to(kinds, made, schema):
    """A pyarrow RecordBatch or Table as the declared schema: by name."""
    if not isinstance(made, (kinds.pa.RecordBatch, kinds.pa.Table)):
        raise failed("UDF_RETURN_TYPE", "Return type of the user-defined function should be pyarrow.Table, "
                        f"but is {type(made).__name__}.")
    table = kinds.pa.Table.from_batches([made]) if isinstance(made, kinds.pa.RecordBatch) else made
    if not table.num_columns and not table.num_rows:
        return kinds.table([kinds.pa.array([], type=kinds.arrow_type(f.dataType)) for f in schema], schema)
    if kinds.by_name:
        missing = sorted(f.name for f in schema if f.name not in table.schema.names)
        extra = sorted(name for name in table.schema.names if name not in schema.names)
        if missing or extra:
            raise failed("RESULT_COLUMN_NAMES_MISMATCH", "Column names of the returned data do not match specified schema."
                             + (f" Missing: {', '.join(missing)}." if missing else "")
                             + (f" Unexpected: {', '.join(extra)}." if extra else ""))
    columns = [(f, table.column(f.name if kinds.by_name else i)) for i, f in enumerate(schema)]
    wrong = [f"column '{f.name}' (expected {kinds.arrow_type(f.dataType)}, actual {column.type})"
             for f, column in columns if not same_kind(kinds.pa, column.type, kinds.arrow_type(f.dataType))]
    if wrong:
        raise failed("RESULT_COLUMN_TYPES_MISMATCH", "Column types of the returned data do not match specified schema. "
                        f"Mismatch: {', '.join(wrong)}.")
    return kinds.table([column.cast(kinds.arrow_type(f.dataType)) for f, column in columns], schema)


def same_kind(pa, given, wanted):
    """Equal but for names and nullability of children, time zones and widths of offsets."""
    if given == wanted or (pa.types.is_timestamp(given) and pa.types.is_timestamp(wanted)):
        return True
    variable = (pa.types.is_large_string, pa.types.is_string), (pa.types.is_large_binary, pa.types.is_binary)
    if any(large(given) and small(wanted) for large, small in variable):
        return True
    return pa.types.is_nested(given) and given.id == wanted.id


def surround(request):
    """The process as the session wants it."""
    importlib.invalidate_caches()
    root = request.get("settings", {}).get("files")
    if root:
        try:
            from pyspark.core.files import SparkFiles
        except ImportError:
            try:
                from pyspark import SparkFiles
            except ImportError:
                return
        SparkFiles._root_directory, SparkFiles._is_running_on_worker = root, True


def serve(request):
    surround(request)
    if "analyze" in request:
        return analyze(request)
    rows = request["functions"]
    pickles = [receive() for _ in rows]
    kinds = Kinds(request["zone"], request["settings"])
    eval_type = rows[0]["eval_type"]
    if eval_type in TABLE_FUNCTIONS:
        said = pickle.loads(receive()) if request["analyzed"] else None
        return TableFunction(kinds, request, pickle.loads(pickles[0]), said).run()
    loaded = [pickle.loads(data) for data in pickles]
    if eval_type == FOREACH:
        return for_each(kinds, loaded[0][0], request["settings"])
    if eval_type in (MAP_PANDAS, MAP_ARROW):
        return map_batches(kinds, *loaded[0], eval_type)
    if eval_type in GROUPED:
        return map_groups(kinds, *loaded[0], eval_type, request["keys"])
    if eval_type in COGROUPED:
        return map_cogroups(kinds, *loaded[0], eval_type, request["keys"], request["left"])
    calls = []
    for row, (function, result) in zip(rows, loaded):
        if row.get("chained"):
            calls[-1].chain(row, function, result)
        else:
            calls.append(Call(kinds, row, function, result))
    if eval_type in AGGREGATES:
        return over_windows(kinds, calls, request["keys"]) if request.get("window") else aggregate(kinds, calls, request["keys"])
    return evaluate(kinds, calls)


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
