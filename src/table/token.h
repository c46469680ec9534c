// The token that makes a streaming commit exactly once: where it is kept in a table, and the
// decision it leads to.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "iceberg/metadata.h"
#include "iceberg/update.h"
#include "table/append.h"

namespace firn::table {

// Keys of a snapshot's summary, as Spark writes and reads them.
inline constexpr const char* kQueryIdKey = "spark.sql.streaming.queryId";
inline constexpr const char* kEpochIdKey = "spark.sql.streaming.epochId";

// The property that survives the expiry of snapshots: firn.stream.<query id>.<branch> = {"epoch",
// "offsets", "at"}.
std::string token_property_key(const std::string& query_id, const std::string& branch);
std::string token_property_value(const Token&, int64_t now_ms);

// The decision of the exactly-once recipe for one state of the table.
struct CommitNow {};
struct DoneBefore {
  iceberg::SnapshotId snapshot_id = 0;
};  // 0 where the snapshot has been expired
using TokenDecision = std::variant<CommitNow, DoneBefore>;

// Throws Error{STREAM_CHECKPOINT_BEHIND_TABLE, STREAM_TABLE_RESTORED}.
TokenDecision decide(const iceberg::TableMetadata&, const std::string& table_name, const Token&,
                     const std::string& branch);

// Set the token's property, drop those of other queries that have been idle for 90 days.
std::vector<iceberg::Update> token_updates(const iceberg::TableMetadata&, const Token&,
                                           const std::string& branch, int64_t now_ms);

// Snapshots of a branch, newest first, as far as they are still there.
std::vector<const iceberg::Snapshot*> ancestry(const iceberg::TableMetadata&,
                                               std::optional<iceberg::SnapshotId> head);

}  // namespace firn::table
