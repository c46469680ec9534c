// Starting, running and finding executions.
#include "server/spark_connect/execute.h"

#include <spark/connect/base.pb.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "columnar/ipc.h"
#include "server/spark_connect/commands.h"
#include "server/spark_connect/messages.h"
#include "server/spark_connect/persisted.h"

namespace firn::server::spark_connect {
namespace {

namespace sc = ::spark::connect;

constexpr int64_t kBatchBytes = 4 << 20;
constexpr int64_t kFirstRows = 64;  // until it is known how large rows are

columnar::IpcLayout layout_of(ClientSession& session) {
  const std::lock_guard<std::mutex> lock(session.planning());
  const conf::Conf& conf = session.session().conf();
  return {conf.get_string("spark.sql.session.timeZone"),
          conf.get_bool("spark.sql.execution.arrow.useLargeVarTypes")};
}

// Rows of a stream as responses with an Arrow stream each.
class BatchSender {
 public:
  BatchSender(Operation& operation, const types::DataType& columns, columnar::IpcLayout layout)
      : operation_(operation), encoder_(columns, std::move(layout)) {}

  void add(const engine::Chunk& chunk) {
    std::vector<kernels::ColumnView> views;
    for (uint64_t i = 0; i < chunk.column_count(); ++i) views.push_back(chunk.column(i));
    uint64_t row = 0;
    while (row < chunk.size()) {
      const uint64_t count = std::min(chunk.size() - row, rows_that_fit());
      encoder_.append(views, row, count);
      row += count;
      if (encoder_.bytes() >= kBatchBytes) flush();
    }
  }
  // The client wants at least one batch.
  void finish() {
    if (encoder_.rows() > 0 || offset_ == 0) flush();
  }

 private:
  uint64_t rows_that_fit() const {
    const auto rows = static_cast<int64_t>(encoder_.rows());
    const int64_t row_bytes = rows > 0         ? std::max<int64_t>(1, encoder_.bytes() / rows)
                              : row_bytes_ > 0 ? row_bytes_
                                               : kBatchBytes / kFirstRows;
    const int64_t fit = (kBatchBytes - encoder_.bytes()) / row_bytes;
    return static_cast<uint64_t>(std::max<int64_t>(1, fit));
  }

  void flush() {
    const auto rows = static_cast<int64_t>(encoder_.rows());
    if (rows > 0) row_bytes_ = std::max<int64_t>(1, encoder_.bytes() / rows);
    std::string bytes = encoder_.finish();
    const OperationOptions& options = operation_.options();
    const int64_t chunk =
        options.chunk_bytes > 0 ? std::min(options.chunk_bytes, 2 * kBatchBytes) : 2 * kBatchBytes;
    const auto size = static_cast<int64_t>(bytes.size());
    if (!options.may_chunk_batches || size <= chunk) {
      send(rows, std::move(bytes), 0, 0);
    } else {
      const int64_t count = (size + chunk - 1) / chunk;
      for (int64_t i = 0; i < count; ++i)
        send(rows, bytes.substr(static_cast<size_t>(i * chunk), static_cast<size_t>(chunk)), i,
             count);
    }
    offset_ += rows;
  }
  void send(int64_t rows, std::string bytes, int64_t index, int64_t chunks) {
    sc::ExecutePlanResponse response;
    auto* const batch = response.mutable_arrow_batch();
    batch->set_row_count(rows);
    batch->set_start_offset(offset_);
    batch->set_data(std::move(bytes));
    if (chunks > 0) {
      batch->set_chunk_index(index);
      batch->set_num_chunks_in_batch(chunks);
    }
    operation_.send(response);
  }

  Operation& operation_;
  columnar::IpcEncoder encoder_;
  int64_t offset_ = 0;
  int64_t row_bytes_ = 0;  // of the last batch
};

void run_relation(ClientSession& session, Operation& operation, const sc::Relation& message) {
  plan::RelationPtr rewritten;
  types::DataType columns;
  {
    const std::lock_guard<std::mutex> lock(session.planning());
    const plan::RelationPtr plan = resolved(session, message);
    if (plan->streaming) {
      throw_invalid(
          "Queries with streaming sources must be executed with writeStream.start(): a stream has "
          "no end that could be collected.");
    }
    columns = columns_of(plan->output);
    rewritten = plan::rewrite(plan);
  }
  sc::ExecutePlanResponse schema;
  to_proto(columns, schema.mutable_schema());
  operation.send(schema);
  BatchSender sender(operation, columns, layout_of(session));
  const auto rows = session.engine().run(rewritten, operation.stop_token());
  for (engine::Chunk chunk; rows->next(chunk);) sender.add(chunk);
  sender.finish();
}

void run(ClientSession& session, Operation& operation, const sc::ExecutePlanRequest& request) {
  try {
    throw_if_stopped(operation.stop_token());
    switch (request.plan().op_type_case()) {
      case sc::Plan::kRoot:
        run_relation(session, operation, request.plan().root());
        break;
      case sc::Plan::kCommand:
        run_command(session, operation, request.plan().command());
        break;
      default:
        throw Error("CONNECT_INVALID_PLAN.CANNOT_PARSE",
                    {{"errorMsg", "the plan is neither a relation nor a command"}});
    }
    throw_if_stopped(operation.stop_token());
    operation.complete();
  } catch (const Error& error) {
    operation.fail(status_of(error, session.keep_error(error)));
  } catch (const std::exception& foreign) {
    const Error error("FIRN_INTERNAL", {{"what", foreign.what()}});
    operation.fail(status_of(error, session.keep_error(error)));
  }
}

OperationOptions options_of(const ClientSession& session, const sc::ExecutePlanRequest& request) {
  OperationOptions options;
  options.session_id = request.session_id();
  options.server_side_session_id = session.server_side_id();
  options.id = request.operation_id();
  options.tags.assign(request.tags().begin(), request.tags().end());
  for (const auto& option : request.request_options()) {
    if (option.has_reattach_options())
      options.reattachable = option.reattach_options().reattachable();
    if (option.has_result_chunking_options()) {
      const auto& chunking = option.result_chunking_options();
      options.may_chunk_batches = chunking.allow_arrow_batch_chunking();
      if (chunking.has_preferred_arrow_chunk_size())
        options.chunk_bytes = std::max<int64_t>(1024, chunking.preferred_arrow_chunk_size());
    }
  }
  return options;
}

}  // namespace

void unpack(sc::Plan& plan) {
  if (!plan.has_compressed_operation()) return;
  const sc::Plan::CompressedOperation packed = plan.compressed_operation();
  if (packed.compression_codec() != sc::COMPRESSION_CODEC_ZSTD) {
    throw Error("CONNECT_INVALID_PLAN.CANNOT_PARSE",
                {{"errorMsg", "the plan is compressed, but not with zstd"}});
  }
  const std::string bytes = decompressed(packed.data());
  if (packed.op_type() == sc::Plan::CompressedOperation::OP_TYPE_COMMAND) {
    parse(bytes, *plan.mutable_command());
  } else {
    parse(bytes, *plan.mutable_root());
  }
}

plan::RelationPtr translated(ClientSession& session, const sc::Relation& message) {
  return relation(message, session);
}

plan::RelationPtr resolved(ClientSession& session, const sc::Relation& message) {
  sc::Relation with_cached;
  if (!session.persisted().empty() && replace_persisted(session, message, with_cached)) {
    try {
      return session.session().resolve(translated(session, with_cached));
    } catch (const Error& error) {
      // A column of a DataFrame below the one that is cached: only the whole plan has it.
      if (error.condition() != "CANNOT_RESOLVE_DATAFRAME_COLUMN") throw;
    }
  }
  return session.session().resolve(translated(session, message));
}

std::shared_ptr<const plan::RowSet> collect(ClientSession& session,
                                            const plan::RelationPtr& resolved,
                                            const StopToken& stop) {
  const auto rows = session.engine().run(plan::rewrite(resolved), stop);
  return engine::collect_rows(*rows);
}

std::string ipc_of(ClientSession& session, const std::vector<plan::Attribute>& columns,
                   engine::RowStream* rows) {
  columnar::IpcEncoder encoder(columns_of(columns), layout_of(session));
  if (rows != nullptr) {
    for (engine::Chunk chunk; rows->next(chunk);) {
      std::vector<kernels::ColumnView> views;
      for (uint64_t i = 0; i < chunk.column_count(); ++i) views.push_back(chunk.column(i));
      encoder.append(views, 0, chunk.size());
    }
  }
  return encoder.finish();
}

Opened start_execution(Sessions& sessions, std::string_view bytes) {
  auto request = std::make_shared<sc::ExecutePlanRequest>();
  parse(bytes, *request);
  const auto session = sessions.open(request->user_context().user_id(), request->session_id(),
                                     request->client_observed_server_side_session_id());
  unpack(*request->mutable_plan());
  if (request->operation_id().empty()) request->set_operation_id(session->new_id());
  auto operation = std::make_shared<Operation>(options_of(*session, *request));
  session->add_operation(operation);
  sessions.workers().run([session, operation, request] { run(*session, *operation, *request); });
  return {session, operation, ""};
}

Opened find_execution(Sessions& sessions, std::string_view bytes) {
  const auto request = parsed<sc::ReattachExecuteRequest>(bytes);
  const auto session = sessions.find(request.user_context().user_id(), request.session_id());
  if (!session) throw Error("INVALID_HANDLE.SESSION_NOT_FOUND", {{"handle", request.session_id()}});
  session->touch();
  const auto operation = session->find_operation(request.operation_id());
  if (!operation)
    throw Error("INVALID_HANDLE.OPERATION_NOT_FOUND", {{"handle", request.operation_id()}});
  if (!operation->options().reattachable) throw Error("INVALID_CURSOR.NOT_REATTACHABLE");
  return {session, operation, request.last_response_id()};
}

}  // namespace firn::server::spark_connect
