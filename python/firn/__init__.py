"""firn from Python: `spark = firn.connect()` gives a stock PySpark session on a firn server in this machine.

The session is Spark Connect's own; nothing of PySpark is replaced beyond what classic scripts need
(SparkContext, spark.sparkContext, small RDDs), see firn.spark.
"""

from firn.errors import NotSupported
from firn.server import Server, connect, find_binary

__all__ = ["NotSupported", "Server", "connect", "find_binary", "__version__"]
__version__ = "0.1.0"
