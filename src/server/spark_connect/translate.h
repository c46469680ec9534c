// Spark Connect's messages → plan: relations, expressions, commands, types. Throws Error; no I/O
// but what `surroundings` gives.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plan/command.h"
#include "plan/relation.h"
#include "server/spark_connect/python_files.h"
#include "types/data_type.h"

namespace spark::connect {
class Command;
class CommonInlineUserDefinedFunction;
class CommonInlineUserDefinedTableFunction;
class DataType;
class Expression;
class PythonUDF;
class Relation;
}  // namespace spark::connect

namespace firn::session {
class Session;
}

namespace firn::server::spark_connect {

// What translation asks of the session; sessions.cc has it.
struct TranslateSurroundings {
  virtual ~TranslateSurroundings() = default;
  // CachedLocalRelation: rows that were sent as an artifact of this hash.
  virtual plan::RelationPtr cached_local(const std::string& hash) = 0;
  // ChunkedCachedLocalRelation: such rows in several artifacts, and the schema as text in one more.
  virtual plan::RelationPtr cached_local_chunks(const std::vector<std::string>& hashes,
                                                const std::optional<std::string>& schema_hash) = 0;
  // CachedRemoteRelation: a checkpoint, the batch of a foreachBatch.
  virtual plan::RelationPtr cached_remote(const std::string& relation_id) = 0;
  // LocalRelation: an Arrow IPC stream, cast to `schema` where one is given.
  virtual plan::RelationPtr local_rows(std::string_view arrow_ipc,
                                       const std::optional<types::DataType>& schema) = 0;
  virtual session::Session& session() = 0;
  // What addArtifact brought for Python functions.
  virtual PythonFiles python_files() { return {}; }
};

plan::RelationPtr relation(const ::spark::connect::Relation&, TranslateSurroundings&);
plan::ExprPtr expression(const ::spark::connect::Expression&, TranslateSurroundings&);
// Write, write v2, view, SQL, merge …; nullopt: not a statement (streams, registration of
// functions).
std::optional<plan::Statement> command(const ::spark::connect::Command&, TranslateSurroundings&);

// spark.udf.register: the session knows the function by its name from then on.
void register_function(const ::spark::connect::CommonInlineUserDefinedFunction&,
                       TranslateSurroundings&);
// spark.udtf.register.
void register_table_function(const ::spark::connect::CommonInlineUserDefinedTableFunction&,
                             TranslateSurroundings&);
// The function of writeStream.foreach.
plan::PythonFunction foreach_function(const ::spark::connect::PythonUDF&, TranslateSurroundings&);

types::DataType data_type(const ::spark::connect::DataType&);
void to_proto(const types::DataType&, ::spark::connect::DataType*);

}  // namespace firn::server::spark_connect
