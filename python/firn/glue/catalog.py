"""Tables by database and name, connections by name."""

import json
import os
from pathlib import Path

from firn.errors import NotSupported

CONNECTIONS = "FIRN_CONNECTIONS"
CATALOG = "glue_catalog"


def quoted(*parts):
    return ".".join("`" + part.replace("`", "``") + "`" for part in parts)


def table_name(session, database, table):
    """The table's name for SQL: in glue_catalog where the session has one or AWS is in use, else in the current catalog."""
    if not database or not table:
        raise ValueError("a catalog table needs database and table_name")
    if session.conf.get(f"spark.sql.catalog.{CATALOG}", None) or _on_aws():
        return quoted(CATALOG, database, table)
    return quoted(database, table)


def _on_aws():
    """Whether `firn run` found credentials or endpoints of AWS, or was given --aws: glue_catalog is Glue's then."""
    return json.loads(os.environ.get("FIRN_RUN_SETTINGS") or "{}").get("aws", False)


def table_of(session, database, table):
    return session.table(table_name(session, database, table))


def connections_file():
    return Path(os.environ.get(CONNECTIONS) or Path(".firn") / "connections.json")


def connection(name):
    """{"url", "user", "password", "vendor", …} of a connection: an entry of .firn/connections.json."""
    path = connections_file()
    known = json.loads(path.read_text()) if path.exists() else {}
    if name not in known:
        raise ValueError(f"there is no connection {name!r}: add it to {path} as "
                         '{"' + str(name) + '": {"url": "jdbc:postgresql://…", "user": "…", "password": "…"}}'
                         + (f"; it has {', '.join(sorted(known))}" if known else ""))
    found = dict(known[name])
    url = found.get("url", "")
    found.setdefault("fullUrl", url)
    found.setdefault("vendor", url.split(":")[1] if url.startswith("jdbc:") else "")
    for key in ("user", "password"):
        found.setdefault(key, "")
    return found


def refuse_catalog_id(catalog_id):
    if catalog_id:
        raise NotSupported(f"the catalog of another account ({catalog_id})", "leave catalog_id out")
