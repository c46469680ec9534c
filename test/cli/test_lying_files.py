"""Files of a table that are sound by themselves and say what is not so: an error that names the file, or the rows as they are."""

import contextlib
import json
import os
import shutil
import struct
import sys
import tempfile
import threading
from pathlib import Path
from subprocess import Popen

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import SLOWER

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import avro_edit  # noqa: E402
import parquet_edit  # noqa: E402

FIRN = os.environ.get("FIRN", str(Path(__file__).resolve().parents[2] / "build/release/firn"))
LONG = bool(os.environ.get("FIRN_TEST_LONG"))
MOST_MEMORY = 1 << 30
MAKE = """
CREATE TABLE db.t (id BIGINT, name STRING) USING iceberg TBLPROPERTIES ('write.delete.mode' = 'merge-on-read');
INSERT INTO db.t SELECT id, concat('name ', id) FROM range(200);
DELETE FROM db.t WHERE id % 10 = 3;
CREATE TABLE db.other (id BIGINT, name STRING) USING iceberg;
INSERT INTO db.other VALUES (1, 'other');
"""
ROWS = "SELECT id, name FROM db.t ORDER BY id"
READS = [ROWS + "; SELECT count(*) AS n, sum(id) AS s, min(name) AS m FROM db.t; SELECT id FROM db.t WHERE id = 7"]
MORE = ["SELECT count(*) FROM db.t", "SELECT id FROM db.t WHERE id = 7", "SELECT * FROM db.t.files", "SELECT * FROM db.t.entries", "SELECT * FROM db.t.manifests",
        "SELECT * FROM db.t.partitions", "SELECT * FROM db.t.all_data_files", "SELECT * FROM db.t.position_deletes",
        "INSERT INTO db.t VALUES (1, 'again')", "DELETE FROM db.t WHERE id = 1", "UPDATE db.t SET name = 'x' WHERE id < 5",
        "CALL system.rewrite_manifests('db.t')", "CALL system.rewrite_data_files('db.t')",
        "CALL system.expire_snapshots(table => 'db.t', older_than => TIMESTAMP '2099-01-01', retain_last => 1)",
        "CALL system.remove_orphan_files(table => 'db.t', dry_run => true)"]
RIGHT, ANY = "right", "any"  # the rows as they are; those or an error


def sql(folder, text):
    """(exit code, rows or nothing, the error); the memory that it took is bounded."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = Popen([FIRN, "sql", "--warehouse", str(folder), "--format", "csv", "-e", text], stdin=open(os.devnull), stdout=out,
                        stderr=err)
        killer = threading.Timer(60 * SLOWER, process.kill)
        killer.start()
        _, status, usage = os.wait4(process.pid, 0)
        killer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        said = err.read().decode(errors="replace")
        assert process.returncode in (0, 1), (text, process.returncode, said[-2000:])
        assert "INTERNAL" not in said, (text, said[-2000:])
        assert usage.ru_maxrss << 10 < MOST_MEMORY * SLOWER, (text, usage.ru_maxrss)
        return process.returncode, out.read().decode(errors="replace"), said


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lies") / "warehouse"
    code, _, err = sql(folder, MAKE)
    assert code == 0, err
    shutil.copytree(folder, folder.with_suffix(".kept"))
    return folder, [sql(folder, text)[1] for text in READS]


@pytest.fixture
def table(made):
    """The table as it was made, in its place."""
    shutil.rmtree(made[0])
    shutil.copytree(made[0].with_suffix(".kept"), made[0])
    return made[0] / "db/t"


def check(made, words):
    """`words`: of the error; RIGHT; ANY."""
    for text, right in zip(READS, made[1]):
        code, out, err = sql(made[0], text)
        if code == 0:
            assert words in (RIGHT, ANY), f"{text}: no error\n{out[:300]}"
            assert out == right, f"{text}: wrong rows\n{out[:300]}"
        else:
            assert words != RIGHT, err
            assert words == ANY or words in err, err
    if LONG:
        for text in MORE:
            sql(made[0], text)


def manifest_of(table, content):
    """The table's data (0) or delete (1) manifest."""
    return next(path for path in sorted(table.glob("metadata/*-m*.avro"))
                if (b"deletes" if content else b"data") == avro_edit.AvroFile(path).meta["content"])


def data_file(table):
    return next(path for path in table.glob("data/**/*.parquet") if "deletes" not in path.name)


def delete_file(table):
    return next(table.glob("data/**/*deletes*.parquet"))


# ---- manifests

def of_file(**values):
    def change(records, meta):
        for record in records:
            record["data_file"].update(values)
    return change


def of_entry(**values):
    def change(records, meta):
        for record in records:
            record.update(values)
    return change


def of_meta(**values):
    def change(records, meta):
        meta.update({name.replace("_", "-"): value for name, value in values.items()})
    return change


def schema_lacks(name):
    """The header's Avro schema has a field under another id and name."""
    def change(records, meta):
        def rename(schema):
            for field in schema["fields"]:
                if field["name"] == name:
                    field.update({"name": "gone", "field-id": 9999})
                if field["name"] == "data_file":
                    rename(field["type"])
        avro_edit.schema_edit(meta, rename)
    return change


def bounds(value):
    return of_file(lower_bounds=value, upper_bounds=value)


def outside(records, meta):
    of_file(file_path="file:///etc/passwd")(records, meta)


MANIFESTS = [  # name, 0 for the data manifest and 1 for the deletes', the lie, words
    ("status_99", 0, of_entry(status=99), "status"),
    ("file_is_missing", 0, of_file(file_path="file:///nowhere/a.parquet"), "/nowhere/a.parquet"),
    ("file_is_no_parquet", 0, outside, "/etc/passwd"),
    ("file_is_a_folder", 0, of_file(file_path="file:///etc"), "/etc"),
    ("file_has_no_path", 0, of_file(file_path=""), "file_path"),
    ("path_with_nul", 0, of_file(file_path="file:///tmp/a\0b.parquet"), "/tmp/a"),
    ("path_of_another_store", 0, of_file(file_path="gopher://a/b.parquet"), "gopher"),
    ("format_unknown", 0, of_file(file_format="EXE"), "EXE"),
    ("no_rows", 0, of_file(record_count=0), "record_count"),
    ("fewer_rows", 0, of_file(record_count=199), "record_count"),
    ("more_rows", 0, of_file(record_count=10**15), "record_count"),
    ("negative_rows", 0, of_file(record_count=-1), "record_count"),
    ("negative_size", 0, of_file(file_size_in_bytes=-1), ANY),
    ("huge_size", 0, of_file(file_size_in_bytes=1 << 62), ANY),
    ("content_7", 0, of_file(content=7), "content"),
    ("deletes_among_data", 0, of_file(content=1), "in a manifest of data"),
    ("data_among_deletes", 1, of_file(content=0), "in a manifest of deletes"),
    ("bounds_too_short", 0, bounds([{"key": 1, "value": b"\0"}]), ANY),
    ("bounds_of_no_column", 0, bounds([{"key": 77, "value": b"\0"}]), RIGHT),
    ("bounds_of_negative_column", 0, bounds([{"key": -(1 << 31), "value": b""}]), RIGHT),
    ("split_offsets_negative", 0, of_file(split_offsets=[-5, 1 << 62]), RIGHT),
    ("counts_negative", 0, of_file(value_counts=[{"key": 1, "value": -1}], null_value_counts=[{"key": 1, "value": -7}]), ANY),
    ("sequence_number_negative", 0, of_entry(sequence_number=-5, file_sequence_number=-5, status=0), ANY),
    ("schema_not_json", 0, of_meta(schema=b"{"), "schema"),
    ("schema_of_another_table", 0, of_meta(schema=b'{"type":"struct","schema-id":0,"fields":[]}'), ANY),
    ("spec_not_json", 0, of_meta(partition_spec=b"["), "partition-spec"),
    ("spec_id_unknown", 0, of_meta(partition_spec_id=b"99"), ANY),
    ("spec_id_no_number", 0, of_meta(partition_spec_id=b"x"), "partition-spec-id"),
    ("version_9", 0, of_meta(format_version=b"9"), "format version 9"),
    ("no_path_in_schema", 0, schema_lacks("file_path"), "file_path"),
    ("no_status_in_schema", 0, schema_lacks("status"), "status"),
    ("no_data_file_in_schema", 0, schema_lacks("data_file"), "data_file"),
    ("delete_file_missing", 1, of_file(file_path="file:///nowhere/d.parquet"), "/nowhere/d.parquet"),
    ("delete_file_outside", 1, outside, "/etc/passwd"),
    ("equality_by_nothing", 1, of_file(content=2, equality_ids=[]), "equality_ids"),
    ("equality_by_no_column", 1, of_file(content=2, equality_ids=[99]), "99"),
    ("equality_file_lacks_the_column", 1, of_file(content=2, equality_ids=[1]), "equality"),
    ("delete_of_kind_9", 1, of_file(content=9), "content"),
    ("puffin_vector", 1, of_file(file_format="PUFFIN"), "delet"),
]


@pytest.mark.parametrize("content, change, words", [row[1:] for row in MANIFESTS], ids=[row[0] for row in MANIFESTS])
def test_manifest(made, table, content, change, words):
    file = manifest_of(table, content)
    file.write_bytes(avro_edit.edit(file, change))
    check(made, words)


BLOCKS = [  # what a block says of itself: records, bytes
    ("more_records", 10**15, None), ("negative_records", -(1 << 62), None), ("huge_block", 1, 1 << 60), ("negative_block", 1, -5),
]


@pytest.mark.parametrize("count, size", [row[1:] for row in BLOCKS], ids=[row[0] for row in BLOCKS])
@pytest.mark.parametrize("kind", ["manifest", "manifest_list"])
def test_block(made, table, kind, count, size):
    file = manifest_of(table, 0) if kind == "manifest" else max(table.glob("metadata/snap-*.avro"), key=lambda p: p.stat().st_mtime_ns)
    meta = avro_edit.AvroFile(file).meta
    meta["avro.codec"] = b"null"
    file.write_bytes(avro_edit.container(meta, count, b"\0" * 40, size))
    check(made, file.name)


@pytest.mark.parametrize("codec", ["deflate"])
def test_a_block_that_unpacks_to_gigabytes(made, table, codec):
    import zlib
    file = manifest_of(table, 0)
    meta = dict(avro_edit.AvroFile(file).meta, **{"avro.codec": b"deflate"})
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = b"".join([packer.compress(bytes(1 << 24)) for _ in range(256)] + [packer.flush()])
    whole = avro_edit.container(dict(meta, **{"avro.codec": b"null"}), 1, body)
    file.write_bytes(whole.replace(b"avro.codec\x08null", b"avro.codec\x0edeflate"))
    check(made, file.name)


def put(table, file, data):
    """The file, and its size in the manifest."""
    file.write_bytes(data)
    manifest = manifest_of(table, 1 if "deletes" in file.name else 0)
    manifest.write_bytes(avro_edit.edit(manifest, of_file(file_size_in_bytes=len(data))))


# ---- manifest lists

def of_list(**values):
    def change(records, meta):
        for record in records:
            record.update(values)
    return change


LISTS = [
    ("manifest_missing", of_list(manifest_path="file:///nowhere/m.avro"), "/nowhere/m.avro"),
    ("manifest_outside", of_list(manifest_path="file:///etc/passwd"), "/etc/passwd"),
    ("manifest_without_path", of_list(manifest_path=""), "manifest_path"),
    ("length_negative", of_list(manifest_length=-1), ANY),
    ("length_short", of_list(manifest_length=10), ANY),
    ("length_huge", of_list(manifest_length=1 << 62), ANY),
    ("content_5", of_list(content=5), "content"),
    ("spec_99", of_list(partition_spec_id=99), "99"),
    ("sequence_negative", of_list(sequence_number=-1, min_sequence_number=-9), ANY),
    ("counts_negative", of_list(added_files_count=-1, existing_files_count=-1, added_rows_count=-5), "added_files_count"),
    ("counts_huge", of_list(added_files_count=(1 << 31) - 1, existing_files_count=(1 << 31) - 1, added_rows_count=1 << 62), ANY),
    ("partitions_too_many", of_list(partitions=[{"contains_null": True, "contains_nan": None, "lower_bound": b"x", "upper_bound": b""}] * 9),
     ANY),
]


@pytest.mark.parametrize("change, words", [row[1:] for row in LISTS], ids=[row[0] for row in LISTS])
def test_manifest_list(made, table, change, words):
    file = max(table.glob("metadata/snap-*.avro"), key=lambda path: path.stat().st_mtime_ns)
    file.write_bytes(avro_edit.edit(file, change))
    check(made, words)


# ---- footers of Parquet: fields by their numbers in parquet.thrift

def footer(*path, value):
    """Sets the field at the end of the path."""
    def change(fields):
        at = fields
        for step in path[:-1]:
            at = at[step]
        if isinstance(at, parquet_edit.Fields):
            at.types[path[-1]] = (parquet_edit.STRUCT if isinstance(value, dict) else
                                  parquet_edit.BINARY if isinstance(value, bytes) else at.types.get(path[-1], parquet_edit.I64))
        at[path[-1]] = value
    return change


def columns_said(count):
    def change(fields):
        fields[2].says = count
    return change


def row_groups_said(count):
    def change(fields):
        fields[4].says = count
    return change


CHUNK = (4, 0, 1, 0)  # the first column of the first row group
FOOTERS = [
    ("rows_none", footer(3, value=0), ANY),
    ("rows_fewer", footer(3, value=150), "record_count"),
    ("rows_negative", footer(3, value=-1), ANY),
    ("rows_huge", footer(3, value=1 << 62), "record_count"),
    ("group_rows_fewer", footer(4, 0, 3, value=150), ANY),
    ("group_rows_more", footer(4, 0, 3, value=250), ANY),
    ("group_rows_negative", footer(4, 0, 3, value=-1), ANY),
    ("group_rows_huge", footer(4, 0, 3, value=1 << 62), ANY),
    ("values_fewer", footer(*CHUNK, 3, 5, value=10), ANY),
    ("values_negative", footer(*CHUNK, 3, 5, value=-10), ANY),
    ("values_huge", footer(*CHUNK, 3, 5, value=1 << 62), ANY),
    ("column_of_other_type", footer(*CHUNK, 3, 1, value=5), ANY),
    ("schema_of_other_type", footer(2, 1, 1, value=7), ANY),
    ("schema_type_99", footer(2, 1, 1, value=99), ANY),
    ("children_huge", footer(2, 0, 5, value=(1 << 31) - 1), ANY),
    ("children_negative", footer(2, 0, 5, value=-1), ANY),
    ("children_fewer", footer(2, 0, 5, value=1), ANY),
    ("length_negative", footer(2, 1, 2, value=-4), ANY),
    ("codec_99", footer(*CHUNK, 3, 4, value=99), ANY),
    ("codec_other", footer(*CHUNK, 3, 4, value=2), ANY),
    ("page_negative", footer(*CHUNK, 3, 9, value=-100), ANY),
    ("page_outside", footer(*CHUNK, 3, 9, value=1 << 40), ANY),
    ("page_at_0", footer(*CHUNK, 3, 9, value=0), ANY),
    ("chunk_size_huge", footer(*CHUNK, 3, 7, value=1 << 62), ANY),
    ("chunk_size_negative", footer(*CHUNK, 3, 7, value=-1), ANY),
    ("chunk_in_another_file", footer(*CHUNK, 1, value=b"/etc/passwd"), ANY),
    ("schema_list_said_long", columns_said(1 << 31), ANY),
    ("row_groups_said_many", row_groups_said(1 << 31), ANY),
    ("row_groups_none", lambda fields: fields[4].clear(), ANY),
    ("no_columns", lambda fields: fields[4][0][1].clear(), ANY),
    ("no_schema", lambda fields: fields[2].clear(), ANY),
    ("no_version", lambda fields: fields.pop(1), ANY),
    ("field_ids_swapped", lambda fields: (fields[2][1].update({9: 2}), fields[2][2].update({9: 1})), ANY),
    ("field_ids_same", lambda fields: fields[2][2].update({9: 1}), "field id 1"),
    ("encryption_of_nothing", footer(8, value=parquet_edit.Fields()), ANY),
]


def expect_file(made, file, words):
    """An error names the file too."""
    for text, right in zip(READS, made[1]):
        code, out, err = sql(made[0], text)
        if code == 0:
            assert words in (RIGHT, ANY) and out == right, f"{text}: wrong rows\n{out[:300]}"
        else:
            assert file.name in err and (words in (RIGHT, ANY) or words in err), err


@pytest.mark.parametrize("change, words", [row[1:] for row in FOOTERS], ids=[row[0] for row in FOOTERS])
def test_footer(made, table, change, words):
    file = data_file(table)
    put(table, file, parquet_edit.edit_footer(file.read_bytes(), change))
    expect_file(made, file, words)


PAGES = [  # fields of the first page's header
    ("unpacked_huge", {2: (1 << 31) - 1}), ("unpacked_negative", {2: -1}), ("unpacked_small", {2: 3}), ("unpacked_0", {2: 0}),
    ("packed_huge", {3: (1 << 31) - 1}), ("packed_negative", {3: -1}), ("packed_0", {3: 0}), ("kind_77", {1: 77}), ("kind_index", {1: 1}),
]


@pytest.mark.parametrize("values", [row[1] for row in PAGES], ids=[row[0] for row in PAGES])
@pytest.mark.parametrize("column", [0, 1])
def test_page(made, table, column, values):
    file = data_file(table)
    put(table, file, parquet_edit.edit_page(file.read_bytes(), column, lambda header: header.update(values)))
    expect_file(made, file, ANY)


INNER = [("values_huge", 1, (1 << 31) - 1), ("values_negative", 1, -1), ("values_fewer", 1, 3), ("encoding_99", 2, 99), ("encoding_delta", 2, 5)]


@pytest.mark.parametrize("number, value", [row[1:] for row in INNER], ids=[row[0] for row in INNER])
@pytest.mark.parametrize("column", [0, 1])
def test_page_of_values(made, table, column, number, value):
    def change(header):
        inner = next(header[kind] for kind in (5, 7, 8) if kind in header)
        inner[number] = value

    file = data_file(table)
    put(table, file, parquet_edit.edit_page(file.read_bytes(), column, change))
    expect_file(made, file, ANY)


def tail(size, magic=b"PAR1"):
    return lambda data: data[:-8] + struct.pack("<I", size) + magic


WHOLES = [
    ("empty", lambda data: b""), ("magic_alone", lambda data: b"PAR1"), ("two_magics", lambda data: b"PAR1PAR1"),
    ("footer_huge", tail(0xFFFFFFFF)), ("footer_0", tail(0)), ("footer_of_the_whole", lambda data: tail(len(data) - 8)(data)),
    ("encrypted", lambda data: tail(struct.unpack("<I", data[-8:-4])[0], b"PARE")(data)), ("no_magic", lambda data: data[:-4] + b"XXXX"),
    ("half", lambda data: data[:len(data) // 2]), ("twice", lambda data: data + data), ("nul", lambda data: bytes(len(data))),
    ("deep_footer", lambda data: b"PAR1" + b"\x1c" * 1_000_000 + struct.pack("<I", 1_000_000) + b"PAR1"),
    ("deep_lists", lambda data: b"PAR1" + b"\x59\x19" + b"\x19" * 1_000_000 + struct.pack("<I", 1_000_002) + b"PAR1"),
]


@pytest.mark.parametrize("change", [row[1] for row in WHOLES], ids=[row[0] for row in WHOLES])
@pytest.mark.parametrize("which", [data_file, delete_file], ids=["data", "delete"])
def test_whole_file(made, table, which, change):
    file = which(table)
    put(table, file, change(file.read_bytes()))
    expect_file(made, file, ANY)


# ---- position deletes

def ids(field):
    return {b"PARQUET:field_id": str(field).encode()}


PATH, POSITION = 2147483546, 2147483545


def positions(kind, values, path_kind=pa.string(), paths=None, names=("file_path", "pos"), with_ids=True, drop=()):
    """What the delete file becomes; None among `paths` stands for the data file."""
    def write(file, data):
        given = [data if path is Ellipsis else path for path in (paths or [...] * len(values))]
        fields = [pa.field(names[0], path_kind, metadata=ids(PATH) if with_ids else None),
                  pa.field(names[1], kind, metadata=ids(POSITION) if with_ids else None)]
        columns = [pa.array(given, path_kind), pa.array(values, kind)]
        kept = [i for i in range(2) if i not in drop]
        pq.write_table(pa.table([columns[i] for i in kept], schema=pa.schema([fields[i] for i in kept])), file)
    return write


GONE = [position for position in range(200) if position % 10 == 3]
POSITIONS = [
    ("as_they_were", positions(pa.int64(), GONE), RIGHT),
    ("names_do_not_matter", positions(pa.int64(), GONE, names=("p", "q")), RIGHT),
    ("no_field_ids", positions(pa.int64(), GONE, with_ids=False), RIGHT),
    ("unsorted_and_twice", positions(pa.int64(), (GONE + GONE)[::-1]), RIGHT),
    ("beyond_the_end", positions(pa.int64(), GONE + [200, 10**15, (1 << 63) - 1]), ANY),
    ("negative", positions(pa.int64(), [-1] + GONE), "pos"),
    ("of_other_files", positions(pa.int64(), GONE + [1, 2], paths=[...] * 20 + ["file:///x", "file:///y"]), RIGHT),
    ("position_null", positions(pa.int64(), [None] + GONE), "pos"),
    ("path_null", positions(pa.int64(), GONE + [1], paths=[...] * 20 + [None]), "file_path"),
    ("position_int", positions(pa.int32(), GONE), ANY),
    ("position_text", positions(pa.string(), [str(n) for n in GONE]), "pos"),
    ("position_double", positions(pa.float64(), [float(n) for n in GONE]), "pos"),
    ("position_list", positions(pa.list_(pa.int64()), [[n] for n in GONE]), "pos"),
    ("path_number", positions(pa.int64(), GONE, path_kind=pa.int32(), paths=[7] * 20), "file_path"),
    ("no_position", positions(pa.int64(), GONE, drop=[1]), "pos"),
    ("no_path", positions(pa.int64(), GONE, drop=[0]), "file_path"),
]


@pytest.mark.parametrize("write, words", [row[1:] for row in POSITIONS], ids=[row[0] for row in POSITIONS])
def test_positions(made, table, write, words):
    file = delete_file(table)
    data = next(record["data_file"]["file_path"] for record in avro_edit.AvroFile(manifest_of(table, 0)).records)
    write(file, data)
    size = file.stat().st_size
    manifest = manifest_of(table, 1)
    manifest.write_bytes(avro_edit.edit(manifest, of_file(file_size_in_bytes=size)))
    expect_file(made, file, words)


# ---- equality deletes

def equality(columns, equality_ids):
    def write(file):
        fields = [pa.field(name, kind, metadata=ids(number) if number else None) for name, number, kind, _ in columns]
        pq.write_table(pa.table([pa.array(values, kind) for _, _, kind, values in columns], schema=pa.schema(fields)), file)
    return write, equality_ids


EQUALITY = [  # (columns of the file: name, id, type, values), equality_ids, words
    ("sound", *equality([("id", 1, pa.int64(), GONE)], [1]), RIGHT),
    ("renamed", *equality([("x", 1, pa.int64(), GONE)], [1]), RIGHT),
    ("column_missing", *equality([("name", 2, pa.string(), ["name 3"])], [1]), "id"),
    ("one_of_two_missing", *equality([("id", 1, pa.int64(), GONE)], [1, 2]), "name"),
    ("no_such_column", *equality([("id", 1, pa.int64(), GONE)], [99]), "99"),
    ("negative_column", *equality([("id", 1, pa.int64(), GONE)], [-1]), "-1"),
    ("text_for_number", *equality([("id", 1, pa.string(), ["not a number"])], [1]), "id"),
    ("list_for_number", *equality([("id", 1, pa.list_(pa.int64()), [[3]])], [1]), "id"),
    ("none", *equality([("id", 1, pa.int64(), GONE)], []), "equality_ids"),
]


@pytest.mark.parametrize("write, equality_ids, words", [row[1:] for row in EQUALITY], ids=[row[0] for row in EQUALITY])
def test_equality(made, table, write, equality_ids, words):
    file = delete_file(table)
    write(file)
    manifest = manifest_of(table, 1)

    def change(records, meta):
        for record in records:
            record["data_file"].update({key: value for key, value in [
                ("content", 2), ("equality_ids", equality_ids), ("file_size_in_bytes", file.stat().st_size),
                ("lower_bounds", None), ("upper_bounds", None)]})
            if "referenced_data_file" in record["data_file"]:
                record["data_file"]["referenced_data_file"] = None

    manifest.write_bytes(avro_edit.edit(manifest, change))
    expect_file(made, file, words)


# ---- the whole table at once

def test_the_lies_of_the_catalog(made, table):
    """A catalog that points at no metadata file, at another table's, at what is no metadata."""
    import sqlite3
    other = max((table.parent / "other/metadata").glob("*.metadata.json"))
    rows = [("file:///nowhere/1.metadata.json", "/nowhere/1.metadata.json"), (str(table), "db"), ("", "Cannot open"),
            ("file:///etc/passwd", "/etc/passwd: not valid JSON"), (f"file://{other}", None)]
    for location, words in rows:
        with contextlib.closing(sqlite3.connect(made[0] / "catalog.db")) as catalog, catalog:
            catalog.execute("UPDATE iceberg_tables SET metadata_location = ? WHERE table_name = 't'", (location,))
        code, out, err = sql(made[0], ROWS)
        if words is None:
            assert code == 0 and "other" in out, err
        else:
            assert code == 1 and words in err, (location, out[:200], err)


def test_read_back(made, table):
    """The edits by themselves change nothing."""
    data, manifest = data_file(table), manifest_of(table, 0)
    put(table, data, parquet_edit.edit_footer(data.read_bytes(), lambda fields: None))
    manifest.write_bytes(avro_edit.edit(manifest, lambda records, meta: None))
    check(made, RIGHT)
    put(table, data, parquet_edit.edit_page(data.read_bytes(), 0, lambda header: None))
    check(made, RIGHT)
    assert json.loads(avro_edit.AvroFile(manifest).meta["schema"])["type"] == "struct"
