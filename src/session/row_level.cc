// See row_level.h.
#include "session/row_level.h"

#include <map>

#include "base/error.h"
#include "engine/position_delete_writer.h"
#include "plan/build.h"
#include "plan/python_plan.h"
#include "table/scan.h"

namespace firn::session {
namespace {

struct ModeRow {
  RowCommand command;
  const char* mode;
  const char* isolation;
};
constexpr ModeRow kModes[] = {
    {RowCommand::kDelete, "write.delete.mode", "write.delete.isolation-level"},
    {RowCommand::kUpdate, "write.update.mode", "write.update.isolation-level"},
    {RowCommand::kMerge, "write.merge.mode", "write.merge.isolation-level"},
};

const ModeRow& mode_row(RowCommand command) {
  for (const ModeRow& row : kModes)
    if (row.command == command) return row;
  FIRN_CHECK(false, "every command has a mode");
}

bool is_choice(const Target& target, const char* key, const char* fallback, const char* chosen,
               const char* other) {
  const std::string value = target.property(key, fallback);
  if (value != chosen && value != other)
    throw_invalid("table property " + std::string(key) + " is \"" + value + "\": " + chosen +
                  " or " + other + " is needed");
  return value == chosen;
}

class Changing {
 public:
  Changing(Session& session, Target& target, const RowChanges& changes, const StopToken& stop)
      : session_(session),
        target_(target),
        changes_(changes),
        stop_(stop),
        mode_(mode_row(changes.command)),
        merge_on_read_(
            is_choice(target, mode_.mode, "copy-on-write", "merge-on-read", "copy-on-write")),
        serializable_(
            is_choice(target, mode_.isolation, "serializable", "serializable", "snapshot")),
        options_(writer_options(session, target)),
        writer_(engine::make_table_writer(options_, session.process().store)) {}

  RowCounts run() {
    try {
      collect();
    } catch (const Error& error) {
      throw as_stored(changes_.query, error);
    }
    if (gone_->empty() && writer_->rows() == 0) return counts_;
    table::ChangeRequest request;
    request.rules = rules();
    if (!gone_->empty()) {
      const auto touched = touched_files();
      if (merge_on_read_)
        request.added_deletes = position_deletes(touched);
      else
        rewrite(touched, request);
    }
    request.added_files = writer_->finish();
    for (iceberg::DataFile& file : request.added_files) file.sort_order_id = 0;
    commit_change(session_, target_, std::move(request), stop_);
    return counts_;
  }

 private:
  using DataFiles = std::map<std::string, std::shared_ptr<const iceberg::DataFile>>;

  // New rows go to the writer, old ones into `gone_`.
  void collect() {
    const plan::RelationPtr query = plan::extract_python(changes_.query, session_.ids());
    const auto rows = session_.process().engine.run(plan::rewrite(query), stop_);
    const size_t values = rows->columns().size() - 3;
    table::PositionSet met;
    engine::Chunk chunk;
    std::vector<uint32_t> written;
    while (rows->next(chunk)) {
      written.clear();
      const kernels::ColumnView files = chunk.column(values), positions = chunk.column(values + 1),
                                actions = chunk.column(values + 2);
      for (uint64_t row = 0; row < chunk.size(); ++row) {
        const RowAction action =
            changes_.actions.at(static_cast<size_t>(actions.values<int32_t>()[row]));
        if (action != RowAction::kInsert && files.is_valid(row)) {
          const std::string_view file = files.values<kernels::StringRef>()[row].view();
          const int64_t position = positions.values<int64_t>()[row];
          if (changes_.one_source_row_each && !met.add(file, position))
            throw Error("MERGE_CARDINALITY_VIOLATION");
          if (action == RowAction::kNone || !gone_->add(file, position)) continue;
        }
        counts_.deleted += action == RowAction::kDelete;
        counts_.updated += action == RowAction::kUpdate;
        counts_.inserted += action == RowAction::kInsert;
        if (action == RowAction::kUpdate || action == RowAction::kInsert)
          written.push_back(static_cast<uint32_t>(row));
      }
      if (written.empty()) continue;
      chunk.select(written);
      chunk.keep_columns(values);
      writer_->append(chunk);
    }
  }

  DataFiles touched_files() {
    const table::ScanPlan plan = table::plan_scan(target_.metadata(), session_.process().store,
                                                  {target_.head, types::always_true(), true},
                                                  session_.process().manifests.get());
    DataFiles files;
    for (const table::ScanTask& task : plan.tasks) {
      if (gone_->find(task.file->file_path) != nullptr) files[task.file->file_path] = task.file;
    }
    FIRN_CHECK(files.size() == gone_->files().size(),
               "rows that change are of files that the snapshot has");
    return files;
  }

  std::vector<iceberg::DataFile> position_deletes(const DataFiles& touched) {
    std::map<std::string, engine::DeleteTarget> targets;
    for (const auto& [path, file] : touched) {
      const types::PartitionSpec& spec = target_.metadata().spec_by_id(file->spec_id);
      targets[path] = {file->spec_id, file->partition,
                       spec.partition_path(target_.metadata().schema(), file->partition)};
    }
    return engine::write_position_deletes(*gone_, targets, options_, session_.process().store);
  }

  // What stays of the touched files goes to the writer.
  void rewrite(const DataFiles& touched, table::ChangeRequest& request) {
    auto only = std::make_shared<std::set<std::string>>();
    bool some_stay = false;
    for (const auto& [path, file] : touched) {
      request.removed_files.push_back(file);
      if (gone_->find(path)->count() == file->record_count) continue;
      only->insert(path);
      some_stay = true;
    }
    if (!some_stay) return;
    const TargetScan scan = scan_target(session_, target_, "", false, only, gone_);
    const auto rows = session_.process().engine.run(plan::rewrite(scan.relation), stop_);
    engine::Chunk chunk;
    while (rows->next(chunk)) writer_->append(chunk);
  }

  table::ConflictRules rules() const {
    table::ConflictRules rules;
    rules.since = target_.head;
    rules.filter = changes_.filter;
    rules.no_new_data = serializable_;
    if (!merge_on_read_) return rules;  // removed files are checked anyway
    rules.no_new_deletes = changes_.command != RowCommand::kDelete;
    rules.deletes_may_remove = changes_.command == RowCommand::kDelete;
    for (const auto& [file, positions] : gone_->files()) rules.must_exist.insert(file);
    return rules;
  }

  Session& session_;
  Target& target_;
  const RowChanges& changes_;
  const StopToken& stop_;
  const ModeRow& mode_;
  const bool merge_on_read_, serializable_;
  const engine::TableWriterOptions options_;
  const std::unique_ptr<engine::TableWriter> writer_;
  const std::shared_ptr<table::PositionSet> gone_ = std::make_shared<table::PositionSet>();
  RowCounts counts_;
};

}  // namespace

RowCounts change_rows(Session& session, Target& target, const RowChanges& changes,
                      const StopToken& stop) {
  return Changing(session, target, changes, stop).run();
}

plan::ExprPtr resolve_condition(Session& session, const Target& target,
                                const plan::ExprPtr& unresolved,
                                const std::vector<plan::Attribute>& columns) {
  SessionSurroundings surroundings(session);
  const plan::ExprPtr condition = plan::resolve_expression(
      unresolved, columns, resolve_options(session, target), surroundings, session.ids());
  if (condition->type.id() == types::DataTypeId::kBoolean) return condition;
  if (condition->type.id() == types::DataTypeId::kNull)
    return plan::literal(types::DataTypeId::kBoolean, types::Null{}, condition->origin);
  const std::string text = "\"" + plan::pretty_name(*condition) + "\"";
  std::vector<QueryContext> contexts;
  if (condition->origin) contexts.push_back(*condition->origin);
  throw Error("DATATYPE_MISMATCH.FILTER_NOT_BOOLEAN",
              {{"sqlExpr", text}, {"filter", text}, {"type", "\"" + condition->type.sql() + "\""}},
              std::move(contexts));
}

plan::ExprPtr resolve_value(Session& session, const Target& target, const plan::ExprPtr& unresolved,
                            const std::vector<plan::Attribute>& columns) {
  if (plan::is_default_keyword(*unresolved)) return plan::null_of(types::DataTypeId::kNull);
  SessionSurroundings surroundings(session);
  return plan::resolve_expression(unresolved, columns, resolve_options(session, target),
                                  surroundings, session.ids());
}

plan::ExprPtr named(Session& session, plan::ExprPtr value, const std::string& name) {
  return plan::alias(std::move(value), name, session.ids().next());
}

}  // namespace firn::session
