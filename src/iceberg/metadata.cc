// Look-ups in a table's metadata.
#include "iceberg/metadata.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace firn::iceberg {

const types::Schema& TableMetadata::schema() const { return schema_by_id(current_schema_id); }

const types::Schema& TableMetadata::schema_by_id(int id) const {
  const auto found = std::ranges::find(schemas, id, &types::Schema::schema_id);
  if (found == schemas.end())
    throw_corrupt(fmt::format("table metadata: schemas has no schema {}", id));
  return *found;
}

const types::PartitionSpec& TableMetadata::spec() const { return spec_by_id(default_spec_id); }

const types::PartitionSpec& TableMetadata::spec_by_id(int id) const {
  const auto found = std::ranges::find(specs, id, &types::PartitionSpec::spec_id);
  if (found == specs.end())
    throw_corrupt(fmt::format("table metadata: partition-specs has no spec {}", id));
  return *found;
}

const Snapshot* TableMetadata::snapshot_by_id(SnapshotId id) const {
  const auto found = std::ranges::find(snapshots, id, &Snapshot::id);
  return found == snapshots.end() ? nullptr : &*found;
}

const Snapshot* TableMetadata::current_snapshot() const {
  return current_snapshot_id ? snapshot_by_id(*current_snapshot_id) : nullptr;
}

const Snapshot* TableMetadata::head_of(const std::string& branch) const {
  const auto found = refs.find(branch);
  return found == refs.end() ? nullptr : snapshot_by_id(found->second.snapshot_id);
}

}  // namespace firn::iceberg
