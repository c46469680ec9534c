// Planning an Iceberg scan's files and pruning them by DuckDB's filters, static and dynamic.
#include <utility>

#include "base/error.h"
#include "engine/duck_types.h"
#include "engine/iceberg_scan.h"
#include "engine/store_file_system.h"
#include "iceberg/metrics.h"

namespace firn::engine {
namespace {

// A scan of more files tells no statistics: gathering them would cost more than they save.
constexpr size_t kMostFilesWithStatistics = 10'000;

// A file with more rows has several row groups, as writers make them.
constexpr int64_t kRowsOfOneThread = 122'880;

void check_readable(const table::ScanTask& task) {
  if (task.file->file_format != "PARQUET") {
    throw_unsupported("reading the data file '" + task.file->file_path + "' of format " +
                      task.file->file_format);
  }
  for (const auto& deletes : task.equality_deletes) {
    if (deletes->file_format != "PARQUET") {
      throw_unsupported("reading the delete file '" + deletes->file_path + "' of format " +
                        deletes->file_format);
    }
  }
}

// DuckDB's statistics of one column of one file; nullopt where the bounds say nothing that it could
// use.
std::optional<duckdb::BaseStatistics> statistics_of(const types::ColumnBounds& bounds,
                                                    const types::Type& type,
                                                    const types::DataType& spark_type) {
  const duckdb::LogicalType duck_type = to_duckdb(spark_type);
  const bool shown_as_text = type.id() == types::TypeId::kUuid || type.id() == types::TypeId::kTime;
  if (type.is_nested() || shown_as_text) return std::nullopt;
  const bool is_text = duck_type.InternalType() == duckdb::PhysicalType::VARCHAR;
  const bool is_float = type.id() == types::TypeId::kFloat || type.id() == types::TypeId::kDouble;
  auto statistics = duckdb::BaseStatistics::CreateUnknown(duck_type);
  if (bounds.null_count == 0) statistics.Set(duckdb::StatsInfo::CANNOT_HAVE_NULL_VALUES);
  if (bounds.null_count && bounds.value_count && bounds.null_count == bounds.value_count) {
    statistics.Set(duckdb::StatsInfo::CANNOT_HAVE_VALID_VALUES);
    return statistics;
  }
  if (!bounds.lower || !bounds.upper) return statistics;
  // NaN is above every upper bound.
  if (is_float && bounds.nan_count != 0) return statistics;
  if (is_text) {
    const auto text = [](const types::Value& value) {
      const auto* string = std::get_if<std::string>(&value);
      return string != nullptr ? *string : std::get<types::Bytes>(value).data;
    };
    const std::string lower = text(*bounds.lower), upper = text(*bounds.upper);
    duckdb::StringStats::SetMin(statistics, duckdb::string_t(lower));
    duckdb::StringStats::SetMax(statistics, duckdb::string_t(upper));
  } else {
    duckdb::NumericStats::SetMin(statistics, to_duckdb(*bounds.lower, spark_type));
    duckdb::NumericStats::SetMax(statistics, to_duckdb(*bounds.upper, spark_type));
  }
  return statistics;
}

}  // namespace

std::shared_ptr<IcebergFileList> plan_iceberg_scan(const plan::RelationPtr& relation) {
  auto scan = std::make_shared<IcebergScan>();
  scan->relation = relation;
  const plan::TableScan& node = scan->scan();
  scan->source = node.source;
  const plan::TableSource& source = *scan->source;
  FIRN_CHECK(source.store != nullptr, "a table source has a store");
  // A newer schema than the current snapshot's is the one that columns were resolved against.
  const bool is_current = source.snapshot_id == source.metadata->current_snapshot_id;
  const std::optional<iceberg::SnapshotId> snapshot =
      is_current ? std::nullopt : source.snapshot_id;
  table::ScanPlan plan;
  if (source.tasks != nullptr) {
    plan.schema = source.metadata->schema();
    plan.tasks = *source.tasks;
  } else {
    plan = table::plan_scan(*source.metadata, *source.store,
                            {snapshot, node.pushed, source.current_schema}, source.manifests.get());
  }
  if (source.only_files != nullptr) {
    std::erase_if(plan.tasks, [&source](const table::ScanTask& task) {
      return !source.only_files->contains(task.file->file_path);
    });
  }
  for (const table::ScanTask& task : plan.tasks) check_readable(task);
  scan->schema = std::move(plan.schema);
  scan->columns = column_trees(node, scan->schema);
  const auto mapping = source.metadata->properties.find(iceberg::kNameMappingProperty);
  if (mapping != source.metadata->properties.end())
    scan->name_mapping = iceberg::parse_name_mapping(mapping->second);
  return std::make_shared<IcebergFileList>(
      std::move(scan), std::make_shared<const std::vector<table::ScanTask>>(std::move(plan.tasks)));
}

IcebergFileList::IcebergFileList(std::shared_ptr<IcebergScan> scan,
                                 std::shared_ptr<const std::vector<table::ScanTask>> tasks)
    : scan_(std::move(scan)), tasks_(std::move(tasks)) {}

duckdb::unique_ptr<duckdb::MultiFileList> IcebergFileList::prune(
    const duckdb::vector<duckdb::column_t>& column_ids,
    const duckdb::TableFilterSet& filters) const {
  if (filters.filters.empty()) return nullptr;
  const auto passes = [&](const types::BoundsById& bounds_by_id) {
    for (const auto& [index, filter] : filters.filters) {
      const duckdb::column_t column = column_ids.at(index);
      if (column >= scan_->scan().columns.size()) continue;  // a virtual column
      const plan::ScanColumn& scanned = scan_->scan().columns[column];
      const auto bounds = bounds_by_id.find(scanned.field_id);
      if (bounds == bounds_by_id.end()) continue;
      auto statistics = statistics_of(bounds->second, scan_->schema.find(scanned.field_id)->type,
                                      scanned.attribute.type);
      if (statistics && filter->CheckStatistics(*statistics) ==
                            duckdb::FilterPropagateResult::FILTER_ALWAYS_FALSE) {
        return false;
      }
    }
    return true;
  };
  auto kept = std::make_shared<std::vector<table::ScanTask>>();
  for (const table::ScanTask& task : *tasks_) {
    if (passes(iceberg::bounds_of(*task.file, scan_->schema))) kept->push_back(task);
  }
  if (kept->size() == tasks_->size()) return nullptr;
  return duckdb::make_uniq<IcebergFileList>(scan_, std::move(kept));
}

std::optional<int64_t> IcebergFileList::exact_rows() const {
  const auto& hidden = scan_->source->hidden_rows;
  if (hidden != nullptr) return std::nullopt;
  int64_t rows = 0;
  for (const table::ScanTask& task : *tasks_) {
    if (!task.position_deletes.empty() || !task.equality_deletes.empty()) return std::nullopt;
    rows += task.file->record_count;
  }
  return rows;
}

duckdb::unique_ptr<duckdb::BaseStatistics> IcebergFileList::column_statistics(
    duckdb::column_t column) const {
  if (column >= scan_->scan().columns.size() || tasks_->empty() ||
      tasks_->size() > kMostFilesWithStatistics)
    return nullptr;
  // Bounds go by field ids, as columns do. A name mapping may give a column of an old file to
  // another field than the one under which the manifest counted it, once names have moved.
  if (scan_->name_mapping && scan_->source->metadata->schemas.size() > 1) return nullptr;
  const plan::ScanColumn& scanned = scan_->scan().columns[column];
  const types::Field* const field = scan_->schema.find(scanned.field_id);
  if (field == nullptr || field->type.is_nested()) return nullptr;
  types::Schema alone;
  alone.fields = {*field};
  duckdb::unique_ptr<duckdb::BaseStatistics> merged;
  bool nulls = false;
  for (const table::ScanTask& task : *tasks_) {
    const types::BoundsById found = iceberg::bounds_of(*task.file, alone);
    const auto bounds = found.find(scanned.field_id);
    if (bounds == found.end()) return nullptr;
    const types::ColumnBounds& known = bounds->second;
    if (known.null_count && known.null_count == known.value_count) {  // it narrows no range
      nulls = true;
      continue;
    }
    const auto one = statistics_of(known, field->type, scanned.attribute.type);
    if (!one) return nullptr;
    if (merged)
      merged->Merge(*one);
    else
      merged = one->ToUnique();
  }
  if (merged && nulls) merged->Set(duckdb::StatsInfo::CAN_HAVE_NULL_VALUES);
  return merged;
}

duckdb::OpenFileInfo IcebergFileList::GetFile(duckdb::idx_t index) const {
  if (index >= tasks_->size()) return {};
  const iceberg::DataFile& file = *(*tasks_)[index].file;
  duckdb::OpenFileInfo info(to_store_path(file.file_path));
  info.extended_info = duckdb::make_shared_ptr<duckdb::ExtendedOpenFileInfo>();
  info.extended_info->options["file_size"] = duckdb::Value::BIGINT(file.file_size_in_bytes);
  // Data files never change: a cached footer needs no look at the file.
  info.extended_info->options["validate_external_file_cache"] = duckdb::Value::BOOLEAN(false);
  return info;
}

duckdb::vector<duckdb::OpenFileInfo> IcebergFileList::GetAllFiles() const {
  duckdb::vector<duckdb::OpenFileInfo> files;
  for (duckdb::idx_t i = 0; i < tasks_->size(); ++i) files.push_back(GetFile(i));
  return files;
}

duckdb::FileExpandResult IcebergFileList::GetExpandResult() const {
  if (tasks_->empty()) return duckdb::FileExpandResult::NO_FILES;
  // DuckDB reads what is a single file on one thread, for it has not looked at its row groups.
  const bool alone = tasks_->size() == 1 && tasks_->front().file->record_count <= kRowsOfOneThread;
  return alone ? duckdb::FileExpandResult::SINGLE_FILE : duckdb::FileExpandResult::MULTIPLE_FILES;
}

duckdb::unique_ptr<duckdb::NodeStatistics> IcebergFileList::GetCardinality(
    duckdb::ClientContext&) const {
  int64_t rows = 0;
  for (const table::ScanTask& task : *tasks_) rows += task.file->record_count;
  return duckdb::make_uniq<duckdb::NodeStatistics>(static_cast<duckdb::idx_t>(rows),
                                                   static_cast<duckdb::idx_t>(rows));
}

duckdb::unique_ptr<duckdb::MultiFileList> IcebergFileList::Copy() const {
  return duckdb::make_uniq<IcebergFileList>(scan_, tasks_);
}

}  // namespace firn::engine
