// Streaming sources by name, and a stream's way back to the catalog.
#include "session/streams.h"

#include <algorithm>
#include <mutex>
#include <optional>

#include "base/ascii.h"
#include "base/error.h"
#include "engine/row_set.h"
#include "engine/table_source.h"
#include "plan/build.h"
#include "session/broker_map.h"
#include "session/file_format.h"
#include "stream/source/formats.h"
#include "stream/source/iceberg_source.h"

namespace firn::session {
namespace {

// Arguments of read_stream that are not the user's options.
constexpr const char* kFormat = "__format";
constexpr const char* kSchema = "__schema";
constexpr const char* kPath = "__path";

constexpr const char* kReadStream = "read_stream";

// Names of tables as scans have them → as the catalog has them. A session of its own: the user's is
// not for the threads of queries.
class TableNames {
 public:
  explicit TableNames(Session& session) : session_(session.process(), session.conf()) {}
  catalog::TableName find(const std::vector<std::string>& name) {
    const std::lock_guard lock(mutex_);
    return session_.table_name(name);
  }

 private:
  std::mutex mutex_;
  Session session_;
};

// The plan with each scan of a table's newest snapshot at what is the newest now. Snapshots that
// the user named stay.
plan::RelationPtr with_newest_tables(const plan::RelationPtr& relation, catalog::Catalog& catalog,
                                     TableNames& names) {
  if (const auto* scan = std::get_if<plan::TableScan>(&relation->node)) {
    const plan::TableSource& old = *scan->source;
    if (old.snapshot_id != old.metadata->current_snapshot_id || old.tasks != nullptr)
      return relation;
    const table::Table table = catalog::open_table(catalog, names.find(scan->name));
    if (table.metadata().current_snapshot_id == old.snapshot_id) return relation;
    auto fresh = std::make_shared<plan::TableSource>(old);
    fresh->metadata = table.shared_metadata();
    fresh->snapshot_id = table.metadata().current_snapshot_id;
    plan::Relation made_source = *relation;
    std::get<plan::TableScan>(made_source.node).source = std::move(fresh);
    return std::make_shared<const plan::Relation>(std::move(made_source));
  }
  std::vector<plan::RelationPtr> children;
  bool changed = false;
  for (const plan::RelationPtr& child : plan::children_of(*relation)) {
    children.push_back(with_newest_tables(child, catalog, names));
    changed |= children.back() != child;
  }
  return changed ? plan::with_children(*relation, std::move(children)) : relation;
}

plan::RelationPtr made_source(plan::StreamSource source, const types::DataType& schema,
                              plan::IdSource& fresh) {
  for (const types::StructField& field : schema.fields())
    source.columns.push_back({fresh.next(), field.name, field.type, true, {}});
  auto output = source.columns;
  return std::make_shared<const plan::Relation>(
      plan::Relation{std::move(source), std::move(output), true, true, {}});
}

}  // namespace

plan::NameParts split_name(const std::string& text) {
  plan::NameParts parts(1);
  bool quoted = false;
  for (const char c : text) {
    if (c == '`')
      quoted = !quoted;
    else if (c == '.' && !quoted)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

const std::map<std::string, std::string>& streaming_properties() {
  static const std::map<std::string, std::string> properties = {
      {"write.metadata.delete-after-commit.enabled", "true"},
      {"write.metadata.previous-versions-max", "100"},
      {"firn.stream.max-snapshots", "1000"},
  };
  return properties;
}

plan::RelationPtr rows_relation(const std::vector<plan::Attribute>& columns,
                                std::vector<engine::Chunk> chunks, plan::IdSource& fresh) {
  std::vector<types::DataType> types;
  std::vector<plan::Attribute> attributes;
  for (const plan::Attribute& column : columns) {
    types.push_back(column.type);
    attributes.push_back({fresh.next(), column.name, column.type, column.nullable, {}});
  }
  return engine::row_set_relation(engine::make_row_set(std::move(types), std::move(chunks)),
                                  std::move(attributes));
}

stream::Services stream_services(Session& session, engine::Engine& engine) {
  catalog::Catalog& catalog = session.process().catalog;
  const auto names = std::make_shared<TableNames>(session);
  return {engine,
          session.process().store,
          session.process().clock,
          session.process().random,
          [&catalog](const std::vector<std::string>& name) {
            return catalog::open_table(catalog, {{name.begin(), name.end() - 1}, name.back()});
          },
          [&catalog, names](const plan::RelationPtr& plan) {
            return with_newest_tables(plan, catalog, *names);
          }};
}

plan::RelationPtr stream_from_table(Session& session, const plan::NameParts& table,
                                    const plan::Options& options, plan::IdSource& fresh) {
  const catalog::TableName name = session.table_name(table);
  const auto state = session.process().catalog.load(name);
  if (!state)
    throw Error("TABLE_OR_VIEW_NOT_FOUND", {{"relationName", "`" + name.to_string() + "`"}});
  plan::StreamSource source{"iceberg", {options.begin(), options.end()}, {}};
  stream::check_iceberg_stream_options(source.options);
  std::vector<std::string> parts = name.space;
  parts.push_back(name.name);
  source.options[stream::kTableOption] = stream::encode_table_name(parts);
  const plan::NameParts qualifier = session.full_name(table);
  for (const types::Field& field : state->metadata->schema().fields)
    source.columns.push_back(
        {fresh.next(), field.name, types::to_spark(field.type), !field.required, qualifier});
  std::vector<plan::Attribute> output = source.columns;
  return std::make_shared<const plan::Relation>(
      plan::Relation{std::move(source), std::move(output), true, true, {}});
}

plan::RelationPtr stream_from_files(Session& session, const plan::UnresolvedTable& table,
                                    plan::IdSource& fresh) {
  std::vector<std::pair<std::string, plan::Literal>> arguments;
  const auto add = [&](const std::string& key, const std::string& value) {
    arguments.emplace_back(key, plan::Literal{types::DataTypeId::kString, value});
  };
  add(kFormat, table.parts.front());
  add(kPath, table.parts.back());
  for (const auto& [key, value] : table.options) {
    if (key == "__paths")
      throw_invalid("a stream of files reads one path; a pattern may stand for several folders");
    add(key, value);
  }
  return stream_from_format(session, kReadStream, arguments, fresh);
}

bool is_stream_function(const std::string& name) {
  const std::string format = lower_case(name);
  return format == kReadStream || format == "rate" || format == "rate-micro-batch" ||
         format == "socket" || format == "kinesis";
}

plan::RelationPtr stream_from_format(
    Session& session, const std::string& name,
    const std::vector<std::pair<std::string, plan::Literal>>& arguments, plan::IdSource& fresh) {
  plan::StreamSource source;
  if (lower_case(name) != kReadStream) source.format = lower_case(name);
  std::string schema_text, path;
  for (const auto& [key, literal] : arguments) {
    const auto* const text = std::get_if<std::string>(&literal.value);
    if (key.empty() || text == nullptr)
      throw_invalid("read_stream takes named arguments that are strings");
    if (key == kFormat)
      source.format = lower_case(*text);
    else if (key == kSchema)
      schema_text = *text;
    else if (key == kPath)
      path = *text;
    else
      source.options[key] = *text;
  }
  if (source.format.empty()) source.format = default_file_format(session.conf());
  if (source.format == "iceberg") {
    if (path.empty()) {
      const auto option = source.options.find("path");
      if (option != source.options.end()) path = option->second;
    }
    source.options.erase("path");
    return stream_from_table(session, split_name(path),
                             {source.options.begin(), source.options.end()}, fresh);
  }
  if (!path.empty()) source.options["path"] = path;
  std::optional<types::DataType> given;
  if (!schema_text.empty()) {
    SessionSurroundings surroundings(session);
    given = surroundings.parse_schema(schema_text);
  }
  if (source.format == "kafka") map_brokers(session.conf(), source.options);
  const types::DataType schema =
      stream::source_schema(source.format, source.options, given ? &*given : nullptr);
  return made_source(std::move(source), schema, fresh);
}

}  // namespace firn::session
