// Requirements checked against a table's metadata.
#include <fmt/format.h>

#include <algorithm>

#include "iceberg/update.h"

namespace firn::iceberg {

namespace {

using Broken = std::optional<std::string>;

bool equal_ignoring_case(const std::string& a, const std::string& b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

Broken differs(const char* what, int64_t expected, int64_t found) {
  if (expected == found) return std::nullopt;
  return fmt::format("{} changed: expected {}, found {}", what, expected, found);
}

// Each answers for an existing table.
struct Check {
  const TableMetadata& table;

  Broken operator()(const AssertCreate&) const { return "the table already exists"; }
  Broken operator()(const AssertTableUuid& want) const {
    if (equal_ignoring_case(want.uuid, table.table_uuid)) return std::nullopt;
    return fmt::format("the table's uuid is {}, not {}", table.table_uuid, want.uuid);
  }
  Broken operator()(const AssertRefSnapshotId& want) const {
    const auto found = table.refs.find(want.ref);
    if (found == table.refs.end()) {
      if (!want.snapshot_id) return std::nullopt;
      return fmt::format("branch or tag {} is missing, expected at snapshot {}", want.ref,
                         *want.snapshot_id);
    }
    const char* kind = found->second.is_branch ? "branch" : "tag";
    if (!want.snapshot_id) return fmt::format("{} {} was created meanwhile", kind, want.ref);
    if (*want.snapshot_id == found->second.snapshot_id) return std::nullopt;
    return fmt::format("{} {} has moved: expected snapshot {}, found {}", kind, want.ref,
                       *want.snapshot_id, found->second.snapshot_id);
  }
  Broken operator()(const AssertLastAssignedFieldId& want) const {
    return differs("the last assigned field id", want.id, table.last_column_id);
  }
  Broken operator()(const AssertCurrentSchemaId& want) const {
    return differs("the current schema", want.id, table.current_schema_id);
  }
  Broken operator()(const AssertLastAssignedPartitionId& want) const {
    return differs("the last assigned partition field id", want.id, table.last_partition_id);
  }
  Broken operator()(const AssertDefaultSpecId& want) const {
    return differs("the default partition spec", want.id, table.default_spec_id);
  }
  Broken operator()(const AssertDefaultSortOrderId& want) const {
    return differs("the default sort order", want.id, table.default_sort_order_id);
  }
};

// What holds where there is no table: its creation, and (as in the reference) last-assigned ids.
bool holds_without_table(const Requirement& requirement) {
  if (const auto* ref = std::get_if<AssertRefSnapshotId>(&requirement)) return !ref->snapshot_id;
  return std::holds_alternative<AssertCreate>(requirement) ||
         std::holds_alternative<AssertLastAssignedFieldId>(requirement) ||
         std::holds_alternative<AssertLastAssignedPartitionId>(requirement);
}

}  // namespace

Broken broken_requirement(const TableMetadata* base, const std::vector<Requirement>& requirements) {
  for (const Requirement& requirement : requirements) {
    if (base == nullptr) {
      if (!holds_without_table(requirement)) return "the table does not exist";
    } else if (auto broken = std::visit(Check{*base}, requirement)) {
      return broken;
    }
  }
  return std::nullopt;
}

}  // namespace firn::iceberg
