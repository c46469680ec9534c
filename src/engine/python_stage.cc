// The cut of plans at Python functions, and the way of their rows through a worker.
#include "engine/python_stage.h"

#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "columnar/ipc.h"
#include "engine/chunk_body.h"
#include "engine/chunk_builder.h"
#include "plan/build.h"
#include "python/worker.h"

namespace firn::engine {
namespace {

constexpr int64_t kFirstStageId =
    int64_t{1} << 40;  // attribute ids of our own, beyond those that resolution gives
constexpr int kFirstSlot = 1 << 24;
constexpr size_t kWaitingBatches = 4;  // sent, not answered yet: bounds what is in memory
constexpr int64_t kBatchBytes = 8 << 20;

using plan::PythonEval;
using plan::PythonMap;
using plan::RelationPtr;

// ---- the cut

RelationPtr slot_of(const plan::Relation& relation, int slot) {
  return plan::finish(plan::Slot{slot, relation.output});
}

// The child's columns, then the calls' arguments (a constant where there is none: rows need to be
// counted).
RelationPtr with_arguments(const PythonEval& eval, const RelationPtr& child) {
  std::vector<plan::ExprPtr> columns;
  for (const plan::Attribute& attribute : child->output) columns.push_back(plan::column(attribute));
  int64_t id = kFirstStageId;
  for (const plan::ExprPtr& call : eval.calls)
    for (const plan::ExprPtr& argument :
         std::get<plan::PythonCall>(std::get<plan::Alias>(call->node).child->node).arguments)
      columns.push_back(plan::alias(argument, "_" + std::to_string(id), plan::AttributeId{id}, {})),
          ++id;
  if (id == kFirstStageId)
    columns.push_back(plan::alias(plan::boolean_literal(true), "_", plan::AttributeId{id}, {}));
  return plan::project(std::move(columns), child);
}

// ---- the run

std::string quoted(std::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\';
    json += c;
  }
  return json + "\"";
}

std::vector<const plan::PythonCall*> calls_of(const plan::Relation& node) {
  std::vector<const plan::PythonCall*> calls;
  if (const auto* eval = std::get_if<PythonEval>(&node.node))
    for (const plan::ExprPtr& call : eval->calls)
      calls.push_back(&std::get<plan::PythonCall>(std::get<plan::Alias>(call->node).child->node));
  return calls;
}

const plan::PythonFunction& function_of(const plan::Relation& node) {
  if (const auto* map = std::get_if<PythonMap>(&node.node)) return *map->function;
  return *calls_of(node).at(0)->function;
}

std::string request_of(const plan::Relation& node) {
  std::string functions;
  const auto add = [&](const plan::PythonFunction& function, const std::string& arguments,
                       const std::string& names) {
    functions += fmt::format("{}{{\"eval_type\":{},\"arguments\":[{}],\"names\":[{}]}}",
                             functions.empty() ? "" : ",", function.eval_type, arguments, names);
  };
  size_t keys = 0, at = 0;
  if (const auto* map = std::get_if<PythonMap>(&node.node)) {
    add(*map->function, "", "");
    keys = map->key_count;
  }
  for (const plan::PythonCall* call : calls_of(node)) {
    std::string arguments, names;
    for (size_t i = 0; i < call->arguments.size(); ++i) {
      const char* comma = i > 0 ? "," : "";
      arguments += comma + std::to_string(at++);
      names += comma + quoted(i < call->argument_names.size() ? call->argument_names[i] : "");
    }
    add(*call->function, arguments, names);
  }
  return fmt::format("{{\"functions\":[{}],\"zone\":{},\"keys\":{}}}", functions,
                     quoted(function_of(node).zone), keys);
}

python::WorkerOptions options_of(const plan::PythonFunction& function) {
  return {function.python, function.path, function.memory_bytes,
          std::chrono::milliseconds(function.timeout_ms)};
}

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
        const std::lock_guard lock(mutex_);
        if (failure_) std::rethrow_exception(failure_);
      }
    }
    return false;
  }

 private:
  struct Sent {  // a batch under way: its passed columns
    std::vector<Chunk> chunks;
    uint64_t rows = 0;
  };

  void begin() {
    const plan::PythonFunction& function = function_of(stage_.node);
    worker_ = python::WorkerPool::instance().take(options_of(function), outer_);
    worker_->send(request_of(stage_.node));
    if (std::holds_alternative<PythonMap>(stage_.node.node)) worker_->send(function.command);
    for (const plan::PythonCall* call : calls_of(stage_.node))
      worker_->send(call->function->command);
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
    Sent batch;
    Chunk chunk;
    const auto flush = [&] {
      if (!hand_over(std::move(batch))) return false;
      batch = {};
      worker_->send(encoder.finish());
      return true;
    };
    while (rows->next(chunk)) {
      if (chunk.size() == 0) continue;
      std::vector<kernels::ColumnView> views;
      for (size_t i = 0; i < fields.size(); ++i)
        views.push_back(chunk.column(stage_.passed_columns + i));
      encoder.append(views, 0, chunk.size());
      batch.rows += chunk.size();
      chunk.keep_columns(stage_.passed_columns);
      batch.chunks.push_back(std::move(chunk));
      chunk = Chunk();
      const bool full = batch.rows >= static_cast<uint64_t>(function.batch_rows) ||
                        encoder.bytes() >= kBatchBytes;
      if (full && !flush()) return;
    }
    if (batch.rows > 0 && !flush()) return;
    worker_->send_end();
  }
  // False where nobody wants it any more.
  bool hand_over(Sent batch) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop_.get_token(),
                  [&] { return sent_.size() < kWaitingBatches || !passes(); });
    if (stop_.stop_requested()) return false;
    if (passes()) sent_.push_back(std::move(batch));
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
    if (!passes()) {
      if (!any) decoder_.reset();
      return true;
    }
    std::unique_lock lock(mutex_);
    FIRN_CHECK(!sent_.empty() && any && decoder_->rows() == sent_.front().rows,
               "a Python worker answers with as many rows as it was given");
    current_ = std::move(sent_.front());
    sent_.pop_front();
    chunk_ = 0;
    changed_.notify_all();
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
  void write(Chunk& out) {
    Chunk* passed = passes() ? &current_.chunks.at(chunk_) : nullptr;
    const uint64_t rows = passed ? passed->size() : std::min(kChunkRows, decoder_->rows() - row_);
    ChunkBuilder builder(results_);
    for (size_t i = 0; i < results_.size(); ++i) decoder_->write(i, row_, rows, builder.column(i));
    Chunk made = builder.finish(rows);
    row_ += rows;
    if (!passed || stage_.passed_columns == 0) {
      out = std::move(made);
      return;
    }
    ++chunk_;
    out = joined(std::move(*passed), std::move(made));
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
    changed_.notify_all();
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
  Sent current_;
  size_t chunk_ = 0;
  uint64_t row_ = 0;
  bool done_ = false, ended_well_ = false;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Sent> sent_;       // guarded by mutex_
  std::exception_ptr failure_;  // guarded by mutex_
};

}  // namespace

RelationPtr cut_python(const RelationPtr& relation, std::vector<PythonStage>& stages) {
  std::vector<RelationPtr> children;
  bool changed = false;
  for (const RelationPtr& child : plan::children_of(*relation)) {
    children.push_back(cut_python(child, stages));
    changed |= children.back() != child;
  }
  const RelationPtr here = changed ? plan::with_children(*relation, std::move(children)) : relation;
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
