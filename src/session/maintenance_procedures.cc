// Procedures that look after a table's files: expiry, orphans, manifests, registration.
#include <algorithm>
#include <set>

#include "base/error.h"
#include "catalog/purge.h"
#include "session/procedures.h"
#include "session/table_change.h"
#include "table/expire_snapshots.h"
#include "table/rewrite_manifests.h"

namespace firn::session {
namespace {

using types::DataTypeId;
using types::Null;
using types::Value;

constexpr int64_t kDayMs = 24LL * 3600 * 1000;

// There are no threads to choose, but a number that is none is a slip.
void check_concurrent_deletes(const Call& call) {
  const auto number = call.arguments.number("max_concurrent_deletes");
  if (number && *number < 1)
    throw_invalid("max_concurrent_deletes should have value > 0, value: " +
                  std::to_string(*number));
}

OutputRows expire(const Call& call) {
  check_concurrent_deletes(call);
  table::Table table = call.table();
  table::ExpireRequest request;
  if (const auto us = call.arguments.number("older_than")) request.older_than_ms = *us / 1000;
  if (const auto number = call.arguments.number("retain_last")) {
    if (*number < 1)
      throw_invalid("Number of snapshots to retain must be at least 1, cannot be: " +
                    std::to_string(*number));
    request.retain_last = static_cast<int>(*number);
  }
  const auto ids = call.arguments.lists.find("snapshot_ids");
  if (ids != call.arguments.lists.end()) request.ids = ids->second;
  Process& process = call.session.process();
  const table::ExpireResult done =
      table::expire_snapshots(table, request, process.clock, process.random, call.stop);
  return {{done.data_files, done.position_delete_files, done.equality_delete_files, done.manifests,
           done.manifest_lists, done.statistics}};
}

// One file however its URI is written.
std::string comparable(const std::string& uri) {
  const std::string scheme = files::scheme_of(uri);
  if (scheme.empty() || scheme == "file") return files::local_path(uri);
  const size_t rest = uri.find("://");
  if (scheme == "s3a" || scheme == "s3n") return "s3" + uri.substr(rest);
  return uri;
}

OutputRows remove_orphans(const Call& call) {
  check_concurrent_deletes(call);
  table::Table table = call.table();
  Process& process = call.session.process();
  const int64_t now_ms = process.clock.now_ms();
  int64_t older_than = now_ms - 3 * kDayMs;
  if (const auto us = call.arguments.number("older_than")) {
    older_than = *us / 1000;
    if (now_ms - older_than < kDayMs)
      throw_invalid(
          "Cannot remove orphan files with an interval less than 24 hours. Executing this "
          "procedure with a short interval may corrupt the table if other operations are happening "
          "at the same time.");
  }
  const auto gc = table.metadata().properties.find("gc.enabled");
  if (gc != table.metadata().properties.end() && gc->second == "false")
    throw_invalid(
        "Cannot delete orphan files: GC is disabled (deleting files may corrupt other "
        "tables)");
  // Candidates first, then the newest state: a file that a commit names meanwhile is no orphan.
  const std::string folder = call.arguments.text("location", table.metadata().location);
  const std::vector<files::FileInfo> candidates = process.store.list(folder);
  table.refresh();
  std::set<std::string> known;
  for (const std::string& uri : catalog::files_of(process.store, table.state()))
    known.insert(comparable(uri));
  for (const std::string& object : table.metadata().statistics)
    known.insert(object);  // JSON: looked into below
  const bool dry_run = call.arguments.flag("dry_run", false);
  OutputRows rows;
  for (const files::FileInfo& file : candidates) {
    const std::string path = comparable(file.uri);
    if (file.modified_ms >= older_than || known.contains(path)) continue;
    const bool hint = path.ends_with("/version-hint.text");
    const auto named = [&](const std::string& object) {
      return object.find(file.uri.substr(file.uri.rfind('/') + 1)) != std::string::npos;
    };
    if (hint || std::ranges::any_of(table.metadata().statistics, named) ||
        std::ranges::any_of(table.metadata().partition_statistics, named))
      continue;
    if (!dry_run) process.store.remove(file.uri);
    rows.push_back({file.uri});
  }
  return rows;
}

OutputRows rewrite_manifests(const Call& call) {
  table::Table table = call.table();
  std::optional<int> spec;
  if (const auto id = call.arguments.number("spec_id")) {
    spec = static_cast<int>(*id);
    (void)table.metadata().spec_by_id(*spec);
  }
  table::RewrittenManifests counts;
  Process& process = call.session.process();
  committed(table, table::rewrite_manifests(table, spec, counts, process.clock, process.random,
                                            call.stop));
  return {{static_cast<int64_t>(counts.rewritten), static_cast<int64_t>(counts.added)}};
}

OutputRows register_table(const Call& call) {
  const catalog::TableName name = call.table_name();
  const std::string file = call.arguments.text("metadata_file");
  catalog::Catalog& catalog = call.session.process().catalog;
  if (file.find(".metadata.json") == std::string::npos)
    throw_invalid(file + " is not a valid metadata file");
  catalog.register_table(name, file);
  const table::Table table = catalog::open_table(catalog, name);
  const iceberg::Snapshot* current = table.metadata().current_snapshot();
  if (current == nullptr) return {{Null{}, Null{}, Null{}}};
  const auto total = [&](const char* key) -> Value {
    const auto found = current->summary.find(key);
    if (found == current->summary.end()) return Null{};
    return static_cast<int64_t>(std::stoll(found->second));
  };
  return {{current->id, total("total-records"), total("total-data-files")}};
}

}  // namespace

std::vector<Procedure> maintenance_procedures() {
  using enum ParameterType;
  const Parameter table{"table", kString, true};
  const auto count = [](const char* name) { return OutputColumn{name, DataTypeId::kLong, true}; };
  return {
      {"expire_snapshots",
       {table,
        {"older_than", kTimestamp},
        {"retain_last", kInt},
        {"max_concurrent_deletes", kInt},
        {"stream_results", kBoolean},
        {"snapshot_ids", kLongs},
        {"clean_expired_metadata", kBoolean}},
       {count("deleted_data_files_count"), count("deleted_position_delete_files_count"),
        count("deleted_equality_delete_files_count"), count("deleted_manifest_files_count"),
        count("deleted_manifest_lists_count"), count("deleted_statistics_files_count")},
       expire},
      {"remove_orphan_files",
       {table,
        {"older_than", kTimestamp},
        {"location", kString},
        {"dry_run", kBoolean},
        {"max_concurrent_deletes", kInt},
        {"file_list_view", kString},
        {"equal_schemes", kMap},
        {"equal_authorities", kMap},
        {"prefix_mismatch_mode", kString},
        {"prefix_listing", kBoolean}},
       {{"orphan_file_location", DataTypeId::kString, false}},
       remove_orphans},
      {"rewrite_manifests",
       {table, {"use_caching", kBoolean}, {"spec_id", kInt}},
       {{"rewritten_manifests_count", DataTypeId::kInteger, false},
        {"added_manifests_count", DataTypeId::kInteger, false}},
       rewrite_manifests},
      {"register_table",
       {table, {"metadata_file", kString, true}},
       {{"current_snapshot_id", DataTypeId::kLong, true},
        {"total_records_count", DataTypeId::kLong, true},
        {"total_data_files_count", DataTypeId::kLong, true}},
       register_table},
  };
}

}  // namespace firn::session
