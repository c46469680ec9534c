"""Where frames go: files by format (always appended), databases over JDBC, tables of the catalog."""

from firn.errors import NotSupported
from firn.glue import paths, sources
from firn.glue.catalog import quoted, table_name

FORMATS = {"json": "json", "csv": "csv", "parquet": "parquet", "glueparquet": "parquet", "orc": "orc", "avro": "avro",
           "xml": "xml"}


def write_files(frame, options, format, format_options):
    path = options.get("path")
    if not path:
        raise ValueError("a sink on S3 needs connection_options={'path': 's3://bucket/folder/'}")
    word = (format or "").lower()
    if word in sources.FORMATS_REFUSED or word == "hudi":
        raise NotSupported(f"writing the format {format!r}", sources.FORMATS_REFUSED.get(word, ""))
    if word not in FORMATS:
        raise ValueError(f"{format!r} is no format to write; there are {', '.join(sorted(FORMATS))}")
    writer = frame.write.mode("append").format(FORMATS[word])
    keys = options.get("partitionKeys") or []
    absent = {key.lower() for key in keys} - {name.lower() for name in frame.columns}
    if absent:
        if frame.isEmpty():
            return  # no record, so no columns that a function would have made of it: nothing to write
        raise ValueError(f"partitionKeys names {', '.join(sorted(absent))}, which the frame does not have; it has "
                         f"{', '.join(frame.columns)}")
    if keys:
        writer = writer.partitionBy(*keys)
    compression = format_options.get("compression") or options.get("compression")
    if compression:
        writer = writer.option("compression", compression)
    if word == "csv":
        writer = writer.option("sep", format_options.get("separator", ","))
        writer = writer.option("header", str(sources.truth(format_options.get("writeHeader", True))).lower())
        if str(format_options.get("quoteChar", '"')) != "-1":
            writer = writer.option("quote", format_options.get("quoteChar", '"'))
        if format_options.get("escaper"):
            writer = writer.option("escape", format_options["escaper"])
    if word == "xml" and format_options.get("rowTag"):
        writer = writer.option("rowTag", format_options["rowTag"])
    writer.save(path)


def write_jdbc(frame, connection_type, options):
    if not options.get("dbtable"):
        raise ValueError(f"a {connection_type} sink needs dbtable")
    for action in ("preactions", "postactions"):
        if options.get(action):
            raise NotSupported(f"{action} of a {connection_type} sink", "run them with a client of the database")
    frame.write.format("jdbc").options(**sources.jdbc_options(connection_type, options)) \
        .option("dbtable", options["dbtable"]).mode("append").save()


def write_table(session, frame, database, table, options=None):
    """Appends to a table that exists, columns by name."""
    name = table_name(session, database, table)
    wanted = session.table(name).schema
    by_name = {column.lower(): column for column in frame.columns}
    extra = [column for column in frame.columns if column.lower() not in {field.name.lower() for field in wanted.fields}]
    if extra:
        raise ValueError(f"the table {name} has no columns {', '.join(extra)}: drop them from the frame, or add them "
                         "to the table")
    from pyspark.sql import functions as F
    aligned = frame.select(*[
        (paths.column(by_name[field.name.lower()]) if field.name.lower() in by_name else F.lit(None))
        .cast(field.dataType).alias(field.name) for field in wanted.fields])
    aligned.writeTo(name).append()


def register(session, frame, path, format, keys, database, table):
    """A table of the catalog over files that were written (setCatalogInfo)."""
    columns = ", ".join(f"{quoted(field.name)} {field.dataType.simpleString()}" for field in frame.schema.fields)
    partitioned = f" PARTITIONED BY ({', '.join(quoted(key) for key in keys)})" if keys else ""
    session.sql(f"CREATE TABLE IF NOT EXISTS {table_name(session, database, table)} ({columns}) "
                f"USING {FORMATS[format.lower()]}{partitioned} LOCATION '{path}'")
