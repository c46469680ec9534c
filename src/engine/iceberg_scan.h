// The files of one Iceberg scan: planned once, pruned again by the filters that DuckDB pushes down
// while it runs.
#pragma once

#include <memory>
#include <optional>

#include "engine/iceberg_columns.h"
#include "engine/position_deletes.h"
#include "engine/table_source.h"
#include "table/scan.h"

namespace firn::engine {

// What is the same for all files of a scan.
struct IcebergScan {
  plan::RelationPtr relation;  // its node is a TableScan
  std::shared_ptr<const plan::TableSource> source;
  types::Schema schema;
  ColumnTrees columns;
  std::optional<iceberg::NameMapping> name_mapping;
  PositionDeletes position_deletes;

  const plan::TableScan& scan() const { return std::get<plan::TableScan>(relation->node); }
};

class IcebergFileList final : public duckdb::MultiFileList {
 public:
  IcebergFileList(std::shared_ptr<IcebergScan> scan,
                  std::shared_ptr<const std::vector<table::ScanTask>> tasks);

  const std::shared_ptr<IcebergScan>& scan() const { return scan_; }
  const table::ScanTask& task(duckdb::idx_t index) const { return tasks_->at(index); }
  // Without the files that no row of can pass; nullptr where all stay.
  duckdb::unique_ptr<duckdb::MultiFileList> prune(
      const duckdb::vector<duckdb::column_t>& column_ids,
      const duckdb::TableFilterSet& filters) const;

  // The rows of the scan by its files' counts; nullopt where some of them are deleted.
  std::optional<int64_t> exact_rows() const;
  // What the bounds of all files say of one column of the scan; nullptr where a file has none, and
  // where a table with a name mapping has had several schemas.
  duckdb::unique_ptr<duckdb::BaseStatistics> column_statistics(duckdb::column_t column) const;

  duckdb::vector<duckdb::OpenFileInfo> GetAllFiles() const override;
  duckdb::FileExpandResult GetExpandResult() const override;
  duckdb::idx_t GetTotalFileCount() const override { return tasks_->size(); }
  duckdb::unique_ptr<duckdb::NodeStatistics> GetCardinality(
      duckdb::ClientContext& context) const override;
  duckdb::unique_ptr<duckdb::MultiFileList> Copy() const override;

 protected:
  duckdb::OpenFileInfo GetFile(duckdb::idx_t index) const override;

 private:
  std::shared_ptr<IcebergScan> scan_;
  std::shared_ptr<const std::vector<table::ScanTask>> tasks_;
};

// Plans the scan of a TableScan relation. Throws UNSUPPORTED_FEATURE for files other than Parquet.
std::shared_ptr<IcebergFileList> plan_iceberg_scan(const plan::RelationPtr& relation);

}  // namespace firn::engine
