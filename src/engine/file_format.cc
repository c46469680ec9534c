// DuckDB's readers with Spark's defaults.
#include "engine/file_format.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/error.h"
#include "engine/store_file_system.h"

namespace firn::engine {
namespace {

struct FormatRow {
  const char* name;
  FileFormat format;
  std::vector<std::string> options;
};

const FormatRow* find_format(const std::string& name) {
  static const FormatRow kFormats[] = {
      {"csv",
       FileFormat::kCsv,
       {"header", "sep", "delimiter", "quote", "escape", "nullvalue", "inferschema", "mode",
        "multiline"}},
      {"json", FileFormat::kJson, {"multiline", "mode"}},
      {"parquet", FileFormat::kParquet, {"mergeschema"}},
      {"text", FileFormat::kText, {}},
  };
  const auto found =
      std::ranges::find_if(kFormats, [&](const FormatRow& row) { return name == row.name; });
  return found == std::end(kFormats) ? nullptr : found;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::string file_list(const std::vector<PlacedFile>& files) {
  std::string list = "[";
  for (const PlacedFile& file : files)
    list += (list.size() > 1 ? ", " : "") + literal(to_store_path(file.uri));
  return list + "]";
}

std::string column_map(const std::vector<FileColumn>& columns) {
  std::string map = "{";
  for (const FileColumn& column : columns) {
    map += (map.size() > 1 ? ", " : "") + literal(column.name) + ": " +
           literal(column.type.ToString());
  }
  return map + "}";
}

std::string partition_options(const std::vector<PlacedFile>& files) {
  if (files.front().partition.empty()) return ", hive_partitioning = false";
  std::string types;
  for (const PartitionValue& part : files.front().partition) {
    types += (types.empty() ? "" : ", ") + literal(part.key) + ": VARCHAR";
  }
  return ", hive_partitioning = true, hive_types_autocast = false, hive_types = {" + types + "}";
}

// Strict enough to refuse what it cannot read: a row with more fields than columns is an error.
std::string csv_call(const FileOptions& options, const std::vector<PlacedFile>& files,
                     const std::vector<FileColumn>& columns) {
  const std::string separator = options.text("sep", options.text("delimiter", ","));
  return "read_csv(" + file_list(files) +
         ", auto_detect = false, columns = " + column_map(columns) +
         ", delim = " + literal(separator) + ", quote = " + literal(options.text("quote", "\"")) +
         ", escape = " + literal(options.text("escape", "\\")) +
         ", header = " + (options.flag("header", false) ? "true" : "false") +
         ", nullstr = " + literal(options.text("nullvalue", "")) +
         // DuckDB pads short rows that may hold line breaks on one thread a file only.
         ", null_padding = true, parallel = false, strict_mode = false" + partition_options(files) +
         ")";
}

std::string text_call(const std::vector<PlacedFile>& files,
                      const std::vector<FileColumn>& columns) {
  return "read_csv(" + file_list(files) +
         ", auto_detect = false, columns = " + column_map(columns) +
         ", delim = '\x01', quote = '', escape = '', header = false, strict_mode = false" +
         partition_options(files) + ")";
}

std::string json_call(const FileOptions& options, const std::vector<PlacedFile>& files,
                      const std::vector<FileColumn>& columns) {
  const std::string inference = columns.empty()
                                    ? ", auto_detect = true, sample_size = -1, maximum_depth = -1, "
                                      "map_inference_threshold = -1, "
                                      "field_appearance_threshold = 0"
                                    : ", columns = " + column_map(columns);
  return "read_json(" + file_list(files) +
         ", format = " + (options.flag("multiline", false) ? "'auto'" : "'newline_delimited'") +
         inference + partition_options(files) + ")";
}

}  // namespace

std::string quoted(const std::string& identifier) {
  std::string out = "\"";
  for (const char c : identifier) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string literal(const std::string& text) { return duckdb::Value(text).ToSQLString(); }

FileOptions::FileOptions(const std::string& format,
                         const std::map<std::string, std::string>& options) {
  const FormatRow* row = find_format(lower(format));
  if (row == nullptr)
    throw Error("UNSUPPORTED_DATASOURCE_FOR_DIRECT_QUERY", {{"dataSourceType", format}});
  format_ = row->format;
  for (const auto& [name, value] : options) {
    if (std::ranges::find(row->options, lower(name)) == row->options.end()) {
      throw_unsupported("the option '" + name + "' of files of format " + format);
    }
    values_[lower(name)] = value;
  }
  const std::string mode = lower(text("mode", "permissive"));
  if (mode != "permissive" && mode != "failfast")
    throw_unsupported("the mode '" + mode + "' of files of format " + format);
}

std::string FileOptions::text(const std::string& name, const std::string& otherwise) const {
  const auto found = values_.find(name);
  return found == values_.end() ? otherwise : found->second;
}

bool FileOptions::flag(const std::string& name, bool otherwise) const {
  return lower(text(name, otherwise ? "true" : "false")) == "true";
}

std::string reader_call(const FileOptions& options, const std::vector<PlacedFile>& files,
                        const std::vector<FileColumn>& columns) {
  switch (options.format()) {
    case FileFormat::kCsv:
      return csv_call(options, files, columns);
    case FileFormat::kJson:
      return json_call(options, files, columns);
    case FileFormat::kText:
      return text_call(files, columns);
    case FileFormat::kParquet:
      return "parquet_scan(" + file_list(files) + ", union_by_name = true, can_have_nan = true" +
             partition_options(files) + ")";
  }
  FIRN_CHECK(false, "a format has a reader");
}

types::DataType spark_type(const duckdb::LogicalType& type, const std::string& column,
                           bool sort_fields) {
  using types::DataTypeId;
  switch (type.id()) {
    case duckdb::LogicalTypeId::BOOLEAN:
      return DataTypeId::kBoolean;
    case duckdb::LogicalTypeId::TINYINT:
      return DataTypeId::kByte;
    case duckdb::LogicalTypeId::SMALLINT:
    case duckdb::LogicalTypeId::UTINYINT:
      return DataTypeId::kShort;
    case duckdb::LogicalTypeId::INTEGER:
    case duckdb::LogicalTypeId::USMALLINT:
      return DataTypeId::kInteger;
    case duckdb::LogicalTypeId::BIGINT:
    case duckdb::LogicalTypeId::UINTEGER:
      return DataTypeId::kLong;
    case duckdb::LogicalTypeId::UBIGINT:
      return types::DataType::decimal(20, 0);
    case duckdb::LogicalTypeId::HUGEINT:
      return types::DataType::decimal(38, 0);
    case duckdb::LogicalTypeId::FLOAT:
      return DataTypeId::kFloat;
    case duckdb::LogicalTypeId::DOUBLE:
      return DataTypeId::kDouble;
    case duckdb::LogicalTypeId::DECIMAL:
      return types::DataType::decimal(duckdb::DecimalType::GetWidth(type),
                                      duckdb::DecimalType::GetScale(type));
    case duckdb::LogicalTypeId::VARCHAR:
    case duckdb::LogicalTypeId::UUID:
    case duckdb::LogicalTypeId::ENUM:
    case duckdb::LogicalTypeId::SQLNULL:
      return DataTypeId::kString;
    case duckdb::LogicalTypeId::BLOB:
      return DataTypeId::kBinary;
    case duckdb::LogicalTypeId::DATE:
      return DataTypeId::kDate;
    case duckdb::LogicalTypeId::TIMESTAMP:
    case duckdb::LogicalTypeId::TIMESTAMP_MS:
    case duckdb::LogicalTypeId::TIMESTAMP_NS:
      return DataTypeId::kTimestampNtz;
    case duckdb::LogicalTypeId::TIMESTAMP_TZ:
      return DataTypeId::kTimestamp;
    case duckdb::LogicalTypeId::LIST:
      return types::DataType::array(
          spark_type(duckdb::ListType::GetChildType(type), column, sort_fields));
    case duckdb::LogicalTypeId::MAP:
      return types::DataType::map(
          spark_type(duckdb::MapType::KeyType(type), column, sort_fields),
          spark_type(duckdb::MapType::ValueType(type), column, sort_fields));
    case duckdb::LogicalTypeId::STRUCT: {
      std::vector<types::StructField> fields;
      for (const auto& [name, child] : duckdb::StructType::GetChildTypes(type)) {
        fields.push_back({name, spark_type(child, column + "." + name, sort_fields), true, ""});
      }
      if (sort_fields) std::ranges::sort(fields, {}, &types::StructField::name);
      return types::DataType::structure(std::move(fields));
    }
    default:
      throw_unsupported("reading column '" + column + "' of type " + type.ToString() +
                        " from files in place");
  }
}

duckdb::LogicalType named_type(const types::DataType& type) {
  using duckdb::LogicalType;
  using types::DataTypeId;
  switch (type.id()) {
    case DataTypeId::kBoolean:
      return LogicalType::BOOLEAN;
    case DataTypeId::kByte:
      return LogicalType::TINYINT;
    case DataTypeId::kShort:
      return LogicalType::SMALLINT;
    case DataTypeId::kInteger:
      return LogicalType::INTEGER;
    case DataTypeId::kLong:
      return LogicalType::BIGINT;
    case DataTypeId::kFloat:
      return LogicalType::FLOAT;
    case DataTypeId::kDouble:
      return LogicalType::DOUBLE;
    case DataTypeId::kDecimal:
      return LogicalType::DECIMAL(static_cast<uint8_t>(type.precision()),
                                  static_cast<uint8_t>(type.scale()));
    case DataTypeId::kString:
      return LogicalType::VARCHAR;
    case DataTypeId::kBinary:
      return LogicalType::BLOB;
    case DataTypeId::kDate:
      return LogicalType::DATE;
    case DataTypeId::kTimestamp:
      return LogicalType::TIMESTAMP_TZ;
    case DataTypeId::kTimestampNtz:
      return LogicalType::TIMESTAMP;
    case DataTypeId::kArray:
      return LogicalType::LIST(named_type(type.element()));
    case DataTypeId::kMap:
      return LogicalType::MAP(named_type(type.key()), named_type(type.value()));
    case DataTypeId::kStruct: {
      duckdb::child_list_t<LogicalType> children;
      for (const types::StructField& field : type.fields())
        children.emplace_back(field.name, named_type(field.type));
      return LogicalType::STRUCT(std::move(children));
    }
    default:
      throw_unsupported("columns of type " + type.sql() + " in files in place");
  }
}

}  // namespace firn::engine
