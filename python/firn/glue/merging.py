"""The union of two DynamicFrames whose schemas need not agree: absent columns are null, clashing types a choice."""

from pyspark.sql import functions as F
from pyspark.sql.types import NullType, StructField, StructType

from firn.glue import paths
from firn.glue.types import glue_name


def union(left, right):
    """(DataFrame, choices)."""
    left_fields = {field.name: field for field in left._df.schema.fields}
    right_fields = {field.name: field for field in right._df.schema.fields}
    names = [*left_fields, *[name for name in right_fields if name not in left_fields]]
    choices, left_columns, right_columns = set(), [], []
    for name in names:
        one, other = left_fields.get(name), right_fields.get(name)
        one_is, other_is = (name,) in left._choices, (name,) in right._choices
        if one is None or other is None or (one.dataType == other.dataType and one_is == other_is):
            kind = (one or other).dataType
            left_columns.append((paths.column(name) if one else F.lit(None).cast(kind)).alias(name))
            right_columns.append((paths.column(name) if other else F.lit(None).cast(kind)).alias(name))
            choices |= {path for path in left._choices | right._choices if path[0] == name}
            continue
        kinds = {}
        for field, is_choice in ((one, one_is), (other, other_is)):
            for glue, kind in _alternatives(field.dataType, is_choice):
                kinds.setdefault(glue, kind)
        left_columns.append(_as_choice(name, one.dataType, one_is, kinds))
        right_columns.append(_as_choice(name, other.dataType, other_is, kinds))
        choices.add((name,))
    return left._df.select(*left_columns).unionByName(right._df.select(*right_columns)), frozenset(choices)


def _alternatives(kind, is_choice):
    if is_choice:
        return [(field.name, field.dataType) for field in kind.fields]
    return [] if isinstance(kind, NullType) else [(glue_name(kind), kind)]


def _as_choice(name, kind, is_choice, kinds):
    value = paths.column(name)
    fields = []
    for glue, wanted in kinds.items():
        if is_choice and glue in kind.fieldNames():
            one = paths.child(value, glue)
        elif not is_choice and glue == glue_name(kind):
            one = value.cast(wanted)
        else:
            one = F.lit(None).cast(wanted)
        fields.append(one.alias(glue))
    shape = StructType([StructField(glue, wanted, True) for glue, wanted in kinds.items()])
    return F.when(value.isNotNull(), F.struct(*fields)).cast(shape).alias(name)
