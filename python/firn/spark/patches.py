"""What is added to PySpark's modules once they are imported. Each function completes one module, twice is fine."""

import warnings

from firn.errors import NotSupported
from firn.spark.batches import complete_stream_writer  # noqa: F401: named in hooks.PATCHED
from firn.spark.process import JVM_INSTEAD, sessions, settings


def no_jvm(name):
    def get(self):
        raise NotSupported(name, JVM_INSTEAD[name])
    return property(get)


def complete_pyspark(module):
    """`from pyspark import SparkContext, SparkConf, SparkFiles, RDD, Broadcast, SQLContext`."""
    def lazy(name):
        if name == "SparkContext":
            from firn.spark.context import SparkContext as found
        elif name == "SparkFiles":
            from firn.spark.files import SparkFiles as found
        elif name == "RDD":
            from firn.spark.rdd import RDD as found
        elif name == "Broadcast":
            from firn.spark.broadcast import Broadcast as found
        elif name in ("SQLContext", "HiveContext"):
            from firn.spark.sql_context import SQLContext as found
        else:
            raise AttributeError(f"module 'pyspark' has no attribute {name!r}")
        setattr(module, name, found)
        return found
    for name in ("SparkContext", "SparkFiles", "RDD", "Broadcast", "SQLContext", "HiveContext"):
        module.__dict__.pop(name, None)
    module.__getattr__ = lazy


def complete_context_module(module):
    """pyspark.context of 3.5."""
    from firn.spark.context import SparkContext
    module.SparkContext = SparkContext


def complete_builder(module):
    """SparkSession.builder of pyspark.sql: a master is accepted and has no effect; Hive support likewise."""
    builder = module.SparkSession.Builder
    if getattr(builder, "_firn", False):
        return
    builder._firn = True
    config = builder.config

    def config_without_master(self, key=None, value=None, conf=None, *, map=None):
        if conf is not None:
            map = {**dict(conf.getAll()), **(map or {})}
        if map is not None:
            for name, one in map.items():
                if name != "spark.master":
                    config(self, name, one)
            return self
        return self if key == "spark.master" else config(self, key, value)

    builder.config = config_without_master
    builder.master = lambda self, master: self
    builder.enableHiveSupport = lambda self: self

    def session_of(cls, sparkContext=None, *args, **kwargs):
        """SparkSession(sc): the session behind the context."""
        from firn.spark.context import SparkContext
        if isinstance(sparkContext, SparkContext):
            return sparkContext._session
        return object.__new__(cls)
    module.SparkSession.__new__ = session_of


def complete_sql_context(module):
    """`from pyspark.sql import SQLContext, HiveContext`."""
    from firn.spark.sql_context import HiveContext, SQLContext
    module.SQLContext, module.HiveContext = SQLContext, HiveContext


def complete_checks(module):
    """The client takes `python -c` and `python -` for a run of its doctests, looks for Spark's own tests and ends the
    process where only the client is installed. What it needs of other packages is checked as it is otherwise."""
    needed = [check for name, check in vars(module).items() if name.startswith("require_minimum_")]

    def check_dependencies(*_):
        for check in needed:
            check()
    module.check_dependencies = check_dependencies


def _context_of(session):
    from firn.spark.context import SparkContext
    return SparkContext._of(session)


def complete_session(module):
    """The session of Spark Connect: sparkContext, newSession, createDataFrame from an RDD, confs of the command line."""
    session = module.SparkSession
    if getattr(session, "_firn", False):
        return
    session._firn = True
    session.sparkContext = property(_context_of)
    for name in JVM_INSTEAD:
        setattr(session, name, no_jvm(name))

    create = session.createDataFrame

    def create_data_frame(self, data, schema=None, samplingRatio=None, verifySchema=True):
        from firn.spark.rdd import RDD
        if isinstance(data, RDD):
            data = data.collect()
        elif not hasattr(data, "__len__") and hasattr(data, "__iter__"):
            data = list(data)
        return create(self, data, schema)
    create_data_frame.__doc__ = create.__doc__
    session.createDataFrame = create_data_frame

    apply_options = session.Builder._apply_options

    def apply_with_settings(self, fresh):
        if not getattr(fresh, "_firn_settings", False):
            fresh._firn_settings = True
            _apply_settings(fresh)
        if len(self._options) > (1 if "spark.remote" in self._options else 0):
            apply_options(self, fresh)
    session.Builder._apply_options = apply_with_settings
    session.Builder.enableHiveSupport = lambda self: self

    missing = session.__getattr__

    def missing_with_hint(self, name):
        if name in ("write", "writeStream", "writeTo"):
            raise AttributeError(f"'SparkSession' object has no attribute '{name}': a session reads; what writes is a "
                                 f"DataFrame, df.{name}")
        return missing(self, name)
    session.__getattr__ = missing_with_hint

    init = session.__init__

    def open_session(self, connection, *args, **kwargs):
        init(self, connection, *args, **kwargs)
        self._firn_connection = connection
        sessions.add(self)
    session.__init__ = open_session

    def new(self):
        fresh = session(connection=self._firn_connection)
        _apply_settings(fresh)
        fresh._firn_settings = True
        return fresh
    session.newSession = new


def _apply_settings(session):
    confs = settings.get("conf")
    if confs:
        for key, value in confs.items():
            session.conf.set(key, value)


def complete_dataframe(module):
    """DataFrame.rdd, toJSON, and what only the classic class has."""
    frame = module.DataFrame
    if getattr(frame, "_firn", False):
        return
    frame._firn = True

    def rdd(self):
        from firn.spark.rdd import RDD
        return RDD.of_frame(self)

    def to_json(self, use_unicode=True):
        from pyspark.sql import functions as F
        from firn.spark.rdd import RDD
        texts = self.select(F.to_json(F.struct(*[F.col(f"`{name}`") for name in self.columns])).alias("value"))
        return RDD.of_frame(texts).map(lambda row: row.value)

    frame.rdd = property(rdd)
    frame.toJSON = to_json
    frame.sql_ctx = property(lambda self: _sql_context(self))
    for name, instead in (("_jdf", "there is no JVM behind this DataFrame; use its own methods"),
                          ("_sc", "use df.sparkSession.sparkContext")):
        setattr(frame, name, property(_refuser(name, instead)))


def _sql_context(frame):
    from firn.spark.sql_context import SQLContext
    return SQLContext(frame.sparkSession.sparkContext, frame.sparkSession)


def _refuser(name, instead):
    def get(self):
        raise NotSupported(name, instead)
    return get


def complete_writer(module):
    """`df.writeTo(t).overwrite()` without a condition overwrites all, with a warning."""
    writer = module.DataFrameWriterV2
    if getattr(writer, "_firn", False):
        return
    writer._firn = True
    overwrite = writer.overwrite

    def overwrite_all(self, condition=None):
        if condition is None:
            from pyspark.sql import functions as F
            warnings.warn("overwrite() without a condition replaces all rows: write overwrite(F.lit(True)) to say so",
                          stacklevel=2)
            condition = F.lit(True)
        return overwrite(self, condition)
    overwrite_all.__doc__ = overwrite.__doc__
    writer.overwrite = overwrite_all
