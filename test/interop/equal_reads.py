"""What firn, Spark and PyIceberg read of the tables of equal_rows.py, whole, filtered, grouped and as of a tag. What a reader is known
to get wrong is left out for it alone, and for as little as possible."""

import re

import pyarrow as pa
from pyiceberg.schema import Schema
from pyiceberg.transforms import TruncateTransform
from pyiceberg.types import BooleanType, DateType, IntegerType, ListType, LongType, MapType, StructType

from random_filters import random_condition
from random_tables import leaves, rows_of_arrow, rows_of_json, shown_rows

FILTERS = 5
ABOVE_NAN = re.compile(r"(> ?=?|NOT ).*AS (FLOAT|DOUBLE)\)")
ZERO = re.compile(r"'-?0\.0' AS (FLOAT|DOUBLE)\)")
LEAST = re.compile(r"'-(9223372036854775808|2147483648)' AS (BIGINT|INT)\)")
UUID_LITERAL = re.compile(r"'[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}'")


def spark_arrow(frame):
    """Without toArrow's cast to the declared schema, which refuses a NULL struct with a required field."""
    batches = frame._collect_as_arrow()
    return pa.Table.from_batches(batches) if batches else frame.toArrow()


def assert_rows(got, want, what=""):
    assert len(got) == len(want), f"{what}: {len(got)} rows instead of {len(want)}"
    wrong = [f"{name}: {g.get(name, 'missing')!r} instead of {value!r}"
             for g, w in zip(got, want) for name, value in w.items() if g.get(name, "missing") != value]
    assert not wrong, f"{what}\n" + "\n".join(wrong[:6])


def without_null_lists(value, kind):
    """PyIceberg 0.12 reads some NULL lists and maps as empty ones, also where Spark wrote them (apache/iceberg-python issue 3833): both
    count as empty here. The checks of files read the files themselves."""
    if isinstance(kind, StructType):
        return value and {f.field_id: without_null_lists(value.get(f.field_id), f.field_type) for f in kind.fields}
    if isinstance(kind, ListType):
        return [without_null_lists(child, kind.element_type) for child in value or []]
    if isinstance(kind, MapType):
        return [(k, without_null_lists(v, kind.value_type)) for k, v in value or []]
    return value


def spark_confuses(case, condition):
    """Iceberg's Java leaves out files that hold the rows: it compares UUIDs as signed numbers (apache/iceberg issue 14216), and where a literal is above
    a column's upper bound it does not think of NaN, which is greater for Spark (apache/iceberg issue 9130); -0.0 is less than 0.0 for
    it, and equal for Spark; what it truncates near the least number wraps round to the greatest (ProjectUtil.truncateLong); its
    row-group filter takes a column with a default for NULL in files that lack it."""
    truncates = any(isinstance(f.transform, TruncateTransform) for spec in case.table.specs().values() for f in spec.fields)
    return bool(UUID_LITERAL.search(condition) or ABOVE_NAN.search(condition) or ZERO.search(condition) or
                (truncates and LEAST.search(condition)) or "with default" in condition or "default below" in condition)


class Reads:
    """The part of a batch that reads."""

    def all_read(self, what):
        self.firn_reads(what, in_order=True)
        for case in self.alive():
            self.pyiceberg_reads(case, what, case.schema, case.rows)
        for case in self.with_spark():
            self.spark_reads(case, what, case.schema, case.rows)

    def pyiceberg_reads(self, case, what, schema, rows, **of):
        """`of`: an older snapshot, whose files are not from before a rename."""
        # PyIceberg 0.12 reads a field below a list or a map as NULL in files from before it was renamed.
        columns = [f for f in schema.fields if of or f.field_id not in case.renamed_below_lists]
        if not columns:
            return
        seen = Schema(*columns)
        with self.of(case, f"PyIceberg reads, {what}"):
            scan = case.table.scan(**of) if len(columns) == len(schema.fields) else case.table.scan(
                selected_fields=tuple(f.name for f in columns), **of)
            got = rows_of_arrow(scan.to_arrow(), seen)
            kind = seen.as_struct()
            assert_rows(shown_rows([without_null_lists(row, kind) for row in got], seen),
                        shown_rows([without_null_lists(row, kind) for row in rows], seen))
            self.done["read by PyIceberg"] += 1

    def spark_reads(self, case, what, schema, rows, version=""):
        columns = [f for f in schema.fields if f.field_id not in case.structs_of_partitions(schema)]
        if not columns:
            return
        names = "*" if len(columns) == len(schema.fields) else ", ".join(f"`{f.name}`" for f in columns)
        seen = Schema(*columns)
        with self.of(case, f"Spark reads, {what}"):
            got = rows_of_arrow(spark_arrow(self.spark.sql(f"SELECT {names} FROM {case.name}{version}")), seen)
            assert_rows(shown_rows(got, seen), shown_rows(rows, seen))
            self.done["read by Spark"] += 1

    def firn_reads(self, what, in_order=False):
        """`in_order`: sorted by a column, which DuckDB plans by the ranges of all of them."""
        def select(case):
            sortable = [leaf for path, leaf in leaves(case.schema.fields) if len(path) == 1]
            order = f" ORDER BY `{case.rng.choice(sortable).name}`" if in_order and sortable else ""
            return f"* FROM {case.name}{order}"

        for case, rows in self.firn_shows(self.alive(), select).items():
            with self.of(case, f"firn reads, {what}"):
                assert_rows(shown_rows(rows_of_json(rows, case.schema), case.schema), case.want(),
                            "" if len(rows) == len(case.rows) else self.messages[:600])
                self.done["read by firn"] += 1

    def tag_is_read(self):
        """An older snapshot, with its own schema, by all."""
        cases = self.alive(lambda case: case.tagged is not None)
        for case, rows in self.firn_shows(cases, lambda case: f"* FROM {case.name} VERSION AS OF 'before'").items():
            snapshot, schema, want = case.tagged
            if snapshot == case.table.current_snapshot().snapshot_id:
                continue
            with self.of(case, "firn reads the tag"):
                assert_rows(shown_rows(rows_of_json(rows, schema), schema), shown_rows(want, schema), self.messages[:600])
            if case.failures:
                continue
            self.done["tags"] += 1
            self.pyiceberg_reads(case, "the tag", schema, want, snapshot_id=snapshot)
            if case.spark and self.spark is not None:
                self.spark_reads(case, "the tag", schema, want, " VERSION AS OF 'before'")

    def groups(self):
        """How many values a column has: grouping, distinct counts and ranges are planned by the bounds of all files."""
        asked = {}
        for case in self.alive():
            columns = [leaf for path, leaf in leaves(case.schema.fields) if len(path) == 1 and
                       isinstance(leaf.field_type, (IntegerType, LongType, DateType, BooleanType))]
            if columns and case.rows:
                asked[case] = case.rng.choice(columns)

        def select(case):
            column, name = f"`{asked[case].name}`", case.name
            return (f"count(*) AS n, count(v) AS known, sum(c) AS total FROM (SELECT {column} AS v, count(*) AS c FROM {name} GROUP BY 1)")

        for case, rows in self.firn_shows(list(asked), select).items():
            with self.of(case, "groups on firn"):
                values = [row.get(asked[case].field_id) for row in case.rows]
                want = {"n": len(set(values)), "known": len(set(values) - {None}), "total": len(values)}
                assert rows == [want], f"{rows} instead of {want} by {asked[case]}; {self.messages[:600]}"

    def filters(self):
        """Counts under random conditions, by which files and row groups are left out."""
        asked = {}
        for case in self.alive():
            drawn = [random_condition(case.rng, case.rows, case.schema) for _ in range(FILTERS)]
            if drawn and drawn[0] is not None:
                asked[case] = [(sql, sum(holds(row) for row in case.rows)) for sql, holds in drawn]

        def select(case, conditions):
            counts = (f"(SELECT count(*) FROM {case.name} WHERE {sql}) AS n{n}" for n, (sql, _) in enumerate(conditions))
            return ", ".join(counts)

        for case, rows in self.firn_shows(list(asked), lambda case: select(case, asked[case])).items():
            with self.of(case, "filters on firn"):
                assert len(rows) == 1, self.messages[:600]
                for n, (sql, count) in enumerate(asked[case]):
                    assert rows[0][f"n{n}"] == count, f"{rows[0][f'n{n}']} rows instead of {count} WHERE {sql}"
        for case in self.with_spark():
            if case not in asked:
                continue
            with self.of(case, "filters on Spark"):
                few = [asks for asks in asked[case][:3] if not spark_confuses(case, asks[0])]
                if not few:
                    continue
                row = self.spark.sql(f"SELECT {select(case, few)}").collect()[0]
                for n, (sql, count) in enumerate(few):
                    assert row[n] == count, f"{row[n]} rows instead of {count} WHERE {sql}"
