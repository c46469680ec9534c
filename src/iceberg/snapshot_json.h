// Snapshots and snapshot references ⇄ JSON (specification, "Snapshots", "Snapshot References").
#pragma once

#include "iceberg/json_cursor.h"
#include "iceberg/json_text.h"
#include "iceberg/metadata.h"

namespace firn::iceberg {

Snapshot snapshot_from(const JsonCursor& json);
void write_snapshot(const Snapshot& snapshot, JsonText& json);
SnapshotRef ref_from(const JsonCursor& json);
// Puts the reference's fields into `json`, beside whatever it has.
void put_ref(const SnapshotRef& ref, OrderedJson& json);

}  // namespace firn::iceberg
