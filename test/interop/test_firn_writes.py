"""What firn writes, other readers read: rows, types, partitions, metrics, and the bytes of metadata and manifests."""

import datetime
import json
import re
from pathlib import Path

import pytest

from avro_file import AvroFile, fields_of
from data import COLUMNS, PYICEBERG_CONFUSES, TRANSFORM_GROUPS, group_name, insert_select, table_columns, which_rows
from engines import assert_same, of_arrow, of_firn, of_spark, plain


def fill(firn, table, nested=True):
    firn.run("; ".join(f"INSERT INTO {table} {query}" for query in insert_select(nested)))


@pytest.fixture(scope="module")
def every_type(firn):
    """A table of firn's with a column of every type, written in four commits."""
    firn.run("CREATE NAMESPACE written; CREATE TABLE written.every_type (" + table_columns() + ") USING iceberg")
    fill(firn, "written.every_type")
    return "written.every_type"


def location(spark, table):
    return Path(spark.sql(f"DESCRIBE TABLE EXTENDED {table}").where("col_name = 'Location'").first()["data_type"])


def current_metadata(spark, table):
    log = spark.sql(f"SELECT file FROM {table}.metadata_log_entries ORDER BY timestamp, file").collect()
    return json.loads(Path(log[-1]["file"]).read_text())


def manifest_list(spark, table):
    row = spark.sql(f"SELECT manifest_list FROM {table}.snapshots ORDER BY committed_at DESC, snapshot_id").first()
    metadata = current_metadata(spark, table)
    current = metadata["current-snapshot-id"]
    return next(s["manifest-list"] for s in metadata["snapshots"] if s["snapshot-id"] == current) or row[0]


def manifests(spark, table):
    return [record["manifest_path"] for record in AvroFile(manifest_list(spark, table)).records]


# ---- rows


def test_spark_reads_every_type(spark, reference, every_type):
    want = of_spark(spark, f"SELECT * FROM {reference}")
    assert len(want) == 4
    assert_same(of_spark(spark, f"SELECT * FROM {every_type}"), want)


def test_spark_sees_the_declared_types(spark, every_type):
    want = dict(f.split(" ", 1) for f in ["id INT"] + [f"{c[0]} {c[1]}" for c in COLUMNS])
    got = {row["col_name"]: row["data_type"].upper() for row in spark.sql(f"DESCRIBE TABLE {every_type}").collect()}
    assert {name: got[name] for name in want} == want


def test_pyiceberg_reads_every_type(spark, pyiceberg, every_type):
    columns = [c for c in spark.table(every_type).columns if c not in PYICEBERG_CONFUSES]
    want = of_spark(spark, f"SELECT {', '.join(columns)} FROM {every_type}")
    assert of_arrow(pyiceberg.load_table(every_type).scan(selected_fields=tuple(columns)).to_arrow()) == want


def test_firn_reads_its_own_rows(firn, spark, every_type):
    want = of_spark(spark, f"SELECT * FROM {every_type}")
    assert_same(of_firn(firn.rows(f"SELECT * FROM {every_type}"), like=want), want)


@pytest.mark.parametrize("name", [c[0] for c in COLUMNS])
def test_filters_find_the_right_rows(firn, expected_rows, every_type, name):
    """Pruning by bounds loses no row (Iceberg's Java library loses NaN, which is the greatest, so Spark's table scan is no judge)."""
    want = expected_rows(name)
    assert_same(of_firn(firn.rows(which_rows(every_type, name)), like=want), want)


# ---- partitions


@pytest.mark.parametrize("group", TRANSFORM_GROUPS, ids=group_name)
def test_partition_values_are_what_spark_computes(firn, spark, expected_rows, space, group):
    table = f"{space}.t"
    transforms = ", ".join(transform for transform, _, _ in group)
    firn.run(f"CREATE TABLE {table} ({table_columns(nested=False)}) USING iceberg PARTITIONED BY ({transforms})")
    fill(firn, table, nested=False)
    fields = current_metadata(spark, table)["partition-specs"][0]["fields"]
    pairs = [f"_partition.{field['name']} AS stored_{n}, {function.format(column)} AS computed_{n}"
             for n, (field, (_, column, function)) in enumerate(zip(fields, group))]
    rows = spark.sql(f"SELECT {', '.join(pairs)} FROM {table}").collect()
    assert len(rows) == 4
    for row in rows:
        for n, (transform, _, _) in enumerate(group):
            assert plain(row[f"stored_{n}"]) == plain(row[f"computed_{n}"]), transform
    for column in {column for _, column, _ in group}:
        want = expected_rows(column)
        assert_same(of_firn(firn.rows(which_rows(table, column)), like=want), want, column)


def test_partition_field_names_are_icebergs(firn, spark, space):
    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} (i INT, s STRING, t TIMESTAMP) USING iceberg "
             "PARTITIONED BY (i, bucket(4, i), truncate(2, s), days(t))")
    fields = current_metadata(spark, table)["partition-specs"][0]["fields"]
    assert [f["name"] for f in fields] == ["i", "i_bucket", "s_trunc", "t_day"]
    assert [f["transform"] for f in fields] == ["identity", "bucket[4]", "truncate[2]", "day"]
    assert [f["field-id"] for f in fields] == [1000, 1001, 1002, 1003]
    assert all("source-ids" not in f for f in fields)


def test_partition_paths_are_encoded(firn, spark, space):
    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} (s STRING, t TIMESTAMP) USING iceberg PARTITIONED BY (s, hours(t)); "
             f"INSERT INTO {table} SELECT 'a b/c=d', TIMESTAMP '2017-11-16 22:31:08 UTC'")
    path = spark.sql(f"SELECT file_path FROM {table}.files").first()[0]
    assert "/s=a+b%2Fc%3Dd/t_hour=2017-11-16-22/" in path
    assert spark.sql(f"SELECT s FROM {table}").first()[0] == "a b/c=d"


def test_null_partitions_stay_null(firn, spark, space):
    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} (i INT, s STRING) USING iceberg PARTITIONED BY (i, s); "
             f"INSERT INTO {table} SELECT CAST(NULL AS INT), CAST(NULL AS STRING)")
    [path] = manifests(spark, table)
    assert AvroFile(path).records[0]["data_file"]["partition"] == {"i": None, "s": None}
    assert of_spark(spark, f"SELECT * FROM {table} WHERE i IS NULL AND s IS NULL") == [{"i": None, "s": None}]


# ---- metrics


def test_counts_and_bounds_are_those_of_the_data(spark, pyiceberg, every_type):
    import pyarrow.parquet as pq
    from pyiceberg.types import BinaryType, StringType

    table = pyiceberg.load_table(every_type)
    checked = 0
    for file in table.inspect.files().to_pylist():
        data = pq.read_table(file["file_path"])
        assert file["record_count"] == data.num_rows
        assert file["file_size_in_bytes"] == Path(file["file_path"]).stat().st_size
        counts, nulls = dict(file["value_counts"]), dict(file["null_value_counts"])
        nans, lower, upper = dict(file["nan_value_counts"] or []), dict(file["lower_bounds"]), dict(file["upper_bounds"])
        for name in ["id"] + [c[0] for c in COLUMNS]:
            field = table.schema().find_field(name)
            column = data.column(name)
            assert counts[field.field_id] == len(column), name
            assert nulls[field.field_id] == column.null_count, name
            values = [as_stored(v) for v in column.to_pylist() if v is not None]
            if name in ("c_float", "c_double"):
                assert nans[field.field_id] == sum(v != v for v in values), name
                values = [v for v in values if v == v]
            if not values:
                assert field.field_id not in lower and field.field_id not in upper, name
                continue
            low, high = (bound(field.field_type, b.get(field.field_id)) for b in (lower, upper))
            if isinstance(field.field_type, (StringType, BinaryType)):
                assert low == min(values)[:16], name
                assert len(max(values)) > 16 if high is None else max(values) <= high and len(high) <= 16, name
            else:
                assert (low, high) == (min(values), max(values)), name
            checked += 1
    assert checked >= 3 * len(COLUMNS)


def as_stored(value):
    """Dates as days and timestamps as microseconds since 1970, as bounds hold them."""
    if isinstance(value, datetime.datetime):
        epoch = datetime.datetime(1970, 1, 1, tzinfo=value.tzinfo)
        return (value - epoch) // datetime.timedelta(microseconds=1)
    if isinstance(value, datetime.date):
        return (value - datetime.date(1970, 1, 1)).days
    return value


def bound(field_type, data):
    from pyiceberg.conversions import from_bytes

    return None if data is None else from_bytes(field_type, data)


def test_string_bounds_count_code_points(firn, spark, space):
    table = f"{space}.t"
    text = "é😀" * 20
    firn.run(f"CREATE TABLE {table} (s STRING) USING iceberg; INSERT INTO {table} SELECT '{text}'")
    row = spark.sql(f"SELECT lower_bounds[1] AS low, upper_bounds[1] AS high FROM {table}.files").first()
    assert bytes(row["low"]).decode() == text[:16]
    high = bytes(row["high"]).decode()  # must be valid UTF-8
    assert high == text[:15] + chr(ord(text[15]) + 1)


def test_no_nan_in_bounds(firn, spark, space):
    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} (d DOUBLE) USING iceberg; INSERT INTO {table} "
             "SELECT CAST(x AS DOUBLE) FROM VALUES ('NaN'), ('1.5'), ('-0.0'), (NULL) AS v(x)")
    metrics = spark.sql("SELECT sum(m.nan_value_count) AS nans, sum(m.null_value_count) AS nulls, min(m.lower_bound) AS low, "
                        f"max(m.upper_bound) AS high FROM (SELECT readable_metrics.d AS m FROM {table}.files)").first()
    assert (metrics["nans"], metrics["nulls"], metrics["high"]) == (1, 1, 1.5)
    assert str(metrics["low"]) == "-0.0"
    assert spark.sql(f"SELECT * FROM {table} WHERE isnan(d)").count() == 1


def test_filters_on_a_float_that_became_a_double(firn, space):
    """The floats of the old file are compared as doubles: the float 0.1 is above 0.1."""
    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} (f FLOAT, s STRUCT<g: FLOAT>) USING iceberg; INSERT INTO {table} "
             "SELECT CAST(x AS FLOAT), named_struct('g', CAST(x AS FLOAT)) FROM VALUES ('0'), ('-0.0'), ('-1'), ('0.1') AS v(x); "
             f"ALTER TABLE {table} ALTER COLUMN f TYPE DOUBLE; ALTER TABLE {table} ALTER COLUMN s.g TYPE DOUBLE")
    for column in ("f", "s.g"):
        for condition, count in {"< 5e-324D": 3, "<= 0.1D": 3, "= 0.1D": 0, "> 0.1D": 1, "IN (0.1D, -1D)": 1}.items():
            assert firn.rows(f"SELECT count(*) AS n FROM {table} WHERE {column} {condition}") == [{"n": count}], (column, condition)


@pytest.mark.parametrize("mode", ["copy-on-write", "merge-on-read"])
@pytest.mark.parametrize("narrow,wide,large", [("INT", "BIGINT", 5000000000), ("FLOAT", "DOUBLE", 1e300)], ids=["int", "float"])
def test_changes_of_partitions_from_before_a_widening(firn, pyiceberg, space, mode, narrow, wide, large):
    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} (a {narrow}, i INT) USING iceberg PARTITIONED BY (a) TBLPROPERTIES ('write.delete.mode' = '{mode}'); "
             f"INSERT INTO {table} VALUES (1, 1), (1, 2), (7, 3), (9, 4); ALTER TABLE {table} ALTER COLUMN a TYPE {wide}; "
             f"INSERT INTO {table} VALUES ({large}{'D' * (narrow == 'FLOAT')}, 5), (1, 6); DELETE FROM {table} WHERE i IN (2, 3); "
             f"CALL firn.system.rewrite_manifests('{table}')")
    want = [(1, 1), (1, 6), (9, 4), (large, 5)]
    assert [(float(r["a"]), r["i"]) for r in firn.rows(f"SELECT * FROM {table} ORDER BY a, i")] == want
    assert sorted((r["a"], r["i"]) for r in pyiceberg.load_table(table).scan().to_arrow().to_pylist()) == want
    assert firn.rows(f"SELECT i FROM {table} WHERE a = 9") == [{"i": 4}]
    assert {float(r["a"]) for r in firn.rows(f"SELECT partition.a FROM {table}.files WHERE content = 0")} >= {1, 9, large}


def test_a_sort_keeps_the_sign_of_zero(firn, space):
    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} (f FLOAT, d DOUBLE, i INT) USING iceberg; ALTER TABLE {table} WRITE ORDERED BY d DESC, f; "
             f"INSERT INTO {table} VALUES (CAST('-0.0' AS FLOAT), CAST('-0.0' AS DOUBLE), 1), (CAST(0 AS FLOAT), 0D, 2)")
    want = [{"f": "-0.0", "d": "-0.0"}, {"f": "0.0", "d": "0.0"}]
    texts = "CAST(f AS STRING) AS f, CAST(d AS STRING) AS d"
    assert firn.rows(f"SELECT {texts} FROM {table} ORDER BY i") == want
    assert firn.rows(f"SELECT {texts} FROM (SELECT * FROM {table} ORDER BY d, f, i)") == want
    assert firn.rows(f"SELECT {texts} FROM (SELECT *, row_number() OVER (ORDER BY f, i) AS n FROM {table}) ORDER BY n") == want


def test_metrics_modes_are_honoured(firn, spark, space):
    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} (a STRING, b STRING, c STRING, d STRING) USING iceberg TBLPROPERTIES ("
             "'write.metadata.metrics.default' = 'truncate(4)', 'write.metadata.metrics.column.b' = 'none', "
             "'write.metadata.metrics.column.c' = 'counts', 'write.metadata.metrics.column.d' = 'full'); "
             f"INSERT INTO {table} SELECT 'abcdefgh', 'abcdefgh', 'abcdefgh', 'abcdefgh'")
    row = spark.sql(f"SELECT value_counts, lower_bounds, upper_bounds FROM {table}.files").first()
    assert set(row["value_counts"]) == {1, 3, 4}
    assert {k: bytes(v).decode() for k, v in row["lower_bounds"].items()} == {1: "abcd", 4: "abcdefgh"}
    assert {k: bytes(v).decode() for k, v in row["upper_bounds"].items()} == {1: "abce", 4: "abcdefgh"}


def test_parquet_files_carry_field_ids(spark, every_type):
    import pyarrow.parquet as pq

    path = spark.sql(f"SELECT file_path FROM {every_type}.files").first()[0]
    schema = pq.read_schema(path)
    ids = {f.name: int(f.metadata[b"PARQUET:field_id"]) for f in schema}
    metadata = current_metadata(spark, every_type)
    assert ids == {f["name"]: f["id"] for f in metadata["schemas"][0]["fields"]}
    element = schema.field("c_array").type.value_field
    assert element.name == "element" and element.metadata[b"PARQUET:field_id"].isdigit()


# ---- manifests and manifest lists, on their bytes

EXPECTED_IDS = {
    "manifest_entry": {"status": 0, "snapshot_id": 1, "sequence_number": 3, "file_sequence_number": 4, "data_file": 2},
    "r2": {"content": 134, "file_path": 100, "file_format": 101, "partition": 102, "record_count": 103,
           "file_size_in_bytes": 104, "column_sizes": 108, "value_counts": 109, "null_value_counts": 110,
           "nan_value_counts": 137, "lower_bounds": 125, "upper_bounds": 128, "key_metadata": 131,
           "split_offsets": 132, "equality_ids": 135, "sort_order_id": 140},
    "manifest_file": {"manifest_path": 500, "manifest_length": 501, "partition_spec_id": 502, "content": 517,
                      "sequence_number": 515, "min_sequence_number": 516, "added_snapshot_id": 503,
                      "added_files_count": 504, "existing_files_count": 505, "deleted_files_count": 506,
                      "added_rows_count": 512, "existing_rows_count": 513, "deleted_rows_count": 514,
                      "partitions": 507},
}


@pytest.fixture(scope="module")
def partitioned(firn):
    firn.run("CREATE TABLE written.partitioned (i INT, s STRING) USING iceberg PARTITIONED BY (i, bucket(4, s)); "
             "INSERT INTO written.partitioned SELECT * FROM VALUES (1, 'a'), (2, 'b'), (NULL, NULL) AS v(i, s)")
    return "written.partitioned"


@pytest.fixture
def partitioned_manifest(spark, every_type, partitioned):
    [path] = manifests(spark, partitioned)
    return AvroFile(path)


def test_1_manifest_schemas_carry_field_ids(spark, partitioned, partitioned_manifest):
    for file in (partitioned_manifest, AvroFile(manifest_list(spark, partitioned))):
        for record, field in fields_of(file.schema):
            assert "field-id" in field, (record, field["name"])
            expected = EXPECTED_IDS.get(record, {}).get(field["name"])
            assert expected is None or field["field-id"] == expected, (record, field["name"])
    names = {(r, f["name"]) for r, f in fields_of(partitioned_manifest.schema)}
    assert {("r102", "i"), ("r102", "s_bucket")} <= names
    arrays = [f["type"] for _, f in fields_of(partitioned_manifest.schema)]
    for array in (a for union in arrays for a in (union if isinstance(union, list) else [union])):
        if isinstance(array, dict) and array["type"] == "array" and array.get("logicalType") != "map":
            assert "element-id" in array


def test_2_record_names_are_icebergs(spark, partitioned, partitioned_manifest):
    assert partitioned_manifest.schema["name"] == "manifest_entry"
    assert {r for r, _ in fields_of(partitioned_manifest.schema)} >= {"manifest_entry", "r2", "r102"}
    assert AvroFile(manifest_list(spark, partitioned)).schema["name"] == "manifest_file"


def test_3_int_maps_are_arrays_of_pairs(partitioned_manifest):
    fields = {f["name"]: f["type"] for r, f in fields_of(partitioned_manifest.schema) if r == "r2"}
    for name in ("column_sizes", "value_counts", "null_value_counts", "nan_value_counts", "lower_bounds", "upper_bounds"):
        union = fields[name]
        assert union[0] == "null"
        assert union[1]["type"] == "array" and union[1]["logicalType"] == "map", name
        assert [f["name"] for f in union[1]["items"]["fields"]] == ["key", "value"]


def test_4_partition_fields_are_nullable_unions(partitioned_manifest):
    for record, field in fields_of(partitioned_manifest.schema):
        if record == "r102":
            assert isinstance(field["type"], list) and field["type"][0] == "null"
    partitions = [r["data_file"]["partition"] for r in partitioned_manifest.records]
    assert {"i": None, "s_bucket": None} in partitions


def test_4_an_unpartitioned_table_has_an_empty_record(spark, every_type):
    file = AvroFile(manifests(spark, every_type)[0])
    [data_file] = [f for r, f in fields_of(file.schema) if r == "manifest_entry" and f["name"] == "data_file"]
    [partition] = [f for f in data_file["type"]["fields"] if f["name"] == "partition"]
    assert partition["type"]["fields"] == []
    assert file.records[0]["data_file"]["partition"] == {}


def test_5_key_values_of_manifests_and_lists(spark, partitioned, partitioned_manifest):
    meta = {k: v.decode() for k, v in partitioned_manifest.meta.items() if not k.startswith("avro.")}
    assert meta["format-version"] == "2" and meta["content"] == "data" and meta["partition-spec-id"] == "0"
    assert [f["name"] for f in json.loads(meta["schema"])["fields"]] == ["i", "s"]
    assert isinstance(json.loads(meta["partition-spec"]), list)
    listed = {k: v.decode() for k, v in AvroFile(manifest_list(spark, partitioned)).meta.items()}
    snapshot = current_metadata(spark, partitioned)["snapshots"][-1]
    assert listed["format-version"] == "2"
    assert listed["snapshot-id"] == str(snapshot["snapshot-id"])
    assert listed["sequence-number"] == str(snapshot["sequence-number"])


def test_7_added_entries_inherit_their_sequence_numbers(partitioned_manifest):
    for record in partitioned_manifest.records:
        assert record["status"] == 1
        assert record["sequence_number"] is None and record["file_sequence_number"] is None


def test_7_merged_entries_keep_their_sequence_numbers(firn, spark, space):
    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} (i INT) USING iceberg TBLPROPERTIES ('commit.manifest.min-count-to-merge' = '3'); "
             + "; ".join(f"INSERT INTO {table} SELECT {i}" for i in range(3)))
    [path] = manifests(spark, table)
    [row] = AvroFile(manifest_list(spark, table)).records
    entries = {r["sequence_number"]: r for r in AvroFile(path).records}
    assert set(entries) == {1, 2, None}
    for number in (1, 2):
        assert entries[number]["status"] == 0
        assert entries[number]["file_sequence_number"] == number and entries[number]["snapshot_id"] is not None
    assert entries[None]["status"] == 1
    assert (row["sequence_number"], row["min_sequence_number"]) == (3, 1)
    assert (row["added_files_count"], row["existing_files_count"]) == (1, 2)
    assert spark.table(table).count() == 3


def test_manifest_list_rows_summarise_their_manifest(spark, partitioned, partitioned_manifest):
    [row] = AvroFile(manifest_list(spark, partitioned)).records
    assert row["manifest_length"] == Path(row["manifest_path"]).stat().st_size
    assert (row["added_files_count"], row["existing_files_count"], row["deleted_files_count"]) == (3, 0, 0)
    assert (row["added_rows_count"], row["existing_rows_count"], row["deleted_rows_count"]) == (3, 0, 0)
    assert (row["sequence_number"], row["min_sequence_number"], row["content"]) == (1, 1, 0)
    i, bucket = row["partitions"]
    assert i["contains_null"] and i["lower_bound"] == (1).to_bytes(4, "little") and i["upper_bound"] == (2).to_bytes(4, "little")
    assert bucket["contains_null"]


# ---- metadata


def test_9_metadata_is_consistent(spark, every_type):
    metadata = current_metadata(spark, every_type)
    assert metadata["format-version"] == 2
    assert metadata["refs"]["main"] == {"snapshot-id": metadata["current-snapshot-id"], "type": "branch"}
    assert [s["sequence-number"] for s in metadata["snapshots"]] == [1, 2, 3, 4]
    assert metadata["last-sequence-number"] == 4
    assert len(metadata["metadata-log"]) == 4
    assert [e["snapshot-id"] for e in metadata["snapshot-log"]] == [s["snapshot-id"] for s in metadata["snapshots"]]
    parents = [s.get("parent-snapshot-id") for s in metadata["snapshots"]]
    assert parents == [None] + [s["snapshot-id"] for s in metadata["snapshots"][:-1]]


def test_11_file_names_are_icebergs(spark, every_type):
    uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    patterns = [rf"\d{{5}}-{uuid}\.metadata\.json", rf"snap-\d+-\d+-{uuid}\.avro", rf"{uuid}-m\d+\.avro"]
    names = [p.name for p in (location(spark, every_type) / "metadata").iterdir() if not p.name.startswith(".")]
    assert len(names) >= 5 + 4 + 4
    for name in names:
        assert any(re.fullmatch(pattern, name) for pattern in patterns), name


def test_20_summaries_have_all_totals(spark, every_type):
    summary = spark.sql(f"SELECT summary FROM {every_type}.snapshots ORDER BY committed_at DESC").first()[0]
    totals = ["total-data-files", "total-records", "total-files-size", "total-delete-files", "total-position-deletes", "total-equality-deletes"]
    assert set(totals) <= set(summary)
    assert summary["total-records"] == "4" and summary["added-records"] == "1"
    assert summary["engine-name"] == "firn"


def test_compressed_metadata_is_read(firn, spark, pyiceberg, space):
    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} (i INT) USING iceberg TBLPROPERTIES ('write.metadata.compression-codec' = 'gzip'); "
             f"INSERT INTO {table} SELECT 1")
    assert pyiceberg.load_table(table).metadata_location.endswith(".gz.metadata.json")
    assert pyiceberg.load_table(table).scan().to_arrow().num_rows == 1
    assert spark.table(table).count() == 1


# ---- other engines work on firn's tables


@pytest.mark.parametrize("procedure", ["rewrite_data_files(table => '{t}', options => map('min-input-files', '2'))",
                                       "rewrite_manifests('{t}')",
                                       "rewrite_position_delete_files('{t}')",
                                       "expire_snapshots(table => '{t}', older_than => TIMESTAMP '2100-01-01 00:00:00', retain_last => 1)",
                                       "remove_orphan_files(table => '{t}', older_than => TIMESTAMP '2020-01-01 00:00:00')"],
                         ids=lambda p: p.split("(")[0])
def test_sparks_maintenance_keeps_firns_rows(firn, spark, space, procedure):
    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} ({table_columns()}) USING iceberg PARTITIONED BY (bucket(2, id))")
    fill(firn, table)
    before = of_spark(spark, f"SELECT * FROM {table}")
    spark.sql(f"CALL firn.system.{procedure.format(t=table)}")
    assert of_spark(spark, f"SELECT * FROM {table}") == before
    assert_same(of_firn(firn.rows(f"SELECT * FROM {table}"), like=before), before)
    fill(firn, table)  # and firn goes on writing
    assert spark.table(table).count() == 8


def test_spark_streams_from_firns_appends(firn, spark, space, tmp_path):
    table = f"{space}.t"
    firn.run(f"CREATE TABLE {table} (i INT) USING iceberg")
    for i in range(3):
        firn.run(f"INSERT INTO {table} SELECT {i}")
    seen = []
    query = (spark.readStream.table(table).writeStream
             .foreachBatch(lambda batch, _: seen.extend(row["i"] for row in batch.collect()))
             .option("checkpointLocation", str(tmp_path)).trigger(availableNow=True).start())
    query.awaitTermination(120)
    assert sorted(seen) == [0, 1, 2]
