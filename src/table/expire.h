// Expiry of old snapshots inside a commit: which may go, and which files nobody refers to once they
// are gone.
#pragma once

#include <string>
#include <vector>

#include "files/file_store.h"
#include "iceberg/metadata.h"

namespace firn::table {

struct ExpiryRule {
  std::string branch = "main";
  int keep_newest = 0;                    // snapshots of the branch that stay
  std::vector<iceberg::SnapshotId> keep;  // readers hold these, and everything newer stays too
};

// The oldest snapshots of the branch beyond the newest `keep_newest`, oldest first. Never one that
// another ref needs.
std::vector<iceberg::SnapshotId> expirable(const iceberg::TableMetadata&, const ExpiryRule&);

// What only the `expired` snapshots (as `expirable` gave them) of `metadata` refer to: their
// manifest lists and, where the history is one line, manifests and data files that their successors
// dropped. Reads manifest lists, so call it before the commit, remove the files after it.
std::vector<std::string> freed_by(files::FileStore&, const iceberg::TableMetadata&,
                                  const std::string& branch,
                                  const std::vector<iceberg::SnapshotId>& expired);

}  // namespace firn::table
