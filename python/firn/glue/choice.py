"""resolveChoice: what becomes of a column that has values of several types."""

from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructType

from firn.glue import paths
from firn.glue.types import glue_name, spark_type

ACTIONS = ("cast", "make_cols", "make_struct", "project", "keep_as_struct", "match_catalog")


def split_action(action):
    """"cast:long" → ("cast", "long")."""
    word, _, argument = str(action).partition(":")
    word = word.strip()
    if word not in ACTIONS:
        raise ValueError(f"{action!r} resolves no choice; there are {', '.join(ACTIONS)}")
    if word in ("cast", "project") and not argument:
        raise ValueError(f"{action!r} needs a type: {word}:double")
    return word, argument.strip()


def cast_choice(expression, kind, target):
    """The value, whichever alternative it is of, cast; null where it cannot be."""
    return F.coalesce(*[cast_value(paths.child(expression, field.name), field.dataType, target)
                        for field in kind.fields])


def cast_value(expression, kind, target):
    if isinstance(kind, StructType) or kind.typeName() in ("array", "map"):
        return F.to_json(expression) if isinstance(target, StringType) else F.lit(None).cast(target)
    return paths.try_cast(expression, target)


def alternative(expression, kind, target):
    """Only the values of the alternative `target` (Glue's name or a type)."""
    wanted = target if isinstance(target, str) else glue_name(target)
    wanted = {"integer": "int", "bigint": "long", "bool": "boolean"}.get(wanted, wanted)
    for field in kind.fields:
        if field.name == wanted:
            return paths.child(expression, field.name)
    return F.lit(None).cast(spark_type(target) or StringType())


def edit_for(action, argument, name, is_choice):
    """The edit (paths.edited) of one action at a column called `name`."""
    target = spark_type(argument) if argument else None

    def edit(expression, kind):
        if not is_choice:
            if action in ("cast", "project") and target is not None:
                return cast_value(expression, kind, target)
            return expression
        if action == "cast":
            return expression if target is None else cast_choice(expression, kind, target)
        if action == "project":
            return alternative(expression, kind, argument)
        if action == "make_cols":
            return [(f"{name}_{field.name}", paths.child(expression, field.name)) for field in kind.fields]
        return expression
    return edit


def resolve(frame, choices, specs):
    """(DataFrame, remaining choices) after [(path tuple, action, argument)]; deeper paths first."""
    for path, action, argument in sorted(specs, key=lambda spec: -len(spec[0])):
        is_choice = path in choices
        name = next(step for step in reversed(path) if step != "[]")
        if action in ("cast", "project", "make_cols") and (is_choice or action != "make_cols"):
            if action == "make_cols" and path[-1] == "[]":
                raise ValueError(f"make_cols cannot make columns of an array's elements at {'.'.join(path)}")
            frame = paths.edit_frame(frame, {path: edit_for(action, argument, name, is_choice)})
            gone = {one for one in choices if one[:len(path)] == path}
        else:
            gone = {path}
        choices = choices - gone
    return frame, choices
