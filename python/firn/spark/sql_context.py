"""SQLContext and HiveContext of Spark 1: the session's methods under an older name."""


class SQLContext:
    def __init__(self, sparkContext=None, sparkSession=None, jsqlContext=None):
        if sparkSession is None:
            from firn.spark.context import SparkContext
            sparkSession = (sparkContext or SparkContext.getOrCreate())._session
        self.sparkSession = sparkSession
        self._sc = sparkContext if sparkContext is not None else sparkSession.sparkContext

    @classmethod
    def getOrCreate(cls, sc=None):
        return cls(sc)

    def newSession(self):
        return type(self)(self._sc, self.sparkSession.newSession())

    def setConf(self, key, value):
        self.sparkSession.conf.set(key, value)

    def getConf(self, key, *default):
        return self.sparkSession.conf.get(key, *default)

    @property
    def udf(self):
        return self.sparkSession.udf

    @property
    def read(self):
        return self.sparkSession.read

    @property
    def readStream(self):
        return self.sparkSession.readStream

    @property
    def streams(self):
        return self.sparkSession.streams

    def range(self, *args):
        return self.sparkSession.range(*args)

    def createDataFrame(self, data, schema=None, samplingRatio=None, verifySchema=True):
        return self.sparkSession.createDataFrame(data, schema)

    def sql(self, sqlQuery, *args, **kwargs):
        return self.sparkSession.sql(sqlQuery, *args, **kwargs)

    def table(self, tableName):
        return self.sparkSession.table(tableName)

    def tables(self, dbName=None):
        return self.sparkSession.sql("SHOW TABLES" + (f" IN {dbName}" if dbName else ""))

    def tableNames(self, dbName=None):
        return [row.tableName for row in self.tables(dbName).collect()]

    def registerDataFrameAsTable(self, df, tableName):
        df.createOrReplaceTempView(tableName)

    def dropTempTable(self, tableName):
        self.sparkSession.catalog.dropTempView(tableName)

    def cacheTable(self, tableName):
        self.sparkSession.catalog.cacheTable(tableName)

    def uncacheTable(self, tableName):
        self.sparkSession.catalog.uncacheTable(tableName)

    def clearCache(self):
        self.sparkSession.catalog.clearCache()


HiveContext = SQLContext
