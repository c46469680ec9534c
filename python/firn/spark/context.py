"""SparkContext over a Spark Connect session: what scripts ask of it. There is one for the process."""

import os
import sys
import threading
import time

from firn.errors import NotSupported
from firn.spark.broadcast import Broadcast
from firn.spark.files import SparkFiles
from firn.spark.process import JVM_INSTEAD, settings
from firn.spark.rdd import RDD

LOG_LEVELS = ("ALL", "DEBUG", "ERROR", "FATAL", "INFO", "OFF", "TRACE", "WARN")
TEXT_BOUND = 1 << 30  # characters that wholeTextFiles takes into memory

# Methods that mean something on a cluster or a JVM alone → what to write instead.
INSTEAD = {
    "accumulator": "count with an aggregate: df.agg(F.count(…)), or df.observe(…)",
    "binaryFiles": "spark.read.format('binaryFile').load(path)",
    "binaryRecords": "spark.read.format('binaryFile').load(path)",
    "hadoopFile": "spark.read.format(…).load(path)",
    "hadoopRDD": "spark.read.format(…).load(path)",
    "newAPIHadoopFile": "spark.read.format(…).load(path)",
    "newAPIHadoopRDD": "spark.read.format(…).load(path)",
    "pickleFile": "spark.read.parquet(path)",
    "sequenceFile": "spark.read.parquet(path)",
    "runJob": "the DataFrame functions, or df.mapInPandas(…)",
    "show_profiles": "spark.profile.show()",
    "dump_profiles": "spark.profile.dump(path)",
    "statusTracker": "spark.streams and query.lastProgress",
}


class SparkContext:
    _lock = threading.RLock()
    _active_spark_context = None  # the classic one, which never is: PySpark 3.5 asks
    _current = None
    _jvm_text = "there is no JVM behind this context"

    def __new__(cls, *args, **kwargs):
        # A second SparkContext() gives the one there is: scripts that Glue generated make several.
        with cls._lock:
            if cls._current is None:
                cls._current = super().__new__(cls)
            return cls._current

    def __init__(self, master=None, appName=None, sparkHome=None, pyFiles=None, environment=None, batchSize=0,
                 serializer=None, conf=None, gateway=None, jsc=None, profiler_cls=None, **_):
        if getattr(self, "_session", None) is not None and not self._session_is_gone():
            self._configure(conf, appName)
            return
        from pyspark.sql import SparkSession
        builder = SparkSession.builder
        for key, value in (conf.getAll() if conf is not None else ()):
            builder = builder.config(key, value)
        if appName:
            builder = builder.appName(appName)
        self._begin(builder.getOrCreate())
        for path in pyFiles or ():
            self.addPyFile(path)

    def _begin(self, session):
        self._session = session
        self.startTime = int(time.time() * 1000)
        self._properties = {}
        self._checkpoint_dir = None
        self.environment = {}
        self.pythonExec = sys.executable
        self.pythonVer = "%d.%d" % sys.version_info[:2]

    def _configure(self, conf, app_name):
        for key, value in (conf.getAll() if conf is not None else ()):
            if key != "spark.master":
                self._session.conf.set(key, value)
        if app_name:
            self._session.conf.set("spark.app.name", app_name)

    def _session_is_gone(self):
        return bool(getattr(self._session, "is_stopped", False))

    @classmethod
    def _of(cls, session):
        """The context of a session that exists."""
        with cls._lock:
            context = cls._current
            if context is None or context._session_is_gone():
                context = object.__new__(cls)
                context._begin(session)
                cls._current = context
            elif context._session is not session:
                context = object.__new__(cls)  # a second session: a context beside the process's one
                context._begin(session)
            return context

    @classmethod
    def getOrCreate(cls, conf=None):
        return cls(conf=conf)

    @classmethod
    def setSystemProperty(cls, key, value):
        settings.setdefault("conf", {})[key] = value

    # ---- what it is
    @property
    def version(self):
        return self._session.version

    @property
    def applicationId(self):
        return "firn-" + str(self._session.session_id if hasattr(self._session, "session_id")
                             else self._session._session_id)

    @property
    def appName(self):
        return self._session.conf.get("spark.app.name", "firn")

    @property
    def master(self):
        return "local[*]"

    @property
    def uiWebUrl(self):
        return None

    @property
    def sparkHome(self):
        return None

    @property
    def defaultParallelism(self):
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

    @property
    def defaultMinPartitions(self):
        return min(2, self.defaultParallelism)

    @property
    def resources(self):
        return {}

    def sparkUser(self):
        import getpass
        return getpass.getuser()

    def getConf(self):
        from pyspark.conf import SparkConf
        conf = SparkConf(loadDefaults=False)
        confs = getattr(self._session.conf, "getAll", None)
        if confs is None:  # a client before 4.0 cannot list them
            confs = {key: self._session.conf.get(key) for key in ("spark.app.name", "spark.sql.session.timeZone")}
        for key, value in confs.items():
            conf.set(key, value)
        for key, value in (("spark.master", self.master), ("spark.app.name", self.appName)):
            conf.setIfMissing(key, value)
        return conf

    def setLogLevel(self, logLevel):
        level = str(logLevel).upper()
        if level not in LOG_LEVELS:
            raise ValueError(f"log level {logLevel!r} is none of {', '.join(LOG_LEVELS)}")
        self._session.conf.set("spark.log.level", level)

    # ---- files and packages
    def addPyFile(self, path):
        local = os.path.abspath(path)
        sys.path.insert(1, os.path.dirname(local) if local.endswith(".py") else local)
        self._session.addArtifacts(local, pyfile=True)

    def addFile(self, path, recursive=False):
        SparkFiles._files[os.path.basename(path.rstrip("/"))] = os.path.abspath(path)

    def addArchive(self, path):
        self._session.addArtifacts(os.path.abspath(path), archive=True)

    @property
    def listFiles(self):
        return sorted(SparkFiles._files.values())

    # ---- data
    def parallelize(self, c, numSlices=None):
        return RDD.of_values(self, list(c), numSlices)

    def range(self, start, end=None, step=1, numSlices=None):
        return RDD.of_values(self, range(start) if end is None else range(start, end, step), numSlices)

    def emptyRDD(self):
        return RDD.of_values(self, [], 1)

    def textFile(self, name, minPartitions=None, use_unicode=True):
        return RDD.of_frame(self._session.read.text(name.split(",")), self).map(lambda row: row[0])

    def wholeTextFiles(self, path, minPartitions=None, use_unicode=True):
        from pyspark.sql import functions as F
        texts = self._session.read.option("wholetext", "true").text(path)
        return RDD.of_frame(texts.select(F.input_file_name(), "value"), self).map(tuple)

    def union(self, rdds):
        first, *others = rdds
        for other in others:
            first = first.union(other)
        return first

    def broadcast(self, value):
        return Broadcast(value)

    # ---- jobs
    def setCheckpointDir(self, dirName):
        self._checkpoint_dir = dirName

    def getCheckpointDir(self):
        return self._checkpoint_dir

    def setJobGroup(self, groupId, description, interruptOnCancel=False):
        self._session.addTag(groupId)

    def cancelJobGroup(self, groupId):
        self._session.interruptTag(groupId)

    def cancelAllJobs(self):
        self._session.interruptAll()

    def addJobTag(self, tag):
        self._session.addTag(tag)

    def setJobDescription(self, value):
        self._properties["spark.job.description"] = value

    def setLocalProperty(self, key, value):
        self._properties[key] = value

    def getLocalProperty(self, key):
        return self._properties.get(key)

    def stop(self):
        self._session.stop()
        with SparkContext._lock:
            if SparkContext._current is self:
                SparkContext._current = None
        self._session = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def __repr__(self):
        return f"<SparkContext master={self.master} appName={self.appName}>"

    def __getattr__(self, name):
        if name in ("_jvm", "_jsc", "_gateway"):
            raise NotSupported(f"SparkContext.{name}", JVM_INSTEAD.get(name, self._jvm_text))
        if name in INSTEAD:
            raise NotSupported(f"SparkContext.{name}", "write " + INSTEAD[name])
        raise AttributeError(f"SparkContext has no attribute {name!r}")


__all__ = ["SparkContext"]
