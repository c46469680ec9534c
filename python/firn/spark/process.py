"""What the modules over PySpark share for the life of the process. Imports nothing of PySpark."""

import weakref

# Confs that every session begins with, under "conf"; and what `firn run` and the jobs were started with ("aws", …).
settings = {}

sessions = weakref.WeakSet()  # that this process opened

# Attributes of the classic PySpark that lead into a JVM → what to use instead.
JVM_INSTEAD = {
    "_jvm": "there is no JVM behind this session; use spark.sql(), spark.conf and the DataFrame functions",
    "_jsc": "there is no JVM behind this session; Hadoop settings are session confs: "
            "spark.conf.set('spark.hadoop.fs.s3a.endpoint', …)",
    "_jsparkSession": "there is no JVM behind this session; use spark.sql() and the catalog API",
    "_jconf": "there is no JVM behind this session; use spark.conf",
}
