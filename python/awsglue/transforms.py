"""Glue's transforms as classes: each is a method of DynamicFrame, or of a collection, under its class's name."""

from awsglue.dynamicframe import DynamicFrame, DynamicFrameCollection
from firn.errors import refused

ERRORS = ("transformation_ctx", "info", "stageThreshold", "totalThreshold")


class GlueTransform:
    """`Name.apply(frame=…, …)` is `Name()(frame=…, …)`."""

    @classmethod
    def apply(cls, *args, **kwargs):
        return cls()(*args, **kwargs)

    @classmethod
    def name(cls):
        return cls.__name__

    @classmethod
    def describeArgs(cls):
        import inspect
        names = list(inspect.signature(cls.__call__).parameters.values())[1:]
        return [{"name": one.name, "optional": one.default is not one.empty,
                 "defaultValue": None if one.default is one.empty else one.default} for one in names]

    @classmethod
    def describeReturn(cls):
        return {"type": "DynamicFrame", "description": cls.__doc__}

    @classmethod
    def describeTransform(cls):
        return cls.__doc__

    @classmethod
    def describeErrors(cls):
        return []

    @classmethod
    def describe(cls):
        return {"transform": {"name": cls.name(), "args": cls.describeArgs(), "returns": cls.describeReturn(),
                              "description": cls.describeTransform(), "errors": cls.describeErrors()}}


class ApplyMapping(GlueTransform):
    """Selects, renames and casts fields by (source, source type, target, target type)."""

    def __call__(self, frame, mappings, case_sensitive=False, transformation_ctx="", info="", stageThreshold=0,
                 totalThreshold=0):
        return frame.apply_mapping(mappings, case_sensitive, transformation_ctx, info, stageThreshold, totalThreshold)


class DropFields(GlueTransform):
    """Drops fields."""

    def __call__(self, frame, paths, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        return frame.drop_fields(paths, transformation_ctx, info, stageThreshold, totalThreshold)


class DropNullFields(GlueTransform):
    """Drops the fields that are null in every record."""

    def __call__(self, frame, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        return frame.drop_nulls(transformation_ctx)


class ErrorsAsDynamicFrame(GlueTransform):
    """The error records of a frame as a frame."""

    def __call__(self, frame):
        return frame.errorsAsDynamicFrame()


class Filter(GlueTransform):
    """The records for which a Python function is true."""

    def __call__(self, frame, f, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        return frame.filter(f, transformation_ctx, info, stageThreshold, totalThreshold)


class FlatMap(GlueTransform):
    """A transform, or a function of (frame, transformation_ctx), over each frame of a collection."""

    method = "flatmap"  # of the collection

    def __call__(self, dfc, BaseTransform=None, frame_name="frame", transformation_ctx="", info="", stageThreshold=0,
                 totalThreshold=0, *, callable=None, **base_kwargs):
        over_frames = getattr(dfc, self.method)
        if BaseTransform is not None and not hasattr(BaseTransform, "apply"):
            callable = BaseTransform  # given by place, as AWS has it
        if callable is not None:
            return over_frames(callable, transformation_ctx)
        if BaseTransform is None:
            raise ValueError(f"{self.name()} needs callable, a function of (frame, transformation_ctx), or BaseTransform")
        return over_frames(lambda frame, context: BaseTransform.apply(
            **{frame_name: frame, "transformation_ctx": context}, **base_kwargs), transformation_ctx)


class Join(GlueTransform):
    """Inner equality join of two frames."""

    def __call__(self, frame1, frame2, keys1, keys2, transformation_ctx="", info="", stageThreshold=0,
                 totalThreshold=0):
        return frame1.join(keys1, keys2, frame2, transformation_ctx, info, stageThreshold, totalThreshold)


class Map(GlueTransform):
    """A Python function over every record."""

    def __call__(self, frame, f, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        return frame.map(f, False, transformation_ctx, info, stageThreshold, totalThreshold)


class MapToCollection(FlatMap):
    """A transform, or a function of (frame, transformation_ctx), over each frame of a collection, one for one."""

    method = "map"


class Relationalize(GlueTransform):
    """Nested columns as flat ones, arrays as tables of their own."""

    def __call__(self, frame, staging_path=None, name="roottable", options=None, transformation_ctx="", info="",
                 stageThreshold=0, totalThreshold=0):
        return frame.relationalize(name, staging_path, options or {}, transformation_ctx, info, stageThreshold,
                                   totalThreshold)


class RenameField(GlueTransform):
    """Renames a field."""

    def __call__(self, frame, old_name, new_name, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        return frame.rename_field(old_name, new_name, transformation_ctx, info, stageThreshold, totalThreshold)


class ResolveChoice(GlueTransform):
    """Decides what becomes of columns that hold several types."""

    def __call__(self, frame, specs=None, choice="", database=None, table_name=None, transformation_ctx="", info="",
                 stageThreshold=0, totalThreshold=0, catalog_id=None):
        return frame.resolveChoice(specs, choice, database, table_name, transformation_ctx, info, stageThreshold,
                                   totalThreshold, catalog_id)


class SelectFields(GlueTransform):
    """Keeps the fields named."""

    def __call__(self, frame, paths, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        return frame.select_fields(paths, transformation_ctx, info, stageThreshold, totalThreshold)


class SelectFromCollection(GlueTransform):
    """One frame of a collection."""

    def __call__(self, dfc, key, transformation_ctx=""):
        return dfc.select(key, transformation_ctx)


class Spigot(GlueTransform):
    """Writes a sample and passes the frame on."""

    def __call__(self, frame, path, options=None, transformation_ctx=""):
        return frame.spigot(path, options or {}, transformation_ctx)


class SplitFields(GlueTransform):
    """Two frames: the fields named, and the others."""

    def __call__(self, frame, paths, name1="frame1", name2="frame2", transformation_ctx="", info="",
                 stageThreshold=0, totalThreshold=0):
        return frame.split_fields(paths, name1, name2, transformation_ctx, info, stageThreshold, totalThreshold)


class SplitRows(GlueTransform):
    """Two frames: the rows for which the comparisons hold, and the others."""

    def __call__(self, frame, comparison_dict, name1="frame1", name2="frame2", transformation_ctx="", info="",
                 stageThreshold=0, totalThreshold=0):
        return frame.split_rows(comparison_dict, name1, name2, transformation_ctx, info, stageThreshold,
                                totalThreshold)


class Unbox(GlueTransform):
    """A column of JSON or CSV texts as a nested column."""

    def __call__(self, frame, path, format, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0,
                 **options):
        return frame.unbox(path, format, transformation_ctx, info, stageThreshold, totalThreshold, **options)


class UnnestFrame(GlueTransform):
    """Structs as columns with dotted names."""

    def __call__(self, frame, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        return frame.unnest(transformation_ctx, info, stageThreshold, totalThreshold)


class UnnestDDBJson(GlueTransform):
    """DynamoDB's typed JSON without the types."""

    def __call__(self, frame, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        return frame.unnest_ddb_json(transformation_ctx, info, stageThreshold, totalThreshold)


SimplifyDDBJson = Simplify_ddb_json = UnnestDDBJson


class mergeDynamicFrame(GlueTransform):
    """The records of a staging frame, and those of the source whose keys it does not have."""

    def __call__(self, source_dynamic_frame, stage_dynamic_frame, primary_keys, transformation_ctx="", options=None,
                 info="", stageThreshold=0, totalThreshold=0):
        return source_dynamic_frame.mergeDynamicFrame(stage_dynamic_frame, primary_keys, transformation_ctx,
                                                      options or {}, info, stageThreshold, totalThreshold)


class Union(GlueTransform):
    """All records of two frames."""

    def __call__(self, frame1, frame2, transformation_ctx="", info="", stageThreshold=0, totalThreshold=0):
        return frame1.union(frame2, transformation_ctx, info, stageThreshold, totalThreshold)


def _refused(name, instead):
    return type(name, (GlueTransform,), {"__call__": refused(f"the transform {name}", instead), "refused": instead,
                                         "__doc__": "Needs a service of AWS; refused."})


FillMissingValues = _refused("FillMissingValues", "write df.fillna(…)")
FindMatches = _refused("FindMatches", "write a join on the keys, or on F.levenshtein(…)")
FindIncrementalMatches = _refused("FindIncrementalMatches", "write a join on the keys")

_TRANSFORMS = [one for one in list(globals().values())
               if isinstance(one, type) and issubclass(one, GlueTransform) and one is not GlueTransform]


def get_transform(name):
    return next((one for one in _TRANSFORMS if one.__name__ == name), None)


__all__ = [*sorted({one.__name__ for one in _TRANSFORMS}), "GlueTransform", "DynamicFrame", "DynamicFrameCollection",
           "SimplifyDDBJson", "Simplify_ddb_json", "get_transform"]
