// Read: tables by name, files and other sources by format. Options travel with the relation: a
// user's schema as the option __schema (schema JSON), further paths as __paths (a JSON list).
#include "server/spark_connect/translate_parts.h"
#include "session/file_format.h"
#include "sql/parser.h"

namespace firn::server::spark_connect {
namespace {

using plan::RelationPtr;

std::string json_list(const std::vector<std::string>& items) {
  std::string text = "[";
  for (size_t i = 0; i < items.size(); ++i) {
    text += i > 0 ? ",\"" : "\"";
    for (const char c : items[i]) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + "]";
}

// A table's name, or a path that stands for one: iceberg's load("db.t"), load("s3://…/t").
std::vector<std::string> table_parts(const std::string& text) {
  if (text.find('/') != std::string::npos) return {"iceberg", text};
  return name_parts(text);
}

// Sources that are no files and no tables: the session knows them as table functions with the
// options as named arguments.
RelationPtr source(const std::string& format, const plan::Options& options, bool streaming) {
  plan::UnresolvedTableFunction made;
  made.name = format == "kafka" ? "read_kafka" : format;
  made.streaming = streaming;
  for (const auto& [key, value] : options) {
    made.arguments.push_back(plan::make(plan::Literal{types::DataTypeId::kString, value}));
    made.argument_names.push_back(key);
  }
  return plan::make(std::move(made));
}

// Formats of DataFrameReader and DataStreamReader that are neither files nor tables.
constexpr std::string_view kSources[] = {"kafka", "kinesis", "rate", "rate-micro-batch", "socket"};

}  // namespace

RelationPtr Translation::read(const proto::Read& given) {
  if (given.has_named_table()) {
    plan::UnresolvedTable made;
    made.parts = name_parts(given.named_table().unparsed_identifier());
    made.streaming = given.is_streaming();
    made.options = options_of(given.named_table().options());
    return plan::make(std::move(made));
  }
  if (!given.has_data_source()) refuse("the read", given, "read_type");
  const proto::Read::DataSource& asked = given.data_source();
  session::Session& session = surroundings.session();
  std::string format = lower_case(asked.format());
  if (format.empty()) format = session::default_file_format(session.conf());
  plan::Options options = options_of(asked.options());
  if (!asked.schema().empty())
    options.emplace_back("__schema", sql::parse_schema(asked.schema()).json());
  if (!asked.predicates().empty())
    options.emplace_back("__predicates",
                         json_list({asked.predicates().begin(), asked.predicates().end()}));
  for (const std::string_view name : kSources)
    if (name == format) return source(format, options, given.is_streaming());
  std::vector<std::string> paths(asked.paths().begin(), asked.paths().end());
  if (paths.empty())
    if (std::string path = option(options, "path"); !path.empty()) paths = {std::move(path)};
  plan::UnresolvedTable made;
  made.streaming = given.is_streaming();
  if (format == "iceberg") {
    if (paths.size() != 1)
      throw Error("FIRN_INVALID_INPUT",
                  {{"what", "format(\"iceberg\") loads one table: load(\"catalog.db.table\")."}});
    made.parts = table_parts(paths[0]);
  } else {
    made.parts = {format, paths.empty() ? "" : paths[0]};
    if (paths.size() > 1)
      options.emplace_back("__paths", json_list({paths.begin() + 1, paths.end()}));
  }
  made.options = std::move(options);
  return plan::make(std::move(made));
}

}  // namespace firn::server::spark_connect
