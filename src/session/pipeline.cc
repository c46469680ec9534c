// Reading a pipeline's definitions, ordering them by what they read, and running them.
#include "session/pipeline.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "base/ascii.h"
#include "base/error.h"
#include "base/log.h"
#include "plan/streaming.h"
#include "session/streams.h"
#include "session/writing.h"
#include "stream/flow_checkpoint.h"

namespace firn::session {
namespace {

using Steady = std::chrono::steady_clock;

double seconds_since(Steady::time_point start) {
  return std::chrono::duration<double>(Steady::now() - start).count();
}

// A table that the file defines and, for materialized views, its query.
struct Definition {
  catalog::TableName name;
  plan::TableDefinition table;
  plan::RelationPtr query;  // null: a streaming table that only flows fill
  bool is_view = false;
  bool if_not_exists = false;
  TextPosition position;
};

struct Flow {
  std::string name;  // qualified; names its checkpoint
  catalog::TableName target;
  plan::RelationPtr query;
  bool by_name = true;
};

// One streaming query: flows that read the same source node.
struct Group {
  const plan::Relation* source = nullptr;
  std::vector<std::string> flows;
  std::vector<stream::Target> targets;
  stream::QueryOptions options;
};

const plan::Relation* find_source(const plan::Relation& relation) {
  if (std::holds_alternative<plan::StreamSource>(relation.node)) return &relation;
  return std::visit(
      [](const auto& node) -> const plan::Relation* {
        if constexpr (requires { node.child; }) return find_source(*node.child);
        if constexpr (requires { node.children; }) {
          for (const plan::RelationPtr& child : node.children) {
            if (const plan::Relation* found = find_source(*child)) return found;
          }
        }
        if constexpr (requires { node.left; }) {
          if (const plan::Relation* found = find_source(*node.left)) return found;
          return find_source(*node.right);
        }
        return nullptr;
      },
      relation.node);
}

class PipelineRun {
 public:
  PipelineRun(Session& session, const PipelineOptions& options, const PipelineListener& listener)
      : session_(session), options_(options), listener_(listener) {}

  void run(const std::vector<plan::Statement>& statements, const StopToken& stop) {
    const bool pipeline = is_pipeline(statements);
    std::vector<const plan::Statement*> after;
    for (const plan::Statement& statement : statements) {
      if (collect(statement)) continue;
      const bool reads = std::holds_alternative<plan::Query>(statement.node) ||
                         std::holds_alternative<plan::Insert>(statement.node);
      if (pipeline && reads && !definitions_.empty())
        after.push_back(&statement);
      else
        execute(statement, stop);
    }
    if (pipeline) {
      check_flows();
      make_tables();
      make_groups();
      choose_checkpoints();
      run_groups(stop);
    }
    for (const plan::Statement* statement : after) {
      if (!stop.stop_requested()) execute(*statement, stop);
    }
  }

 private:
  // ---- definitions
  bool collect(const plan::Statement& statement) {
    if (const auto* node = std::get_if<plan::CreateStreamingTable>(&statement.node)) {
      define({session_.table_name(node->name), node->definition, node->query, false,
              node->if_not_exists, statement.position});
      if (node->query != nullptr)
        add_flow(session_.table_name(node->name).to_string(), session_.table_name(node->name),
                 node->query, true);
      return true;
    }
    if (const auto* node = std::get_if<plan::CreateMaterializedView>(&statement.node)) {
      define({session_.table_name(node->name), node->definition, node->query, true,
              node->if_not_exists, statement.position});
      return true;
    }
    if (const auto* node = std::get_if<plan::CreateFlow>(&statement.node)) {
      if (node->once)
        throw_unsupported(
            "CREATE FLOW … INSERT INTO ONCE (a backfill); run its query as an INSERT");
      add_flow(session_.table_name(node->name).to_string(), session_.table_name(node->target),
               node->query, node->by_name);
      return true;
    }
    if (const auto* node = std::get_if<plan::CreateView>(&statement.node);
        node != nullptr && node->temporary && node->name.size() == 1) {
      // Registered without a look at what it reads: that may be defined further down.
      const std::string key = lower_case(node->name.front());
      if (session_.temporary_views().count(key) != 0 && !node->or_replace)
        throw Error("TEMP_TABLE_OR_VIEW_ALREADY_EXISTS",
                    {{"relationName", "`" + node->name.front() + "`"}});
      const plan::RelationPtr query =
          node->columns.empty()
              ? node->query
              : plan::make(plan::SubqueryAlias{node->name.front(), node->columns, node->query});
      session_.temporary_views()[key] = {node->text, node->columns, query, nullptr};
      return true;
    }
    return false;
  }

  void define(Definition definition) {
    const std::string key = definition.name.to_string();
    if (!definitions_.emplace(key, std::move(definition)).second)
      throw Error("TABLE_OR_VIEW_ALREADY_EXISTS", {{"relationName", "`" + key + "`"}});
    order_.push_back(key);
  }

  void add_flow(std::string name, catalog::TableName target, plan::RelationPtr query,
                bool by_name) {
    for (const Flow& flow : flows_) {
      if (flow.name == name) throw_invalid("two flows have the name " + name);
    }
    flows_.push_back({std::move(name), std::move(target), std::move(query), by_name});
  }

  // Definitions in the order of what they read; a cycle is an error with the names in it.
  std::vector<const Definition*> ordered() {
    std::vector<const Definition*> result;
    std::set<std::string> done;
    std::vector<std::string> path;
    for (const std::string& key : order_) visit(key, done, path, result);
    return result;
  }

  void visit(const std::string& key, std::set<std::string>& done, std::vector<std::string>& path,
             std::vector<const Definition*>& result) {
    if (done.count(key) != 0) return;
    if (std::find(path.begin(), path.end(), key) != path.end()) {
      std::string cycle;
      for (auto at = std::find(path.begin(), path.end(), key); at != path.end(); ++at)
        cycle += *at + " → ";
      throw_invalid("the pipeline's definitions read each other in a circle: " + cycle + key);
    }
    path.push_back(key);
    const auto definition = definitions_.find(key);
    const auto view = session_.temporary_views().find(key);
    plan::RelationPtr query;
    if (definition != definitions_.end()) {
      const Flow* const flow = flow_into(definition->second);
      query = flow != nullptr ? flow->query : definition->second.query;
    } else if (view != session_.temporary_views().end()) {
      query = view->second.query;
    }
    if (query != nullptr) {
      for (const plan::NameParts& parts : names_read(*query)) {
        const std::string as_view = lower_case(parts.back());
        if (parts.size() == 1 && session_.temporary_views().count(as_view) != 0)
          visit(as_view, done, path, result);
        else if (const std::string table = session_.table_name(parts).to_string();
                 definitions_.count(table) != 0)
          visit(table, done, path, result);
      }
    }
    path.pop_back();
    done.insert(key);
    if (definition != definitions_.end()) result.push_back(&definition->second);
  }

  // What can be told of a flow before any table is made: a mistake in it must leave nothing behind.
  // Flows that read tables of this file wait until those are there.
  void check_flows() {
    ordered();
    for (const Flow& flow : flows_) {
      std::set<std::string> seen;
      if (!reads_definition(*flow.query, seen)) plan::cut_streams({resolve_flow(flow)});
    }
  }

  bool reads_definition(const plan::Relation& query, std::set<std::string>& seen) {
    for (const plan::NameParts& parts : names_read(query)) {
      if (definitions_.count(session_.table_name(parts).to_string()) != 0) return true;
      const auto view = session_.temporary_views().find(lower_case(parts.back()));
      if (parts.size() == 1 && view != session_.temporary_views().end() &&
          seen.insert(view->first).second && view->second.query != nullptr &&
          reads_definition(*view->second.query, seen))
        return true;
    }
    return false;
  }

  // ---- tables
  void make_tables() {
    for (const Definition* definition : ordered()) {
      if (!definition->is_view) {
        make_streaming_table(*definition);
        continue;
      }
      const plan::RelationPtr query = session_.resolve(definition->query);
      if (query->streaming)
        throw_invalid("materialized view " + definition->name.to_string() +
                      " reads a stream; make it a streaming table, or let it read a table");
      make_table(*definition, query->output, {});
      views_.push_back(definition);
    }
  }

  void make_streaming_table(const Definition& definition) {
    std::vector<plan::Attribute> columns;
    if (const Flow* const flow = flow_into(definition);
        flow != nullptr && (definition.query != nullptr || definition.table.columns.empty()))
      columns = resolve_flow(*flow)->output;
    make_table(definition, columns, streaming_properties());
  }

  // The table's own flow, else the first one that names it; nullptr: none in this file.
  const Flow* flow_into(const Definition& definition) const {
    const auto found = std::find_if(flows_.begin(), flows_.end(), [&](const Flow& flow) {
      return flow.target == definition.name &&
             (definition.query == nullptr || flow.name == definition.name.to_string());
    });
    return found == flows_.end() ? nullptr : &*found;
  }

  void make_table(const Definition& definition, const std::vector<plan::Attribute>& columns,
                  const std::map<std::string, std::string>& properties) {
    if (const auto state = session_.process().catalog.load(definition.name)) {
      for (const auto& [key, value] : properties) {
        if (state->metadata->properties.count(key) == 0) {
          log_warn(
              "table {} was not made as a streaming table: without the property {}={} each "
              "commit's metadata grows with the table's history",
              definition.name.to_string(), key, value);
        }
      }
      return;
    }
    std::vector<types::StructField> fields;
    for (const plan::Attribute& column : columns)
      fields.push_back({column.name, column.type, true});
    plan::TableDefinition table = definition.table;
    table.properties.insert(properties.begin(), properties.end());  // what the user wrote wins
    create_defined_table(session_, definition.name, table,
                         types::DataType::structure(std::move(fields)));
    note("created table " + definition.name.to_string());
  }

  // ---- flows
  const plan::RelationPtr& resolve_flow(const Flow& flow) {
    plan::RelationPtr& resolved = resolved_[flow.name];
    if (resolved == nullptr) resolved = session_.resolve(flow.query, true);
    if (!resolved->streaming)
      throw_invalid(
          "flow " + flow.name +
          " reads no stream: write FROM STREAM …, or make its target a materialized view");
    return resolved;
  }

  void make_groups() {
    for (const Flow& flow : flows_) {
      const plan::RelationPtr& resolved = resolve_flow(flow);
      const plan::Relation* const source = find_source(*resolved);
      auto group = std::find_if(groups_.begin(), groups_.end(),
                                [&](const Group& g) { return g.source == source; });
      if (group == groups_.end()) group = groups_.insert(groups_.end(), Group{source, {}, {}});
      group->flows.push_back(flow.name);
      group->targets.push_back(make_target(flow, resolved));
      const std::string& table = group->targets.back().name;
      if (std::count_if(group->targets.begin(), group->targets.end(),
                        [&](const stream::Target& t) { return t.name == table; }) > 1) {
        throw_unsupported("two flows from one source into table " + table +
                          "; write one query with UNION ALL");
      }
    }
  }

  stream::Target make_target(const Flow& flow, const plan::RelationPtr& resolved) {
    stream::Target target;
    target.table = std::make_shared<table::Table>(
        catalog::open_table(session_.process().catalog, flow.target));
    target.name = flow.target.to_string();
    target.plan = plan::assign_to_table(
        resolved, types::to_spark(target.table->metadata().schema()), flow.by_name, target.name,
        session_.resolve_options(true), session_.ids());
    if (const auto definition = definitions_.find(target.name); definition != definitions_.end()) {
      for (const plan::Expectation& expectation : definition->second.table.expectations) {
        SessionSurroundings surroundings(session_);
        target.expectations.push_back(
            {expectation.name,
             plan::resolve_expression(expectation.predicate, target.plan->output,
                                      session_.resolve_options(true), surroundings, session_.ids()),
             expectation.on_violation});
      }
    }
    return target;
  }

  stream::Trigger trigger() const {
    if (options_.once) return stream::TriggerAvailableNow{};
    if (options_.trigger_interval_ms > 0)
      return stream::TriggerProcessingTime{options_.trigger_interval_ms};
    return stream::TriggerAsap{};
  }

  std::string checkpoint_of(const std::string& flow) const {
    return files::join_uri(checkpoint_base(), flow);
  }

  std::string checkpoint_base() const {
    const auto base = session_.conf().get("spark.sql.streaming.checkpointLocation");
    if (base && !base->empty()) return *base;
    return files::join_uri(session_.process().catalog.warehouse(), "_checkpoints");
  }

  // Before any query starts: an error here must leave no trace.
  void choose_checkpoints() {
    std::vector<std::string> all;
    for (const Flow& flow : flows_) all.push_back(flow.name);
    for (Group& group : groups_) {
      const std::string named_after = stream::flow_with_checkpoint(
          session_.process().store, checkpoint_base(), group.flows, all);
      group.options = query_options(named_after);
    }
  }

  stream::QueryOptions query_options(const std::string& name) const {
    stream::QueryOptions options;
    options.name = name;
    options.checkpoint = checkpoint_of(name);
    options.trigger = trigger();
    options.max_records_per_epoch = options_.max_records_per_epoch;
    options.crash_at = options_.crash_at;
    return options;
  }

  // ---- the run
  void run_groups(const StopToken& stop) {
    StopSource all;  // one query's failure stops the others
    const std::stop_callback link(stop, [&all] { all.request_stop(); });
    const auto engine = engine::make_engine(
        {1, 0, ""}, session_.process().store);  // streams have an instance of their own
    std::vector<std::future<void>> running;
    for (Group& group : groups_) {
      running.push_back(std::async(std::launch::async, [this, &group, &engine, &all] {
        try {
          const auto query = stream::make_query(
              group.options, group.targets, stream_services(session_, *engine),
              {[this](const stream::Progress& progress) { report(progress); }, nullptr});
          stream::note_flows(session_.process().store, group.options.checkpoint, group.flows);
          query->run(all.get_token());
        } catch (...) {
          all.request_stop();
          throw;
        }
      }));
    }
    try {
      watch(running, all.get_token());
    } catch (...) {  // a view's refresh failed: the queries must end before their futures do
      all.request_stop();
      throw;
    }
    for (std::future<void>& one : running) one.get();
    refresh_views(true, stop);
  }

  void watch(std::vector<std::future<void>>& running, const StopToken& stop) {
    auto refreshed = Steady::now();
    const auto is_running = [](std::future<void>& one) {
      return one.wait_for(std::chrono::milliseconds(0)) != std::future_status::ready;
    };
    while (std::any_of(running.begin(), running.end(), is_running)) {
      for (std::future<void>& one : running) {
        if (one.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout) break;
      }
      if (stop.stop_requested() ||
          seconds_since(refreshed) * 1000 < static_cast<double>(options_.refresh_interval_ms))
        continue;
      refresh_views(false, stop);
      refreshed = Steady::now();
    }
  }

  void refresh_views(bool last, const StopToken& stop) {
    for (const Definition* view : views_) {
      if (stop.stop_requested() && !last) return;
      const plan::RelationPtr query = session_.resolve(view->query);
      const std::string inputs = input_state(*query);
      if (inputs_[view->name.to_string()] == inputs) continue;
      const auto start = Steady::now();
      table::Table table = catalog::open_table(session_.process().catalog, view->name);
      const int64_t rows = replace_with_query(session_, table, query, true, {});
      inputs_[view->name.to_string()] = inputs;
      const std::lock_guard lock(mutex_);
      if (listener_.refreshed)
        listener_.refreshed(view->name.to_string(), rows, seconds_since(start));
    }
  }

  // The snapshots that a resolved query reads.
  static std::string input_state(const plan::Relation& relation);

  void execute(const plan::Statement& statement, const StopToken& stop) {
    Result result = session_.execute(statement, stop);
    const std::lock_guard lock(mutex_);
    if (listener_.result) listener_.result(statement, std::move(result));
  }
  void report(const stream::Progress& progress) {
    const std::lock_guard lock(mutex_);
    if (listener_.progress) listener_.progress(progress);
  }
  void note(const std::string& text) {
    const std::lock_guard lock(mutex_);
    if (listener_.note) listener_.note(text);
  }

  Session& session_;
  const PipelineOptions& options_;
  const PipelineListener& listener_;
  std::map<std::string, Definition> definitions_;
  std::vector<std::string> order_;  // of the file
  std::vector<Flow> flows_;
  std::map<std::string, plan::RelationPtr> resolved_;  // flows, by name
  std::vector<const Definition*> views_;  // materialized, in the order of what they read
  std::vector<Group> groups_;
  std::map<std::string, std::string> inputs_;  // of each view's last refresh
  std::mutex mutex_;                           // the listener's
};

std::string PipelineRun::input_state(const plan::Relation& relation) {
  if (const auto* scan = std::get_if<plan::TableScan>(&relation.node)) return snapshot_text(*scan);
  return std::visit(
      [](const auto& node) {
        std::string state;
        if constexpr (requires { node.child; }) state += input_state(*node.child);
        if constexpr (requires { node.children; }) {
          for (const plan::RelationPtr& child : node.children) state += input_state(*child);
        }
        if constexpr (requires { node.left; })
          state += input_state(*node.left) + input_state(*node.right);
        return state;
      },
      relation.node);
}

}  // namespace

bool is_pipeline(const std::vector<plan::Statement>& statements) {
  return std::any_of(statements.begin(), statements.end(), [](const plan::Statement& statement) {
    return std::holds_alternative<plan::CreateStreamingTable>(statement.node) ||
           std::holds_alternative<plan::CreateMaterializedView>(statement.node) ||
           std::holds_alternative<plan::CreateFlow>(statement.node);
  });
}

void run_pipeline(Session& session, const std::vector<plan::Statement>& statements,
                  const PipelineOptions& options, const PipelineListener& listener,
                  const StopToken& stop) {
  PipelineRun(session, options, listener).run(statements, stop);
}

}  // namespace firn::session
