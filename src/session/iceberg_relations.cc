// Tables and views of catalogs as relations: the table itself, a state of it, its metadata tables.
#include <algorithm>
#include <cctype>
#include <charconv>

#include "base/ascii.h"
#include "base/error.h"
#include "catalog/metadata_file.h"
#include "engine/table_source.h"
#include "session/changes_table.h"
#include "session/file_tables.h"
#include "session/hidden_columns.h"
#include "session/metadata_tables.h"
#include "session/session.h"
#include "session/streams.h"
#include "session/time_travel.h"
#include "table/incremental.h"
#include "table/manifest_cache.h"

namespace firn::session {
namespace {

plan::RelationPtr made(plan::RelationNode node, std::vector<plan::Attribute> output) {
  return std::make_shared<const plan::Relation>(
      plan::Relation{std::move(node), std::move(output), true, false, {}});
}

// A table that a name refers to, and what the name's last parts ask of it.
struct Found {
  table::State state;
  plan::NameParts table;      // without what follows the table's own name
  std::string suffix;         // "branch_x", … or ""
  std::string metadata_kind;  // "files", … or ""
};

std::optional<Found> find(Session& session, const plan::NameParts& parts) {
  catalog::Catalog& catalog = session.process().catalog;
  if (auto state = catalog.load(session.table_name(parts))) return Found{*state, parts, "", ""};
  if (parts.size() < 2) return std::nullopt;
  const std::string& last = parts.back();
  const bool kind = is_metadata_table(last);
  if (!kind && !is_state_suffix(last)) return std::nullopt;
  plan::NameParts rest(parts.begin(), parts.end() - 1);
  if (auto state = catalog.load(session.table_name(rest)))
    return Found{*state, rest, kind ? "" : last, kind ? last : ""};
  if (!kind || rest.size() < 2 || !is_state_suffix(rest.back())) return std::nullopt;
  const std::string suffix = rest.back();
  rest.pop_back();
  if (auto state = catalog.load(session.table_name(rest))) return Found{*state, rest, suffix, last};
  return std::nullopt;
}

// The number that a metadata file's name begins with: 00012-….metadata.json, v12.metadata.json.
int64_t version_of(const std::string& uri) {
  size_t at = uri.rfind('/') + 1;
  if (at < uri.size() && uri[at] == 'v') ++at;
  int64_t version = -1;
  const auto [end, problem] = std::from_chars(uri.data() + at, uri.data() + uri.size(), version);
  return problem == std::errc() ? version : -1;
}

// A table by its folder: the newest metadata file that stands there. Read only.
std::optional<table::State> find_by_path(files::FileStore& store, const std::string& folder) {
  std::string newest;
  for (const files::FileInfo& file : store.list(files::join_uri(folder, "metadata"))) {
    const bool metadata = file.uri.ends_with(".metadata.json");
    if (metadata && (newest.empty() || version_of(file.uri) > version_of(newest)))
      newest = file.uri;
  }
  if (newest.empty()) return std::nullopt;
  return table::State{newest, catalog::read_metadata_file(store, newest)};
}

// spark.read.format("iceberg").load("db.t.files"), load("/warehouse/db/t#files"): the name, or the
// folder, as one text.
std::optional<Found> find_by_format(Session& session, const plan::NameParts& parts) {
  if (parts.size() != 2) return std::nullopt;
  std::string format = parts.front();
  std::transform(format.begin(), format.end(), format.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (format != "iceberg") return std::nullopt;
  const std::string& text = parts.back();
  if (text.find('/') != std::string::npos) {
    const size_t hash = text.rfind('#');
    const std::string folder = text.substr(0, hash);
    const std::string kind = hash == std::string::npos ? "" : text.substr(hash + 1);
    if (!kind.empty() && !is_metadata_table(kind)) return std::nullopt;
    auto state = find_by_path(session.process().store, folder);
    if (!state) return std::nullopt;
    return Found{std::move(*state), {folder}, "", kind};
  }
  plan::NameParts names;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('.', at), text.size());
    names.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return find(session, names);
}

}  // namespace

plan::RelationPtr SessionSurroundings::find_iceberg(const plan::UnresolvedTable& table,
                                                    plan::IdSource& fresh) {
  std::optional<Found> found = find(session_, table.parts);
  if (!found) found = find_by_format(session_, table.parts);
  if (!found && !table.streaming) {
    if (const auto files = find_file_table(session_, table.parts))
      return file_table_relation(session_, *this, *files, session_.full_name(table.parts), fresh);
  }
  if (!found) return find_catalog_view(session_.table_name(table.parts), fresh);
  if (table.streaming) return stream_from_table(session_, found->table, table.options, fresh);
  if (lower_case(found->metadata_kind) == "changes") {
    plan::NameParts qualifier = session_.full_name(found->table);
    qualifier.push_back(found->metadata_kind);
    return changes_table(session_, found->state.metadata, table.options, std::move(qualifier),
                         fresh);
  }
  const TableState state =
      state_of(session_, found->state.metadata, table, found->suffix, found->metadata_kind.empty());
  plan::NameParts name = session_.full_name(found->table);
  if (!found->suffix.empty()) name.push_back(found->suffix);
  if (!found->metadata_kind.empty()) {
    plan::NameParts qualifier = name;
    qualifier.push_back(found->metadata_kind);
    return metadata_table(session_, found->metadata_kind, found->state, state, lenient_,
                          std::move(qualifier), fresh);
  }
  auto source = std::make_shared<plan::TableSource>();
  source->metadata = state.metadata;
  source->snapshot_id = state.snapshot_id;
  source->store = &session_.process().store;
  source->manifests = session_.process().manifests;
  if (state.incremental && state.snapshot_id) {
    source->tasks = std::make_shared<const std::vector<table::ScanTask>>(
        table::added_between(*state.metadata, session_.process().store, state.after,
                             *state.snapshot_id, source->manifests.get()));
  }
  const bool is_current =
      state.incremental || state.snapshot_id == state.metadata->current_snapshot_id;
  const types::Schema* schema = &state.metadata->schema();
  if (!is_current && state.snapshot_id) {
    const iceberg::Snapshot* snapshot = state.metadata->snapshot_by_id(*state.snapshot_id);
    if (snapshot != nullptr && snapshot->schema_id)
      schema = &state.metadata->schema_by_id(*snapshot->schema_id);
  }
  plan::TableScan scan;
  scan.name = name;
  scan.source = std::move(source);
  std::vector<plan::Attribute> output;
  for (const types::Field& field : schema->fields) {
    plan::Attribute attribute{fresh.next(), field.name, types::to_spark(field.type),
                              !field.required, scan.name};
    scan.columns.push_back({attribute, field.id});
    output.push_back(std::move(attribute));
  }
  const bool shows_hidden = lenient_ && !state.incremental;
  if (shows_hidden)
    return with_hidden_columns(std::move(scan), std::move(output), state, session_.process().store,
                               session_.process().manifests.get(), fresh);
  return made(std::move(scan), std::move(output));
}

}  // namespace firn::session
