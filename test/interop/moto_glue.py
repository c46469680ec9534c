"""What AWS documents of Glue's Data Catalog and moto leaves out: UpdateTable refuses a version that is not the newest one,
and lists come in pages."""

import itertools

PAGE = 2


def install():
    from moto.core.responses import ActionResult
    from moto.glue import responses
    from moto.glue.exceptions import GlueClientError

    class ConcurrentModificationException(GlueClientError):
        def __init__(self):
            super().__init__("ConcurrentModificationException", "Update table failed due to concurrent modifications.")

    update = responses.GlueResponse.update_table

    def update_table(self):
        wanted = self.parameters.get("VersionId")
        table = self.glue_backend.get_table(self.parameters.get("DatabaseName"), self.parameters["TableInput"]["Name"])
        if wanted is not None and wanted != table.as_dict()["VersionId"]:
            raise ConcurrentModificationException()
        return update(self)

    def page(self, name, rows):
        start = int(self.parameters.get("NextToken") or 0)
        answer = {name: list(itertools.islice(rows, start, start + PAGE))}
        if start + PAGE < len(rows):
            answer["NextToken"] = str(start + PAGE)
        return ActionResult(answer)

    def get_tables(self):
        tables = self.glue_backend.get_tables(self.parameters.get("DatabaseName"), self.parameters.get("Expression"))
        return page(self, "TableList", [table.as_dict() for table in tables])

    def get_databases(self):
        return page(self, "DatabaseList", [database.as_dict() for database in self.glue_backend.get_databases()])

    responses.GlueResponse.update_table = update_table
    responses.GlueResponse.get_tables = get_tables
    responses.GlueResponse.get_databases = get_databases
