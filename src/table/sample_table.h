// A small table for tests: id long, name string, day date; its pointer misbehaves on command, its
// files are in memory.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "files/file_store.h"
#include "iceberg/manifest_avro.h"
#include "table/append.h"
#include "table/simulated_pointer.h"
#include "table/snapshot_files.h"
#include "table/table.h"

namespace firn::table {

// Sleeping takes no time, but the clock says it did.
class SteppedClock final : public Clock {
 public:
  int64_t now_ms() override { return ms_; }
  int64_t now_us() override { return ms_ * 1000; }
  std::chrono::steady_clock::time_point steady() override {
    return std::chrono::steady_clock::time_point(std::chrono::milliseconds(ms_));
  }
  void sleep_for(std::chrono::milliseconds wait) override {
    ms_ += wait.count();
    slept_ms_ += wait.count();
  }
  void advance(int64_t ms) { ms_ += ms; }
  int64_t slept_ms() const { return slept_ms_; }

 private:
  int64_t ms_ = 1'700'000'000'000;
  int64_t slept_ms_ = 0;
};

inline constexpr int kIdField = 1, kNameField = 2, kDayField = 3;

inline types::Schema sample_schema() {
  using types::Type;
  using types::TypeId;
  types::Schema schema;
  schema.fields.resize(3);
  schema.fields[0] = {
      .id = kIdField, .name = "id", .required = true, .type = Type::primitive(TypeId::kLong)};
  schema.fields[1] = {.id = kNameField, .name = "name", .type = Type::primitive(TypeId::kString)};
  schema.fields[2] = {.id = kDayField, .name = "day", .type = Type::primitive(TypeId::kDate)};
  return schema;
}

inline types::PartitionField by_day() {
  return {kDayField, 1000, "day", {types::TransformId::kIdentity}};
}
inline types::PartitionField by_bucket(int buckets) {
  return {kIdField, 1001, "id_bucket", {types::TransformId::kBucket, buckets}};
}

// Spec 0 has these fields.
inline iceberg::TableMetadata sample_metadata(std::vector<types::PartitionField> fields,
                                              iceberg::Properties properties = {}) {
  types::PartitionSpec spec;
  spec.fields = std::move(fields);
  std::vector<iceberg::Update> updates = {
      iceberg::AssignUuid{"9c12d441-03fe-4693-9a96-a0705ddf69c1"},
      iceberg::UpgradeFormatVersion{2},
      iceberg::SetLocation{"mem://warehouse/s/t"},
      iceberg::AddSchema{sample_schema()},
      iceberg::SetCurrentSchema{-1},
      iceberg::AddPartitionSpec{spec},
      iceberg::SetDefaultSpec{-1},
      iceberg::AddSortOrder{types::SortOrder{}},
      iceberg::SetDefaultSortOrder{-1}};
  if (!properties.empty()) updates.push_back(iceberg::SetProperties{std::move(properties)});
  return iceberg::apply(nullptr, updates, 1'600'000'000'000, std::nullopt);
}

struct SampleTable {
  explicit SampleTable(std::vector<types::PartitionField> fields = {},
                       iceberg::Properties properties = {})
      : SampleTable(sample_metadata(std::move(fields), std::move(properties))) {}
  explicit SampleTable(iceberg::TableMetadata metadata)
      : store(files::make_memory_store()),
        pointer(std::make_shared<SimulatedPointer>("s.t", std::move(metadata))),
        table(pointer, *store, *pointer->load()) {}

  CommitOutcome append(const AppendRequest& request) {
    return table::append(table, request, clock, random);
  }

  // `rows` rows in one file of spec 0 (or another), ids from `first_id` on.
  iceberg::DataFile file(std::vector<types::Value> partition = {}, int64_t first_id = 0,
                         int64_t rows = 10, int spec_id = 0) {
    iceberg::DataFile file;
    file.file_path = "mem://warehouse/s/t/data/" + std::to_string(++files_made) + ".parquet";
    file.partition = std::move(partition);
    file.record_count = rows;
    file.file_size_in_bytes = 100 * rows;
    file.spec_id = spec_id;
    const types::Type type = types::Type::primitive(types::TypeId::kLong);
    file.value_counts = {{kIdField, rows}};
    file.null_value_counts = {{kIdField, 0}};
    file.lower_bounds = {{kIdField, types::to_single_value_bytes(first_id, type)}};
    file.upper_bounds = {{kIdField, types::to_single_value_bytes(first_id + rows - 1, type)}};
    return file;
  }

  AppendRequest request(std::vector<iceberg::DataFile> files) {
    AppendRequest request;
    request.files = std::move(files);
    return request;
  }

  // A foreign writer's snapshot on `branch`, with one file.
  iceberg::SnapshotId foreign_append(const std::string& branch = "main") {
    Table other(pointer, *store, *pointer->load());
    const iceberg::TableMetadata& base = other.metadata();
    SystemRandom ids;
    const iceberg::SnapshotId id = random_snapshot_id(ids, base);
    SnapshotFiles written(*store, other.metadata_location(), id, ids);
    iceberg::Manifest manifest;
    manifest.header = {2, base.schema(), base.spec(), false};
    manifest.entries.push_back({iceberg::EntryStatus::kAdded,
                                id,
                                {},
                                {},
                                file(std::vector<types::Value>(base.spec().fields.size()))});
    const iceberg::SequenceNumber next = base.last_sequence_number + 1;
    std::vector<iceberg::ManifestFile> rows = {written.write(manifest, next)};
    const iceberg::Snapshot* head = base.head_of(branch);
    if (head != nullptr) {
      for (auto& row : manifests_of(*store, base, *head)) rows.push_back(std::move(row));
    }
    iceberg::Snapshot snapshot;
    snapshot.id = id;
    if (head != nullptr) snapshot.parent = head->id;
    snapshot.sequence_number = next;
    snapshot.timestamp_ms = base.last_updated_ms + 1;
    snapshot.operation = "append";
    snapshot.manifest_list = written.write_list(1, {2, id, snapshot.parent, next, {}}, rows);
    pointer->change(
        {{},
         {iceberg::AddSnapshot{snapshot}, iceberg::SetSnapshotRef{branch, {.snapshot_id = id}}}});
    return id;
  }

  void foreign_property(const std::string& key, const std::string& value) {
    pointer->change({{}, {iceberg::SetProperties{{{key, value}}}}});
  }

  // Live data files of a branch, with their data sequence numbers.
  std::vector<std::pair<std::string, iceberg::SequenceNumber>> live(
      const std::string& branch = "main") {
    const iceberg::TableMetadata metadata = pointer->metadata();
    std::vector<std::pair<std::string, iceberg::SequenceNumber>> files;
    const iceberg::Snapshot* head = metadata.head_of(branch);
    if (head == nullptr) return files;
    for (const auto& row : manifests_of(*store, metadata, *head)) {
      for (const auto& entry : load_manifest(*store, row).entries) {
        if (entry.status == iceberg::EntryStatus::kDeleted) continue;
        files.emplace_back(entry.data_file.file_path, entry.sequence_number.value_or(-1));
      }
    }
    return files;
  }

  // Manifests and lists in the store that no snapshot refers to.
  std::set<std::string> unreferenced() {
    const iceberg::TableMetadata metadata = pointer->metadata();
    std::set<std::string> stray;
    for (const auto& info : store->list("mem://warehouse/s/t/metadata")) stray.insert(info.uri);
    for (const auto& snapshot : metadata.snapshots) {
      stray.erase(snapshot.manifest_list);
      for (const auto& row : manifests_of(*store, metadata, snapshot)) stray.erase(row.path);
    }
    return stray;
  }

  std::unique_ptr<files::FileStore> store;
  std::shared_ptr<SimulatedPointer> pointer;
  Table table;
  SteppedClock clock;
  SeededRandom random{7};
  int files_made = 0;
};

}  // namespace firn::table
