"""Asks real Spark (Connect, from the installed pyspark) for the answers to udf_rows.py.

usage: update_udfs.py [local[2] or sc://… [name of a row…]]"""

import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


def main():
    os.environ["TZ"] = "UTC"
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    from pyspark.sql import SparkSession
    remote = sys.argv[1] if len(sys.argv) > 1 else "local[2]"
    spark = SparkSession.builder.remote(remote).config("spark.sql.session.timeZone", "UTC").config(
        "spark.sql.shuffle.partitions", "2").getOrCreate()
    import udf_rows
    kept = HERE / "udf_answers.json"
    answers = json.loads(kept.read_text()) if kept.exists() else {}
    for name in sys.argv[2:] or [*udf_rows.ROWS, *udf_rows.ERRORS]:
        try:
            answers[name] = {"from": f"Spark {spark.version}", "answer": udf_rows.outcome(spark, name)}
        except Exception as failure:  # a row that real Spark refuses says so
            answers[name] = {"from": f"Spark {spark.version}", "refused": f"{type(failure).__name__}: {str(failure)[:300]}"}
        print(name, json.dumps(answers[name], ensure_ascii=False), flush=True)
        kept.write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n")


main()
