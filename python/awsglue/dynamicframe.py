"""DynamicFrame: a DataFrame whose columns may hold values of several types (choices), with error records beside it."""

import functools
import json

from firn.errors import NotSupported
from firn.glue import choice as choices_
from firn.glue import nested, records, unboxing, workers
from firn.glue import paths as fieldpath
from firn.glue.types import glue_type, spark_type, tree_lines
from pyspark.sql import functions as F
from pyspark.sql.types import StructType


class ResolveOption:
    """toDF's way to say what becomes of a choice: KeepAsStruct, Project or Cast, with a type."""

    def __init__(self, path, action, target=None):
        self.path, self.action, self.target = path, action, target


class DynamicFrame:
    def __init__(self, jdf, glue_ctx, name="", *, choices=frozenset(), sparse=False, errors=(), stage_errors=None,
                 plan=None):
        """`jdf`: the DataFrame underneath, or None with `plan`, which gives (DataFrame, choices) once they are asked
        for. `sparse`: its records may lack fields, as JSON's do. `errors`: DataFrames of error records."""
        self._frame, self._choice_paths = jdf, frozenset(choices)
        self._plan = plan
        self.glue_ctx = glue_ctx
        self.name = name
        self._sparse = sparse
        self._stage_errors = [] if stage_errors is None else [ErrorRecords(stage_errors)]
        self._errors = [*errors, *self._stage_errors]
        self._thresholds = (0, 0)
        self._schema = None

    def _planned(self):
        if self._frame is None:
            self._frame, choices = self._plan()
            self._choice_paths = frozenset(choices)
        return self

    @property
    def _df(self):
        return self._planned()._frame

    @property
    def _choices(self):
        return self._planned()._choice_paths

    def _next(self, frame, *, choices=None, stage_errors=None, name=None, sparse=None, thresholds=(0, 0), plan=None):
        result = DynamicFrame(frame, self.glue_ctx, self.name if name is None else name,
                              choices=() if plan else self._choices if choices is None else choices,
                              sparse=self._sparse if sparse is None else sparse, errors=self._errors,
                              stage_errors=stage_errors, plan=plan)
        result._thresholds = thresholds
        result.assertErrorThreshold()
        return result

    @classmethod
    def fromDF(cls, dataframe, glue_ctx, name="", **_):
        return cls(dataframe, glue_ctx, name)

    # ---- what it is
    def _resolved(self, path):
        return fieldpath.resolve(self._df.schema, fieldpath.parse(path))

    def _known(self, path):
        found = self._resolved(path)
        if found is None:
            raise ValueError(f"there is no field {path!r} in the DynamicFrame {self.name or ''}; it has "
                             f"{', '.join(self._df.columns)}")
        return found

    def schema(self):
        if self._schema is None:
            self._schema = glue_type(self._df.schema, self._choices)
        return self._schema

    def with_frame_schema(self, schema):
        self._schema = schema
        return self

    def printSchema(self):
        print("\n".join(["root", *tree_lines(self.schema())]) + "\n")

    def count(self):
        return self._df.count()

    def show(self, num_rows=20):
        schema = self._df.schema
        for row in self._df.limit(num_rows).collect():
            record = records.record_of(row, schema, self._choices, self._sparse)
            shown = {name: value for name, value in record.items() if value is not None or not self._sparse}
            print(json.dumps(shown, default=str, ensure_ascii=False))

    def toDF(self, options=None):
        """The DataFrame: a choice that `options` leave is a struct with a field a type."""
        frame, left = self._df, self._choices
        for option in options or ():
            path = self._known(option.path)
            action = option.action.lower()
            if action in ("keepasstruct", "keep_as_struct"):
                left = left - {path}
                continue
            if action not in ("project", "cast"):
                raise ValueError(f"{option.action!r} is no action of toDF; there are Project, Cast, KeepAsStruct")
            target = spark_type(option.target)
            edit = choices_.edit_for(action, target.simpleString() if action == "cast" else
                                     option.target if isinstance(option.target, str) else
                                     choices_.glue_name(target), path[-1], path in left)
            frame = fieldpath.edit_frame(frame, {path: edit})
            left = left - {path}
        return frame

    def getNumPartitions(self):
        return 1

    def repartition(self, num_partitions, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        return self._next(self._df.repartition(num_partitions), thresholds=(stageThreshold, totalThreshold))

    def coalesce(self, num_partitions, shuffle=False, transformation_ctx="", info="", stageThreshold=0,
                 totalThreshold=0):
        return self._next(self._df.coalesce(num_partitions), thresholds=(stageThreshold, totalThreshold))

    # ---- Python functions: run in the server's workers
    def _errors_of(self, step, f):
        return workers.errors_of(self._df, self._choices, self._sparse, step, f)

    def filter(self, f, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        if not self._df.columns:
            return self
        return self._next(workers.filtered(self._df, self._choices, self._sparse, f),
                          stage_errors=self._errors_of(records.filter_record, f),
                          thresholds=(stageThreshold, totalThreshold))

    def _mapped(self, step, f, thresholds):
        if not self._df.columns:
            return self
        results = workers.mapped(self._df, self._choices, self._sparse, step, f)
        return self._next(None, plan=results.frame, stage_errors=results.errors, thresholds=thresholds)

    def map(self, f, preservesPartitioning=False, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        return self._mapped(records.map_record, f, (stageThreshold, totalThreshold))

    def flatMap(self, f, preservesPartitioning=False, transformation_ctx="", info="", stageThreshold=0,
                totalThreshold=0):
        return self._mapped(records.flat_map_record, f, (stageThreshold, totalThreshold))

    def mapPartitions(self, f, preservesPartitioning=True, transformation_ctx="", info="", stageThreshold=0,
                      totalThreshold=0):
        return self.mapPartitionsWithIndex(lambda _, part: f(part), preservesPartitioning, transformation_ctx, info,
                                           stageThreshold, totalThreshold)

    def mapPartitionsWithIndex(self, f, preservesPartitioning=False, transformation_ctx="", info="", stageThreshold=0,
                               totalThreshold=0):
        if not self._df.columns:
            return self
        results = workers.mapped_partitions(self._df, self._choices, self._sparse, f)
        return self._next(None, plan=results.frame, thresholds=(stageThreshold, totalThreshold))

    # ---- fields
    def drop_fields(self, paths, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        found = [self._resolved(path) for path in paths]
        edits = {path: lambda *_: fieldpath.DROP for path in found if path is not None}
        choices = {one for one in self._choices if not any(one[:len(path)] == path for path in edits)}
        return self._next(fieldpath.edit_frame(self._df, edits), choices=choices,
                          thresholds=(stageThreshold, totalThreshold))

    def select_fields(self, paths, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        found = [path for path in map(self._resolved, paths) if path is not None]
        tree = {}
        for path in found:
            level = tree
            for step in path:
                level = level.setdefault(step, {})
            level[()] = True

        def kept(expression, kind, level):
            if () in level:
                return expression
            if "[]" in level:
                return F.transform(expression, lambda element: kept(element, kind.elementType, level["[]"]))
            fields = [kept(fieldpath.child(expression, field.name), field.dataType, level[field.name]).alias(field.name)
                      for field in kind.fields if field.name in level]
            return F.when(expression.isNotNull(), F.struct(*fields))
        columns = [kept(fieldpath.column(name), self._df.schema[name].dataType, level).alias(name)
                   for name, level in tree.items()]
        choices = {one for one in self._choices if any(one[:len(path)] == path for path in found)}
        return self._next(self._df.select(*columns), choices=choices, thresholds=(stageThreshold, totalThreshold))

    def rename_field(self, oldName, newName, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        old = self._known(oldName)
        new = fieldpath.parse(newName)
        thresholds = (stageThreshold, totalThreshold)
        if len(new) == len(old) and new[:-1] == old[:-1]:
            edits = {old: lambda expression, _: [(new[-1], expression)]}
            choices = {(*new, *one[len(new):]) if one[:len(old)] == old else one for one in self._choices}
            return self._next(fieldpath.edit_frame(self._df, edits), choices=choices, thresholds=thresholds)
        moved = fieldpath.expression_at(old)
        for step in reversed(new[1:]):
            moved = F.struct(moved.alias(step))
        if new[0] in self._df.columns and len(new) > 1 and old[0] != new[0]:
            raise NotSupported(f"rename_field into the existing struct {new[0]!r}", "write apply_mapping")
        frame = self._df.withColumn(new[0], moved) if new[0] not in self._df.columns else \
            self._df.withColumn("\x01moved", moved)
        frame = fieldpath.edit_frame(frame, {old: lambda *_: fieldpath.DROP})
        if "\x01moved" in frame.columns:
            frame = frame.withColumnRenamed("\x01moved", new[0])
        choices = {(*new, *one[len(old):]) if one[:len(old)] == old else one for one in self._choices}
        return self._next(frame, choices=choices, thresholds=thresholds)

    def apply_mapping(self, mappings, case_sensitive=False, transformation_ctx="", info="", stageThreshold=0,
                      totalThreshold=0):
        tree, choices = {}, set()
        for mapping in mappings:
            source, source_type, target, target_type = _full_mapping(mapping)
            found = fieldpath.resolve(self._df.schema, fieldpath.parse(source), case_sensitive)
            if found is None or "[]" in found:
                continue  # a field that no record has maps to nothing
            expression, kind = fieldpath.expression_at(found), fieldpath.type_at(self._df.schema, found)
            wanted = spark_type(target_type)
            if found in self._choices:
                from_type = spark_type(source_type)
                if wanted is None:
                    choices.add(fieldpath.parse(target))
                else:
                    expression = choices_.cast_choice(expression, kind, wanted) if from_type is None or \
                        source_type == "choice" else fieldpath.try_cast(
                            choices_.alternative(expression, kind, from_type), wanted)
            elif wanted is not None and kind != wanted:
                expression = choices_.cast_value(expression, kind, wanted)
            level = tree
            steps = fieldpath.parse(target)
            for step in steps[:-1]:
                level = level.setdefault(step, {})
            level[steps[-1]] = expression

        def column(name, value):
            if isinstance(value, dict):
                return F.struct(*[column(called, below) for called, below in value.items()]).alias(name)
            return value.alias(name)
        return self._next(self._df.select(*[column(name, value) for name, value in tree.items()]), choices=choices,
                          thresholds=(stageThreshold, totalThreshold))

    def applyMapping(self, *args, **kwargs):
        return self.apply_mapping(*args, **kwargs)

    def drop_nulls(self, transformation_ctx="", options=None):
        """Without the columns that are null in every row."""
        names = self._df.columns
        if not names:
            return self
        counts = self._df.agg(*[F.count(fieldpath.column(name)).alias(f"c{i}") for i, name in enumerate(names)]).collect()[0]
        return self._next(self._df.select(*[fieldpath.column(name) for i, name in enumerate(names) if counts[i]]))

    # ---- choices
    def resolveChoice(self, specs=None, choice="", database=None, table_name=None, transformation_ctx="", info="",
                      stageThreshold=0, totalThreshold=0, catalog_id=None, option=""):
        choice = choice or option
        if specs is not None and choice != "":
            raise ValueError("specs and choice cannot both be given")
        if choice == "match_catalog" or (specs is None and choice == "" and database):
            if not database or not table_name:
                raise ValueError("match_catalog needs database and table_name")
            planned = self._matching_catalog(database, table_name)
        elif specs is None:
            action, argument = choices_.split_action(choice or "make_struct")
            planned = [(path, action, argument) for path in self._choices]
        else:
            planned = [(self._known(path), *choices_.split_action(action)) for path, action in specs]
        frame, left = choices_.resolve(self._df, self._choices, planned)
        return self._next(frame, choices=left, thresholds=(stageThreshold, totalThreshold))

    def _matching_catalog(self, database, table_name):
        from firn.glue.catalog import table_of
        wanted = table_of(self._df.sparkSession, database, table_name).schema
        planned = []
        for path in self._choices:
            found = fieldpath.resolve(wanted, path)
            if found is not None:
                planned.append((path, "cast", fieldpath.type_at(wanted, found).simpleString()))
        for field in self._df.schema.fields:
            found = fieldpath.resolve(wanted, (field.name,))
            if found and (field.name,) not in self._choices and not isinstance(field.dataType, StructType):
                target = fieldpath.type_at(wanted, found)
                if target != field.dataType and spark_type(target.simpleString()) is not None:
                    planned.append(((field.name,), "cast", target.simpleString()))
        return planned

    # ---- shapes
    def unnest(self, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        frame, choices = nested.unnest(self._df, self._choices)
        return self._next(frame, choices=choices, thresholds=(stageThreshold, totalThreshold))

    def unnest_ddb_json(self, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        frame = unboxing.without_ddb_types(self._df)
        return self._next(frame, choices=frozenset(), thresholds=(stageThreshold, totalThreshold))

    simplify_ddb_json = unnest_ddb_json

    def relationalize(self, root_table_name, staging_path=None, options=None, transformation_ctx="", info="",
                      stageThreshold=0, totalThreshold=0):
        frame, _ = choices_.resolve(self._df, self._choices, [(path, "make_struct", "") for path in self._choices])
        tables = nested.relationalize(frame, root_table_name)
        frames = {name: self._next(table, choices=frozenset(), name=name) for name, table in tables.items()}
        return DynamicFrameCollection(frames, self.glue_ctx)

    def unbox(self, path, format, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0, **options):
        found = self._known(path)
        frame, errors = unboxing.unbox(self._df, found, format, options)
        return self._next(frame, stage_errors=errors, thresholds=(stageThreshold, totalThreshold))

    # ---- rows
    def split_fields(self, paths, name1="frame1", name2="frame2", transformation_ctx="", info="",
                     stageThreshold=0, totalThreshold=0):
        first, second = self.select_fields(paths), self.drop_fields(paths)
        first.name, second.name = name1, name2
        return DynamicFrameCollection({name1: first, name2: second}, self.glue_ctx)

    def split_rows(self, comparison_dict, name1="frame1", name2="frame2", transformation_ctx="", info="",
                   stageThreshold=0, totalThreshold=0):
        condition = F.lit(True)
        for path, comparisons in comparison_dict.items():
            value = fieldpath.expression_at(self._known(path))
            for comparator, other in comparisons.items():
                if comparator not in COMPARATORS:
                    raise ValueError(f"{comparator!r} compares nothing; there are {', '.join(COMPARATORS)}")
                condition = condition & COMPARATORS[comparator](value, F.lit(other))
        condition = F.coalesce(condition, F.lit(False))
        frames = {name1: self._next(self._df.where(condition), name=name1),
                  name2: self._next(self._df.where(~condition), name=name2)}
        return DynamicFrameCollection(frames, self.glue_ctx)

    def join(self, paths1, paths2, frame2, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        """Inner equality join; a column that both have is `.name` on the right, as in Glue."""
        left, right = self._df, frame2._df
        taken = {name.lower() for name in left.columns}
        renamed, right_names = [], {}
        for name in right.columns:
            fresh = name
            while fresh.lower() in taken:
                fresh = "." + fresh
            taken.add(fresh.lower())
            right_names[name] = fresh
            renamed.append(fieldpath.column(name).alias(fresh))
        right = right.select(*renamed)
        condition = None
        for one, other in zip(paths1, paths2, strict=True):
            left_path, right_path = self._known(one), frame2._known(other)
            equal = fieldpath.expression_at(left_path) == fieldpath.expression_at((right_names[right_path[0]],
                                                                           *right_path[1:]))
            condition = equal if condition is None else condition & equal
        choices = self._choices | {(right_names[one[0]], *one[1:]) for one in frame2._choices}
        return self._next(left.join(right, condition, "inner"), choices=choices,
                          thresholds=(stageThreshold, totalThreshold))

    def union(self, other_frame, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        from firn.glue.merging import union
        frame, choices = union(self, other_frame)
        return self._next(frame, choices=choices, thresholds=(stageThreshold, totalThreshold))

    def mergeDynamicFrame(self, stage_dynamic_frame, primary_keys, transformation_ctx="", options=None, info="",
                          stageThreshold=0, totalThreshold=0):
        """The records of the staging frame, and ours whose keys it does not have."""
        from firn.glue.merging import union
        staged = stage_dynamic_frame._df.select(*[
            fieldpath.expression_at(stage_dynamic_frame._known(key)).alias(f"\x01k{i}")
            for i, key in enumerate(primary_keys)]).distinct()
        condition = None
        for i, key in enumerate(primary_keys):
            equal = fieldpath.expression_at(self._known(key)).eqNullSafe(fieldpath.column(f"\x01k{i}"))
            condition = equal if condition is None else condition & equal
        kept = self._next(self._df.join(staged, condition, "left_anti"))
        frame, choices = union(kept, stage_dynamic_frame)
        return self._next(frame, choices=choices, thresholds=(stageThreshold, totalThreshold))

    def spigot(self, path, options=None, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        """Writes a sample as JSON and passes the frame on."""
        options = options or {}
        sample = self._df
        if "prob" in options:
            sample = sample.sample(float(options["prob"]))
        if "topk" in options:
            sample = sample.limit(int(options["topk"]))
        sample.write.mode("append").json(path)
        return self

    def write(self, connection_type, connection_options=None, format=None, format_options=None, accumulator_size=0):
        return self.glue_ctx.write_dynamic_frame_from_options(self, connection_type, connection_options or {}, format,
                                                              format_options or {})

    # ---- errors
    def errorsCount(self):
        return sum(one.count() for one in self._errors)

    def stageErrorsCount(self):
        return sum(one.count() for one in self._stage_errors)

    def errorsAsDynamicFrame(self):
        """A record an error: error.msg, error.stackTrace, error.dynamicRecord (the record as JSON)."""
        frames = [one.frame for one in self._errors] or [self._df.sparkSession.createDataFrame([], workers.ERRORS)]
        frame = functools.reduce(lambda left, right: left.unionAll(right), frames)
        return DynamicFrame(frame.select(F.struct(*frame.columns).alias("error")), self.glue_ctx, "errors")

    def assertErrorThreshold(self):
        """Raises where more records failed than the transformation was to bear."""
        stage, total = self._thresholds
        for word, limit, errors in (("stage", stage, self._stage_errors), ("total", total, self._errors)):
            found = sum(one.count() for one in errors) if limit else 0
            if found > limit:
                first = next(row for one in errors for row in one.frame.limit(1).collect())
                raise RuntimeError(f"{found} error records, more than the {word} threshold of {limit}; the first: "
                                   f"{first.msg}")


class ErrorRecords:
    """The error records of one transformation, counted once. `frame`: a DataFrame, or what gives one."""

    def __init__(self, frame):
        self._frame = frame
        self._count = None

    @property
    def frame(self):
        if callable(self._frame):
            self._frame = self._frame()
        return self._frame

    def count(self):
        if self._count is None:
            self._count = self.frame.count()
        return self._count


def _full_mapping(mapping):
    """(source, target), (source, type, target, type) and the three forms between."""
    if len(mapping) == 2:
        return mapping[0], "", mapping[1], ""
    if len(mapping) == 3:
        return mapping[0], mapping[1], mapping[2], mapping[1]
    if len(mapping) == 4:
        return tuple(mapping)
    raise ValueError(f"a mapping is (source, source type, target, target type), not {mapping!r}")


COMPARATORS = {
    ">": lambda value, other: value > other,
    "<": lambda value, other: value < other,
    ">=": lambda value, other: value >= other,
    "<=": lambda value, other: value <= other,
    "=": lambda value, other: value == other,
    "!=": lambda value, other: value != other,
}


class DynamicFrameCollection:
    """DynamicFrames by name: what relationalize and the splits give."""

    def __init__(self, dynamic_frames, glue_ctx=None):
        self._frames = dict(dynamic_frames)
        self._glue_ctx = glue_ctx

    def __getitem__(self, key):
        return self._frames[key]

    def __len__(self):
        return len(self._frames)

    def __iter__(self):
        return iter(self._frames)

    def __contains__(self, key):
        return key in self._frames

    def keys(self):
        return self._frames.keys()

    def values(self):
        return self._frames.values()

    def items(self):
        return self._frames.items()

    def select(self, key, transformation_ctx=""):
        return self._frames[key]

    def map(self, callable, transformation_ctx=""):
        return DynamicFrameCollection({name: callable(frame, f"{transformation_ctx}:{name}")
                                       for name, frame in self._frames.items()}, self._glue_ctx)

    def flatmap(self, f, transformation_ctx=""):
        result = {}
        for name, frame in self._frames.items():
            made = f(frame, f"{transformation_ctx}:{name}")
            if isinstance(made, DynamicFrameCollection):
                result.update({f"{name}_{inner}": one for inner, one in made.items()})
            else:
                result[name] = made
        return DynamicFrameCollection(result, self._glue_ctx)


class DynamicFrameReader:
    """glueContext.create_dynamic_frame.from_…"""

    def __init__(self, glue_context):
        self._glue_context = glue_context

    def from_rdd(self, data, name, schema=None, sampleRatio=None):
        return self._glue_context.create_dynamic_frame_from_rdd(data, name, schema, sampleRatio)

    def from_options(self, connection_type, connection_options=None, format=None, format_options=None,
                     transformation_ctx="", push_down_predicate="", **kwargs):
        return self._glue_context.create_dynamic_frame_from_options(
            connection_type, connection_options or {}, format, format_options or {}, transformation_ctx,
            push_down_predicate, **kwargs)

    def from_catalog(self, database=None, table_name=None, redshift_tmp_dir="", transformation_ctx="",
                     push_down_predicate="", additional_options=None, catalog_id=None, name_space=None, **kwargs):
        return self._glue_context.create_dynamic_frame_from_catalog(
            database or name_space, table_name, redshift_tmp_dir, transformation_ctx, push_down_predicate,
            additional_options or {}, catalog_id, **kwargs)


class DynamicFrameWriter:
    """glueContext.write_dynamic_frame.from_…"""

    def __init__(self, glue_context):
        self._glue_context = glue_context

    def from_options(self, frame, connection_type, connection_options=None, format=None, format_options=None,
                     transformation_ctx=""):
        return self._glue_context.write_dynamic_frame_from_options(
            frame, connection_type, connection_options or {}, format, format_options or {}, transformation_ctx)

    def from_catalog(self, frame, database=None, table_name=None, redshift_tmp_dir="", transformation_ctx="",
                     additional_options=None, catalog_id=None, name_space=None, **kwargs):
        return self._glue_context.write_dynamic_frame_from_catalog(
            frame, database or name_space, table_name, redshift_tmp_dir, transformation_ctx, additional_options or {},
            catalog_id)

    def from_jdbc_conf(self, frame, catalog_connection, connection_options=None, redshift_tmp_dir="",
                       transformation_ctx="", catalog_id=None):
        return self._glue_context.write_dynamic_frame_from_jdbc_conf(
            frame, catalog_connection, connection_options or {}, redshift_tmp_dir, transformation_ctx, catalog_id)
