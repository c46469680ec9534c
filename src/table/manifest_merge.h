// Merging small manifests: inside an append (commit.manifest.*), and as a commit of its own for
// streaming tables.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/stop_token.h"
#include "iceberg/manifest.h"
#include "table/append.h"
#include "table/snapshot_files.h"

namespace firn::table {

// Merges manifests into one, once: the file is reused by later attempts of the same commit.
class ManifestMerger {
 public:
  ManifestMerger(files::FileStore& store, SnapshotFiles& files, iceberg::SnapshotId snapshot_id)
      : store_(store), files_(files), snapshot_id_(snapshot_id) {}

  // Entries of other snapshots become EXISTING with explicit sequence numbers, DELETED ones of
  // theirs are dropped; this snapshot's own stay as they are. All rows are of one spec and one
  // content.
  iceberg::ManifestFile merge(const std::vector<iceberg::ManifestFile>& rows,
                              iceberg::SequenceNumber next);
  int64_t entries_processed() const { return entries_processed_; }

 private:
  struct Merged {
    iceberg::ManifestFile row;
    iceberg::SequenceNumber stamped;
  };
  files::FileStore& store_;
  SnapshotFiles& files_;
  const iceberg::SnapshotId snapshot_id_;
  std::map<std::vector<std::string>, Merged> done_;  // by the paths that went in
  int64_t entries_processed_ = 0;
};

// An append's manifests (the new ones first) merged as commit.manifest-merge.enabled,
// commit.manifest.min-count-to-merge and commit.manifest.target-size-bytes say.
std::vector<iceberg::ManifestFile> merge_as_properties_say(std::vector<iceberg::ManifestFile> rows,
                                                           const iceberg::Properties&,
                                                           ManifestMerger&, iceberg::SnapshotId own,
                                                           iceberg::SequenceNumber next);

struct MergeRequest {
  std::string branch = "main";
  int min_count = 100;    // manifests of one size class that make a merge worth while
  int max_snapshots = 0;  // as in AppendRequest
  std::vector<iceberg::SnapshotId> keep_snapshots;
};

// True where a size class has reached `min_count`: cheap (one manifest list).
bool needs_merge(Table&, const MergeRequest&);

// A REPLACE commit that merges data manifests of equal size class (by count of files: 1-63,
// 64-4095, …), so that a table of n files has O(log n) classes and each entry is rewritten once a
// class. Rows and live counts stay as they are. Nothing to merge: Committed with snapshot id 0.
CommitOutcome merge_manifests(Table&, const MergeRequest&, Clock&, Random&, StopToken = {});

}  // namespace firn::table
