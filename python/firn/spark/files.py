"""SparkFiles: where sc.addFile put things. One machine: the file itself."""

import os


class SparkFiles:
    _files = {}

    @classmethod
    def get(cls, filename):
        return cls._files.get(filename) or os.path.abspath(filename)

    @classmethod
    def getRootDirectory(cls):
        return os.path.dirname(next(iter(cls._files.values()), os.getcwd() + "/"))
