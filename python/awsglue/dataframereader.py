"""glueContext.create_data_frame.from_…: DataFrames, streaming ones among them."""


class DataFrameReader:
    def __init__(self, glue_context):
        self._glue_context = glue_context

    def from_catalog(self, database=None, table_name=None, redshift_tmp_dir="", transformation_ctx="",
                     push_down_predicate="", additional_options=None, catalog_id=None, **kwargs):
        return self._glue_context.create_data_frame_from_catalog(
            database, table_name, redshift_tmp_dir, transformation_ctx, push_down_predicate,
            additional_options or {}, catalog_id, **kwargs)

    def from_options(self, connection_type, connection_options=None, format=None, format_options=None,
                     transformation_ctx="", push_down_predicate="", **kwargs):
        return self._glue_context.create_data_frame_from_options(
            connection_type, connection_options or {}, format, format_options or {}, transformation_ctx,
            push_down_predicate, **kwargs)
