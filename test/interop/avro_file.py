"""Reads Avro object container files as they stand, without any table format's ideas: header, schema, records."""

import io
import json
import zlib

MAGIC = b"Obj\x01"


class AvroFile:
    """`meta`: the header's key-values; `schema`: its JSON; `records`: values as written (unions without their branch)."""

    def __init__(self, path):
        with open(path, "rb") as file:
            stream = io.BytesIO(file.read())
        assert stream.read(4) == MAGIC, f"{path} is not an Avro file"
        self.meta = _read_meta(stream)
        self.schema = json.loads(self.meta["avro.schema"])
        sync = stream.read(16)
        self.records = []
        while True:
            start = stream.read(1)
            if not start:
                break
            stream.seek(-1, io.SEEK_CUR)
            count = _long(stream)
            block = self._inflate(stream.read(_long(stream)))
            self.records += [_value(self.schema, block, {}) for _ in range(count)]
            assert stream.read(16) == sync, "sync marker"

    def _inflate(self, data):
        codec = self.meta.get("avro.codec", b"null").decode()
        assert codec in ("null", "deflate"), codec
        return io.BytesIO(zlib.decompress(data, -15) if codec == "deflate" else data)


def _read_meta(stream):
    meta = {}
    while True:
        count = _long(stream)
        if count == 0:
            return meta
        if count < 0:
            count = -count
            _long(stream)
        for _ in range(count):
            key = stream.read(_long(stream)).decode()
            meta[key] = stream.read(_long(stream))


def _long(stream):
    shift = result = 0
    while True:
        byte = stream.read(1)[0]
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (result >> 1) ^ -(result & 1)
        shift += 7


def _value(schema, stream, named):
    if isinstance(schema, list):
        return _value(schema[_long(stream)], stream, named)
    if isinstance(schema, dict):
        if "name" in schema:
            named[schema["name"]] = schema
        kind = schema["type"]
        if kind == "record":
            return {field["name"]: _value(field["type"], stream, named) for field in schema["fields"]}
        if kind == "array":
            return _blocks(stream, lambda: _value(schema["items"], stream, named))
        if kind == "map":
            return dict(_blocks(stream, lambda: (_text(stream), _value(schema["values"], stream, named))))
        if kind == "fixed":
            return stream.read(schema["size"])
        return _value(kind, stream, named)
    return _named_or_primitive(schema, stream, named)


def _named_or_primitive(name, stream, named):
    import struct

    if name in named:
        return _value(named[name], stream, named)
    if name == "null":
        return None
    if name == "boolean":
        return stream.read(1) == b"\x01"
    if name in ("int", "long"):
        return _long(stream)
    if name == "float":
        return struct.unpack("<f", stream.read(4))[0]
    if name == "double":
        return struct.unpack("<d", stream.read(8))[0]
    if name == "bytes":
        return stream.read(_long(stream))
    assert name == "string", name
    return _text(stream)


def _text(stream):
    return stream.read(_long(stream)).decode()


def _blocks(stream, read):
    items = []
    while True:
        count = _long(stream)
        if count == 0:
            return items
        if count < 0:
            count = -count
            _long(stream)
        items += [read() for _ in range(count)]


def fields_of(schema):
    """(record name, field) of every record in a schema, nested ones included."""
    if isinstance(schema, list):
        for branch in schema:
            yield from fields_of(branch)
    elif isinstance(schema, dict):
        if schema["type"] == "record":
            for field in schema["fields"]:
                yield schema["name"], field
                yield from fields_of(field["type"])
        elif schema["type"] == "array":
            yield from fields_of(schema["items"])
        elif isinstance(schema["type"], (dict, list)):
            yield from fields_of(schema["type"])
