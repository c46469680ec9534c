"""Random Iceberg schemas, partition specs and values, and the same values as SQL, as Arrow and as firn's JSON.

Values are Python's: UUID, Decimal, bytes, dicts by field id for structs, lists of pairs for maps; dates are days and times
microseconds, which reach further than Python's. Everything follows from one `random.Random`.
"""

import base64
import decimal
import math
import re
import struct
import uuid

import pyarrow as pa
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import (BucketTransform, DayTransform, HourTransform, IdentityTransform, MonthTransform,
                                  TruncateTransform, VoidTransform, YearTransform)
from pyiceberg.types import (BinaryType, BooleanType, DateType, DecimalType, DoubleType, FixedType, FloatType, IntegerType,
                             ListType, LongType, MapType, NestedField, StringType, StructType, TimestamptzType, TimestampType,
                             TimeType, UUIDType)

DAY = 86_400_000_000
TEMPORAL = (DateType, TimeType, TimestampType, TimestamptzType)
DATES = [-719162, -141428, -141427, -1, 0, 2932896, 2932897, -719163, -719529, -2440588, 9_999_999, 2**31 - 1, -2**31]
INSTANTS = [0, -1, 1, -62135596800000000, 253402300799999999, 253402300800000000, -62135596800000001, -12219292800000000,
            -12219292800000001, 2**63 - 1, -2**63, 2**62]
NAMES = ["a", "UPPER", "sp ace", "ünï", "x-y", "1st", "_u", "q'uote", "dot.ted", "select", "longer_name", "z"]
WIDE = decimal.Context(prec=60)


# ---- schemas

def primitive(rng, with_time=True):
    plain = [BooleanType, IntegerType, LongType, FloatType, DoubleType, DateType, TimestampType, TimestamptzType, StringType,
             BinaryType, UUIDType] + ([TimeType] if with_time else [])
    kind = rng.randrange(len(plain) + 4)
    if kind < len(plain):
        return plain[kind]()
    if kind == len(plain):
        return FixedType(rng.choice([1, 3, 16, 20]))
    precision = rng.choice([1, 4, 9, 10, 18, 19, 22, 28, 38])
    return DecimalType(precision, rng.choice([0, precision // 2, precision]))


class Ids:
    def __init__(self):
        self.last = 0

    def next(self):
        self.last += 1
        return self.last


def random_type(rng, ids, depth, with_time):
    kind = rng.random()
    if depth == 0 or kind < 0.7:
        return primitive(rng, with_time)
    if kind < 0.8:
        return StructType(*random_fields(rng, ids, rng.randint(1, 4), depth - 1, with_time))
    if kind < 0.9:
        return ListType(ids.next(), random_type(rng, ids, depth - 1, with_time), element_required=rng.random() < 0.3)
    key = rng.choice([StringType, IntegerType, LongType, DateType, UUIDType])()
    return MapType(ids.next(), key, ids.next(), random_type(rng, ids, depth - 1, with_time), value_required=rng.random() < 0.3)


def random_fields(rng, ids, count, depth, with_time):
    names = rng.sample(NAMES, count)
    return [NestedField(ids.next(), name, random_type(rng, ids, depth, with_time), required=rng.random() < 0.3)
            for name in names]


def random_schema(rng, with_time=True):
    ids = Ids()
    return Schema(*random_fields(rng, ids, rng.randint(1, 8), 3, with_time))


def transforms_of(kind):
    if isinstance(kind, (FloatType, DoubleType)):
        return [VoidTransform(), IdentityTransform()]
    found = [IdentityTransform(), VoidTransform()]
    if not isinstance(kind, BooleanType):
        found.append(BucketTransform(7))
    if isinstance(kind, (IntegerType, LongType, DecimalType, StringType, BinaryType)):
        found.append(TruncateTransform(3))
    if isinstance(kind, (DateType, TimestampType, TimestamptzType)):
        found += [YearTransform(), MonthTransform(), DayTransform()]
    if isinstance(kind, (TimestampType, TimestamptzType)):
        found.append(HourTransform())
    return found


def leaves(fields, path=()):
    """(path of fields, leaf) of what stands below no list or map."""
    for field in fields:
        if isinstance(field.field_type, StructType):
            yield from leaves(field.field_type.fields, (*path, field))
        elif not isinstance(field.field_type, (ListType, MapType)):
            yield (*path, field), field


def random_spec(rng, schema):
    sources = [leaf for _, leaf in leaves(schema.fields)]
    fields = []
    for leaf in rng.sample(sources, min(len(sources), rng.choice([0, 0, 1, 1, 2, 3]))):
        transforms = [rng.choice(transforms_of(leaf.field_type))]
        several = [t for t in transforms_of(leaf.field_type) if isinstance(t, (IdentityTransform, BucketTransform, TruncateTransform))]
        if transforms[0] in several and rng.random() < 0.25:  # two fields of one column
            transforms += [t for t in several if t != transforms[0]][:1]
        if isinstance(leaf.field_type, UUIDType) and any(isinstance(schema.find_type(f.source_id), UUIDType) for f in fields):
            continue  # PyIceberg 0.12 cannot read manifests that name a type twice
        for transform in transforms:
            number = len(fields)
            fields.append(PartitionField(leaf.field_id, 1000 + number, transform, f"p {number}{leaf.name}"))
    return PartitionSpec(*fields)


# ---- values

STRINGS = ["", "a", "16 code points..", "16 code points..x", "é" * 17, "😀" * 17, "\ud7ff" * 17, "a" * 15 + "\U0010ffff" + "b",
           "\U0010ffff" * 17, "x" * 300, "ü" * 300, "quote ' \" \\ % _ \n\t", "nul\0inside", "a" * 15 + "😀z"]


def random_value(rng, kind):
    if isinstance(kind, BooleanType):
        return rng.random() < 0.5
    if isinstance(kind, IntegerType):
        return rng.choice([0, 1, -1, -2**31, 2**31 - 1, rng.randint(-2**31, 2**31 - 1)])
    if isinstance(kind, LongType):
        return rng.choice([0, 1, -1, -2**63, 2**63 - 1, rng.randint(-2**63, 2**63 - 1)])
    if isinstance(kind, FloatType):
        return struct.unpack("f", struct.pack("f", rng.choice([math.nan, math.inf, -math.inf, 0.0, -0.0, 3.4028234e38, 1e-45,
                                                               rng.uniform(-1e6, 1e6)])))[0]
    if isinstance(kind, DoubleType):
        return rng.choice([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.7976931348623157e308, 5e-324, rng.uniform(-1e6, 1e6)])
    if isinstance(kind, DecimalType):
        most = 10**kind.precision - 1
        return decimal.Decimal(rng.choice([0, 1, -1, most, -most, rng.randint(-most, most)])).scaleb(-kind.scale, WIDE)
    if isinstance(kind, DateType):
        return rng.choice([rng.choice(DATES), rng.randint(-30000, 30000)])
    if isinstance(kind, TimeType):
        return rng.choice([0, DAY - 1, 45_296_500_000, rng.randrange(DAY)])
    if isinstance(kind, (TimestampType, TimestamptzType)):
        return rng.choice([rng.choice(INSTANTS), rng.randint(-2 * 10**15, 4 * 10**15)])
    if isinstance(kind, StringType):
        if rng.random() < 0.004:
            return rng.choice("xü") * 70_000
        return rng.choice([*STRINGS, "".join(rng.choices("abä😀", k=rng.randrange(30)))])
    if isinstance(kind, UUIDType):
        return uuid.UUID(int=rng.choice([0, 2**128 - 1, 2**127, rng.getrandbits(128)]))
    if isinstance(kind, FixedType):
        return rng.choice([bytes(len(kind)), b"\xff" * len(kind), rng.randbytes(len(kind))])
    if isinstance(kind, BinaryType):
        return rng.choice([b"", b"\0", b"\xff" * 20, b"\xfe" + b"\xff" * 19, rng.randbytes(rng.randrange(40)), b"\x7f" * 300])
    if isinstance(kind, StructType):
        return {field.field_id: random_field(rng, field) for field in kind.fields}
    if isinstance(kind, ListType):
        return [None if not kind.element_required and rng.random() < 0.2 else random_value(rng, kind.element_type)
                for _ in range(rng.choice([0, 1, 3]))]
    keys = {random_value(rng, kind.key_type) for _ in range(rng.choice([0, 1, 3]))}
    return [(key, None if not kind.value_required and rng.random() < 0.2 else random_value(rng, kind.value_type))
            for key in sorted(keys)]


def random_field(rng, field):
    return None if not field.required and rng.random() < 0.2 else random_value(rng, field.field_type)


def random_rows(rng, schema, count):
    return [{field.field_id: random_field(rng, field) for field in schema.fields} for _ in range(count)]


# ---- as SQL

def sql_type(kind):
    if isinstance(kind, StructType):
        return "STRUCT<" + ", ".join(f"`{f.name}`: {sql_type(f.field_type)}" for f in kind.fields) + ">"
    if isinstance(kind, ListType):
        return f"ARRAY<{sql_type(kind.element_type)}>"
    if isinstance(kind, MapType):
        return f"MAP<{sql_type(kind.key_type)}, {sql_type(kind.value_type)}>"
    if isinstance(kind, DecimalType):
        return f"DECIMAL({kind.precision}, {kind.scale})"
    return {BooleanType: "BOOLEAN", IntegerType: "INT", LongType: "BIGINT", FloatType: "FLOAT", DoubleType: "DOUBLE",
            DateType: "DATE", TimestampType: "TIMESTAMP_NTZ", TimestamptzType: "TIMESTAMP", StringType: "STRING",
            UUIDType: "STRING", TimeType: "STRING", BinaryType: "BINARY", FixedType: "BINARY"}[type(kind)]


def sql_value(value, kind):
    if value is None:
        return f"CAST(NULL AS {sql_type(kind)})"
    if isinstance(kind, StructType):
        parts = [f"{sql_text(f.name)}, {sql_value(value[f.field_id], f.field_type)}" for f in kind.fields]
        return f"named_struct({', '.join(parts)})"
    if isinstance(kind, ListType):
        made = f"array({', '.join(sql_value(child, kind.element_type) for child in value)})"
        return made if value else f"CAST({made} AS {sql_type(kind)})"
    if isinstance(kind, MapType):
        parts = [f"{sql_value(k, kind.key_type)}, {sql_value(v, kind.value_type)}" for k, v in value]
        made = f"map({', '.join(parts)})"
        return made if value else f"CAST({made} AS {sql_type(kind)})"
    if isinstance(kind, BooleanType):
        return str(value).lower()
    if isinstance(kind, StringType):
        return f"CAST(X'{value.encode('utf-8', 'surrogatepass').hex()}' AS STRING)"
    if isinstance(kind, (BinaryType, FixedType)):
        return f"X'{value.hex()}'"
    if isinstance(kind, (TimestampType, TimestamptzType)):
        instant = f"timestamp_micros(CAST('{value}' AS BIGINT))"
        return instant if isinstance(kind, TimestamptzType) else f"CAST({instant} AS TIMESTAMP_NTZ)"
    if isinstance(kind, DateType):
        return f"date_from_unix_date({value})"
    if isinstance(kind, TimeType):
        return f"'{time_text(value)}'"
    if isinstance(kind, (FloatType, DoubleType)):
        text = {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN" if math.isnan(value) else repr(value))
        return f"CAST('{text}' AS {sql_type(kind)})"
    text = f"{value:f}" if isinstance(value, decimal.Decimal) else str(value)
    return f"CAST('{text}' AS {sql_type(kind)})"


def sql_text(text):
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def sql_values(rows, schema):
    return "VALUES " + ", ".join(
        "(" + ", ".join(sql_value(row[f.field_id], f.field_type) for f in schema.fields) + ")" for row in rows)


def time_text(micros):
    seconds, rest = divmod(micros, 1_000_000)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{rest:06}".rstrip("0") if rest else text


# ---- dates and times as numbers

def days_of(year, month, day):
    """Days since 1970 in the proleptic calendar, of any year."""
    year -= month <= 2
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719468


def months_of(days):
    """Months since 1970-01."""
    era, day_of_era = divmod(days + 719468, 146097)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36524 - day_of_era // 146096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * day_of_year + 2) // 153  # from March
    return (era * 400 + year_of_era - 1970) * 12 + month + 2


MOMENT = re.compile(r"(?:([+-]?\d+)-(\d\d)-(\d\d))?[ T]?(?:(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?Z?")


def number_of(text, kind):
    """What firn shows, as days or microseconds."""
    found = MOMENT.fullmatch(text)
    assert found, text
    days = days_of(*map(int, found.groups()[:3])) if found[1] else 0
    if isinstance(kind, DateType):
        return days
    hours, minutes, seconds = (int(part or 0) for part in found.groups()[3:6])
    return days * DAY + ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + int((found[7] or "0").ljust(6, "0"))


# ---- rows that can be compared: equal texts mean equal values, NaN and -0.0 included

def shown(value, kind):
    if value is None:
        return None
    if isinstance(kind, StructType):
        return {f.field_id: shown(value.get(f.field_id), f.field_type) for f in kind.fields}
    if isinstance(kind, ListType):
        return [shown(child, kind.element_type) for child in value]
    if isinstance(kind, MapType):
        return sorted(((shown(k, kind.key_type), shown(v, kind.value_type)) for k, v in value), key=lambda pair: str(pair[0]))
    if isinstance(kind, FloatType):
        return struct.pack("<f", value if not math.isnan(value) else math.nan).hex()
    if isinstance(kind, DoubleType):
        return struct.pack("<d", value if not math.isnan(value) else math.nan).hex()
    if isinstance(kind, DecimalType):
        return int(value.scaleb(kind.scale, WIDE))
    if isinstance(kind, UUIDType):
        return str(value if isinstance(value, uuid.UUID) else uuid.UUID(bytes=bytes(value)))
    if isinstance(kind, (BinaryType, FixedType)):
        return bytes(value).hex()
    return value


def shown_rows(rows, schema):
    return sorted(({f.name: shown(row.get(f.field_id), f.field_type) for f in schema.fields} for row in rows), key=str)


def storage_of(kind):
    """The Arrow type with numbers for dates and times, and bytes for UUIDs: what Python can always hold."""
    if pa.types.is_date32(kind):
        return pa.int32()
    if pa.types.is_timestamp(kind) or pa.types.is_time64(kind):
        assert kind.unit == "us", kind
        return pa.int64()
    if isinstance(kind, pa.UuidType):
        return kind.storage_type
    if pa.types.is_struct(kind):
        return pa.struct([f.with_type(storage_of(f.type)) for f in kind])
    if pa.types.is_large_list(kind):
        return pa.large_list(kind.value_field.with_type(storage_of(kind.value_type)))
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(storage_of(kind.value_type)))
    if pa.types.is_map(kind):
        return pa.map_(storage_of(kind.key_type), kind.item_field.with_type(storage_of(kind.item_type)))
    return kind


def nullable(kind):
    """Spark's required fields are NULL below a struct that is."""
    def open_field(field):
        return field.with_type(nullable(field.type)).with_nullable(True)

    if pa.types.is_struct(kind):
        return pa.struct([open_field(f) for f in kind])
    if pa.types.is_list(kind):
        return pa.list_(open_field(kind.value_field))
    if pa.types.is_map(kind):
        return pa.map_(kind.key_field.with_type(nullable(kind.key_type)), open_field(kind.item_field))
    return kind


def stored(table):
    """A table's rows, as dicts of what Python can hold."""
    columns = [[value for chunk in column.chunks for value in chunk.view(nullable(storage_of(column.type))).to_pylist()]
               for column in table.columns]
    return [dict(zip(table.column_names, row)) for row in zip(*columns)]


def from_arrow(value, kind):
    """What `stored` gives, structs by field id."""
    if value is None:
        return None
    if isinstance(kind, StructType):
        return {f.field_id: from_arrow(value[f.name], f.field_type) for f in kind.fields}
    if isinstance(kind, ListType):
        return [from_arrow(child, kind.element_type) for child in value]
    if isinstance(kind, MapType):
        return [(from_arrow(k, kind.key_type), from_arrow(v, kind.value_type)) for k, v in value]
    if isinstance(kind, UUIDType):
        return uuid.UUID(value) if isinstance(value, str) else uuid.UUID(bytes=value)
    return value


def rows_of_arrow(table, schema):
    return [{f.field_id: from_arrow(row[f.name], f.field_type) for f in schema.fields} for row in stored(table)]


def to_arrow(value, kind):
    """What pa.array takes, structs by name."""
    if value is None:
        return None
    if isinstance(kind, StructType):
        return {f.name: to_arrow(value[f.field_id], f.field_type) for f in kind.fields}
    if isinstance(kind, ListType):
        return [to_arrow(child, kind.element_type) for child in value]
    if isinstance(kind, MapType):
        return [(to_arrow(k, kind.key_type), to_arrow(v, kind.value_type)) for k, v in value]
    return value.bytes if isinstance(value, uuid.UUID) else value


def arrow_table(rows, schema, types):
    """`types`: the Arrow schema."""
    columns = [pa.array([to_arrow(row[f.field_id], f.field_type) for row in rows], storage_of(arrow.type)).view(arrow.type)
               for f, arrow in zip(schema.fields, types)]
    return pa.Table.from_arrays(columns, schema=types)


def from_json(value, kind):
    """What firn prints with --format json."""
    if value is None:
        return None
    if isinstance(kind, StructType):
        return {f.field_id: from_json(value.get(f.name), f.field_type) for f in kind.fields}
    if isinstance(kind, ListType):
        return [from_json(child, kind.element_type) for child in value]
    if isinstance(kind, MapType):
        return [(from_json(k, kind.key_type), from_json(v, kind.value_type)) for k, v in value.items()]
    if isinstance(kind, (IntegerType, LongType)):
        return int(value)
    if isinstance(kind, (FloatType, DoubleType)):
        number = float(str(value).replace("Infinity", "inf"))
        return struct.unpack("f", struct.pack("f", number))[0] if isinstance(kind, FloatType) else number
    if isinstance(kind, DecimalType):
        return decimal.Decimal(str(value))
    if isinstance(kind, TEMPORAL):
        return number_of(value, kind)
    if isinstance(kind, UUIDType):
        return uuid.UUID(value)
    if isinstance(kind, (BinaryType, FixedType)):
        return base64.b64decode(value)
    return value


def rows_of_json(rows, schema):
    return [{f.field_id: from_json(row.get(f.name), f.field_type) for f in schema.fields} for row in rows]
