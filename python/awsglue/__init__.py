"""Glue's Python library as AWS documents it, over DataFrames of a Spark Connect session. Written from the
documentation; what needs AWS itself is refused by name."""

from firn import spark as _spark
from firn.glue import studio as _studio

_spark.install()
_studio.install()


def __getattr__(name):
    """`from awsglue import DynamicFrame`, as scripts of Glue Studio have it."""
    if name in ("DynamicFrame", "DynamicFrameCollection"):
        from awsglue import dynamicframe
        return getattr(dynamicframe, name)
    raise AttributeError(f"module 'awsglue' has no attribute {name!r}")
