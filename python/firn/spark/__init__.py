"""What classic PySpark scripts use and Spark Connect's client lacks, put over the stock client.

`install()` sets import hooks; nothing of PySpark is imported until the program imports it.
"""

from firn.spark.hooks import install

__all__ = ["install"]
