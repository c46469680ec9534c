"""Columns of every type that all engines know, with values at their edges, as Spark SQL text."""

import re

# name, type, three literals: an ordinary one, an edge, the other edge.
COLUMNS = [
    ("c_boolean", "BOOLEAN", "true", "false", "true"),
    ("c_int", "INT", "42", "-2147483648", "2147483647"),
    ("c_bigint", "BIGINT", "42", "-9223372036854775808", "9223372036854775807"),
    ("c_float", "FLOAT", "CAST(1.5 AS FLOAT)", "CAST(-3.4028234E38 AS FLOAT)", "CAST('Infinity' AS FLOAT)"),
    ("c_double", "DOUBLE", "CAST(2.25 AS DOUBLE)", "CAST(-1.7976931348623157E308 AS DOUBLE)", "CAST('NaN' AS DOUBLE)"),
    ("c_decimal9", "DECIMAL(9,2)", "CAST(12.34 AS DECIMAL(9,2))", "CAST(-9999999.99 AS DECIMAL(9,2))", "CAST(9999999.99 AS DECIMAL(9,2))"),
    ("c_decimal18", "DECIMAL(18,4)", "CAST(1.5 AS DECIMAL(18,4))", "CAST('-99999999999999.9999' AS DECIMAL(18,4))", "CAST('99999999999999.9999' AS DECIMAL(18,4))"),
    ("c_decimal38", "DECIMAL(38,10)", "CAST(1.5 AS DECIMAL(38,10))", "CAST('-9999999999999999999999999999.9999999999' AS DECIMAL(38,10))", "CAST('9999999999999999999999999999.9999999999' AS DECIMAL(38,10))"),
    ("c_date", "DATE", "DATE '2024-02-29'", "DATE '1582-10-15'", "DATE '9999-12-31'"),
    ("c_timestamp", "TIMESTAMP", "TIMESTAMP '2024-02-29 12:34:56.789012 UTC'", "TIMESTAMP '1969-12-31 23:59:59.999999 UTC'", "TIMESTAMP '2262-04-11 23:47:16.854775 UTC'"),
    ("c_timestamp_ntz", "TIMESTAMP_NTZ", "TIMESTAMP_NTZ '2024-02-29 12:34:56.789012'", "TIMESTAMP_NTZ '1900-01-01 00:00:00'", "TIMESTAMP_NTZ '1969-12-31 23:59:59.000001'"),
    ("c_string", "STRING", "'plain'", "''", "'Zoë 😀 a string of more than sixteen characters'"),
    ("c_binary", "BINARY", "X'00FF10'", "X''", "X'FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF'"),
]

NESTED = [
    ("c_struct", "STRUCT<a: INT, b: STRING>", "named_struct('a', 1, 'b', 'x')", "named_struct('a', CAST(NULL AS INT), 'b', CAST(NULL AS STRING))"),
    ("c_array", "ARRAY<BIGINT>", "array(CAST(1 AS BIGINT), CAST(NULL AS BIGINT), CAST(3 AS BIGINT))", "CAST(array() AS ARRAY<BIGINT>)"),
    ("c_map", "MAP<STRING, DOUBLE>", "map('k', CAST(1.5 AS DOUBLE), 'l', CAST(NULL AS DOUBLE))", "CAST(map() AS MAP<STRING, DOUBLE>)"),
    ("c_deep", "ARRAY<STRUCT<at: DATE, tags: ARRAY<STRING>>>", "array(named_struct('at', DATE '2024-01-01', 'tags', array('t', 'u')))", "array(CAST(NULL AS STRUCT<at: DATE, tags: ARRAY<STRING>>))"),
]

# PyIceberg 0.12 reads a NULL array of structs as an empty array, also in files that Spark wrote.
PYICEBERG_CONFUSES = {"c_deep"}


def table_columns(nested=True):
    columns = ["id INT"] + [f"{c[0]} {c[1]}" for c in COLUMNS]
    return ", ".join(columns + ([f"{c[0]} {c[1]}" for c in NESTED] if nested else []))


def insert_select(nested=True):
    """Queries, one a row: three with values, one of NULLs alone."""
    rows = []
    for row in range(3):
        values = [str(row)] + [c[2 + row] for c in COLUMNS]
        if nested:
            values += [c[2 + row % 2] for c in NESTED]
        rows.append("SELECT " + ", ".join(values))
    types = [c[1] for c in COLUMNS] + ([c[1] for c in NESTED] if nested else [])
    rows.append("SELECT 3, " + ", ".join(f"CAST(NULL AS {t})" for t in types))
    return rows


def every_condition(column):
    """Conditions on a column with each of its literals."""
    literals = next(c for c in COLUMNS if c[0] == column)[2:]
    compared = [f"{column} {op} {literal}" for literal in dict.fromkeys(literals) for op in ("=", "<=", ">")]
    return compared + [f"{column} IS NULL", f"{column} IS NOT NULL"]


def which_rows(table, column):
    """One query that says which ids meet each of the conditions; every branch is pruned by its own."""
    return " UNION ALL ".join(f"SELECT {n} AS condition, id FROM {table} WHERE {condition}"
                              for n, condition in enumerate(every_condition(column)))


# Widths that do not overflow at the edges: there Iceberg's own truncate wraps around.
# transform as DDL writes it, column of COLUMNS, Spark's function that computes it ("" where the value itself)
TRANSFORMS = [
    ("c_boolean", "c_boolean", "{}"),
    ("c_int", "c_int", "{}"),
    ("c_bigint", "c_bigint", "{}"),
    ("c_decimal18", "c_decimal18", "{}"),
    ("c_date", "c_date", "{}"),
    ("c_timestamp", "c_timestamp", "{}"),
    ("c_string", "c_string", "{}"),
    ("c_binary", "c_binary", "{}"),
    ("bucket(7, c_int)", "c_int", "firn.system.bucket(7, {})"),
    ("bucket(7, c_bigint)", "c_bigint", "firn.system.bucket(7, {})"),
    ("bucket(7, c_decimal9)", "c_decimal9", "firn.system.bucket(7, {})"),
    ("bucket(7, c_decimal38)", "c_decimal38", "firn.system.bucket(7, {})"),
    ("bucket(7, c_date)", "c_date", "firn.system.bucket(7, {})"),
    ("bucket(7, c_timestamp)", "c_timestamp", "firn.system.bucket(7, {})"),
    ("bucket(7, c_string)", "c_string", "firn.system.bucket(7, {})"),
    ("bucket(7, c_binary)", "c_binary", "firn.system.bucket(7, {})"),
    ("truncate(16, c_int)", "c_int", "firn.system.truncate(16, {})"),
    ("truncate(16, c_bigint)", "c_bigint", "firn.system.truncate(16, {})"),
    ("truncate(3, c_decimal9)", "c_decimal9", "firn.system.truncate(3, {})"),
    ("truncate(3, c_string)", "c_string", "firn.system.truncate(3, {})"),
    ("truncate(3, c_binary)", "c_binary", "firn.system.truncate(3, {})"),
    ("years(c_date)", "c_date", "firn.system.years({})"),
    ("months(c_date)", "c_date", "firn.system.months({})"),
    ("days(c_date)", "c_date", "firn.system.days({})"),
    ("years(c_timestamp)", "c_timestamp", "firn.system.years({})"),
    ("months(c_timestamp)", "c_timestamp", "firn.system.months({})"),
    ("days(c_timestamp)", "c_timestamp", "firn.system.days({})"),
    ("hours(c_timestamp)", "c_timestamp", "firn.system.hours({})"),
    ("days(c_timestamp_ntz)", "c_timestamp_ntz", "firn.system.days({})"),
    ("hours(c_timestamp_ntz)", "c_timestamp_ntz", "firn.system.hours({})"),
]

# Tables partitioned by six of them at once: each field is checked for itself, at a fifth of the commits.
TRANSFORM_GROUPS = [TRANSFORMS[n::5] for n in range(5)]


def group_name(group):
    return " ".join(re.sub(r"\W+", "_", transform).strip("_") for transform, _, _ in group)
