"""DataSource: what getSource gives; a format is set, then a frame is taken."""


class DataSource:
    def __init__(self, glue_context, connection_type, transformation_ctx, options):
        self._glue_context = glue_context
        self._connection_type = connection_type
        self._transformation_ctx = transformation_ctx
        self._options = options
        self._format, self._format_options = options.pop("format", None), {}

    def setFormat(self, format, **options):
        self._format, self._format_options = format, options
        return self

    def getFrame(self, **options):
        return self._glue_context.create_dynamic_frame_from_options(
            self._connection_type, {**self._options, **options}, self._format, self._format_options,
            self._transformation_ctx)
