"""GlueContext: the session with Glue's readers and writers."""

import logging
import time

from awsglue.data_sink import DataSink
from awsglue.data_source import DataSource
from awsglue.dataframereader import DataFrameReader
from awsglue.dynamicframe import DynamicFrame, DynamicFrameCollection, DynamicFrameReader, DynamicFrameWriter
from awsglue.job import Job
from firn.errors import NotSupported, refused
from firn.glue import catalog, infer, listing, sinks, sources, streaming
from firn.spark.sql_context import SQLContext
from pyspark.sql import functions as F

PURGE_HOURS = 168


class GlueContext(SQLContext):
    def __init__(self, sparkContext=None, **options):
        """`sparkContext`: a SparkContext, or a SparkSession."""
        if hasattr(sparkContext, "sql") and hasattr(sparkContext, "sparkContext"):
            super().__init__(sparkContext.sparkContext, sparkContext)
        else:
            super().__init__(sparkContext)
        self.spark_session = self.sparkSession
        self.create_dynamic_frame = DynamicFrameReader(self)
        self.create_data_frame = DataFrameReader(self)
        self.write_dynamic_frame = DynamicFrameWriter(self)
        self.write_data_frame = DataFrameWriter(self)

    @classmethod
    def getOrCreate(cls, sc=None):
        return cls(sc)

    def get_logger(self):
        return GlueLogger()

    # ---- reading
    def _frame(self, frame, name, choices=frozenset(), sparse=False):
        return DynamicFrame(frame, self, name, choices=choices, sparse=sparse)

    def create_dynamic_frame_from_rdd(self, data, name, schema=None, sample_ratio=None, transformation_ctx=""):
        from pyspark.sql.types import StructType
        values = data.collect() if hasattr(data, "collect") else list(data)
        if isinstance(schema, (StructType, str)):
            return self._frame(self.spark_session.createDataFrame(values, schema), name)
        records = [value.asDict(True) if hasattr(value, "asDict") else value for value in values]
        frame, choices = infer.frame_of(self.spark_session, records)
        return self._frame(frame, name, choices, True)

    def create_dynamic_frame_from_options(self, connection_type, connection_options=None, format=None,
                                          format_options=None, transformation_ctx="", push_down_predicate="",
                                          **kwargs):
        options, session = dict(connection_options or {}), self.spark_session
        bookmarks = Job._bookmarks()
        if connection_type in sources.FILES:
            frame, choices, sparse = sources.read_files(session, options, format, format_options or {}, bookmarks,
                                                        transformation_ctx, push_down_predicate)
            if frame is None:  # nothing new
                frame = session.createDataFrame([], infer.T.StructType([]))
            return self._frame(frame, transformation_ctx, choices, sparse)
        if connection_type in sources.JDBC:
            return self._frame(sources.read_jdbc(session, connection_type, options, bookmarks, transformation_ctx),
                               transformation_ctx)
        if connection_type in ("iceberg", "delta"):
            path = options.get("path") or sources.paths_of(options)[0]
            return self._frame(session.read.format(connection_type).load(path), transformation_ctx)
        if connection_type == "kafka":
            raise NotSupported("a Kafka source as a DynamicFrame", "create_data_frame.from_options, then forEachBatch")
        return sources.refuse(connection_type)

    def create_dynamic_frame_from_catalog(self, database, table_name, redshift_tmp_dir="", transformation_ctx="",
                                          push_down_predicate="", additional_options=None, catalog_id=None, **kwargs):
        frame = self.create_data_frame_from_catalog(database, table_name, redshift_tmp_dir, transformation_ctx,
                                                    push_down_predicate, additional_options, catalog_id)
        return self._frame(frame, transformation_ctx or table_name)

    def create_data_frame_from_catalog(self, database, table_name, redshift_tmp_dir="", transformation_ctx="",
                                       push_down_predicate="", additional_options=None, catalog_id=None, **kwargs):
        catalog.refuse_catalog_id(catalog_id)
        options = additional_options or {}
        frame = catalog.table_of(self.spark_session, database, table_name)
        for predicate in (push_down_predicate, options.get("catalogPartitionPredicate")):
            if predicate:
                frame = frame.where(predicate)
        return frame

    def create_data_frame_from_options(self, connection_type, connection_options=None, format=None,
                                       format_options=None, transformation_ctx="", push_down_predicate="", **kwargs):
        if connection_type in sources.FILES | sources.JDBC | {"iceberg", "delta"}:
            return self.create_dynamic_frame_from_options(connection_type, connection_options, format, format_options,
                                                          transformation_ctx, push_down_predicate).toDF()
        return streaming.read(self.spark_session, connection_type, dict(connection_options or {}))

    def create_sample_dynamic_frame_from_options(self, connection_type, connection_options=None, num=None,
                                                 sample_options=None, format=None, format_options=None,
                                                 transformation_ctx=""):
        frame = self.create_dynamic_frame_from_options(connection_type, connection_options, format, format_options,
                                                       transformation_ctx)
        return self._sample(frame, num)

    def create_sample_dynamic_frame_from_catalog(self, database, table_name, num=None, redshift_tmp_dir="",
                                                 transformation_ctx="", push_down_predicate="", additional_options=None,
                                                 sample_options=None, catalog_id=None, **kwargs):
        return self._sample(self.create_dynamic_frame_from_catalog(
            database, table_name, redshift_tmp_dir, transformation_ctx, push_down_predicate, additional_options,
            catalog_id), num)

    def _sample(self, frame, num):
        schema = frame._df.schema
        from firn.glue.records import record_of
        return [record_of(row, schema, frame._choices, frame._sparse) for row in frame._df.limit(num or 20).collect()]

    def getSource(self, connection_type, transformation_ctx="", **options):
        return DataSource(self, connection_type, transformation_ctx, options)

    def add_ingestion_time_columns(self, dataFrame, timeGranularity=""):
        units = ["year", "month", "day", "hour", "minute"]
        last = timeGranularity or "day"
        if last not in units[2:]:
            raise ValueError(f"timeGranularity is day, hour or minute, not {timeGranularity!r}")
        now = F.current_timestamp()
        parts = {"year": F.year, "month": F.month, "day": F.dayofmonth, "hour": F.hour, "minute": F.minute}
        for unit in units[:units.index(last) + 1]:
            dataFrame = dataFrame.withColumn(f"ingest_{unit}", parts[unit](now))
        return dataFrame

    # ---- writing
    def getSink(self, connection_type, format=None, transformation_ctx="", **options):
        return DataSink(self, connection_type, format, transformation_ctx, options)

    def write_dynamic_frame_from_options(self, frame, connection_type, connection_options=None, format=None,
                                         format_options=None, transformation_ctx=""):
        options, data = dict(connection_options or {}), frame.toDF()
        if connection_type in sources.FILES:
            if data.columns:
                sinks.write_files(data, options, format, format_options or {})
        elif connection_type in sources.JDBC:
            sinks.write_jdbc(data, connection_type, options)
        else:
            sources.refuse(connection_type, writing=True)
        return frame

    def write_from_options(self, frame_or_dfc, connection_type, connection_options=None, format=None,
                           format_options=None, transformation_ctx=""):
        return self._each(frame_or_dfc, lambda frame, inner: self.write_dynamic_frame_from_options(
            frame, connection_type, self._inner(connection_options, inner), format, format_options,
            transformation_ctx))

    @staticmethod
    def _inner(options, name):
        options = dict(options or {})
        if name and options.get("path"):
            options["path"] = options["path"].rstrip("/") + "/" + name
        return options

    def _each(self, frame_or_dfc, write):
        if isinstance(frame_or_dfc, DynamicFrameCollection):
            for name, frame in frame_or_dfc.items():
                write(frame, name)
            return frame_or_dfc
        return write(frame_or_dfc, "")

    def write_dynamic_frame_from_catalog(self, frame, database, table_name, redshift_tmp_dir="",
                                         transformation_ctx="", additional_options=None, catalog_id=None, **kwargs):
        catalog.refuse_catalog_id(catalog_id)
        sinks.write_table(self.spark_session, frame.toDF(), database, table_name, additional_options)
        return frame

    def write_data_frame_from_catalog(self, frame, database, table_name, redshift_tmp_dir="", transformation_ctx="",
                                      additional_options=None, catalog_id=None, **kwargs):
        catalog.refuse_catalog_id(catalog_id)
        sinks.write_table(self.spark_session, frame, database, table_name, additional_options)
        return frame

    def write_dynamic_frame_from_jdbc_conf(self, frame, catalog_connection, connection_options=None,
                                           redshift_tmp_dir="", transformation_ctx="", catalog_id=None):
        catalog.refuse_catalog_id(catalog_id)
        held = catalog.connection(catalog_connection)
        sinks.write_jdbc(frame.toDF(), held["vendor"] or "jdbc", {**held, **(connection_options or {})})
        return frame

    def write_from_jdbc_conf(self, frame_or_dfc, catalog_connection, connection_options=None, redshift_tmp_dir="",
                             transformation_ctx="", catalog_id=None):
        return self._each(frame_or_dfc, lambda frame, inner: self.write_dynamic_frame_from_jdbc_conf(
            frame, catalog_connection, {**(connection_options or {}), **({"dbtable": inner} if inner else {})},
            redshift_tmp_dir, transformation_ctx, catalog_id))

    def extract_jdbc_conf(self, connection_name, catalog_id=None):
        """url, user, password, vendor, fullUrl of a connection."""
        catalog.refuse_catalog_id(catalog_id)
        return catalog.connection(connection_name)

    # ---- streaming
    def forEachBatch(self, frame, batch_function, options=None):
        """Calls batch_function(data_frame, batch_id) per micro-batch until the job is stopped."""
        return streaming.for_each_batch(frame, batch_function, options or {})

    # ---- storage
    def purge_s3_path(self, s3_path, options=None, transformation_ctx="", catalog_id=None):
        """Deletes the files below the path that are older than retentionPeriod hours (168)."""
        options = options or {}
        for name in ("excludeStorageClasses", "partitionPredicate"):
            if options.get(name):
                raise NotSupported(f"{name} of purge_s3_path", "give the path of the partition instead")
        before = time.time() * 1000 - float(options.get("retentionPeriod", PURGE_HOURS)) * 3_600_000
        session = self.spark_session
        gone = [file for file in listing.files_below(session, s3_path) if file.modified_ms < before]
        for file in gone:
            listing.remove(session, file)
        if options.get("manifestFilePath") and gone:
            rows = [(file.uri, file.size, file.modified_ms) for file in gone]
            session.createDataFrame(rows, "path STRING, size BIGINT, modified BIGINT").write.mode("append") \
                .option("header", "true").csv(options["manifestFilePath"].rstrip("/") + "/Success.csv")

    purge_table = refused("purge_table: the tables here are Iceberg's, whose files belong to snapshots",
                          "DELETE FROM the table, then CALL glue_catalog.system.expire_snapshots(…)")
    transition_table = refused("transition_table", "storage classes are S3's: use a lifecycle rule of the bucket")
    transition_s3_path = refused("transition_s3_path", "storage classes are S3's: use a lifecycle rule of the bucket")
    start_transaction = commit_transaction = cancel_transaction = refused(
        "transactions of Lake Formation's governed tables", "Iceberg commits are atomic by table")

    def get_catalog_schema_as_spark_schema(self, database=None, table_name=None, catalog_id=None):
        """The table's schema as Spark's StructType."""
        catalog.refuse_catalog_id(catalog_id)
        return catalog.table_of(self.spark_session, database, table_name).schema


class DataFrameWriter:
    def __init__(self, glue_context):
        self._glue_context = glue_context

    def from_catalog(self, frame, database=None, table_name=None, redshift_tmp_dir="", transformation_ctx="",
                     additional_options=None, catalog_id=None, **kwargs):
        return self._glue_context.write_data_frame_from_catalog(
            frame, database, table_name, redshift_tmp_dir, transformation_ctx, additional_options or {}, catalog_id)


class GlueLogger:
    """get_logger(): info, warn, error, to standard error as the job's log."""

    def __init__(self):
        self._log = logging.getLogger("GlueLogger")
        if not self._log.handlers:
            handler = logging.StreamHandler()
            handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
            self._log.addHandler(handler)
            self._log.setLevel(logging.INFO)
            self._log.propagate = False

    def info(self, message, *args):
        self._log.info(message, *args)

    def warn(self, message, *args):
        self._log.warning(message, *args)

    warning = warn

    def error(self, message, *args):
        self._log.error(message, *args)

    def debug(self, message, *args):
        self._log.debug(message, *args)

    def trace(self, message, *args):
        self._log.debug(message, *args)


