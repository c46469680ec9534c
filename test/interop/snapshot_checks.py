"""What a snapshot says of its manifests and totals, computed again from the entries of the manifests."""

import math

from pyiceberg.conversions import from_bytes
from pyiceberg.manifest import DataFileContent, ManifestEntryStatus
from pyiceberg.types import DoubleType, FloatType, UUIDType

from file_checks import comparable, single

STATES = {"added": ManifestEntryStatus.ADDED, "existing": ManifestEntryStatus.EXISTING, "deleted": ManifestEntryStatus.DELETED}


def check_snapshot(table, what):
    """The current snapshot: manifests that it added, and all of its totals."""
    snapshot = table.current_snapshot()
    live, changed = [], []
    for manifest in snapshot.manifests(table.io):
        entries = manifest.fetch_manifest_entry(table.io, discard_deleted=False)
        live += [e.data_file for e in entries if e.status != ManifestEntryStatus.DELETED]
        if manifest.added_snapshot_id == snapshot.snapshot_id:
            check_manifest(table, manifest, entries, f"{what}\n{manifest.manifest_path}")
            changed += [e for e in entries if e.status != ManifestEntryStatus.EXISTING and e.snapshot_id in (None, snapshot.snapshot_id)]
    check_summary(snapshot, live, changed, what)


def check_manifest(table, manifest, entries, what):
    for word, status in STATES.items():
        of_it = [e.data_file for e in entries if e.status == status]
        assert getattr(manifest, f"{word}_files_count") == len(of_it), (what, word)
        assert getattr(manifest, f"{word}_rows_count") == sum(f.record_count for f in of_it), (what, word)
    spec = table.specs()[manifest.partition_spec_id]
    kinds = [f.field_type for f in spec.partition_type(table.schema()).fields]
    assert len(manifest.partitions or []) == len(kinds), what
    for position, (summary, kind) in enumerate(zip(manifest.partitions or [], kinds)):
        where = f"{what}\npartition {spec.fields[position]}: {summary}"
        values = [e.data_file.partition[position] for e in entries]
        known = [v for v in values if v is not None and not (isinstance(v, float) and math.isnan(v))]
        assert summary.contains_null == (None in values), where
        if isinstance(kind, (FloatType, DoubleType)):
            assert summary.contains_nan == any(v is not None and math.isnan(v) for v in values), where
        else:
            assert not summary.contains_nan, where
        for pick, bound in ((min, summary.lower_bound), (max, summary.upper_bound)):
            want = pick(map(single, known), key=lambda v: v.bytes if hasattr(v, "bytes") else v) if known else None
            got = bound if bound is None or isinstance(kind, UUIDType) else from_bytes(kind, bound)
            if isinstance(want, float) and want == 0:
                assert single(got) == 0, where
            else:
                assert comparable(single(got)) == comparable(want), f"{where}\n{got!r} instead of {want!r}"


def check_summary(snapshot, live, changed, what):
    summary = {**snapshot.summary.additional_properties}
    where = f"{what}\n{snapshot.summary}"

    def number(key):
        return int(summary.get(key, 0))

    def of(files, *contents):
        return [f for f in files if f.content in contents]

    deletes = (DataFileContent.POSITION_DELETES, DataFileContent.EQUALITY_DELETES)
    for word, key in (("data-files", DataFileContent.DATA), ("position-deletes", DataFileContent.POSITION_DELETES),
                      ("equality-deletes", DataFileContent.EQUALITY_DELETES)):
        rows = len(of(live, key)) if word == "data-files" else sum(f.record_count for f in of(live, key))
        assert number(f"total-{word}") == rows, f"{where}\ntotal-{word}: {rows}"
    assert number("total-records") == sum(f.record_count for f in of(live, DataFileContent.DATA)), where
    assert number("total-delete-files") == len(of(live, *deletes)), where
    assert number("total-files-size") == sum(f.file_size_in_bytes for f in live), where
    added = [e.data_file for e in changed if e.status == ManifestEntryStatus.ADDED]
    removed = [e.data_file for e in changed if e.status == ManifestEntryStatus.DELETED]
    for word, files in (("added", added), ("deleted", removed)):
        assert number(f"{word}-data-files") == len(of(files, DataFileContent.DATA)), (where, word)
        assert number(f"{word}-records") == sum(f.record_count for f in of(files, DataFileContent.DATA)), (where, word)
    assert number("added-delete-files") == len(of(added, *deletes)), where
    assert number("added-position-deletes") == sum(f.record_count for f in of(added, DataFileContent.POSITION_DELETES)), where
    assert number("added-files-size") == sum(f.file_size_in_bytes for f in added), where
    assert number("removed-files-size") == sum(f.file_size_in_bytes for f in removed), where
    partitions = {(f.spec_id, tuple(str(comparable(f.partition[i])) for i in range(len(f.partition)))) for f in added + removed}
    rounded = any(isinstance(f.partition[i], float) for f in added + removed for i in range(len(f.partition)))  # see single()
    assert number("changed-partition-count") >= len(partitions), f"{where}\n{len(partitions)} partitions"
    assert rounded or number("changed-partition-count") == len(partitions), f"{where}\n{len(partitions)} partitions"
