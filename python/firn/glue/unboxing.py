"""unbox: a string column that holds JSON or CSV, as a nested column; and DynamoDB's typed JSON without its types."""

import json

from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StructType

from firn.errors import NotSupported
from firn.glue import paths, workers

DDB_TYPES = {"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"}


def unbox(frame, path, format, options):
    """(DataFrame with the column replaced, DataFrame of error records or None)."""
    kind = format.lower()
    if kind not in ("json", "csv"):
        raise NotSupported(f"unbox with the format {format!r}", "json and csv can be unboxed")
    schema = options.get("withSchema")
    text = paths.expression_at(path)
    if kind == "json":
        wanted = StructType.fromJson(json.loads(schema)) if schema else _inferred(frame, text)
        parsed = F.from_json(text, wanted)
        broken = text.isNotNull() & (F.trim(text) != "") & F.get_json_object(text, "$").isNull()
        failed = frame.where(broken)
    else:
        separator = options.get("separator", ",")
        if schema:
            wanted = StructType.fromJson(json.loads(schema))
        else:
            width = frame.select(F.max(F.size(F.split(text, _literal(separator))))).collect()[0][0] or 1
            wanted = StructType.fromDDL(", ".join(f"col{i} STRING" for i in range(width))) if hasattr(
                StructType, "fromDDL") else _strings(width)
        parsed = F.from_csv(text, wanted.simpleString()[7:-1].replace(":", " "),
                            {"sep": separator, "escape": options.get("escaper", "\\")})
        failed = None
    errors = None
    if failed is not None:
        message = f"ValueError: the text of {'.'.join(path)} is no {kind}"
        content = F.to_json(F.struct(*[paths.column(name) for name in frame.columns]))
        errors = failed.select(F.lit(message).alias("msg"), F.lit("").alias("stackTrace"),
                               content.alias("dynamicRecord"))
        frame = frame.where(~broken)
    return paths.edit_frame(frame, {path: lambda *_: parsed}), errors


def _literal(separator):
    return "\\Q" + separator + "\\E"


def _strings(width):
    from pyspark.sql.types import StringType, StructField
    return StructType([StructField(f"col{i}", StringType(), True) for i in range(width)])


def _inferred(frame, text):
    """A schema for JSON texts, from all of them."""
    return workers.shape_of_texts(frame.select(text.alias("t")).where(F.col("t").isNotNull())).data_type()


def without_ddb_types(frame):
    """{"name": {"S": "x"}, "n": {"N": "1"}} → name, n. Numbers stay texts, as Glue leaves them."""
    def plain(expression, kind):
        if isinstance(kind, StructType):
            names = kind.fieldNames()
            if names and set(names) <= DDB_TYPES:
                found = [plain(paths.child(expression, field.name), field.dataType) for field in kind.fields
                         if field.name != "NULL"]
                return F.coalesce(*found) if found else F.lit(None).cast("string")
            return F.when(expression.isNotNull(), F.struct(*[
                plain(paths.child(expression, field.name), field.dataType).alias(field.name)
                for field in kind.fields]))
        if isinstance(kind, ArrayType):
            return F.transform(expression, lambda element: plain(element, kind.elementType))
        return expression

    columns = frame.schema.fields
    if len(columns) == 1 and columns[0].name == "Item" and isinstance(columns[0].dataType, StructType):
        frame = frame.select("Item.*")
    return frame.select(*[plain(paths.column(field.name), field.dataType).alias(field.name)
                          for field in frame.schema.fields])
