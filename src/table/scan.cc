// See scan.h.
#include "table/scan.h"

#include <set>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "iceberg/metrics.h"
#include "table/delete_index.h"
#include "table/manifest_cache.h"
#include "table/snapshot_files.h"

namespace firn::table {

namespace {

using types::Predicate;
using types::PredicateOp;

void add_field_ids(const Predicate& predicate, std::set<int>& ids) {
  if (predicate.field_id != 0) ids.insert(predicate.field_id);
  for (const auto& child : predicate.children) add_field_ids(child, ids);
}

// The schema's top-level columns that the filter looks into: decoding the bounds of the others
// would be wasted.
types::Schema columns_of(const Predicate& filter, const types::Schema& schema) {
  std::set<int> wanted;
  std::set<int> ids;
  add_field_ids(filter, ids);
  for (const int id : ids) {
    const auto parents = schema.parents_of(id);
    wanted.insert(parents.empty() ? id : parents.front());
  }
  types::Schema narrow;
  narrow.schema_id = schema.schema_id;
  for (const auto& field : schema.fields) {
    if (wanted.contains(field.id)) narrow.fields.push_back(field);
  }
  return narrow;
}

// What pruning needs of one partition spec.
struct SpecFilter {
  const types::PartitionSpec* spec = nullptr;
  Predicate projected;             // over partition field ids
  types::Schema partition_schema;  // the partition fields as columns, for the field summaries of
                                   // manifest lists
  bool prunes = false;
};

class Planner {
 public:
  Planner(const iceberg::TableMetadata& metadata, files::FileStore& store,
          const ScanRequest& request, ManifestCache* cache)
      : metadata_(metadata), store_(store), request_(request), cache_(cache) {}

  ScanPlan plan() {
    const iceberg::Snapshot* snapshot = choose_snapshot();
    if (snapshot == nullptr) return std::move(plan_);
    filter_columns_ = columns_of(request_.filter, plan_.schema);
    const auto rows = manifests_of(store_, metadata_, *snapshot);
    plan_.manifests_total = static_cast<int64_t>(rows.size());
    for (const auto& row : rows) {
      if (row.is_deletes) add_deletes(row);
    }
    for (const auto& row : rows) {
      if (!row.is_deletes) add_data(row);
    }
    return std::move(plan_);
  }

 private:
  const iceberg::Snapshot* choose_snapshot() {
    plan_.schema = metadata_.schema();
    if (!request_.snapshot_id) return metadata_.current_snapshot();
    const iceberg::Snapshot* snapshot = metadata_.snapshot_by_id(*request_.snapshot_id);
    if (snapshot == nullptr) {
      throw_invalid("snapshot " + std::to_string(*request_.snapshot_id) +
                    " is not in the table's metadata: it has been expired or never was");
    }
    // The current snapshot may be older than the current schema, and is read with that.
    const bool is_current = snapshot == metadata_.current_snapshot();
    if (snapshot->schema_id && !is_current && !request_.current_schema)
      plan_.schema = metadata_.schema_by_id(*snapshot->schema_id);
    return snapshot;
  }

  void add_deletes(const iceberg::ManifestFile& row) {
    if (!has_live_files(row)) return;
    const SpecFilter& filter = filter_for(row.partition_spec_id);
    if (!may_match(row, filter)) return;
    const auto manifest = read(row);
    for (const auto& entry : manifest->entries) {
      if (entry.status == iceberg::EntryStatus::kDeleted) continue;
      if (filter.prunes &&
          !types::matches_partition(filter.projected, *filter.spec, entry.data_file.partition)) {
        continue;
      }
      deletes_.add({manifest, &entry.data_file}, entry.sequence_number.value_or(0),
                   filter.spec->is_unpartitioned());
    }
  }

  void add_data(const iceberg::ManifestFile& row) {
    const int64_t live = row.added_files_count.value_or(0) + row.existing_files_count.value_or(0);
    if (!has_live_files(row)) return;
    const SpecFilter& filter = filter_for(row.partition_spec_id);
    if (!may_match(row, filter)) {
      plan_.files_total += live;
      plan_.files_skipped += live;
      return;
    }
    const auto manifest = read(row);
    plan_.tasks.reserve(plan_.tasks.size() + manifest->entries.size());
    for (const auto& entry : manifest->entries) {
      if (entry.status == iceberg::EntryStatus::kDeleted) continue;
      ++plan_.files_total;
      if (skips(entry.data_file, filter)) {
        ++plan_.files_skipped;
      } else {
        add_task(manifest, entry);
      }
    }
  }

  void add_task(const std::shared_ptr<const iceberg::Manifest>& manifest,
                const iceberg::ManifestEntry& entry) {
    ScanTask& task = plan_.tasks.emplace_back();
    task.file = {manifest, &entry.data_file};  // keeps the whole manifest alive, copies nothing
    task.sequence_number = entry.sequence_number.value_or(0);
    if (deletes_.empty()) return;
    DeleteIndex::Matches matches = deletes_.find(entry.data_file, task.sequence_number);
    task.position_deletes = std::move(matches.position_deletes);
    task.equality_deletes = std::move(matches.equality_deletes);
  }

  bool skips(const iceberg::DataFile& file, const SpecFilter& filter) const {
    if (filter.prunes && !types::matches_partition(filter.projected, *filter.spec, file.partition))
      return true;
    if (filter_columns_.fields.empty()) return request_.filter.op == PredicateOp::kFalse;
    return !types::may_match(request_.filter, plan_.schema,
                             iceberg::bounds_of(file, filter_columns_));
  }

  // Counts are optional in v1: without them the manifest is read.
  static bool has_live_files(const iceberg::ManifestFile& row) {
    return !row.added_files_count || !row.existing_files_count || *row.added_files_count > 0 ||
           *row.existing_files_count > 0;
  }

  bool may_match(const iceberg::ManifestFile& row, const SpecFilter& filter) const {
    if (!filter.prunes || row.partitions.size() != filter.spec->fields.size()) return true;
    types::BoundsById bounds;
    for (size_t i = 0; i < row.partitions.size(); ++i) {
      const types::Field& field = filter.partition_schema.fields[i];
      bounds[field.id] = bounds_of_summary(row.partitions[i], field.type);
    }
    return types::may_match(filter.projected, filter.partition_schema, bounds);
  }

  // A summary as column bounds. How many files it covers is not known: 2 values, of which 1 is
  // null, say "some of each".
  static types::ColumnBounds bounds_of_summary(const iceberg::FieldSummary& summary,
                                               const types::Type& type) {
    types::ColumnBounds bounds;
    const bool all_null =
        summary.contains_null && !summary.lower_bound && summary.contains_nan == false;
    bounds.value_count = 2;
    bounds.null_count = all_null ? 2 : summary.contains_null ? 1 : 0;
    if (summary.contains_nan) bounds.nan_count = *summary.contains_nan ? 1 : 0;
    if (summary.lower_bound)
      bounds.lower = types::from_single_value_bytes(*summary.lower_bound, type);
    if (summary.upper_bound)
      bounds.upper = types::from_single_value_bytes(*summary.upper_bound, type);
    return bounds;
  }

  const SpecFilter& filter_for(int spec_id) {
    const auto [it, is_new] = filters_.try_emplace(spec_id);
    SpecFilter& filter = it->second;
    if (!is_new) return filter;
    filter.spec = &metadata_.spec_by_id(spec_id);
    filter.projected = types::project_inclusive(request_.filter, plan_.schema, *filter.spec);
    filter.prunes = filter.projected.op != PredicateOp::kTrue;
    if (filter.prunes)
      filter.partition_schema.fields = filter.spec->partition_type(plan_.schema).fields();
    return filter;
  }

  std::shared_ptr<const iceberg::Manifest> read(const iceberg::ManifestFile& row) {
    ++plan_.manifests_read;
    if (cache_ != nullptr) return cache_->get(store_, row);
    return std::make_shared<const iceberg::Manifest>(load_manifest(store_, row));
  }

  const iceberg::TableMetadata& metadata_;
  files::FileStore& store_;
  const ScanRequest& request_;
  ManifestCache* const cache_;
  ScanPlan plan_;
  types::Schema filter_columns_;
  std::unordered_map<int, SpecFilter> filters_;
  DeleteIndex deletes_;
};

}  // namespace

ScanPlan plan_scan(const iceberg::TableMetadata& metadata, files::FileStore& store,
                   const ScanRequest& request, ManifestCache* cache) {
  return Planner(metadata, store, request, cache).plan();
}

}  // namespace firn::table
