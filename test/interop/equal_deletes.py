"""Deletes in the tables of equal_rows.py: by firn and by Spark, of rows and whole files, and by value."""

import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.schema import Schema
from pyiceberg.types import DoubleType, FloatType, TimeType

import random_tables as tables
from equal_reads import spark_confuses
from file_checks import check_file, path_of
from random_filters import random_condition
from random_tables import shown_rows
from snapshot_checks import check_snapshot


def add_equality_deletes(spark, case, keys, rows):
    """A commit with one file of the rows' keys, deleted wherever they stand."""
    schema = Schema(*keys)
    file = path_of(case.table.location()) / "data" / "equality deletes.parquet"
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(tables.arrow_table(rows, schema, schema_to_pyarrow(schema)), file)
    jvm = spark._jvm
    handle = jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, case.name)
    ids = spark._sc._gateway.new_array(jvm.int, len(keys))
    for n, key in enumerate(keys):
        ids[n] = key.field_id
    deletes = (jvm.org.apache.iceberg.FileMetadata.deleteFileBuilder(handle.spec()).ofEqualityDeletes(ids).withPath(f"file://{file}")
               .withFormat("PARQUET").withFileSizeInBytes(file.stat().st_size).withRecordCount(len(rows)).build())
    handle.newRowDelta().addDeletes(deletes).commit()
    spark.sql(f"REFRESH TABLE {case.name}")
    return file


class Deletes:
    """The part of a batch that deletes."""

    def delete(self):
        work, kept, before = [], {}, {}
        for case in self.alive(lambda case: case.deletes):
            drawn = random_condition(case.rng, case.rows, case.schema)
            if drawn is None:
                continue
            statement = f"DELETE FROM {case.name} WHERE {drawn[0]}"
            by_spark = (case.deleter == "spark" and self.spark is not None and not spark_confuses(drawn[0]) and
                        not case.structs_of_partitions())
            case.history.append(f"{statement} -- by {'spark' if by_spark else 'firn'}")
            rows = [row for row in case.rows if not drawn[1](row)]
            if by_spark:
                with self.of(case, "Spark deletes"):
                    self.spark.sql(statement)
                    case.rows = rows
                    case.refresh()
                    self.done["deletes by Spark"] += 1
            else:
                work.append((case, statement))
                kept[case], before[case] = rows, (set(case.files()), case.table.current_snapshot())
        self.firn_does(work)
        for case, rows in kept.items():
            if case.failures:
                continue
            with self.of(case, "manifests of what firn deleted"):
                case.rows = rows
                case.refresh()
                if case.table.current_snapshot() != before[case][1]:
                    check_snapshot(case.table, "")
                for path, file in case.files().items():
                    if path not in before[case][0]:
                        check_file(case.table, file, "")
                self.done["deletes"] += 1

    def delete_by_value(self):
        """Equality deletes, which are written by Iceberg's Java writers alone. PyIceberg does not read them."""
        for case in self.alive(lambda case: case.deletes_by_value and self.spark is not None and case.table.format_version == 2 and
                               not case.table.spec().fields):
            keys = [f for f in case.schema.fields if f.field_type.is_primitive and
                    not isinstance(f.field_type, (FloatType, DoubleType, TimeType))]
            if not keys or not case.rows:
                continue
            with self.of(case, "equality deletes"):
                keys = case.rng.sample(keys, min(len(keys), case.rng.choice([1, 1, 2])))
                chosen = case.rng.sample(case.rows, min(len(case.rows), 3))
                path = add_equality_deletes(self.spark, case, keys, chosen)
                case.history.append(f"equality deletes of {[f.name for f in keys]}: {path}")
                gone = {str(shown_rows([row], Schema(*keys))) for row in chosen}
                case.rows = [row for row in case.rows if str(shown_rows([row], Schema(*keys))) not in gone]
                case.refresh()
                case.deleted_by_value = True
                self.done["equality deletes"] += 1
