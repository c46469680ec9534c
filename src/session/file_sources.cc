// Files and other stores that a query reads without a catalog: csv.`path`, spark.read.….
#include <optional>

#include "base/error.h"
#include "engine/file_scan.h"
#include "formats/reader.h"
#include "formats/schema_json.h"
#include "plan/file_columns.h"
#include "session/session.h"
#include "sql/parser.h"

namespace firn::session {
namespace {

struct AliasRow {
  const char* name;
  const char* format;
};
// Names of formats as older scripts write them.
constexpr AliasRow kAliases[] = {
    {"com.databricks.spark.csv", "csv"},
    {"com.databricks.spark.avro", "avro"},
    {"org.apache.spark.sql.avro", "avro"},
    {"org.apache.spark.sql.parquet", "parquet"},
    {"org.apache.spark.sql.json", "json"},
    {"org.apache.spark.sql.execution.datasources.parquet", "parquet"},
    {"org.apache.spark.sql.execution.datasources.json", "json"},
    {"org.apache.spark.sql.execution.datasources.csv", "csv"},
    {"org.apache.spark.sql.execution.datasources.orc", "orc"},
    {"glueparquet", "parquet"},
};
constexpr const char* kRefused[] = {"xml", "hudi"};

std::string format_name(const std::string& written) {
  const std::string name = lower_case(written);
  for (const AliasRow& row : kAliases) {
    if (name == row.name) return row.format;
  }
  return name;
}

// The user's options, the paths and schema that travel among them, and what the session adds.
struct Request {
  std::vector<std::string> paths;
  std::optional<types::DataType> schema;
  engine::FileOptions options;
};

types::DataType parse_user_schema(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  const bool json = first != std::string::npos && (text[first] == '{' || text[first] == '"');
  const types::DataType schema = json ? formats::parse_schema_json(text) : sql::parse_schema(text);
  if (schema.id() != types::DataTypeId::kStruct)
    throw_invalid("a reader's schema is a struct, not " + schema.simple_string());
  return schema;
}

struct ReadConf {
  const char* format;  // "": of all
  const char* option;
  const char* key;
};
// Options that a session's configuration stands for where the user does not set them.
constexpr ReadConf kReadConfs[] = {
    {"", "timezone", "spark.sql.session.timeZone"},
    {"", "columnnameofcorruptrecord", "spark.sql.columnNameOfCorruptRecord"},
    {"", "__partitioninference", "spark.sql.sources.partitionColumnTypeInference.enabled"},
    {"", "__validatepartitions", "spark.sql.sources.validatePartitionColumns"},
    {"", "ignorecorruptfiles", "spark.sql.files.ignoreCorruptFiles"},
    {"", "ignoremissingfiles", "spark.sql.files.ignoreMissingFiles"},
    {"csv", "columnpruning", "spark.sql.csv.parser.columnPruning.enabled"},
    {"parquet", "mergeschema", "spark.sql.parquet.mergeSchema"},
    {"parquet", "__binaryasstring", "spark.sql.parquet.binaryAsString"},
    {"parquet", "__inferntz", "spark.sql.parquet.inferTimestampNTZ.enabled"},
    {"parquet", "__nanosaslong", "spark.sql.legacy.parquet.nanosAsLong"},
    {"orc", "mergeschema", "spark.sql.orc.mergeSchema"},
    {"orc", "__byposition", "orc.force.positional.evolution"},
};

Request read_request(const std::string& format, const plan::UnresolvedTable& table,
                     const conf::Conf& conf) {
  Request request;
  if (table.parts.size() > 1 && !table.parts.back().empty())
    request.paths.push_back(table.parts.back());
  for (const auto& [key, value] : table.options) {
    const std::string name = lower_case(key);
    if (name == formats::kPathsOption) {
      for (std::string& path : formats::parse_text_list(value))
        request.paths.push_back(std::move(path));
    } else if (name == formats::kSchemaOption) {
      request.schema = parse_user_schema(value);
    } else if (name == "customschema" && format == "jdbc") {
      request.options[name] = parse_user_schema(value).json();
    } else if (name == "path" && request.paths.empty()) {
      request.paths.push_back(value);
    } else {
      request.options[name] = value;
    }
  }
  const auto add = [&](const char* option, const char* key) {
    if (const auto value = conf.get(key); value && !value->empty())
      request.options.emplace(option, *value);
  };
  for (const ReadConf& row : kReadConfs) {
    if (*row.format == '\0' || format == row.format) add(row.option, row.key);
  }
  return request;
}

}  // namespace

plan::RelationPtr SessionSurroundings::find_files(const plan::UnresolvedTable& table,
                                                  plan::IdSource& fresh) {
  if (table.parts.empty() || table.parts.size() > 2) return nullptr;
  const std::string format = format_name(table.parts.front());
  for (const char* refused : kRefused) {
    if (format == refused)
      throw_unsupported("reading files of format " + format +
                        "; formats are: " + formats::format_names());
  }
  const bool engine_format = format == "parquet" || format == "delta";
  if (!engine_format && formats::find_format(format) == nullptr) return nullptr;
  Request request = read_request(format, table, session_.conf());
  if (request.paths.empty() && format != "jdbc")
    throw_invalid("reading " + format + " needs a path: load('…') or the option path");
  const engine::FileSchema schema = engine::describe_files(
      session_.process().store, format, request.paths, request.options, request.schema);
  engine::remember_schema(schema, request.options);
  plan::FileScan scan{format, request.paths, request.options, {}};
  for (const types::StructField& field : schema.whole.fields())
    scan.columns.push_back({fresh.next(), field.name, field.type, true, {}});
  // Pruned where nobody asks for them.
  scan.columns.push_back(
      {fresh.next(), plan::kFileMetadataColumn, engine::file_metadata_type(format), false, {}});
  scan.columns.push_back(
      {fresh.next(), plan::kInputFileColumn, types::DataTypeId::kString, false, {}});
  auto output = scan.columns;
  return std::make_shared<const plan::Relation>(
      plan::Relation{std::move(scan), std::move(output), true, false, {}});
}

}  // namespace firn::session
