"""Functions over groups of rows, windows and pairs of groups, table functions, foreach. Part of worker.py's program:
what it uses and does not import stands there."""

import inspect

GROUPED_PANDAS, GROUPED_AGG_PANDAS, GROUPED_ARROW, GROUPED_AGG_ARROW = 201, 202, 209, 252
GROUPED_ARROW_ITER, GROUPED_PANDAS_ITER = 215, 216
COGROUPED_PANDAS, COGROUPED_ARROW = 206, 210
TABLE, ARROW_BATCHED_TABLE, ARROW_TABLE = 300, 301, 302

GROUPED = (GROUPED_PANDAS, GROUPED_ARROW, GROUPED_ARROW_ITER, GROUPED_PANDAS_ITER)
COGROUPED = (COGROUPED_PANDAS, COGROUPED_ARROW)
AGGREGATES = (GROUPED_AGG_PANDAS, GROUPED_AGG_ARROW)
TABLE_FUNCTIONS = (TABLE, ARROW_BATCHED_TABLE, ARROW_TABLE)

ANSWER_ROWS = 10000


def borders(pa, batch, keys):
    """Where rows of the batch differ from the row before, and the last row's key."""
    import numpy
    count, changes = batch.num_rows, numpy.zeros(max(batch.num_rows - 1, 0), dtype=bool)
    last = []
    for column in batch.columns[:keys]:
        last.append(repr(column[count - 1].as_py()))
        if pa.types.is_floating(column.type):
            column = pa.compute.add(column, pa.scalar(0.0, column.type))  # -0.0 and 0.0 are one key
            last[-1] = repr(column[count - 1].as_py())
        try:
            codes = column.dictionary_encode(null_encoding="encode").indices.to_numpy(zero_copy_only=False)
        except (pa.lib.ArrowException, NotImplementedError):
            texts = [repr(value) for value in column.to_pylist()]
            known = {}
            codes = numpy.array([known.setdefault(text, len(known)) for text in texts])
        changes |= codes[1:] != codes[:-1]
    return (numpy.flatnonzero(changes) + 1).tolist(), tuple(last)


def first_key(pa, batch, keys):
    texts = []
    for column in batch.columns[:keys]:
        column = column.slice(0, 1)
        if pa.types.is_floating(column.type):
            column = pa.compute.add(column, pa.scalar(0.0, column.type))
        texts.append(repr(column[0].as_py()))
    return tuple(texts)


def pieces(kinds, keys, source=None):
    """(whether a new group begins, a batch of rows of one group) for rows with equal keys that stand together."""
    import pyarrow.compute  # noqa: F401 (pa.compute)
    pa, current = kinds.pa, None
    for batch in source if source is not None else batches():
        if batch.num_rows == 0:
            continue
        if not keys:
            yield current is None, batch
            current = ()
            continue
        cuts, last = borders(pa, batch, keys)
        fresh = first_key(pa, batch, keys) != current
        for begin, end in zip([0, *cuts], [*cuts, batch.num_rows]):
            yield fresh, batch.slice(begin, end - begin)
            fresh = True
        current = last


def groups(kinds, keys):
    """Tables of consecutive rows with equal keys (the first columns)."""
    waiting = []
    for fresh, batch in pieces(kinds, keys):
        if fresh and waiting:
            yield kinds.pa.Table.from_batches(waiting)
            waiting = []
        waiting.append(batch)
    if waiting:
        yield kinds.pa.Table.from_batches(waiting)


def parts_of_groups(kinds, keys):
    """For each group its first batch, and an iterator over all of its batches."""
    number = itertools.count()

    def numbered():
        group = next(number)
        for fresh, batch in pieces(kinds, keys):
            group = next(number) if fresh else group
            yield group, batch

    for _, part in itertools.groupby(numbered(), key=lambda pair: pair[0]):
        following = (batch for _, batch in part)
        first = next(following)
        yield first, itertools.chain([first], following)


def wants(function, count):
    """Whether the function takes the key beside its `count` tables."""
    return len(inspect.getfullargspec(function).args) > count


def key_of(kinds, batch, keys, arrow):
    if arrow:
        return tuple(column[0] for column in batch.columns[:keys])
    return tuple(kinds.series(column.slice(0, 1), False).iloc[0] for column in batch.columns[:keys])


class Answers:
    """Tables of few rows leave together."""

    def __init__(self, kinds):
        self.kinds, self.waiting, self.rows = kinds, [], 0

    def add(self, table):
        self.waiting.append(table)
        self.rows += table.num_rows
        if self.rows >= ANSWER_ROWS or len(self.waiting) >= 200:
            self.flush()

    def flush(self):
        if self.waiting:
            answer(self.kinds.pa.concat_tables(self.waiting))
        self.waiting, self.rows = [], 0


def map_groups(kinds, function, schema, eval_type, keys):
    pa, out = kinds.pa, Answers(kinds)
    arrow = eval_type in (GROUPED_ARROW, GROUPED_ARROW_ITER)
    wants_key = wants(function, 1)

    def add(made):
        out.add(cast_to(kinds, made, schema) if arrow else kinds.table(kinds.frame_columns(made, schema), schema))

    def values(batch):
        return pa.RecordBatch.from_arrays(batch.columns[keys:], names=batch.schema.names[keys:]) \
            if batch.num_columns > keys else batch.select([])

    if eval_type in (GROUPED_ARROW_ITER, GROUPED_PANDAS_ITER):
        for first, parts in parts_of_groups(kinds, keys):
            given = (values(part) if arrow else kinds.frame(values(part)) for part in parts)
            made_list = function(key_of(kinds, first, keys, arrow), given) if wants_key else function(given)
            for made in made_list:
                add(made)
        return out.flush()
    for table in groups(kinds, keys):
        batch = table.combine_chunks().to_batches()[0]
        given = table.select(list(range(keys, table.num_columns))) if arrow else kinds.frame(values(batch))
        add(function(key_of(kinds, batch, keys, arrow), given) if wants_key else function(given))
    out.flush()


def map_cogroups(kinds, function, schema, eval_type, keys, left_count):
    """Groups of both sides: after the keys stands the side, then the left one's columns, then the right one's."""
    pa, out, arrow = kinds.pa, Answers(kinds), eval_type == COGROUPED_ARROW
    wants_key = wants(function, 2)
    for table in groups(kinds, keys):
        batch = table.combine_chunks().to_batches()[0]
        on_left = batch.num_rows - sum(batch.column(keys).to_pylist())  # the left side's rows stand first
        begin, middle = keys + 1, keys + 1 + left_count
        sides = []
        for rows, first, last in ((batch.slice(0, on_left), begin, middle), (batch.slice(on_left), middle, batch.num_columns)):
            side = rows.select(list(range(first, last)))
            sides.append(pa.Table.from_batches([side]) if arrow else kinds.frame(side))
        key = (key_of(kinds, batch, keys, arrow),) if wants_key else ()
        made = function(*key, *sides)
        out.add(cast_to(kinds, made, schema) if arrow else kinds.table(kinds.frame_columns(made, schema), schema))
    out.flush()


# ---- aggregates


def scalar_column(kinds, call, values):
    """The results of an aggregate as a column."""
    if call.eval_type == GROUPED_AGG_ARROW:
        values = [value.as_py() if isinstance(value, kinds.pa.Scalar) else value for value in values]
        made = kinds.pa.array(values)
        arrow_type = kinds.arrow_type(call.result)
        return made if made.type == arrow_type else made.cast(arrow_type)
    import pandas
    return kinds.from_series(pandas.Series(values, dtype=object if None in values else None), call.result)


def inputs_of(kinds, call, batch):
    columns = call.columns(batch)
    return columns if call.eval_type == GROUPED_AGG_ARROW else [kinds.series(column) for column in columns]


def aggregate(kinds, calls, keys):
    """One row for each group: its key, then what each function says of it."""
    pa, heads, results = kinds.pa, [], [[] for _ in calls]
    names = [f"_{i}" for i in range(keys + len(calls))]

    def flush():
        columns = pa.Table.from_batches(heads).combine_chunks().to_batches()[0].columns if keys else []
        columns += [scalar_column(kinds, call, values) for call, values in zip(calls, results)]
        answer(pa.RecordBatch.from_arrays(columns, names=names))

    for table in groups(kinds, keys):
        batch = table.combine_chunks().to_batches()[0]
        heads.append(batch.slice(0, 1).select(list(range(keys))))
        for call, values in zip(calls, results):
            values.append(call.called(inputs_of(kinds, call, batch)))
        if len(heads) >= ANSWER_ROWS:
            flush()
            heads, results = [], [[] for _ in calls]
    if heads:
        flush()


def frame_of(call, batch):
    """The first and the end row of each row's frame, None where it is the whole partition."""
    import numpy
    kind, rows = call.frame["kind"], batch.num_rows
    if kind == "partition":
        return None
    if kind == "range":
        end, size = (batch.column(i).to_numpy() for i in call.arguments[-2:])
        return end - size, end
    at = numpy.arange(rows)
    start, end = call.frame["start"], call.frame["end"]
    begin = numpy.zeros(rows, dtype=int) if start is None else numpy.clip(at + start, 0, rows)
    stop = numpy.full(rows, rows) if end is None else numpy.clip(at + end + 1, 0, rows)
    return begin, numpy.maximum(begin, stop)


def window_column(kinds, call, batch):
    frame = frame_of(call, batch)
    values = inputs_of(kinds, call, batch)
    if frame is None:
        made = scalar_column(kinds, call, [call.called(values)])
        return kinds.pa.chunked_array([made]).take(kinds.pa.array([0] * batch.num_rows)).combine_chunks()
    if call.frame["kind"] == "range":
        values = values[:-2]
    names, call.names = call.names, call.names[:len(values)]
    arrow, results = call.eval_type == GROUPED_AGG_ARROW, []
    for begin, end in zip(frame[0].tolist(), frame[1].tolist()):
        cut = [value.slice(begin, end - begin) if arrow else value.iloc[begin:end] for value in values]
        results.append(call.called(cut))
    call.names = names
    return scalar_column(kinds, call, results)


def over_windows(kinds, calls, keys):
    names = [f"_{i}" for i in range(len(calls))]
    for table in groups(kinds, keys):
        batch = table.combine_chunks().to_batches()[0]
        answer(kinds.pa.RecordBatch.from_arrays([window_column(kinds, call, batch) for call in calls], names=names))


# ---- table functions


class TableFunction:
    """eval() for each row, terminate() after the last of a partition; columns that are kept stand beside each row made."""

    def __init__(self, kinds, request, handler, said):
        row = request["functions"][0]
        self.kinds, self.keys, self.kept, self.handler = kinds, request["keys"], request["kept"], handler
        self.eval_type, self.arguments, self.names = row["eval_type"], row["arguments"], row["names"]
        self.name = row["name"]
        self.schema = kinds.types.StructType.fromJson(row["schema"])
        self.row_argument, self.row_names = request.get("row_argument"), request["row_names"]
        self.outer = request["settings"].get("outer") == "true"
        self.said = said
        self.out = Answers(kinds)
        try:
            from pyspark.sql.udtf import SkipRestOfInputTableException
            self.skip = SkipRestOfInputTableException
        except ImportError:
            self.skip = StopAsyncIteration  # nothing raises it

    def make(self):
        try:
            with_analysis = self.said is not None and len(inspect.signature(self.handler).parameters) > 0
            made = self.handler(self.said) if with_analysis else self.handler()
        except Exception as error:
            raise failed("UDTF_EXEC_ERROR", f"User defined table function encountered an error in the '__init__' "
                             f"method: {error}") from error
        if not hasattr(made, "eval"):
            raise RuntimeError("Failed to execute the user defined table function because it has not implemented the "
                               "'eval' method. Please add the 'eval' method and try the query again.")
        plain, named = self.bound([None] * (len(self.arguments) - max(len(self.row_names) - 1, 0)))
        try:
            inspect.signature(made.eval).bind(*plain, **named)
        except TypeError as error:
            raise failed(
                "UDTF_EVAL_METHOD_ARGUMENTS_DO_NOT_MATCH_SIGNATURE",
                f"Failed to evaluate the user-defined table function '{self.name}' because the function arguments did "
                f"not match the expected signature of the 'eval' method ({error}). Please update the query so that this "
                "table function call provides arguments matching the expected signature, or else update the table "
                "function so that its 'eval' method accepts the provided arguments, and then try the query again.") from None
        return made

    def bound(self, values):
        """Values of the call's arguments as positional and named ones."""
        names = list(self.names)
        if self.row_argument is not None:
            names[self.row_argument:self.row_argument + len(self.row_names)] = [self.names[self.row_argument]]
        plain = [value for value, name in zip(values, names) if not name]
        return plain, {name: value for value, name in zip(values, names) if name}

    def rows(self, batch):
        """The arguments of each row."""
        columns = [self.kinds.rows(batch.column(i)) for i in self.arguments]
        if self.row_argument is not None:
            first, last = self.row_argument, self.row_argument + len(self.row_names)
            fresh = self.kinds.types._create_row
            columns[first:last] = [[fresh(self.row_names, values) for values in zip(*columns[first:last])]]
        return zip(*columns) if columns else itertools.repeat((), batch.num_rows)

    def run(self):
        made, skipping, last = None, False, None
        for fresh, batch in pieces(self.kinds, self.keys):
            if fresh:
                if made is not None:
                    self.finish(made, last)
                made, skipping = self.make(), False
            if not skipping:
                skipping = self.evaluate(made, batch)
            last = batch.slice(batch.num_rows - 1)
        if made is not None:
            self.finish(made, last)
        self.out.flush()

    def evaluate(self, made, batch):
        """True where eval() wants no more rows of this partition."""
        try:
            if self.eval_type == ARROW_TABLE:
                self.add_tables(self.called("eval", made.eval, *self.bound(self.tables(batch))))
                return False
            results, sources = [], []
            for i, values in enumerate(self.rows(batch)):
                found = self.checked(self.called("eval", made.eval, *self.bound(values)), "eval")
                if not found and self.outer:
                    found = [(None,) * len(self.schema)]
                results += found
                sources += [i] * len(found)
                if len(results) >= ANSWER_ROWS:
                    self.add(results, batch, sources)
                    results, sources = [], []
        except self.skip:
            if self.eval_type != ARROW_TABLE:
                self.add(results, batch, sources)
            return True
        self.add(results, batch, sources)
        return False

    def finish(self, made, last):
        try:
            if hasattr(made, "terminate"):
                found = self.called("terminate", made.terminate, (), {})
                if self.eval_type == ARROW_TABLE:
                    self.add_tables(found)
                else:
                    found = self.checked(found, "terminate")
                    self.add(found, last, [0] * len(found))
        finally:
            if hasattr(made, "cleanup"):
                made.cleanup()

    def called(self, method, function, plain, named):
        try:
            made = function(*plain, **named)
            if made is None:
                return []
            if not hasattr(made, "__iter__"):
                raise failed("UDTF_RETURN_NOT_ITERABLE", f"The return value of the '{method}' method of the UDTF is "
                                 f"invalid. It should be an iterable (e.g., generator or list), but got "
                                 f"'{type(made).__name__}'. Please make sure that the UDTF returns one of these types.")
            return list(made)
        except self.skip:
            raise
        except Exception as error:
            if str(error).startswith("[UDTF_"):
                raise
            raise failed("UDTF_EXEC_ERROR", f"User defined table function encountered an error in the '{method}' "
                             f"method: {error}") from error

    def checked(self, results, method):
        size, rows = len(self.schema), []
        for row in results:
            if row is not None and not isinstance(row, (tuple, list, dict)) and not hasattr(row, "__dict__"):
                if self.eval_type == ARROW_BATCHED_TABLE and size == 1:
                    row = (row,)
                else:
                    raise failed(
                        "UDTF_INVALID_OUTPUT_ROW_TYPE", f"The type of an individual output row in the '{method}' method of "
                        f"the UDTF is invalid. Each row should be a tuple, list, or dict, but got '{type(row).__name__}'. "
                        "Please make sure that the output rows are of the correct type.")
            if row is not None and hasattr(row, "__len__") and len(row) != size:
                raise failed(
                    "UDTF_RETURN_SCHEMA_MISMATCH", "The number of columns in the result does not match the specified schema. "
                    f"Expected column count: {size}, Actual column count: {len(row)}. Please make sure the values returned "
                    "by the function have the same number of columns as specified in the output schema.")
            row = (None,) * size if row is None else row
            values = [row.get(name) for name in self.schema.names] if isinstance(row, dict) else \
                list(row) if isinstance(row, (tuple, list)) else [getattr(row, name, None) for name in self.schema.names]
            for i, (value, field) in enumerate(zip(values, self.schema)):
                if value is None and not field.nullable:
                    raise failed(
                        "UDTF_EXEC_ERROR", "User defined table function encountered an error in the 'eval' or 'terminate' "
                        f"method: Column {i} within a returned row had a value of None, either directly or within "
                        "array/struct/map subfields, but the corresponding column type was declared as non-nullable; please "
                        "update the UDTF to return a non-None value at this location or otherwise declare the column type "
                        "as nullable.")
            rows.append(values)
        return rows

    def add(self, results, batch, sources):
        if not results:
            return
        pa = self.kinds.pa
        kept = batch.select(list(range(self.keys, self.keys + self.kept))).take(pa.array(sources)) if self.kept else None
        columns = list(kept.columns) if kept is not None else []
        fields = [pa.field(f"_{i}", column.type) for i, column in enumerate(columns)]
        for i, field in enumerate(self.schema):
            columns.append(self.kinds.column([row[i] for row in results], field.dataType, self.eval_type == TABLE))
            fields.append(pa.field(field.name, columns[-1].type))
        self.out.add(pa.Table.from_arrays(columns, schema=pa.schema(fields)))

    # ---- those over Arrow

    def tables(self, batch):
        pa, values = self.kinds.pa, []
        for at, i in enumerate(self.arguments):
            first = self.row_argument
            if first is not None and first <= at < first + len(self.row_names):
                if at == first:
                    values.append(pa.RecordBatch.from_arrays(
                        [batch.column(j) for j in self.arguments[first:first + len(self.row_names)]], names=self.row_names))
            else:
                values.append(batch.column(i))
        return values

    def add_tables(self, found):
        pa = self.kinds.pa
        for made in found:
            if not isinstance(made, (pa.Table, pa.RecordBatch)):
                raise failed("UDTF_ARROW_TYPE_CONVERSION_ERROR", "Cannot convert the output value of the input to the "
                                 "specified output type of the target column. The function must yield pyarrow.Table or "
                                 f"pyarrow.RecordBatch, but it gave {type(made).__name__}.")
            if made.num_columns != len(self.schema):
                raise failed(
                    "UDTF_RETURN_SCHEMA_MISMATCH", "The number of columns in the result does not match the specified schema. "
                    f"Expected column count: {len(self.schema)}, Actual column count: {made.num_columns}. Please make sure the "
                    "values returned by the function have the same number of columns as specified in the output schema.")
            table = made if isinstance(made, pa.Table) else pa.Table.from_batches([made])
            by_name = set(table.schema.names) == set(self.schema.names)
            self.out.add(self.kinds.table(
                [table.column(f.name if by_name else i).cast(self.kinds.arrow_type(f.dataType))
                 for i, f in enumerate(self.schema)], self.schema))


def analyze(request):
    """The static method analyze() of a table function: what a call with these arguments gives."""
    from pyspark.sql import types
    from pyspark.sql.udtf import AnalyzeArgument, AnalyzeResult
    handler = pickle.loads(receive())
    prefix = f"Failed to evaluate the user-defined table function '{request['analyze']}'"
    plain, named = [], {}
    for row in request["arguments"]:
        data_type = types._parse_datatype_json_value(row["type"])
        value = row.get("value")
        if isinstance(data_type, types.DecimalType) and value is not None:
            value = decimal.Decimal(value)
        elif isinstance(data_type, (types.FloatType, types.DoubleType)) and value is not None:
            value = float(value)
        elif isinstance(data_type, types.BinaryType) and value is not None:
            value = bytes.fromhex(value)
        elif value is not None and data_type.needConversion():
            value = data_type.fromInternal(value)
        argument = AnalyzeArgument(dataType=data_type, value=value, isTable=row["table"],
                                   isConstantExpression=row["constant"])
        if row["name"]:
            named[row["name"]] = argument
        else:
            plain.append(argument)
    if not isinstance(inspect.getattr_static(handler, "analyze", None), staticmethod):
        raise RuntimeError("Failed to execute the user defined table function because it has not implemented the 'analyze' "
                           "static method or specified a fixed return type during registration time. Please add the "
                           "'analyze' static method or specify the return type, and try the query again.")
    try:
        inspect.signature(handler.analyze).bind(*plain, **named)
    except TypeError as error:
        raise ValueError(
            f"{prefix} because the function arguments did not match the expected signature of the static 'analyze' method "
            f"({error}). Please update the query so that this table function call provides arguments matching the expected "
            "signature, or else update the table function so that its static 'analyze' method accepts the provided "
            "arguments, and then try the query again.") from None
    result = handler.analyze(*plain, **named)
    if not isinstance(result, AnalyzeResult):
        raise ValueError(f"{prefix} because the static 'analyze' method expects a result of type "
                         f"pyspark.sql.udtf.AnalyzeResult, but instead this method returned a value of type: {type(result)}")
    if not isinstance(result.schema, types.StructType):
        raise ValueError(f"{prefix} because the static 'analyze' method expects a result of type "
                         "pyspark.sql.udtf.AnalyzeResult with a 'schema' field comprising a StructType, but the 'schema' "
                         f"field had the wrong type: {type(result.schema)}")
    has_table = any(argument.isTable for argument in [*plain, *named.values()])
    for wanted, name in ((result.withSinglePartition, "'withSinglePartition' field set to 'true'"),
                         (len(result.partitionBy) > 0, "'partitionBy' list set to non-empty")):
        if wanted and not has_table:
            raise ValueError(f"{prefix} because the static 'analyze' method returned an 'AnalyzeResult' object with the "
                             f"{name}, but the function call did not provide any table argument.")
    send(json.dumps({
        "schema": result.schema.jsonValue(),
        "single_partition": bool(result.withSinglePartition),
        "partition_by": [column.name for column in result.partitionBy],
        "order_by": [[column.name, bool(column.ascending), column.overrideNullsFirst] for column in result.orderBy],
        "select": [[column.name, column.alias] for column in result.select],
    }).encode())
    send(pickle.dumps(result))


# ---- foreach


def for_each(kinds, function, settings):
    """writeStream.foreach: the client has made one function over an iterator of rows of the user's."""
    try:
        from pyspark.taskcontext import TaskContext
        context = TaskContext._getOrCreate()
        context._partitionId, context._attemptNumber, context._taskAttemptId, context._stageId = 0, 0, 0, 0
        context._localProperties = {"streaming.sql.batchId": settings["batch_id"]}
    except (ImportError, AttributeError):
        pass

    def rows():
        fresh = kinds.types._create_row
        for batch in batches():
            names = batch.schema.names
            columns = [kinds.rows(column) for column in batch.columns]
            for values in zip(*columns) if columns else itertools.repeat((), batch.num_rows):
                yield fresh(names, values)

    source = rows()
    for _ in function(0, source):
        pass
    for _ in source:
        pass
