// Requirements and updates applied to metadata, by the rules of the reference implementation's
// metadata builder.
#include "iceberg/update.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <unordered_set>

#include "base/error.h"
#include "iceberg/format.h"
#include "iceberg/json_cursor.h"

namespace firn::iceberg {

namespace {

using types::PartitionField;
using types::PartitionSpec;
using types::Schema;
using types::SortOrder;
using types::TransformId;

constexpr int kLastAdded = -1;
constexpr int kDefaultPreviousVersions = 100;
constexpr int64_t kClockSlackMs = 60'000;

SnapshotId snapshot_of_statistics(const std::string& object) {
  const Json json = parse_json(object, "statistics");
  return JsonCursor(json, "statistics").required_long("snapshot-id");
}

void remove_statistics(std::vector<std::string>& objects, SnapshotId id) {
  std::erase_if(objects,
                [id](const std::string& object) { return snapshot_of_statistics(object) == id; });
}

// Two specs that partition alike, whatever their ids say.
bool partitions_alike(const PartitionSpec& a, const PartitionSpec& b) {
  return std::ranges::equal(
      a.fields, b.fields, [](const PartitionField& x, const PartitionField& y) {
        return x.source_id == y.source_id && x.transform == y.transform && x.name == y.name;
      });
}

int previous_versions_max(const Properties& properties) {
  const auto found = properties.find("write.metadata.previous-versions-max");
  if (found == properties.end()) return kDefaultPreviousVersions;
  int value = 0;
  const auto [end, error] =
      std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
  if (error != std::errc() || *end != '\0') {
    throw_invalid(
        fmt::format("the table property write.metadata.previous-versions-max is '{}', not a number",
                    found->second));
  }
  return std::max(1, value);
}

// The table's metadata while updates are applied, and what was added last (for ids of -1).
class Builder {
 public:
  Builder(const TableMetadata* base, int64_t now_ms) : base_(base) {
    if (base != nullptr) table_ = *base;
    if (table_.format_version > kNewestWritten) {
      throw_unsupported(
          fmt::format("writing to tables of format version {}", table_.format_version));
    }
    table_.format_version = kNewestWritten;
    now_ms_ = std::max(now_ms, table_.last_updated_ms);
  }

  void operator()(const AssignUuid& update) {
    changed_ |= table_.table_uuid != update.uuid;
    table_.table_uuid = update.uuid;
  }

  void operator()(const UpgradeFormatVersion& update) {
    if (update.format_version > kNewestWritten) {
      throw_unsupported(
          fmt::format("upgrading a table to format version {}", update.format_version));
    }
    const int have = base_ == nullptr ? 1 : base_->format_version;
    if (update.format_version < have) {
      throw_invalid(fmt::format("a table of format version {} cannot go back to {}", have,
                                update.format_version));
    }
    changed_ |= update.format_version > have;
  }

  void operator()(const AddSchema& update) {
    check_schema(update.schema);
    table_.last_column_id = std::max(table_.last_column_id, update.schema.highest_field_id());
    int id = table_.current_schema_id;
    for (const Schema& schema : table_.schemas) {
      if (schema.same_fields(update.schema)) {
        last_schema_ = schema.schema_id;
        return;
      }
      id = std::max(id, schema.schema_id + 1);
    }
    table_.schemas.push_back(update.schema);
    table_.schemas.back().schema_id = id;
    last_schema_ = id;
    changed_ = true;
  }

  void operator()(const SetCurrentSchema& update) {
    const int id = resolve(update.schema_id, last_schema_, "schema");
    (void)table_.schema_by_id(id);
    changed_ |= table_.current_schema_id != id;
    table_.current_schema_id = id;
  }

  void operator()(const AddPartitionSpec& update) {
    int id = 0;
    for (const PartitionSpec& spec : table_.specs) {
      if (partitions_alike(spec, update.spec)) {
        last_spec_ = spec.spec_id;
        return;
      }
      id = std::max(id, spec.spec_id + 1);
    }
    PartitionSpec spec = update.spec;
    spec.spec_id = id;
    for (PartitionField& field : spec.fields) {
      check_partition_field(field);
      if (field.field_id == 0) field.field_id = partition_field_id(field);
      table_.last_partition_id = std::max(table_.last_partition_id, field.field_id);
    }
    check_partition_names(spec);
    table_.specs.push_back(std::move(spec));
    last_spec_ = id;
    changed_ = true;
  }

  void operator()(const SetDefaultSpec& update) {
    const int id = resolve(update.spec_id, last_spec_, "partition spec");
    (void)table_.spec_by_id(id);
    changed_ |= table_.default_spec_id != id;
    table_.default_spec_id = id;
  }

  void operator()(const AddSortOrder& update) {
    int id = update.order.fields.empty() ? 0 : 1;
    for (const SortOrder& order : table_.sort_orders) {
      if (order.fields == update.order.fields) {
        last_order_ = order.order_id;
        return;
      }
      if (id > 0) id = std::max(id, order.order_id + 1);
    }
    for (const auto& field : update.order.fields) check_sort_field(field);
    table_.sort_orders.push_back({id, update.order.fields});
    last_order_ = id;
    changed_ = true;
  }

  void operator()(const SetDefaultSortOrder& update) {
    const int id = resolve(update.order_id, last_order_, "sort order");
    if (std::ranges::find(table_.sort_orders, id, &SortOrder::order_id) ==
        table_.sort_orders.end()) {
      throw_invalid(fmt::format("the table has no sort order {}", id));
    }
    changed_ |= table_.default_sort_order_id != id;
    table_.default_sort_order_id = id;
  }

  void operator()(const AddSnapshot& update) {
    const Snapshot& snapshot = update.snapshot;
    if (table_.schemas.empty() || table_.specs.empty() || table_.sort_orders.empty()) {
      throw_invalid(
          "a snapshot cannot be added before a schema, a partition spec and a sort order");
    }
    if (table_.snapshot_by_id(snapshot.id) != nullptr) {
      throw_invalid(fmt::format("the table already has a snapshot {}", snapshot.id));
    }
    if (snapshot.sequence_number <= table_.last_sequence_number) {
      throw Error(
          "COMMIT_CONFLICT",
          {{"table", table_.location},
           {"reason",
            fmt::format("snapshot {} has sequence number {}, and the table is at {}", snapshot.id,
                        snapshot.sequence_number, table_.last_sequence_number)}});
    }
    table_.last_sequence_number = snapshot.sequence_number;
    table_.snapshots.push_back(snapshot);
    added_snapshots_.insert(snapshot.id);
    changed_ = true;
  }

  void operator()(const SetSnapshotRef& update) {
    const auto existing = table_.refs.find(update.name);
    if (existing != table_.refs.end() && existing->second == update.ref) return;
    const Snapshot* snapshot = table_.snapshot_by_id(update.ref.snapshot_id);
    if (snapshot == nullptr) {
      throw_invalid(fmt::format("{} cannot be set to the unknown snapshot {}", update.name,
                                update.ref.snapshot_id));
    }
    if (update.name == kMain) set_main(*snapshot, update.ref);
    table_.refs[update.name] = update.ref;
    changed_ = true;
  }

  void operator()(const RemoveSnapshots& update) {
    const std::unordered_set<SnapshotId> ids(update.ids.begin(), update.ids.end());
    const size_t removed =
        std::erase_if(table_.snapshots, [&](const Snapshot& s) { return ids.contains(s.id); });
    if (removed == 0) return;
    for (const SnapshotId id : update.ids) {
      remove_statistics(table_.statistics, id);
      remove_statistics(table_.partition_statistics, id);
    }
    if (table_.current_snapshot_id && ids.contains(*table_.current_snapshot_id))
      table_.current_snapshot_id.reset();
    std::erase_if(table_.refs,
                  [&](const auto& ref) { return ids.contains(ref.second.snapshot_id); });
    snapshots_removed_ = true;
    changed_ = true;
  }

  void operator()(const RemoveSnapshotRef& update) {
    if (update.name == kMain) table_.current_snapshot_id.reset();
    changed_ |= table_.refs.erase(update.name) > 0;
  }

  void operator()(const SetLocation& update) {
    changed_ |= table_.location != update.location;
    table_.location = update.location;
  }

  void operator()(const SetProperties& update) {
    for (const auto& [key, value] : update.properties) {
      changed_ = true;
      table_.properties[key] = value;
    }
  }

  void operator()(const RemoveProperties& update) {
    for (const std::string& key : update.keys) changed_ |= table_.properties.erase(key) > 0;
  }

  void operator()(const SetStatistics& update) {
    replace_statistics(table_.statistics, update.snapshot_id, update.json);
  }
  void operator()(const SetPartitionStatistics& update) {
    replace_statistics(table_.partition_statistics, update.snapshot_id, update.json);
  }
  void operator()(const RemoveStatistics& update) {
    remove_statistics(table_.statistics, update.snapshot_id);
    changed_ = true;
  }
  void operator()(const RemovePartitionStatistics& update) {
    remove_statistics(table_.partition_statistics, update.snapshot_id);
    changed_ = true;
  }

  void operator()(const RemovePartitionSpecs& update) {
    const std::set<int> ids(update.ids.begin(), update.ids.end());
    if (ids.contains(table_.default_spec_id))
      throw_invalid("the default partition spec cannot be removed");
    changed_ |= std::erase_if(table_.specs,
                              [&](const PartitionSpec& s) { return ids.contains(s.spec_id); }) > 0;
  }

  void operator()(const RemoveSchemas& update) {
    const std::set<int> ids(update.ids.begin(), update.ids.end());
    if (ids.contains(table_.current_schema_id))
      throw_invalid("the current schema cannot be removed");
    changed_ |= std::erase_if(table_.schemas,
                              [&](const Schema& s) { return ids.contains(s.schema_id); }) > 0;
  }

  TableMetadata finish(const std::optional<std::string>& previous_file) && {
    if (base_ != nullptr && !changed_) return *base_;
    check_complete();
    update_snapshot_log();
    if (base_ != nullptr && previous_file) log_previous_file(*previous_file);
    table_.last_updated_ms = now_ms_;
    return std::move(table_);
  }

 private:
  static int resolve(int id, const std::optional<int>& last_added, const char* what) {
    if (id != kLastAdded) return id;
    if (!last_added)
      throw_invalid(fmt::format("the last added {} cannot be set: none was added", what));
    return *last_added;
  }

  // Types and defaults of v3 do not belong into a v2 table.
  static void check_schema(const Schema& schema) {
    for (const types::Field& field : schema.fields) check_field(field);
  }
  static void check_field(const types::Field& field) {
    static constexpr types::TypeId kNewTypes[] = {
        types::TypeId::kTimestampNs, types::TypeId::kTimestamptzNs, types::TypeId::kUnknown,
        types::TypeId::kVariant,     types::TypeId::kGeometry,      types::TypeId::kGeography};
    if (std::ranges::find(kNewTypes, field.type.id()) != std::end(kNewTypes)) {
      throw_unsupported(fmt::format("column {} of type {}, which needs format version 3",
                                    field.name, field.type.to_string()));
    }
    if (field.initial_default && !types::is_null(*field.initial_default)) {
      throw_unsupported(fmt::format(
          "an initial default for column {}, which needs format version 3", field.name));
    }
    if (!field.type.is_nested()) return;
    for (const types::Field& child : field.type.fields()) check_field(child);
  }

  void check_partition_field(const PartitionField& field) const {
    if (field.transform.id == TransformId::kUnknown) {
      throw_unsupported(fmt::format("the partition transform {}", field.transform.to_string()));
    }
    const types::Field* source = table_.schema().find(field.source_id);
    if (source == nullptr) {
      if (field.transform.id == TransformId::kVoid) return;
      throw_invalid(
          fmt::format("partition field {} has no source column: the schema has no field {}",
                      field.name, field.source_id));
    }
    if (source->type.is_nested() || !types::can_transform(field.transform, source->type)) {
      throw_invalid(fmt::format("partition field {}: {} does not apply to {}", field.name,
                                field.transform.to_string(), source->type.to_string()));
    }
  }

  void check_partition_names(const PartitionSpec& spec) const {
    std::set<std::string> names;
    for (const PartitionField& field : spec.fields) {
      if (field.name.empty()) throw_invalid("a partition field has no name");
      if (!names.insert(field.name).second) {
        throw_invalid(fmt::format("two partition fields are called {}", field.name));
      }
      const types::Field* column = table_.schema().find(std::string_view(field.name));
      const bool own =
          field.transform.id == TransformId::kIdentity || field.transform.id == TransformId::kVoid;
      if (column != nullptr && !(own && column->id == field.source_id)) {
        throw_invalid(fmt::format("partition field {} has the name of another column", field.name));
      }
    }
  }

  // The same source and transform keep the field id that an earlier spec gave them.
  int partition_field_id(const PartitionField& field) const {
    for (const PartitionSpec& spec : table_.specs) {
      for (const PartitionField& old : spec.fields) {
        if (old.source_id == field.source_id && old.transform == field.transform)
          return old.field_id;
      }
    }
    return table_.last_partition_id + 1;
  }

  void check_sort_field(const types::SortField& field) const {
    const types::Field* source = table_.schema().find(field.source_id);
    if (source == nullptr)
      throw_invalid(fmt::format("a sort order names the unknown field {}", field.source_id));
    if (source->type.is_nested() || !types::can_transform(field.transform, source->type)) {
      throw_invalid(fmt::format("sort order: {} does not apply to {}", field.transform.to_string(),
                                source->name));
    }
  }

  void set_main(const Snapshot& snapshot, const SnapshotRef& ref) {
    if (!ref.is_branch) throw_invalid("main cannot be a tag: it is a branch");
    table_.current_snapshot_id = snapshot.id;
    const bool is_new = added_snapshots_.contains(snapshot.id);
    int64_t time = is_new ? snapshot.timestamp_ms : now_ms_;
    if (!table_.snapshot_log.empty()) {
      // Readers refuse a log that goes back by more than a minute; clocks of two writers may.
      const int64_t last = table_.snapshot_log.back().timestamp_ms;
      if (time < last - kClockSlackMs) time = last;
    }
    table_.snapshot_log.push_back({time, snapshot.id});
    if (is_new) new_mains_.push_back(snapshot.id);
  }

  void replace_statistics(std::vector<std::string>& objects, SnapshotId id,
                          const std::string& object) {
    remove_statistics(objects, id);
    objects.push_back(object);
    changed_ = true;
  }

  void check_complete() const {
    if (table_.table_uuid.empty()) throw_invalid("a table needs a uuid (update assign-uuid)");
    if (table_.location.empty()) throw_invalid("a table needs a location (update set-location)");
    (void)table_.schema();
    for (const PartitionField& field : table_.spec().fields) {
      if (field.transform.id != TransformId::kUnknown) check_partition_field(field);
    }
    const auto order =
        std::ranges::find(table_.sort_orders, table_.default_sort_order_id, &SortOrder::order_id);
    if (order == table_.sort_orders.end())
      throw_invalid("a table needs a sort order (update add-sort-order)");
    for (const auto& field : order->fields) {
      if (field.transform.id != TransformId::kUnknown) check_sort_field(field);
    }
  }

  // Snapshots that were main only between two of these updates leave the log. A removed snapshot
  // takes the history before it along: a gap would make its successor seem to have been current all
  // that time.
  void update_snapshot_log() {
    std::unordered_set<SnapshotId> between(new_mains_.begin(), new_mains_.end());
    if (table_.current_snapshot_id) between.erase(*table_.current_snapshot_id);
    if (!between.empty() || snapshots_removed_) {
      std::vector<SnapshotLogEntry> log;
      for (const SnapshotLogEntry& entry : table_.snapshot_log) {
        if (table_.snapshot_by_id(entry.snapshot_id) == nullptr) {
          if (snapshots_removed_) log.clear();
        } else if (!between.contains(entry.snapshot_id)) {
          log.push_back(entry);
        }
      }
      table_.snapshot_log = std::move(log);
    }
    if (!table_.snapshot_log.empty())
      now_ms_ = std::max(now_ms_, table_.snapshot_log.back().timestamp_ms);
  }

  void log_previous_file(const std::string& file) {
    table_.metadata_log.push_back({base_->last_updated_ms, file});
    const auto keep = static_cast<size_t>(previous_versions_max(table_.properties));
    if (table_.metadata_log.size() > keep) {
      table_.metadata_log.erase(table_.metadata_log.begin(),
                                table_.metadata_log.end() - static_cast<std::ptrdiff_t>(keep));
    }
  }

  const TableMetadata* base_;
  TableMetadata table_;
  int64_t now_ms_ = 0;
  bool changed_ = false;
  bool snapshots_removed_ = false;
  std::optional<int> last_schema_, last_spec_, last_order_;
  std::unordered_set<SnapshotId> added_snapshots_;
  std::vector<SnapshotId> new_mains_;
};

}  // namespace

TableMetadata apply(const TableMetadata* base, const std::vector<Update>& updates, int64_t now_ms,
                    const std::optional<std::string>& previous_file) {
  Builder builder(base, now_ms);
  for (const Update& update : updates) std::visit(builder, update);
  return std::move(builder).finish(previous_file);
}

}  // namespace firn::iceberg
