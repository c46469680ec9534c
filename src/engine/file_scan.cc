// Schemas of files in place, and firn_file_scan(i), which DuckDB's binder replaces by the query
// that reads them.
#include "engine/file_scan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"
#include "engine/duck_types.h"
#include "engine/file_format.h"
#include "engine/query_state.h"
#include "engine/store_file_system.h"
#include "engine/table_functions.h"

namespace firn::engine {
namespace {

using types::DataType;
using types::DataTypeId;
using types::StructField;

constexpr const char* kNullPartition = "__HIVE_DEFAULT_PARTITION__";
constexpr const char* kReinterpret = "firn_reinterpret";

// What DuckDB says after it are hints about its own options.
std::string first_line(std::string text) {
  for (size_t at = 0; (at = text.find(kStoreScheme)) != std::string::npos;)
    text.erase(at, kStoreScheme.size());
  return text.substr(0, text.find('\n'));
}

// A database of its own, for looking into files before there is a plan.
class Inspector {
 public:
  explicit Inspector(files::FileStore& store) : database_(nullptr), connection_(database_) {
    duckdb::FileSystem::GetFileSystem(*database_.instance)
        .RegisterSubSystem(duckdb::make_uniq<StoreFileSystem>(store));
    connection_.Query("SET TimeZone = 'UTC'");
  }
  duckdb::unique_ptr<duckdb::MaterializedQueryResult> query(const std::string& sql,
                                                            const std::string& of) {
    auto result = connection_.Query(sql);
    if (result->HasError())
      throw_invalid("cannot read " + of + ": " + first_line(result->GetErrorObject().RawMessage()));
    return result;
  }

 private:
  duckdb::DuckDB database_;
  duckdb::Connection connection_;
};

std::string named(const std::vector<PlacedFile>& files) {
  return "'" + files.front().uri + "'" + (files.size() > 1 ? " and the other files" : "");
}

// ---- Types of text columns, as Spark's CSV and partition inference choose them: the first row
// whose test all values pass.

struct InferenceRow {
  const char* test;  // of a column called v that is not NULL
  DataTypeId type;
};
constexpr InferenceRow kInference[] = {
    {"regexp_full_match(v, '[+-]?[0-9]+') AND TRY_CAST(v AS INTEGER) IS NOT NULL",
     DataTypeId::kInteger},
    {"regexp_full_match(v, '[+-]?[0-9]+') AND TRY_CAST(v AS BIGINT) IS NOT NULL",
     DataTypeId::kLong},
    {"regexp_full_match(v, '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?')",
     DataTypeId::kDouble},
    {"regexp_full_match(v, '[0-9]{4}-[0-9]{2}-[0-9]{2}') AND TRY_CAST(v AS DATE) IS NOT NULL",
     DataTypeId::kDate},
    {"regexp_full_match(v, '[0-9]{4}-[0-9]{2}-[0-9]{2}([ "
     "T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?') "
     "AND TRY_CAST(v AS TIMESTAMPTZ) IS NOT NULL",
     DataTypeId::kTimestamp},
    {"lower(v) IN ('true', 'false')", DataTypeId::kBoolean},
};

// `table`: a table expression whose columns are all VARCHAR.
std::vector<DataTypeId> infer_types(Inspector& inspector, const std::string& table,
                                    const std::vector<std::string>& columns,
                                    const std::string& of) {
  std::string select;
  for (const std::string& column : columns) {
    select += (select.empty() ? "SELECT count(" : ", count(") + quoted(column) + ")";
    for (const InferenceRow& row : kInference) {
      std::string test = row.test;
      for (size_t at = 0; (at = test.find("v", at)) != std::string::npos;) {
        const bool is_word =
            (at == 0 || !std::isalpha(static_cast<unsigned char>(test[at - 1]))) &&
            (at + 1 == test.size() || !std::isalpha(static_cast<unsigned char>(test[at + 1])));
        if (!is_word) {
          ++at;
          continue;
        }
        test.replace(at, 1, quoted(column));
        at += quoted(column).size();
      }
      select += ", bool_and(" + test + ") FILTER (WHERE " + quoted(column) + " IS NOT NULL)";
    }
  }
  const auto result = inspector.query(select + " FROM " + table, of);
  std::vector<DataTypeId> types;
  for (duckdb::idx_t at = 0; at < result->ColumnCount(); at += 1 + std::size(kInference)) {
    DataTypeId type = DataTypeId::kString;
    if (result->GetValue(at, 0).GetValue<int64_t>() > 0) {
      for (size_t i = 0; i < std::size(kInference); ++i) {
        const duckdb::Value passes = result->GetValue(at + 1 + i, 0);
        if (passes.IsNull() || !passes.GetValue<bool>()) continue;
        type = kInference[i].type;
        break;
      }
    }
    types.push_back(type);
  }
  return types;
}

std::vector<StructField> partition_fields(Inspector& inspector,
                                          const std::vector<PlacedFile>& files) {
  std::vector<std::string> keys;
  for (const PartitionValue& part : files.front().partition) keys.push_back(part.key);
  if (keys.empty()) return {};
  std::string rows;
  for (const PlacedFile& file : files) {
    rows += rows.empty() ? "(" : ", (";
    for (size_t i = 0; i < file.partition.size(); ++i) {
      const std::string& value = file.partition[i].value;
      rows += (i == 0 ? "" : ", ") +
              (value == kNullPartition ? "NULL::VARCHAR" : literal(value) + "::VARCHAR");
    }
    rows += ")";
  }
  std::string names;
  for (const std::string& key : keys) names += (names.empty() ? "" : ", ") + quoted(key);
  const auto types =
      infer_types(inspector, "(VALUES " + rows + ") t(" + names + ")", keys, named(files));
  std::vector<StructField> fields;
  for (size_t i = 0; i < keys.size(); ++i) fields.push_back({keys[i], types[i], true, ""});
  return fields;
}

// ---- CSV

// The fields of a CSV line.
std::vector<std::string> split_line(const std::string& line, const FileOptions& options) {
  const std::string separator = options.text("sep", options.text("delimiter", ","));
  const char quote = options.text("quote", "\"").c_str()[0];
  const char escape = options.text("escape", "\\").c_str()[0];
  std::vector<std::string> fields(1);
  bool in_quotes = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (in_quotes && line[i] == escape && i + 1 < line.size() && line[i + 1] == quote) {
      fields.back() += line[++i];
    } else if (quote != '\0' && line[i] == quote) {
      in_quotes = !in_quotes;
    } else if (!in_quotes && line.compare(i, separator.size(), separator) == 0) {
      fields.emplace_back();
      i += separator.size() - 1;
    } else {
      fields.back() += line[i];
    }
  }
  return fields;
}

// Spark's header: empty names are _c<n>; names that occur twice (whatever their case) get their
// index appended.
std::vector<std::string> header_names(std::vector<std::string> names) {
  const auto lower = [](std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
  };
  std::multiset<std::string> seen;
  for (const std::string& name : names) seen.insert(lower(name));
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty())
      names[i] = "_c" + std::to_string(i);
    else if (seen.count(lower(names[i])) > 1)
      names[i] += std::to_string(i);
  }
  return names;
}

// The first line that is not empty; DuckDB reads it where the file is compressed.
std::string first_record(Inspector& inspector, files::FileStore& store, const PlacedFile& file) {
  if (file.uri.ends_with(".gz") || file.uri.ends_with(".zst")) {
    const auto result = inspector.query("SELECT value FROM " +
                                            reader_call(FileOptions("text", {}), {{file.uri, {}}},
                                                        {{"value", duckdb::LogicalType::VARCHAR}}) +
                                            " WHERE value IS NOT NULL LIMIT 1",
                                        "'" + file.uri + "'");
    return result->RowCount() == 0 ? "" : result->GetValue(0, 0).ToString();
  }
  const auto input = store.open(file.uri);
  std::string line;
  constexpr int64_t kPiece = 64 << 10;
  for (int64_t at = 0; at < input->size(); at += kPiece) {
    std::string piece(static_cast<size_t>(std::min(kPiece, input->size() - at)), '\0');
    input->read_at(at, static_cast<int64_t>(piece.size()), piece.data());
    for (const char c : piece) {
      if (c != '\n' && c != '\r')
        line += c;
      else if (!line.empty())
        return line;
    }
  }
  return line;
}

std::vector<StructField> csv_fields(Inspector& inspector, files::FileStore& store,
                                    const FileOptions& options,
                                    const std::vector<PlacedFile>& files) {
  std::string record;
  for (size_t i = 0; i < files.size() && record.empty(); ++i)
    record = first_record(inspector, store, files[i]);
  if (record.empty()) return {};
  std::vector<std::string> names = split_line(record, options);
  if (options.flag("header", false))
    names = header_names(std::move(names));
  else
    for (size_t i = 0; i < names.size(); ++i) names[i] = "_c" + std::to_string(i);
  std::vector<FileColumn> columns;
  for (const std::string& name : names) columns.push_back({name, duckdb::LogicalType::VARCHAR});
  std::vector<DataTypeId> types(names.size(), DataTypeId::kString);
  if (options.flag("inferschema", false)) {
    types = infer_types(inspector, reader_call(options, files, columns), names, named(files));
  }
  std::vector<StructField> fields;
  for (size_t i = 0; i < names.size(); ++i) fields.push_back({names[i], types[i], true, ""});
  return fields;
}

// ---- JSON and Parquet

// Spark takes no string for anything but a string.
duckdb::LogicalType without_guesses(const duckdb::LogicalType& type) {
  switch (type.id()) {
    case duckdb::LogicalTypeId::LIST:
      return duckdb::LogicalType::LIST(without_guesses(duckdb::ListType::GetChildType(type)));
    case duckdb::LogicalTypeId::STRUCT: {
      duckdb::child_list_t<duckdb::LogicalType> children;
      for (const auto& [name, child] : duckdb::StructType::GetChildTypes(type))
        children.emplace_back(name, without_guesses(child));
      return duckdb::LogicalType::STRUCT(std::move(children));
    }
    case duckdb::LogicalTypeId::BOOLEAN:
    case duckdb::LogicalTypeId::BIGINT:
    case duckdb::LogicalTypeId::UBIGINT:
    case duckdb::LogicalTypeId::HUGEINT:
    case duckdb::LogicalTypeId::DOUBLE:
      return type;
    default:
      return duckdb::LogicalType::VARCHAR;
  }
}

std::vector<StructField> self_described_fields(Inspector& inspector, const FileOptions& options,
                                               const std::vector<PlacedFile>& files) {
  const bool is_json = options.format() == FileFormat::kJson;
  std::vector<PlacedFile> of = is_json ? files : std::vector<PlacedFile>{files.front()};
  if (options.flag("mergeschema", false)) of = files;
  for (PlacedFile& file : of) file.partition.clear();
  const auto result =
      inspector.query("SELECT * FROM " + reader_call(options, of, {}) + " LIMIT 0", named(files));
  std::vector<StructField> fields;
  for (duckdb::idx_t i = 0; i < result->ColumnCount(); ++i) {
    const duckdb::LogicalType type = is_json ? without_guesses(result->types[i]) : result->types[i];
    fields.push_back({result->names[i], spark_type(type, result->names[i], is_json), true, ""});
  }
  if (is_json) std::ranges::sort(fields, {}, &StructField::name);
  return fields;
}

std::vector<StructField> data_fields(Inspector& inspector, files::FileStore& store,
                                     const FileOptions& options,
                                     const std::vector<PlacedFile>& files) {
  switch (options.format()) {
    case FileFormat::kCsv:
      return csv_fields(inspector, store, options, files);
    case FileFormat::kText:
      return {{"value", DataTypeId::kString, true, ""}};
    default:
      return self_described_fields(inspector, options, files);
  }
}

bool contains_struct(const DataType& type) {
  switch (type.id()) {
    case DataTypeId::kStruct:
      return true;
    case DataTypeId::kArray:
      return contains_struct(type.element());
    case DataTypeId::kMap:
      return contains_struct(type.key()) || contains_struct(type.value());
    default:
      return false;
  }
}

struct StoreInfo final : duckdb::TableFunctionInfo {
  explicit StoreInfo(files::FileStore& of) : store(&of) {}
  files::FileStore* store;
};

// ---- The function that gives a value's vector another type of the same layout: struct children
// lose their names.

void reinterpret_rows(duckdb::DataChunk& arguments, duckdb::ExpressionState&,
                      duckdb::Vector& result) {
  result.Reinterpret(arguments.data[0]);
}

duckdb::unique_ptr<duckdb::FunctionData> bind_reinterpret(
    duckdb::ClientContext&, duckdb::ScalarFunction& function,
    duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  function.SetReturnType(arguments[1]->return_type);
  function.arguments = {arguments[0]->return_type, arguments[1]->return_type};
  return nullptr;
}

duckdb::unique_ptr<duckdb::TableRef> replace_file_scan(duckdb::ClientContext& context,
                                                       duckdb::TableFunctionBindInput& input) {
  std::string query;
  guarded(context, [&] {
    const QueryState& state = QueryState::of(context);
    const plan::Relation& relation = *state.sources.at(input.inputs[0].GetValue<uint64_t>());
    query =
        file_query(*input.info->Cast<StoreInfo>().store, std::get<plan::FileScan>(relation.node));
  });
  duckdb::Parser parser;
  parser.ParseQuery(query);
  auto select = duckdb::unique_ptr_cast<duckdb::SQLStatement, duckdb::SelectStatement>(
      std::move(parser.statements.at(0)));
  return duckdb::make_uniq<duckdb::SubqueryRef>(std::move(select), "files");
}

}  // namespace

types::DataType file_schema(files::FileStore& store, const std::string& format,
                            const std::vector<std::string>& paths,
                            const std::map<std::string, std::string>& options) {
  const FileOptions checked(format, options);
  const std::vector<PlacedFile> files = expand_paths(store, paths);
  Inspector inspector(store);
  std::vector<StructField> fields = data_fields(inspector, store, checked, files);
  if (fields.empty()) throw Error("UNABLE_TO_INFER_SCHEMA", {{"format", format}});
  for (StructField& partition : partition_fields(inspector, files)) {
    std::erase_if(fields, [&](const StructField& field) { return field.name == partition.name; });
    fields.push_back(std::move(partition));
  }
  return DataType::structure(std::move(fields));
}

std::string file_query(files::FileStore& store, const plan::FileScan& scan) {
  const FileOptions options(scan.format, scan.options);
  const std::vector<PlacedFile> files = expand_paths(store, scan.paths);
  std::vector<FileColumn> columns;
  std::string select;
  for (const plan::Attribute& column : scan.columns) {
    const bool is_partition =
        std::ranges::find(files.front().partition, column.name, &PartitionValue::key) !=
        files.front().partition.end();
    const bool is_text =
        options.format() == FileFormat::kCsv || options.format() == FileFormat::kText;
    if (!is_partition) {
      columns.push_back(
          {column.name, is_text ? duckdb::LogicalType::VARCHAR : named_type(column.type)});
    }
    std::string value = quoted(column.name);
    if (is_partition) value = "nullif(" + value + ", " + literal(kNullPartition) + ")";
    if (options.format() == FileFormat::kText && !is_partition)
      value = "coalesce(" + value + ", '')";
    const std::string type = to_duckdb(column.type).ToString();
    if (contains_struct(column.type)) {
      value = std::string(kReinterpret) + "(CAST(" + value + " AS " +
              named_type(column.type).ToString() + "), NULL::" + type + ")";
    } else {
      value = "CAST(" + value + " AS " + type + ")";
    }
    select += (select.empty() ? "SELECT " : ", ") + value + " AS " + column_name(column.id);
  }
  return select + " FROM " + reader_call(options, files, columns);
}

void register_file_scan(duckdb::DatabaseInstance& instance, files::FileStore& store) {
  duckdb::TableFunction function(kFileScanFunction, {duckdb::LogicalType::UBIGINT}, nullptr,
                                 nullptr);
  function.bind_replace = replace_file_scan;
  function.function_info = duckdb::make_shared_ptr<StoreInfo>(store);
  register_table_function(instance, std::move(function));
  duckdb::ScalarFunction reinterpret(kReinterpret,
                                     {duckdb::LogicalType::ANY, duckdb::LogicalType::ANY},
                                     duckdb::LogicalType::ANY, reinterpret_rows, bind_reinterpret);
  reinterpret.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  register_scalar_function(instance, std::move(reinterpret));
}

}  // namespace firn::engine
