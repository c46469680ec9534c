"""Makes avro/*.avro with Apache's own Java library, out of PySpark's jars: another writer's files. Run with the Python that has pyspark."""

import json
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCHEMA = {"type": "record", "name": "top", "namespace": "a.b", "fields": [
    {"name": "i", "type": "int"}, {"name": "l", "type": ["null", "long"]}, {"name": "f", "type": "float"}, {"name": "d", "type": "double"},
    {"name": "b", "type": "boolean"}, {"name": "s", "type": ["string", "null"]}, {"name": "y", "type": "bytes"},
    {"name": "e", "type": {"type": "enum", "name": "suit", "symbols": ["HEARTS", "SPADES"]}},
    {"name": "x", "type": {"type": "fixed", "name": "two", "size": 2}},
    {"name": "day", "type": {"type": "int", "logicalType": "date"}},
    {"name": "ms", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "us", "type": {"type": "long", "logicalType": "timestamp-micros"}},
    {"name": "local", "type": {"type": "long", "logicalType": "local-timestamp-micros"}},
    {"name": "m", "type": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}},
    {"name": "u", "type": ["int", "long"]}, {"name": "w", "type": ["null", "int", "string"]},
    {"name": "xs", "type": {"type": "array", "items": ["null", "int"]}},
    {"name": "kv", "type": {"type": "map", "values": "string"}},
    {"name": "r", "type": ["null", {"type": "record", "name": "inner", "fields": [{"name": "p", "type": "two"}]}]}]}
ROWS = [
    {"i": 1, "l": {"long": 2}, "f": 1.5, "d": -2.5, "b": True, "s": {"string": "é"}, "y": "\u0000\u00ff", "e": "SPADES", "x": "ab", "day": 19724, "ms": 1704164645678,
     "us": 1704164645678901, "local": 1704164645678901, "m": "\u0004\u00d2", "u": {"long": 3000000000}, "w": {"string": "t"}, "xs": [{"int": 1}, None], "kv": {"k": "v"},
     "r": {"a.b.inner": {"p": "cd"}}},
    {"i": -1, "l": None, "f": 0.0, "d": 0.0, "b": False, "s": None, "y": "", "e": "HEARTS", "x": "\u0000\u0001", "day": -1, "ms": -1, "us": -1, "local": 0, "m": "\u00ff",
     "u": {"int": 5}, "w": None, "xs": [], "kv": {}, "r": None},
    {"i": 0, "l": None, "f": 0.0, "d": 0.0, "b": False, "s": None, "y": "", "e": "HEARTS", "x": "\u0000\u0001", "day": 0, "ms": 0, "us": 0, "local": 0, "m": "\u0000",
     "u": {"int": 0}, "w": {"int": 7}, "xs": [None], "kv": {"": ""}, "r": None}]


def main():
    from pyspark.java_gateway import launch_gateway

    gateway = launch_gateway()
    jvm = gateway.jvm
    schema = getattr(jvm.org.apache.avro, "Schema$Parser")().parse(json.dumps(SCHEMA))
    generic = jvm.org.apache.avro.generic
    (HERE / "avro").mkdir(exist_ok=True)
    for codec in ("null", "deflate", "snappy", "bzip2", "zstandard"):
        writer = jvm.org.apache.avro.file.DataFileWriter(generic.GenericDatumWriter(schema))
        writer.setCodec(jvm.org.apache.avro.file.CodecFactory.fromString(codec))
        writer.create(schema, jvm.java.io.File(str(HERE / f"avro/{codec}.avro")))
        for row in ROWS:
            decoder = jvm.org.apache.avro.io.DecoderFactory.get().jsonDecoder(schema, json.dumps(row))
            writer.append(generic.GenericDatumReader(schema).read(None, decoder))
        writer.close()
    gateway.shutdown()


if __name__ == "__main__":
    main()
