"""Asks Spark which SQL texts it parses and rewrites parse_agreement.tsv: Spark's verdict ("parses" or the error
condition), firn's known difference (kept from the file) and the text. Run with the Python that has pyspark."""

import pathlib
import sys

FILE = pathlib.Path(__file__).with_name("parse_agreement.tsv")


def verdict(parser, text):
    try:
        parser.parsePlan(text)
        return "parses"
    except Exception as error:  # Spark's ParseException, by way of Py4J or translated by PySpark
        java = getattr(error, "java_exception", None) or error
        for source in (java, error):
            if hasattr(source, "getCondition"):
                return source.getCondition() or "refused"
        return "refused"


def main():
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    parser = spark._jsparkSession.sessionState().sqlParser()
    lines = FILE.read_text().splitlines()
    rows = [line.split("\t", 2) for line in lines if line and not line.startswith("#")]
    head = [line for line in lines if line.startswith("#")]
    with FILE.open("w") as out:
        for line in head:
            out.write(line + "\n")
        for _, difference, text in rows:
            out.write("\t".join((verdict(parser, text), difference, text)) + "\n")
    print(f"{len(rows)} texts judged by Spark {spark.version}", file=sys.stderr)
    spark.stop()


if __name__ == "__main__":
    main()
