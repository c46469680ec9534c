"""Import hooks: modules that the client lacks (pyspark.context, pyspark.rdd, …) and patches of those it has.

A module of PySpark is patched right after it was imported, so a program that never imports it pays nothing. Never a
module `pyspark.core`: its absence is how the client knows that there is no JVM.
"""

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys

from firn.spark.process import settings

MISSING = """PySpark is not installed for {python}.
Install the client in this environment:  {python} -m pip install pyspark-client
(the full pyspark package works too: pip install "pyspark[connect]")"""

# Modules that the client lacks → ours. Where PySpark has them itself (3.5), they stay, but for the context.
REPLACED = {
    "pyspark.context": "firn.spark.context",
    "pyspark.rdd": "firn.spark.rdd",
    "pyspark.broadcast": "firn.spark.broadcast",
    "pyspark.files": "firn.spark.files",
}
# Modules of the client → the function of firn.spark.patches that completes them.
PATCHED = {
    "pyspark": "complete_pyspark",
    "pyspark.sql.session": "complete_builder",
    "pyspark.sql.context": "complete_sql_context",
    "pyspark.sql.connect.utils": "complete_checks",
    "pyspark.sql.connect.session": "complete_session",
    "pyspark.sql.connect.dataframe": "complete_dataframe",
    "pyspark.sql.connect.readwriter": "complete_writer",
    "pyspark.sql.connect.streaming.readwriter": "complete_stream_writer",
}


class _Patched(importlib.abc.Loader):
    """Runs a module's own loader, then completes the module."""

    def __init__(self, loader, patch):
        self._loader = loader
        self._patch = patch

    def __getattr__(self, name):  # get_source and the like: tracebacks show PySpark's lines
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        patches = importlib.import_module("firn.spark.patches")
        getattr(patches, self._patch)(module)


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in REPLACED:
            spec = importlib.machinery.PathFinder.find_spec(name, path, target)
            if spec is None:
                return importlib.util.spec_from_loader(name, _Alias(REPLACED[name]))
            if name == "pyspark.context":
                spec.loader = _Patched(spec.loader, "complete_context_module")
            return spec
        if name not in PATCHED:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                spec.loader = _Patched(spec.loader, PATCHED[name])
                return spec
        if name == "pyspark":
            raise ModuleNotFoundError(MISSING.format(python=sys.executable), name=name)
        return None


class _Alias(importlib.abc.Loader):
    """One of our modules under PySpark's name."""

    def __init__(self, ours):
        self._ours = ours

    def create_module(self, spec):
        return importlib.import_module(self._ours)

    def exec_module(self, module):
        pass


_finder = None


def install(options=None):
    """Once for the process; later calls only add settings (confs that every session begins with)."""
    global _finder
    settings.update(options or {})
    if _finder is not None:
        return
    # The client's own test for "there is no JVM here"; makes the full package behave as the client.
    os.environ.setdefault("SPARK_SKIP_CONNECT_COMPAT_TESTS", "1")
    os.environ.setdefault("SPARK_CONNECT_MODE_ENABLED", "1")
    os.environ.pop("MASTER", None)
    _finder = _Finder()
    sys.meta_path.insert(0, _finder)
    for name, patch in PATCHED.items():
        if name in sys.modules:
            getattr(importlib.import_module("firn.spark.patches"), patch)(sys.modules[name])
