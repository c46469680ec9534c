"""Names that move between columns, columns that widen and change places, partitions that come and go: what is known of files (bounds,
counts, partitions) stays that of the field ids. Wrong rows are what a mapping by name or position would give.

The rows are read by PyIceberg without a filter; every answer of firn to a filter, join, group or order is computed from them again.
"""

import json

import pytest

SETTINGS = {
    "bounds": "",
    "counts": "'write.metadata.metrics.default' = 'counts'",
    "none": "'write.metadata.metrics.default' = 'none'",
    "short": "'write.metadata.metrics.default' = 'truncate(1)'",
}
# What happens to a table (a INT, b INT, s STRING, d DECIMAL(9, 2), r STRUCT<x: INT, y: INT>) of two files.
SMALL = ("(1, 100, 'alpha', 1.25, named_struct('x', 1, 'y', 1000)), (2, 200, 'beta', -7.50, named_struct('x', 2, 'y', 2000)), "
         "(3, NULL, NULL, NULL, NULL)")
MOVES = {
    "rename, then a new column of that name": [
        "ALTER TABLE {t} RENAME COLUMN a TO c", "ALTER TABLE {t} ADD COLUMN a INT",
        "INSERT INTO {t} (c, b, s, a) VALUES (50, 500, 'delta', 7), (60, 600, 'echo', 8)"],
    "drop, then a new column of that name": [
        "ALTER TABLE {t} DROP COLUMN b", "ALTER TABLE {t} ADD COLUMN b INT", "INSERT INTO {t} (a, b) VALUES (7, 7), (8, 8)"],
    "drop, then a column of that name and another type": [
        "ALTER TABLE {t} DROP COLUMN b", "ALTER TABLE {t} ADD COLUMN b STRING FIRST", "INSERT INTO {t} (a, b) VALUES (7, 'text'), (8, '')"],
    "two columns change their names": [
        "ALTER TABLE {t} RENAME COLUMN a TO between", "ALTER TABLE {t} RENAME COLUMN b TO a", "ALTER TABLE {t} RENAME COLUMN between TO b",
        "INSERT INTO {t} (a, b) VALUES (1, 100), (2, 200)"],
    "reorder": [
        "ALTER TABLE {t} ALTER COLUMN d FIRST", "ALTER TABLE {t} ALTER COLUMN a AFTER s",
        "INSERT INTO {t} (a, b, s, d) VALUES (1000, 1, 'x', 99.99)"],
    "widen": [
        "ALTER TABLE {t} ALTER COLUMN a TYPE BIGINT", "ALTER TABLE {t} ALTER COLUMN d TYPE DECIMAL(30, 2)",
        "INSERT INTO {t} (a, d) VALUES (5000000000, 1234567890123456789012345678.12), (-5000000000, -0.01), (4294967297, 0.00)"],
    "widen under another name": [
        "ALTER TABLE {t} ALTER COLUMN a TYPE BIGINT", "ALTER TABLE {t} RENAME COLUMN a TO wide", "ALTER TABLE {t} RENAME COLUMN b TO a",
        "INSERT INTO {t} (a, wide) VALUES (5, 5000000000), (2147483647, -4294967295)"],
    "fields of a struct": [
        "ALTER TABLE {t} RENAME COLUMN r.x TO z", "ALTER TABLE {t} ADD COLUMN r.x INT", "ALTER TABLE {t} ALTER COLUMN r.y TYPE BIGINT",
        "INSERT INTO {t} (a, r) VALUES (9, named_struct('z', 90, 'y', 5000000000, 'x', 1)), (10, named_struct('z', 1, 'y', 1, 'x', 2000))"],
    "partitions by a column that is renamed": [
        "ALTER TABLE {t} ADD PARTITION FIELD b", "INSERT INTO {t} (a, b) VALUES (7, 70), (8, 80), (9, NULL)",
        "ALTER TABLE {t} RENAME COLUMN b TO c", "ALTER TABLE {t} ADD COLUMN b INT", "INSERT INTO {t} (a, b, c) VALUES (10, 70, 1), (11, 100, 2)"],
    "a partition field's name goes to another column": [
        "ALTER TABLE {t} ADD PARTITION FIELD a AS part", "INSERT INTO {t} (a, b) VALUES (7, 70), (8, 80)",
        "ALTER TABLE {t} DROP PARTITION FIELD part", "ALTER TABLE {t} ADD PARTITION FIELD b AS part",
        "INSERT INTO {t} (a, b) VALUES (70, 7), (80, 8), (NULL, NULL)"],
    "partitions by a column that widens": [
        "ALTER TABLE {t} ADD PARTITION FIELD a", "INSERT INTO {t} (a, b) VALUES (7, 70), (-8, 80)", "ALTER TABLE {t} ALTER COLUMN a TYPE BIGINT",
        "ALTER TABLE {t} ADD PARTITION FIELD truncate(10, a)", "INSERT INTO {t} (a, b) VALUES (5000000007, 1), (-5000000008, 2)"],
    "transforms that change": [
        "ALTER TABLE {t} ADD PARTITION FIELD bucket(4, a)", "INSERT INTO {t} (a, s) VALUES (7, 'golf'), (8, 'hotel')",
        "ALTER TABLE {t} DROP PARTITION FIELD bucket(4, a)", "ALTER TABLE {t} ADD PARTITION FIELD bucket(2, a)",
        "ALTER TABLE {t} ADD PARTITION FIELD truncate(2, s)", "INSERT INTO {t} (a, s) VALUES (7, 'golfer'), (9, 'g'), (NULL, NULL)"],
    "a column becomes optional": [
        "ALTER TABLE {t} ADD COLUMN n INT", "ALTER TABLE {t} ALTER COLUMN k DROP NOT NULL", "INSERT INTO {t} (a, k) VALUES (7, NULL), (8, 2)"],
}
LITERALS = {"INT": [1, 2, 7, 70, 100, 1000, 2147483647], "TEXT": ["", "alpha", "b", "golf", "zulu"]}
WIDE = [5000000000, -5000000000, 4294967297, 705032704]  # the last is the low half of the first
OPERATORS = {"=": lambda v, x: v == x, "<": lambda v, x: v < x, ">=": lambda v, x: v >= x, "<>": lambda v, x: v != x}


def columns_of(table):
    """(as SQL, values, whether it is text), fields of the struct included."""
    rows = table.scan().to_arrow().to_pylist()
    for field in table.schema().fields:
        if field.name == "r":
            for below in field.field_type.fields:
                yield f"r.{below.name}", [(row["r"] or {}).get(below.name) for row in rows], False, str(below.field_type)
        else:
            yield field.name, [row[field.name] for row in rows], str(field.field_type) == "string", str(field.field_type)


def questions(name, column, values, is_text, kind):
    """(SQL of one number or text, what it must be)"""
    known = [v for v in values if v is not None]
    literals = LITERALS["TEXT"] if is_text else LITERALS["INT"] + (WIDE if kind != "int" else [])
    for literal in literals:
        shown = f"'{literal}'" if is_text else f"{literal}L" if abs(literal) > 2**31 - 1 else str(literal)
        for operator, holds in OPERATORS.items():
            yield f"SELECT count(*) FROM {name} WHERE {column} {operator} {shown}", sum(holds(v, literal) for v in known)
    for literal in literals[::2]:
        shown = f"'{literal}'" if is_text else f"{literal}L" if abs(literal) > 2**31 - 1 else str(literal)
        yield (f"SELECT count(*) FROM {name} t JOIN (VALUES ({shown}), ({shown})) AS j(v) ON t.{column} = j.v",
               2 * sum(v == literal for v in known))
    yield f"SELECT count(*) FROM {name} WHERE {column} IS NULL", len(values) - len(known)
    yield f"SELECT count({column}) FROM {name}", len(known)
    yield f"SELECT count(*) FROM {name} WHERE {column} IS NOT NULL AND {column} = {column}", len(known)
    yield f"SELECT count(DISTINCT {column}) FROM {name}", len(set(known))
    yield f"SELECT count(*) FROM (SELECT {column} AS v FROM {name} GROUP BY {column})", len(set(values))
    yield f"SELECT count(*) FROM {name} x JOIN {name} y ON x.{column} = y.{column}", sum(a == b for a in known for b in known)
    for pick, word in ((min, "min"), (max, "max")):
        want = pick(known) if known else None
        yield f"SELECT {word}({column}) FROM {name}", want
        direction = "ASC" if word == "min" else "DESC"
        yield f"SELECT {column} FROM {name} ORDER BY {column} {direction} NULLS LAST LIMIT 1", want
        yield f"SELECT first(v) FROM (SELECT {column} AS v, a FROM {name} ORDER BY {column} {direction} NULLS LAST)", want


@pytest.mark.parametrize("move", MOVES)
def test_answers_follow_the_field_ids(firn, pyiceberg, space, tmp_path, move):
    made = []
    for setting, property_ in SETTINGS.items():
        table = f"{space}.{setting}"
        properties = f" TBLPROPERTIES ({property_})" if property_ else ""
        columns = "a INT, b INT, s STRING, d DECIMAL(9, 2), r STRUCT<x: INT, y: INT>"
        made += [f"CREATE TABLE {table} ({columns}) USING iceberg{properties}", f"INSERT INTO {table} VALUES {SMALL}"]
        if "optional" in move:
            made[-2:] = [f"CREATE TABLE {table} ({columns}, k INT NOT NULL) USING iceberg{properties}",
                         f"INSERT INTO {table} SELECT *, 1 FROM VALUES {SMALL}"]
        made += [statement.format(t=table) for statement in MOVES[move]]
    firn.run("; ".join(made))
    asked = [question for setting in SETTINGS for column in columns_of(pyiceberg.load_table(f"{space}.{setting}"))
             for question in questions(f"{space}.{setting}", *column)]
    file = tmp_path / "questions.sql"
    file.write_text(";\n".join(f"SELECT CAST(({sql}) AS STRING) AS v" for sql, _ in asked))
    answers = [json.loads(line) for line in firn.run_file(file, timeout=900).splitlines()]
    assert len(answers) == len(asked) > 500
    wrong = [f"{answer['v']} instead of {want}: {sql}" for (sql, want), answer in zip(asked, answers)
             if answer.get("v") != (None if want is None else str(want))]
    assert not wrong, f"{len(wrong)} of {len(asked)}\n" + "\n".join(wrong[:12])


def test_names_of_a_mapping_that_moved(firn, pyiceberg, space, tmp_path):
    """A file without ids holds under `a` what the manifest counts as the first field. The name is the new column's now, and so are
    its values: that is how the mapping says it."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyiceberg.schema import Schema
    from pyiceberg.types import IntegerType, NestedField

    table = pyiceberg.create_table(f"{space}.t", schema=Schema(NestedField(1, "a", IntegerType()), NestedField(2, "b", IntegerType())))
    file = tmp_path / "bare.parquet"
    pq.write_table(pa.table({"a": pa.array([1, 2, 3], pa.int32()), "b": pa.array([10, 20, 30], pa.int32())}), file)
    table.add_files([str(file)])
    firn.run(f"ALTER TABLE {space}.t RENAME COLUMN a TO c; ALTER TABLE {space}.t ADD COLUMN a INT; "
             f"INSERT INTO {space}.t (c, b, a) VALUES (7, 70, 700)")
    want = sorted((r["a"] or 0, r["b"], r["c"] or 0) for r in pyiceberg.load_table(f"{space}.t").scan().to_arrow().to_pylist())
    got = firn.rows(f"SELECT * FROM {space}.t ORDER BY c, a")
    assert sorted((r.get("a") or 0, r["b"], r.get("c") or 0) for r in got) == want
    for column in "abc":
        rows = [r.get(column) for r in got]
        answer = firn.rows(f"SELECT count({column}) AS n, min({column}) AS low, max({column}) AS high FROM {space}.t")[0]
        known = [v for v in rows if v is not None]
        assert (answer["n"], answer["low"], answer["high"]) == (len(known), min(known), max(known)), column
