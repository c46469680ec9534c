"""Spark's types ↔ Glue's names and types."""

from awsglue import gluetypes as glue
from pyspark.sql import types as spark

# Glue's name → Spark's type.
BY_NAME = {
    "binary": spark.BinaryType(), "boolean": spark.BooleanType(), "bool": spark.BooleanType(),
    "byte": spark.ByteType(), "tinyint": spark.ByteType(), "date": spark.DateType(), "double": spark.DoubleType(),
    "float": spark.FloatType(), "int": spark.IntegerType(), "integer": spark.IntegerType(),
    "long": spark.LongType(), "bigint": spark.LongType(), "short": spark.ShortType(), "smallint": spark.ShortType(),
    "string": spark.StringType(), "varchar": spark.StringType(), "char": spark.StringType(),
    "timestamp": spark.TimestampType(), "decimal": spark.DecimalType(10, 2), "numeric": spark.DecimalType(10, 2),
}
NESTED = {"struct", "array", "map", "null", "choice", ""}
_NAMES = {
    spark.BinaryType: "binary", spark.BooleanType: "boolean", spark.ByteType: "byte", spark.DateType: "date",
    spark.DoubleType: "double", spark.FloatType: "float", spark.IntegerType: "int", spark.LongType: "long",
    spark.NullType: "null", spark.ShortType: "short", spark.StringType: "string", spark.TimestampType: "timestamp",
    spark.TimestampNTZType: "timestamp", spark.DecimalType: "decimal", spark.StructType: "struct",
    spark.ArrayType: "array", spark.MapType: "map",
}


def glue_name(data_type):
    """The word that names the type in a choice, in printSchema and in make_cols."""
    return next((name for kind, name in _NAMES.items() if isinstance(data_type, kind)), data_type.typeName())


def spark_type(name):
    """A type by Glue's name; None for nested ones, which are not cast. ValueError for a word that is no type."""
    if isinstance(name, spark.DataType):
        return name
    if isinstance(name, glue.DataType):
        if isinstance(name, glue.DecimalType):
            return spark.DecimalType(name.precision, name.scale)
        name = name.typeName()
    word = str(name).strip().lower()
    if word.startswith(("decimal(", "numeric(")):
        precision, _, scale = word[word.index("(") + 1:].rstrip(")").partition(",")
        return spark.DecimalType(int(precision), int(scale or 0))
    if word.startswith(("varchar(", "char(")):
        return spark.StringType()
    if word.split("<")[0].split("(")[0] in NESTED:
        return None
    if word not in BY_NAME:
        raise ValueError(f"{name!r} is no type of Glue's; there are {', '.join(sorted(BY_NAME))}")
    return BY_NAME[word]


def glue_type(data_type, choices=frozenset(), path=()):
    """Spark's type as Glue's, with a ChoiceType at the paths in `choices`."""
    if isinstance(data_type, spark.StructType):
        if path in choices:
            return glue.ChoiceType([glue_type(field.dataType, choices, (*path, field.name)) for field in data_type])
        return glue.StructType([glue.Field(field.name, glue_type(field.dataType, choices, (*path, field.name)))
                                for field in data_type])
    if isinstance(data_type, spark.ArrayType):
        return glue.ArrayType(glue_type(data_type.elementType, choices, (*path, "[]")))
    if isinstance(data_type, spark.MapType):
        return glue.MapType(glue_type(data_type.valueType, choices, (*path, "{}")))
    if isinstance(data_type, spark.DecimalType):
        return glue.DecimalType(data_type.precision, data_type.scale)
    return glue.ATOMS.get(glue_name(data_type), glue.UnknownType)()


def tree_lines(data_type, name=None, depth=0):
    """printSchema's lines below `root`."""
    def line(level, text):
        return "|    " * level + "|-- " + text

    if isinstance(data_type, glue.StructType):
        for field in data_type.fields:
            kind = field.dataType
            yield line(depth, f"{field.name}: {kind.typeName()}")
            yield from tree_lines(kind, depth=depth + 1)
    elif isinstance(data_type, glue.ChoiceType):
        for kind in data_type.choices.values():
            yield line(depth, kind.typeName())
            yield from tree_lines(kind, depth=depth + 1)
    elif isinstance(data_type, glue.ArrayType):
        yield line(depth, f"element: {data_type.elementType.typeName()}")
        yield from tree_lines(data_type.elementType, depth=depth + 1)
    elif isinstance(data_type, glue.MapType):
        yield line(depth, "keyType: string")
        yield line(depth, f"valueType: {data_type.valueType.typeName()}")
        yield from tree_lines(data_type.valueType, depth=depth + 1)
