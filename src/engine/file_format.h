// One format of files in place: its options, and its call of DuckDB's reader.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/duck.h"
#include "engine/file_paths.h"
#include "types/data_type.h"

namespace firn::engine {

enum class FileFormat { kCsv, kJson, kParquet, kText };

// Options by lower-case name, checked against those that the format has.
class FileOptions {
 public:
  FileOptions(const std::string& format, const std::map<std::string, std::string>& options);
  FileFormat format() const { return format_; }
  std::string text(const std::string& name, const std::string& otherwise) const;
  bool flag(const std::string& name, bool otherwise) const;

 private:
  FileFormat format_;
  std::map<std::string, std::string> values_;
};

struct FileColumn {
  std::string name;          // in the file
  duckdb::LogicalType type;  // struct children by their names in the file
};

// "read_csv([…], …)": a table expression with these columns (and the partition keys as VARCHAR
// columns). `columns` empty: let DuckDB infer them (JSON, Parquet).
std::string reader_call(const FileOptions& options, const std::vector<PlacedFile>& files,
                        const std::vector<FileColumn>& columns);

// Spark's type ⇄ DuckDB's with the names of struct children. Throws UNSUPPORTED_FEATURE naming the
// column.
types::DataType spark_type(const duckdb::LogicalType& type, const std::string& column,
                           bool sort_fields);
duckdb::LogicalType named_type(const types::DataType& type);

std::string quoted(const std::string& identifier);
std::string literal(const std::string& text);

}  // namespace firn::engine
