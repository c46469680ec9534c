"""Asks real Spark for the answers of dataframe_rows.py: python test/connect/update_dataframes.py [--missing]"""

import json
import os
import sys

os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
os.environ["TZ"] = "UTC"

from dataframe_answers import GOLDEN, answer  # noqa: E402
from dataframe_rows import CONNECT, ORDERED, ROWS  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402


def main():
    known = json.loads(GOLDEN.read_text()) if "--missing" in sys.argv and GOLDEN.exists() else {}
    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.warehouse.dir", "/tmp/spark-warehouse")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    answers = {}
    for name, function in ROWS.items():
        answers[name] = CONNECT.get(name) or known.get(name) or answer(function, session, name in ORDERED)
    session.stop()
    GOLDEN.parent.mkdir(exist_ok=True)
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(made, ensure_ascii=False)}" for name, made in answers.items())
    GOLDEN.write_text("{\n" + lines + "\n}\n")
    print(f"{len(answers)} answers, {sum('error' in made for made in answers.values())} of them errors")


if __name__ == "__main__":
    main()
