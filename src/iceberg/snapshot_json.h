// Snapshots and snapshot references ⇄ JSON (specification, "Snapshots", "Snapshot References").
#pragma once

#include "iceberg/json_cursor.h"
#include "iceberg/metadata.h"

namespace firn::iceberg {

Snapshot snapshot_from(const JsonCursor& json);
OrderedJson snapshot_to_json(const Snapshot& snapshot);
SnapshotRef ref_from(const JsonCursor& json);
// Puts the reference's fields into `json`, beside whatever it has.
void put_ref(const SnapshotRef& ref, OrderedJson& json);

}  // namespace firn::iceberg
