"""Random changes of a schema, a partition spec and a sort order, each as SQL and by PyIceberg's API. Rows follow, because they go
by field ids."""

from pyiceberg.transforms import (BucketTransform, DayTransform, HourTransform, IdentityTransform, MonthTransform, TruncateTransform,
                                  VoidTransform, YearTransform)
from pyiceberg.types import (BinaryType, BooleanType, DateType, DecimalType, DoubleType, FixedType, FloatType, IntegerType, ListType,
                             LongType, MapType, StringType, StructType, TimestamptzType, TimeType, UUIDType)

from random_tables import leaves, sql_type, transforms_of

ADDABLE = [StringType(), LongType(), DoubleType(), DateType(), DecimalType(12, 2), BinaryType(), TimestamptzType(), IntegerType()]


def structs(fields, prefix=(), above=()):
    """(names that lead to a struct, its fields, ids above it) at every depth, the table first."""
    yield prefix, fields, above
    for field in fields:
        yield from _structs_in(field.field_type, (*prefix, field.name), (*above, field.field_id))


def _structs_in(kind, prefix, above):
    if isinstance(kind, StructType):
        yield from structs(kind.fields, prefix, above)
    elif isinstance(kind, ListType):
        yield from _structs_in(kind.element_type, (*prefix, "element"), above)
    elif isinstance(kind, MapType):
        yield from _structs_in(kind.value_type, (*prefix, "value"), above)


def wider(kind):
    if isinstance(kind, IntegerType):
        return LongType()
    if isinstance(kind, FloatType):
        return DoubleType()
    return DecimalType(38, kind.scale) if isinstance(kind, DecimalType) and kind.precision < 38 else None


def name_of(path):
    return ".".join(f"`{name}`" for name in path)


class Change:
    """One of: add, drop, rename, widen, move, optional. `path`: names."""

    def __init__(self, what, path, to=None, after=None):
        self.what, self.path, self.to, self.after = what, path, to, after

    def sql(self, table):
        column = name_of(self.path)
        place = f"AFTER `{self.after}`" if self.after else "FIRST"
        return f"ALTER TABLE {table} " + {
            "add": lambda: f"ADD COLUMN {column} {sql_type(self.to)}" + (f" {place}" if self.after else ""),
            "drop": lambda: f"DROP COLUMN {column}",
            "rename": lambda: f"RENAME COLUMN {column} TO `{self.to}`",
            "widen": lambda: f"ALTER COLUMN {column} TYPE {sql_type(self.to)}",
            "move": lambda: f"ALTER COLUMN {column} {place}",
            "optional": lambda: f"ALTER COLUMN {column} DROP NOT NULL"}[self.what]()

    def by_pyiceberg(self, update):
        place = (*self.path[:-1], self.after) if self.after else None
        if self.what == "add":
            update.add_column(self.path, self.to)
            if place:
                update.move_after(self.path, place)
        elif self.what == "drop":
            update.delete_column(self.path)
        elif self.what == "rename":
            update.rename_column(self.path, self.to)
        elif self.what == "widen":
            update.update_column(self.path, self.to)
        elif self.what == "move":
            update.move_after(self.path, place) if place else update.move_first(self.path)
        else:
            update.make_column_optional(self.path)


def random_changes(rng, schema, pinned):
    """In an order in which each finds its columns. `pinned`: ids of columns that stay, as partitions or orders use them."""
    early, moves, renames, fresh = [], [], [], iter(range(1000))
    for prefix, fields, above in structs(schema.fields):
        fields = list(fields)
        stay = {f.field_id for f in fields if any(leaf.field_id in pinned for _, leaf in leaves([f]))} | {fields[0].field_id}
        loose = [f for f in fields if f.field_id not in stay]
        if loose and rng.random() < 0.5:
            gone = rng.choice(loose)
            fields.remove(gone)
            early.append(Change("drop", (*prefix, gone.name)))
            if rng.random() < 0.5:  # another column of that name
                early.append(Change("add", (*prefix, gone.name), of_that_name(rng, gone)))
        for field in fields:
            path = (*prefix, field.name)
            if field.required and rng.random() < 0.3:
                early.append(Change("optional", path))
            if wider(field.field_type) and rng.random() < 0.7:
                early.append(Change("widen", path, wider(field.field_type)))
        if any(part in ("element", "value") for part in prefix) and not above:
            continue
        for _ in range(rng.choice([0, 1, 2])):
            kind = rng.choice([*ADDABLE, ListType(0, StringType(), element_required=False) if not prefix else BooleanType()])
            early.append(Change("add", (*prefix, f"added {next(fresh)}"), kind, rng.choice([None, rng.choice(fields).name])))
        if len(fields) > 1 and rng.random() < 0.5:
            one, other = rng.sample(fields, 2)
            moves.append(Change("move", (*prefix, one.name), after=rng.choice([None, other.name])))
        kind = rng.random()
        if kind < 0.15 and len(fields) > 1:  # two columns change their names
            one, other = (field.name for field in rng.sample(fields, 2))
            renames += [Change("rename", (*prefix, one), "between"), Change("rename", (*prefix, other), one),
                        Change("rename", (*prefix, "between"), other)]
        elif kind < 0.5:
            field = rng.choice(fields)
            renames.append(Change("rename", (*prefix, field.name), f"new {field.name}"))
            if rng.random() < 0.5:  # its name goes to another column
                renames.append(Change("add", (*prefix, field.name), of_that_name(rng, field), rng.choice([None, f"new {field.name}"])))
    return early + moves + sorted(renames, key=lambda change: -len(change.path))


def of_that_name(rng, field):
    """A type for another column of the name: often the same."""
    return field.field_type if rng.random() < 0.5 and type(field.field_type) in map(type, ADDABLE) else rng.choice(ADDABLE)


def dropped_whole(changes):
    """Without those below what another change drops."""
    gone = [change.path for change in changes if change.what == "drop"]
    return [c for c in changes if not any(len(c.path) > len(path) and c.path[:len(path)] == path for path in gone)]


def keeping_names(changes):
    """Without names that go to other columns, and with them, by the name mapping, the values of files that have no ids."""
    used = {c.path for c in changes if c.what in ("drop", "rename")}
    return [c for c in changes if not (c.what == "add" and c.path in used) and "between" not in (c.path[-1], c.to) and
            not (c.what == "rename" and (*c.path[:-1], c.to) in used)]


# ---- partitions and orders

WORDS = {YearTransform: "years({})", MonthTransform: "months({})", DayTransform: "days({})", HourTransform: "hours({})",
         IdentityTransform: "{}"}


def term(transform, path):
    column = name_of([field.name for field in path])
    if isinstance(transform, BucketTransform):
        return f"bucket({transform.num_buckets}, {column})"
    if isinstance(transform, TruncateTransform):
        return f"truncate({transform.width}, {column})"
    return WORDS[type(transform)].format(column)


def random_repartition(rng, table):
    """(SQL, function of PyIceberg's update, columns) that adds or drops a partition field; None where there is nothing to do."""
    spec, schema = table.spec(), table.schema()
    live = [f for f in spec.fields if not isinstance(f.transform, VoidTransform)]
    if live and rng.random() < 0.5:
        field = rng.choice(live)
        return f"DROP PARTITION FIELD `{field.name}`", lambda update: update.remove_field(field.name), []
    sources = [(path, leaf) for path, leaf in leaves(schema.fields)
               if not isinstance(leaf.field_type, (FloatType, DoubleType, TimeType, UUIDType, FixedType)) and
               not any("." in f.name for f in path)]
    if not sources:
        return None
    path, leaf = rng.choice(sources)
    transform = rng.choice([t for t in transforms_of(leaf.field_type) if not isinstance(t, VoidTransform)])
    if any(f.source_id == leaf.field_id for f in spec.fields):
        return None
    name = f"evolved {len(table.specs())}"
    return (f"ADD PARTITION FIELD {term(transform, path)} AS `{name}`",
            lambda update: update.add_field(".".join(f.name for f in path), transform, name), [leaf])


def random_order(rng, table):
    """(SQL, columns)"""
    sources = [path for path, leaf in leaves(table.schema().fields)
               if not isinstance(leaf.field_type, (TimeType, UUIDType)) and not any("." in f.name for f in path)]
    chosen = rng.sample(sources, min(len(sources), rng.choice([1, 2])))
    if not chosen:
        return None
    terms = [term(rng.choice([t for t in transforms_of(path[-1].field_type) if not isinstance(t, VoidTransform)])
                  if rng.random() < 0.25 else IdentityTransform(), path) for path in chosen]
    parts = [f"{column} {rng.choice(['ASC', 'DESC'])} NULLS {rng.choice(['FIRST', 'LAST'])}" for column in terms]
    return "WRITE ORDERED BY " + ", ".join(parts), [path[-1] for path in chosen]
