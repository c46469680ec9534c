"""DataSink: what getSink gives; format and catalog are set, then frames are written."""

from firn.errors import NotSupported
from firn.glue import sinks


class DataSink:
    def __init__(self, glue_context, connection_type, format, transformation_ctx, options):
        self._glue_context = glue_context
        self._connection_type = connection_type
        self._transformation_ctx = transformation_ctx
        self._options = options
        self._format, self._format_options = format, {}
        self._catalog = None

    def setFormat(self, format, **options):
        self._format, self._format_options = format, options

    def setAccumulableSize(self, size):
        pass

    def setCatalogInfo(self, catalogDatabase, catalogTableName, catalogId=""):
        if catalogId:
            raise NotSupported(f"the catalog of another account ({catalogId})", "leave catalogId out")
        self._catalog = (catalogDatabase, catalogTableName)

    def writeFrame(self, dynamic_frame, info=""):
        self._glue_context.write_dynamic_frame_from_options(
            dynamic_frame, self._connection_type, self._options, self._format, self._format_options,
            self._transformation_ctx)
        if self._catalog is not None:
            sinks.register(self._glue_context.spark_session, dynamic_frame.toDF(), self._options.get("path"),
                           self._format, self._options.get("partitionKeys") or [], *self._catalog)
        return dynamic_frame

    def write(self, dynamic_frame_or_dfc, info=""):
        from awsglue.dynamicframe import DynamicFrame
        if isinstance(dynamic_frame_or_dfc, DynamicFrame):
            return self.writeFrame(dynamic_frame_or_dfc, info)
        for frame in dynamic_frame_or_dfc.values():
            self.writeFrame(frame, info)
        return dynamic_frame_or_dfc
