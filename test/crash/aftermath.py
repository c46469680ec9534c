"""What must hold of a table after every run, whoever died on the way. PyIceberg reads the table, not firn."""

import os
import time
from collections import Counter
from pathlib import Path

from pipeline import query, rows, table
from pyiceberg.manifest import ManifestEntryStatus

OLD_S = 10 * 24 * 3600  # older than any safety window


def path_of(uri):
    return Path(uri.removeprefix("file://").removeprefix("file:"))


class Files:
    """The files of a table: those that some snapshot needs, those that the newest reads, those that nobody names."""

    def __init__(self, folder, name):
        one = table(folder, name)
        self.metadata = {path_of(one.metadata_location)}
        self.metadata |= {path_of(entry.metadata_file) for entry in one.metadata.metadata_log}
        self.added = set()      # (file, snapshot that added it)
        self.needed = set()
        seen = set()
        for snapshot in one.snapshots():
            self.needed.add(path_of(snapshot.manifest_list))
            for manifest in snapshot.manifests(one.io):
                if manifest.manifest_path in seen:
                    continue
                seen.add(manifest.manifest_path)
                self.needed.add(path_of(manifest.manifest_path))
                for entry in manifest.fetch_manifest_entry(one.io, discard_deleted=True):
                    self.needed.add(path_of(entry.data_file.file_path))
                    if entry.status == ManifestEntryStatus.ADDED:
                        self.added.add((entry.data_file.file_path, entry.snapshot_id))
        self.live = Counter(path_of(task.file.file_path) for task in one.scan().plan_files())
        there = {path for path in path_of(one.location()).rglob("*") if path.is_file()}
        self.unfinished = {path for path in there if path.name.startswith(".firn-") and path.name.endswith(".tmp")}
        self.orphans = there - self.needed - self.metadata - self.unfinished


def check_files(folder, *names):
    """No live file is missing or counted twice, none was added twice, and firn takes no file for an orphan that is needed."""
    for name in names:
        files = Files(folder, name)
        missing = [path for path in files.needed if not path.exists()]
        assert not missing, f"{name}: {missing}"
        assert max(files.live.values(), default=1) == 1, f"{name}: live twice: {files.live.most_common(3)}"
        twice = Counter(path for path, _ in files.added)
        assert max(twice.values(), default=1) == 1, f"{name}: added by two snapshots: {twice.most_common(3)}"
        check_orphans(folder, name, files)


def check_orphans(folder, name, files):
    """firn's own list of orphans, with all files old enough, against what PyIceberg finds needed."""
    old = time.time() - OLD_S
    for path in path_of(table(folder, name).location()).rglob("*"):
        if path.is_file():
            os.utime(path, (old, old))
    listed = {path_of(row["orphan_file_location"]) for row in
              query(folder, f"CALL firn.system.remove_orphan_files(table => '{name}', dry_run => true)")}
    print(f"{name}: {len(files.live)} live files, {len(listed)} orphans listed, "
          f"{len(files.unfinished)} files unfinished")
    assert not files.unfinished & files.needed
    assert not listed & (files.needed | files.metadata), f"{name}: needed, and taken for orphans"
    assert listed == files.orphans, f"{name}: {listed ^ files.orphans}"


def check(folder, *batches):
    """Silver and quarantine of pipeline.TWO_TABLES hold what these batches of bookings ask for, each row once."""
    wanted = sum((batch.silver for batch in batches), Counter())
    found = Counter({key: count for (key,), count in rows(folder, "silver.booking", "event_id").items()})
    assert found == wanted, f"missing {sum((wanted - found).values())}, too many {sum((found - wanted).values())}"
    quarantined = rows(folder, "quarantine.booking", "partition", "offset")
    assert sum(quarantined.values()) == sum(batch.quarantine for batch in batches)
    assert max(quarantined.values(), default=1) == 1
    check_files(folder, "silver.booking", "quarantine.booking")
