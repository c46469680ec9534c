#!/usr/bin/env python3
"""Takes the descriptors of Spark Connect's messages out of a pyspark-client source package.

usage: spark_protocol.py PACKAGE.tar.gz OUT.desc

The package ships no .proto files; each generated `*_pb2.py` holds its file's serialized FileDescriptorProto
as a bytes literal. They become one FileDescriptorSet for protoc, with `optimize_for = CODE_SIZE` in each file:
the generated C++ is then small enough to compile in seconds.
"""

import ast
import sys
import tarfile

FOLDER = "/pyspark/sql/connect/proto/"
NOT_NEEDED = {"example_plugins"}  # not among what base.proto imports

# FileDescriptorProto.options (field 8) holding optimize_for (field 9) = CODE_SIZE (2). Appended, it merges with
# options that are there.
OPTIMIZE_FOR_CODE_SIZE = b"\x42\x02\x48\x02"


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def descriptor_in(source):
    """The literal that is given to AddSerializedFile."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "AddSerializedFile":
            return node.args[0].value
    raise SystemExit("firn: a *_pb2.py file holds no descriptor")


def main(package, out):
    files = {}
    with tarfile.open(package) as archive:
        for member in archive.getmembers():
            name = member.name.rpartition("/")[2].removesuffix("_pb2.py")
            if FOLDER in member.name and member.name.endswith("_pb2.py") and name not in NOT_NEEDED:
                files[name] = descriptor_in(archive.extractfile(member).read())
    with open(out, "wb") as file:
        for name in sorted(files):
            descriptor = files[name] + OPTIMIZE_FOR_CODE_SIZE
            file.write(b"\x0a" + varint(len(descriptor)) + descriptor)


if __name__ == "__main__":
    main(*sys.argv[1:])
