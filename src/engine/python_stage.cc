// The cut of plans at Python functions, and the way of their rows through a worker.
#include "engine/python_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <exception>
#include <mutex>
#include <numeric>
#include <set>
#include <thread>
#include <utility>

#include "base/json_string.h"
#include "columnar/ipc.h"
#include "engine/chunk_body.h"
#include "engine/chunk_builder.h"
#include "plan/build.h"
#include "plan/python_plan.h"
#include "python/worker.h"

namespace firn::engine {
namespace {

constexpr int64_t kFirstStageId =
    int64_t{1} << 40;  // attribute ids of our own, beyond those that resolution gives
constexpr int kFirstSlot = 1 << 24;
constexpr int kFirstTableEvalType = 300;  // SQL_TABLE_UDF: its pickle says no result type
constexpr int64_t kBatchBytes = 8 << 20;

using plan::PythonEval;
using plan::PythonMap;
using plan::RelationPtr;

// ---- the cut

RelationPtr slot_of(const plan::Relation& relation, int slot) {
  return plan::finish(plan::Slot{slot, relation.output});
}

const plan::PythonCall& call_in(const plan::ExprPtr& named) {
  return std::get<plan::PythonCall>(std::get<plan::Alias>(named->node).child->node);
}

// f(g(x)): g, f. The first one's arguments are what is sent.
std::vector<const plan::PythonCall*> chain_of(const plan::PythonCall& call) {
  std::vector<const plan::PythonCall*> chain;
  for (const plan::PythonCall* at = &call; at != nullptr;
       at = at->arguments.size() == 1 ? std::get_if<plan::PythonCall>(&at->arguments[0]->node)
                                      : nullptr)
    chain.insert(chain.begin(), at);
  return chain;
}

// The child's columns, then the partition's (windows), then the calls' arguments (a constant where
// there is none: rows need to be counted). The child's order stays.
RelationPtr with_arguments(const PythonEval& eval, RelationPtr child) {
  const auto* sort = std::get_if<plan::Sort>(&child->node);
  if (eval.frames.empty()) sort = nullptr;
  const RelationPtr below = sort != nullptr ? sort->child : child;
  std::vector<plan::ExprPtr> columns;
  for (const plan::Attribute& attribute : child->output) columns.push_back(plan::column(attribute));
  int64_t id = kFirstStageId;
  const auto add = [&](const plan::ExprPtr& value) {
    columns.push_back(plan::alias(value, "_" + std::to_string(id), plan::AttributeId{id}, {}));
    ++id;
  };
  for (const plan::ExprPtr& key : eval.partition) add(key);
  for (const plan::ExprPtr& call : eval.calls)
    for (const plan::ExprPtr& argument : chain_of(call_in(call)).at(0)->arguments) add(argument);
  if (id == kFirstStageId) add(plan::boolean_literal(true));
  RelationPtr made = plan::project(std::move(columns), below);
  return sort != nullptr ? plan::finish(plan::Sort{sort->keys, std::move(made)}) : made;
}

// ---- the request, as worker.py reads it

template <class List, class Text>
std::string json_list(const List& list, const Text& text) {
  std::string json = "[";
  for (const auto& item : list) json += (json.size() > 1 ? "," : "") + text(item);
  return json + "]";
}

const plan::PythonFunction& function_of(const plan::Relation& node) {
  if (const auto* map = std::get_if<PythonMap>(&node.node)) return *map->function;
  return *call_in(std::get<PythonEval>(node.node).calls.at(0)).function;
}

// Functions of one request with their rows of it, in order.
struct Request {
  std::vector<const plan::PythonFunction*> functions;
  std::string rows;

  void add(const plan::PythonFunction& function, const std::string& members) {
    functions.push_back(&function);
    rows += fmt::format("{}{{\"eval_type\":{},\"name\":{}{}}}", rows.empty() ? "" : ",",
                        function.eval_type, json_quoted(function.name), members);
  }
  // The arguments are the columns from `first` on.
  void add(const plan::PythonCall& call, const std::vector<size_t>& arguments,
           const std::string& more) {
    std::vector<std::string> names = call.argument_names;
    names.resize(arguments.size());
    add(*call.function,
        ",\"arguments\":" + json_list(arguments, [](size_t i) { return std::to_string(i); }) +
            ",\"names\":" + json_list(names, json_quoted) + more);
  }
};

std::string frame_json(const plan::PythonFrame& frame) {
  const auto number = [](const std::optional<int64_t>& value) {
    return value ? std::to_string(*value) : std::string("null");
  };
  constexpr const char* kKinds[] = {"partition", "rows", "range"};
  return fmt::format(",\"frame\":{{\"kind\":\"{}\",\"start\":{},\"end\":{}}}",
                     kKinds[static_cast<int>(frame.kind)], number(frame.start), number(frame.end));
}

Request request_of(const PythonEval& eval) {
  Request made;
  size_t at = eval.partition.size();
  for (size_t i = 0; i < eval.calls.size(); ++i) {
    const std::vector<const plan::PythonCall*> chain = chain_of(call_in(eval.calls[i]));
    std::vector<size_t> arguments(chain[0]->arguments.size());
    for (size_t& argument : arguments) argument = at++;
    made.add(*chain[0], arguments, eval.frames.empty() ? "" : frame_json(eval.frames[i]));
    for (size_t link = 1; link < chain.size(); ++link) {
      const std::vector<std::string>& names = chain[link]->argument_names;
      made.add(*chain[link]->function,
               ",\"chained\":true,\"names\":[" + json_quoted(names.empty() ? "" : names[0]) + "]");
    }
  }
  return made;
}

Request request_of(const PythonMap& map) {
  Request made;
  for (const plan::ExprPtr& expr : map.calls) {
    const auto& call = std::get<plan::PythonCall>(expr->node);
    std::vector<size_t> arguments;
    for (const plan::ExprPtr& argument : call.arguments) {
      const plan::AttributeId id = plan::attribute_of(*argument).id;
      for (size_t i = 0; i < map.child->output.size(); ++i)
        if (map.child->output[i].id == id) arguments.push_back(i);
    }
    const bool table = call.function->eval_type >= kFirstTableEvalType;
    made.add(call, arguments, table ? ",\"schema\":" + call.function->result.json() : "");
  }
  if (map.calls.empty()) made.add(*map.function, "");
  return made;
}

std::string request_json(const plan::Relation& node, const Request& request) {
  const plan::PythonFunction& function = function_of(node);
  std::string settings;
  for (const auto& [key, value] : function.settings)
    settings += (settings.empty() ? "" : ",") + json_quoted(key) + ":" + json_quoted(value);
  std::string json = fmt::format("{{\"functions\":[{}],\"zone\":{},\"settings\":{{{}}}",
                                 request.rows, json_quoted(function.zone), settings);
  if (const auto* map = std::get_if<PythonMap>(&node.node)) {
    json += fmt::format(",\"keys\":{},\"kept\":{},\"analyzed\":{},\"row_names\":{}", map->key_count,
                        map->kept_count, function.analysis.empty() ? "false" : "true",
                        json_list(map->row_names, json_quoted));
    if (map->left_count) json += ",\"left\":" + std::to_string(*map->left_count);
    if (map->row_argument) json += ",\"row_argument\":" + std::to_string(*map->row_argument);
  } else {
    const auto& eval = std::get<PythonEval>(node.node);
    json += fmt::format(",\"keys\":{},\"window\":{}", eval.partition.size(),
                        eval.frames.empty() ? "false" : "true");
  }
  return json + "}";
}

python::WorkerOptions options_of(const plan::PythonFunction& function) {
  return {function.python, function.path, function.memory_bytes,
          std::chrono::milliseconds(function.timeout_ms)};
}

void collect_given(const plan::Relation& relation, std::set<plan::AttributeId>& given) {
  for (const plan::Attribute& attribute : relation.output) given.insert(attribute.id);
  for (const RelationPtr& child : plan::children_of(relation)) collect_given(*child, given);
  plan::for_each_expression(relation, [&](const plan::ExprPtr& expr) {
    (void)plan::any_node(*expr, [&](const plan::Expr& node) {
      if (const auto* named = std::get_if<plan::Alias>(&node.node)) given.insert(named->id);
      if (const auto* lambda = std::get_if<plan::Lambda>(&node.node))
        given.insert(lambda->ids.begin(), lambda->ids.end());
      if (const auto* subquery = std::get_if<plan::Subquery>(&node.node))
        collect_given(*subquery->plan, given);
      return false;
    });
  });
}

bool reads_from_outside(const plan::Relation& relation) {
  std::set<plan::AttributeId> given;
  collect_given(relation, given);
  std::vector<plan::AttributeId> read;
  plan::collect_references(relation, read);
  return std::any_of(read.begin(), read.end(),
                     [&](plan::AttributeId id) { return given.count(id) == 0; });
}

// ---- the run

class PythonSource final : public ChunkSource {
 public:
  PythonSource(const PythonStage& stage, Prepared& input, Bindings bindings, StopToken stop)
      : stage_(stage), input_(input), bindings_(std::move(bindings)), outer_(std::move(stop)) {
    for (size_t i = stage_.passed_columns; i < stage_.node.output.size(); ++i)
      results_.push_back(stage_.node.output[i].type);
  }
  ~PythonSource() override { end(); }

  bool pull(Chunk& out) override {
    if (!worker_ && !done_) begin();
    while (!done_) {
      if (decoder_ && row_ < decoder_->rows()) {
        write(out);
        return true;
      }
      if (!next_batch()) {
        done_ = true;
        ended_well_ = true;
        end();
        check_all_answered();
      }
    }
    return false;
  }

 private:
  void begin() {
    worker_ = python::WorkerPool::instance().take(options_of(function_of(stage_.node)), outer_);
    const auto* eval = std::get_if<PythonEval>(&stage_.node.node);
    const Request request =
        eval != nullptr ? request_of(*eval) : request_of(std::get<PythonMap>(stage_.node.node));
    worker_->send(request_json(stage_.node, request));
    for (const plan::PythonFunction* function : request.functions) worker_->send(function->command);
    if (const std::string& said = function_of(stage_.node).analysis; !said.empty())
      worker_->send(said);
    sender_ = std::thread([this] { run_sender(); });
  }

  // ---- the sender's thread
  void run_sender() {
    try {
      send_all();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      // A worker that does not take its input says why to the receiver.
      if (!stop_.stop_requested() && !broken_pipe(std::current_exception()))
        failure_ = std::current_exception();
      if (failure_) worker_->kill();
    }
  }
  static bool broken_pipe(const std::exception_ptr& failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const Error& error) {
      return error.condition() == "FIRN_PYTHON_WORKER";
    } catch (...) {
      return false;
    }
  }
  void send_all() {
    const std::stop_callback chained(outer_, [this] { stop_.request_stop(); });
    const std::unique_ptr<RowStream> rows = input_.run(bindings_, stop_.get_token());
    const plan::PythonFunction& function = function_of(stage_.node);
    std::vector<types::StructField> fields;
    for (size_t i = stage_.passed_columns; i < rows->columns().size(); ++i)
      fields.push_back({rows->columns()[i].name, rows->columns()[i].type, true});
    columnar::IpcEncoder encoder(types::DataType::structure(fields), {.zone = "UTC"});
    const auto most = static_cast<uint64_t>(function.batch_rows);
    Chunk chunk;
    while (rows->next(chunk)) {
      if (chunk.size() == 0) continue;
      std::vector<kernels::ColumnView> views;
      for (size_t i = 0; i < fields.size(); ++i)
        views.push_back(chunk.column(stage_.passed_columns + i));
      const uint64_t count = chunk.size();
      Chunk kept = chunk.share();
      kept.keep_columns(stage_.passed_columns);
      if (!hand_over(std::move(kept), count)) return;
      for (uint64_t at = 0; at < count;) {
        const uint64_t taken = std::min(count - at, most - encoder.rows());
        encoder.append(views, at, taken);
        at += taken;
        if (encoder.rows() >= most || encoder.bytes() >= kBatchBytes)
          worker_->send(encoder.finish());
      }
      chunk = Chunk();
    }
    if (encoder.rows() > 0) worker_->send(encoder.finish());
    worker_->send_end();
  }
  // The columns that go past the worker wait for its answers. As many rows as the worker holds, and
  // those on their way: a full socket bounds what is sent. False where nobody wants them any more.
  bool hand_over(Chunk kept, uint64_t rows) {
    const std::lock_guard lock(mutex_);
    if (stop_.stop_requested()) return false;
    if (passes()) waiting_.push_back({std::move(kept), rows});
    return true;
  }
  bool passes() const { return std::holds_alternative<PythonEval>(stage_.node.node); }

  // ---- the reader's thread
  bool next_batch() {
    std::optional<std::string> frame;
    try {
      frame = worker_->receive(outer_);
    } catch (const Error&) {
      end();
      const std::lock_guard lock(mutex_);
      if (failure_) std::rethrow_exception(failure_);
      throw;
    }
    if (!frame) return false;
    decoder_ = std::make_unique<columnar::IpcDecoder>(
        std::make_shared<const std::string>(std::move(*frame)));
    row_ = 0;
    const bool any = decoder_->next();
    check_types();
    if (!any) decoder_.reset();
    return true;
  }
  void check_types() {
    const auto& given = decoder_->columns().fields();
    bool same = given.size() == results_.size();
    for (size_t i = 0; same && i < results_.size(); ++i)
      same = given[i].type.same_ignoring_nullability(results_[i]) ||
             given[i].type.id() == types::DataTypeId::kNull;
    if (same) return;
    throw Error(
        "FIRN_PYTHON_WORKER",
        {{"what", "the Python function " + function_of(stage_.node).name + " gave " +
                      decoder_->columns().simple_string() + " instead of its declared type " +
                      types::DataType::structure([&] {
                        std::vector<types::StructField> fields;
                        for (size_t i = 0; i < results_.size(); ++i)
                          fields.push_back({"_" + std::to_string(i), results_[i], true});
                        return fields;
                      }())
                          .simple_string()}});
  }
  // The next rows, as many as both the answer and the chunk that waits for it have.
  void write(Chunk& out) {
    uint64_t rows = std::min(kChunkRows, decoder_->rows() - row_);
    if (passes()) {
      if (passed_ == current_.rows) next_waiting();
      rows = std::min(rows, current_.rows - passed_);
    }
    ChunkBuilder builder(results_);
    for (size_t i = 0; i < results_.size(); ++i) decoder_->write(i, row_, rows, builder.column(i));
    Chunk made = builder.finish(rows);
    row_ += rows;
    if (!passes() || stage_.passed_columns == 0) {
      passed_ += passes() ? rows : 0;
      out = std::move(made);
      return;
    }
    Chunk passed = current_.chunk.share();
    if (rows < current_.rows) {
      std::vector<uint32_t> chosen(rows);
      std::iota(chosen.begin(), chosen.end(), static_cast<uint32_t>(passed_));
      passed.select(chosen);
    }
    passed_ += rows;
    out = joined(std::move(passed), std::move(made));
  }
  void next_waiting() {
    const std::lock_guard lock(mutex_);
    FIRN_CHECK(!waiting_.empty(), "a Python worker answers with as many rows as it was given");
    current_ = std::move(waiting_.front());
    waiting_.pop_front();
    passed_ = 0;
  }
  void check_all_answered() {
    const std::lock_guard lock(mutex_);
    if (failure_) std::rethrow_exception(failure_);
    FIRN_CHECK(waiting_.empty() && passed_ == current_.rows,
               "a Python worker answers with as many rows as it was given");
  }
  static Chunk joined(Chunk left, Chunk right) {
    Chunk out;
    duckdb::vector<duckdb::LogicalType> types = left.body().chunk.GetTypes();
    for (const auto& type : right.body().chunk.GetTypes()) types.push_back(type);
    duckdb::DataChunk& chunk = out.body().chunk;
    chunk.InitializeEmpty(types);
    duckdb::idx_t at = 0;
    for (Chunk* side : {&left, &right})
      for (duckdb::Vector& vector : side->body().chunk.data) chunk.data[at++].Reference(vector);
    chunk.SetCardinality(left.size());
    for (Chunk* side : {&left, &right})
      for (auto& owner : side->body().owners) out.body().owners.push_back(std::move(owner));
    return out;
  }

  void end() {
    stop_.request_stop();
    if (worker_ && !ended_well_) worker_->kill();
    if (sender_.joinable()) sender_.join();
    if (worker_) {
      if (!ended_well_) worker_.reset();
      python::WorkerPool::instance().give_back(std::move(worker_));
      worker_.reset();
    }
    decoder_.reset();
    if (!ended_well_) done_ = true;
  }

  const PythonStage& stage_;
  Prepared& input_;
  Bindings bindings_;
  StopToken outer_;
  StopSource stop_;  // of the input's run
  std::vector<types::DataType> results_;
  std::unique_ptr<python::Worker> worker_;
  std::thread sender_;
  std::unique_ptr<columnar::IpcDecoder> decoder_;
  struct Waiting {
    Chunk chunk;
    uint64_t rows = 0;
  };
  Waiting current_;
  uint64_t passed_ = 0;  // rows of current_ that are out
  uint64_t row_ = 0;     // rows of the answer that are out
  bool done_ = false, ended_well_ = false;
  std::mutex mutex_;
  std::deque<Waiting> waiting_;  // guarded by mutex_
  std::exception_ptr failure_;   // guarded by mutex_
};

// Rows of an enclosing query that change from one run of a subquery to the next cannot be fed to a
// worker.
RelationPtr cut_inside(const RelationPtr& subquery, std::vector<PythonStage>& stages) {
  const size_t before = stages.size();
  RelationPtr made = cut_python(subquery, stages);
  for (size_t i = before; i < stages.size(); ++i)
    if (reads_from_outside(*stages[i].input))
      throw_unsupported("the Python function " + function_of(stages[i].node).name +
                        " in a subquery that reads columns of the query around it; write a join");
  return made;
}

}  // namespace

RelationPtr cut_python(const RelationPtr& relation, std::vector<PythonStage>& stages) {
  std::vector<RelationPtr> children;
  bool changed = false;
  for (const RelationPtr& child : plan::children_of(*relation)) {
    children.push_back(cut_python(child, stages));
    changed |= children.back() != child;
  }
  RelationPtr here = changed ? plan::with_children(*relation, std::move(children)) : relation;
  here = plan::map_expressions(here, [&](const plan::ExprPtr& expr) {
    return plan::map_subqueries(expr,
                                [&](const RelationPtr& plan) { return cut_inside(plan, stages); });
  });
  PythonStage stage{kFirstSlot + static_cast<int>(stages.size()), *here, nullptr, 0};
  if (const auto* eval = std::get_if<PythonEval>(&here->node)) {
    stage.input = with_arguments(*eval, eval->child);
    stage.passed_columns = eval->child->output.size();
  } else if (const auto* map = std::get_if<PythonMap>(&here->node)) {
    stage.input = map->child;
  } else {
    return here;
  }
  RelationPtr slot = slot_of(*here, stage.slot);
  stages.push_back(std::move(stage));
  return slot;
}

std::unique_ptr<ChunkSource> run_python_stage(const PythonStage& stage, Prepared& input,
                                              Bindings bindings, StopToken stop) {
  return std::make_unique<PythonSource>(stage, input, std::move(bindings), std::move(stop));
}

}  // namespace firn::engine
