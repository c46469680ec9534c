// Which state of a table a query reads: options, AS OF clauses, and suffixes of the table's name.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "session/session.h"

namespace firn::session {

struct TableState {
  std::shared_ptr<const iceberg::TableMetadata> metadata;
  std::optional<iceberg::SnapshotId> snapshot_id;  // absent: the table has none
  bool travels = false;                            // a state was asked for by name
  // Incremental reads: what appends in (after, snapshot_id] added.
  bool incremental = false;
  std::optional<iceberg::SnapshotId> after;
};

// What a table's name may end with: snapshot_id_123, at_timestamp_1700000000000, branch_x, tag_x.
bool is_state_suffix(const std::string& part);

// The state that the relation's clauses and options (and `suffix` of its name, "" where there is
// none) ask for. Throws FIRN_INVALID_INPUT where there is no such snapshot, branch or tag, or where
// two of them are asked for. `of_rows`: the table itself is read, no metadata table;
// spark.wap.branch counts then.
TableState state_of(Session&, std::shared_ptr<const iceberg::TableMetadata>,
                    const plan::UnresolvedTable&, const std::string& suffix, bool of_rows);

// The newest snapshot of the table's history that is not younger. nullopt: there is none.
std::optional<iceberg::SnapshotId> snapshot_as_of(const iceberg::TableMetadata&, int64_t ms);

}  // namespace firn::session
