"""Avro container files, their records changed and written again under the schema that they had."""

import json
import struct
import sys
import zlib
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parent / "interop")]
from avro_file import MAGIC, AvroFile  # noqa: E402
from varint import zigzag  # noqa: E402

_SYNC = bytes(range(16))


def edit(path, change):
    """`change(records, meta)` changes both in place; `meta["avro.schema"]` is what the file then says, not how it is written."""
    file = AvroFile(path)
    schema = file.schema
    meta = dict(file.meta)
    meta["avro.codec"] = b"null"
    change(file.records, meta)
    named = {}
    body = b"".join(_encode(schema, record, named) for record in file.records)
    return container(meta, len(file.records), body)


def container(meta, count, body, size=None):
    """A file of one block. `count` and `size` are what the block says of itself."""
    header = b"".join(_bytes(key.encode()) + _bytes(value) for key, value in meta.items())
    if meta.get("avro.codec") == b"deflate":
        body = zlib.compress(body)[2:-4]
    block = zigzag(count) + zigzag(len(body) if size is None else size) + body + _SYNC
    return MAGIC + zigzag(len(meta)) + header + b"\0" + _SYNC + (block if count else b"")


def schema_edit(meta, change):
    """Changes the header's schema as JSON."""
    schema = json.loads(meta["avro.schema"])
    change(schema)
    meta["avro.schema"] = json.dumps(schema).encode()


def _bytes(value):
    return zigzag(len(value)) + value


def _encode(schema, value, named):
    if isinstance(schema, list):
        branch = next((i for i, kind in enumerate(schema) if (kind == "null") == (value is None)), 0)
        return zigzag(branch) + _encode(schema[branch], value, named)
    if isinstance(schema, str):
        return _encode(named[schema], value, named) if schema in named else _primitive(schema, value)
    if "name" in schema:
        named[schema["name"]] = schema
    kind = schema["type"]
    if kind == "record":
        return b"".join(_encode(field["type"], value[field["name"]], named) for field in schema["fields"])
    if kind == "array":
        items = b"".join(_encode(schema["items"], item, named) for item in value)
        return (zigzag(len(value)) + items if value else b"") + b"\0"
    if kind == "map":
        items = b"".join(_bytes(key.encode()) + _encode(schema["values"], item, named) for key, item in value.items())
        return (zigzag(len(value)) + items if value else b"") + b"\0"
    if kind == "fixed":
        return value
    return _encode(kind, value, named)


def _primitive(kind, value):
    if kind == "null":
        return b""
    if kind == "boolean":
        return b"\1" if value else b"\0"
    if kind in ("int", "long"):
        return zigzag(value)
    if kind in ("float", "double"):
        return struct.pack("<f" if kind == "float" else "<d", value)
    return _bytes(value.encode() if isinstance(value, str) else value)
