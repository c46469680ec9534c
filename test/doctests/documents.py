"""PySpark's own doctests: the examples of each docstring of the installed package, with the names that Spark's own runs give them."""

import doctest
import importlib
from pathlib import Path

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
FAILING = Path(__file__).resolve().parent / "failing.tsv"
UNORDERED = Path(__file__).resolve().parent / "unordered.tsv"

# name -> module. Spark's own runs over Connect take these too: where a class of Connect inherits the docstrings
# of the common one, the common module.
MODULES = {
    "functions": "pyspark.sql.connect.functions.builtin",
    "dataframe": "pyspark.sql.dataframe",
    "column": "pyspark.sql.column",
    "readwriter": "pyspark.sql.connect.readwriter",
    "types": "pyspark.sql.types",
    "group": "pyspark.sql.connect.group",
    "window": "pyspark.sql.window",
    "catalog": "pyspark.sql.connect.catalog",
    "session": "pyspark.sql.connect.session",
    "conf": "pyspark.sql.connect.conf",
    "tvf": "pyspark.sql.connect.tvf",
}
# Docstrings that Spark's own run over Connect leaves out.
LEFT_OUT = {
    "dataframe.DataFrame.toJSON": "needs the classic session",
    "dataframe.DataFrame.rdd": "needs the classic session",
    "session.SparkSession": "needs a cluster's address",
    "session.SparkSession.Builder.master": "needs a cluster's address",
}


# A file of Spark's source tree that examples read by its place: 87 bytes, seven commas.
SOURCE_FILE = "python/test_support/sql/ages_newlines.csv"
SOURCE_TEXT = 'Ada,36,"Born in\n London"\nAlan,41,"Enigmas"\nGrace,85,"Rear admiral\n\nand compilers, too"\n'


def furnish(folder):
    """What the examples find in the folder of the server."""
    path = folder / SOURCE_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SOURCE_TEXT)


def runs(test):
    return any(not example.options.get(doctest.SKIP) for example in test.examples)


def read_documents():
    """name -> DocTest, of every docstring with an example that is run."""
    documents = {}
    for short, name in MODULES.items():
        module = importlib.import_module(name)
        for test in doctest.DocTestFinder(exclude_empty=True).find(module, module.__name__):
            case = (short + test.name.removeprefix(name)) if test.name != name else f"{short}.__doc__"
            if case not in LEFT_OUT and runs(test):
                documents[case] = test
    return documents


def read_reasons(path):
    """name -> reason"""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t", 1) for line in lines if line and not line.startswith("#"))


class AnyOrder(doctest.OutputChecker):
    """Takes the expected lines in another order too."""

    def check_output(self, want, got, optionflags):
        if super().check_output(want, got, optionflags):
            return True
        want, got = ("".join(sorted(text.splitlines(keepends=True))) for text in (want, got))
        return super().check_output(want, got, optionflags)


def run(test, spark, unordered=False):
    """What did not come out as the docstring says; "" where all did."""
    from pyspark.sql import SparkSession
    from pyspark.sql.connect.client.retries import DefaultPolicy

    spark.client.set_retry_policies([DefaultPolicy(max_retries=2)])  # a server that died is not waited for
    globs = dict(test.globs, spark=spark, SparkSession=SparkSession)
    fresh = doctest.DocTest(test.examples, globs, test.name, test.filename, test.lineno, test.docstring)
    report = []
    checker = AnyOrder() if unordered else doctest.OutputChecker()
    runner = doctest.DocTestRunner(checker, optionflags=FLAGS, verbose=False)
    failed, _ = runner.run(fresh, out=report.append, clear_globs=True)
    return "".join(report) if failed else ""
