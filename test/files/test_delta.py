"""Delta tables: log, checkpoint, versions, partitions, column mapping, deletion vectors."""

import json
import struct

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Z85 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
SCHEMA = {"type": "struct", "fields": [
    {"name": "id", "type": "long", "nullable": True, "metadata": {}},
    {"name": "name", "type": "string", "nullable": True, "metadata": {}},
    {"name": "day", "type": "date", "nullable": True, "metadata": {}},
]}


def base85(data):
    text = ""
    for (word,) in struct.iter_unpack(">I", data):
        digits = ""
        for _ in range(5):
            digits = Z85[word % 85] + digits
            word //= 85
        text += digits
    return text


def roaring(rows):
    """One array container of the portable format in Delta's frame."""
    container = struct.pack("<IIHHI", 12346, 1, 0, len(rows) - 1, 16) + b"".join(struct.pack("<H", row) for row in rows)
    return struct.pack("<IQI", 1681511377, 1, 0) + container


class Delta:
    def __init__(self, folder):
        self.folder = folder
        (folder / "_delta_log").mkdir(parents=True)
        self.version = -1

    def commit(self, *actions):
        self.version += 1
        text = "".join(json.dumps(action) + "\n" for action in actions)
        (self.folder / f"_delta_log/{self.version:020}.json").write_text(text)

    def create(self, schema=SCHEMA, partitions=("day",), configuration=None, protocol=None):
        self.commit({"protocol": protocol or {"minReaderVersion": 1, "minWriterVersion": 2}},
                    {"metaData": {"id": "x", "format": {"provider": "parquet", "options": {}}, "schemaString": json.dumps(schema),
                                  "partitionColumns": list(partitions), "configuration": configuration or {}}})

    def add(self, path, columns, partition, **more):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), file)
        return {"add": {"path": path, "partitionValues": partition, "size": file.stat().st_size, "modificationTime": 0, "dataChange": True, **more}}


@pytest.fixture
def delta(tmp_path):
    return Delta(tmp_path / "t")


def test_versions_partitions_and_removal(firn, delta):
    delta.create()
    delta.commit(delta.add("day=2024-01-01/a%20b.parquet", {"id": [1, 2], "name": ["x", None]}, {"day": "2024-01-01"}))
    (delta.folder / "day=2024-01-01/a%20b.parquet").rename(delta.folder / "day=2024-01-01/a b.parquet")
    delta.commit(delta.add("c.parquet", {"id": [3], "name": ["z"]}, {"day": None}))
    delta.commit({"remove": {"path": "c.parquet", "dataChange": True}})
    table = f"delta.`{delta.folder}`"
    assert firn.query(f"SELECT * FROM {table} ORDER BY id") == (
        [["id", "bigint"], ["name", "string"], ["day", "date"]], [["1", "x", "2024-01-01"], ["2", None, "2024-01-01"]])
    assert firn.query(f"SELECT id, day FROM {table} WITH (versionAsOf = '2') ORDER BY id")[1] == [["1", "2024-01-01"], ["2", "2024-01-01"], ["3", None]]
    assert firn.query(f"SELECT count(*) FROM {table} WITH (versionAsOf = '0')")[1] == [["0"]]
    assert firn.query(f"SELECT id FROM {table} WHERE day = DATE'2024-01-01' AND id > 1")[1] == [["2"]]
    assert "Available versions" in firn.run(f"SELECT * FROM {table} WITH (versionAsOf = '9')")[0]["message"]
    assert firn.run(f"SELECT * FROM delta.`{delta.folder}/none`")[0]["condition"] == "PATH_NOT_FOUND"


def test_checkpoint(firn, delta):
    delta.create(partitions=())
    delta.commit(delta.add("a.parquet", {"id": [1]}, {}))
    rows = [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}, "metaData": None, "add": None},
            {"protocol": None, "metaData": {"id": "x", "schemaString": json.dumps(SCHEMA), "partitionColumns": ["day"]}, "add": None},
            {"protocol": None, "metaData": None, "add": {"path": "a.parquet", "partitionValues": [("day", "2024-05-06")], "size": 1, "modificationTime": 0}}]
    schema = pa.schema([
        ("protocol", pa.struct([("minReaderVersion", pa.int32()), ("minWriterVersion", pa.int32())])),
        ("metaData", pa.struct([("id", pa.string()), ("schemaString", pa.string()), ("partitionColumns", pa.list_(pa.string()))])),
        ("add", pa.struct([("path", pa.string()), ("partitionValues", pa.map_(pa.string(), pa.string())), ("size", pa.int64()), ("modificationTime", pa.int64())]))])
    pq.write_table(pa.Table.from_pylist(rows, schema), delta.folder / "_delta_log/00000000000000000001.checkpoint.parquet")
    for version in (0, 1):
        (delta.folder / f"_delta_log/{version:020}.json").unlink()
    delta.commit(delta.add("b.parquet", {"id": [2], "name": ["n"]}, {"day": None}))
    assert firn.query(f"SELECT * FROM delta.`{delta.folder}` ORDER BY id")[1] == [["1", None, "2024-05-06"], ["2", "n", None]]


@pytest.mark.parametrize("storage", ["inline", "file"])
def test_deletion_vectors(firn, delta, storage):
    delta.create(partitions=(), protocol={"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"]})
    data = roaring([1, 3])
    if storage == "inline":
        padded = data + b"\0" * (-len(data) % 4)
        vector = {"storageType": "i", "pathOrInlineDv": base85(padded), "sizeInBytes": len(data), "cardinality": 2}
    else:
        uuid = bytes(range(16))
        name = "deletion_vector_00010203-0405-0607-0809-0a0b0c0d0e0f.bin"
        (delta.folder / name).write_bytes(b"\x01" + struct.pack(">i", len(data)) + data + b"\0\0\0\0")
        vector = {"storageType": "u", "pathOrInlineDv": base85(uuid), "offset": 1, "sizeInBytes": len(data), "cardinality": 2}
    delta.commit(delta.add("a.parquet", {"id": [10, 11, 12, 13, 14]}, {}, deletionVector=vector),
                 delta.add("b.parquet", {"id": [20, 21]}, {}))
    assert firn.query(f"SELECT id FROM delta.`{delta.folder}` ORDER BY id")[1] == [["10"], ["12"], ["14"], ["20"], ["21"]]


def test_column_mapping(firn, delta):
    def named(name, physical, type):
        return {"name": name, "type": type, "nullable": True, "metadata": {"delta.columnMapping.physicalName": physical, "delta.columnMapping.id": 1}}

    schema = {"type": "struct", "fields": [named("the id", "col-1", "long"),
                                           named("s", "col-2", {"type": "struct", "fields": [named("inner", "col-3", "string")]})]}
    delta.create(schema=schema, partitions=(), configuration={"delta.columnMapping.mode": "name"},
                 protocol={"minReaderVersion": 2, "minWriterVersion": 5})
    delta.commit(delta.add("a.parquet", {"col-1": [1], "col-2": [{"col-3": "x"}]}, {}))
    assert firn.query(f"SELECT `the id`, s.inner FROM delta.`{delta.folder}`")[1] == [["1", "x"]]


def test_unknown_features_are_refused(firn, delta):
    delta.create(protocol={"minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": ["variantType"], "writerFeatures": []})
    answer = firn.run(f"SELECT * FROM delta.`{delta.folder}`")[0]
    assert answer["condition"] == "UNSUPPORTED_FEATURE.FIRN" and "variantType" in answer["message"]


def test_version_at_a_time(firn, delta):
    import os

    delta.create(partitions=())
    delta.commit(delta.add("a.parquet", {"id": [1]}, {}))
    delta.commit(delta.add("b.parquet", {"id": [2]}, {}))
    for version, second in enumerate((1704067200, 1704153600, 1704240000)):  # 2024-01-01, -02, -03
        os.utime(delta.folder / f"_delta_log/{version:020}.json", (second, second))
    table = f"delta.`{delta.folder}`"
    assert firn.query(f"SELECT id FROM {table} WITH (timestampAsOf = '2024-01-02 12:00:00')")[1] == [["1"]]
    assert firn.query(f"SELECT count(*) FROM {table} WITH (timestampAsOf = '2024-01-01')")[1] == [["0"]]
    assert firn.query(f"SELECT count(*) FROM {table} WITH (timestampAsOf = '2030-01-01')")[1] == [["2"]]
    assert "before the earliest version" in firn.run(f"SELECT * FROM {table} WITH (timestampAsOf = '2020-01-01')")[0]["message"]
