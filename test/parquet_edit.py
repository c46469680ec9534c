"""Parquet files whose footer, or whose first page's header, says something else than what is so."""

import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from varint import unsigned, zigzag  # noqa: E402

MAGIC = b"PAR1"
# Thrift's compact protocol: numbers of types.
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)


def edit_footer(data, change):
    """`change(footer)` changes the fields, by number, of what Fields reads."""
    size = struct.unpack("<I", data[-8:-4])[0]
    start = len(data) - 8 - size
    footer, _ = read(data, start)
    change(footer)
    return with_footer(data[:start], footer)


def with_footer(pages, footer):
    text = write(footer)
    return pages + text + struct.pack("<I", len(text)) + MAGIC


def edit_page(data, column, change):
    """Another header before the first page of a column of the first row group: both stand behind the others, and the
    footer points there."""
    size = struct.unpack("<I", data[-8:-4])[0]
    start = len(data) - 8 - size
    footer, _ = read(data, start)
    meta = footer[4][0][1][column][3]
    is_dictionary = meta.get(11) is not None
    at = meta[11] if is_dictionary else meta[9]
    end = at + meta[7]
    header, body = read(data, at)
    change(header)
    moved = start
    chunk = write(header) + data[body:end]
    if is_dictionary:
        meta[9] += moved - at + (len(write(header)) - (body - at))
        meta[11] = moved
    else:
        meta[9] = moved
    meta[7] = len(chunk)
    return with_footer(data[:start] + chunk, footer)


class Fields(dict):
    """A struct: number of a field -> its value. `types`: number -> type, for fields that are there."""

    def __init__(self):
        super().__init__()
        self.types = {}


class Items(list):
    def __init__(self, kind, items):
        super().__init__(items)
        self.kind = kind


def read(data, at):
    """(the struct at that place, the place behind it)"""
    out = Fields()
    number = 0
    while True:
        byte = data[at]
        at += 1
        if byte == 0:
            return out, at
        kind = byte & 15
        if byte >> 4:
            number += byte >> 4
        else:
            number, at = _number(data, at)
        out.types[number] = BYTE if kind == BYTE else TRUE if kind in (TRUE, FALSE) else kind
        if kind in (TRUE, FALSE):
            out[number] = kind == TRUE
        else:
            out[number], at = _value(data, at, kind)


def write(fields):
    out = bytearray()
    before = 0
    for number in sorted(fields):
        value, kind = fields[number], fields.types[number]
        if value is None:
            continue
        if kind == TRUE and not value:
            kind = FALSE
        step = number - before
        out += bytes([step << 4 | kind]) if 0 < step < 16 else bytes([kind]) + zigzag(number)
        before = number
        if kind not in (TRUE, FALSE):
            out += _written(value, kind)
    return bytes(out) + b"\0"


def _varint(data, at):
    shift = result = 0
    while True:
        byte = data[at]
        at += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, at
        shift += 7


def _number(data, at):
    result, at = _varint(data, at)
    return (result >> 1) ^ -(result & 1), at


def _value(data, at, kind):
    if kind == BYTE:
        return data[at], at + 1
    if kind in (I16, I32, I64):
        return _number(data, at)
    if kind == DOUBLE:
        return struct.unpack("<d", data[at:at + 8])[0], at + 8
    if kind == BINARY:
        size, at = _varint(data, at)
        return data[at:at + size], at + size
    if kind == STRUCT:
        return read(data, at)
    assert kind in (LIST, SET), kind
    size, of = data[at] >> 4, data[at] & 15
    at += 1
    if size == 15:
        size, at = _varint(data, at)
    items = []
    for _ in range(size):
        if of in (TRUE, FALSE):
            item, at = data[at] == 1, at + 1
        else:
            item, at = _value(data, at, of)
        items.append(item)
    return Items(of, items), at


def _written(value, kind):
    if kind == BYTE:
        return bytes([value])
    if kind in (I16, I32, I64):
        return zigzag(value)
    if kind == DOUBLE:
        return struct.pack("<d", value)
    if kind == BINARY:
        return unsigned(len(value)) + value
    if kind == STRUCT:
        return write(value)
    size = getattr(value, "says", len(value))
    head = bytes([size << 4 | value.kind]) if size < 15 else bytes([0xF0 | value.kind]) + unsigned(size)
    if value.kind in (TRUE, FALSE):
        return head + bytes(1 if item else 2 for item in value)
    return head + b"".join(_written(item, value.kind) for item in value)
