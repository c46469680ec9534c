"""Random Iceberg schemas, partition specs and values, and the same values as SQL, as Arrow and as firn's JSON.

Values are Python's: date and datetime (UTC, without a zone for `timestamp`), time, UUID, Decimal, bytes, dicts by field id
for structs, lists of pairs for maps. Everything follows from one `random.Random`.
"""

import base64
import datetime
import decimal
import math
import struct
import uuid

from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import (BucketTransform, DayTransform, HourTransform, IdentityTransform, MonthTransform,
                                  TruncateTransform, VoidTransform, YearTransform)
from pyiceberg.types import (BinaryType, BooleanType, DateType, DecimalType, DoubleType, FixedType, FloatType, IntegerType,
                             ListType, LongType, MapType, NestedField, StringType, StructType, TimestamptzType, TimestampType,
                             TimeType, UUIDType)

UTC = datetime.timezone.utc
EPOCH = datetime.datetime(1970, 1, 1)
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
        return [VoidTransform()]
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
    for number, leaf in enumerate(rng.sample(sources, min(len(sources), rng.choice([0, 0, 1, 1, 2])))):
        transform = rng.choice(transforms_of(leaf.field_type))
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
        return rng.choice([datetime.date(1, 1, 1), datetime.date(1969, 12, 31), datetime.date(9999, 12, 31),
                           datetime.date(1970, 1, 1) + datetime.timedelta(rng.randint(-30000, 30000))])
    if isinstance(kind, TimeType):
        micros = rng.choice([0, 86_399_999_999, 45_296_500_000, rng.randrange(86_400_000_000)])
        return (EPOCH + datetime.timedelta(microseconds=micros)).time()
    if isinstance(kind, (TimestampType, TimestamptzType)):
        micros = rng.choice([0, -1, 1, -62135596800000000, 253402300799999999, rng.randint(-2 * 10**15, 4 * 10**15)])
        value = EPOCH + datetime.timedelta(microseconds=micros)
        return value.replace(tzinfo=UTC) if isinstance(kind, TimestamptzType) else value
    if isinstance(kind, StringType):
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
        instant = f"timestamp_micros(CAST('{micros_of(value)}' AS BIGINT))"
        return instant if isinstance(kind, TimestamptzType) else f"CAST({instant} AS TIMESTAMP_NTZ)"
    if isinstance(kind, DateType):
        return f"CAST('{value.isoformat()}' AS DATE)"
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


def sql_rows(rows, schema):
    return " UNION ALL ".join(
        "SELECT " + ", ".join(sql_value(row[f.field_id], f.field_type) for f in schema.fields) for row in rows)


def micros_of(value):
    return (value.replace(tzinfo=None) - EPOCH) // datetime.timedelta(microseconds=1)


def time_text(value):
    text = value.isoformat()
    return text.rstrip("0") if "." in text else text


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
    if isinstance(kind, (TimestampType, TimestamptzType)):
        return micros_of(value if value.tzinfo is None else value.astimezone(UTC))
    if isinstance(kind, DateType):
        return value.isoformat()
    if isinstance(kind, TimeType):
        return time_text(value)
    if isinstance(kind, UUIDType):
        return str(value if isinstance(value, uuid.UUID) else uuid.UUID(bytes=bytes(value)))
    if isinstance(kind, (BinaryType, FixedType)):
        return bytes(value).hex()
    return value


def shown_rows(rows, schema):
    return sorted(({f.name: shown(row.get(f.field_id), f.field_type) for f in schema.fields} for row in rows), key=str)


def from_arrow(value, kind):
    """What pyarrow's to_pylist gives, structs by field id."""
    if value is None:
        return None
    if isinstance(kind, StructType):
        return {f.field_id: from_arrow(value[f.name], f.field_type) for f in kind.fields}
    if isinstance(kind, ListType):
        return [from_arrow(child, kind.element_type) for child in value]
    if isinstance(kind, MapType):
        return [(from_arrow(k, kind.key_type), from_arrow(v, kind.value_type)) for k, v in value]
    if isinstance(kind, UUIDType) and isinstance(value, bytes):
        return uuid.UUID(bytes=value)
    return value


def rows_of_arrow(table, schema):
    return [{f.field_id: from_arrow(row[f.name], f.field_type) for f in schema.fields} for row in table.to_pylist()]


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
    if isinstance(kind, DateType):
        return datetime.date.fromisoformat(value)
    if isinstance(kind, TimeType):
        return datetime.time.fromisoformat(value)
    if isinstance(kind, (TimestampType, TimestamptzType)):
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    if isinstance(kind, UUIDType):
        return uuid.UUID(value)
    if isinstance(kind, (BinaryType, FixedType)):
        return base64.b64decode(value)
    return value


def rows_of_json(rows, schema):
    return [{f.field_id: from_json(row.get(f.name), f.field_type) for f in schema.fields} for row in rows]


# ---- what a manifest must say

def values_at(rows, path):
    """The leaf's value in each row; None where it or a parent is NULL."""
    for row in rows:
        value = row
        for field in path:
            value = None if value is None else value.get(field.field_id)
        yield value


def bounds_of(values, kind):
    """(lower, upper) as Iceberg's Java writers make them with truncate(16); None where there is none."""
    known = [v for v in values if v is not None and not (isinstance(v, float) and math.isnan(v))]
    if not known:
        return None, None
    if isinstance(kind, (FloatType, DoubleType)):
        low, high = min(known), max(known)
        return (-0.0 if low == 0 else low), (0.0 if high == 0 else high)
    if isinstance(kind, UUIDType):
        return min(v.bytes for v in known), max(v.bytes for v in known)
    low, high = min(known), max(known)
    if isinstance(kind, StringType):
        return low[:16], high if len(high) <= 16 else _text_above(high[:16])
    if isinstance(kind, BinaryType):
        return low[:16], high if len(high) <= 16 else _bytes_above(high[:16])
    return low, high


def _text_above(text):
    points = [ord(c) for c in text]
    while points:
        following = points[-1] + 1
        if 0xD800 <= following <= 0xDFFF:
            following = 0xE000
        if following <= 0x10FFFF:
            return "".join(map(chr, [*points[:-1], following]))
        points.pop()
    return None


def _bytes_above(data):
    kept = data.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else None
