// One snapshot that adds and removes files: overwrites, deletes and row deltas, with the conflict
// checks of Iceberg's OverwriteFiles, ReplacePartitions, DeleteFiles and RowDelta.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "table/append.h"
#include "types/predicate.h"

namespace firn::table {

// What a change must not find in the snapshots since the one that it was computed from.
struct ConflictRules {
  std::optional<iceberg::SnapshotId> since;  // absent: the table had no snapshot
  types::Predicate filter;                   // rows that the statement has looked at
  bool no_new_data = false;                  // serializable isolation: files that may match
  bool no_new_deletes = false;               // delete files that may apply to rows of `filter`
  bool no_deleted_data = false;              // data files removed that may have matched
  std::set<std::string> must_exist;          // data files that new position deletes name
  bool deletes_may_remove = false;  // … which a snapshot of operation "delete" may take meanwhile
};

struct ChangeRequest {
  iceberg::SnapshotId snapshot_id = 0;  // 0: drawn at random
  std::string branch = "main";
  bool staged = false;  // the snapshot enters no branch (write, audit, publish)
  std::vector<iceberg::DataFile> added_files;                           // data
  std::vector<iceberg::DataFile> added_deletes;                         // position delete files
  std::vector<std::shared_ptr<const iceberg::DataFile>> removed_files;  // live data files
  std::optional<types::Predicate> delete_where;  // files that match as a whole go, partly: an error
  bool replace_partitions = false;               // files of the partitions of `added_files` go
  // Computed from nothing but itself: where the table is empty it is an append all the same.
  std::string operation;  // "": append, delete or overwrite by what it does
  iceberg::Properties summary;
  std::optional<ConflictRules> rules;  // absent: nothing is checked
};

// Retries as append does; rules are checked at every attempt. Throws COMMIT_CONFLICT where a rule
// forbids the commit: then, and after Conflict, the added files are the caller's to remove.
// Nothing to do gives Committed with snapshot id 0.
CommitOutcome change_files(Table&, const ChangeRequest&, Clock&, Random&, StopToken = {});

// What is known of the values of a file's columns: its bounds, and exact ones where the partition
// gives them.
types::BoundsById exact_bounds(const iceberg::DataFile&, const types::Schema&,
                               const types::PartitionSpec&);

}  // namespace firn::table
