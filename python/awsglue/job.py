"""Job: a run of a Glue job and its bookmarks."""

import sys

from awsglue.utils import _read
from firn.glue import bookmarks


class Job:
    _active = None

    def __init__(self, glue_context):
        """`glue_context`: a GlueContext, or a SparkSession."""
        self._glue_context = glue_context
        self.bookmarks = None

    def init(self, job_name="", args=None):
        args = args or {}
        option = args.get("job_bookmark_option") or _read(sys.argv[1:]).get("job_bookmark_option")
        self.job_name = job_name
        self.args = args
        self.bookmarks = bookmarks.Bookmarks(job_name or "job", option or bookmarks.DISABLE)
        Job._active = self
        return self

    def isInitialized(self):
        return self.bookmarks is not None

    def commit(self):
        """Keeps what this run has read, so that the next begins behind it."""
        if self.bookmarks is not None:
            self.bookmarks.commit()

    @classmethod
    def _bookmarks(cls):
        return cls._active.bookmarks if cls._active is not None else bookmarks.Bookmarks("", bookmarks.DISABLE)
