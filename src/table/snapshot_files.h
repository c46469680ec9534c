// The manifests and manifest lists that one commit writes: named once, written once, removed where
// nobody refers to them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "files/file_store.h"
#include "iceberg/manifest.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/metadata.h"

namespace firn::table {

class SnapshotFiles {
 public:
  SnapshotFiles(files::FileStore& store, std::string folder, iceberg::SnapshotId snapshot_id,
                Random& random)
      : store_(store),
        folder_(std::move(folder)),
        snapshot_id_(snapshot_id),
        uuid_(random_uuid(random)) {}

  // Writes `<uuid>-m<N>.avro` and gives its row for a manifest list, as if the commit gets
  // `sequence_number`.
  iceberg::ManifestFile write(const iceberg::Manifest&, iceberg::SequenceNumber sequence_number);
  // The same for data files that this commit adds: manifests of one spec each, of at most 10,000
  // files.
  std::vector<iceberg::ManifestFile> write_added(const iceberg::TableMetadata& base,
                                                 const std::vector<iceberg::DataFile>& files,
                                                 iceberg::SequenceNumber sequence_number);
  // Writes `snap-<id>-<attempt>-<uuid>.avro` and gives its path.
  std::string write_list(int attempt, const iceberg::ManifestListHeader&,
                         const std::vector<iceberg::ManifestFile>&);

  // Removes what was written here and is not in `list` (a manifest list of this commit, the one
  // that counts) or in its rows `kept`. Errors are logged: a file left over harms nobody.
  void remove_others(const std::string& list, const std::vector<iceberg::ManifestFile>& kept);
  void remove_all() { remove_others("", {}); }
  bool wrote_list(const std::string& path) const { return lists_.contains(path); }

 private:
  files::FileStore& store_;
  const std::string folder_;
  const iceberg::SnapshotId snapshot_id_;
  const std::string uuid_;
  int next_manifest_ = 0;
  std::set<std::string> manifests_, lists_;
};

// The manifests of a snapshot; of a v1 snapshot without a manifest list too.
std::vector<iceberg::ManifestFile> manifests_of(files::FileStore&, const iceberg::TableMetadata&,
                                                const iceberg::Snapshot&);

// A manifest with everything inherited from its row.
iceberg::Manifest load_manifest(files::FileStore&, const iceberg::ManifestFile&);

// The row of a manifest of ours for another attempt: same file, new sequence number.
void restamp(iceberg::ManifestFile&, iceberg::SequenceNumber before, iceberg::SequenceNumber now);

// Removes files that nobody refers to any longer; failures are logged.
void remove_files(files::FileStore&, const std::vector<std::string>& uris);

// Positive, as Java draws them.
iceberg::SnapshotId random_snapshot_id(Random&, const iceberg::TableMetadata&);

}  // namespace firn::table
