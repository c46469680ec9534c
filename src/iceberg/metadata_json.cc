// Table metadata ⇄ JSON: v1, v2 and v3 are read, v2 is written.
#include "iceberg/metadata_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "iceberg/format.h"
#include "iceberg/json_text.h"
#include "iceberg/schema_json.h"
#include "iceberg/snapshot_json.h"
#include "iceberg/spec_json.h"

namespace firn::iceberg {

namespace {

constexpr int kNewestVersion = 3;
constexpr int64_t kNoSnapshot = -1;
constexpr size_t kFewBytes = 16 << 10, kBytesASnapshot = 1 << 10;  // of text, about

void require_from_v2(const JsonCursor& json, const TableMetadata& table, const char* name) {
  if (table.format_version > 1)
    json.fail_at(name, fmt::format("is missing (format v{})", table.format_version));
}

void read_schemas(const JsonCursor& json, TableMetadata& table) {
  const auto schemas = json.find("schemas");
  if (!schemas) {
    require_from_v2(json, table, "schemas");
    table.schemas = {schema_from(json.at("schema"))};
    table.current_schema_id = table.schemas.front().schema_id;
    return;
  }
  table.current_schema_id = json.required_int("current-schema-id");
  std::set<int> ids;
  schemas->for_each([&](const JsonCursor& element) {
    table.schemas.push_back(schema_from(element));
    if (!ids.insert(table.schemas.back().schema_id).second)
      element.fail_at("schema-id", "is used twice");
  });
  if (!ids.contains(table.current_schema_id)) {
    json.fail_at("current-schema-id", fmt::format("{} is not in schemas", table.current_schema_id));
  }
}

void read_specs(const JsonCursor& json, TableMetadata& table) {
  const auto specs = json.find("partition-specs");
  if (!specs) {
    require_from_v2(json, table, "partition-specs");
    table.specs = {{0, partition_fields_from(json.at("partition-spec"))}};
    table.default_spec_id = 0;
  } else {
    table.default_spec_id = json.required_int("default-spec-id");
    std::set<int> ids;
    specs->for_each([&](const JsonCursor& element) {
      table.specs.push_back(spec_from(element));
      if (!ids.insert(table.specs.back().spec_id).second)
        element.fail_at("spec-id", "is used twice");
    });
    if (!ids.contains(table.default_spec_id)) {
      json.fail_at("default-spec-id",
                   fmt::format("{} is not in partition-specs", table.default_spec_id));
    }
  }
  if (const auto last = json.optional_int("last-partition-id")) {
    table.last_partition_id = *last;
    return;
  }
  require_from_v2(json, table, "last-partition-id");
  for (const auto& spec : table.specs) {
    for (const auto& field : spec.fields)
      table.last_partition_id = std::max(table.last_partition_id, field.field_id);
  }
}

void read_sort_orders(const JsonCursor& json, TableMetadata& table) {
  const auto orders = json.find("sort-orders");
  if (!orders) {
    require_from_v2(json, table, "sort-orders");
    table.sort_orders = {types::SortOrder{}};
    return;
  }
  table.default_sort_order_id = json.required_int("default-sort-order-id");
  orders->for_each(
      [&](const JsonCursor& element) { table.sort_orders.push_back(sort_order_from(element)); });
  if (std::ranges::find(table.sort_orders, table.default_sort_order_id,
                        &types::SortOrder::order_id) == table.sort_orders.end()) {
    json.fail_at("default-sort-order-id",
                 fmt::format("{} is not in sort-orders", table.default_sort_order_id));
  }
}

void read_snapshots(const JsonCursor& json, TableMetadata& table) {
  const auto current = json.optional_long("current-snapshot-id");
  if (current && *current != kNoSnapshot) table.current_snapshot_id = current;
  std::set<SnapshotId> ids;
  if (const auto snapshots = json.find("snapshots")) {
    snapshots->for_each([&](const JsonCursor& element) {
      table.snapshots.push_back(snapshot_from(element));
      const Snapshot& snapshot = table.snapshots.back();
      if (!ids.insert(snapshot.id).second) element.fail_at("snapshot-id", "is used twice");
      if (table.format_version > 1 && snapshot.manifest_list.empty())
        element.fail_at("manifest-list", "is missing");
      if (snapshot.sequence_number > table.last_sequence_number) {
        element.fail_at("sequence-number", "is greater than the table's last-sequence-number");
      }
    });
  }
  if (table.current_snapshot_id && !ids.contains(*table.current_snapshot_id)) {
    json.fail_at("current-snapshot-id",
                 fmt::format("{} is not in snapshots", *table.current_snapshot_id));
  }
}

// Invariant: refs.main is the current snapshot, and present exactly where there is one.
void read_refs(const JsonCursor& json, TableMetadata& table) {
  if (const auto refs = json.find("refs")) {
    refs->for_each_member([&](const std::string& name, const JsonCursor& element) {
      const SnapshotRef ref = ref_from(element);
      if (table.snapshot_by_id(ref.snapshot_id) == nullptr)
        element.fail_at("snapshot-id", "is not in snapshots");
      table.refs.emplace(name, ref);
    });
  }
  const auto main = table.refs.find(kMain);
  if (main == table.refs.end()) {
    if (table.current_snapshot_id) table.refs[kMain].snapshot_id = *table.current_snapshot_id;
    return;
  }
  if (!main->second.is_branch) json.fail_at("refs.main", "is a tag");
  if (main->second.snapshot_id != table.current_snapshot_id) {
    json.fail_at("refs.main", "differs from current-snapshot-id");
  }
}

void read_logs(const JsonCursor& json, TableMetadata& table) {
  if (const auto log = json.find("snapshot-log")) {
    log->for_each([&](const JsonCursor& entry) {
      table.snapshot_log.push_back(
          {entry.required_long("timestamp-ms"), entry.required_long("snapshot-id")});
    });
  }
  if (const auto log = json.find("metadata-log")) {
    log->for_each([&](const JsonCursor& entry) {
      table.metadata_log.push_back(
          {entry.required_long("timestamp-ms"), entry.required_string("metadata-file")});
    });
  }
}

// Objects that are carried along and not looked into.
std::vector<std::string> kept_objects(const JsonCursor& json, const char* name) {
  std::vector<std::string> objects;
  if (const auto array = json.find(name)) {
    array->for_each([&](const JsonCursor& element) {
      element.expect_object();
      objects.push_back(element.json().dump());
    });
  }
  return objects;
}

void put_kept(const char* name, const std::vector<std::string>& objects, JsonText& json) {
  json.key(name);
  json.open('[');
  for (const std::string& text : objects) json.json(dump_json(OrderedJson::parse(text)));
  json.close(']');
}

template <typename T>
void put_array(const char* name, const std::vector<T>& values, OrderedJson (*to_json)(const T&),
               JsonText& json) {
  json.key(name);
  json.open('[');
  for (const T& value : values) json.json(dump_json(to_json(value)));
  json.close(']');
}

void put_properties(const Properties& properties, JsonText& json) {
  json.key("properties");
  json.open('{');
  for (const auto& [key, value] : properties) json.member(key, value);
  json.close('}');
}

void put_refs(const TableMetadata& table, JsonText& json) {
  OrderedJson refs = OrderedJson::object();
  for (const auto& [name, ref] : table.refs) put_ref(ref, refs[name]);
  json.key("refs");
  json.json(dump_json(refs));
}

void put_snapshots(const TableMetadata& table, JsonText& json) {
  json.key("snapshots");
  json.open('[');
  for (const Snapshot& snapshot : table.snapshots) write_snapshot(snapshot, json);
  json.close(']');
}

void put_logs(const TableMetadata& table, JsonText& json) {
  json.key("snapshot-log");
  json.open('[');
  for (const SnapshotLogEntry& entry : table.snapshot_log) {
    json.open('{');
    json.member("timestamp-ms", entry.timestamp_ms);
    json.member("snapshot-id", entry.snapshot_id);
    json.close('}');
  }
  json.close(']');
  json.key("metadata-log");
  json.open('[');
  for (const MetadataLogEntry& entry : table.metadata_log) {
    json.open('{');
    json.member("timestamp-ms", entry.timestamp_ms);
    json.member("metadata-file", entry.file);
    json.close('}');
  }
  json.close(']');
}

void check_writable(const TableMetadata& table) {
  if (table.format_version > kNewestWritten) {
    throw_unsupported(fmt::format("writing to tables of format version {}", table.format_version));
  }
  if (table.table_uuid.empty())
    throw_invalid("table metadata cannot be written without a table-uuid");
}

}  // namespace

TableMetadata parse_table_metadata(std::string_view text, const std::string& document) {
  const Json value = parse_json(text, document);
  const JsonCursor json(value, document);
  TableMetadata table;
  table.format_version = json.required_int("format-version");
  if (table.format_version > kNewestVersion) {
    throw_unsupported(
        fmt::format("reading tables of format version {} ({})", table.format_version, document));
  }
  if (table.format_version < 1) json.fail_at("format-version", "is below 1");
  const auto uuid = json.optional_string("table-uuid");
  if (!uuid) require_from_v2(json, table, "table-uuid");
  table.table_uuid = uuid.value_or("");
  table.location = json.required_string("location");
  if (table.format_version > 1)
    table.last_sequence_number = json.required_long("last-sequence-number");
  table.last_updated_ms = json.required_long("last-updated-ms");
  table.last_column_id = json.required_int("last-column-id");
  read_schemas(json, table);
  read_specs(json, table);
  read_sort_orders(json, table);
  if (const auto properties = json.find("properties"))
    table.properties = properties->as_string_map();
  read_snapshots(json, table);
  read_refs(json, table);
  read_logs(json, table);
  table.statistics = kept_objects(json, "statistics");
  table.partition_statistics = kept_objects(json, "partition-statistics");
  if (table.format_version >= 3) {
    table.next_row_id = json.required_long("next-row-id");
    table.encryption_keys = kept_objects(json, "encryption-keys");
  }
  return table;
}

std::string write_table_metadata(const TableMetadata& table) {
  check_writable(table);
  std::string text;
  text.reserve(kFewBytes + table.snapshots.size() * kBytesASnapshot);
  JsonText json(text);
  json.open('{');
  json.member("format-version", kNewestWritten);
  json.member("table-uuid", table.table_uuid);
  json.member("location", table.location);
  json.member("last-sequence-number", table.last_sequence_number);
  json.member("last-updated-ms", table.last_updated_ms);
  json.member("last-column-id", table.last_column_id);
  json.member("current-schema-id", table.current_schema_id);
  put_array("schemas", table.schemas, schema_to_json, json);
  json.member("default-spec-id", table.default_spec_id);
  put_array("partition-specs", table.specs, spec_to_json, json);
  json.member("last-partition-id", table.last_partition_id);
  json.member("default-sort-order-id", table.default_sort_order_id);
  put_array("sort-orders", table.sort_orders, sort_order_to_json, json);
  put_properties(table.properties, json);
  json.member("current-snapshot-id", table.current_snapshot_id.value_or(kNoSnapshot));
  put_refs(table, json);
  put_snapshots(table, json);
  put_kept("statistics", table.statistics, json);
  put_kept("partition-statistics", table.partition_statistics, json);
  put_logs(table, json);
  json.close('}');
  return text;
}

}  // namespace firn::iceberg
