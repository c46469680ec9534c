"""Where frames come from: files by format, databases over JDBC, and what is refused by name."""

import json

from firn.errors import NotSupported
from firn.glue import listing, paths, workers
from firn.glue.catalog import connection
from pyspark.sql import functions as F

JDBC = {"mysql", "postgresql", "oracle", "sqlserver", "redshift", "jdbc"}
FILES = {"s3", "file"}
# connection types that exist in Glue and not here → what to write instead.
REFUSED = {
    "kinesis": "read the events from Kafka: connection_type='kafka'",
    "dynamodb": "export the table to S3 and read it as JSON, then simplify_ddb_json()",
    "mongodb": "export the collection as JSON and read it from S3",
    "documentdb": "export the collection as JSON and read it from S3",
    "opensearch": "export the index as JSON and read it from S3",
    "snowflake": "unload the table to Parquet and read it from S3",
    "bigquery": "export the table to Parquet and read it from S3",
    "azuresql": "export the table and read it from S3",
    "azurecosmos": "export the container as JSON and read it from S3",
    "teradata": "export the table and read it from S3",
    "saphana": "export the table and read it from S3",
    "vertica": "export the table and read it from S3",
    "hudi": "write it as an Iceberg table",
}
FORMATS_REFUSED = {
    "ion": "convert it to JSON",
    "grokLog": "read it as text and use F.regexp_extract",
    "hudi": "write it as an Iceberg table",
}


def refuse(connection_type, writing=False):
    word = "sink" if writing else "source"
    base = connection_type.split(".")[0]
    if base in ("marketplace", "custom"):
        raise NotSupported(f"the connector {connection_type!r}", "use JDBC, S3 or Kafka")
    if connection_type in REFUSED:
        raise NotSupported(f"the {word} {connection_type!r}", REFUSED[connection_type])
    raise ValueError(f"{connection_type!r} is no connection type; there are "
                     f"{', '.join(sorted(FILES | JDBC | {'kafka', 'iceberg', 'delta'}))}")


def truth(value):
    return value is True or str(value).strip().lower() == "true"


def paths_of(options):
    found = options.get("paths") or options.get("path")
    if not found:
        raise ValueError("a source on S3 needs connection_options={'paths': ['s3://bucket/folder/']}")
    return [found] if isinstance(found, str) else list(found)


def read_files(session, options, format, format_options, bookmarks, context, predicate=""):
    """(DataFrame, choices, sparse)."""
    if not format:
        raise ValueError("a source on S3 needs a format: json, csv, parquet, orc, avro, xml")
    if format in FORMATS_REFUSED:
        raise NotSupported(f"the format {format!r}", FORMATS_REFUSED[format])
    chosen = paths_of(options)
    recurse = truth(options.get("recurse", False))
    listed = bool(options.get("exclusions")) or (bookmarks.reads and context) or options.get("boundedFiles")
    base = None
    if listed:
        files = [file for path in chosen for file in listing.files_below(session, path)]
        files = listing.excluded(files, options.get("exclusions"), chosen)
        files = bookmarks.new_files(context, files)
        if options.get("boundedFiles"):
            files = files[:int(options["boundedFiles"])]
        if not files:
            return None, frozenset(), False
        base = chosen[0] if len(chosen) == 1 and not recurse else None
        chosen = [file.uri for file in files]
    elif _nothing_there(session, chosen):
        return None, frozenset(), False
    reader = session.read
    if recurse and not listed:
        reader = reader.option("recursiveFileLookup", "true")
    if base is not None:
        reader = reader.option("basePath", base)
    frame, choices, sparse = reader_of(format)(session, reader, chosen, format, format_options)
    if predicate:
        frame = frame.where(predicate)
    return frame, choices, sparse


def _nothing_there(session, chosen):
    """Whether there is no file at any of the paths, as far as a look at folders tells: then Glue's frame is empty."""
    if any(set(path) & set("*?[{") or listing.local_path(session, path) is None for path in chosen):
        return False
    return not any(listing.files_below(session, path) for path in chosen)


def reader_of(format):
    word = format.lower()
    if word not in READERS:
        raise ValueError(f"{format!r} is no format; there are {', '.join(sorted(READERS))}")
    return READERS[word]


def _plain(session, reader, chosen, format, options):
    name = {"glueparquet": "parquet"}.get(format.lower(), format.lower())
    return reader.format(name).load(chosen), frozenset(), False


def _csv(session, reader, chosen, format, options):
    reader = reader.format("csv").option("sep", options.get("separator", ","))
    quote = options.get("quoteChar", '"')
    reader = reader.option("quote", "" if str(quote) == "-1" else quote)
    if options.get("escaper"):
        reader = reader.option("escape", options["escaper"])
    with_header = truth(options.get("withHeader", False))
    reader = reader.option("header", str(with_header or truth(options.get("skipFirst", False))).lower())
    if truth(options.get("multiLine", options.get("multiline", False))):
        reader = reader.option("multiLine", "true")
    if options.get("withSchema"):
        reader = reader.schema(_schema(options["withSchema"]))
    frame = reader.load(chosen)
    if not with_header and not options.get("withSchema"):
        frame = frame.toDF(*[f"col{i}" for i in range(len(frame.columns))])
    return frame, frozenset(), False


def _json(session, reader, chosen, format, options):
    if truth(options.get("multiLine", options.get("multiline", False))):
        reader = reader.option("multiLine", "true")
    if options.get("withSchema"):
        return reader.schema(_schema(options["withSchema"])).format("json").load(chosen), frozenset(), True
    frame = reader.format("json").load(chosen)
    path = options.get("jsonPath")
    if path:
        return _below(frame, path), frozenset(), True
    suspects = [field.name for field in frame.schema.fields if field.dataType.typeName() == "string"]
    if not suspects or truth(options.get("multiLine", options.get("multiline", False))):
        return frame, frozenset(), True
    if not _has_mixed(session, reader, chosen, suspects):
        return frame, frozenset(), True
    return (*_mixed(session, reader, chosen), True)


def _has_mixed(session, reader, chosen, names):
    """Whether a field that was read as a string is something else in some record: only then records are looked at."""
    lines = _text_reader(session, reader).load(chosen)
    tests = [F.max(F.col("value").rlike(f'"{_escaped(name)}"\\s*:\\s*[-0-9tf\\[{{]')).alias(f"m{i}")
             for i, name in enumerate(names)]
    return any(lines.agg(*tests).collect()[0])


def _mixed(session, reader, chosen):
    """(DataFrame, choices) of lines whose fields have several types."""
    return workers.parsed(_text_reader(session, reader).load(chosen))


def _text_reader(session, reader):
    options = {key: value for key, value in getattr(reader, "_options", {}).items()
               if key in ("recursiveFileLookup", "basePath")}
    return session.read.format("text").options(**options)


def _escaped(name):
    return "".join("\\" + c if not c.isalnum() and c not in " _" else c for c in name)


def _below(frame, path):
    """jsonPath: $.a.b, $.items[*]."""
    steps = path.removeprefix("$").strip(".")
    for step in filter(None, steps.replace("[*]", ".[*]").split(".")):
        only = frame.columns[0] if len(frame.columns) == 1 and frame.columns[0] == "\x01at" else None
        value = paths.child(paths.column("\x01at"), step) if only and step != "[*]" else paths.column(
            "\x01at" if only else step)
        frame = frame.select((F.explode(paths.column("\x01at")) if step == "[*]" else value).alias("\x01at"))
    if frame.columns == ["\x01at"]:
        kind = frame.schema.fields[0].dataType
        if kind.typeName() == "array":
            frame = frame.select(F.explode(paths.column("\x01at")).alias("\x01at"))
        return frame.select(*[paths.child(paths.column("\x01at"), field.name).alias(field.name)
                              for field in frame.schema.fields[0].dataType.fields])
    return frame


def _xml(session, reader, chosen, format, options):
    if not options.get("rowTag"):
        raise ValueError("the format xml needs format_options={'rowTag': 'record'}")
    return reader.format("xml").option("rowTag", options["rowTag"]).load(chosen), frozenset(), True


def _schema(text):
    from pyspark.sql.types import StructType
    return StructType.fromJson(json.loads(text))


READERS = {"csv": _csv, "json": _json, "parquet": _plain, "glueparquet": _plain, "orc": _plain, "avro": _plain,
           "xml": _xml, "delta": _plain}


# ---- databases

def jdbc_options(connection_type, options):
    """Glue's options as Spark's: url, dbtable, user, password."""
    found = {}
    named = options.get("connectionName")
    if named:
        held = connection(named)
        found.update(url=held["url"], user=held["user"], password=held["password"])
    for key in ("url", "user", "password", "driver", "fetchsize", "batchsize", "customJdbcDriverClassName"):
        if options.get(key):
            found[{"customJdbcDriverClassName": "driver"}.get(key, key)] = options[key]
    if not found.get("url"):
        raise ValueError(f"a {connection_type} connection needs url (jdbc:…), or connectionName")
    if options.get("database") and found["url"].count("/") < 3:
        found["url"] = found["url"].rstrip("/") + "/" + options["database"]
    return found


def read_jdbc(session, connection_type, options, bookmarks, context):
    table = options.get("sampleQuery") or options.get("query") or options.get("dbtable")
    if not table:
        raise ValueError(f"a {connection_type} source needs dbtable")
    is_query = bool(options.get("sampleQuery") or options.get("query"))
    reader = session.read.format("jdbc").options(**jdbc_options(connection_type, options))

    def load(query):
        return reader.option("dbtable", query).load()
    source = f"({table.rstrip(';')}) AS source" if is_query else table
    field, count = options.get("hashfield") or options.get("hashexpression"), options.get("hashpartitions", 7)
    if field:
        reader = reader.option("numPartitions", str(count))
    if not (bookmarks.reads and context):
        return load(source)
    keys = options.get("jobBookmarkKeys") or []
    keys = [keys] if isinstance(keys, str) else list(keys)
    if not keys:
        keys = _primary_key(load, table, options)
    descending = str(options.get("jobBookmarkKeysSortOrder", "asc")).lower() == "desc"
    frame = load(source)
    last = bookmarks.last_keys(context, keys)
    if last is not None:
        frame = frame.where(_beyond(frame, keys, last, descending))
    reached = frame.select(*keys).orderBy(*[F.col(key).asc() if descending else F.col(key).desc() for key in keys]) \
        .limit(1).collect()
    if reached:
        values = [_portable(value) for value in reached[0]]
        bookmarks.note_keys(context, keys, values)
        # Rows that come while the job runs belong to the next run.
        frame = frame.where(~_beyond(frame, keys, values, descending))
    return frame


def _portable(value):
    return value if value is None or isinstance(value, (int, float, str)) else str(value)


def _beyond(frame, keys, values, descending):
    """The rows behind `values` in the order of the keys."""
    condition, equal = F.lit(False), F.lit(True)
    for key, value in zip(keys, values, strict=True):
        bound = F.lit(value).cast(frame.schema[key].dataType)
        column = F.col(key)
        condition = condition | (equal & (column < bound if descending else column > bound))
        equal = equal & (column == bound)
    return condition


def _primary_key(load, table, options):
    schema, _, name = table.rpartition(".")
    rows = load("(SELECT k.column_name AS name, k.ordinal_position AS at FROM information_schema.table_constraints c "
                "JOIN information_schema.key_column_usage k ON k.constraint_name = c.constraint_name "
                "AND k.table_schema = c.table_schema WHERE c.constraint_type = 'PRIMARY KEY' "
                f"AND k.table_name = '{name}' AND k.table_schema = '{schema or 'public'}') AS keys").collect()
    if not rows:
        raise ValueError(f"bookmarks over {table} need a key: it has no primary key, so name one with jobBookmarkKeys")
    return [row[0] for row in sorted(rows, key=lambda row: row[1])]
