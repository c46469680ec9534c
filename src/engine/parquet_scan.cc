// Schemas and queries of Parquet files.
#include "engine/parquet_scan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/ascii.h"
#include "base/error.h"
#include "engine/duck_types.h"
#include "engine/file_format.h"
#include "engine/file_rows.h"
#include "engine/inspector.h"
#include "engine/query_state.h"
#include "engine/table_functions.h"
#include "formats/schema_json.h"
#include "plan/file_columns.h"

namespace firn::engine {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using types::DataType;
using types::DataTypeId;
using types::StructField;

constexpr const char* kReinterpret = "firn_reinterpret";
constexpr const char* kSparkSchemaKey = "org.apache.spark.sql.parquet.row.metadata";

// ---- Schema

// Timestamps in 96 bits are instants, whatever DuckDB takes them for.
DataType with_instants(const DataType& type, const std::string& name,
                       const std::set<std::string>& int96) {
  switch (type.id()) {
    case DataTypeId::kTimestampNtz:
      return int96.contains(name) ? DataType(DataTypeId::kTimestamp) : type;
    case DataTypeId::kArray:
      return DataType::array(with_instants(type.element(), name, int96));
    case DataTypeId::kMap:
      return DataType::map(with_instants(type.key(), "key", int96),
                           with_instants(type.value(), "value", int96));
    case DataTypeId::kStruct: {
      std::vector<StructField> fields;
      for (const StructField& field : type.fields())
        fields.push_back({field.name, with_instants(field.type, field.name, int96), true, ""});
      return DataType::structure(std::move(fields));
    }
    default:
      return type;
  }
}

DataType schema_of_file(Inspector& inspector, const std::string& uri) {
  const std::string path = literal(to_store_path(uri)), shown = shown_uri(uri);
  const auto own = inspector.query("SELECT decode(value) FROM parquet_kv_metadata(" + path +
                                       ") WHERE decode(key) = '" + kSparkSchemaKey + "'",
                                   shown);
  if (own->RowCount() > 0)
    return formats::parse_schema_json(own->GetValue(0, 0).GetValue<std::string>());
  const auto described = inspector.query("SELECT * FROM parquet_scan(" + path + ") LIMIT 0", shown);
  const auto nodes = inspector.query(
      "SELECT name, type, precision, num_children FROM parquet_schema(" + path + ")", shown);
  std::set<std::string> int96, top;
  int64_t below = 0;  // nodes that are left below a column
  for (duckdb::idx_t i = 1; i < nodes->RowCount(); ++i) {
    const std::string name = nodes->GetValue(0, i).ToString();
    if (below == 0 && !top.insert(lower_case(name)).second)
      throw Error("COLUMN_ALREADY_EXISTS", {{"columnName", "`" + lower_case(name) + "`"}});
    const auto children = nodes->GetValue(3, i);
    below += (below > 0 ? -1 : 0) + (children.IsNull() ? 0 : children.GetValue<int64_t>());
    const auto precision = nodes->GetValue(2, i);
    if (!precision.IsNull() && precision.GetValue<int64_t>() > 38)
      throw Error("DECIMAL_PRECISION_EXCEEDS_MAX_PRECISION",
                  {{"precision", precision.ToString()}, {"maxPrecision", "38"}});
    if (nodes->GetValue(1, i).ToString() != "INT96") continue;
    int96.insert(name);
    int96.insert("element");
  }
  std::vector<StructField> fields;
  for (duckdb::idx_t i = 0; i < described->ColumnCount(); ++i) {
    const std::string& name = described->names[i];
    const DataType type = spark_type(described->types[i], name, false);
    fields.push_back({name, int96.empty() ? type : with_instants(type, name, int96), true, ""});
  }
  return DataType::structure(std::move(fields));
}

DataType merged(const DataType& a, const DataType& b, const DataType& left, const DataType& right) {
  if (a.same_ignoring_nullability(b)) return a;
  if (a.id() == DataTypeId::kArray && b.id() == DataTypeId::kArray)
    return DataType::array(merged(a.element(), b.element(), left, right));
  if (a.id() == DataTypeId::kMap && b.id() == DataTypeId::kMap)
    return DataType::map(merged(a.key(), b.key(), left, right),
                         merged(a.value(), b.value(), left, right));
  if (a.id() == DataTypeId::kStruct && b.id() == DataTypeId::kStruct) {
    std::vector<StructField> fields = a.fields();
    for (const StructField& field : b.fields()) {
      const auto found = std::ranges::find_if(fields, [&](const StructField& own) {
        return lower_case(own.name) == lower_case(field.name);
      });
      if (found == fields.end())
        fields.push_back(field);
      else
        found->type = merged(found->type, field.type, left, right);
    }
    return DataType::structure(std::move(fields));
  }
  const bool decimals = a.id() == DataTypeId::kDecimal && b.id() == DataTypeId::kDecimal;
  if (decimals && a.scale() == b.scale())
    return DataType::decimal(std::max(a.precision(), b.precision()), a.scale());
  throw Error("CANNOT_MERGE_SCHEMAS",
              {{"left", "\"" + left.sql() + "\""}, {"right", "\"" + right.sql() + "\""}});
}

// ---- Columns

// The same values in memory, whatever names struct children have and which timestamps mean what.
bool reads_unchanged(const LogicalType& from, const LogicalType& to) {
  const auto text = [](LogicalTypeId id) {
    return id == LogicalTypeId::VARCHAR || id == LogicalTypeId::BLOB;
  };
  const auto time = [](LogicalTypeId id) {
    return id == LogicalTypeId::TIMESTAMP || id == LogicalTypeId::TIMESTAMP_TZ;
  };
  if (text(from.id()) && text(to.id())) return true;
  if (time(from.id()) && time(to.id())) return true;
  if (from.id() != to.id()) return false;
  switch (from.id()) {
    case LogicalTypeId::LIST:
      return reads_unchanged(duckdb::ListType::GetChildType(from),
                             duckdb::ListType::GetChildType(to));
    case LogicalTypeId::MAP:
      return reads_unchanged(duckdb::MapType::KeyType(from), duckdb::MapType::KeyType(to)) &&
             reads_unchanged(duckdb::MapType::ValueType(from), duckdb::MapType::ValueType(to));
    case LogicalTypeId::STRUCT:
      return false;  // by name, see same_struct
    default:
      return from == to;
  }
}

// As reads_unchanged, with structs whose fields have the plan's names and order.
bool same_named_layout(const LogicalType& from, const DataType& to) {
  switch (to.id()) {
    case DataTypeId::kStruct: {
      if (from.id() != LogicalTypeId::STRUCT) return false;
      const auto& children = duckdb::StructType::GetChildTypes(from);
      if (children.size() != to.fields().size()) return false;
      for (size_t i = 0; i < children.size(); ++i) {
        if (lower_case(children[i].first) != lower_case(to.fields()[i].name) ||
            !same_named_layout(children[i].second, to.fields()[i].type))
          return false;
      }
      return true;
    }
    case DataTypeId::kArray:
      return from.id() == LogicalTypeId::LIST &&
             same_named_layout(duckdb::ListType::GetChildType(from), to.element());
    case DataTypeId::kMap:
      return from.id() == LogicalTypeId::MAP &&
             same_named_layout(duckdb::MapType::KeyType(from), to.key()) &&
             same_named_layout(duckdb::MapType::ValueType(from), to.value());
    default:
      return reads_unchanged(from, to_duckdb(to));
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

// Conversions that Spark's reader makes.
bool can_read(const LogicalType& from, const DataType& to) {
  const auto rank = [](LogicalTypeId id) {
    switch (id) {
      case LogicalTypeId::TINYINT:
        return 1;
      case LogicalTypeId::UTINYINT:
      case LogicalTypeId::SMALLINT:
        return 2;
      case LogicalTypeId::USMALLINT:
      case LogicalTypeId::INTEGER:
        return 3;
      case LogicalTypeId::UINTEGER:
      case LogicalTypeId::BIGINT:
        return 4;
      default:
        return 0;
    }
  };
  const int narrow = rank(from.id());
  switch (to.id()) {
    case DataTypeId::kByte:
    case DataTypeId::kShort:
    case DataTypeId::kInteger:
      return narrow > 0 && narrow <= 3;
    case DataTypeId::kLong:
      return narrow > 0;
    case DataTypeId::kDouble:
      return (narrow > 0 && narrow <= 3) || from.id() == LogicalTypeId::FLOAT;
    case DataTypeId::kDecimal:
      return (narrow > 0 && to.precision() - to.scale() >= (narrow == 4 ? 20 : 10)) ||
             from.id() == LogicalTypeId::UBIGINT ||
             (from.id() == LogicalTypeId::DECIMAL &&
              duckdb::DecimalType::GetScale(from) <= to.scale() &&
              duckdb::DecimalType::GetWidth(from) - duckdb::DecimalType::GetScale(from) <=
                  to.precision() - to.scale());
    case DataTypeId::kTimestamp:
    case DataTypeId::kTimestampNtz:
      return from.id() == LogicalTypeId::TIMESTAMP_NS || from.id() == LogicalTypeId::TIMESTAMP_MS ||
             from.id() == LogicalTypeId::TIMESTAMP_SEC ||
             (from.id() == LogicalTypeId::DATE && to.id() == DataTypeId::kTimestampNtz);
    case DataTypeId::kString:
      return from.id() == LogicalTypeId::ENUM || from.id() == LogicalTypeId::UUID ||
             from.id() == LogicalTypeId::VARCHAR;
    default:
      return false;
  }
}

std::string reinterpreted(const std::string& value, const DataType& to) {
  return std::string(kReinterpret) + "(" + value + ", NULL::" + to_duckdb(to).ToString() + ")";
}

}  // namespace

std::string adapted_column(const std::string& value, const LogicalType& from, const DataType& to,
                           const std::string& column, const std::string& file) {
  const LogicalType target = to_duckdb(to);
  if (same_named_layout(from, to))
    return from == target && !contains_struct(to) ? value : reinterpreted(value, to);
  const auto deeper = [&](const std::string& v, const LogicalType& f, const DataType& t) {
    return adapted_column(v, f, t, column, file);
  };
  if (to.id() == DataTypeId::kStruct && from.id() == LogicalTypeId::STRUCT) {
    std::string fields;
    for (size_t i = 0; i < to.fields().size(); ++i) {
      const StructField& field = to.fields()[i];
      std::string child = "NULL::" + to_duckdb(field.type).ToString();
      for (const auto& [name, type] : duckdb::StructType::GetChildTypes(from)) {
        if (lower_case(name) == lower_case(field.name))
          child = deeper("struct_extract(" + value + ", " + literal(name) + ")", type, field.type);
      }
      fields += (i == 0 ? "f" : ", f") + std::to_string(i) + " := " + child;
    }
    return "CASE WHEN " + value + " IS NULL THEN NULL ELSE struct_pack(" + fields + ") END";
  }
  static thread_local int lambdas = 0;
  if (to.id() == DataTypeId::kArray && from.id() == LogicalTypeId::LIST) {
    const std::string x = "x" + std::to_string(++lambdas);
    return "list_transform(" + value + ", lambda " + x + ": " +
           deeper(x, duckdb::ListType::GetChildType(from), to.element()) + ")";
  }
  if (to.id() == DataTypeId::kMap && from.id() == LogicalTypeId::MAP) {
    const std::string x = "x" + std::to_string(++lambdas);
    return "map_from_entries(list_transform(map_entries(" + value + "), lambda " + x +
           ": struct_pack(k := " +
           deeper("struct_extract(" + x + ", 'key')", duckdb::MapType::KeyType(from), to.key()) +
           ", v := " +
           deeper("struct_extract(" + x + ", 'value')", duckdb::MapType::ValueType(from),
                  to.value()) +
           ")))";
  }
  if (!can_read(from, to))
    throw Error("FAILED_READ_FILE.PARQUET_COLUMN_DATA_TYPE_MISMATCH",
                {{"path", file},
                 {"column", "[" + column + "]"},
                 {"expectedType", to.simple_string()},
                 {"actualType", from.ToString()}});
  if (to.id() == DataTypeId::kTimestamp || to.id() == DataTypeId::kTimestampNtz)
    return reinterpreted("CAST(" + value + " AS TIMESTAMP)", to);
  return "CAST(" + value + " AS " + target.ToString() + ")";
}

namespace {

// Days and times of the Julian calendar are not converted.
void check_rebase(const formats::Options& options) {
  for (const char* name : {"datetimeRebaseMode", "int96RebaseMode"}) {
    const auto mode = options.find(name);
    if (mode && lower_case(*mode) != "corrected")
      throw_unsupported("the Parquet option " + std::string(name) + "=" + *mode +
                        "; there is CORRECTED");
  }
}

// binaryAsString, inferTimestampNTZ.
DataType as_told(const DataType& type, const formats::Options& options) {
  switch (type.id()) {
    case DataTypeId::kBinary:
      return options.flag("__binaryasstring", false) ? DataType(DataTypeId::kString) : type;
    case DataTypeId::kTimestampNtz:
      return options.flag("__inferntz", true) ? type : DataType(DataTypeId::kTimestamp);
    case DataTypeId::kArray:
      return DataType::array(as_told(type.element(), options));
    case DataTypeId::kMap:
      return DataType::map(as_told(type.key(), options), as_told(type.value(), options));
    case DataTypeId::kStruct: {
      std::vector<StructField> fields = type.fields();
      for (StructField& field : fields) field.type = as_told(field.type, options);
      return DataType::structure(std::move(fields));
    }
    default:
      return type;
  }
}

}  // namespace

DataType parquet_schema(files::FileStore& store, const std::vector<PlacedFile>& files,
                        const formats::Options& options) {
  Inspector inspector(store);
  const bool ignore = options.flag("ignoreCorruptFiles", false);
  check_rebase(options);
  std::optional<DataType> schema;
  for (const PlacedFile& file : files) {
    try {
      const DataType one = as_told(schema_of_file(inspector, file.uri), options);
      schema = schema ? merged(*schema, one, *schema, one) : one;
    } catch (const Error& error) {
      if (error.condition() != "FAILED_READ_FILE.NO_HINT") throw;
      if (!ignore)
        throw Error("FAILED_READ_FILE.CANNOT_READ_FILE_FOOTER", {{"path", shown_uri(file.uri)}});
      continue;
    }
    if (!options.flag("mergeSchema", false)) break;
  }
  if (!schema) throw Error("UNABLE_TO_INFER_SCHEMA", {{"format", "Parquet"}});
  return *schema;
}

namespace {

std::string file_list(const std::vector<PlacedFile>& files) {
  std::string list = "[";
  for (const PlacedFile& file : files)
    list += (list.size() > 1 ? ", " : "") + literal(to_store_path(file.uri));
  return list + "]";
}

std::string partition_options(const std::vector<PlacedFile>& files, bool by_folders) {
  if (files.front().partition.empty() || !by_folders) return ", hive_partitioning = false";
  std::string types;
  for (const PartitionValue& part : files.front().partition)
    types += (types.empty() ? "" : ", ") + literal(part.key) + ": VARCHAR";
  return ", hive_partitioning = true, hive_types_autocast = false, hive_types = {" + types + "}";
}

// `from`: the column with the folder's text.
std::string partition_value(const std::string& from, const DataType& type,
                            const formats::Options& options) {
  const std::string text = "nullif(" + from + ", " + literal(kNullPartition) + ")";
  if (type.id() == DataTypeId::kString) return text;
  if (type.id() == DataTypeId::kBinary) return "encode(" + text + ")";
  if (type.id() == DataTypeId::kTimestamp)
    return "timezone(" + literal(options.text("timezone", "UTC")) + ", TRY_CAST(" + text +
           " AS TIMESTAMP))";
  return "TRY_CAST(" + text + " AS " + to_duckdb(type).ToString() + ")";
}

// A row a file: what _metadata and input_file_name() show, and its partition's values.
std::string file_table(const std::vector<PlacedFile>& files) {
  std::string rows;
  for (const PlacedFile& file : files) {
    const std::string shown = shown_uri(file.uri);
    rows += (rows.empty() ? "(" : ", (") + literal(to_store_path(file.uri)) + ", " +
            literal(shown) + ", " + literal(file_name(shown)) + ", " + std::to_string(file.size) +
            "::BIGINT, make_timestamptz(" + std::to_string(file.modified_ms * 1000) + ")";
    for (const PartitionValue& part : file.partition) rows += ", " + literal(part.value);
    rows += ")";
  }
  std::string names = "store_path, uri, name, size, modified";
  for (size_t i = 0; i < files.front().partition.size(); ++i) names += ", p" + std::to_string(i);
  return "(VALUES " + rows + ") firn_files(" + names + ")";
}

}  // namespace

std::string empty_query(const plan::FileScan& scan) {
  std::string select;
  for (const plan::Attribute& column : scan.columns)
    select += (select.empty() ? "SELECT NULL::" : ", NULL::") + to_duckdb(column.type).ToString() +
              " AS " + column_name(column.id);
  return (select.empty() ? "SELECT true" : select) + " WHERE false";
}

namespace {

// _metadata has row_index, and somebody asks for it.
bool wants_row_index(const plan::FileScan& scan) {
  return std::ranges::any_of(scan.columns, [](const plan::Attribute& column) {
    return column.name == plan::kFileMetadataColumn && column.type.fields().size() > 6;
  });
}

}  // namespace

std::string parquet_query(files::FileStore& store, const plan::FileScan& scan) {
  const formats::Options options(scan.options);
  std::vector<PlacedFile> files = expand_paths(store, scan.paths, options);
  Inspector inspector(store);
  check_rebase(options);
  if (options.flag("ignoreCorruptFiles", false)) {
    std::erase_if(files, [&](const PlacedFile& file) {
      try {
        schema_of_file(inspector, file.uri);
        return false;
      } catch (const Error&) {
        return true;
      }
    });
  }
  if (files.empty()) return empty_query(scan);
  const FileSchema schema = schema_of_scan(store, scan);
  const std::string shown = shown_uri(files.front().uri);
  const auto call_of = [&](bool by_folders) {
    return "parquet_scan(" + file_list(files) +
           ", union_by_name = true, can_have_nan = true, filename = 'firn_file'" +
           (wants_row_index(scan) ? ", file_row_number = true" : "") +
           partition_options(files, by_folders) + ")";
  };
  // DuckDB takes the folders' values, unless the files have columns of the same names.
  const auto in_files = inspector.query("SELECT * FROM " + call_of(false) + " LIMIT 0", shown);
  const bool by_folders =
      std::ranges::none_of(files.front().partition, [&](const PartitionValue& part) {
        return std::ranges::any_of(in_files->names, [&](const std::string& name) {
          return lower_case(name) == lower_case(part.key);
        });
      });
  const std::string call = call_of(by_folders);
  const auto described = inspector.query("SELECT * FROM " + call + " LIMIT 0", shown);
  bool joins = false;
  std::string select;
  for (const plan::Attribute& column : scan.columns) {
    const auto same = [&](const std::string& name) {
      return lower_case(name) == lower_case(column.name);
    };
    std::string value = "NULL::" + to_duckdb(column.type).ToString();
    const auto partition = std::ranges::find_if(
        files.front().partition, [&](const PartitionValue& part) { return same(part.key); });
    const auto in_file = std::ranges::find_if(described->names, same);
    if (column.name == plan::kInputFileColumn) {
      joins = true;
      value = "firn_files.uri";
    } else if (column.name == plan::kFileMetadataColumn) {
      joins = true;
      value =
          "struct_pack(f0 := firn_files.uri, f1 := firn_files.name, f2 := firn_files.size, f3 "
          ":= 0::BIGINT, f4 := firn_files.size, f5 := firn_files.modified";
      value += wants_row_index(scan) ? ", f6 := firn_rows.file_row_number)" : ")";
    } else if (partition != files.front().partition.end()) {
      const auto index = std::to_string(partition - files.front().partition.begin());
      joins |= !by_folders;
      value = partition_value(
          by_folders ? "firn_rows." + quoted_identifier(partition->key) : "firn_files.p" + index,
          column.type, options);
    } else if (in_file != described->names.end()) {
      const auto index = static_cast<size_t>(in_file - described->names.begin());
      value = adapted_column("firn_rows." + quoted_identifier(*in_file), described->types[index],
                             column.type, column.name, shown);
    }
    select += (select.empty() ? "SELECT " : ", ") + value + " AS " + column_name(column.id);
  }
  if (select.empty()) select = "SELECT true AS firn_row";
  std::string query = select + " FROM " + call + " firn_rows";
  if (joins)
    query += " JOIN " + file_table(files) + " ON firn_rows.firn_file = firn_files.store_path";
  return query;
}

// ---- The function that gives a value's vector another type of the same layout: struct children
// lose their names.

namespace {

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

}  // namespace

void register_parquet_functions(duckdb::DatabaseInstance& instance) {
  duckdb::ScalarFunction reinterpret(kReinterpret,
                                     {duckdb::LogicalType::ANY, duckdb::LogicalType::ANY},
                                     duckdb::LogicalType::ANY, reinterpret_rows, bind_reinterpret);
  reinterpret.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  register_scalar_function(instance, std::move(reinterpret));
}

}  // namespace firn::engine
