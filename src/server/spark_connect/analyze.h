// The unary calls: AnalyzePlan, Config, artifacts' status, interrupt, release, errors' details.
#pragma once

#include <string>
#include <string_view>

#include "server/spark_connect/sessions.h"

namespace firn::server::spark_connect {

// Spark's version as the client is told it.
inline constexpr const char* kSparkVersion = "4.1.3";

// Each takes a request's bytes and gives the response's. Throw Error.
std::string analyze_plan(Sessions& sessions, std::string_view request);
std::string configure(Sessions& sessions, std::string_view request);
std::string artifact_status(Sessions& sessions, std::string_view request);
std::string interrupt(Sessions& sessions, std::string_view request);
std::string release_execute(Sessions& sessions, std::string_view request);
std::string release_session(Sessions& sessions, std::string_view request);
std::string fetch_error_details(Sessions& sessions, std::string_view request);
std::string clone_session(Sessions& sessions, std::string_view request);

// "root\n |-- id: long (nullable = false)\n" down to `level` (0: all).
std::string tree_string(const types::DataType& structure, int level);
// "id BIGINT NOT NULL,name STRING COMMENT 'first'"
std::string to_ddl(const types::DataType& structure);
// A plan's text without the ids that differ from one resolution to the next.
std::string semantics_of(const plan::Relation& resolved);

// AddArtifacts: messages as they come, in one call.
class ArtifactReceiver {
 public:
  explicit ArtifactReceiver(Sessions& sessions) : sessions_(sessions) {}
  void add(std::string_view request);
  std::string finish();  // the response

 private:
  struct Summary {
    std::string name;
    bool crc_is_right = true;
  };
  void finish_chunked();

  Sessions& sessions_;
  std::shared_ptr<ClientSession> session_;
  std::vector<Summary> summaries_;
  // The artifact that comes in chunks.
  std::string name_, bytes_;
  int64_t total_ = 0, chunks_left_ = 0;
  bool crc_is_right_ = true;
};

}  // namespace firn::server::spark_connect
