// Preparing and running plans on an Instance.
#include "engine/engine.h"

#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "engine/buffered_rows.h"
#include "engine/chunk_body.h"
#include "engine/chunk_collector.h"
#include "engine/duck_types.h"
#include "engine/instance.h"
#include "engine/large_stack.h"
#include "engine/lower.h"
#include "engine/optimizer_cost.h"
#include "engine/python_stage.h"

namespace firn::engine {
namespace {

// What a prepared plan and its run share; the run may outlive the Prepared that started it.
struct Session {
  std::shared_ptr<Instance> instance;
  std::unique_ptr<duckdb::Connection> connection;
  QueryState& state;
  duckdb::unique_ptr<duckdb::PreparedStatement> statement;
  std::vector<plan::Attribute> columns;
  std::vector<types::DataType> parameters;
  bool running = false;
  // Of a pipelined plan: results pass through it, strings uncopied. nullptr: DuckDB's own streaming
  // result.
  std::shared_ptr<ChunkQueue> queue;

  explicit Session(std::shared_ptr<Instance> i)
      : instance(std::move(i)),
        connection(instance->connect()),
        state(QueryState::of(*connection->context)) {}
  ~Session() { statement.reset(); }
};

// DuckDB's exceptions become ours here and nowhere else.
template <class Body>
auto translated(Session& session, Body&& body) {
  try {
    return body();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& foreign) {
    throw session.instance->translate(duckdb::ErrorData(foreign), session.state);
  }
}

void check_types(const Session& session) {
  const duckdb::vector<duckdb::LogicalType>& types = session.statement->GetTypes();
  if (session.columns.empty()) return;  // one column that nobody reads
  FIRN_CHECK(types.size() == session.columns.size(),
             "a prepared plan has another number of columns than its relation");
  for (size_t i = 0; i < types.size(); ++i) {
    const plan::Attribute& column = session.columns[i];
    // DuckDB gives columns that are NULL throughout a type of its own.
    if (column.type.id() == types::DataTypeId::kNull) continue;
    const duckdb::LogicalType want = to_duckdb(column.type);
    if (types[i] == want) continue;
    throw Error("FIRN_INTERNAL", {{"what", "column " + column.name + " of a prepared plan is " +
                                               types[i].ToString() + ", not " + want.ToString()}});
  }
}

void share_strings(Session& session) {
  FIRN_CHECK(session.statement->data->physical_plan, "a prepared plan was not planned to its end");
  if (!is_pipelined(session.statement->data->physical_plan->Root())) return;
  session.queue = std::make_shared<ChunkQueue>();
  duckdb::ClientConfig::GetConfig(*session.connection->context).get_result_collector =
      [queue = session.queue](duckdb::ClientContext&, duckdb::PreparedStatementData& data) {
        return make_chunk_collector(data, queue);
      };
}

void skip_optimizer_if_costly(Session& session, const plan::Relation& relation) {
  if (costs_too_much_to_optimize(relation))
    duckdb::ClientConfig::GetConfig(*session.connection->context).enable_optimizer = false;
}

std::shared_ptr<Session> prepare_session(std::shared_ptr<Instance> instance,
                                         const plan::Relation& relation,
                                         std::vector<types::DataType> parameters) {
  auto session = std::make_shared<Session>(std::move(instance));
  session->columns = relation.output;
  session->parameters = std::move(parameters);
  on_large_stack([&] {
    translated(*session, [&] {
      auto statement = lower(relation, session->parameters, session->state);
      skip_optimizer_if_costly(*session, relation);
      session->statement = session->connection->Prepare(std::move(statement));
      if (session->statement->HasError()) {
        throw session->instance->translate(session->statement->GetErrorObject(), session->state);
      }
      session->state.take_error();  // of constants that were tried out while planning
      check_types(*session);
      share_strings(*session);
    });
  });
  return session;
}

class DuckRowStream final : public RowStream, public OnInstance {
 public:
  DuckRowStream(std::shared_ptr<Session> session, const Bindings& bindings, StopToken stop)
      : session_(std::move(session)),
        bindings_(bindings),
        stop_(stop),
        interrupt_(stop, Interrupt{session_->connection.get()}) {
    FIRN_CHECK(!session_->running, "a prepared plan runs once at a time");
    QueryState& state = session_->state;
    state.take_error();
    state.bindings = &bindings_;
    state.stop = stop_;
    throw_if_stopped(stop_);
    session_->running = true;
    if (session_->queue) session_->queue->open();
    try {
      start();
    } catch (...) {
      finish();
      throw;
    }
  }
  ~DuckRowStream() override { finish(); }

  const std::vector<plan::Attribute>& columns() const override { return session_->columns; }
  std::shared_ptr<Instance> instance() const override { return session_->instance; }

  bool next(Chunk& out) override {
    out = Chunk();
    if (done_) return false;
    const bool more = translated(
        *session_, [&] { return session_->queue ? next_pushed(out) : next_fetched(out); });
    if (more && session_->columns.empty()) out.body().chunk.data.clear();
    if (!more) {
      done_ = true;
      finish();
      throw_if_stopped(stop_);
    }
    return more;
  }

 private:
  struct Interrupt {
    duckdb::Connection* connection;
    void operator()() const { connection->Interrupt(); }
  };

  void start() {
    translated(*session_, [&] {
      FIRN_CHECK(bindings_.parameters.size() == session_->parameters.size(),
                 "a run binds every parameter");
      session_->state.parameters.clear();
      duckdb::vector<duckdb::Value> none;
      for (size_t i = 0; i < bindings_.parameters.size(); ++i) {
        session_->state.parameters.push_back(
            to_duckdb(bindings_.parameters[i], session_->parameters[i]));
      }
      pending_ = session_->statement->PendingQuery(none, !session_->queue);
      if (pending_->HasError()) fail(pending_->GetErrorObject());
      if (session_->queue) return;
      result_ = pending_->Execute();
      pending_.reset();
      if (result_->HasError()) fail(result_->GetErrorObject());
    });
  }
  // Fetch() alone asks again at once while other threads have all the tasks: a core spent on
  // asking.
  void wait_for_chunk() {
    if (result_->type != duckdb::QueryResultType::STREAM_RESULT) return;
    auto& rows = result_->Cast<duckdb::StreamQueryResult>();
    while (true) {
      const auto asked = std::chrono::steady_clock::now();
      const duckdb::StreamExecutionResult state = rows.ExecuteTask();
      if (duckdb::StreamQueryResult::IsChunkReady(state)) return;
      if (state == duckdb::StreamExecutionResult::BLOCKED) rows.WaitForTask();
      if (std::chrono::steady_clock::now() - asked < kNoTask) std::this_thread::sleep_for(kNap);
    }
  }
  bool next_fetched(Chunk& out) {
    wait_for_chunk();
    auto chunk = result_->Fetch();
    if (result_->HasError()) fail(result_->GetErrorObject());
    if (!chunk || chunk->size() == 0) return false;
    out.body().chunk.Move(*chunk);
    return true;
  }
  // Runs the pipeline on this thread until it has pushed a chunk.
  bool next_pushed(Chunk& out) {
    while (!session_->queue->pop(out)) {
      if (finished_) {
        result_ = pending_->Execute();
        if (result_->HasError()) fail(result_->GetErrorObject());
        return false;
      }
      const duckdb::PendingExecutionResult state = pending_->ExecuteTask();
      if (pending_->HasError()) fail(pending_->GetErrorObject());
      finished_ = duckdb::PendingQueryResult::IsExecutionFinished(state);
      const bool elsewhere = state == duckdb::PendingExecutionResult::BLOCKED ||
                             state == duckdb::PendingExecutionResult::NO_TASKS_AVAILABLE;
      if (elsewhere) session_->queue->wait();  // another thread has the task
    }
    return true;
  }
  static constexpr std::chrono::microseconds kNoTask{20};  // less than any task takes
  static constexpr std::chrono::microseconds kNap{100};

  [[noreturn]] void fail(duckdb::ErrorData error) {
    const Error ours = session_->instance->translate(error, session_->state);
    done_ = true;
    finish();
    throw ours;
  }
  // Leaves nothing running: tasks of an unfinished run may still pull from the caller's sources.
  void finish() {
    if (!session_->running) return;
    pending_.reset();
    result_.reset();
    if (session_->queue) session_->queue->close();
    if (!done_) {
      session_->connection->Interrupt();
      session_->connection->Query(
          "SELECT 1");  // DuckDB cancels what is open before it begins another query
    }
    session_->state.bindings = nullptr;
    session_->running = false;
  }

  std::shared_ptr<Session> session_;
  Bindings bindings_;
  StopToken stop_;
  duckdb::unique_ptr<duckdb::PendingQueryResult> pending_;
  duckdb::unique_ptr<duckdb::QueryResult> result_;
  bool finished_ = false;  // the pipelines have run to their end
  bool done_ = false;      // nothing more comes: end or error
  std::stop_callback<Interrupt> interrupt_;
};

class DuckPrepared final : public Prepared {
 public:
  explicit DuckPrepared(std::shared_ptr<Session> session) : session_(std::move(session)) {}

  std::unique_ptr<RowStream> run(const Bindings& bindings, StopToken stop) override {
    if (session_->instance->poisoned()) {
      throw Error(
          "FIRN_INTERNAL",
          {{"what",
            "the engine that this query was prepared on has failed; start the query again"}});
    }
    return std::make_unique<DuckRowStream>(session_, bindings, std::move(stop));
  }
  int64_t rebinds() const override { return session_->state.rebinds; }

 private:
  std::shared_ptr<Session> session_;
};

// A plan with Python functions: the parts between them, prepared each for itself.
class StagedPrepared final : public Prepared {
 public:
  StagedPrepared(std::vector<PythonStage> stages, std::vector<std::unique_ptr<Prepared>> inputs,
                 std::unique_ptr<Prepared> top)
      : stages_(std::move(stages)), inputs_(std::move(inputs)), top_(std::move(top)) {}

  std::unique_ptr<RowStream> run(const Bindings& bindings, StopToken stop) override {
    auto staged = std::make_unique<Rows>();
    Bindings with_slots = bindings;
    for (size_t i = 0; i < stages_.size(); ++i) {
      staged->sources.push_back(run_python_stage(stages_[i], *inputs_[i], with_slots, stop));
      with_slots.slots[stages_[i].slot] = staged->sources.back().get();
    }
    staged->top = top_->run(with_slots, stop);
    staged->prepared = self_.lock();
    return staged;
  }
  int64_t rebinds() const override {
    int64_t sum = top_->rebinds();
    for (const auto& input : inputs_) sum += input->rebinds();
    return sum;
  }

 private:
  struct Rows final : RowStream, OnInstance {
    // Destroyed from below: the stream that reads, then sources, the outermost first.
    std::shared_ptr<Prepared> prepared;
    std::vector<std::unique_ptr<ChunkSource>> sources;
    std::unique_ptr<RowStream> top;
    ~Rows() override {
      top.reset();
      while (!sources.empty()) sources.pop_back();
    }
    const std::vector<plan::Attribute>& columns() const override { return top->columns(); }
    std::shared_ptr<Instance> instance() const override {
      return dynamic_cast<const OnInstance&>(*top).instance();
    }
    bool next(Chunk& out) override { return top->next(out); }
  };
  friend class DuckEngine;

  std::vector<PythonStage> stages_;
  std::vector<std::unique_ptr<Prepared>> inputs_;
  std::unique_ptr<Prepared> top_;
  std::weak_ptr<Prepared>
      self_;  // set by run(relation): its rows keep what they were prepared from
};

class DuckEngine final : public Engine {
 public:
  DuckEngine(const EngineOptions& options, files::FileStore& store)
      : options_(options), store_(store), instance_(std::make_shared<Instance>(options, store)) {}

  std::unique_ptr<Prepared> prepare(const plan::RelationPtr& relation,
                                    std::vector<types::DataType> parameters) override {
    std::vector<PythonStage> stages;
    const plan::RelationPtr top = cut_python(relation, stages);
    if (stages.empty()) return prepare_part(top, std::move(parameters));
    std::vector<std::unique_ptr<Prepared>> inputs;
    for (const PythonStage& stage : stages) inputs.push_back(prepare_part(stage.input, parameters));
    return std::make_unique<StagedPrepared>(std::move(stages), std::move(inputs),
                                            prepare_part(top, parameters));
  }
  std::unique_ptr<RowStream> run(const plan::RelationPtr& relation, StopToken stop) override {
    std::shared_ptr<Prepared> prepared = prepare(relation, {});
    if (auto* staged = dynamic_cast<StagedPrepared*>(prepared.get())) staged->self_ = prepared;
    return prepared->run({}, std::move(stop));
  }
  std::string explain_lowered(const plan::RelationPtr& relation) override {
    return explain_parts(relation, [&](const plan::RelationPtr& part) {
      std::string text;
      on_large_stack([&] {
        Session session(instance());
        text = lower(*part, {}, session.state)->ToString();
      });
      return text;
    });
  }
  std::string explain_physical(const plan::RelationPtr& relation) override {
    return explain_parts(relation,
                         [&](const plan::RelationPtr& part) { return explain_part(part); });
  }

 private:
  // The plan above its Python functions, then for each of them its line and what feeds it.
  template <class Explain>
  static std::string explain_parts(const plan::RelationPtr& relation, const Explain& explain) {
    std::vector<PythonStage> stages;
    std::string text = explain(cut_python(relation, stages));
    for (size_t i = stages.size(); i-- > 0;) {
      const std::string node = plan::to_string(stages[i].node);
      text += "\n" + node.substr(0, node.find('\n')) + "\n" + explain(stages[i].input);
    }
    return text;
  }
  std::string explain_part(const plan::RelationPtr& relation) {
    std::string text;
    on_large_stack([&] {
      Session session(instance());
      translated(session, [&] {
        auto statement = lower(*relation, {}, session.state);
        skip_optimizer_if_costly(session, *relation);
        auto result = session.connection->Query(
            duckdb::make_uniq<duckdb::ExplainStatement>(std::move(statement)));
        if (result->HasError())
          throw session.instance->translate(result->GetErrorObject(), session.state);
        for (const auto& row : *result) text += row.GetValue<std::string>(1);
      });
    });
    return text;
  }

  std::unique_ptr<Prepared> prepare_part(const plan::RelationPtr& relation,
                                         std::vector<types::DataType> parameters) {
    return std::make_unique<DuckPrepared>(
        prepare_session(instance(), *relation, std::move(parameters)));
  }
  std::shared_ptr<Instance> instance() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (instance_->poisoned()) instance_ = std::make_shared<Instance>(options_, store_);
    return instance_;
  }

  const EngineOptions options_;
  files::FileStore& store_;
  std::mutex mutex_;
  std::shared_ptr<Instance> instance_;  // GUARDED_BY(mutex_)
};

}  // namespace

std::unique_ptr<Engine> make_engine(const EngineOptions& options, files::FileStore& store) {
  return std::make_unique<DuckEngine>(options, store);
}

}  // namespace firn::engine
