"""Random conditions over the leaves of a table, as SQL and as functions of its rows (Spark's: NaN is the greatest and equals
itself, NULL is neither true nor false)."""

import math

from pyiceberg.types import BooleanType, DoubleType, FixedType, FloatType, StringType, TimeType, UUIDType

from file_checks import values_at
from random_tables import leaves, random_value, sql_value, time_text

COMPARISONS = {"=": lambda a, b: a == b, "<>": lambda a, b: a != b, "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
               ">": lambda a, b: a > b, ">=": lambda a, b: a >= b}


def key(value, kind):
    """Ordered as SQL orders the values."""
    if isinstance(kind, (FloatType, DoubleType)):
        return (1, 0.0) if math.isnan(value) else (0, value)
    if isinstance(kind, UUIDType):
        return str(value)  # text for SQL, in the same order
    if isinstance(kind, TimeType):
        return time_text(value)
    return value


def quoted(path):
    return ".".join(f"`{field.name}`" for field in path)


def one(rng, rows, path, leaf):
    """(SQL, function of a value → True, False or None)."""
    kind, column = leaf.field_type, quoted(path)
    there = [v for v in values_at(rows, path) if v is not None]
    value = rng.choice(there) if there and rng.random() < 0.8 else random_value(rng, kind)
    if isinstance(kind, FixedType) and rng.random() < 0.2:
        value = value[:-1]
    choice = rng.random()
    if choice < 0.1:
        return f"{column} IS NULL", lambda v: v is None
    if choice < 0.2:
        return f"{column} IS NOT NULL", lambda v: v is not None
    if choice < 0.3 and isinstance(kind, StringType):
        prefix = value[:rng.randint(0, 3)].replace("%", "").replace("_", "").replace("\\", "").replace("\0", "")
        return f"startswith({column}, {sql_value(prefix, kind)})", lambda v: None if v is None else v.startswith(prefix)
    if choice < 0.45:
        several = [value, *(random_value(rng, kind) for _ in range(rng.randint(1, 3)))]
        wanted, negated = {key(v, kind) for v in several}, rng.random() < 0.3
        return (f"{column} {'NOT ' if negated else ''}IN ({', '.join(sql_value(v, kind) for v in several)})",
                lambda v: None if v is None else (key(v, kind) in wanted) != negated)
    operator = rng.choice(list(COMPARISONS) if not isinstance(kind, BooleanType) else ["=", "<>"])
    compared, literal = COMPARISONS[operator], key(value, kind)
    return f"{column} {operator} {sql_value(value, kind)}", lambda v: None if v is None else compared(key(v, kind), literal)


def random_condition(rng, rows, schema):
    """(SQL, function of a row → whether it is kept); None where the table has no leaf outside of lists and maps."""
    sources = list(leaves(schema.fields))
    if not sources:
        return None
    parts = []
    for _ in range(rng.choice([1, 1, 2])):
        path, leaf = rng.choice(sources)
        sql, holds = one(rng, rows, path, leaf)
        if rng.random() < 0.15:
            sql, holds = f"NOT ({sql})", negation(holds)
        parts.append((sql, path, holds))
    if len(parts) == 1:
        sql, path, holds = parts[0]
        return sql, lambda row: holds(next(values_at([row], path))) is True
    both = rng.random() < 0.5
    word, joined = ("AND", all) if both else ("OR", any)
    return (f"({parts[0][0]}) {word} ({parts[1][0]})",
            lambda row: joined(holds(next(values_at([row], path))) is True for _, path, holds in parts))


def negation(holds):
    def negated(value):
        known = holds(value)
        return None if known is None else not known
    return negated
