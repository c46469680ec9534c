"""Glue's Python library as AWS documents it, over DataFrames of a Spark Connect session. Written from the
documentation; what needs AWS itself is refused by name."""

from firn import spark as _spark

_spark.install()
