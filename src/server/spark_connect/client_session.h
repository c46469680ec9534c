// One client's session: firn's session behind a lock, and what Spark Connect keeps beside it:
// artifacts, cached relations, running operations, errors that may be asked for.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "engine/row_set.h"
#include "server/spark_connect/operation.h"
#include "server/spark_connect/translate.h"
#include "session/session.h"
#include "session/streaming_queries.h"

namespace spark::connect {
class StorageLevel;
}

namespace firn::server::spark_connect {

struct SessionKey {
  std::string user, id;
  auto operator<=>(const SessionKey&) const = default;
};

// A persisted relation: made when it is first read.
struct Persisted {
  std::string storage_level;  // a serialized StorageLevel
  std::shared_ptr<const plan::RowSet> rows;
  std::vector<plan::Attribute> columns;
};

class ClientSession final : public TranslateSurroundings {
 public:
  ClientSession(SessionKey key, session::Process process, conf::Conf conf);
  ~ClientSession() override;

  const SessionKey& key() const { return key_; }
  const std::string& server_side_id() const { return server_side_id_; }
  std::string new_id();  // a uuid

  // ---- Planning. Held by whoever uses session() or the surroundings below; never while a query
  // runs.
  std::mutex& planning() { return planning_; }
  session::Session& session() override { return session_; }
  PythonFiles python_files() override { return python_folder_.files(); }
  engine::Engine& engine() { return session_.process().engine; }
  // Streaming queries; used without the planning lock, since they wait for batches that plan.
  session::StreamingQueries& streams() { return *streams_; }
  // Where this session's server listens, for processes that join the session.
  void set_server_address(std::string address) { server_address_ = std::move(address); }
  const std::string& server_address() const { return server_address_; }
  plan::RelationPtr cached_local(const std::string& hash) override;
  plan::RelationPtr cached_local_chunks(const std::vector<std::string>& hashes,
                                        const std::optional<std::string>& schema_hash) override;
  plan::RelationPtr cached_remote(const std::string& relation_id) override;
  plan::RelationPtr local_rows(std::string_view arrow_ipc,
                               const std::optional<types::DataType>& schema) override;
  // Checkpoints, batches of foreachBatch: by an id of the server's.
  void keep_remote(const std::string& relation_id, std::shared_ptr<const plan::RowSet> rows,
                   const types::DataType& columns);
  void drop_remote(const std::string& relation_id);
  // Relations of persist(), by fingerprint().
  std::map<std::string, Persisted>& persisted() { return persisted_; }

  // ---- Artifacts
  // Throws ARTIFACT_ALREADY_EXISTS, INVALID_ARTIFACT_PATH.
  void keep_artifact(const std::string& name, std::string bytes);
  bool has_artifact(const std::string& name) const;
  std::shared_ptr<const std::string> artifact(const std::string& name) const;  // nullptr: none
  std::vector<std::string> artifact_names() const;

  // ---- Operations
  // Throws INVALID_HANDLE.OPERATION_ALREADY_EXISTS, INVALID_HANDLE.SESSION_CLOSED.
  void add_operation(const std::shared_ptr<Operation>& operation);
  // nullptr where there is none; throws INVALID_HANDLE.OPERATION_ABANDONED where it was given up.
  std::shared_ptr<Operation> find_operation(const std::string& id);
  void remove_operation(const std::string& id, bool abandoned = false);
  std::vector<std::shared_ptr<Operation>> operations() const;
  // Interrupts everything; nothing new starts.
  void close();

  // ---- Errors
  std::string keep_error(const Error& error);  // its id
  std::optional<Error> find_error(const std::string& id) const;

  void touch();
  std::chrono::steady_clock::time_point last_use() const;

 private:
  struct Remote {
    std::shared_ptr<const plan::RowSet> rows;
    types::DataType columns;
  };
  // A local relation that came as artifacts, so that it is decoded once however often its plan
  // comes.
  struct Decoded {
    Remote rows;
    std::optional<types::DataType> schema;
  };
  static Remote decoded(const std::vector<std::shared_ptr<const std::string>>& streams);
  plan::RelationPtr relation_of(Remote rows, const std::optional<types::DataType>& schema);
  std::map<std::string, Decoded>::iterator remember_decoded(const std::string& key, Decoded rows);
  std::shared_ptr<const std::string> cached_block(const std::string& hash) const;

  const SessionKey key_;
  SystemRandom ids_;
  const std::string server_side_id_;
  std::mutex planning_;
  PythonFolder python_folder_;
  std::string server_address_;                  // set before the session is shared
  session::Session session_;                    // GUARDED_BY(planning_)
  std::map<std::string, Persisted> persisted_;  // GUARDED_BY(planning_)
  std::map<std::string, Remote> remote_;        // GUARDED_BY(planning_)
  std::map<std::string, Decoded> decoded_;      // by hashes. GUARDED_BY(planning_)

  const std::shared_ptr<session::StreamingQueries> streams_;  // session_'s
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const std::string>> artifacts_;  // GUARDED_BY(mutex_)
  std::map<std::string, std::shared_ptr<Operation>> operations_;         // GUARDED_BY(mutex_)
  std::deque<std::string> abandoned_;                                    // GUARDED_BY(mutex_)
  std::deque<std::pair<std::string, Error>> errors_;                     // GUARDED_BY(mutex_)
  bool closed_ = false;                                                  // GUARDED_BY(mutex_)
  std::chrono::steady_clock::time_point last_use_;                       // GUARDED_BY(mutex_)
};

// The struct type of a resolved relation's columns.
types::DataType columns_of(const std::vector<plan::Attribute>& output);

}  // namespace firn::server::spark_connect
