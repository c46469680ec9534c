"""Random tables that firn, Spark and PyIceberg write in turn, change, and all read: many tables a batch, so that one firn process
and one Spark session serve all of them. Everything of a case follows from its seed."""

import collections
import contextlib
import copy
import json
import random
import subprocess
import traceback
from decimal import Decimal

import pyarrow.parquet as pq
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.transforms import HourTransform, IdentityTransform, VoidTransform
from pyiceberg.types import (DateType, DoubleType, FloatType, ListType, MapType, StructType, TimestampType, TimestamptzType,
                             TimeType)

import random_tables as tables
from equal_deletes import Deletes
from equal_reads import Reads, assert_rows
from file_checks import check_file, path_of, rows_of_file
from random_evolution import dropped_whole, keeping_names, random_changes, random_order, random_repartition
from random_tables import leaves, shown_rows
from snapshot_checks import check_snapshot

METRICS = ["truncate(16)"] * 6 + ["full", "counts", "truncate(5)", "none"]


class Case:
    """A schema, a spec, rows, and what happens to them, drawn from one seed."""

    def __init__(self, seed, catalog, space):
        self.seed, self.catalog, self.rng = seed, catalog, random.Random(seed)
        rng = self.rng
        self.spark = rng.random() < 0.8  # it does not know the type `time`
        schema = tables.random_schema(rng, with_time=not self.spark)
        self.without_ids = rng.random() < 0.15
        spec = PartitionSpec() if self.without_ids else tables.random_spec(rng, schema)
        self.metrics = rng.choice(METRICS)
        self.version = rng.choice([1, 2, 2, 2, 2, 2])
        self.becomes_v3 = self.spark and rng.random() < 0.12
        self.evolver = rng.choice(["firn", "firn", "spark" if self.spark else "firn", "pyiceberg"])
        self.deleter = rng.choice(["firn", "firn", "spark" if self.spark else "firn"])
        self.deletes = rng.random() < 0.35 and not self.becomes_v3
        properties = {"format-version": str(self.version), "write.metadata.metrics.default": self.metrics,
                      "write.delete.mode": rng.choice(["copy-on-write", "merge-on-read"]),
                      "write.parquet.compression-codec": rng.choice(["zstd", "zstd", "snappy", "gzip", "uncompressed"])}
        if rng.random() < 0.3:
            properties[f"write.metadata.metrics.column.{rng.choice(schema.fields).name}"] = rng.choice(METRICS)
        self.name = f"{space}.t{seed}"
        self.table = catalog.create_table(self.name, schema=schema, partition_spec=spec, properties=properties)
        self.rows, self.failures, self.history = [], [], []
        self.renamed_below_lists = set()  # ids of top-level columns
        self.tagged = None  # (snapshot id, schema, rows)

    @property
    def schema(self):
        return self.table.schema()

    def structs_of_partitions(self, schema=None):
        """Columns (ids) with a struct of which Spark takes a field from the partition: where it takes all, the struct is never NULL to it
        (see apache/iceberg pull request 17320)."""
        constant = {field.source_id for spec in self.table.specs().values() for field in spec.fields
                    if isinstance(field.transform, IdentityTransform)}
        return {path[0].field_id for path, leaf in leaves((schema or self.schema).fields) if leaf.field_id in constant and len(path) > 1}

    def refresh(self):
        self.table = self.catalog.load_table(self.name)

    def made(self, count, plain=False):
        rows = tables.random_rows(self.rng, self.schema, count)
        for path in self.by_hours():
            for row in rows:
                within_hours(row, path)
        return [for_pyiceberg(row, self.schema.as_struct()) for row in rows] if plain else rows

    def by_hours(self):
        hours = {f.source_id for f in self.table.spec().fields if isinstance(f.transform, HourTransform)}
        return [path for path, leaf in leaves(self.schema.fields) if leaf.field_id in hours]

    def want(self):
        return shown_rows(self.rows, self.schema)

    def files(self):
        return {task.file.file_path: task.file for task in self.table.scan().plan_files()}

    def pinned(self):
        """Columns that may not be dropped: of all specs and orders."""
        return ({f.source_id for spec in self.table.specs().values() for f in spec.fields} |
                {f.source_id for order in self.table.sort_orders().values() for f in order.fields})

    def __str__(self):
        return "\n".join([f"seed {self.seed}, {self.name}: {self.schema}", f"spec {self.table.spec()}", *self.history])


def within_hours(row, path):
    """Hours since 1970 are 32 bits of a partition: instants that lie further away have no such value."""
    *above, leaf = (field.field_id for field in path)
    for field_id in above:
        row = row and row[field_id]
    if row and row[leaf] is not None:
        row[leaf] = min(max(row[leaf], -2**31 * (tables.DAY // 24)), 2**31 * (tables.DAY // 24) - 1)


def for_pyiceberg(value, kind):
    """What PyIceberg 0.12 can write: years 1 to 9999 as Python's dates, and no code point before the surrogates, whose upper
    bound it makes one of them."""
    if value is None:
        return None
    if isinstance(kind, StructType):
        return {f.field_id: for_pyiceberg(value[f.field_id], f.field_type) for f in kind.fields}
    if isinstance(kind, ListType):
        return [for_pyiceberg(child, kind.element_type) for child in value]
    if isinstance(kind, MapType):
        return sorted({for_pyiceberg(k, kind.key_type): for_pyiceberg(v, kind.value_type) for k, v in value}.items())
    if isinstance(kind, DateType):
        return min(max(value, -719162), 2932896)
    if isinstance(kind, (TimestampType, TimestamptzType)):
        return min(max(value, -62135596800000000), 253402300799999999)
    return value.replace("\ud7ff", "x") if isinstance(value, str) else value


class Batch(Deletes, Reads):
    """Stage by stage over all cases. A case that failed takes no part in later stages."""

    def __init__(self, seeds, firn, pyiceberg, space, folder, spark=None):
        self.firn, self.spark, self.folder, self.warehouse = firn, spark, folder, firn.warehouse
        self.skipped = collections.Counter()
        self.done = collections.Counter()
        self.cases = [Case(seed, pyiceberg, space) for seed in seeds]

    def alive(self, wanted=lambda case: True):
        return [case for case in self.cases if not case.failures and wanted(case)]

    def with_spark(self):
        return self.alive(lambda case: case.spark and self.spark is not None)

    @contextlib.contextmanager
    def of(self, case, what):
        try:
            yield
        except Exception as error:  # noqa: BLE001 - reported with its case at the end
            text = str(error) if isinstance(error, AssertionError) else traceback.format_exc(limit=-3)
            case.failures.append(f"{what}: {text[:3000]}")

    def skip(self, engine, case, error):
        reason = f"{engine}: {type(error).__name__}: {' '.join(str(error).split())[:140]}"
        self.skipped[reason] += 1
        case.history.append(f"-- not by {reason}")

    # ---- firn
    def _run_firn(self, statements, form):
        file = self.folder / "statements.sql"
        file.write_text(";\n".join(statements) + ";\n")
        command = [str(self.firn.binary), "sql", "--warehouse", str(self.firn.warehouse), "--format", form, "--keep-going",
                   "--conf", "spark.sql.session.timeZone=UTC", "-f", str(file)]
        return subprocess.run(command, capture_output=True, text=True, timeout=900)

    def firn_does(self, work):
        """`work`: (case, statement). Where one fails, its case does; the statements of a case are few and in order."""
        if not work:
            return
        done = self._run_firn([sql for _, sql in work], "typed-json")
        answers = done.stdout.splitlines()
        if len(answers) != len(work):
            work[min(len(answers), len(work) - 1)][0].failures.append(
                f"firn ended ({done.returncode}) at {work[min(len(answers), len(work) - 1)][1][:500]}\n{done.stderr[-1500:]}")
        for (case, sql), line in zip(work, answers):
            answer = json.loads(line)
            if "rows" not in answer and not case.failures:
                case.failures.append(f"firn refuses\n{sql[:1500]}\n{line[:1500]}")

    def firn_shows(self, cases, select):
        """Rows of one query a case, in one process. `select(case)`: its text after `SELECT`."""
        if not cases:
            return {}
        done = self._run_firn([f"SELECT {n} AS __case, {select(case)}" for n, case in enumerate(cases)], "json")
        found = {case: [] for case in cases}
        for line in done.stdout.splitlines():
            row = json.loads(line, parse_float=Decimal)
            found[cases[row.pop("__case")]].append(row)
        self.messages = f"exit {done.returncode}: {done.stderr}"
        return found

    # ---- stages
    def append_by_firn(self, count):
        cases, work, made, before = self.alive(lambda case: case.table.format_version < 3), [], {}, {}
        for case in cases:
            made[case], before[case] = case.made(count), set(case.files())
            work.append((case, f"INSERT INTO {case.name} {tables.sql_values(made[case], case.schema)}"))
        self.firn_does(work)
        for case in cases:
            if case.failures:
                continue
            with self.of(case, "manifests of what firn wrote"):
                case.refresh()
                new = [file for path, file in case.files().items() if path not in before[case]]
                held = [row for file in new for row in check_file(case.table, file, "")]
                assert_rows(shown_rows(held, case.schema), shown_rows(made[case], case.schema), "rows of firn's files")
                check_snapshot(case.table, "")
                case.rows += made[case]
                self.done["firn"] += 1

    def append_by_spark(self, count):
        for case in self.with_spark():
            made = case.made(count)
            try:
                self.spark.sql(f"INSERT INTO {case.name} {tables.sql_values(made, case.schema)}")
                case.rows += made
                self.done["spark"] += 1
            except Exception as error:  # noqa: BLE001 - what it cannot write is no fault of firn's
                self.skip("spark", case, error)
            case.refresh()

    def append_by_pyiceberg(self, count):
        for case in self.alive(lambda case: case.table.format_version < 3):
            before = set(case.files())
            sources = {f.source_id for f in case.table.spec().fields if not isinstance(f.transform, VoidTransform)}
            if any(leaf.field_id in sources and isinstance(leaf.field_type, (TimeType, FloatType, DoubleType))
                   for _, leaf in leaves(case.schema.fields)):
                continue  # PyIceberg 0.12 takes the value's number for a time, and puts both zeros into one partition
            try:
                types = schema_to_pyarrow(case.schema, include_field_ids=False)
                case.table.append(tables.arrow_table(case.made(count, plain=True), case.schema, types))
            except Exception as error:  # noqa: BLE001 - names that Avro forbids, truncated bytes, UUIDs as a map's keys and more
                self.skip("pyiceberg", case, error)
                case.refresh()
                continue
            with self.of(case, "PyIceberg's own files"):
                case.refresh()  # it writes some NULL lists as empty ones: its files say which
                case.rows += [row for path in set(case.files()) - before for row in rows_of_file(path_of(path), case.schema)]
                self.done["pyiceberg"] += 1

    def add_files_without_ids(self, count):
        """As migrated tables have them: found by the name mapping."""
        for case in self.alive(lambda case: case.without_ids):
            rows = case.made(count, plain=True)
            file = self.warehouse / f"{case.name}_without_ids.parquet"
            try:
                pq.write_table(tables.arrow_table(rows, case.schema, schema_to_pyarrow(case.schema, include_field_ids=False)), file)
                case.table.add_files([str(file)])
            except Exception as error:  # noqa: BLE001
                self.skip("pyiceberg add_files", case, error)
                case.without_ids = False
                case.refresh()
                continue
            case.refresh()
            assert "schema.name-mapping.default" in case.table.properties
            case.rows += rows
            self.done["without ids"] += 1

    def evolve(self):
        work = []
        for case in self.alive():
            repartition = random_repartition(case.rng, case.table) if case.rng.random() < 0.6 and not case.without_ids else None
            order = random_order(case.rng, case.table) if case.rng.random() < 0.4 else None
            pinned = case.pinned() | {leaf.field_id for chosen in (repartition, order) if chosen for leaf in chosen[-1]}
            changes = dropped_whole(random_changes(case.rng, case.schema, pinned))
            if case.without_ids:
                changes = keeping_names(changes)
            clauses = [change.sql(case.name) for change in changes]
            layout = [f"ALTER TABLE {case.name} {clause}" for clause in (repartition and repartition[0], order and order[0]) if clause]
            case.renamed_below_lists = {case.schema.find_field(c.path[0]).field_id for c in changes
                                        if c.what in ("rename", "drop") and {"element", "value"} & set(c.path[:-1])}
            by = case.evolver if case.evolver != "spark" or self.spark else "firn"
            case.history += [f"evolved by {by}", *layout, *clauses]
            if by == "firn":
                work += [(case, sql) for sql in layout + clauses]
            elif by == "spark":
                for sql in layout + clauses:
                    try:
                        self.spark.sql(sql)
                    except Exception as error:  # noqa: BLE001
                        self.skip("spark", case, error)
            else:
                self._evolve_by_pyiceberg(case, repartition, changes)
        self.firn_does(work)
        for case in self.alive():
            case.refresh()

    def _evolve_by_pyiceberg(self, case, repartition, changes):
        if repartition:
            try:
                with case.table.update_spec() as update:
                    repartition[1](update)
            except Exception as error:  # noqa: BLE001
                self.skip("pyiceberg", case, error)
        for change in changes:
            case.refresh()
            try:
                with case.table.update_schema(allow_incompatible_changes=True) as update:
                    change.by_pyiceberg(update)
            except Exception as error:  # noqa: BLE001
                self.skip("pyiceberg", case, error)

    def default_columns(self):
        """Spark makes it a table of version 3 and adds columns with defaults, on top and in a struct; older rows have them."""
        for case in self.alive(lambda case: case.becomes_v3 and self.spark is not None):
            with self.of(case, "columns with defaults"):
                add_defaults(self.spark, case)
                self.done["defaults"] += 1

    def tag(self):
        """What is read of it later has the schema that it had."""
        for case in self.alive():
            snapshot = case.table.current_snapshot()
            if snapshot is None:
                continue
            with case.table.manage_snapshots() as references:
                references.create_tag(snapshot.snapshot_id, "before")
            case.refresh()
            case.tagged = snapshot.snapshot_id, case.schema, copy.deepcopy(case.rows)

    def run(self):
        if self.spark is not None:
            for name, value in (("codegen.wholeStage", "false"), ("codegen.factoryMode", "NO_CODEGEN"), ("ansi.enabled", "true")):
                self.spark.conf.set(f"spark.sql.{name}", value)
        self.add_files_without_ids(6)
        self.append_by_firn(12)
        self.append_by_spark(5)
        self.append_by_pyiceberg(5)
        self.firn_reads("before the evolution")
        self.tag()
        self.evolve()
        self.firn_reads("after the evolution")
        self.append_by_firn(5)
        self.append_by_pyiceberg(3)
        self.default_columns()
        self.append_by_spark(3)
        self.delete()
        self.all_read("at the end")
        self.tag_is_read()
        self.groups()
        self.filters()
        if self.spark is not None:
            for name in ("codegen.wholeStage", "codegen.factoryMode", "iceberg.vectorization.enabled"):
                self.spark.conf.unset(f"spark.sql.{name}")
        return self

    def report(self):
        failed = [case for case in self.cases if case.failures]
        return "\n\n".join([f"{len(failed)} of {len(self.cases)} tables: seeds {[case.seed for case in failed]}"] +
                           [f"{case}\n>>> {failure}" for case in failed for failure in case.failures]) if failed else ""


DEFAULTS = [("IntegerType", 5, 5), ("LongType", 7, 7), ("StringType", "none", "none"), ("BooleanType", True, True),
            ("DateType", "1999-12-31", 10956), ("DoubleType", 1.5, 1.5)]


def add_defaults(spark, case):
    spark.sql(f"ALTER TABLE {case.name} SET TBLPROPERTIES ('format-version' = '3')")
    iceberg = spark._jvm.org.apache.iceberg
    types, literal = iceberg.types.Types, iceberg.expressions.Expressions.lit
    handle = iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, case.name)
    update, below = handle.updateSchema(), next((f for f in case.schema.fields if isinstance(f.field_type, StructType)), None)
    name, value, shown = case.rng.choice(DEFAULTS)
    kind = getattr(types, name).get()
    update.addColumn("with default", kind, "", literal(value).to(kind))
    if below is not None:
        update.addColumn(below.name, "default below", kind, "", literal(value).to(kind))
    update.commit()
    spark.sql(f"REFRESH TABLE {case.name}")
    case.refresh()
    for row in case.rows:
        row[case.schema.find_field("with default").field_id] = shown
        if below is not None and row.get(below.field_id) is not None:
            struct = next(f for f in case.schema.fields if f.field_id == below.field_id).field_type
            row[below.field_id][next(f.field_id for f in struct.fields if f.name == "default below")] = shown
