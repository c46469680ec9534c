// Snapshots and their references ⇄ JSON.
#include "iceberg/snapshot_json.h"

#include "base/error.h"

namespace firn::iceberg {

namespace {

// Some writers leave "operation" out of a summary that has other keys; such a snapshot may have
// done anything.
constexpr const char* kOperationWhereMissing = "overwrite";

void read_summary(const JsonCursor& json, Snapshot& snapshot) {
  snapshot.summary = json.as_string_map();
  if (snapshot.summary.empty()) return;
  auto operation = snapshot.summary.extract("operation");
  snapshot.operation = operation.empty() ? kOperationWhereMissing : std::move(operation.mapped());
}

}  // namespace

Snapshot snapshot_from(const JsonCursor& json) {
  Snapshot snapshot;
  snapshot.id = json.required_long("snapshot-id");
  snapshot.parent = json.optional_long("parent-snapshot-id");
  if (snapshot.parent == -1) snapshot.parent.reset();
  snapshot.sequence_number = json.optional_long("sequence-number").value_or(0);
  snapshot.timestamp_ms = json.required_long("timestamp-ms");
  if (const auto summary = json.find("summary")) read_summary(*summary, snapshot);
  snapshot.schema_id = json.optional_int("schema-id");
  snapshot.first_row_id = json.optional_long("first-row-id");
  snapshot.added_rows = json.optional_long("added-rows");
  if (const auto list = json.optional_string("manifest-list")) {
    snapshot.manifest_list = *list;
  } else if (const auto manifests = json.find("manifests")) {
    manifests->for_each(
        [&](const JsonCursor& path) { snapshot.manifests.push_back(path.as_string()); });
  } else {
    json.fail_at("manifest-list", "is missing");
  }
  return snapshot;
}

void write_snapshot(const Snapshot& snapshot, JsonText& json) {
  if (snapshot.manifest_list.empty()) {
    throw_unsupported(
        "rewriting a format v1 table whose snapshots have no manifest list: expire them first");
  }
  json.open('{');
  if (snapshot.sequence_number > 0) json.member("sequence-number", snapshot.sequence_number);
  json.member("snapshot-id", snapshot.id);
  if (snapshot.parent) json.member("parent-snapshot-id", *snapshot.parent);
  json.member("timestamp-ms", snapshot.timestamp_ms);
  if (!snapshot.operation.empty()) {
    json.key("summary");
    json.open('{');
    json.member("operation", snapshot.operation);
    for (const auto& [key, value] : snapshot.summary) {
      if (key != "operation") json.member(key, value);
    }
    json.close('}');
  }
  json.member("manifest-list", snapshot.manifest_list);
  if (snapshot.schema_id) json.member("schema-id", *snapshot.schema_id);
  if (snapshot.first_row_id) json.member("first-row-id", *snapshot.first_row_id);
  if (snapshot.added_rows) json.member("added-rows", *snapshot.added_rows);
  json.close('}');
}

SnapshotRef ref_from(const JsonCursor& json) {
  SnapshotRef ref;
  ref.snapshot_id = json.required_long("snapshot-id");
  const std::string type = json.required_string("type");
  if (type != "branch" && type != "tag") json.fail_at("type", "is neither branch nor tag");
  ref.is_branch = type == "branch";
  ref.min_snapshots_to_keep = json.optional_int("min-snapshots-to-keep");
  ref.max_snapshot_age_ms = json.optional_long("max-snapshot-age-ms");
  ref.max_ref_age_ms = json.optional_long("max-ref-age-ms");
  return ref;
}

void put_ref(const SnapshotRef& ref, OrderedJson& json) {
  json["snapshot-id"] = ref.snapshot_id;
  json["type"] = ref.is_branch ? "branch" : "tag";
  if (ref.min_snapshots_to_keep) json["min-snapshots-to-keep"] = *ref.min_snapshots_to_keep;
  if (ref.max_snapshot_age_ms) json["max-snapshot-age-ms"] = *ref.max_snapshot_age_ms;
  if (ref.max_ref_age_ms) json["max-ref-age-ms"] = *ref.max_ref_age_ms;
}

}  // namespace firn::iceberg
