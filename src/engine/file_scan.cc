// Schemas of files in place, and firn_file_scan(i): rows by the format's own reader; for Parquet
// the binder replaces it by a query over DuckDB's scan.
#include "engine/file_scan.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "engine/delta_scan.h"
#include "engine/file_paths.h"
#include "engine/file_rows.h"
#include "engine/parquet_scan.h"
#include "engine/query_state.h"
#include "engine/table_functions.h"
#include "formats/reader.h"
#include "formats/schema_json.h"

namespace firn::engine {
namespace {

using types::DataType;
using types::DataTypeId;
using types::StructField;

struct StoreInfo final : duckdb::TableFunctionInfo {
  explicit StoreInfo(files::FileStore& of) : store(&of) {}
  files::FileStore* store;
};

const plan::FileScan& scan_of(duckdb::ClientContext& context,
                              duckdb::TableFunctionBindInput& input) {
  const QueryState& state = QueryState::of(context);
  return std::get<plan::FileScan>(state.sources.at(input.inputs[0].GetValue<uint64_t>())->node);
}

duckdb::unique_ptr<duckdb::TableRef> replace_by_query(duckdb::ClientContext& context,
                                                      duckdb::TableFunctionBindInput& input) {
  std::string query;
  guarded(context, [&] {
    const plan::FileScan& scan = scan_of(context, input);
    if (lower_case(scan.format) == "parquet")
      query = parquet_query(*input.info->Cast<StoreInfo>().store, scan);
    if (lower_case(scan.format) == "delta")
      query = delta_query(*input.info->Cast<StoreInfo>().store, scan);
  });
  if (query.empty()) return nullptr;
  duckdb::Parser parser;
  parser.ParseQuery(query);
  auto select = duckdb::unique_ptr_cast<duckdb::SQLStatement, duckdb::SelectStatement>(
      std::move(parser.statements.at(0)));
  return duckdb::make_uniq<duckdb::SubqueryRef>(std::move(select), "files");
}

duckdb::unique_ptr<duckdb::FunctionData> bind_rows(duckdb::ClientContext& context,
                                                   duckdb::TableFunctionBindInput& input,
                                                   duckdb::vector<duckdb::LogicalType>& types,
                                                   duckdb::vector<std::string>& names) {
  duckdb::unique_ptr<duckdb::FunctionData> bound;
  guarded(context, [&] {
    bound =
        bind_file_rows(*input.info->Cast<StoreInfo>().store, scan_of(context, input), types, names);
  });
  return bound;
}

bool same_name(const std::string& a, const std::string& b) {
  return lower_case(a) == lower_case(b);
}

const StructField* find_field(const DataType& structure, const std::string& name) {
  const auto found = std::ranges::find_if(
      structure.fields(), [&](const StructField& field) { return same_name(field.name, name); });
  return found == structure.fields().end() ? nullptr : &*found;
}

// The user's columns without those of the folders, which take the user's types.
void apply_user_schema(const DataType& user, FileSchema& schema) {
  std::vector<StructField> data, partitions;
  for (const StructField& field : user.fields()) {
    if (find_field(schema.partitions, field.name) == nullptr)
      data.push_back({field.name, field.type, true, field.comment});
  }
  for (StructField field : schema.partitions.fields()) {
    if (const StructField* wanted = find_field(user, field.name)) {
      field.name = wanted->name;
      field.type = wanted->type;
    }
    partitions.push_back(std::move(field));
  }
  schema.data = DataType::structure(std::move(data));
  schema.partitions = DataType::structure(std::move(partitions));
}

DataType whole_of(const FileSchema& schema) {
  std::vector<StructField> fields;
  for (const StructField& field : schema.data.fields()) {
    const StructField* partition = find_field(schema.partitions, field.name);
    fields.push_back(partition != nullptr ? *partition : field);
    fields.back().nullable = true;
  }
  for (const StructField& field : schema.partitions.fields()) {
    if (find_field(schema.data, field.name) == nullptr) fields.push_back(field);
  }
  return DataType::structure(std::move(fields));
}

void check_duplicates(const DataType& structure) {
  for (size_t i = 0; i < structure.fields().size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (same_name(structure.fields()[i].name, structure.fields()[j].name))
        throw Error("COLUMN_ALREADY_EXISTS",
                    {{"columnName", "`" + lower_case(structure.fields()[i].name) + "`"}});
    }
  }
}

}  // namespace

FileSchema describe_files(files::FileStore& store, const std::string& format,
                          const std::vector<std::string>& paths, const FileOptions& options,
                          const std::optional<DataType>& user) {
  const formats::Options checked(options);
  const std::string name = lower_case(format);
  if (name == "delta") {
    FileSchema found;
    int64_t version = 0;
    if (user) throw_unsupported("a reader's schema for Delta tables: they have their own");
    found.data = found.whole = delta_schema(store, paths.front(), checked, version);
    found.partitions = DataType::structure({});
    return found;
  }
  const bool parquet = name == "parquet";
  const formats::Format* row = formats::find_format(name);
  if (row == nullptr && !parquet)
    throw Error("UNSUPPORTED_DATASOURCE_FOR_DIRECT_QUERY", {{"dataSourceType", format}});
  if (name == "jdbc") {
    FileSchema found;
    found.data = user ? *user : row->infer(store, checked, {});
    found.partitions = DataType::structure({});
    found.whole = found.data;
    return found;
  }
  const std::vector<PlacedFile> files = expand_paths(store, paths, checked);
  FileSchema schema;
  schema.partitions = DataType::structure(partition_fields(files, checked));
  if (user) {
    apply_user_schema(*user, schema);
  } else if (parquet) {
    if (files.empty()) throw Error("UNABLE_TO_INFER_SCHEMA", {{"format", "Parquet"}});
    schema.data = parquet_schema(store, files, checked);
  } else {
    const bool fixed = name == "text" || name == "binaryfile";
    if (files.empty() && !fixed) {
      const std::string shown = name == "csv" || name == "json" || name == "orc"
                                    ? std::string(name == "csv"    ? "CSV"
                                                  : name == "json" ? "JSON"
                                                                   : "ORC")
                                    : name;
      throw Error("UNABLE_TO_INFER_SCHEMA", {{"format", shown}});
    }
    std::vector<formats::FilePart> parts;
    for (const PlacedFile& file : files)
      parts.push_back({file.uri, 0, -1, file.size, file.modified_ms});
    schema.data = row->infer(store, checked, parts);
  }
  check_duplicates(schema.data);
  schema.whole = whole_of(schema);
  return schema;
}

void remember_schema(const FileSchema& schema, FileOptions& options) {
  options[formats::kDataSchema] = schema.data.json();
  options[formats::kPartitions] = schema.partitions.json();
}

DataType file_metadata_type(const std::string& format) {
  std::vector<StructField> fields = {{"file_path", DataTypeId::kString, false, ""},
                                     {"file_name", DataTypeId::kString, false, ""},
                                     {"file_size", DataTypeId::kLong, false, ""},
                                     {"file_block_start", DataTypeId::kLong, false, ""},
                                     {"file_block_length", DataTypeId::kLong, false, ""},
                                     {"file_modification_time", DataTypeId::kTimestamp, false, ""}};
  if (format == "parquet") fields.push_back({"row_index", DataTypeId::kLong, false, ""});
  return DataType::structure(std::move(fields));
}

FileSchema schema_of_scan(files::FileStore& store, const plan::FileScan& scan) {
  const auto data = scan.options.find(formats::kDataSchema);
  const auto partitions = scan.options.find(formats::kPartitions);
  if (data == scan.options.end() || partitions == scan.options.end())
    return describe_files(store, scan.format, scan.paths, scan.options);
  FileSchema schema;
  schema.data = formats::parse_schema_json(data->second);
  schema.partitions = formats::parse_schema_json(partitions->second);
  schema.whole = whole_of(schema);
  return schema;
}

void register_file_scan(duckdb::DatabaseInstance& instance, files::FileStore& store) {
  duckdb::TableFunction function = file_rows_function();
  function.name = kFileScanFunction;
  function.bind = bind_rows;
  function.bind_replace = replace_by_query;
  function.function_info = duckdb::make_shared_ptr<StoreInfo>(store);
  register_table_function(instance, std::move(function));
  register_parquet_functions(instance);
  register_delta_functions(instance);
}

}  // namespace firn::engine
