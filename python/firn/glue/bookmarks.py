"""Job bookmarks: what a job has read, per transformation_ctx, in .firn/bookmarks/JOB.json; moved by job.commit() alone.

Files are told by their time of change: new are those changed after the newest one of the last commit, and those of
the quarter of an hour before it that were not seen (a listing may lag). Tables over JDBC are told by their key columns.
"""

import json
import os
import tempfile
import urllib.parse
from pathlib import Path

ENABLE, DISABLE, PAUSE = "job-bookmark-enable", "job-bookmark-disable", "job-bookmark-pause"
LAG_MS = 15 * 60 * 1000
FOLDER = "FIRN_BOOKMARKS"


def folder():
    return Path(os.environ.get(FOLDER) or Path(".firn") / "bookmarks")


class Bookmarks:
    """Of one run of a job."""

    def __init__(self, job_name, option=DISABLE):
        self.job_name = job_name
        self.option = option
        self._path = folder() / (urllib.parse.quote(job_name, safe="") + ".json")
        self._state = {"version": 0, "run": 0, "contexts": {}}
        if option != DISABLE and self._path.exists():
            self._state = json.loads(self._path.read_text())
        self._pending = {}

    @property
    def reads(self):
        """Whether what was read before is left out."""
        return self.option in (ENABLE, PAUSE)

    def _of(self, context):
        return self._state["contexts"].get(context, {})

    # ---- files
    def new_files(self, context, files):
        """Those of `files` (listing.File) that the last commit has not seen; noted for the next."""
        if not self.reads or not context:
            return files
        held = self._of(context)
        newest, recent = held.get("newest_ms"), held.get("recent", {})
        if newest is not None:
            files = [file for file in files
                     if file.modified_ms > newest - LAG_MS and recent.get(file.uri) != file.modified_ms]
        self._note_files(context, newest, recent, files)
        return files

    def _note_files(self, context, newest, recent, files):
        top = max([file.modified_ms for file in files] + ([newest] if newest is not None else []), default=None)
        if top is None:
            return
        times = {**recent, **{file.uri: file.modified_ms for file in files}}
        kept = {uri: time for uri, time in times.items() if time > top - LAG_MS}
        self._pending[context] = {"type": "files", "newest_ms": top, "recent": kept}

    # ---- keys
    def last_keys(self, context, keys):
        """The key values that the last commit reached, None where there is none for these keys."""
        held = self._of(context) if self.reads and context else {}
        return held.get("values") if held.get("keys") == list(keys) else None

    def note_keys(self, context, keys, values):
        if self.reads and context:
            self._pending[context] = {"type": "keys", "keys": list(keys), "values": values}

    # ---- the run
    def commit(self):
        if self.option != ENABLE:
            return
        self._state["contexts"].update(self._pending)
        self._state["version"] += 1
        self._pending = {}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent)
        with os.fdopen(handle, "w") as file:
            json.dump(self._state, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, self._path)

    def reset(self):
        self._path.unlink(missing_ok=True)
        self._state = {"version": 0, "run": 0, "contexts": {}}
