// See scan.h.
#include "table/scan.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <span>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "iceberg/metrics.h"
#include "table/delete_index.h"
#include "table/manifest_cache.h"
#include "table/snapshot_files.h"
#include "types/bounds_filter.h"

namespace firn::table {

namespace {

using types::Predicate;
using types::PredicateOp;

constexpr size_t kManifestsAThread = 4;  // fewer are not worth a thread

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
    bounds_.emplace(request_.filter, plan_.schema);
    const auto rows = manifests_of(store_, metadata_, *snapshot);
    plan_.manifests_total = static_cast<int64_t>(rows.size());
    for (const auto& row : rows) {
      if (row.is_deletes) add_deletes(row);
    }
    std::vector<DataManifest> manifests;
    for (const auto& row : rows) {
      if (!row.is_deletes) choose_data(row, manifests);
    }
    read_all(manifests);
    for (DataManifest& manifest : manifests) add_data(manifest);
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
    ++plan_.manifests_read;
    const auto manifest = read(row);
    for (const auto& entry : manifest->entries) {
      if (entry.status == iceberg::EntryStatus::kDeleted) continue;
      if (skips_partition(filter, entry.data_file.partition)) continue;
      deletes_.add({manifest, &entry.data_file}, entry.sequence_number.value_or(0),
                   filter.spec->is_unpartitioned());
    }
  }

  // A manifest of data files that may hold some for this scan; the entries that do.
  struct DataManifest {
    const iceberg::ManifestFile* row;
    const SpecFilter* filter;
    std::shared_ptr<const iceberg::Manifest> whole;  // where the outline cannot tell enough
    int64_t live = 0;
    std::vector<std::shared_ptr<const iceberg::ManifestEntry>> kept;
    std::exception_ptr failure;
  };

  void choose_data(const iceberg::ManifestFile& row, std::vector<DataManifest>& manifests) {
    const int64_t live = row.added_files_count.value_or(0) + row.existing_files_count.value_or(0);
    if (!has_live_files(row)) return;
    const SpecFilter& filter = filter_for(row.partition_spec_id);
    if (may_match(row, filter)) {
      ++plan_.manifests_read;
      manifests.push_back({&row, &filter, nullptr, 0, {}, nullptr});
      return;
    }
    plan_.files_total += live;
    plan_.files_skipped += live;
  }

  // On several threads where there is much to read: decoding takes the time, and with object stores
  // waiting. The first failure in the list's order is thrown.
  void read_all(std::vector<DataManifest>& manifests) {
    const size_t cores = std::max(1U, std::thread::hardware_concurrency());
    const size_t threads = std::min(manifests.size() / kManifestsAThread, cores);
    std::atomic<size_t> next = 0;
    const auto work = [&] {
      for (size_t i = next++; i < manifests.size(); i = next++) {
        try {
          read_data(manifests[i]);
        } catch (...) {
          manifests[i].failure = std::current_exception();
        }
      }
    };
    {
      std::vector<std::jthread> others;
      for (size_t i = 1; i < threads; ++i) others.emplace_back(work);
      work();
    }
    for (const DataManifest& manifest : manifests) {
      if (manifest.failure) std::rethrow_exception(manifest.failure);
    }
  }

  // Called on several threads: changes nothing but `manifest`.
  void read_data(DataManifest& manifest) const {
    // Without a filter every entry is wanted whole; row ids are handed out over all entries.
    const bool wants_all = request_.filter.op == PredicateOp::kTrue;
    if (wants_all || manifest.row->first_row_id) {
      read_whole(manifest);
    } else {
      read_outline(manifest);
    }
  }

  void read_whole(DataManifest& manifest) const {
    const auto whole = read(*manifest.row);
    const std::vector<types::Field>& columns = bounds_->columns();
    types::Schema schema;
    schema.fields = columns;
    for (const auto& entry : whole->entries) {
      if (entry.status == iceberg::EntryStatus::kDeleted) continue;
      ++manifest.live;
      if (skips_partition(*manifest.filter, entry.data_file.partition)) continue;
      std::vector<const types::ColumnBounds*> known;
      const types::BoundsById bounds =
          columns.empty() ? types::BoundsById{} : iceberg::bounds_of(entry.data_file, schema);
      for (const types::Field& column : columns) {
        const auto found = bounds.find(column.id);
        known.push_back(found == bounds.end() ? nullptr : &found->second);
      }
      if (bounds_->may_match(known)) manifest.kept.emplace_back(whole, &entry);
    }
  }

  void read_outline(DataManifest& manifest) const {
    const std::span<const types::Field> wanted(bounds_->columns());
    const auto outline = cache_ != nullptr
                             ? cache_->outline(store_, *manifest.row, wanted)
                             : std::make_shared<ManifestOutline>(store_, *manifest.row, wanted);
    const iceberg::PackedManifest& packed = outline->packed();
    std::vector<std::shared_ptr<const ManifestOutline::Bounds>> columns;
    std::vector<const types::ColumnBounds*> known(wanted.size());
    std::optional<size_t> partition;  // of the entry before
    bool skips = false;
    for (size_t i = 0; i < packed.size(); ++i) {
      if (packed.status(i) == iceberg::EntryStatus::kDeleted) continue;
      ++manifest.live;
      if (partition != packed.partition_number(i)) {
        partition = packed.partition_number(i);
        skips = skips_partition(*manifest.filter, packed.partition(i));
      }
      if (skips) continue;
      if (columns.empty()) {  // not before a file's partition fits
        for (const types::Field& column : wanted) columns.push_back(outline->bounds_of(column));
      }
      for (size_t j = 0; j < columns.size(); ++j) known[j] = &(*columns[j])[i];
      if (bounds_->may_match(known)) manifest.kept.push_back(outline->entry(i));
    }
  }

  void add_data(DataManifest& manifest) {
    plan_.files_total += manifest.live;
    plan_.files_skipped += manifest.live - static_cast<int64_t>(manifest.kept.size());
    plan_.tasks.reserve(plan_.tasks.size() + manifest.kept.size());
    for (const auto& entry : manifest.kept) add_task(entry);
  }

  void add_task(const std::shared_ptr<const iceberg::ManifestEntry>& entry) {
    ScanTask& task = plan_.tasks.emplace_back();
    task.file = {entry, &entry->data_file};  // keeps what holds the entry alive, copies nothing
    task.sequence_number = entry->sequence_number.value_or(0);
    if (deletes_.empty()) return;
    DeleteIndex::Matches matches = deletes_.find(entry->data_file, task.sequence_number);
    task.position_deletes = std::move(matches.position_deletes);
    task.equality_deletes = std::move(matches.equality_deletes);
  }

  static bool skips_partition(const SpecFilter& filter,
                              const std::vector<types::Value>& partition) {
    return filter.prunes && !types::matches_partition(filter.projected, *filter.spec, partition);
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

  std::shared_ptr<const iceberg::Manifest> read(const iceberg::ManifestFile& row) const {
    if (cache_ != nullptr) return cache_->get(store_, row);
    return std::make_shared<const iceberg::Manifest>(load_manifest(store_, row));
  }

  const iceberg::TableMetadata& metadata_;
  files::FileStore& store_;
  const ScanRequest& request_;
  ManifestCache* const cache_;
  ScanPlan plan_;
  std::optional<types::BoundsFilter> bounds_;
  std::unordered_map<int, SpecFilter> filters_;
  DeleteIndex deletes_;
};

}  // namespace

ScanPlan plan_scan(const iceberg::TableMetadata& metadata, files::FileStore& store,
                   const ScanRequest& request, ManifestCache* cache) {
  return Planner(metadata, store, request, cache).plan();
}

}  // namespace firn::table
