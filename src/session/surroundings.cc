// Names that resolution asks about: temporary views, tables of the catalog, files in place,
// streaming sources.
#include <algorithm>

#include "base/ascii.h"
#include "base/error.h"
#include "engine/python_analysis.h"
#include "engine/table_source.h"
#include "session/broker_map.h"
#include "session/session.h"
#include "session/streams.h"
#include "session/view_names.h"
#include "sql/parser.h"
#include "stream/source/kafka_source.h"

namespace firn::session {
namespace {

constexpr int kMaxViewDepth = 100;  // spark.sql.view.maxNestedViewDepth

plan::RelationPtr made_relation(plan::RelationNode node, std::vector<plan::Attribute> output,
                                bool streaming = false) {
  return std::make_shared<const plan::Relation>(
      plan::Relation{std::move(node), std::move(output), true, streaming, {}});
}

std::string text_of(const plan::Literal& literal, const std::string& name) {
  if (const auto* text = std::get_if<std::string>(&literal.value)) return *text;
  if (const auto* number = std::get_if<int64_t>(&literal.value)) return std::to_string(*number);
  if (const auto* number = std::get_if<int32_t>(&literal.value)) return std::to_string(*number);
  if (const auto* flag = std::get_if<bool>(&literal.value)) return *flag ? "true" : "false";
  throw_invalid("argument " + name + " must be a string, a number or a boolean");
}

}  // namespace

std::string snapshot_text(const plan::TableScan& scan) {
  std::string text;
  for (const std::string& part : scan.name) text += part + ".";
  return text + scan.source->metadata->table_uuid + "@" +
         std::to_string(scan.source->snapshot_id.value_or(-1)) + ";";
}

plan::RelationPtr SessionSurroundings::find_view(const plan::UnresolvedTable& table,
                                                 plan::IdSource& fresh) {
  const auto key = temporary_view_key(table.parts);
  if (!key) return nullptr;
  std::optional<TemporaryView> found = session_.find_view(*key);
  if (!found) return nullptr;
  TemporaryView& view = *found;
  if (view.rows) return view.rows(fresh);
  if (view.resolved != nullptr) return view.resolved;
  enter_view(table.parts.front());
  plan::RelationPtr resolved =
      plan::resolve(view.query, session_.resolve_options(true), *this, fresh);
  --depth_;
  if (resolved->streaming) {
    view.resolved = resolved;  // all who read it share one pass over the source
    session_.put_view(*key, std::move(view), true);
    return resolved;
  }
  return plan::resolve(view.query, session_.resolve_options(), *this, fresh);
}

void SessionSurroundings::enter_view(const std::string& name) {
  if (++depth_ <= kMaxViewDepth) return;
  throw_invalid("view " + name + " refers to itself or to more than " +
                std::to_string(kMaxViewDepth) + " levels of views");
}

plan::RelationPtr SessionSurroundings::find_table(const plan::UnresolvedTable& table,
                                                  plan::IdSource& fresh) {
  if (auto view = find_view(table, fresh)) return view;
  const bool is_path = table.parts.size() == 2 &&
                       (table.parts[1].empty() || table.parts[1].find('/') != std::string::npos);
  if (table.streaming && is_path && lower_case(table.parts.front()) != "iceberg")
    return stream_from_files(session_, table, fresh);
  if (is_path) {
    if (auto files = find_files(table, fresh)) return files;
  }
  if (auto found = find_iceberg(table, fresh)) return found;
  return find_files(table, fresh);
}

plan::RelationPtr SessionSurroundings::find_table_function(
    const std::string& name, const std::vector<std::pair<std::string, plan::Literal>>& arguments,
    bool streaming, plan::IdSource& fresh) {
  if (streaming && is_stream_function(name))
    return stream_from_format(session_, lower_case(name), arguments, fresh);
  if (lower_case(name) != "read_kafka") return nullptr;
  if (!streaming)
    throw_unsupported(
        "read_kafka without STREAM (a batch over a topic); write FROM STREAM read_kafka(…)");
  plan::StreamSource source{"kafka", {}, {}};
  for (const auto& [key, literal] : arguments) {
    if (key.empty())
      throw_invalid(
          "read_kafka takes named arguments only: read_kafka(bootstrapServers => '…', subscribe => "
          "'…')");
    source.options[key] = text_of(literal, key);
  }
  map_brokers(session_.conf(), source.options);
  const auto options = stream::parse_kafka_options(source.options);
  const types::DataType schema = stream::kafka_schema(*options);
  for (const types::StructField& field : schema.fields())
    source.columns.push_back({fresh.next(), field.name, field.type, true, {}});
  auto output = source.columns;
  return made_relation(std::move(source), std::move(output), true);
}

types::DataType SessionSurroundings::parse_schema(const std::string& text) {
  return sql::parse_schema(text);
}

std::shared_ptr<const plan::PythonFunction> SessionSurroundings::find_python_function(
    const std::string& name) {
  const auto found = session_.python_functions().find(lower_case(name));
  return found == session_.python_functions().end() ? nullptr : found->second;
}

std::shared_ptr<const plan::PythonFunction> SessionSurroundings::find_python_table_function(
    const std::string& name) {
  const auto found = session_.python_table_functions().find(lower_case(name));
  return found == session_.python_table_functions().end() ? nullptr : found->second;
}

plan::PythonAnalysis SessionSurroundings::analyze_python(
    const plan::PythonFunction& function, const std::vector<plan::PythonArgument>& arguments) {
  return engine::analyze_python(function, arguments, {});
}

plan::ExprPtr SessionSurroundings::parse_expression(const std::string& text) {
  return sql::parse_expression(text);
}

std::vector<std::string> SessionSurroundings::known_tables() {
  std::vector<std::string> names;
  for (const std::string& name : session_.view_keys()) names.push_back(name);
  for (const catalog::Namespace& space : session_.process().catalog.list_namespaces({})) {
    for (const catalog::TableName& table : session_.process().catalog.list_tables(space))
      names.push_back(table.to_string());
  }
  return names;
}

}  // namespace firn::session
