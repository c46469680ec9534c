// AnalyzePlan: one row of a table a kind of question.
#include "server/spark_connect/analyze.h"

#include <spark/connect/base.pb.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "plan/command.h"
#include "server/spark_connect/execute.h"
#include "server/spark_connect/input_files.h"
#include "server/spark_connect/messages.h"
#include "server/spark_connect/persisted.h"
#include "sql/parser.h"

namespace firn::server::spark_connect {
namespace {

namespace sc = ::spark::connect;
using Request = sc::AnalyzePlanRequest;
using Response = sc::AnalyzePlanResponse;

const sc::Relation& root_of(sc::Plan& plan) {
  unpack(plan);
  if (!plan.has_root()) throw_invalid("Only a relation can be analyzed, and the plan has none.");
  return plan.root();
}

// All under the planning lock.
void schema(ClientSession& session, Request& request, Response& response) {
  const auto plan = resolved(session, root_of(*request.mutable_schema()->mutable_plan()));
  to_proto(columns_of(plan->output), response.mutable_schema()->mutable_schema());
}

void explain(ClientSession& session, Request& request, Response& response) {
  auto& asked = *request.mutable_explain();
  const plan::ExplainMode mode = asked.explain_mode() == Request::Explain::EXPLAIN_MODE_SIMPLE
                                     ? plan::ExplainMode::kSimple
                                 : asked.explain_mode() == Request::Explain::EXPLAIN_MODE_FORMATTED
                                     ? plan::ExplainMode::kFormatted
                                     : plan::ExplainMode::kExtended;
  plan::Statement query;
  query.node = plan::Query{translated(session, root_of(*asked.mutable_plan()))};
  session::Result result = session::explain(
      session.session(), {mode, std::make_shared<const plan::Statement>(std::move(query))});
  std::string& text = *response.mutable_explain()->mutable_explain_string();
  for (engine::Chunk chunk; result.rows->next(chunk);) {
    const kernels::ColumnView column = chunk.column(0);
    for (uint64_t row = 0; row < chunk.size(); ++row)
      text += column.values<kernels::StringRef>()[row].view();
  }
}

void tree(ClientSession& session, Request& request, Response& response) {
  auto& asked = *request.mutable_tree_string();
  const auto plan = resolved(session, root_of(*asked.mutable_plan()));
  response.mutable_tree_string()->set_tree_string(
      tree_string(columns_of(plan->output), asked.level()));
}

void is_local(ClientSession& session, Request& request, Response& response) {
  const sc::Relation& root = root_of(*request.mutable_is_local()->mutable_plan());
  (void)resolved(session, root);
  const bool local = root.has_local_relation() || root.has_cached_local_relation() ||
                     root.has_chunked_cached_local_relation();
  response.mutable_is_local()->set_is_local(local);
}

void is_streaming(ClientSession& session, Request& request, Response& response) {
  const auto plan = resolved(session, root_of(*request.mutable_is_streaming()->mutable_plan()));
  response.mutable_is_streaming()->set_is_streaming(plan->streaming);
}

void input_files(ClientSession& session, Request& request, Response& response) {
  const auto plan = resolved(session, root_of(*request.mutable_input_files()->mutable_plan()));
  auto& files = *response.mutable_input_files();
  for (const std::string& path : files_of(*plan)) files.add_files(path);
}

void spark_version(ClientSession&, Request&, Response& response) {
  response.mutable_spark_version()->set_version(kSparkVersion);
}

void ddl_parse(ClientSession&, Request& request, Response& response) {
  to_proto(sql::parse_schema(request.ddl_parse().ddl_string()),
           response.mutable_ddl_parse()->mutable_parsed());
}

void same_semantics(ClientSession& session, Request& request, Response& response) {
  auto& asked = *request.mutable_same_semantics();
  const auto one = resolved(session, root_of(*asked.mutable_target_plan()));
  const auto other = resolved(session, root_of(*asked.mutable_other_plan()));
  response.mutable_same_semantics()->set_result(semantics_of(*one) == semantics_of(*other));
}

void semantic_hash(ClientSession& session, Request& request, Response& response) {
  const auto plan = resolved(session, root_of(*request.mutable_semantic_hash()->mutable_plan()));
  const size_t hash = std::hash<std::string>()(semantics_of(*plan));
  response.mutable_semantic_hash()->set_result(static_cast<int32_t>(hash ^ (hash >> 32)));
}

void persist(ClientSession& session, Request& request, Response& response) {
  auto& asked = *request.mutable_persist();
  (void)resolved(session, asked.relation());  // its errors come now
  sc::StorageLevel level;
  if (asked.has_storage_level()) {
    level = asked.storage_level();
  } else {  // MEMORY_AND_DISK_DESER
    level.set_use_disk(true);
    level.set_use_memory(true);
    level.set_deserialized(true);
    level.set_replication(1);
  }
  session.persisted().try_emplace(fingerprint(asked.relation()),
                                  Persisted{level.SerializeAsString(), nullptr, {}});
  response.mutable_persist();
}

void unpersist(ClientSession& session, Request& request, Response& response) {
  forget_rows(session);
  session.persisted().erase(fingerprint(request.unpersist().relation()));
  response.mutable_unpersist();
}

void get_storage_level(ClientSession& session, Request& request, Response& response) {
  sc::StorageLevel& level = *response.mutable_get_storage_level()->mutable_storage_level();
  const auto found = session.persisted().find(fingerprint(request.get_storage_level().relation()));
  if (found == session.persisted().end()) {
    level.set_replication(1);  // NONE
  } else {
    FIRN_CHECK(level.ParseFromString(found->second.storage_level), "a storage level was kept");
  }
}

void json_to_ddl(ClientSession&, Request& request, Response& response) {
  const types::DataType type = sql::parse_schema(request.json_to_ddl().json_string());
  response.mutable_json_to_ddl()->set_ddl_string(
      type.id() == types::DataTypeId::kStruct ? to_ddl(type) : type.sql());
}

struct AnalysisRow {
  Request::AnalyzeCase question;
  void (*answer)(ClientSession&, Request&, Response&);
};
constexpr AnalysisRow kAnalyses[] = {
    {Request::kSchema, schema},
    {Request::kExplain, explain},
    {Request::kTreeString, tree},
    {Request::kIsLocal, is_local},
    {Request::kIsStreaming, is_streaming},
    {Request::kInputFiles, input_files},
    {Request::kSparkVersion, spark_version},
    {Request::kDdlParse, ddl_parse},
    {Request::kSameSemantics, same_semantics},
    {Request::kSemanticHash, semantic_hash},
    {Request::kPersist, persist},
    {Request::kUnpersist, unpersist},
    {Request::kGetStorageLevel, get_storage_level},
    {Request::kJsonToDdl, json_to_ddl},
};

}  // namespace

std::string analyze_plan(Sessions& sessions, std::string_view bytes) {
  auto request = parsed<Request>(bytes);
  const auto session = sessions.open(request.user_context().user_id(), request.session_id(),
                                     request.client_observed_server_side_session_id());
  Response response;
  response.set_session_id(request.session_id());
  response.set_server_side_session_id(session->server_side_id());
  for (const AnalysisRow& row : kAnalyses) {
    if (row.question != request.analyze_case()) continue;
    try {
      const std::lock_guard<std::mutex> lock(session->planning());
      row.answer(*session, request, response);
    } catch (const Error& error) {
      throw KeptError{status_of(error, session->keep_error(error))};
    }
    return response.SerializeAsString();
  }
  throw_unsupported("this kind of AnalyzePlan request");
}

}  // namespace firn::server::spark_connect
