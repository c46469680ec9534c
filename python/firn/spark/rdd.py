"""RDDs for scripts that use a few of them: a sequence of Python values, computed in the client's process.

An RDD begins with a list (parallelize) or with the rows of a DataFrame, which are fetched batch by batch; the user's
functions run here, one value after another. It is meant for the small lists and the glue code of jobs: what has a
DataFrame meaning and is large belongs into a DataFrame. Calls that need a cluster or Hadoop say what to write instead.
"""

import functools
import heapq
import itertools
import math
import random
from collections import defaultdict

from firn.errors import NotSupported

INSTEAD = {
    "pipe": "df.mapInPandas(…)",
    "saveAsHadoopFile": "df.write.format(…).save(path)",
    "saveAsNewAPIHadoopFile": "df.write.format(…).save(path)",
    "saveAsHadoopDataset": "df.write.format(…).save(path)",
    "saveAsNewAPIHadoopDataset": "df.write.format(…).save(path)",
    "saveAsSequenceFile": "df.write.parquet(path)",
    "saveAsPickleFile": "df.write.parquet(path)",
    "barrier": "df.mapInPandas(…, barrier=True)",
    "withResources": "the DataFrame functions",
    "checkpoint": "df.checkpoint()",
    "localCheckpoint": "df.localCheckpoint()",
    "toDebugString": "df.explain()",
    "_jrdd": "there is no JVM behind this RDD; use its own methods",
}


class RDD:
    def __init__(self, context, partitions):
        """`partitions` gives a fresh list of iterables each time it is called."""
        self._context = context
        self._partitions = partitions
        self._cached = None
        self._name = None

    # ---- making
    @classmethod
    def of_values(cls, context, values, slices=None):
        count = max(1, slices or min(context.defaultParallelism, max(1, len(values))))
        size = len(values)

        def split():
            return [values[i * size // count:(i + 1) * size // count] for i in range(count)]
        return cls(context, split)

    @classmethod
    def of_frame(cls, frame, context=None):
        return cls(context or frame.sparkSession.sparkContext, lambda: [frame.toLocalIterator()])

    def _with(self, each):
        """A new RDD from a function of a partition's index and values."""
        return RDD(self._context, lambda: [each(i, part) for i, part in enumerate(self._parts())])

    def _gathered(self, compute, slices=None):
        """A new RDD from a function of all values at once, computed when it is read."""
        count = slices or self.getNumPartitions()

        def split():
            values = compute(self._all())
            return [values[i::count] for i in range(count)] if count > 1 else [values]
        return RDD(self._context, split)

    def _parts(self):
        if self._cached is not None:
            if self._cached == ():
                self._cached = [list(part) for part in self._partitions()]
            return self._cached
        return self._partitions()

    def _all(self):
        return itertools.chain.from_iterable(self._parts())

    # ---- what it is
    @property
    def context(self):
        return self._context

    ctx = context

    def id(self):
        return id(self)

    def getNumPartitions(self):
        return len(self._parts())

    def name(self):
        return self._name

    def setName(self, name):
        self._name = name
        return self

    def cache(self):
        if self._cached is None:
            self._cached = ()
        return self

    def persist(self, storageLevel=None):
        return self.cache()

    def unpersist(self, blocking=False):
        self._cached = None
        return self

    @property
    def is_cached(self):
        return self._cached is not None

    def getStorageLevel(self):
        from pyspark import StorageLevel
        return StorageLevel.MEMORY_ONLY if self.is_cached else StorageLevel.NONE

    # ---- one value after another
    def map(self, f, preservesPartitioning=False):
        return self._with(lambda _, part: map(f, part))

    def flatMap(self, f, preservesPartitioning=False):
        return self._with(lambda _, part: itertools.chain.from_iterable(map(f, part)))

    def filter(self, f):
        return self._with(lambda _, part: filter(f, part))

    def mapPartitions(self, f, preservesPartitioning=False):
        return self._with(lambda _, part: f(iter(part)))

    def mapPartitionsWithIndex(self, f, preservesPartitioning=False):
        return self._with(lambda i, part: f(i, iter(part)))

    def mapValues(self, f):
        return self.map(lambda pair: (pair[0], f(pair[1])))

    def flatMapValues(self, f):
        return self.flatMap(lambda pair: ((pair[0], value) for value in f(pair[1])))

    def keys(self):
        return self.map(lambda pair: pair[0])

    def values(self):
        return self.map(lambda pair: pair[1])

    def keyBy(self, f):
        return self.map(lambda value: (f(value), value))

    def glom(self):
        return self._with(lambda _, part: [list(part)])

    def zip(self, other):
        return RDD(self._context, lambda: [zip(a, b, strict=True) for a, b in
                                           zip(self._parts(), other._parts(), strict=True)])

    def zipWithIndex(self):
        def number():
            start, parts = 0, []
            for part in self._parts():
                part = list(part)
                parts.append([(value, start + i) for i, value in enumerate(part)])
                start += len(part)
            return parts
        return RDD(self._context, number)

    def zipWithUniqueId(self):
        count = self.getNumPartitions()
        return self._with(lambda k, part: ((value, i * count + k) for i, value in enumerate(part)))

    def sample(self, withReplacement, fraction, seed=None):
        if withReplacement:
            raise NotSupported("RDD.sample with replacement", "write df.sample(True, fraction)")

        def choose(i, part):
            dice = random.Random(None if seed is None else seed + i)
            return (value for value in part if dice.random() < fraction)
        return self._with(choose)

    def union(self, other):
        return RDD(self._context, lambda: [*self._parts(), *other._parts()])

    __add__ = union

    def cartesian(self, other):
        return self._gathered(lambda values: list(itertools.product(values, other._all())))

    # ---- all values at once
    def coalesce(self, numPartitions, shuffle=False):
        return self._gathered(list, max(1, min(numPartitions, self.getNumPartitions()) if not shuffle
                                        else numPartitions))

    def repartition(self, numPartitions):
        return self._gathered(list, numPartitions)

    def partitionBy(self, numPartitions, partitionFunc=hash):
        def split():
            parts = [[] for _ in range(numPartitions)]
            for pair in self._all():
                parts[partitionFunc(pair[0]) % numPartitions].append(pair)
            return parts
        return RDD(self._context, split)

    def distinct(self, numPartitions=None):
        return self._gathered(lambda values: list(dict.fromkeys(values)), numPartitions)

    def intersection(self, other):
        return self._gathered(lambda values: list(dict.fromkeys(values).keys() & set(other._all())))

    def subtract(self, other, numPartitions=None):
        return self._gathered(lambda values: [v for v in values if v not in set(other._all())], numPartitions)

    def subtractByKey(self, other, numPartitions=None):
        def compute(values):
            gone = {key for key, _ in other._all()}
            return [pair for pair in values if pair[0] not in gone]
        return self._gathered(compute, numPartitions)

    def sortBy(self, keyfunc, ascending=True, numPartitions=None):
        return self._gathered(lambda values: sorted(values, key=keyfunc, reverse=not ascending), 1)

    def sortByKey(self, ascending=True, numPartitions=None, keyfunc=lambda key: key):
        return self.sortBy(lambda pair: keyfunc(pair[0]), ascending)

    def _grouped(self, values):
        groups = defaultdict(list)
        for key, value in values:
            groups[key].append(value)
        return groups

    def groupByKey(self, numPartitions=None, partitionFunc=None):
        return self._gathered(lambda values: list(self._grouped(values).items()), numPartitions)

    def groupBy(self, f, numPartitions=None, partitionFunc=None):
        return self.keyBy(f).groupByKey(numPartitions)

    def reduceByKey(self, func, numPartitions=None, partitionFunc=None):
        return self.combineByKey(lambda value: value, func, func, numPartitions)

    def foldByKey(self, zeroValue, func, numPartitions=None, partitionFunc=None):
        return self.combineByKey(lambda value: func(zeroValue, value), func, func, numPartitions)

    def aggregateByKey(self, zeroValue, seqFunc, combFunc, numPartitions=None, partitionFunc=None):
        import copy
        return self.combineByKey(lambda value: seqFunc(copy.deepcopy(zeroValue), value), seqFunc, combFunc,
                                 numPartitions)

    def combineByKey(self, createCombiner, mergeValue, mergeCombiners, numPartitions=None, partitionFunc=None):
        def compute(values):
            result = {}
            for key, value in values:
                result[key] = mergeValue(result[key], value) if key in result else createCombiner(value)
            return list(result.items())
        return self._gathered(compute, numPartitions)

    def cogroup(self, other, numPartitions=None):
        def compute(values):
            left, right = self._grouped(values), self._grouped(other._all())
            return [(key, (left.get(key, []), right.get(key, []))) for key in dict.fromkeys([*left, *right])]
        return self._gathered(compute, numPartitions)

    groupWith = cogroup

    def _joined(self, other, keep_left, keep_right):
        def pairs(group):
            key, (left, right) = group
            left = left or ([None] if keep_right else [])
            right = right or ([None] if keep_left else [])
            return [(key, pair) for pair in itertools.product(left, right)]
        return self.cogroup(other).flatMap(pairs)

    def join(self, other, numPartitions=None):
        return self._joined(other, False, False)

    def leftOuterJoin(self, other, numPartitions=None):
        return self._joined(other, True, False)

    def rightOuterJoin(self, other, numPartitions=None):
        return self._joined(other, False, True)

    def fullOuterJoin(self, other, numPartitions=None):
        return self._joined(other, True, True)

    # ---- results
    def collect(self):
        return list(self._all())

    def collectAsMap(self):
        return dict(self._all())

    def toLocalIterator(self, prefetchPartitions=False):
        return iter(self._all())

    def take(self, num):
        return list(itertools.islice(self._all(), num))

    def first(self):
        found = self.take(1)
        if not found:
            raise ValueError("RDD is empty")
        return found[0]

    def isEmpty(self):
        return not self.take(1)

    def count(self):
        return sum(1 for _ in self._all())

    def countByKey(self):
        return self.keys().countByValue()

    def countByValue(self):
        counts = defaultdict(int)
        for value in self._all():
            counts[value] += 1
        return counts

    def countApprox(self, timeout, confidence=0.95):
        return self.count()

    def countApproxDistinct(self, relativeSD=0.05):
        return len(set(self._all()))

    def lookup(self, key):
        return [value for found, value in self._all() if found == key]

    def reduce(self, f):
        values = self._all()
        try:
            first = next(values)
        except StopIteration:
            raise ValueError("Can not reduce() empty RDD") from None
        return functools.reduce(f, values, first)

    treeReduce = reduce

    def fold(self, zeroValue, op):
        return functools.reduce(op, self._all(), zeroValue)

    def aggregate(self, zeroValue, seqOp, combOp):
        import copy
        parts = [functools.reduce(seqOp, part, copy.deepcopy(zeroValue)) for part in self._parts()]
        return functools.reduce(combOp, parts, copy.deepcopy(zeroValue))

    treeAggregate = aggregate

    def foreach(self, f):
        for value in self._all():
            f(value)

    def foreachPartition(self, f):
        for part in self._parts():
            f(iter(part))

    def sum(self):
        return sum(self._all())

    def min(self, key=None):
        return min(self._all(), key=key)

    def max(self, key=None):
        return max(self._all(), key=key)

    def _moments(self):
        values = self.collect()
        mean = math.fsum(values) / len(values)
        return len(values), mean, math.fsum((value - mean) ** 2 for value in values)

    def mean(self):
        return self._moments()[1]

    def variance(self):
        count, _, squares = self._moments()
        return squares / count

    def stdev(self):
        return math.sqrt(self.variance())

    def sampleVariance(self):
        count, _, squares = self._moments()
        return squares / (count - 1)

    def sampleStdev(self):
        return math.sqrt(self.sampleVariance())

    def stats(self):
        from pyspark.statcounter import StatCounter
        return StatCounter(self.collect())

    def histogram(self, buckets):
        raise NotSupported("RDD.histogram", "write df.select(F.histogram_numeric(…)), or groupBy over F.floor(…)")

    def top(self, num, key=None):
        return heapq.nlargest(num, self._all(), key)

    def takeOrdered(self, num, key=None):
        return heapq.nsmallest(num, self._all(), key)

    def takeSample(self, withReplacement, num, seed=None):
        values, dice = self.collect(), random.Random(seed)
        return dice.choices(values, k=num) if withReplacement else dice.sample(values, min(num, len(values)))

    # ---- to DataFrames and files
    def toDF(self, schema=None, sampleRatio=None):
        return self._context._session.createDataFrame(self.collect(), schema)

    def saveAsTextFile(self, path, compressionCodecClass=None):
        frame = self._context._session.createDataFrame([(str(value),) for value in self._all()], "value STRING")
        writer = frame.write.mode("errorifexists")
        if compressionCodecClass:
            writer = writer.option("compression", compressionCodecClass.rsplit(".", 1)[-1].removesuffix("Codec").lower())
        writer.text(path)

    def __getattr__(self, name):
        if name in INSTEAD:
            raise NotSupported(f"RDD.{name}", "write " + INSTEAD[name])
        raise AttributeError(f"RDD has no attribute {name!r}")

    def __repr__(self):
        return f"<RDD of {self.getNumPartitions()} partitions>"


class PipelinedRDD(RDD):
    """The name that scripts may test for."""


__all__ = ["RDD", "PipelinedRDD"]
