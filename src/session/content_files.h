// Data and delete files as the metadata tables show them: their columns follow the table's
// partitioning and schema.
#pragma once

#include <string>
#include <vector>

#include "iceberg/manifest.h"
#include "session/row_builder.h"

namespace firn::session {

class ContentFiles {
 public:
  explicit ContentFiles(const iceberg::TableMetadata&);

  std::vector<BuiltColumn> columns() const;
  std::vector<Cell> row(const iceberg::DataFile&) const;
  // Metrics by column name, bounds in the columns' own types.
  types::DataType readable_type() const;
  Cell readable_metrics(const iceberg::DataFile&) const;

  // The fields of all partition specs: a file has null in those of other specs than its own.
  const types::DataType& partition_type() const { return partition_type_; }
  std::vector<types::Value> partition_values(const iceberg::DataFile&) const;
  Cell partition_cell(const std::vector<types::Value>&) const;
  std::string partition_text(const std::vector<types::Value>&) const;  // values joined by '/'

 private:
  const iceberg::TableMetadata& metadata_;
  std::vector<types::Field> partition_fields_;
  types::DataType partition_type_;
  struct MetricColumn {
    int id = 0;
    std::string name;
    types::Type type;
  };
  std::vector<MetricColumn> metric_columns_;
};

}  // namespace firn::session
