"""Modules that Glue Studio's scripts import beside awsglue: gs_… (its own transforms) are refused by name at import."""

import sys

from firn.errors import NotSupported

# gs_ module → what to write instead.
INSTEAD = {
    "gs_array_to_cols": "df.select(F.col(array)[0], F.col(array)[1], …)",
    "gs_concat": "df.withColumn(name, F.concat_ws(separator, …))",
    "gs_derived": "df.withColumn(name, F.expr(text))",
    "gs_explode": "df.withColumn(name, F.explode(column))",
    "gs_flatten": "frame.unnest()",
    "gs_format_timestamp": "df.withColumn(name, F.date_format(column, pattern))",
    "gs_lookup": "a left join: df.join(other, keys, 'left')",
    "gs_now": "df.withColumn(name, F.current_timestamp())",
    "gs_null_rows": "df.dropna(how='all')",
    "gs_parse_json": "frame.unbox(column, 'json')",
    "gs_pivot": "df.groupBy(…).pivot(column).agg(…)",
    "gs_regex_extractor": "df.withColumn(name, F.regexp_extract(column, pattern, group))",
    "gs_repartition": "frame.repartition(n)",
    "gs_sequence_id": "df.withColumn(name, F.monotonically_increasing_id())",
    "gs_split": "df.withColumn(name, F.split(column, pattern))",
    "gs_to_timestamp": "df.withColumn(name, F.to_timestamp(column, pattern))",
    "gs_unpivot": "df.unpivot(ids, values, variable, value)",
    "gs_uuid": "df.withColumn(name, F.expr('uuid()'))",
}


class _Refuser:
    def find_spec(self, name, path=None, target=None):
        if name in INSTEAD:
            raise NotSupported(f"Glue Studio's transform {name}", "write " + INSTEAD[name])
        return None


_installed = False


def install():
    global _installed
    if not _installed:
        _installed = True
        sys.meta_path.append(_Refuser())  # last: a module of that name beside the script wins
