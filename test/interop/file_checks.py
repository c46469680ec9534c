"""What manifests must say of data files, computed again from the rows that the files hold, and what the files must look like."""

import ctypes
import itertools
import math
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.conversions import from_bytes
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.transforms import (BucketTransform, DayTransform, HourTransform, IdentityTransform, MonthTransform, TruncateTransform,
                                  VoidTransform, YearTransform)
from pyiceberg.types import BinaryType, DateType, DoubleType, FloatType, IntegerType, ListType, LongType, MapType, StringType, StructType, UUIDType

from random_tables import DAY, from_arrow, leaves, months_of, shown, stored


def path_of(uri):
    return Path(uri.removeprefix("file://"))


# ---- rows of files

def rows_of_file(path, schema):
    """By PyArrow and field ids: files may have other names, older types, other columns."""
    table = pq.read_table(path, partitioning=None)
    return [by_id(row, schema.as_struct(), table.schema) for row in stored(table)]


def by_id(value, kind, arrow):
    """`arrow`: the fields of a struct, or the type. A column that the file lacks is left out."""
    if value is None:
        return None
    if isinstance(kind, StructType):
        fields = {int(field.metadata[b"PARQUET:field_id"]): field for field in arrow}
        return {f.field_id: by_id(value[fields[f.field_id].name], f.field_type, fields[f.field_id].type)
                for f in kind.fields if f.field_id in fields}
    if isinstance(kind, ListType):
        return [by_id(child, kind.element_type, arrow.value_type) for child in value]
    if isinstance(kind, MapType):
        return [(by_id(k, kind.key_type, arrow.key_type), by_id(v, kind.value_type, arrow.item_type)) for k, v in value]
    return from_arrow(value, kind)


def values_at(rows, path):
    """The leaf's value in each row; None where it or a parent is NULL."""
    for row in rows:
        value = row
        for field in path:
            value = None if value is None else value.get(field.field_id)
        yield value


# ---- partitions

def transformed(value, transform, kind):
    """The specification's transforms over our values; truncation wraps around like Java's."""
    if value is None or isinstance(transform, VoidTransform):
        return None
    if isinstance(transform, IdentityTransform):
        return value
    if isinstance(transform, BucketTransform):
        return transform.transform(kind)(value)
    if isinstance(transform, TruncateTransform):
        cut = transform.transform(kind)(value)
        return wrapped(cut, 32 if isinstance(kind, IntegerType) else 64) if isinstance(kind, (IntegerType, LongType)) else cut
    if isinstance(transform, HourTransform):
        return value // (DAY // 24)
    days = value if isinstance(kind, DateType) else value // DAY
    return {DayTransform: days, MonthTransform: months_of(days), YearTransform: months_of(days) // 12}[type(transform)]


def wrapped(number, bits):
    return (number + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1))


def comparable(value):
    if isinstance(value, float):  # the sign of zero counts, and NaN is NaN
        return "NaN" if math.isnan(value) else value.hex()
    return value.bytes if hasattr(value, "bytes") else value


def single(value):
    """As PyIceberg 0.12 reads doubles of Avro files: its compiled decoder rounds them to four bytes (apache/iceberg-python pull
    request 3808)."""
    return ctypes.c_float(value).value if isinstance(value, float) else value


def check_partition(table, file, rows, what):
    schema = table.schema()
    for position, field in enumerate(table.specs()[file.spec_id].fields):
        path, leaf = next((p, f) for p, f in leaves(schema.fields) if f.field_id == field.source_id)
        got = file.partition[position]
        for value in values_at(rows, path):
            want = transformed(value, field.transform, leaf.field_type)
            assert comparable(single(got)) == comparable(single(want)), f"{what}\npartition {field}: {got!r} for {value!r}, which is {want!r}"


# ---- metrics

def bounds_of(values, kind, mode):
    """(lower, upper) as Iceberg's Java writers make them; None where there is none. `mode`: of the metrics."""
    known = [v for v in values if v is not None and not (isinstance(v, float) and math.isnan(v))]
    if not known or mode in ("counts", "none"):
        return None, None
    low, high = (f(known, key=lambda v: v.bytes if isinstance(kind, UUIDType) else v) for f in (min, max))
    if isinstance(kind, (FloatType, DoubleType)):
        return (-0.0 if low == 0 else low), (0.0 if high == 0 else high)
    if isinstance(kind, (StringType, BinaryType)) and mode.startswith("truncate"):
        length = int(mode[len("truncate("):-1])
        above = _text_above if isinstance(kind, StringType) else _bytes_above
        return low[:length], high if len(high) <= length else above(high[:length])
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


def metrics_mode(table, field_id):
    """By the table's properties, which name columns as they are called now."""
    by_name = f"write.metadata.metrics.column.{table.schema().find_column_name(field_id)}"
    return table.properties.get(by_name, table.properties.get("write.metadata.metrics.default", "truncate(16)"))


def check_metrics(table, file, rows, what):
    schema = table.schema()
    metadata = pq.read_metadata(path_of(file.file_path))
    columns = parquet_columns(metadata)
    starts = [metadata.row_group(i).column(0) for i in range(metadata.num_row_groups)]
    assert list(file.split_offsets) == [c.dictionary_page_offset if c.has_dictionary_page else c.data_page_offset for c in starts], what
    modes = {field_id: metrics_mode(table, field_id) for field_id in columns}
    counted = {field_id for field_id, mode in modes.items() if mode != "none"}
    assert counted <= set(file.column_sizes or {}) <= set(columns), what
    for field_id, size in (file.column_sizes or {}).items():
        assert size == sum(c.total_compressed_size for c in columns[field_id]) > 0, (what, field_id)
    assert set(file.value_counts or {}) == counted and set(file.null_value_counts or {}) <= counted, what
    for field_id, count in (file.value_counts or {}).items():
        assert count == sum(c.num_values for c in columns[field_id]), (what, field_id)
    floats = set()
    for path, leaf in leaves(schema.fields):
        values = list(values_at(rows, path))
        kind, field_id = leaf.field_type, leaf.field_id
        mode = modes[field_id]
        if mode == "none":
            assert field_id not in {**(file.lower_bounds or {}), **(file.upper_bounds or {})}, (what, field_id)
            continue
        where = f"{what}\nfield {field_id} {leaf.name}: {kind}"
        assert file.null_value_counts[field_id] == sum(v is None for v in values), where
        if isinstance(kind, (FloatType, DoubleType)):
            floats.add(field_id)
            assert file.nan_value_counts[field_id] == sum(v is not None and math.isnan(v) for v in values), where
        for bounds, want in zip((file.lower_bounds, file.upper_bounds), bounds_of(values, kind, mode)):
            got = (bounds or {}).get(field_id)
            if not isinstance(kind, UUIDType):
                got, want = shown(got if got is None else from_bytes(kind, got), kind), shown(want, kind)
            assert got == (want.bytes if hasattr(want, "bytes") else want), f"{where}\nbound {got!r} instead of {want!r}"
    assert set(file.nan_value_counts or {}) == floats, what
    below_repeated = set(columns) - {leaf.field_id for _, leaf in leaves(schema.fields)}
    assert not below_repeated & set(file.lower_bounds or {}), what


def parquet_columns(metadata):
    """field id → its chunks in the row groups."""
    schema = metadata.schema
    ids = list(leaf_ids(schema.to_arrow_schema()))
    assert len(ids) == len(schema)
    return {field_id: [metadata.row_group(g).column(i) for g in range(metadata.num_row_groups)] for i, field_id in enumerate(ids)}


def leaf_ids(fields):
    for field in fields:
        kind = field.type
        if pa.types.is_struct(kind):
            yield from leaf_ids(kind)
        elif pa.types.is_list(kind):
            yield from leaf_ids([kind.value_field])
        elif pa.types.is_map(kind):
            yield from leaf_ids([kind.key_field, kind.item_field])
        else:
            yield int(field.metadata[b"PARQUET:field_id"])


# ---- the files

def check_layout(schema, path, what):
    """Types, requiredness and field ids of the Parquet file are those that PyIceberg derives from the table's schema."""
    got = pq.read_schema(path)
    assert [layout_of(f) for f in got] == [layout_of(f) for f in schema_to_pyarrow(schema)], what


def layout_of(field):
    kind = field.type
    if pa.types.is_struct(kind):
        shape = [layout_of(child) for child in kind]
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        shape = layout_of(kind.value_field)[1:]
    elif pa.types.is_map(kind):
        shape = [layout_of(kind.key_field)[1:], layout_of(kind.item_field)[1:]]
    else:
        shape = str(kind).replace("large_", "").replace("extension<arrow.uuid>", "fixed_size_binary[16]")
    return field.name, field.nullable, int(field.metadata[b"PARQUET:field_id"]), shape


def check_physical_types(path):
    """The specification's table of Parquet types, by the file's own schema."""
    schema = pq.ParquetFile(path).schema
    for i in range(len(schema)):
        column = schema.column(i)
        logical = column.logical_type.type
        if logical == "DECIMAL":
            want = "INT32" if column.precision <= 9 else "INT64" if column.precision <= 18 else "FIXED_LEN_BYTE_ARRAY"
            assert column.physical_type == want, column
            if column.precision > 18:
                assert column.length == (10**column.precision - 1).bit_length() // 8 + 1, column
        elif logical == "UUID":
            assert (column.physical_type, column.length) == ("FIXED_LEN_BYTE_ARRAY", 16)
        elif logical == "TIME":
            assert column.physical_type == "INT64" and "isAdjustedToUTC=false" in str(column.logical_type)


def check_order(table, file, rows, what):
    """Where the manifest names a sort order, its first field orders the rows."""
    order = table.sort_orders().get(file.sort_order_id or 0)
    if order is None or not order.fields:
        return
    field = order.fields[0]
    path, leaf = next((p, f) for p, f in leaves(table.schema().fields) if f.field_id == field.source_id)
    descending, nulls_last = "desc" in str(field.direction).lower(), "last" in str(field.null_order).lower()
    values = [transformed(v, field.transform, leaf.field_type) for v in values_at(rows, path)]
    nulls = [v is None for v in values]
    assert nulls == sorted(nulls, reverse=not nulls_last), f"{what}\nNULLs by {field}: {values}"
    known = [v if isinstance(v, float) else comparable(v) for v in values if v is not None]
    for one, other in itertools.pairwise(known):
        low, high = (other, one) if descending else (one, other)
        nan = [isinstance(v, float) and math.isnan(v) for v in (low, high)]
        assert nan[1] or (not nan[0] and low <= high), f"{what}\n{one!r} before {other!r} by {field}"


def check_file(table, file, what):
    """Everything of one file that was written with the table's present schema; gives its rows."""
    path, schema = path_of(file.file_path), table.schema()
    rows = rows_of_file(path, schema)
    what = f"{what}\n{path}"
    assert file.record_count == len(rows) and len(rows) > 0, what
    assert file.file_size_in_bytes == path.stat().st_size, what
    check_partition(table, file, rows, what)
    check_metrics(table, file, rows, what)
    check_layout(schema, path, what)
    check_physical_types(path)
    check_order(table, file, rows, what)
    return rows
