// Queries written as a whole: CREATE TABLE AS, materialized views.
#include "session/writing.h"

#include "base/error.h"
#include "engine/table_writer.h"
#include "table/append.h"
#include "table/replace.h"

namespace firn::session {
namespace {

void check_outcome(const table::Table& table, const table::CommitOutcome& outcome) {
  if (const auto* conflict = std::get_if<table::Conflict>(&outcome))
    throw Error("COMMIT_CONFLICT", {{"table", table.name()}, {"reason", conflict->reason}});
  if (const auto* unknown = std::get_if<table::Unknown>(&outcome))
    throw Error("COMMIT_UNKNOWN", {{"table", table.name()}, {"reason", unknown->reason}});
}

}  // namespace

WrittenFiles write_query(Session& session, const table::Table& table,
                         const plan::RelationPtr& query, bool by_name, const StopToken& stop) {
  const plan::RelationPtr assigned =
      plan::assign_to_table(query, types::to_spark(table.metadata().schema()), by_name,
                            table.name(), session.resolve_options(), session.ids());
  engine::TableWriterOptions options;
  options.schema = table.metadata().schema();
  options.spec = table.metadata().spec();
  options.properties = table.metadata().properties;
  options.data_location = table.data_location();
  options.file_prefix = "00000-0-" + random_uuid(session.process().random);
  const auto writer = engine::make_table_writer(options, session.process().store);
  const auto rows = session.process().engine.run(plan::rewrite(assigned), stop);
  WrittenFiles written;
  engine::Chunk chunk;
  while (rows->next(chunk)) {
    written.rows += static_cast<int64_t>(chunk.size());
    writer->append(chunk);
  }
  written.files = writer->finish();
  return written;
}

int64_t append_query(Session& session, table::Table& table, const plan::RelationPtr& query,
                     bool by_name, const StopToken& stop) {
  WrittenFiles written = write_query(session, table, query, by_name, stop);
  if (written.files.empty()) return 0;
  table::AppendRequest request;
  request.files = std::move(written.files);
  request.fast = false;
  check_outcome(table, table::append(table, request, session.process().clock,
                                     session.process().random, stop));
  return written.rows;
}

int64_t replace_with_query(Session& session, table::Table& table, const plan::RelationPtr& query,
                           bool by_name, const StopToken& stop) {
  WrittenFiles written = write_query(session, table, query, by_name, stop);
  table::ReplaceRequest request;
  request.files = std::move(written.files);
  check_outcome(table, table::replace_all(table, request, session.process().clock,
                                          session.process().random, stop));
  return written.rows;
}

}  // namespace firn::session
